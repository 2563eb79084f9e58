# The arm's hazard ratio in each reconstructed trial: Rscript trials.R STATS_FOLDER OUT.csv, with LUTRACE_REAL_DATA set.
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("survival")
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100, timefix = FALSE)
data <- read.csv(file.path(Sys.getenv("LUTRACE_REAL_DATA"), "survival_kmdata", "reconstructed_ipd.csv"))
for (trial in sort(unique(data$trial))) {
  part <- data[data$trial == trial, ]
  part$treated <- as.numeric(part$arm != sort(unique(part$arm))[1])
  part$row <- seq_len(nrow(part))
  for (ties in c("efron", "breslow")) {
    case <- paste(trial, ties)
    fit <- coxph(Surv(time_months, event) ~ treated, part, ties = ties, control = tight)
    robust <- coxph(Surv(time_months, event) ~ treated, part, ties = ties, control = tight, cluster = row)
    put(case, "estimates", c(coef(fit), sqrt(fit$var), sqrt(robust$var), fit$loglik, fit$n, fit$nevent))
    put(case, "statistics", c(2 * diff(fit$loglik), fit$score, fit$wald.test))
    put(case, "concordance", fit$concordance[c("concordance", "std")])
    put(case, "zph", sapply(c("km", "rank", "identity", "log"), function(g) cox.zph(fit, g, global = FALSE)$table[1, 1]))
    curve <- summary(survfit(fit, data.frame(treated = 1)), times = c(6, 12, 18))
    put(case, "survival at 6 and 12 and 18 months", c(curve$surv, curve$std.err))
  }
}
finish("survival")
