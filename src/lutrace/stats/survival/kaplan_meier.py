"""Kaplan-Meier curves with intervals, their quantiles, numbers at risk, and follow-up by the reverse curve."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, finite_vector
from lutrace.stats.survival.intervals import IntervalType, compute_limits
from lutrace.stats.survival.jackknife import cluster_codes, sum_squared_influence
from lutrace.stats.survival.observations import Survival, row_weights
from lutrace.stats.survival.steps import Steps, find_steps

ErrorType = Literal["Greenwood", "infinitesimal jackknife"]
_TOLERANCE = float(np.sqrt(np.finfo(float).eps))
"""Below this a survival and a probability count as equal, as in R survival."""


@dataclass(frozen=True)
class SurvivalQuantile:
    """The time by which `probability` of the patients have had the event, in the unit of the times; None: not reached.

    `low` and `high` are where the curve's own interval crosses (Brookmeyer and Crowley 1982).
    """

    probability: float
    estimate: float | None
    low: float | None
    high: float | None
    n: int
    n_events: int
    method: str


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """A Kaplan-Meier curve: one element per distinct time of event or censoring, in ascending order.

    `survival`, `low` and `high` hold from that time on. The interval is NaN once the curve is at 0 and, for log-log,
    before the first event. `std_error` is that of log survival, by Greenwood's formula or by the infinitesimal
    jackknife, as `error` says. `at_risk`, `events` and `censored` count rows; the two `weight_` are what the curve is
    made of and differ from the counts where rows carry weights.
    """

    time: FloatArray
    at_risk: IntArray
    """Patients at risk just before each time."""
    events: IntArray
    censored: IntArray
    weight_at_risk: FloatArray
    weight_events: FloatArray
    survival: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray
    n: int
    n_events: int
    interval: IntervalType
    level: float
    error: ErrorType
    warnings: tuple[str, ...]
    method: str

    def quantile(self, probability: float = 0.5) -> SurvivalQuantile:
        """The time by which `probability` (0 to 1) have had the event: the median by default.

        Where the curve is flat at exactly one minus the probability, the middle of the flat piece, as in R and SAS.

        Raises:
            UnusableInputError: the probability is not between 0 and 1.
        """
        if not 0 < probability < 1:
            raise UnusableInputError(f"probability must lie between 0 and 1, got {probability}")
        target = 1 - probability
        return SurvivalQuantile(
            probability,
            _crossing(self.time, self.survival, target),
            _crossing(self.time, self.low, target),
            _crossing(self.time, self.high, target),
            self.n,
            self.n_events,
            f"{self.method}; quantile interval by inversion, middle of a flat piece",
        )

    def at(self, times: Any) -> CurvePoints:
        """Survival with interval at the given times; past the last observed time NaN, or 0 where nobody is left."""
        asked = finite_vector(times, "times")
        place = np.searchsorted(self.time, asked, side="right")
        beyond = (asked > self.time[-1]) & (self.survival[-1] > 0)
        before = 1.0 if self.interval != "log-log" else np.nan
        columns = []
        for first, values in ((1.0, self.survival), (before, self.low), (before, self.high)):
            columns.append(np.where(beyond, np.nan, np.concatenate([[first], values])[place]))
        return CurvePoints(asked, *columns)


@dataclass(frozen=True, eq=False)
class CurvePoints:
    """Survival with its interval at chosen times; NaN where follow-up does not reach."""

    time: FloatArray
    survival: FloatArray
    low: FloatArray
    high: FloatArray


def compute_kaplan_meier(
    survival: Survival,
    *,
    weights: Any = None,
    cluster: Any = None,
    interval: IntervalType = "log-log",
    level: float = 0.95,
) -> SurvivalCurve:
    """The Kaplan-Meier curve with a pointwise interval, times in the unit of `survival`.

    Greenwood's error holds for whole patients. Where a weight is not a whole number (inverse probability weights), or
    clusters are given, the error is the infinitesimal jackknife's, as in R `survfit`; whole weights count patients.

    Args:
        survival: follow-up, with or without delayed entry.
        weights: case weight of each row, above 0, or None.
        cluster: label of each row's patient or cluster, or None: rows of one label vary together.
        interval: scale on which the interval is symmetric; log-log stays within 0 and 1.
        level: confidence level.

    Raises:
        UnusableInputError: a weight is not above 0, a length differs, the interval or the level is unknown.

    Source: Kaplan and Meier 1958; Greenwood 1926; Kalbfleisch and Prentice 2002, section 1.4; the jackknife as
    Therneau and Grambsch 2000, section 7.

    >>> from lutrace.stats import survival_of
    >>> compute_kaplan_meier(survival_of([1, 2, 3, 4], [1, 0, 1, 0])).survival.tolist()
    [0.75, 0.75, 0.375, 0.375]
    """
    steps = find_steps(survival)
    events = np.bincount(steps.leaves[survival.event], minlength=steps.time.size)
    left = np.bincount(steps.leaves, minlength=steps.time.size)
    case = row_weights(weights, survival.n)
    weight_at_risk, weight_events = steps.sum_at_risk(case), steps.sum_leaving(case * survival.event)
    at_risk = count_at_risk(survival, steps.time) if weights is not None else np.rint(weight_at_risk).astype(np.intp)
    hazard = np.where(events == at_risk, 1.0, weight_events / weight_at_risk)
    estimate: FloatArray = np.cumprod(1 - hazard)
    if cluster is None and not (case % 1).any():
        error: ErrorType = "Greenwood"
        variance = _greenwood(hazard, weight_at_risk)
    else:
        error = "infinitesimal jackknife"
        codes = cluster_codes(cluster, survival.n)
        variance = _jackknife(survival, steps, hazard, weight_at_risk, case=case, cluster=codes)
    std_error = np.sqrt(variance)
    low, high = compute_limits(estimate, std_error, interval=interval, level=level)
    return SurvivalCurve(
        time=steps.time,
        at_risk=at_risk,
        events=events,
        censored=left - events,
        weight_at_risk=weight_at_risk,
        weight_events=weight_events,
        survival=estimate,
        std_error=std_error,
        low=low,
        high=high,
        n=survival.n,
        n_events=survival.n_events,
        interval=interval,
        level=level,
        error=error,
        warnings=_find_warnings(estimate, steps.time),
        method=f"{_describe(weights)}, {interval} interval with {_possessive(error)}",
    )


def compute_reverse_kaplan_meier(
    survival: Survival,
    *,
    weights: Any = None,
    cluster: Any = None,
    interval: IntervalType = "log-log",
    level: float = 0.95,
) -> SurvivalCurve:
    """The curve of follow-up itself: events and censorings change places; its median is the median follow-up.

    At a time with both, a death counts as leaving after the censorings of that time, as the same code with the
    status turned round does (R `survfit(Surv(time, 1 - status))`). Source: Schemper and Smith 1996.

    Raises:
        UnusableInputError: as `compute_kaplan_meier`.

    >>> from lutrace.stats import survival_of
    >>> compute_reverse_kaplan_meier(survival_of([3, 5, 9], [1, 0, 0])).quantile().estimate
    7.0
    """
    turned = Survival(survival.time, ~survival.event, survival.entry)
    curve = compute_kaplan_meier(turned, weights=weights, cluster=cluster, interval=interval, level=level)
    return replace(curve, method=f"reverse {curve.method}; deaths leave after the censorings of the same time")


def count_at_risk(survival: Survival, times: Any) -> IntArray:
    """The number of patients at risk just before each of `times`: entered before, and neither event nor censored."""
    asked = finite_vector(times, "times")
    n_not_left = survival.n - np.searchsorted(np.sort(survival.time), asked, side="left")
    if survival.entry is None:
        return n_not_left
    return n_not_left - (survival.n - np.searchsorted(np.sort(survival.entry), asked, side="left"))


def _greenwood(hazard: FloatArray, at_risk: FloatArray) -> FloatArray:
    """The variance of log survival at each step; infinite from where the curve is at 0."""
    with np.errstate(divide="ignore"):
        return np.cumsum(hazard / (at_risk * (1 - hazard)))


def _jackknife(
    survival: Survival, steps: Steps, hazard: FloatArray, at_risk: FloatArray, *, case: FloatArray, cluster: IntArray
) -> FloatArray:
    """The variance of log survival at each step from the influence of each cluster.

    While at risk a row moves log survival by the sum of hazard / (at risk (1 - hazard)) since its entry, its own
    event moves it back by one over (at risk (1 - hazard)); after it has left the influence stays.
    """
    with np.errstate(divide="ignore"):
        own = np.where(hazard < 1, 1 / (at_risk * (1 - hazard)), 0.0)
    passive = np.cumsum(hazard * own)
    leaves = steps.leaves
    leaving = case * (passive[leaves] - survival.event * own[leaves])
    if steps.enters is None:
        enters, missed = np.zeros_like(leaves), np.zeros(survival.n)
    else:
        enters = steps.enters
        missed = case * np.concatenate([[0.0], passive])[enters]
    change = np.concatenate([np.column_stack([-missed, case]), np.column_stack([leaving, -case])])
    basis = np.column_stack([np.ones_like(passive), passive])
    doubled, places = np.concatenate([cluster, cluster]), np.concatenate([enters, leaves])
    variance = sum_squared_influence(doubled, places, change=change, basis=basis)
    return np.where(np.cumprod(1 - hazard) > 0, variance, np.inf)


def _find_warnings(estimate: FloatArray, time: FloatArray) -> tuple[str, ...]:
    zero = np.flatnonzero(estimate == 0)
    if zero.size and zero[0] < time.size - 1:
        text = f"all at risk had the event at time {time[zero[0]]:g}: the curve stays at 0 although others enter later"
        return (f"{text}; start the curve later (delayed entry)",)
    return ()


def _describe(weights: Any) -> str:
    return "Kaplan-Meier" if weights is None else "weighted Kaplan-Meier"


def _possessive(error: ErrorType) -> str:
    return "Greenwood's variance" if error == "Greenwood" else "the infinitesimal jackknife's variance"


def _crossing(time: FloatArray, curve: FloatArray, target: float) -> float | None:
    with np.errstate(invalid="ignore"):
        below = np.flatnonzero(curve < target + _TOLERANCE)
    if below.size == 0:
        return None
    first = below[0]
    if abs(curve[first] - target) < _TOLERANCE:
        lower = below[curve[below] < curve[first]]
        if lower.size:
            return float(time[first] + time[lower[0]]) / 2
    return float(time[first])
