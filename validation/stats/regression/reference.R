# Regression and description: Rscript reference.R STATS_FOLDER OUT.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
for (package in c("lme4", "lmerTest", "pbkrtest", "MASS", "sandwich", "brglm2", "numDeriv")) need(package)
own_input <- function(name) read.csv(file.path(arguments[1], "regression", "inputs", paste0(name, ".csv")))

# Mixed models. lmer's optimiser is driven as far as it goes.
mixed <- function(case, formula, data, REML = TRUE, contrasts = NULL) {
  control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e5), calc.derivs = FALSE, check.conv.singular = "ignore")
  fit <- lmerTest::lmer(formula, data, REML = REML, control = control)
  put(case, "loglik", logLik(fit))
  put(case, "coef", fixef(fit))
  put(case, "model se", sqrt(diag(as.matrix(vcov(fit)))))
  parts <- as.data.frame(VarCorr(fit), order = "lower.tri")
  sd <- parts$sdcor[is.na(parts$var2)]
  put(case, "random sd", ifelse(sd < 1e-5, 0, sd))
  for (method in if (REML) c("Satterthwaite", "Kenward-Roger") else "Satterthwaite") {
    found <- summary(fit, ddf = method)$coefficients
    put(case, paste(method, "se"), found[, "Std. Error"])
    put(case, paste(method, "df"), found[, "df"])
    put(case, paste(method, "p"), found[, "Pr(>|t|)"])
    if (!is.null(contrasts)) {
      joint <- contest(fit, contrasts, joint = TRUE, ddf = method)
      put(case, paste(method, "joint"), joint[c("F value", "NumDF", "DenDF", "Pr(>F)")])
      single <- contest(fit, colSums(contrasts), joint = FALSE, ddf = method, confint = TRUE)
      put(case, paste(method, "contrast"), single[c("Estimate", "Std. Error", "df", "lower", "upper", "Pr(>|t|)")])
    }
  }
}
sleep <- read_input("sleepstudy")
mixed("sleep correlated", Reaction ~ Days + (Days | Subject), sleep)
mixed("sleep uncorrelated", Reaction ~ Days + (Days || Subject), sleep)
mixed("sleep intercept", Reaction ~ Days + (1 | Subject), sleep)
mixed("sleep maximum", Reaction ~ Days + (Days | Subject), sleep, REML = FALSE)
visits <- own_input("visits")
visits$between <- ave(visits$pain, visits$patient)
visits$within <- visits$pain - visits$between
visits$course <- visits$visit * visits$treated
both <- rbind(c(0, 0, 1, 0, 0, 0), c(0, 0, 0, 1, 0, 0))
mixed("visits correlated", score ~ visit + treated + course + between + within + (visit | patient), visits, contrasts = both)
mixed("visits uncorrelated", score ~ visit + treated + course + between + within + (visit || patient), visits, contrasts = both)
mixed("visits intercept", score ~ visit + treated + course + between + within + (1 | patient), visits, contrasts = both)
mixed("visits two slopes", score ~ visit + treated + course + between + within + (visit + within | patient), visits, contrasts = both)
mixed("visits maximum", score ~ visit + treated + course + between + within + (visit | patient), visits, REML = FALSE)
mixed("flat intercept", flat ~ visit + treated + (1 | patient), visits)
mixed("flat correlated", flat ~ visit + treated + (visit | patient), visits)

# Linear models, plain and with clusters.
linear <- lm(score ~ treated + age + pain, visits)
found <- summary(linear)
put("linear plain", "coef", coef(linear))
put("linear plain", "se", found$coefficients[, 2])
put("linear plain", "p", found$coefficients[, 4])
put("linear plain", "low", confint(linear)[, 1])
put("linear plain", "fit", c(found$sigma, found$r.squared, linear$df.residual))
se <- sqrt(diag(vcovCL(linear, cluster = visits$patient, type = "HC0", cadjust = TRUE)))
put("linear clusters", "se", se)
put("linear clusters", "p", 2 * pt(-abs(coef(linear) / se), 60))

# Logistic models. Profile bounds by root finding (confint interpolates between points of the profile).
tight <- list(epsilon = 1e-15, maxit = 100)
bounds <- function(x, y, weights, offset, best, se) {
  deviance_at <- function(k, b) glm.fit(x[, -k, drop = FALSE], y, weights, offset = offset + x[, k] * b, family = quasibinomial(), control = tight)$deviance
  lowest <- glm.fit(x, y, weights, offset = offset, family = quasibinomial(), control = tight)$deviance
  one <- function(k, side) {
    gap <- function(b) deviance_at(k, b) - lowest - qchisq(0.95, 1)
    uniroot(gap, sort(best[k] + side * se[k] * c(0.5, 6)), tol = 1e-13, extendInt = "yes")$root
  }
  list(
    low = sapply(seq_along(best), one, -1), high = sapply(seq_along(best), one, 1),
    ratio = sapply(seq_along(best), function(k) deviance_at(k, 0) - lowest)
  )
}
logistic <- function(case, data, weights = rep(1, nrow(data)), offset = rep(0, nrow(data)), cluster = NULL) {
  data$w <- weights
  data$o <- offset
  fit <- suppressWarnings(glm(event ~ treated + age + pain, binomial, data, weights = w, offset = o, control = tight))
  put(case, "coef", coef(fit))
  put(case, "loglik", -fit$deviance / 2)
  if (is.null(cluster)) {
    found <- summary(fit)$coefficients
    put(case, "se", found[, 2])
    put(case, "wald p", found[, 4])
    profile <- bounds(model.matrix(fit), data$event, weights, offset, coef(fit), found[, 2])
    put(case, "low", exp(profile$low))
    put(case, "high", exp(profile$high))
    put(case, "ratio p", pchisq(profile$ratio, 1, lower.tail = FALSE))
  } else {
    se <- sqrt(diag(vcovCL(fit, cluster = cluster, type = "HC0", cadjust = TRUE)))
    put(case, "se", se)
    put(case, "low", exp(coef(fit) - qnorm(0.975) * se))
    put(case, "high", exp(coef(fit) + qnorm(0.975) * se))
    put(case, "wald p", 2 * pnorm(-abs(coef(fit) / se)))
  }
}
logistic("logistic plain", visits)
logistic("logistic counts", visits, weights = visits$count, offset = visits$offset)
logistic("logistic clusters", visits, cluster = visits$patient)
logistic("logistic weights", visits, weights = visits$weight, cluster = seq_len(nrow(visits)))

# Firth's penalty: coefficients by brglm2, the profile of the penalised likelihood by maximising it directly.
firth <- function(case, x, y) {
  fit <- brglmFit(x, y, family = binomial(), control = list(type = "AS_mean", epsilon = 1e-13, maxit = 1000))
  best <- fit$coefficients
  height <- function(b) {
    p <- plogis(drop(x %*% b))
    sum(ifelse(y == 1, log(p), log1p(-p))) + as.numeric(determinant(crossprod(x, x * (p * (1 - p))))$modulus) / 2
  }
  p <- plogis(drop(x %*% best))
  information <- crossprod(x, x * (p * (1 - p)))
  hat <- rowSums((x %*% solve(information)) * x) * p * (1 - p)
  put(case, "coef", best)
  put(case, "se", sqrt(diag(solve(crossprod(x, x * ((1 + hat) * p * (1 - p)))))))
  put(case, "loglik", height(best))
  scale <- sqrt(diag(solve(information)))
  spread <- solve(information)
  at <- function(k, b) {
    start <- best + (b - best[k]) * spread[, k] / spread[k, k]
    rest <- function(free) {
      full <- best
      full[k] <- b
      full[-k] <- start[-k] + free * scale[-k]
      value <- -height(full)
      if (is.finite(value)) value else 1e6
    }
    found <- list(par = rep(0, length(best) - 1))
    for (round in 1:5) found <- optim(found$par, rest, method = "BFGS", control = list(reltol = 1e-16, maxit = 1000))
    -found$value
  }
  top <- height(best)
  one <- function(k, side) uniroot(function(b) 2 * (top - at(k, b)) - qchisq(0.95, 1), sort(best[k] + side * scale[k] * c(0.3, 4)), tol = 1e-12, extendInt = "yes")$root
  covariates <- 2:ncol(x)
  put(case, "low", exp(sapply(covariates, one, -1)))
  put(case, "high", exp(sapply(covariates, one, 1)))
  put(case, "ratio p", sapply(covariates, function(k) pchisq(2 * (top - at(k, 0)), 1, lower.tail = FALSE)))
  line <- drop(x %*% best)
  shift <- glm.fit(matrix(1, nrow(x), 1), y, offset = line - best[1], family = binomial(), control = tight)$coefficients
  put(case, "FLIC intercept", shift)
  pseudo <- rbind(cbind(x, 0), cbind(x, 1), cbind(x, 1))
  flac <- glm.fit(pseudo, c(y, y, 1 - y), c(rep(1, length(y)), hat / 2, hat / 2), family = quasibinomial(), control = tight)
  put(case, "FLAC coef", flac$coefficients[seq_len(ncol(x))])
  se <- sqrt(diag(solve(crossprod(pseudo, pseudo * flac$weights))))
  put(case, "FLAC se", se[seq_len(ncol(x))])
  profile <- bounds(pseudo, c(y, y, 1 - y), c(rep(1, length(y)), hat / 2, hat / 2), rep(0, nrow(pseudo)), flac$coefficients, se)
  put(case, "FLAC low", exp(profile$low[covariates]))
  put(case, "FLAC high", exp(profile$high[covariates]))
}
separated <- own_input("separated")
firth("firth separated", model.matrix(event ~ marker + age, separated), separated$event)
firth("firth visits", model.matrix(event ~ treated + pain, visits[visits$visit == 0, ]), visits$event[visits$visit == 0])

# Ordered classes and bounded scores.
ordinal <- polr(factor(class, ordered = TRUE) ~ treated + age + pain, visits, Hess = TRUE, control = list(reltol = 1e-16, maxit = 1000))
put("ordinal", "coef", coef(ordinal))
put("ordinal", "cut points", ordinal$zeta)
lower_than <- function(values) {
  x <- as.matrix(visits[c("treated", "age", "pain")])
  edges <- plogis(outer(-drop(x %*% values[1:3]), c(-Inf, values[-(1:3)], Inf), "+"))
  -sum(log(edges[cbind(seq_len(nrow(x)), visits$class + 2)] - edges[cbind(seq_len(nrow(x)), visits$class + 1)]))
}
# polr's own errors come from differences of slopes at steps of 0.001.
put("ordinal", "se", sqrt(diag(solve(numDeriv::hessian(lower_than, c(coef(ordinal), ordinal$zeta))))))
put("ordinal", "loglik", logLik(ordinal))
visits$share <- visits$score / 100
fractional <- glm(share ~ treated + age + pain, quasibinomial, visits, control = tight)
put("fractional", "coef", coef(fractional))
put("fractional", "se", sqrt(diag(vcovCL(fractional, cluster = visits$patient, type = "HC0", cadjust = TRUE))))
put("fractional", "mean change", 100 * coef(fractional)[-1] * mean(fitted(fractional) * (1 - fitted(fractional))))

# Proportions and tables.
for (pair in list(c(0, 12), c(3, 17), c(50, 66), c(9, 9))) {
  case <- paste("proportion", pair[1], pair[2])
  put(case, "exact", binom.test(pair[1], pair[2])$conf.int)
  put(case, "Wilson", prop.test(pair[1], pair[2], correct = FALSE)$conf.int)
}
wilson <- function(x, n) prop.test(x, n, correct = FALSE)$conf.int
newcombe <- function(a, m, b, n) {
  one <- wilson(a, m)
  two <- wilson(b, n)
  gap <- a / m - b / n
  c(gap, gap - sqrt((a / m - one[1])^2 + (two[2] - b / n)^2), gap + sqrt((one[2] - a / m)^2 + (b / n - two[1])^2))
}
put("difference", "66 of 99 37 of 101", newcombe(66, 99, 37, 101))
put("difference", "0 of 10 3 of 12", newcombe(0, 10, 3, 12))
tables <- list(small = rbind(c(3, 1), c(1, 6)), even = rbind(c(12, 9), c(7, 14)), zero = rbind(c(5, 0), c(3, 9)))
for (name in names(tables)) {
  table <- tables[[name]]
  case <- paste("table", name)
  put(case, "fisher p", fisher.test(table)$p.value)
  m <- sum(table[, 1]); n <- sum(table[, 2]); k <- sum(table[1, ]); x <- table[1, 1]
  support <- max(0, k - n):min(k, m)
  weight <- function(log_ratio) {
    value <- dhyper(support, m, n, k, log = TRUE) + log_ratio * support
    exp(value - max(value)) / sum(exp(value - max(value)))
  }
  solve_for <- function(f) exp(uniroot(f, c(-20, 20), tol = 1e-14)$root)
  put(case, "odds ratio", if (x == max(support)) Inf else solve_for(function(r) sum(support * weight(r)) - x))
  put(case, "low", solve_for(function(r) sum(weight(r)[support >= x]) - 0.025))
  put(case, "high", if (x == max(support)) Inf else solve_for(function(r) sum(weight(r)[support <= x]) - 0.025))
  for (correct in c(TRUE, FALSE)) {
    test <- suppressWarnings(chisq.test(table, correct = correct))
    put(case, paste("chi-square", correct), c(test$statistic, test$p.value))
  }
}
large <- rbind(c(3, 1, 2, 4), c(0, 4, 2, 9), c(5, 1, 1, 2))
put("table large", "fisher p", fisher.test(large, workspace = 1e7)$p.value)
test <- suppressWarnings(chisq.test(large))
put("table large", "chi-square", c(test$statistic, test$parameter, test$p.value))

# Groups, correlation, agreement.
pairs <- own_input("pairs")
first <- pairs$x[pairs$group == "a"]
second <- pairs$x[pairs$group != "a"]
test <- t.test(first, second)
put("groups", "Welch", c(test$estimate[1] - test$estimate[2], test$conf.int, test$statistic, test$parameter, test$p.value))
tied <- suppressWarnings(wilcox.test(pairs$z[pairs$group == "a"], pairs$z[pairs$group != "a"]))
put("groups", "rank sum tied", c(tied$statistic, tied$p.value))
free <- wilcox.test(unique(first)[1:9], unique(second)[1:12] + 0.05)
put("groups", "rank sum exact", c(free$statistic, free$p.value))
test <- kruskal.test(pairs$z, factor(pairs$group))
put("groups", "Kruskal-Wallis", c(test$statistic, test$parameter, test$p.value))
a <- pairs$group == "a"
gap <- weighted.mean(pairs$x[a], pairs$weight[a]) - weighted.mean(pairs$x[!a], pairs$weight[!a])
put("groups", "standardised", gap / sqrt(c((var(pairs$x[a]) + var(pairs$x[!a])) / 2, var(pairs$x[a]), var(pairs$x[!a]))))
test <- cor.test(pairs$x, pairs$y)
put("correlation", "Pearson", c(test$estimate, test$conf.int, test$statistic, test$p.value))
r <- cor(pairs$x, pairs$y, method = "spearman")
n <- nrow(pairs)
put("correlation", "Spearman", c(r, tanh(atanh(r) + c(-1, 1) * qnorm(0.975) * sqrt((1 + r^2 / 2) / (n - 3)))))
r <- cor(resid(lm(x ~ z + weight, pairs)), resid(lm(y ~ z + weight, pairs)))
t <- r * sqrt((n - 4) / (1 - r^2))
put("correlation", "partial", c(r, tanh(atanh(r) + c(-1, 1) * qnorm(0.975) / sqrt(n - 5)), t, 2 * pt(-abs(t), n - 4)))
kappa <- function(weights) {
  p <- table(factor(pairs$grade_x, 0:4), factor(pairs$grade_y, 0:4)) / n
  rows <- rowSums(p)
  columns <- colSums(p)
  observed <- sum(weights * p)
  chance <- sum(weights * outer(rows, columns))
  means <- outer(drop(weights %*% columns), drop(t(weights) %*% rows), "+")
  estimate <- (observed - chance) / (1 - chance)
  variance <- (sum(p * (weights * (1 - chance) - means * (1 - observed))^2) - (observed * chance - 2 * chance + observed)^2) / (n * (1 - chance)^4)
  c(estimate, sqrt(variance), estimate + c(-1, 1) * qnorm(0.975) * sqrt(variance))
}
steps <- abs(outer(0:4, 0:4, "-"))
put("agreement", "kappa none", kappa(1 * (steps == 0)))
put("agreement", "kappa linear", kappa(1 - steps / 4))
put("agreement", "kappa quadratic", kappa(1 - steps^2 / 16))
long <- with(pairs, data.frame(value = c(x, y, z), row = factor(rep(seq_len(n), 3)), rater = factor(rep(1:3, each = n))))
squares <- anova(lm(value ~ row + rater, long))[["Mean Sq"]]
within <- anova(lm(value ~ row, long))[["Mean Sq"]][2]
k <- 3
one_way <- function(rest, df) {
  f <- squares[1] / rest
  ends <- c(f / qf(0.975, n - 1, df), f * qf(0.975, df, n - 1))
  c((f - 1) / (f + k - 1), (ends - 1) / (ends + k - 1))
}
put("agreement", "icc 1 1", one_way(within, n * (k - 1)))
put("agreement", "icc 3 1", one_way(squares[3], (n - 1) * (k - 1)))
r <- (squares[1] - squares[3]) / (squares[1] + (k - 1) * squares[3] + k / n * (squares[2] - squares[3]))
f <- squares[2] / squares[3]
df <- (k - 1) * (n - 1) * (k * r * f + n * (1 + (k - 1) * r) - k * r)^2 / ((n - 1) * k^2 * r^2 * f^2 + (n * (1 + (k - 1) * r) - k * r)^2)
up <- qf(0.975, n - 1, df)
down <- qf(0.975, df, n - 1)
low <- n * (squares[1] - up * squares[3]) / (up * (k * squares[2] + (k * n - k - n) * squares[3]) + n * squares[1])
high <- n * (down * squares[1] - squares[3]) / (k * squares[2] + (k * n - k - n) * squares[3] + n * down * squares[1])
put("agreement", "icc 2 1", c(r, low, high))
limits <- function(patient) {
  d <- pairs$x - pairs$y
  means <- tapply(d, patient, mean)
  counts <- tapply(d, patient, length)
  m <- length(means)
  fit <- anova(lm(d ~ factor(patient)))
  extra <- if (m < n) (1 - mean(1 / counts)) * fit[["Mean Sq"]][2] else 0
  total <- var(means) + extra
  upper <- total + sqrt((var(means) * ((m - 1) / qchisq(0.025, m - 1) - 1))^2 + if (m < n) (extra * ((n - m) / qchisq(0.025, n - m) - 1))^2 else 0)
  lower <- total - sqrt((var(means) * (1 - (m - 1) / qchisq(0.975, m - 1)))^2 + if (m < n) (extra * (1 - (n - m) / qchisq(0.975, n - m)))^2 else 0)
  reach <- qt(0.975, m - 1) * sqrt(var(means) / m)
  z <- qnorm(0.975)
  bias <- mean(means)
  wide <- sqrt(reach^2 + z^2 * (sqrt(upper) - sqrt(total))^2)
  narrow <- sqrt(reach^2 + z^2 * (sqrt(total) - sqrt(lower))^2)
  bottom <- bias - z * sqrt(total)
  top <- bias + z * sqrt(total)
  c(bias, bias - reach, bias + reach, bottom, bottom - wide, bottom + narrow, top, top - narrow, top + wide)
}
put("agreement", "limits single", limits(seq_len(n)))
put("agreement", "limits repeated", limits(pairs$patient))
finish(c("lme4", "lmerTest", "pbkrtest", "MASS", "sandwich", "brglm2"))
