# Weights, weighted effects and matching of random samples: Rscript sweep.R STATS OUT.csv ROWS.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("MatchIt")
tight <- glm.control(epsilon = 1e-15, maxit = 100)
# Two controls each: MatchIt 4.5.1 gives some second controls to who comes later, though the one before is as free to
# take the nearer (6 of 120 samples), so the rule is written out here.
greedy <- function(data, count) {
  table <- matrix(0, nrow(data), count)
  free <- which(data$z == 0)
  for (round in seq_len(count)) {
    for (row in order(-data$score)) {
      if (data$z[row] == 0 || !length(free) || (round > 1 && table[row, round - 1] == 0)) next
      best <- which.min(abs(data$score[free] - data$score[row]))
      table[row, round] <- free[best]
      free <- free[-best]
    }
  }
  c(t(table[data$z == 1, , drop = FALSE]))
}
samples <- read_samples()
for (case in names(samples)) {
  data <- samples[[case]]
  data$x <- data$x / sd(data$x)
  fit <- suppressWarnings(glm(z ~ x + whole, binomial, data, control = tight))
  e <- fitted(fit)
  apart <- !fit$converged || max(abs(coef(fit)), na.rm = TRUE) > 15 || anyNA(coef(fit)) || min(e, 1 - e) < 1e-9
  z <- data$z
  y <- data$event
  for (estimand in c("ATE", "ATT", "ATC", "ATO", "ATM")) {
    w <- switch(estimand, ATE = 1, ATT = e, ATC = 1 - e, ATO = e * (1 - e), ATM = pmin(e, 1 - e)) / ifelse(z == 1, e, 1 - e)
    attempt(case, estimand, if (apart) NA else c(weighted.mean(y[z == 1], w[z == 1]), weighted.mean(y[z == 0], w[z == 0]), w))
  }
  data$near <- data$score * 1e9  # MatchIt 4.5.1 cuts distances down to whole numbers
  pairs <- function(...) {
    m <- suppressWarnings(matchit(z ~ x, data, distance = data$near, ...))
    c(t(m$match.matrix))
  }
  rows <- function(found) ifelse(is.na(found), 0, match(found, rownames(data)))
  attempt(case, "largest", rows(pairs()))
  attempt(case, "smallest", rows(pairs(m.order = "smallest")))
  attempt(case, "data", rows(pairs(m.order = "data")))
  attempt(case, "two", greedy(data, 2))
  attempt(case, "caliper", rows(pairs(caliper = 0.3)))
  attempt(case, "replace", rows(pairs(replace = TRUE)))
}
finish("MatchIt")
