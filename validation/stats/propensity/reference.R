# Propensity scores, weights, matching, balance, effects: Rscript reference.R STATS_FOLDER OUT.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("MatchIt")
need("survival")
need("numDeriv")
tight <- glm.control(epsilon = 1e-14, maxit = 100)
own <- file.path(arguments[1], "propensity", "inputs")

lalonde <- read.csv(file.path(own, "lalonde.csv"))
lalonde$black <- as.numeric(lalonde$race == "black")
lalonde$hispan <- as.numeric(lalonde$race == "hispan")
lalonde$worked <- as.numeric(lalonde$re78 > 0)
names <- c("age", "educ", "black", "hispan", "married", "nodegree", "re74", "re75")
fit <- glm(reformulate(names, "treat"), binomial, lalonde, control = tight)
e <- fitted(fit)
z <- lalonde$treat
put("lalonde", "coef", coef(fit))
put("lalonde", "se", sqrt(diag(vcov(fit))))
put("lalonde", "score", e)

tilts <- list(ATE = rep(1, length(e)), ATT = e, ATC = 1 - e, ATO = e * (1 - e), ATM = pmin(e, 1 - e))
X <- model.matrix(fit)
weighted_var <- function(x, w) { w <- w / sum(w); sum(w * (x - sum(w * x))^2) / (1 - sum(w^2)) }
# Weighted means with the score's equations stacked: bread and meat of all equations at once, no influence functions.
stacked <- function(weight_of, y, w) {
  means <- c(weighted.mean(y[z == 1], w[z == 1]), weighted.mean(y[z == 0], w[z == 0]))
  psi <- cbind(X * (z - e), w * z * (y - means[1]), w * (1 - z) * (y - means[2]))
  p <- ncol(X)
  bread <- matrix(0, p + 2, p + 2)
  bread[1:p, 1:p] <- crossprod(X * (e * (1 - e)), X)
  bread[p + 1, p + 1] <- sum(w * z)
  bread[p + 2, p + 2] <- sum(w * (1 - z))
  # d weight / d linear predictor, from the weights written as functions of the odds
  slope <- weight_of(log(e / (1 - e)))
  bread[p + 1, 1:p] <- -colSums(slope * z * (y - means[1]) * X)
  bread[p + 2, 1:p] <- -colSums(slope * (1 - z) * (y - means[2]) * X)
  inverse <- solve(bread, diag(p + 2), tol = 0)
  covariance <- (inverse %*% crossprod(psi) %*% t(inverse))[p + 1:2, p + 1:2]
  c(means, means[1] - means[2], sqrt(c(diag(covariance), sum(covariance * c(1, -1, -1, 1)))))
}
odds_slopes <- list(
  ATE = function(eta) ifelse(z == 1, -exp(-eta), exp(eta)),
  ATT = function(eta) ifelse(z == 1, 0, exp(eta)),
  ATC = function(eta) ifelse(z == 1, -exp(-eta), 0),
  ATO = function(eta) ifelse(z == 1, -1, 1) * exp(eta) / (1 + exp(eta))^2,
  ATM = function(eta) ifelse(z == 1, ifelse(eta > 0, -exp(-eta), 0), ifelse(eta > 0, 0, exp(eta))))
for (estimand in names(tilts)) {
  w <- tilts[[estimand]] / ifelse(z == 1, e, 1 - e)
  put(estimand, "weights", w)
  put(estimand, "effective", c(sum(w[z == 1])^2 / sum(w[z == 1]^2), sum(w[z == 0])^2 / sum(w[z == 0]^2)))
  put(estimand, "mean outcome", stacked(odds_slopes[[estimand]], lalonde$re78, w))
  put(estimand, "risk", stacked(odds_slopes[[estimand]], lalonde$worked, w))
  for (name in names) {
    x <- lalonde[[name]]
    binary <- all(x %in% 0:1)
    v <- sapply(1:0, function(k) if (binary) mean(x[z == k]) * (1 - mean(x[z == k])) else var(x[z == k]))
    differ <- weighted.mean(x[z == 1], w[z == 1]) - weighted.mean(x[z == 0], w[z == 0])
    put(paste(estimand, name), "1 + standardised", 1 + c(differ / sqrt(mean(v)), differ / sqrt(v)))
    if (!binary) {
      put(paste(estimand, name), "ratio", weighted_var(x[z == 1], w[z == 1]) / weighted_var(x[z == 0], w[z == 0]))
    }
  }
}

augmented <- function(y, family, names) {
  formula <- reformulate(names, "y")
  data <- cbind(lalonde[names], y = y)
  m1 <- predict(glm(formula, family, data[z == 1, ], control = tight), data, type = "response")
  m0 <- predict(glm(formula, family, data[z == 0, ], control = tight), data, type = "response")
  ate <- m1 - m0 + z * (y - m1) / e - (1 - z) * (y - m0) / (1 - e)
  att <- (z * (y - m0) - (1 - z) * e / (1 - e) * (y - m0)) / mean(z)
  tau <- mean(att)
  c(mean(ate), sqrt(mean((ate - mean(ate))^2) / length(y)), tau, sqrt(mean((att - z * tau / mean(z))^2) / length(y)))
}
put("augmented", "linear", augmented(lalonde$re78, gaussian, names))
put("augmented", "logistic", augmented(lalonde$worked, binomial, names[c(1, 2, 6, 7)]))  # hispan separates worked

# Weighted hazard ratio with the score's error: the slope of coxph's estimate by the score's coefficients is taken
# numerically. Follow-up is made up of the earnings (in steps of 500, none: censored at once).
lalonde$time <- 1 + ceiling(lalonde$re78 / 500)
exact <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100, timefix = FALSE)
tilt_of <- list(ATE = function(e) 1, ATT = function(e) e, ATC = function(e) 1 - e, ATO = function(e) e * (1 - e), ATM = function(e) pmin(e, 1 - e))
for (estimand in names(tilts)) {
  for (ties in c("efron", "breslow")) {
    weighted <- function(gamma) {
      score <- plogis(drop(X %*% gamma))
      w <- tilt_of[[estimand]](score) / ifelse(z == 1, score, 1 - score)
      coxph(Surv(time, worked) ~ treat, lalonde, weights = w, robust = TRUE, ties = ties, control = exact)
    }
    found <- weighted(coef(fit))
    slope <- jacobian(function(gamma) coef(weighted(gamma)), coef(fit))
    own <- residuals(found, "dfbeta", weighted = TRUE)
    influence <- own + drop((X * (z - e)) %*% vcov(fit) %*% t(slope))
    put(paste(estimand, ties), "hazard ratio", c(coef(found), sqrt(sum(own^2)), sqrt(sum(influence^2))))
    put(paste(estimand, ties), "clusters of age", sqrt(sum(rowsum(influence, lalonde$age)^2)))
  }
}

# Matching: on a score without ties (the linear predictor with a small part of the row's number).
# MatchIt 4.5.1 (Debian) cuts distances down to whole numbers (mended later: its news of 4.5.4 and 4.5.5), so that it
# pairs anybody less than 1 apart: the score is multiplied until that does not matter.
lalonde$near <- 1e8 * (predict(fit) + seq_len(nrow(lalonde)) * sqrt(2) * 1e-4)
match_case <- function(case, ...) {
  suppressWarnings(m <- matchit(reformulate(names, "treat"), lalonde, distance = lalonde$near, ...))
  put(case, "weights", m$weights)
  pairs <- m$match.matrix
  put(case, "controls", as.integer(t(pairs)))
  s <- summary(m, standardize = TRUE)$sum.matched
  place <- if (is.null(s)) NULL else s[names, "Std. Mean Diff."]
  put(case, "standardised", place)
}
match_case("match 1")
match_case("match smallest", m.order = "smallest")
match_case("match data", m.order = "data")
match_case("match caliper", caliper = 0.2)
match_case("match 2", ratio = 2)
match_case("match 2 caliper", ratio = 2, caliper = 0.05)
match_case("match replace", replace = TRUE)
# With replacement and ratio above 1, MatchIt 4.5.1 names one control several times: not compared.
finish(c("MatchIt", "survival", "numDeriv"))
