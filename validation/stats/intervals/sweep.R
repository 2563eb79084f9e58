# Accelerated failure times of random interval-censored samples: Rscript sweep.R STATS OUT.csv ROWS.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("survival")
tight <- survreg.control(rel.tolerance = 1e-15, maxiter = 500)
samples <- read_samples()
for (case in names(samples)) {
  data <- samples[[case]]
  data$low[data$low == 0] <- NA
  data$high[data$high == 0] <- NA
  spread <- sd(data$x)
  data$x <- data$x / spread  # survreg calls covariates of 1e-6 singular
  for (dist in c("weibull", "exponential", "lognormal", "loglogistic")) {
    for (counted in c("one", "weight")) {
      data$used <- data[[counted]]
      attempt(case, paste(dist, counted), {
        fit <- survreg(Surv(low, high, type = "interval2") ~ x + z, data, dist = dist, weights = used, control = tight)
        se <- sqrt(diag(vcov(fit))[1:3])
        if (fit$iter >= 500 || max(abs(coef(fit)[2:3])) > 15 || fit$scale < 1e-3 || any(!is.finite(se))) NA
        else c(coef(fit) / c(1, spread, 1), se / c(1, spread, 1), fit$scale, fit$loglik)
      })
    }
  }
}
finish("survival")
