# R's own public data sets as inputs shared by all topics: Rscript write_inputs.R FOLDER
# A missing value is empty. Origin and licence: README.md.
suppressPackageStartupMessages(library(survival))
folder <- commandArgs(trailingOnly = TRUE)[1]
for (name in c("lung", "veteran", "pbc", "ovarian", "heart", "bladder2", "mgus2", "colon")) {
  write.csv(get(name), file.path(folder, paste0(name, ".csv")), row.names = FALSE, quote = FALSE, na = "")
}
data("sleepstudy", package = "lme4")
write.csv(sleepstudy, file.path(folder, "sleepstudy.csv"), row.names = FALSE, quote = FALSE, na = "")
