# Competing events of random samples: Rscript sweep.R STATS OUT.csv ROWS.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("survival")
need("cmprsk")

# Errors of an incidence that is certain are rounding.
sure <- function(se) ifelse(se > 1e-7, se, 0)
incidence <- function(case, label, formula, data, times, ...) {
  fit <- do.call(survfit, list(formula, data = data, timefix = FALSE, ...))
  found <- summary(fit, times = times, extend = TRUE)
  for (cause in setdiff(fit$states, "(s0)")) {
    attempt(case, paste(label, cause), rbind(sure(found$pstate[, match(cause, fit$states)]), sure(found$std.err[, match(cause, fit$states)])))
  }
}
samples <- read_samples()
for (case in names(samples)) {
  data <- samples[[case]]
  times <- as.numeric(quantile(data$time, c(0.3, 0.6, 0.9), type = 1))
  times <- unique(times)
  data$kind <- factor(data$cause, sort(unique(c(0, data$cause))))
  data$row <- seq_len(nrow(data))
  incidence(case, "plain", Surv(time, kind) ~ 1, data, times)
  incidence(case, "weights entry", Surv(entry, time, kind) ~ 1, data, times, weights = data$weight, id = data$row)
  causes <- sort(setdiff(unique(data$cause), 0))
  for (rho in 0:1) {
    for (cause in causes) {
      tested <- function(...) {
        found <- cuminc(data$time, data$cause, data$group, ..., rho = rho)$Tests[as.character(cause), c("stat", "df")]
        if (found["stat"] < 0) NA else found  # -1: its matrix was singular
      }
      attempt(case, paste("gray", rho, cause), tested())
      attempt(case, paste("gray strata", rho, cause), tested(data$stratum))
    }
  }
  attempt(case, "aalen", {
    found <- timepoints(cuminc(data$time, data$cause), times)
    rbind(as.vector(t(found$est)), sqrt(as.vector(t(found$var))))
  })
  for (cause in causes) {
    attempt(case, paste("fine-gray", cause), {
      fit <- crr(data$time, data$cause, cbind(data$x, data$z), failcode = cause, gtol = 1e-13, maxiter = 50)
      if (fit$converged && max(abs(fit$coef) * c(sd(data$x), sd(data$z))) < 8) c(fit$coef, sqrt(diag(fit$var)), fit$loglik.null, fit$loglik) else NA
    })
  }
}
finish(c("survival", "cmprsk"))
