# R's fits of the same data: fits.R WHICH FOLDER TIMES TERMS ROUNDS TASK; WHICH is lean (coxph.fit, no residuals) or full.
suppressPackageStartupMessages(library(survival))
given <- commandArgs(trailingOnly = TRUE)
which <- given[1]; folder <- given[2]; p <- as.integer(given[4]); rounds <- as.integer(given[5]); task <- given[6]
read <- function(name, size) readBin(file.path(folder, paste0(name, ".bin")), "double", size)
size <- file.size(file.path(folder, "event.bin")) / 8
time <- read(given[3], size); event <- read("event", size)
x <- matrix(read("x", size * p), size, p, dimnames = list(NULL, paste0("x", seq_len(p))))
frame <- data.frame(time, event, x)
samples <- if (task == "refits") matrix(readBin(file.path(folder, "samples.bin"), "integer", 1e8) + 1L, size)
control <- coxph.control()
lean <- function(time, event, x) {
  fit <- coxph.fit(x, Surv(time, event), NULL, NULL, NULL, control, NULL, "efron", NULL, resid = FALSE)
  list(fit$coefficients, sqrt(diag(fit$var)))
}
work <- switch(task,
  cox = if (which == "lean") function() lean(time, event, x) else function() {
    fit <- coxph(Surv(time, event) ~ ., frame, y = FALSE)
    list(coef(fit), sqrt(diag(vcov(fit))))
  },
  km = function() {
    curve <- summary(survfit(Surv(time, event) ~ 1, conf.type = "log-log"), times = c(100, 300, 600, 1200, 2000))
    list(curve$surv, curve$std.err / curve$surv)
  },
  refits = function() {
    coefs <- apply(samples, 2, function(taken) lean(time[taken], event[taken], x[taken, ])[[1]])
    list(rowMeans(coefs), apply(coefs, 1, function(one) sqrt(mean((one - mean(one))^2))))
  })
invisible(lean(time[1:200], event[1:200], x[1:200, , drop = FALSE]))
shortest <- 0.2 # seconds that a round lasts at least
used <- sapply(seq_len(rounds), function(i) {
  gc(FALSE); fits <- 0
  taken <- system.time({ started <- proc.time()[["elapsed"]]
    while (fits == 0 || proc.time()[["elapsed"]] - started < shortest) { found <<- work(); fits <- fits + 1 } })
  c(taken[["elapsed"]], taken[["user.self"]] + taken[["sys.self"]]) / fits
})
numbers <- function(values) if (is.null(values)) "null" else paste0("[", paste(sprintf("%.17g", values), collapse = ","), "]")
peak <- as.numeric(gsub("\\D", "", grep("VmHWM", readLines("/proc/self/status"), value = TRUE))) / 2^20
cat(sprintf('{"wall": %g, "cpu": %g, "peak_gb": %g, "coef": %s, "se": %s}\n', min(used[1, ]), min(used[2, ]), peak, numbers(found[[1]]), numbers(found[[2]])))
