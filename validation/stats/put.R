# What the topics' scripts share: Rscript <topic>/reference.R STATS_FOLDER OUT.csv
arguments <- commandArgs(trailingOnly = TRUE)
inputs <- file.path(arguments[1], "inputs")
out <- file(arguments[2], open = "w")
writeLines("case,quantity,index,value", out)

put <- function(case, quantity, values) {
  values <- as.numeric(values)
  writeLines(sprintf("%s,%s,%d,%.17g", case, quantity, seq_along(values), values), out)
}

read_input <- function(name) read.csv(file.path(inputs, paste0(name, ".csv")))

need <- function(package) {
  if (!suppressPackageStartupMessages(require(package, character.only = TRUE, quietly = TRUE))) quit(status = 3)
}

finish <- function(packages) {
  put("version", "r", c(as.numeric(R.version$major), as.numeric(R.version$minor)))
  for (package in packages) put("version", package, unlist(packageVersion(package)))
  close(out)
}

# Of a sweep: the rows of each sample, and numbers of which some cannot be had (then NA).
read_samples <- function() {
  rows <- read.csv(arguments[3])
  split(rows, rows$sample)
}
attempt <- function(case, quantity, values) {
  put(case, quantity, tryCatch(suppressWarnings(values), error = function(e) NA))
}
