# The log-rank family, restricted means and milestones of random samples: Rscript sweep.R STATS OUT.csv ROWS.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("survival")
need("MASS")

# A test of the family from the table at risk, with entry and strata, by its textbook formula.
family <- function(data, weigh, scores = NULL, strata = rep(1, nrow(data))) {
  groups <- sort(unique(data$group))
  difference <- rep(0, length(groups))
  variance <- matrix(0, length(groups), length(groups))
  for (stratum in unique(strata)) {
    own <- data[strata == stratum, ]
    before <- 1
    for (time in sort(unique(own$time[own$event == 1]))) {
      at_risk <- sapply(groups, function(g) sum(own$time[own$group == g] >= time & own$entry[own$group == g] < time))
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
    if (max(variance) == 0) return(NA)
    return(c(drop(difference %*% ginv(variance, 1e-10) %*% difference), qr(variance, 1e-10)$rank))
  }
  spread <- drop(scores %*% variance %*% scores)
  if (spread <= 1e-12) NA else c(sum(scores * difference)^2 / spread, 1)
}
weights <- list(
  "log-rank" = function(s, n) 1, "Gehan" = function(s, n) n, "Tarone-Ware" = function(s, n) sqrt(n),
  "Peto" = function(s, n) s, "FH 0 1" = function(s, n) 1 - s, "FH 0.5 2" = function(s, n) s^0.5 * (1 - s)^2
)
# Of no event, or no survivor, lutrace knows no error.
known <- function(se, size = 0) ifelse(is.finite(se) & se > 1e-12 * size, se, NA)
area <- function(time, values, horizon) {
  inner <- c(0, time[time < horizon])
  sum(values[seq_along(inner)] * diff(c(inner, horizon)))
}
robust <- function(formula, data, horizon, weights, cluster) {
  fit <- do.call(survfit, list(formula, data, weights = weights, cluster = cluster, influence = 1, timefix = FALSE))
  effects <- apply(fit$influence.surv, 1, function(row) area(fit$time, c(0, row), horizon))
  c(area(fit$time, c(1, fit$surv), horizon), known(sqrt(sum(effects^2)), horizon))
}
samples <- read_samples()
for (case in names(samples)) {
  data <- samples[[case]]
  late <- data
  data$entry <- -Inf
  for (weight in names(weights)) {
    attempt(case, weight, family(data, weights[[weight]]))
    attempt(case, paste(weight, "strata"), family(data, weights[[weight]], strata = data$stratum))
    attempt(case, paste(weight, "entry strata"), family(late, weights[[weight]], strata = data$stratum))
  }
  attempt(case, "trend", family(late, weights[["log-rank"]], scores = seq_along(unique(data$group))^2))
  for (rho in 0:1) {
    attempt(case, paste("survdiff", rho), {
      test <- survdiff(Surv(time, event) ~ group, data, rho = rho)
      if (is.finite(test$chisq)) c(test$chisq, test$obs, test$exp) else NA
    })
  }
  horizon <- min(tapply(data$time, data$group, max)) * 0.8
  plain <- survfit(Surv(time, event) ~ group, data, timefix = FALSE)
  attempt(case, "mean", {
    found <- summary(plain, rmean = horizon)$table
    rbind(found[, "rmean"], known(found[, "se(rmean)"]))
  })
  at <- summary(plain, times = horizon, extend = TRUE)
  attempt(case, "milestone", rbind(at$surv, known(at$std.err)))
  one <- late[late$group == 0, ]
  reach <- max(one$time) * 0.8
  attempt(case, "weighted mean", robust(Surv(time, event) ~ 1, one, reach, one$weight, seq_len(nrow(one))))
  attempt(case, "clustered mean", robust(Surv(time, event) ~ 1, one, reach, one$whole, one$pair))
  attempt(case, "weighted mean with entry", robust(Surv(entry, time, event) ~ 1, one, reach, one$weight, one$pair))
}
finish("survival")
