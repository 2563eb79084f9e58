# Sets completed by R mice, as inputs: Rscript write_inputs.R FOLDER
# nhanes: mice's own data (Schafer 1997; package GPL >= 2; public data). pbc: R survival (LGPL >= 2; public data).
suppressPackageStartupMessages({library(mice); library(survival)})
folder <- commandArgs(trailingOnly = TRUE)[1]
long <- function(sets) { d <- complete(sets, "long"); names(d)[names(d) == ".imp"] <- "set"; d[, names(d) != ".id"] }
write_sets <- function(d, name) write.csv(d, file.path(folder, name), row.names = FALSE, quote = FALSE)
write_sets(long(mice(nhanes, m = 7, seed = 11, printFlag = FALSE)), "nhanes_sets.csv")
data(pbc, package = "survival")
pbc$death <- as.numeric(pbc$status == 2)
pbc$hazard <- nelsonaalen(pbc, time, death)
pbc <- pbc[c("time", "death", "hazard", "age", "bili", "chol", "platelet")]
sets <- mice(pbc, m = 5, seed = 12, maxit = 5, printFlag = FALSE, predictorMatrix = {
  p <- make.predictorMatrix(pbc); p[, "time"] <- 0; p })
write_sets(long(sets)[c("set", "time", "death", "hazard", "age", "bili", "chol", "platelet")], "pbc_sets.csv")
