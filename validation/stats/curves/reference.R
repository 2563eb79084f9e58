# Curves with weights and clusters, the log-rank family, restricted means and milestones: Rscript reference.R STATS_FOLDER OUT.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("survival")

curve <- function(case, fit, times) {
  found <- summary(fit, times = times)
  put(case, "survival", found$surv)
  put(case, "se of survival", found$std.err)
  put(case, "low", found$lower)
  put(case, "high", found$upper)
  put(case, "weight at risk", found$n.risk)
  put(case, "median", summary(fit)$table[c("median", "0.95LCL", "0.95UCL")])
}

# Weights and clusters. The errors are the infinitesimal jackknife's wherever a weight is not whole or clusters are given.
for (name in c("months", "days")) {
  data <- read_input(name)
  data$weight <- 0.4 + (data$age %% 7) / 3
  data$whole <- 1 + data$age %/% 30
  data$pair <- seq_len(nrow(data)) %/% 2
  times <- c(90, 210, 330, 480, 600)
  for (type in c("log-log", "log", "plain", "arcsin")) {
    fit <- function(formula, ...) do.call(survfit, list(formula, data = data, conf.type = type, timefix = FALSE, ...))
    curve(paste("weights", name, type), fit(Surv(time, event) ~ 1, weights = data$weight), times)
    curve(paste("weights entry", name, type), fit(Surv(entry, time, event) ~ 1, weights = data$weight), times)
    curve(paste("whole weights", name, type), fit(Surv(time, event) ~ 1, weights = data$whole), times)
    curve(paste("clusters", name, type), fit(Surv(time, event) ~ 1, cluster = data$pair), times)
    curve(paste("weights clusters entry", name, type), fit(Surv(entry, time, event) ~ 1, weights = data$weight, cluster = data$pair), times)
    curve(paste("unweighted", name, type), fit(Surv(time, event) ~ 1), times)
  }
}

# A test of the log-rank family from the table at risk, by its textbook formula; checked against survdiff below.
family <- function(case, data, weigh, scores = NULL, strata = rep(1, nrow(data))) {
  groups <- sort(unique(data$group))
  difference <- rep(0, length(groups))
  variance <- matrix(0, length(groups), length(groups))
  for (stratum in unique(strata)) {
    own <- data[strata == stratum, ]
    before <- 1
    for (time in sort(unique(own$time[own$event == 1]))) {
      at_risk <- sapply(groups, function(g) sum(own$time[own$group == g] >= time))
      events <- sapply(groups, function(g) sum(own$time == time & own$event == 1 & own$group == g))
      n <- sum(at_risk)
      d <- sum(events)
      w <- weigh(before, n)
      difference <- difference + w * (events - d * at_risk / n)
      if (n > 1) variance <- variance + w^2 * d * (n - d) / (n - 1) * (diag(at_risk / n) - outer(at_risk / n, at_risk / n))
      before <- before * (1 - d / n)
    }
  }
  if (is.null(scores)) {
    keep <- -length(groups)
    put(case, "statistic", difference[keep] %*% solve(variance[keep, keep], difference[keep]))
  } else {
    put(case, "statistic", sum(scores * difference)^2 / (scores %*% variance %*% scores))
  }
}
weights <- list(
  "log-rank" = function(s, n) 1, "Gehan" = function(s, n) n, "Tarone-Ware" = function(s, n) sqrt(n),
  "Peto" = function(s, n) s, "FH 0 1" = function(s, n) 1 - s, "FH 1 1" = function(s, n) s * (1 - s), "FH 0.5 0.5" = function(s, n) sqrt(s * (1 - s))
)
samples <- list(
  lung = with(read_input("lung"), data.frame(time, event = status - 1, group = sex)),
  veteran = with(read_input("veteran"), data.frame(time, event = status, group = celltype)),
  colon = with(subset(read_input("colon"), etype == 2), data.frame(time, event = status, group = rx)),
  months = with(read_input("months"), data.frame(time, event, group = treated))
)
for (name in names(samples)) {
  data <- samples[[name]]
  for (weight in names(weights)) family(paste(weight, name), data, weights[[weight]])
  family(paste("trend", name), data, weights[["log-rank"]], scores = seq_along(unique(data$group)))
  for (rho in c(0, 1)) {
    test <- survdiff(Surv(time, event) ~ group, data, rho = rho)
    put(paste("survdiff", rho, name), "statistic", test$chisq)
    put(paste("survdiff", rho, name), "observed", test$obs)
    put(paste("survdiff", rho, name), "expected", test$exp)
  }
}
strata <- read_input("months")$stratum
family("FH 0 1 strata months", samples$months, weights[["FH 0 1"]], strata = strata)
family("Gehan strata months", samples$months, weights[["Gehan"]], strata = strata)
test <- survdiff(Surv(time, event) ~ group + strata(strata), samples$months, rho = 1)
put("survdiff 1 strata months", "statistic", test$chisq)

# Restricted means: survfit's own (Greenwood integral), and from its influence matrix where rows weigh or cluster.
means <- function(case, data, horizon) {
  fit <- survfit(Surv(time, event) ~ group, data, timefix = FALSE)
  found <- summary(fit, rmean = horizon)$table
  put(case, "mean", found[, "rmean"])
  put(case, "se", found[, "se(rmean)"])
  at <- summary(fit, times = horizon, extend = TRUE)
  put(case, "milestone", at$surv)
  put(case, "milestone se", at$std.err)
}
means("means lung", samples$lung, 600)
means("means veteran", samples$veteran, 300)
means("means colon", samples$colon, 2000)
area <- function(time, values, horizon) {
  inner <- c(0, time[time < horizon])
  sum(values[seq_along(inner)] * diff(c(inner, horizon)))
}
robust <- function(case, data, horizon, weights, cluster) {
  fit <- do.call(survfit, list(Surv(time, event) ~ 1, data, weights = weights, cluster = cluster, influence = 1, timefix = FALSE))
  put(case, "mean", area(fit$time, c(1, fit$surv), horizon))
  effects <- apply(fit$influence.surv, 1, function(row) area(fit$time, c(0, row), horizon))
  put(case, "se", sqrt(sum(effects^2)))
}
data <- read_input("days")
robust("robust mean days", data, 500, 0.4 + (data$age %% 7) / 3, seq_len(nrow(data)) %/% 2)
data <- read_input("months")
robust("robust mean months", data, 500, 0.4 + (data$age %% 7) / 3, seq_len(nrow(data)))
finish("survival")
