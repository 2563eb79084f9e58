# Competing risks and states: Rscript reference.R STATS_FOLDER OUT.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("survival")
need("cmprsk")
own <- file.path(arguments[1], "competing", "inputs")

mgus <- read_input("mgus2")
mgus$time <- ifelse(mgus$pstat == 1, mgus$ptime, mgus$futime)
mgus$cause <- ifelse(mgus$pstat == 1, 1, 2 * mgus$death)
mgus$entry <- pmin(mgus$time - 0.5, (mgus$age %% 5) * 6)
mgus$weight <- 0.4 + (mgus$age %% 7) / 3
mgus$male <- as.numeric(mgus$sex == "M")
months <- read_input("months")
months$cause <- ifelse(months$event == 1, 1 + (months$age %% 1 > 0.45), 0)
colon <- read_input("colon")
first <- subset(colon, etype == 1)
death <- subset(colon, etype == 2)
colon <- data.frame(id = first$id, time = first$time, cause = ifelse(first$status == 1, 1, 2 * death$status),
                    rx = first$rx, age = first$age, node4 = first$node4, sex = first$sex)

incidence <- function(case, times, data, formula, ...) {
  for (type in c("log-log", "log", "plain")) {
    fit <- do.call(survfit, list(formula, data = data, conf.type = type, timefix = FALSE, ...))
    found <- summary(fit, times = times)
    for (cause in c("1", "2")) {
      place <- match(cause, fit$states)
      if (type == "log") {
        put(paste(case, cause), "incidence", found$pstate[, place])
        put(paste(case, cause), "se", found$std.err[, place])
      }
      put(paste(case, cause), paste("low", type), found$lower[, place])
      put(paste(case, cause), paste("high", type), found$upper[, place])
    }
  }
}
times <- c(12, 60, 120, 240)
incidence("mgus2", times, mgus, Surv(time, factor(cause)) ~ 1)
incidence("mgus2 entry weights", times, mgus, Surv(entry, time, factor(cause)) ~ 1, weights = mgus$weight, id = seq_len(nrow(mgus)))
# survfit 3.5-3 takes no notice of clusters here; its influence matrix does, summed within them.
fit <- survfit(Surv(time, factor(cause)) ~ 1, mgus, influence = TRUE, timefix = FALSE)
last <- findInterval(times, fit$time) + 1  # the first is the start
for (cause in c("1", "2")) {
  effects <- rowsum(fit$influence.pstate[, last, match(cause, fit$states)], seq_len(nrow(mgus)) %/% 3)
  put(paste("mgus2 clusters", cause), "se", sqrt(colSums(effects^2)))
}
incidence("months", c(120, 300, 660), months, Surv(time, factor(cause)) ~ 1)
incidence("colon", c(365, 1000, 2000), colon, Surv(time, factor(cause)) ~ 1)

gray <- function(case, data, group, at, ...) {
  fit <- cuminc(data$time, data$cause, group, ...)
  put(paste("gray", case), "statistic", fit$Tests[, "stat"])
  put(paste("gray", case), "p", fit$Tests[, "pv"])
  put(paste("gray", case), "df", fit$Tests[, "df"])
  alone <- timepoints(cuminc(data$time, data$cause), at)
  put(paste("aalen", case), "incidence", t(alone$est))
  put(paste("aalen", case), "se", t(sqrt(alone$var)))
}
gray("mgus2", mgus, mgus$sex, times)
gray("mgus2 strata", mgus, mgus$sex, times, strata = mgus$age > 70)
gray("mgus2 rho", mgus, mgus$sex, times, rho = 1)
gray("months", months, months$stratum, c(120, 300, 660))
gray("months strata", months, months$treated, c(120, 300, 660), strata = months$stratum, rho = 0.5)
gray("colon", colon, colon$rx, c(365, 1000, 2000))

fine_gray <- function(case, data, x, at, newdata) {
  for (cause in 1:2) {
    fit <- crr(data$time, data$cause, x, failcode = cause, gtol = 1e-13, maxiter = 50)
    label <- paste("fine-gray", case, cause)
    put(label, "coef", fit$coef)
    put(label, "se", sqrt(diag(fit$var)))
    put(label, "naive se", sqrt(diag(solve(fit$inf))))
    put(label, "loglik", c(fit$loglik.null, fit$loglik))
    curve <- predict(fit, newdata)
    put(label, "predicted", curve[findInterval(at, curve[, 1]), 2])
  }
}
fine_gray("mgus2", mgus, as.matrix(mgus[c("age", "male")]), times, c(70, 1))
fine_gray("months", months, as.matrix(months[c("age", "marker", "treated")]), c(120, 300, 660), c(70, 0.5, 1))
fine_gray("colon", colon, cbind(colon$age, colon$node4, colon$sex), c(365, 1000, 2000), c(60, 1, 0))

rows <- function(case, data, formula, terms, ...) {
  made <- do.call(finegray, list(formula, data = data, etype = "1", timefix = FALSE, ...))
  label <- paste("rows", case)
  put(label, "number", nrow(made))
  put(label, "sums", c(sum(made$fgwt), sum(made$fgwt^2), sum(made$fgwt * (made$fgstop - made$fgstart)), sum(made$fgwt * made$fgstart)))
  put(label, "weights", made$fgwt[seq(1, nrow(made), length.out = 50)])
  fit <- coxph(reformulate(terms, "Surv(fgstart, fgstop, fgstatus)"), weights = fgwt, data = made, cluster = row, ties = "breslow",
               control = coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50, timefix = FALSE))
  put(label, "coef", coef(fit))
  put(label, "robust se", sqrt(diag(vcov(fit))))
}
mgus$row <- seq_len(nrow(mgus))
months$row <- seq_len(nrow(months))
months$kind <- factor(months$cause)
mgus$kind <- factor(mgus$cause)
rows("mgus2", mgus, Surv(time, kind) ~ age + male + row, c("age", "male"))
rows("months", months, Surv(time, kind) ~ age + marker + treated + row, c("age", "marker", "treated"))
rows("months entry", months, Surv(entry, time, kind) ~ age + marker + treated + row, c("age", "marker", "treated"), id = months$row)

# States: no malignancy, plasma cell malignancy, death. With influence = TRUE: without it survfit 3.5-3 leaves the error
# of the start out when patients start in different states (0.0195 instead of 0.0278 below).
histories <- read.csv(file.path(own, "mgus2_states.csv"))
states <- function(case, formula, ...) {
  for (type in c("log-log", "log")) {
    given <- list(formula, data = histories, id = histories$id, conf.type = type, timefix = FALSE, influence = TRUE, ...)
    fit <- do.call(survfit, given)
    found <- summary(fit, times = times)
    if (type == "log") {
      put(case, "probability", t(found$pstate))
      put(case, "se", t(found$std.err))
    }
    put(case, paste("low", type), t(found$lower))
    put(case, paste("high", type), t(found$upper))
  }
  put(case, "start", fit$p0)
  put(case, "deaths", fit$transitions[c("none", "pcm"), "dead"])
}
histories$to <- factor(histories$target, c("none", "pcm", "dead"))
histories$to[histories$state == histories$target] <- "none"
origin <- factor(histories$state, c("none", "pcm", "dead"))
states("states", Surv(start, stop, to) ~ 1, istate = origin)
states("states entry weights", Surv(entry, stop, to) ~ 1, istate = origin, weights = histories$weight)
# Some start with the malignancy: of patients who had it only that stay, counted from 0.
histories <- histories[histories$state == "pcm" | !(histories$id %in% histories$id[histories$state == "pcm"]), ]
histories$begins <- ifelse(histories$state == "pcm", 0, histories$entry)
histories$ends <- ifelse(histories$state == "pcm", histories$stop - histories$start, histories$stop)
origin <- factor(histories$state, c("none", "pcm", "dead"))
states("states mixed start", Surv(begins, ends, to) ~ 1, istate = origin)
finish(c("survival", "cmprsk"))
