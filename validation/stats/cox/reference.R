# The Cox model with weights, clusters, strata, entry, offsets and penalties: Rscript reference.R STATS_FOLDER OUT.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("survival")
need("splines")
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100, timefix = FALSE)
transforms <- c("km", "rank", "identity", "log")

complete <- function(frame) {
  frame <- frame[complete.cases(frame), ]
  row <- seq_len(nrow(frame)) - 1
  frame$weight <- 0.4 + (row %% 7) / 3
  frame$whole <- 1 + row %% 3
  frame$shift <- (row %% 5) / 4
  if (is.null(frame$cluster)) frame$cluster <- row %/% 2
  if (is.null(frame$stratum)) frame$stratum <- row %% 3
  frame
}

frames <- list(
  lung = with(read_input("lung"), data.frame(time, event = status - 1, age, sex, ecog = ph.ecog, loss = wt.loss, cluster = inst)),
  veteran = with(read_input("veteran"), data.frame(time, event = status, age, trt, karno, diagtime, stratum = celltype)),
  pbc = with(read_input("pbc"), data.frame(time, event = as.numeric(status == 2), age, edema, bili = log(bili), albumin)),
  ovarian = with(read_input("ovarian"), data.frame(time = futime, event = fustat, age, rx)),
  heart = with(read_input("heart"), data.frame(entry = start, time = stop, event, age, surgery, transplant, cluster = id)),
  bladder2 = with(read_input("bladder2"), data.frame(entry = start, time = stop, event, rx, number, size, cluster = id, stratum = enum)),
  mgus2 = with(read_input("mgus2"), data.frame(time = futime, event = death, age, hgb, creat, mspike)),
  colon = with(read_input("colon"), data.frame(time, event = status, age, obstruct, nodes, cluster = id, stratum = etype)),
  days = with(read_input("days"), data.frame(entry, time, event, age, marker, treated, stratum)),
  months = with(read_input("months"), data.frame(entry, time, event, age, marker, treated, stratum))
)

fit_one <- function(data, terms, ties, variant) {
  outcome <- if (is.null(data$entry)) "Surv(time, event)" else "Surv(entry, time, event)"
  if (grepl("strata", variant)) terms <- c(terms, "strata(stratum)")
  if (grepl("offset", variant)) terms <- c(terms, "offset(shift)")
  arguments <- list(reformulate(terms, outcome), data = data, ties = ties, control = tight, x = TRUE, model = TRUE)
  if (grepl("weights", variant)) arguments$weights <- data$weight
  if (grepl("whole", variant)) arguments$weights <- data$whole
  if (grepl("clusters", variant)) arguments$cluster <- data$cluster
  do.call(coxph, arguments)
}

put_fit <- function(case, fit, variant) {
  robust <- !is.null(fit$naive.var)
  model <- if (robust) fit$naive.var else fit$var
  put(case, "coef", coef(fit))
  put(case, "se", sqrt(diag(as.matrix(model))))
  if (robust) put(case, "robust_se", sqrt(diag(as.matrix(fit$var))))
  put(case, "loglik", fit$loglik)
  put(case, "statistics", c(2 * diff(fit$loglik), fit$score, fit$wald.test, if (robust) fit$rscore))
  put(case, "concordance", fit$concordance[c("concordance", "std")])
  put(case, "pairs", fit$concordance[c("concordant", "discordant", "tied.x")])
  for (transform in transforms) {
    zph <- cox.zph(fit, transform = transform, terms = FALSE)
    put(case, paste("zph", transform), zph$table[, "chisq"])
  }
  for (type in c("martingale", "deviance", "score", "dfbeta", "dfbetas")) {
    put(case, type, t(head(as.matrix(residuals(fit, type = type)), 8)))
  }
  put(case, "schoenfeld", t(head(as.matrix(residuals(fit, type = "schoenfeld")), 8)))
  put(case, "scaled schoenfeld", t(head(as.matrix(residuals(fit, type = "scaledsch")), 8)))
}

two <- function(values) if (is.matrix(values)) values else matrix(values, ncol = 2)

put_curve <- function(case, fit, data, terms, variant) {
  who <- data[c(1, nrow(data)), terms, drop = FALSE]
  who$shift <- 0.25
  # R cannot drop strata and offset from a formula together: there the first stratum's curve is asked for by name.
  if (grepl("strata.*offset", variant)) who$stratum <- sort(unique(data$stratum))[1]
  for (type in c("log", "log-log", "plain")) {
    curve <- survfit(fit, newdata = who, conf.type = type, censor = FALSE)
    keep <- seq_len(nrow(two(curve$surv)))
    if (grepl("strata", variant)) keep <- seq_len(sum(curve$strata[1]))
    keep <- keep[curve$n.event[keep] > 0]
    keep <- keep[seq_len(min(15, length(keep)))]
    if (type == "log") {
      put(case, "predicted time", curve$time[keep])
      put(case, "predicted", t(two(curve$surv)[keep, ]))
      put(case, "predicted error", t(two(curve$std.err)[keep, ]))
    }
    put(case, paste("predicted low", type), t(two(curve$lower)[keep, ]))
    put(case, paste("predicted high", type), t(two(curve$upper)[keep, ]))
  }
}

variants <- c("plain", "weights", "whole", "clusters", "strata", "offset", "strata weights clusters", "strata whole offset")
for (name in names(frames)) {
  data <- complete(frames[[name]])
  terms <- setdiff(names(frames[[name]]), c("entry", "time", "event", "cluster", "stratum"))
  for (ties in c("efron", "breslow")) {
    for (variant in variants) {
      case <- paste(name, ties, variant)
      fit <- fit_one(data, terms, ties, variant)
      put_fit(case, fit, variant)
      if (name %in% c("lung", "heart", "days")) put_curve(case, fit, data, terms, variant)
    }
  }
}

# Ridge: one theta for all terms, and for some of them.
data <- complete(frames$lung)
for (theta in c(1, 20)) {
  fit <- coxph(Surv(time, event) ~ ridge(age, sex, ecog, loss, theta = theta), data, control = tight)
  part <- coxph(Surv(time, event) ~ age + sex + ridge(ecog, loss, theta = theta) + strata(stratum), data, weights = whole, control = tight)
  for (one in list(list("all", fit), list("part", part))) {
    case <- paste("ridge", one[[1]], theta)
    put(case, "coef", coef(one[[2]]))
    put(case, "se", sqrt(diag(one[[2]]$var)))
    put(case, "loglik", one[[2]]$loglik)
    # With several terms R sums degrees of freedom term by term, lutrace takes the trace over all of them.
    if (one[[1]] == "all") put(case, "df", one[[2]]$df)
  }
}

# Splines: natural splines on the same knots span the same curves.
data <- complete(frames$pbc)
knots <- quantile(data$age, c(0.05, 0.35, 0.65, 0.95))
fit <- coxph(Surv(time, event) ~ ns(age, knots = knots[2:3], Boundary.knots = knots[c(1, 4)]) + edema, data, control = tight)
put("spline", "knots", knots)
put("spline", "loglik", fit$loglik)
put("spline", "predictor", head(fit$linear.predictors, 30) - fit$linear.predictors[1])

# Firth's penalty by hand: the log likelihood and information of coxph at fixed coefficients.
firth <- function(case, formula, data, ties, weights = NULL) {
  penalised <- function(b) {
    arguments <- list(formula, data = data, ties = ties, init = b, control = coxph.control(iter.max = 0, timefix = FALSE))
    if (!is.null(weights)) arguments$weights <- weights
    at <- do.call(coxph, arguments)
    at$loglik[2] - 0.5 * as.numeric(determinant(at$var)$modulus)
  }
  slope <- function(f, b) sapply(seq_along(b), function(j) {
    h <- 1e-3; e <- replace(numeric(length(b)), j, h)
    (8 * (f(b + e) - f(b - e)) - (f(b + 2 * e) - f(b - 2 * e))) / (12 * h)
  })
  highest <- function(f, start) {
    best <- optim(start, function(b) -f(b), function(b) -slope(f, b), method = "BFGS", control = list(reltol = 1e-16, maxit = 1000))
    list(par = best$par, value = -best$value)
  }
  p <- length(attr(terms(formula), "term.labels")) - grepl("strata", deparse(formula))
  best <- highest(penalised, rep(0, p))
  put(case, "coef", best$par)
  put(case, "loglik", c(penalised(rep(0, p)), best$value))
  profile <- function(j, value) highest(function(b) penalised(append(b, value, j - 1)), best$par[-j])$value
  target <- best$value - qchisq(0.95, 1) / 2
  for (j in seq_len(p)) {
    gap <- function(value) profile(j, value) - target
    low <- uniroot(gap, best$par[j] - c(4, 0), extendInt = "upX", tol = 1e-11)$root
    high <- uniroot(gap, best$par[j] + c(0, 4), extendInt = "downX", tol = 1e-11)$root
    put(case, paste("bounds", j), c(low, high))
    put(case, paste("ratio", j), 2 * (best$value - profile(j, 0)))
  }
}
data <- complete(frames$months)[1:60, ]
for (ties in c("efron", "breslow")) {
  firth(paste("firth", ties), Surv(time, event) ~ marker + treated, data, ties)
  firth(paste("firth entry", ties), Surv(entry, time, event) ~ marker + treated, data, ties)
  firth(paste("firth strata", ties), Surv(time, event) ~ marker + treated + strata(stratum), data, ties)
  firth(paste("firth strata entry whole", ties), Surv(entry, time, event) ~ marker + treated + strata(stratum), data, ties, data$whole)
}
finish(c("survival", "splines"))
