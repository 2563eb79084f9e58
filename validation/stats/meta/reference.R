# Meta-analysis: Rscript reference.R STATS_FOLDER OUT.csv
# dat.bcg: 13 trials of BCG against tuberculosis (Colditz 1994; metadat/metafor, GPL >= 2; public data), as log risk ratios.
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("metafor")
studies <- read.csv(file.path(arguments[1], "meta", "inputs", "studies.csv"))
report <- function(case, rows, method, test = "z") {
  d <- studies[rows, ]
  fit <- rma(yi = d$estimate, sei = d$error, method = method, test = test,
             control = list(threshold = 1e-15, maxiter = 1000))
  put(case, "estimate", c(fit$beta, fit$se, fit$ci.lb, fit$ci.ub))
  put(case, "p", fit$pval)
  put(case, "heterogeneity", c(fit$QE, fit$QEp, fit$I2 / 100, fit$H2))
  put(case, "tau2", fit$tau2)
  put(case, "weights", weights(fit) / 100)
  shown <- predict(fit)
  put(case, "prediction", if (method == "FE") c(fit$ci.lb, fit$ci.ub) else c(shown$pi.lb, shown$pi.ub))
}
for (method in c("FE", "DL", "REML")) {
  report(paste("all", method), 1:13, method)
  report(paste("alike", method), c(1, 2, 3, 6), method)
}
report("all REML knapp", 1:13, "REML", "knha")
report("all DL knapp", 1:13, "DL", "knha")
finish("metafor")
