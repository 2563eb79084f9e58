# Logistic, Firth's, ordinal, fractional and linear models of random samples: Rscript sweep_models.R STATS OUT.csv ROWS.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
for (package in c("MASS", "sandwich", "brglm2", "numDeriv")) need(package)
tight <- glm.control(epsilon = 1e-15, maxit = 200)
samples <- read_samples()
for (case in names(samples)) {
  data <- samples[[case]]
  spread <- sd(data$x)
  data$x <- data$x / spread
  own <- c(1, spread, 1)
  apart <- function(fit) !fit$converged || anyNA(coef(fit)) || max(abs(coef(fit))) > 12 || min(fitted(fit), 1 - fitted(fit)) < 1e-7
  attempt(case, "logistic", {
    fit <- glm(event ~ x + z, binomial, data, weights = whole, offset = offset, control = tight)
    if (apart(fit)) NA else c(coef(fit) / own, sqrt(diag(vcov(fit))) / own, -fit$deviance / 2)
  })
  attempt(case, "clusters", {
    fit <- glm(event ~ x + z, binomial, data, control = tight)
    if (apart(fit)) NA else sqrt(diag(vcovCL(fit, cluster = data$pair, type = "HC0", cadjust = TRUE))) / own
  })
  attempt(case, "firth", {
    design <- model.matrix(~ x + z, data)
    fit <- brglmFit(design, data$event, family = binomial(), control = list(type = "AS_mean", epsilon = 1e-13, maxit = 2000))
    if (fit$converged && fit$rank == 3 && var(data$event) > 0) fit$coefficients / own else NA
  })
  attempt(case, "ordinal", {
    data$class <- factor(data$level, ordered = TRUE)
    fit <- polr(class ~ x + z, data, control = list(reltol = 1e-16, maxit = 2000))
    if (max(abs(coef(fit))) > 8) NA else c(coef(fit) / own[-1], fit$zeta, logLik(fit))
  })
  attempt(case, "fractional", {
    fit <- glm(share ~ x + z, quasibinomial, data, control = tight)
    if (apart(fit)) NA else c(coef(fit) / own, sqrt(diag(vcovCL(fit, cluster = data$pair, type = "HC0", cadjust = TRUE))) / own)
  })
  attempt(case, "linear", {
    fit <- lm(share ~ x + z, data)
    if (anyNA(coef(fit)) || fit$df.residual < 1) NA else c(coef(fit) / own, summary(fit)$coefficients[, 2] / own, summary(fit)$sigma)
  })
}
finish(c("MASS", "sandwich", "brglm2"))
