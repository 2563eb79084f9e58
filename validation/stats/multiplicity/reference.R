# Adjusted p values: Rscript reference.R STATS_FOLDER OUT.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
families <- list(ordinary = c(0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216),
                 tied = c(0.02, 0.5, 0.02, 1, 0, 0.02, 0.5), single = 0.03,
                 many = ((1:60)^3 * 0.6180339887 + 0.1) %% 1)
for (name in names(families)) {
  p <- families[[name]]
  for (method in c("holm", "BH")) {
    put(name, method, p.adjust(p, method))
    put(name, paste(method, "of 100"), p.adjust(p, method, n = 100))
  }
}
finish(c())
