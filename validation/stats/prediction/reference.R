# Cumulative/dynamic AUC and Brier score by riskRegression: Rscript reference.R STATS_FOLDER OUT.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("survival")
need("riskRegression")
accuracy <- function(case, data, times) {
  data$risk <- data$marker + 0.02 * data$age
  data$coarse <- round(data$risk)
  data$chance <- plogis(data$marker - 0.5)
  for (score in c("risk", "coarse")) {
    found <- Score(setNames(list(data[[score]]), "x"), formula = Surv(time, event) ~ 1, data = data, times = times, metrics = "auc", conf.int = TRUE)
    put(paste(case, score), "auc", found$AUC$score$AUC)
  }
  found <- Score(list(x = data$chance), formula = Surv(time, event) ~ 1, data = data, times = times, metrics = "brier", null.model = FALSE)
  put(case, "brier", found$Brier$score$Brier)
}
accuracy("months", read_input("months"), c(301, 660))
accuracy("days", read_input("days"), c(100, 200, 500))
frame <- with(read_input("lung"), data.frame(time, event = status - 1, age, marker = sex, ph.ecog))
accuracy("lung", frame, c(180, 365, 600))
finish(c("survival", "riskRegression"))
