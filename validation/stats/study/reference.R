# The regression models of a study file: Rscript reference.R STATS_FOLDER OUT.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
for (package in c("survival", "lme4", "lmerTest", "pbkrtest", "brglm2", "sandwich", "MASS", "numDeriv")) need(package)
own_input <- function(name) read.csv(file.path(arguments[1], "study", "inputs", paste0(name, ".csv")))
patients <- own_input("patients")
for (name in c("tox", "worse")) patients[[paste0(name, "_event")]] <- as.integer(patients[[paste0(name, "_event")]] == "yes")
terms <- c("hb", "suv", "psa")

# Logistic models: the screen with adjusted p, all together, few events with Firth's penalty, each patient left out.
tight <- list(epsilon = 1e-14, maxit = 200)
auc <- function(outcome, line) {
  pairs <- outer(line[outcome == 1], line[outcome == 0], function(a, b) (a > b) + (a == b) / 2)
  mean(pairs)
}
left_out <- function(formula, data, outcome, ...) {
  sapply(seq_len(nrow(data)), function(i) {
    fit <- glm(formula, binomial, data[-i, ], ...)
    predict(fit, data[i, ])
  })
}
pair_out <- function(formula, data, outcome, fit = function(data) glm(formula, binomial, data, control = tight)) {
  pairs <- expand.grid(no = which(outcome == 0), yes = which(outcome == 1))
  mean(mapply(function(no, yes) {
    line <- predict(fit(data[-c(no, yes), ]), data[c(no, yes), ])
    (line[2] > line[1]) + (line[2] == line[1]) / 2
  }, pairs$no, pairs$yes))
}
ratio_p <- function(fit, without) pchisq(deviance(without) - deviance(fit), 1, lower.tail = FALSE)
empty <- glm(response ~ 1, binomial, patients, control = tight)
screen <- lapply(terms, function(term) glm(reformulate(term, "response"), binomial, patients, control = tight))
put("screen", "coef", sapply(screen, function(fit) coef(fit)[2]))
put("screen", "se", sapply(screen, function(fit) sqrt(vcov(fit)[2, 2])))
p <- sapply(screen, ratio_p, without = empty)
put("screen", "p", p)
put("screen", "q", p.adjust(p, "BH"))
put("screen", "auc", sapply(terms, function(term) auc(patients$response, left_out(reformulate(term, "response"), patients, control = tight))))
put("screen", "auc by pairs", sapply(terms, function(term) pair_out(reformulate(term, "response"), patients, patients$response)))
put("screen", "ratio per sd", sapply(seq_along(terms), function(i) exp(coef(screen[[i]])[2] * sd(patients[[terms[i]]]))))
together <- glm(response ~ hb + suv + psa, binomial, patients, control = tight)
put("together", "coef", coef(together)[-1])
put("together", "p", sapply(terms, function(term) ratio_p(together, update(together, paste(". ~ . -", term)))))
put("together", "auc", auc(patients$response, left_out(response ~ hb + suv + psa, patients, control = tight)))
put("together", "auc by pairs", pair_out(response ~ hb + suv + psa, patients, patients$response))
put("together", "apparent", auc(patients$response, predict(together)))
put("together", "inflation", diag(solve(cor(patients[terms]))))
firth <- function(...) glm(..., method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 1000)
few <- firth(rare ~ hb, binomial, patients)
put("few", "coef", coef(few)[2])
lines <- sapply(seq_len(nrow(patients)), function(i) predict(firth(rare ~ hb, binomial, patients[-i, ]), patients[i, ]))
put("few", "auc", auc(patients$rare, lines))
put("few", "auc by pairs", pair_out(rare ~ hb, patients, patients$rare, function(data) firth(rare ~ hb, binomial, data)))

# Linear models with robust errors.
gland <- lm(gland ~ psa + hb, patients)
se <- sqrt(diag(vcovHC(gland, "HC1")))[2]
put("gland", "coef", coef(gland)[2])
put("gland", "se", se)
put("gland", "p", 2 * pt(-abs(coef(gland)[2] / se), gland$df.residual))
put("gland", "per sd", coef(gland)[2] * sd(patients$psa))

# Scores over cycles.
scores <- merge(own_input("scores"), patients, by = "patient_id")
scores <- scores[order(scores$patient_id, scores$cycles), ]
control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e5), calc.derivs = FALSE)
mixed <- function(case, formula, data, named, contrast = NULL) {
  fit <- lmerTest::lmer(formula, data, control = control)
  found <- summary(fit, ddf = "Kenward-Roger")$coefficients[named, ]
  put(case, "coef", found[, "Estimate"])
  put(case, "se", found[, "Std. Error"])
  put(case, "df", found[, "df"])
  put(case, "p", found[, "Pr(>|t|)"])
  sd <- as.data.frame(VarCorr(fit))
  sd <- sd$sdcor[is.na(sd$var2)]
  put(case, "sd", sd)
  put(case, "icc", sd[1]^2 / (sd[1]^2 + sd[length(sd)]^2))
  rest <- residuals(fit) - mean(residuals(fit))
  put(case, "skewness", mean(rest^3) / mean(rest^2)^1.5)
  put(case, "kurtosis", mean(rest^4) / mean(rest^2)^2 - 3)
  put(case, "beyond", mean(abs(residuals(fit)) > 2 * sd[length(sd)]))
  put(case, "spread", cor(fitted(fit), abs(residuals(fit)), method = "spearman"))
  if (!is.null(contrast)) {
    weights <- as.numeric(names(fixef(fit)) == contrast) * 5
    single <- contest(fit, weights, joint = FALSE, ddf = "Kenward-Roger", confint = TRUE)
    put(case, "contrast", single[c("Estimate", "lower", "upper", "Pr(>|t|)")])
  }
}
split <- function(data) {
  data$between <- ave(data$cycles, data$patient_id)
  data$within <- data$cycles - data$between
  data$by_cycle <- (data$suv - mean(data$suv[!duplicated(data$patient_id)])) * data$within
  data
}
mixed("scores", score ~ suv + hb + within + between + (1 | patient_id), split(scores), c("suv", "within", "between"), "within")
mixed("scores slope", score ~ suv + within + between + by_cycle + (within | patient_id), split(scores), c("suv", "within", "between", "by_cycle"))
first <- scores[scores$cycles == 0, c("patient_id", "score")]
names(first)[2] <- "baseline"
later <- merge(scores[scores$cycles > 0, ], first, by = "patient_id")
later <- later[order(later$patient_id, later$cycles), ]
mixed("scores after", score ~ suv + cycles + baseline + (1 | patient_id), later, c("suv", "cycles", "baseline"))
both <- split(scores)
both$place <- (both$score - 11) / 22
fractional <- glm(place ~ suv + hb + within + between, quasibinomial, both, control = tight)
se <- sqrt(diag(vcovCL(fractional, cluster = both$patient_id, type = "HC0", cadjust = TRUE)))[2]
put("scores", "fractional", c(coef(fractional)[2], se))
last <- scores[!duplicated(scores$patient_id, fromLast = TRUE), ]
ordinal <- polr(factor(score) ~ suv + hb, last, Hess = TRUE, control = list(reltol = 1e-14, maxit = 1000))
put("scores", "ordinal", coef(ordinal)[1])

# Cox models.
exactly <- coxph.control(eps = 1e-12, iter.max = 100)
tox <- Surv(patients$tox_days, patients$tox_event)
worse <- Surv(patients$worse_days, patients$worse_event)
strata <- coxph(tox ~ hb + psa + strata(site), patients, control = exactly)
put("strata", "coef", coef(strata))
put("strata", "se", sqrt(diag(vcov(strata))))
put("strata", "ratio per sd", exp(coef(strata)[1] * sd(patients$hb)))
ridge <- coxph(tox ~ ridge(hb, psa, theta = 3, scale = TRUE), patients, control = exactly)
put("ridge", "coef", coef(ridge)[1])
pair <- (seq_len(nrow(patients)) - 1) %/% 2
clusters <- coxph(tox ~ hb + cluster(pair), patients, control = exactly)
put("clusters", "coef", coef(clusters))
put("clusters", "robust", sqrt(diag(vcov(clusters))))
without <- coxph(worse ~ psa, patients, control = exactly)
with <- coxph(worse ~ suv + psa, patients, control = exactly)
put("increment", "estimate", concordance(with)$concordance - concordance(without)$concordance)
put("increment", "test", c(2 * (with$loglik[2] - without$loglik[2]), anova(without, with)[2, ncol(anova(without, with))]))
knots <- quantile(patients$suv, c(0.05, 0.35, 0.65, 0.95))
rcs <- function(x) {
  cube <- function(v) pmax(v, 0)^3
  k <- knots
  column <- function(j) (cube(x - k[j]) - cube(x - k[3]) * (k[4] - k[j]) / (k[4] - k[3]) + cube(x - k[4]) * (k[3] - k[j]) / (k[4] - k[3])) / (k[4] - k[1])^2
  cbind(x, column(1), column(2))
}
columns <- rcs(patients$suv)
curve <- coxph(worse ~ columns + psa, patients, control = exactly)
ratio <- 2 * (curve$loglik[2] - with$loglik[2])
put("spline", "test", c(ratio, pchisq(ratio, 2, lower.tail = FALSE)))
at <- seq(quantile(patients$suv, 0.05), quantile(patients$suv, 0.95), length.out = 41)
away <- sweep(rcs(at), 2, rcs(median(patients$suv)))
line <- drop(away %*% coef(curve)[1:3])
half <- qnorm(0.975) * sqrt(diag(away %*% vcov(curve)[1:3, 1:3] %*% t(away)))
put("spline", "value", at)
put("spline", "estimate", exp(line))
put("spline", "low", exp(line - half))
put("spline", "high", exp(line + half))
risk <- (1 - 0.5^sqrt(exp(coef(strata)[1]))) / (1 - 0.5^sqrt(1 / exp(coef(strata)[1])))
away_from_one <- max(risk, 1 / risk)
put("e value", "estimate", away_from_one + sqrt(away_from_one * (away_from_one - 1)))
finish(c("survival", "lme4", "lmerTest", "pbkrtest", "brglm2", "sandwich", "MASS"))
