# What `lutrace fit` gives on plain files: Rscript reference.R STATS_FOLDER OUT.csv
source(file.path(commandArgs(trailingOnly = TRUE)[1], "put.R"))
need("survival")
need("cmprsk")
need("lmerTest")
need("MASS")

lung <- read_input("lung")
bladder <- read_input("bladder2")
heart <- read_input("heart")
mgus <- read_input("mgus2")
control <- coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 100)

model <- function(case, fit) {
  found <- summary(fit)
  put(case, "coef", coef(fit))
  put(case, "se", found$coefficients[, "se(coef)"])
  put(case, "low", found$conf.int[, 3])
  put(case, "high", found$conf.int[, 4])
  put(case, "p", found$coefficients[, ncol(found$coefficients)])
  put(case, "n", c(fit$n, fit$nevent))
}

model("cox", coxph(Surv(time, status == 2) ~ age + log2(wt.loss + 40) + factor(sex), transform(lung), control = control))
fit <- coxph(Surv(time, status == 2) ~ age + I(ph.karno / 10) + strata(sex), lung, ties = "breslow", control = control)
model("cox strata breslow", fit)
put("cox strata breslow", "proportional hazards", cox.zph(fit)$table[, "p"])
model("cox cluster", coxph(Surv(start, stop, event) ~ number + size, bladder, cluster = id, control = control))
model("cox weights", coxph(Surv(start, stop, event) ~ age + surgery, transform(heart, w = 0.5 + age^2 / 100), weights = w, cluster = id, control = control))

curve <- survfit(Surv(time, status == 2) ~ sex, lung, conf.type = "log-log")
put("km", "median", t(summary(curve)$table[, c("median", "0.95LCL", "0.95UCL")]))
points <- summary(curve, times = c(100, 365))
put("km", "survival", points$surv)
put("km", "se", points$std.err)
put("km", "low", points$lower)
put("km", "at risk", points$n.risk)
put("km", "log-rank", survdiff(Surv(time, status == 2) ~ sex, lung)$chisq)
put("km", "rmst", summary(curve, rmean = 600)$table[, c("rmean", "se(rmean)")])

mgus$etime <- with(mgus, ifelse(pstat == 1, ptime, futime))
mgus$event <- with(mgus, ifelse(pstat == 1, "pcm", ifelse(death == 1, "death", "0")))
put("cif", "gray", cuminc(mgus$etime, mgus$event, mgus$sex, cencode = "0")$Tests[, "stat"])
states <- survfit(Surv(etime, factor(event, c("0", "death", "pcm"))) ~ sex, mgus)
at <- summary(states, times = c(60, 120))
put("cif", "incidence", t(at$pstate[, 2:3]))
put("cif", "se", t(at$std.err[, 2:3]))
known <- mgus[!is.na(mgus$mspike), ]
gray <- crr(known$etime, known$event, cbind(known$age, known$sex == "M", known$mspike), failcode = "pcm", cencode = "0", gtol = 1e-12)
put("fine-gray", "coef", gray$coef)
put("fine-gray", "se", sqrt(diag(gray$var)))

lung$low <- lung$time
lung$high <- ifelse(lung$status == 2, lung$time, NA)
fit <- survreg(Surv(low, high, type = "interval2") ~ age + factor(sex), lung, control = list(rel.tolerance = 1e-12))
put("aft", "coef", coef(fit))
put("aft", "se", sqrt(diag(vcov(fit)))[1:3])
put("aft", "scale", fit$scale)
lung$died <- lung$status == 2
fit <- glm(died ~ age + factor(sex), binomial, lung, control = list(epsilon = 1e-14, maxit = 100))
put("logistic", "coef", coef(fit))
put("logistic", "se", sqrt(diag(vcov(fit))))
put("logistic", "n", c(nrow(lung), sum(lung$died)))

sleep <- read_input("sleepstudy")
strict <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e5))
fit <- lmer(Reaction ~ Days + (Days | Subject), sleep, control = strict)
for (ddf in c("Kenward-Roger", "Satterthwaite")) {
  found <- summary(fit, ddf = ddf)$coefficients
  put(paste("mixed", ddf), "coef", found[, "Estimate"])
  put(paste("mixed", ddf), "se", found[, "Std. Error"])
  put(paste("mixed", ddf), "df", found[, "df"])
  put(paste("mixed", ddf), "p", found[, "Pr(>|t|)"])
}
put("mixed Satterthwaite", "spread", c(as.data.frame(VarCorr(fit))$sdcor[c(1, 2, 4)]))

known <- lung[!is.na(lung$ph.ecog), ]
fit <- MASS::polr(factor(ph.ecog) ~ age + factor(sex), known, Hess = TRUE, control = list(reltol = 1e-15, maxit = 1000))
put("ordinal", "coef", coef(fit))
put("ordinal", "cuts", fit$zeta)
finish(c("survival", "cmprsk", "lmerTest", "pbkrtest", "MASS"))
