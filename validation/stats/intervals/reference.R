# Interval-censored times: Rscript reference.R STATS_FOLDER OUT.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("survival")
tight <- survreg.control(rel.tolerance = 1e-15, maxiter = 200)

model <- function(case, formula, data, ...) {
  for (dist in c("weibull", "exponential", "lognormal", "loglogistic")) {
    fit <- do.call(survreg, list(formula, data = data, dist = dist, control = tight, ...))
    label <- paste(case, dist)
    put(label, "coef", coef(fit))
    put(label, "scale", fit$scale)
    put(label, "covariance", fit$var)
    put(label, "loglik", fit$loglik)
    put(label, "quartiles", predict(fit, data[1, ], type = "quantile", p = c(0.25, 0.5, 0.75)))
  }
}
visits <- read.csv(file.path(arguments[1], "intervals", "inputs", "visits.csv"))
model("visits", Surv(low, high, type = "interval2") ~ arm + age, visits)
model("visits weights", Surv(low, high, type = "interval2") ~ arm + age, visits, weights = 0.4 + (visits$age %% 7) / 3)
model("lung", Surv(time, status) ~ age + sex, read_input("lung"))
model("ovarian", Surv(futime, fustat) ~ ecog.ps + rx, read_input("ovarian"))

# Turnbull: survfit stops its EM at a change of 5e-5, so self-consistency is repeated here, from its definition, until
# nothing changes. Innermost intervals are found by brute force: (low, high] holds no other end inside.
turnbull <- function(case, low, high, weight) {
  low[is.na(low)] <- 0
  high[is.na(high)] <- Inf
  exact <- low == high
  tiny <- 1e-6
  left <- ifelse(exact, low - tiny, low + tiny)  # open on the left: just after; an exact time: just before
  ends <- sort(unique(c(left, high)))
  is_left <- ends %in% left
  inner <- which(is_left[-length(ends)] & !is_left[-1] | (ends %in% left & ends %in% high)[-length(ends)])
  inner <- inner[sapply(inner, function(i) ends[i + 1] %in% high)]
  from <- ends[inner]
  to <- ends[inner + 1]
  holds <- outer(left, from, "<=") & outer(high, to, ">=")
  mass <- rep(1 / length(from), length(from))
  repeat {
    next_mass <- colSums(weight * t(t(holds) * mass) / as.vector(holds %*% mass)) / sum(weight)
    change <- max(abs(next_mass - mass))
    mass <- next_mass
    if (change < 1e-15) break
  }
  kept <- mass > 1e-6
  put(case, "low", ifelse(to - from < 1.5 * tiny & from + tiny == to, to, round(from - tiny, 9))[kept])
  put(case, "mass", mass[kept])
  put(case, "loglik", sum(weight * log(holds %*% mass)))
}
turnbull("turnbull visits", visits$low, visits$high, rep(1, nrow(visits)))
one <- visits[visits$arm == 1, ]
turnbull("turnbull weights", one$low, one$high, 1 + one$age %% 3)
finish("survival")
