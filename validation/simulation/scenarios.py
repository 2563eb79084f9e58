"""What is simulated, and how an analysis is judged against the truth. All patients here are synthetic."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from lutrace.core import EstimationError
from lutrace.stats import (
    CoxFit,
    Survival,
    compute_kaplan_meier,
    fit_cox,
    fit_cox_or_firth,
    survival_of,
)
from lutrace.virtual import VirtualPatients, simulate_patients, simulate_proportional_hazards

Floats = NDArray[np.float64]
Numbers = tuple[float, float, float, float, float]
"""Coefficient, standard error, interval on the log scale, robust standard error."""
SPECT_AFTER_DAYS = 1.0
"""The SPECT of a cycle is taken on the day after the administration: time zero of the study."""
TERMS = ("ttv", "psa_change")
CHUNK = 100_000
WORKERS = 2


@dataclass(frozen=True)
class LandmarkSet:
    """The analysis set at cycle 2 of the first study: days from its SPECT, covariates per doubling."""

    days: Floats
    event: NDArray[np.bool_]
    covariates: Floats

    def take(self, rows: NDArray[np.intp] | slice) -> tuple[Survival, Floats]:
        """Follow-up and covariates of some of the patients."""
        return survival_of(self.days[rows], self.event[rows]), self.covariates[rows]


@dataclass(frozen=True)
class Coverage:
    """How often 95 % intervals held the truth, and what the estimates did, over repeats of one size."""

    n: int
    repeats: int
    failed: int
    covered: float
    power: float
    bias: float
    """Mean estimate less truth, log hazard ratio."""
    sd: float
    """Standard deviation of the estimates."""
    mean_se: float
    """Mean standard error that the fits claim."""
    covered_robust: float
    """How often the interval with the robust standard error held the truth."""
    mean_robust_se: float


def select_landmark(patients: VirtualPatients, endpoint: str) -> LandmarkSet:
    """Who was given cycle 2 and is free of the event on the day of its SPECT, as the protocol selects them."""
    start = patients.landmark_day + SPECT_AFTER_DAYS
    days, event = (patients.os_day, patients.os_event) if endpoint == "os" else (patients.pfs_day, patients.pfs_event)
    rows = patients.reached(2) & (patients.os_day > start) & (days > start)
    covariates = np.column_stack([patients.ln_ttv[:, 1], patients.ln_psa_change[:, 1]])[rows] / np.log(2)
    return LandmarkSet((days - start)[rows], event[rows], covariates)


def draw_landmark(n: int, *, seed: int, endpoint: str) -> LandmarkSet:
    """The analysis set of n virtual patients, drawn in parallel."""
    seeds = range(seed, seed + -(-n // CHUNK))
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(partial(_draw_part, endpoint=endpoint), seeds))
    return LandmarkSet(
        np.concatenate([part.days for part in parts]),
        np.concatenate([part.event for part in parts]),
        np.concatenate([part.covariates for part in parts]),
    )


def _draw_part(seed: int, *, endpoint: str) -> LandmarkSet:
    return select_landmark(simulate_patients(CHUNK, seed=seed), endpoint)


def measure_coverage(source: LandmarkSet, truth: float, *, n: int, repeats: int) -> Coverage:
    """Fit the first study's model on `repeats` disjoint cohorts of n, and judge the tumour volume's interval."""
    blocks = [slice(number * n, (number + 1) * n) for number in range(repeats)]
    if blocks[-1].stop > source.days.size:
        raise ValueError(f"{repeats} cohorts of {n} need more than {source.days.size} patients")
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        fits = list(pool.map(_fit_block, (source.take(block) for block in blocks), chunksize=25))
    return judge([fit for fit in fits if fit is not None], truth, n=n, repeats=repeats)


def _fit_block(part: tuple[Survival, Floats]) -> Numbers | None:
    try:
        return _numbers(fit_cox_or_firth(part[0], part[1], terms=TERMS[: part[1].shape[1]]))
    except EstimationError:
        return None


def _numbers(fit: CoxFit) -> Numbers:
    return fit.coef[0], fit.se[0], float(np.log(fit.low[0])), float(np.log(fit.high[0])), fit.robust_se[0]


def judge(fits: Sequence[Numbers], truth: float, *, n: int, repeats: int) -> Coverage:
    """Coverage of intervals (`Numbers`) of one true log hazard ratio."""
    coef, se, low, high, robust = np.array(fits).T
    return Coverage(
        n=n,
        repeats=repeats,
        failed=repeats - len(fits),
        covered=float(np.mean((low <= truth) & (truth <= high))),
        power=float(np.mean((low > 0) | (high < 0))),
        bias=float(coef.mean() - truth),
        sd=float(coef.std(ddof=1)),
        mean_se=float(se.mean()),
        covered_robust=float(np.mean(np.abs(coef - truth) <= 1.959964 * robust)),
        mean_robust_se=float(robust.mean()),
    )


def measure_exact_coverage(log_hr: float, *, n: int, repeats: int, seed: int) -> Coverage:
    """The same for patients whose hazards are exactly proportional in the model's covariates."""
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        fits = list(pool.map(partial(_fit_exact, n=n, log_hr=log_hr), range(seed, seed + repeats), chunksize=25))
    return judge([fit for fit in fits if fit is not None], log_hr, n=n, repeats=repeats)


def _fit_exact(seed: int, *, n: int, log_hr: float) -> Numbers | None:
    sample = simulate_proportional_hazards(n, seed=seed, log_hr_per_doubling=log_hr, log_hr_psa=0.3)
    covariates = np.column_stack([np.log2(sample.ttv_ml), sample.ln_psa_change])
    return _fit_block((survival_of(sample.time_days, sample.event), covariates))


def show_immortal_time(seed: int, n: int = 20_000) -> dict[str, float]:
    """Bias of a clock that starts at cycle 1, in patients whose treatment changes nothing.

    Survival is exponential (median 300 days) and does not depend on treatment. Of those alive on day 84 a random 70 %
    are given the third cycle. Counted from cycle 1, "was given cycle 3" seems to prolong life; counted from day 84
    among those alive then, it does not. Median survival from cycle 1 of those who were given it is too long, unless
    they count as at risk only from day 84 on.
    """
    rng = np.random.default_rng(seed)
    death, day = rng.exponential(300 / np.log(2), n), 84.0
    given = (death > day) & (rng.random(n) < 0.7)
    end, event = np.minimum(death, 900.0), death <= 900
    naive = fit_cox(survival_of(end, event), given, terms=["cycle_3"])
    alive = death > day
    honest = fit_cox(survival_of((end - day)[alive], event[alive]), given[alive], terms=["cycle_3"])
    late = survival_of(end[given], event[given], entry=np.full(int(given.sum()), day))
    naive_median = compute_kaplan_meier(survival_of(end[given], event[given])).quantile().estimate
    # Counted from day 84 on the median of the remaining life is again 300 days: exponential life does not age.
    delayed_median = compute_kaplan_meier(late).quantile().estimate
    if naive_median is None or delayed_median is None:
        raise ValueError("the medians of this scenario are always reached")
    return {
        "true_hazard_ratio": 1.0,
        "hazard_ratio_from_cycle_1": naive.hazard_ratio[0],
        "hazard_ratio_from_landmark": honest.hazard_ratio[0],
        "p_from_cycle_1": naive.p[0],
        "p_from_landmark": honest.p[0],
        "median_days_from_cycle_1": naive_median,
        "median_days_from_landmark": delayed_median - day,
        "true_median_days": 300.0,
    }
