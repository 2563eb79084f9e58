# Pooling over sets completed by R mice: Rscript reference.R STATS_FOLDER OUT.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("survival")
need("mice")
own <- file.path(arguments[1], "imputation", "inputs")

pooled <- function(case, fits, dfcom) {
  found <- pool(as.mira(fits), dfcom = dfcom)
  for (name in c("estimate", "ubar", "b", "t", "df", "riv", "lambda", "fmi")) put(case, name, found$pooled[[name]])
  shown <- summary(found, conf.int = TRUE)
  put(case, "p", shown$p.value)
  put(case, "low", shown[["2.5 %"]])
  put(case, "high", shown[["97.5 %"]])
}
nhanes <- split(read.csv(file.path(own, "nhanes_sets.csv")), ~ set)
linear <- lapply(nhanes, function(d) lm(chl ~ age + bmi, d))
pooled("nhanes", linear, 22)
pooled("nhanes large", linear, Inf)
pbc <- split(read.csv(file.path(own, "pbc_sets.csv")), ~ set)
tight <- coxph.control(eps = 1e-14, iter.max = 50, toler.chol = 1e-14)
cox <- lapply(pbc, function(d) coxph(Surv(time, death) ~ age + log(bili) + log(chol) + platelet, d, control = tight))
pooled("pbc", cox, sum(pbc[[1]]$death) - 4)
# mice's own nelsonaalen() spreads tied deaths (Efron); this is Nelson and Aalen's.
curve <- survfit(Surv(time, death) ~ 1, pbc[[1]], ctype = 1, timefix = FALSE)
put("pbc", "hazard", curve$cumhaz[match(pbc[[1]]$time, curve$time)])
finish(c("survival", "mice"))
