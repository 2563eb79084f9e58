"""Draws of which the truth is known, one per method, and what the method says of each. All data are synthetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr
from validation.stats.imputation.simulate import make_cohort

from lutrace.stats import (
    CoxFit,
    CoxRows,
    DfMethod,
    ImputationPlan,
    RandomEffects,
    Survival,
    competing_of,
    compute_gray_test,
    compute_log_rank,
    compute_outcome_predictors,
    compute_restricted_mean,
    compute_weighted_effect,
    compute_weighted_hazard_ratio,
    fit_cox,
    fit_fine_gray,
    fit_firth_cox,
    fit_mixed,
    fit_propensity,
    impute_covariates,
    make_landmark_set,
    make_time_varying_rows,
    measurements_of,
    pool_estimates,
    split_within_between,
    survival_of,
)

Floats = NDArray[np.float64]


class Said(NamedTuple):
    """Estimate, 95 % interval (infinite where a side is open) and p of no effect; NaN where a test has none of them."""

    estimate: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Case:
    """A method on draws of one kind: `truth` is what the estimate aims at (0: no effect)."""

    name: str
    truth: float
    n_sets: int
    draw: Callable[[np.random.Generator], Said]


def _log_ratio(fit: CoxFit, place: int = 0) -> Said:
    low, high = (np.log(bounds[place]) for bounds in (fit.low, fit.high))
    open_low, open_high = (-np.inf if np.isnan(low) else low), (np.inf if np.isnan(high) else high)
    return Said(fit.coef[place], float(open_low), float(open_high), fit.p[place])


def _censored(death: Floats, leaving: Floats) -> Survival:
    return survival_of(np.minimum(death, leaving), death <= leaving)


def draw_log_rank(random: np.random.Generator) -> Said:
    """66 patients in two halves without difference, visits by the month."""
    death, leaving = np.ceil(random.exponential(12, 66)), random.uniform(6, 24, 66)
    found = compute_log_rank(_censored(death, leaving), np.arange(66) % 2)
    return Said(np.nan, np.nan, np.nan, found.p)


def draw_restricted_mean(random: np.random.Generator) -> Said:
    """Mean survival up to 1 of 100 patients of hazard 1 and 100 of hazard 0.5."""
    group = np.repeat([0.0, 1.0], 100)
    death = random.exponential(1 / np.where(group == 1, 0.5, 1.0))
    found = compute_restricted_mean(_censored(death, random.uniform(0.8, 3, 200)), group, horizon=1).contrasts[0]
    return Said(found.difference, found.low, found.high, found.p)


RATIO_OF_HAEMOGLOBIN = float(np.log(0.61))
"""Log hazard ratio per g/dL that is put into the draws of toxicity."""
RESTRICTED_MEAN = 2 * -np.expm1(-0.5) + np.expm1(-1.0)


def draw_landmark(random: np.random.Generator, effect: float) -> Said:
    """A response seen at the landmark 0.4 by 200 patients that changes the hazard from then on."""
    before, after = random.exponential(1, 200), random.exponential(1, 200)
    response = (random.random(200) < 0.4).astype(float)
    death = np.where(before <= 0.4, before, 0.4 + after * np.exp(-effect * response))
    later = make_landmark_set(_censored(death, random.uniform(0.5, 3, 200)), landmark=0.4)
    return _log_ratio(fit_cox(later.survival, response[later.rows], terms=["response"]))


def draw_time_varying(random: np.random.Generator, effect: float) -> Said:
    """Responses at some time of the follow-up of 200 patients, from which on the hazard is another."""
    response, early, late = (random.exponential(scale, 200) for scale in (0.8, 1, 1))
    death = np.where(early <= response, early, response + late * np.exp(-effect))
    survival = _censored(death, random.uniform(0.5, 3, 200))
    seen = np.flatnonzero(response < survival.time)
    patient, when = np.append(np.arange(200), seen), np.append(np.zeros(200), response[seen])
    value = np.repeat([0.0, 1.0], [200, seen.size])
    rows = make_time_varying_rows(survival, {"response": measurements_of(patient, when, value, n=200)})
    return _log_ratio(fit_cox(rows.survival, rows.covariates, terms=rows.terms))


def _death_with(frailty: Floats, hazard: Floats, random: np.random.Generator) -> Floats:
    """Times exponential with `hazard` over all patients, that go with the patients' (standard normal) frailty."""
    latent = 0.7 * frailty + np.sqrt(1 - 0.49) * random.normal(size=frailty.size)
    return np.asarray(-np.log(ndtr(latent)) / hazard)


def draw_survey(random: np.random.Generator, effect: float) -> Said:
    """Sampled more often when frail and exposed; each of about 300 patients weighs one over its probability."""
    frailty, exposed = random.normal(size=600), (random.random(600) < 0.4).astype(float)
    probability = 0.2 + 0.6 * expit(frailty * np.where(exposed == 1, 2.0, -1.0))
    taken = random.random(600) < probability
    death = _death_with(frailty, np.exp(effect * exposed), random)
    survival = _censored(death, random.uniform(0.5, 3, 600)).select(taken)
    weighted = CoxRows(weights=1 / probability[taken])
    return _log_ratio(fit_cox(survival, exposed[taken], terms=["exposed"], rows=weighted))


def draw_weighted(random: np.random.Generator, effect: float) -> Said:
    """400 patients treated when frail; the hazard ratio by ATE weights of a fitted score, counted as estimated."""
    frailty = random.normal(size=400)
    treated = (random.random(400) < expit(0.8 * frailty)).astype(float)
    survival = _censored(_death_with(frailty, np.exp(effect * treated), random), random.uniform(0.5, 3, 400))
    found = compute_weighted_hazard_ratio(fit_propensity(treated, frailty, terms=["frailty"]), survival)
    return Said(found.coef, float(np.log(found.low)), float(np.log(found.high)), found.p)


def draw_stacked(random: np.random.Generator) -> Said:
    """The risk difference of 400 patients by ATE weights, the score counted as estimated; it is 0."""
    frailty = random.normal(size=400)
    treated = (random.random(400) < expit(0.8 * frailty)).astype(float)
    outcome = (random.random(400) < expit(frailty - 0.5)).astype(float)
    found = compute_weighted_effect(fit_propensity(treated, frailty, terms=["frailty"]), outcome)
    return Said(found.difference, found.low, found.high, found.p)


def draw_firth(random: np.random.Generator, effect: float) -> Said:
    """13 exposed of 66 and about 19 deaths: a new lesion at the second cycle in the first study."""
    exposed = (np.arange(66) < 13).astype(float)
    death = random.exponential(np.exp(-effect * exposed))
    leaving = random.uniform(0, 0.62 if effect else 0.75, 66)
    return _log_ratio(fit_firth_cox(_censored(death, leaving), exposed, terms=["exposed"]))


def _fine_gray_times(random: np.random.Generator, group: Floats, effect: float) -> tuple[Floats, NDArray[np.intp]]:
    """Times by Fine and Gray 1999: incidence 1 - (1 - 0.6 (1 - exp(-t)))^exp(effect group)."""
    ratio = np.exp(effect * group)
    share = 1 - 0.4**ratio
    first = random.random(group.size) < share
    inner = 1 - (1 - random.random(group.size) * share) ** (1 / ratio)
    time = np.where(first, -np.log(1 - inner / 0.6), random.exponential(1 / ratio))
    leaving = random.uniform(0.3, 3, group.size)
    return np.minimum(time, leaving), np.where(time > leaving, 0, np.where(first, 1, 2))


def draw_fine_gray(random: np.random.Generator, effect: float) -> Said:
    """200 patients of two groups, one other cause."""
    group = random.integers(0, 2, 200).astype(float)
    follow_up = competing_of(*_fine_gray_times(random, group, effect), censored=0)
    fit = fit_fine_gray(follow_up, group, terms=["group"], cause="1")
    return Said(fit.coef[0], float(np.log(fit.low[0])), float(np.log(fit.high[0])), fit.p[0])


def draw_gray(random: np.random.Generator) -> Said:
    """200 patients of two groups of one incidence."""
    group = random.integers(0, 2, 200).astype(float)
    follow_up = competing_of(*_fine_gray_times(random, group, 0.0), censored=0)
    return Said(np.nan, np.nan, np.nan, compute_gray_test(follow_up, group, cause="1").p)


def draw_mixed(random: np.random.Generator, *, slopes: bool, df_method: DfMethod) -> Said:
    """Twelve patients in two groups, up to five visits, one in five missing: levels, or slopes, that do not differ."""
    patient, visit = np.repeat(np.arange(12), 5), np.tile(np.arange(5.0), 12)
    group = (patient % 2).astype(float)
    level, slope = random.normal(size=(2, 12))[:, patient]
    differs = group * visit if slopes else group
    outcome = level + slopes * 0.5 * slope * visit + random.normal(size=60)
    came = (random.random(60) < 0.8) | (visit == 0)
    columns = {"differs": differs, **({"group": group, "visit": visit} if slopes else {})}
    fit = fit_mixed(
        outcome[came],
        np.column_stack(list(columns.values()))[came],
        terms=list(columns),
        random=RandomEffects(patient[came], ["visit"] if slopes else []),
        df_method=df_method,
    )
    return Said(fit.coef[1], fit.low[1], fit.high[1], fit.p[1])


def draw_toxicity(random: np.random.Generator, *, n: int, firth: bool) -> Said:
    """Severe toxicity in a quarter, hazard ratio 0.61 per g/dL of haemoglobin, beside a metric correlated with it."""
    haemoglobin = random.normal(0, 1.5, n)
    metric = 0.2 * haemoglobin + random.normal(0, 1, n)
    first = random.exponential(950 / np.exp(RATIO_OF_HAEMOGLOBIN * haemoglobin))
    fit = (fit_firth_cox if firth else fit_cox)(
        _censored(first, random.uniform(100, 300, n)), np.column_stack([haemoglobin, metric]), terms=["hb", "metric"]
    )
    return _log_ratio(fit)


def draw_dryness(random: np.random.Generator, *, n: int) -> Said:
    """Scores that rise by 0.63 points with each cycle, of patients with levels of their own and one to six cycles."""
    last = random.integers(1, 7, n)
    patient = np.repeat(np.arange(n), last + 1)
    cycles = np.concatenate([np.arange(count + 1.0) for count in last])
    uptake, level = random.normal(0, 1, n)[patient], random.normal(14, 2, n)[patient]
    scores = level + 0.63 * cycles + random.normal(0, 1.2, cycles.size)
    between, within = split_within_between(cycles, patient)
    columns = np.column_stack([uptake, within, between])
    fit = fit_mixed(scores, columns, terms=["uptake", "within", "between"], random=RandomEffects(patient))
    return Said(fit.coef[2], fit.low[2], fit.high[2], fit.p[2])


def draw_imputed(random: np.random.Generator) -> Said:
    """A Cox model of 200 patients, one of two covariates missing by the other and by death; 10 imputed sets, pooled."""
    survival, _, holed = make_cohort(200, random)
    plan = ImputationPlan(seed=int(random.integers(2**31)), n_sets=10, n_rounds=5)
    outcome = compute_outcome_predictors(survival)
    sets = impute_covariates(holed, terms=["marker", "stage"], predictors=outcome, plan=plan).sets
    fits = [fit_cox(survival, one, terms=["marker", "stage"]) for one in sets]
    found = pool_estimates(
        [fit.coef[0] for fit in fits], [fit.se[0] for fit in fits], df_complete=survival.n_events - 2
    )
    return Said(found.estimate, found.low, found.high, found.p)


METHODS_OF_DEGREES: tuple[DfMethod, ...] = ("kenward-roger", "satterthwaite")
CASES = [
    Case("log-rank test, 33 and 33 patients", 0.0, 4000, draw_log_rank),
    Case("restricted mean, 100 and 100 patients", RESTRICTED_MEAN, 4000, draw_restricted_mean),
    Case("landmark Cox, 200 patients", 0.0, 4000, partial(draw_landmark, effect=0.0)),
    Case("landmark Cox, 200 patients", 0.5, 4000, partial(draw_landmark, effect=0.5)),
    Case("time-varying Cox, 200 patients", 0.0, 2000, partial(draw_time_varying, effect=0.0)),
    Case("time-varying Cox, 200 patients", 0.5, 2000, partial(draw_time_varying, effect=0.5)),
    Case("weighted Cox, weights by design, 300 patients", 0.0, 4000, partial(draw_survey, effect=0.0)),
    Case("weighted Cox, weights by design, 300 patients", 0.5, 4000, partial(draw_survey, effect=0.5)),
    Case("weighted Cox, estimated scores, 400 patients", 0.0, 4000, partial(draw_weighted, effect=0.0)),
    Case("weighted Cox, estimated scores, 400 patients", 0.5, 4000, partial(draw_weighted, effect=0.5)),
    Case("weighted risk difference, 400 patients", 0.0, 4000, draw_stacked),
    Case("Firth's Cox, 13 exposed of 66", 0.0, 4000, partial(draw_firth, effect=0.0)),
    Case("Firth's Cox, 13 exposed of 66", 1.1, 4000, partial(draw_firth, effect=1.1)),
    Case("Fine and Gray, 200 patients", 0.0, 4000, partial(draw_fine_gray, effect=0.0)),
    Case("Fine and Gray, 200 patients", 0.5, 4000, partial(draw_fine_gray, effect=0.5)),
    Case("Gray's test, 200 patients", 0.0, 4000, draw_gray),
    *(
        Case(f"mixed model, {what} of 6 and 6 patients, {method}", 0.0, n_sets, partial(draw, df_method=method))
        for what, n_sets, draw in (
            ("levels", 2000, partial(draw_mixed, slopes=False)),
            ("slopes", 1000, partial(draw_mixed, slopes=True)),
        )
        for method in METHODS_OF_DEGREES
    ),
    Case("Cox, imputed covariate, 200 patients", 0.5, 1000, draw_imputed),
    Case(
        "toxicity by haemoglobin, 600 patients", RATIO_OF_HAEMOGLOBIN, 1000, partial(draw_toxicity, n=600, firth=False)
    ),
    Case("toxicity by haemoglobin, 61 patients", RATIO_OF_HAEMOGLOBIN, 1000, partial(draw_toxicity, n=61, firth=False)),
    Case(
        "toxicity by haemoglobin, 61 patients, Firth",
        RATIO_OF_HAEMOGLOBIN,
        500,
        partial(draw_toxicity, n=61, firth=True),
    ),
    Case("dryness over cycles, 600 patients", 0.63, 300, partial(draw_dryness, n=600)),
    Case("dryness over cycles, 61 patients", 0.63, 500, partial(draw_dryness, n=61)),
]
