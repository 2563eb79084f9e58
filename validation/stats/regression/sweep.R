# 60 synthetic samples, three mixed models each, many of them singular, by lmer: Rscript sweep.R OUT_FOLDER
suppressPackageStartupMessages({
  library(lmerTest)
  library(pbkrtest)
})
folder <- commandArgs(trailingOnly = TRUE)[1]
set.seed(7)
rows <- fits <- NULL
control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e5), calc.derivs = FALSE)
models <- list(intercept = y ~ t + x + z + (1 | g), uncorrelated = y ~ t + x + z + (t || g), correlated = y ~ t + x + z + (t | g))
for (sample in 1:60) {
  groups <- sample(c(5, 8, 15, 30, 61), 1)
  visits <- sample(3:8, 1)
  g <- rep(seq_len(groups), each = visits)
  t <- rep(seq_len(visits) - 1, groups)
  x <- rnorm(groups)[g]
  z <- rnorm(groups * visits)
  levels <- sample(c(0, 0.3, 1, 5), 1)
  slopes <- sample(c(0, 0.1, 0.5, 2), 1)
  together <- sample(c(-0.9, 0, 0.9), 1)
  level <- rnorm(groups)
  slope <- together * level + sqrt(1 - together^2) * rnorm(groups)
  y <- 3 + 0.5 * t + x + 0.3 * z + levels * level[g] + slopes * slope[g] * t + rnorm(groups * visits)
  data <- data.frame(sample, g, t, x, z, y)[runif(groups * visits) < 0.8, ]
  rows <- rbind(rows, data)
  for (model in names(models)) {
    fit <- suppressMessages(suppressWarnings(lmerTest::lmer(models[[model]], data, control = control)))
    one <- summary(fit)$coefficients
    other <- summary(fit, ddf = "Kenward-Roger")$coefficients
    values <- c(one[, "Std. Error"], one[, "df"], other[, "Std. Error"], other[, "df"])
    fits <- rbind(fits, data.frame(sample, model, loglik = as.numeric(logLik(fit)), t(setNames(values, paste0("v", seq_along(values))))))
  }
}
write.csv(rows, file.path(folder, "rows.csv"), row.names = FALSE, quote = FALSE)
write.csv(fits, file.path(folder, "fits.csv"), row.names = FALSE, quote = FALSE)
