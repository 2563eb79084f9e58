"""What the studies' models say of virtual patients whose truth is known, at large n and at the abstracts' n.

All patients are synthetic. The truth of an estimate is the same model on a million patients, or where that is said the
parameter itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.core import EstimationError
from lutrace.stats import (
    CoxFit,
    RandomEffects,
    compute_kaplan_meier,
    fit_cox,
    fit_cox_or_firth,
    fit_firth_logistic,
    fit_mixed,
    survival_of,
)
from lutrace.virtual import (
    GRADE_3,
    REGION_NAMES,
    DrawnPatients,
    calibrate_hazard,
    draw_patients,
    read_centre,
)

Floats = NDArray[np.float64]
TREATED_VISITS = 6
MONTH_DAYS = 30.4375


@dataclass(frozen=True)
class Said:
    """One estimate on the model's own scale, its 95 % interval, and events."""

    estimate: float
    low: float
    high: float
    events: float = math.nan


@dataclass(frozen=True)
class Recovery:
    """Estimates of many sets of one size against the truth; `width` is the median width of the interval."""

    n: int
    sets: int
    failed: int
    truth: float
    mean: float
    bias: float
    covered: float
    power: float
    median_low: float
    median_high: float
    mean_events: float


@dataclass(frozen=True, eq=False)
class ToxicityRows:
    """S1: time in days to the first draw of grade 3, covariates, worse FACT-P by visit, and dryness by visit."""

    days: Floats
    event: NDArray[np.bool_]
    haemoglobin: Floats
    healthy_bone: Floats
    life_days: Floats
    life_event: NDArray[np.bool_]
    ln_suv_mean: Floats
    dryness: Floats

    def rows(self, chosen: slice) -> ToxicityRows:
        """Some of the patients."""
        return ToxicityRows(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


def draw_toxicity_rows(n: int, *, seed: int) -> ToxicityRows:
    """`n` patients of S1's centre as an analysis would have them."""
    parts = [_toxicity_rows(one) for one, _ in draw_patients(read_centre("baseline-pet-toxicity"), n, seed=seed)]
    return ToxicityRows(
        *(np.concatenate([getattr(one, name) for one in parts]) for name in parts[0].__dataclass_fields__)
    )


def _toxicity_rows(one: Any) -> ToxicityRows:
    assert isinstance(one, DrawnPatients) and one.regions is not None and one.answers is not None
    values, days = one.blood.values, one.blood.days
    drawn = np.isfinite(values["haemoglobin"])
    severe = drawn & np.any([values[name] < limit for name, limit in GRADE_3.items()], axis=0)
    event = severe.any(axis=1)
    first = np.where(severe, days, np.inf).min(axis=1)
    last = np.where(drawn, days, -np.inf).max(axis=1)
    answers, place = one.answers, REGION_NAMES.index
    told = answers.answered & answers.answered[:, [0]]
    worse = told & (answers.fact_p <= answers.fact_p[:, [0]] - 11)
    last_told = np.where(told, answers.days, -np.inf).max(axis=1)
    return ToxicityRows(
        days=np.maximum(np.where(event, first, last), 1.0),
        event=event,
        haemoglobin=one.blood.baseline_haemoglobin,
        healthy_bone=one.regions.suv_mean[:, place("Skeleton outside lesions")],
        life_days=np.where(worse.any(axis=1), np.where(worse, answers.days, np.inf).min(axis=1), last_told),
        life_event=worse.any(axis=1),
        ln_suv_mean=np.log(one.regions.suv_mean[:, place("Whole-body tumour")]) / np.log(2),
        dryness=np.where(answers.answered, answers.xerostomia.astype(float), np.nan),
    )


def fit_toxicity(rows: ToxicityRows) -> Said:
    """Log hazard ratio of haemoglobin per g/dL beside SUVmean of healthy bone, as S1 has it."""
    covariates = np.column_stack([rows.haemoglobin, rows.healthy_bone])
    return _said(fit_cox_or_firth(survival_of(rows.days, rows.event), covariates, terms=["hb", "bone"]))


def fit_life(rows: ToxicityRows) -> Said:
    """Log hazard ratio of worse FACT-P per doubling of whole-body SUVmean, of those with a second questionnaire."""
    seen = rows.life_days > 0
    survival = survival_of(rows.life_days[seen], rows.life_event[seen])
    return _said(fit_cox_or_firth(survival, rows.ln_suv_mean[seen], terms=["suv_mean"]))


def _said(fit: CoxFit) -> Said:
    low, high = (float(np.log(bound[0])) for bound in (fit.low, fit.high))
    return Said(fit.coef[0], low, high, fit.n_events)


def fit_dryness(rows: ToxicityRows) -> Said:
    """Points of dryness per cycle: a line with a level and a slope of each patient's own."""
    patient, visit = np.nonzero(np.isfinite(rows.dryness[:, :TREATED_VISITS]))
    effects = RandomEffects(patient, slopes=("cycle",))
    outcome = rows.dryness[patient, visit]
    fit = fit_mixed(outcome, visit.astype(float), terms=["cycle"], random=effects, df_method="satterthwaite")
    return Said(fit.coef[1], fit.low[1], fit.high[1])


def measure_recovery(
    source: ToxicityRows, fit: Callable[[ToxicityRows], Said], truth: float, *, n: int, sets: int
) -> Recovery:
    """Sets of `n` patients one after another of a large draw, each fitted, against the truth."""
    return summarise(_each(source, fit, n=n, sets=sets), truth, n=n, sets=sets)


def _each(source: ToxicityRows, fit: Callable[[ToxicityRows], Said], *, n: int, sets: int) -> Iterator[Said]:
    for number in range(sets):
        try:
            yield fit(source.rows(slice(number * n, (number + 1) * n)))
        except EstimationError:
            continue


def summarise(said: Iterator[Said], truth: float, *, n: int, sets: int) -> Recovery:
    """Bias, coverage and power of estimates; a set without an estimate counts as failed."""
    listed = list(said)
    estimate, low, high, events = (np.asarray([getattr(one, name) for one in listed]) for name in _FIELDS)
    return Recovery(
        n=n,
        sets=sets,
        failed=sets - len(listed),
        truth=truth,
        mean=float(estimate.mean()),
        bias=float(estimate.mean() - truth),
        covered=float(np.mean((low <= truth) & (truth <= high))),
        power=float(np.mean((low > 0) | (high < 0))),
        median_low=float(np.median(low)),
        median_high=float(np.median(high)),
        mean_events=float(events.mean()),
    )


_FIELDS = ("estimate", "low", "high", "events")


def say_median_survival(n: int, months: float, shape: float, random: np.random.Generator) -> Said:
    """The median and its log-log interval of `n` deaths drawn from a Weibull curve, a sixth still alive."""
    day = months * (random.exponential(1 / math.log(2), n)) ** (1 / shape)
    cut = random.uniform(0.6 * months, 8 * months, n)
    found = compute_kaplan_meier(survival_of(np.minimum(day, cut), day <= cut)).quantile()
    known = [math.inf if one is None else one for one in (found.estimate, found.low, found.high)]
    return Said(known[0], known[1], known[2], float((day <= cut).sum()))


def say_odds_ratio(n: int, odds_ratio: float, random: np.random.Generator) -> Said:
    """Log odds ratio of PSA50 (38 % over all) of a trait that half of `n` patients have, by Firth's logistic model."""
    trait = (random.random(n) < 0.5).astype(float)
    chance = _chances(odds_ratio)
    answer = random.random(n) < np.where(trait == 1, chance[1], chance[0])
    if answer.all() or not answer.any() or trait.all() or not trait.any():
        raise EstimationError("everybody answered the same, or had the same trait")
    fit = fit_firth_logistic(answer.astype(float), trait, terms=["trait"])
    return Said(fit.coef[1], math.log(fit.low[1]), math.log(fit.high[1]), float(answer.sum()))


def _chances(odds_ratio: float) -> tuple[float, float]:
    """Chances without and with the trait whose mean is 8 of 21 and whose odds have that ratio (by bisection)."""
    low, high = 1e-6, 8 / 21
    for _ in range(60):
        middle = (low + high) / 2
        odds = odds_ratio * middle / (1 - middle)
        low, high = (middle, high) if (middle + odds / (1 + odds)) / 2 < 8 / 21 else (low, middle)
    odds = odds_ratio * low / (1 - low)
    return low, odds / (1 + odds)


def repeat(draw: Callable[[np.random.Generator], Said], sets: int, *, seed: int) -> Iterator[Said]:
    """What `draw` says of each set; sets without an estimate are left out."""
    for number in range(sets):
        try:
            yield draw(np.random.default_rng(np.random.SeedSequence([seed, number])))
        except EstimationError:
            continue


def say_null_toxicity(n: int, random: np.random.Generator) -> Said:
    """Log hazard ratio of a value that has nothing to do with the hazard, among values that have."""
    burden, other = random.standard_normal((2, n))
    hazard = calibrate_hazard(0.5 * burden, median_days=400, shape=1.3)
    day, cut = hazard.draw(0.5 * burden, random), random.uniform(100, 900, n)
    fit = fit_cox(survival_of(np.minimum(day, cut), day <= cut), np.column_stack([other, burden]), terms=["x", "b"])
    return _said(fit)


def scenarios(size: int, sets: int) -> dict[str, Recovery]:
    """Every scenario: `size` patients for the truth of S1, `sets` sets of each size."""
    whole = draw_toxicity_rows(size, seed=1_000)
    source = draw_toxicity_rows(600 * sets, seed=2_000)
    found: dict[str, Recovery] = {}
    for name, fit in (("S1 haemoglobin", fit_toxicity), ("S1 FACT-P", fit_life)):
        truth = fit(whole).estimate
        for n in (600, 61):
            found[f"{name}, n {n}"] = measure_recovery(source, fit, truth, n=n, sets=sets)
    for n in (600, 61):
        some = sets if n == 61 else max(sets // 5, 20)
        found[f"S1 dryness, n {n}"] = measure_recovery(source, fit_dryness, 0.63, n=n, sets=some)
    for n in (2_000, 66):
        said = repeat(partial(say_null_toxicity, n), 5 * sets, seed=3)
        found[f"no effect, n {n}"] = summarise(said, 0.0, n=n, sets=5 * sets)
    for n in (21, 200):
        said = repeat(partial(say_odds_ratio, n, 3.0), sets, seed=4)
        found[f"S2 odds ratio 3, n {n}"] = summarise(said, math.log(3), n=n, sets=sets)
    for label, n, months, shape in (("S3", 96, 13.0, 1.3), ("S4 first", 219, 9.8, 1.4), ("S4 second", 857, 8.5, 1.1)):
        said = repeat(partial(say_median_survival, n, months, shape), sets, seed=5)
        found[f"{label} median survival, n {n}"] = summarise(said, months, n=n, sets=sets)
    return found
