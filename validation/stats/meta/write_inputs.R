# Log risk ratios of the 13 BCG trials (Colditz 1994; metafor, GPL >= 2; public data): Rscript write_inputs.R OUT.csv
suppressPackageStartupMessages(library(metafor))
d <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
found <- data.frame(trial = d$trial, estimate = sprintf("%.6f", d$yi), error = sprintf("%.6f", sqrt(d$vi)))
write.csv(found, commandArgs(trailingOnly = TRUE)[1], row.names = FALSE, quote = FALSE)
