"""Kaplan-Meier curves with intervals, their quantiles, numbers at risk, and follow-up by the reverse curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtri

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, check_level, finite_vector
from lutrace.stats.survival.observations import Survival

IntervalType = Literal["log-log", "log", "plain"]
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

    `survival`, `low` and `high` hold from that time on. As in R, the interval is NaN once the curve is at 0 and, for
    log-log, before the first event. `std_error` is Greenwood's, of log survival.
    """

    time: FloatArray
    at_risk: IntArray
    """Patients at risk just before each time."""
    events: IntArray
    censored: IntArray
    survival: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray
    n: int
    n_events: int
    interval: IntervalType
    level: float
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
        """Survival with interval at the given times; NaN past the last observed time."""
        asked = finite_vector(times, "times")
        place = np.searchsorted(self.time, asked, side="right")
        beyond = asked > self.time[-1]
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
    survival: Survival, *, interval: IntervalType = "log-log", level: float = 0.95
) -> SurvivalCurve:
    """The Kaplan-Meier curve with a pointwise interval, times in the unit of `survival`.

    Args:
        survival: follow-up, with or without delayed entry.
        interval: scale on which the interval is symmetric; log-log stays within 0 and 1.
        level: confidence level.

    Raises:
        UnusableInputError: the interval or the level is unknown.

    Source: Kaplan and Meier 1958; Greenwood 1926; Kalbfleisch and Prentice 2002, section 1.4.

    >>> from lutrace.stats import survival_of
    >>> compute_kaplan_meier(survival_of([1, 2, 3, 4], [1, 0, 1, 0])).survival.tolist()
    [0.75, 0.75, 0.375, 0.375]
    """
    check_level(level)
    times, place = np.unique(survival.time, return_inverse=True)
    events = np.bincount(place[survival.event], minlength=times.size)
    censored = np.bincount(place[~survival.event], minlength=times.size)
    at_risk = count_at_risk(survival, times)
    estimate: FloatArray = np.cumprod(1 - events / at_risk, dtype=np.float64)
    with np.errstate(divide="ignore"):
        std_error: FloatArray = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events).astype(np.float64))))
    low, high = _limits(estimate, std_error, interval=interval, level=level)
    return SurvivalCurve(
        time=times,
        at_risk=at_risk,
        events=events,
        censored=censored,
        survival=estimate,
        std_error=std_error,
        low=low,
        high=high,
        n=survival.n,
        n_events=survival.n_events,
        interval=interval,
        level=level,
        method=f"Kaplan-Meier, {interval} interval with Greenwood's variance",
    )


def compute_reverse_kaplan_meier(
    survival: Survival, *, interval: IntervalType = "log-log", level: float = 0.95
) -> SurvivalCurve:
    """The curve of follow-up itself: events and censorings change places; its median is the median follow-up.

    At a time with both, a death counts as leaving after the censorings of that time, as the same code with the
    status turned round does (R `survfit(Surv(time, 1 - status))`). Source: Schemper and Smith 1996.

    Raises:
        UnusableInputError: the interval or the level is unknown.
    """
    turned = Survival(survival.time, ~survival.event, survival.entry)
    curve = compute_kaplan_meier(turned, interval=interval, level=level)
    method = f"reverse {curve.method}; deaths leave after the censorings of the same time"
    return SurvivalCurve(**{**vars(curve), "method": method})


def count_at_risk(survival: Survival, times: Any) -> IntArray:
    """The number of patients at risk just before each of `times`: entered before, and neither event nor censored."""
    asked = finite_vector(times, "times")
    n_not_left = survival.n - np.searchsorted(np.sort(survival.time), asked, side="left")
    if survival.entry is None:
        return n_not_left
    return n_not_left - (survival.n - np.searchsorted(np.sort(survival.entry), asked, side="left"))


def _limits(
    estimate: FloatArray, std_error: FloatArray, *, interval: IntervalType, level: float
) -> tuple[FloatArray, FloatArray]:
    z = float(ndtri(0.5 + level / 2))
    low, high = np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    inner = (estimate > 0) & ((estimate < 1) | (interval != "log-log"))
    point, spread = estimate[inner], z * std_error[inner]
    log_point = np.log(point)
    match interval:
        case "log-log":
            half = spread / np.abs(log_point)
            low[inner], high[inner] = point ** np.exp(half), point ** np.exp(-half)
        case "log":
            low[inner], high[inner] = point * np.exp(-spread), np.minimum(point * np.exp(spread), 1)
        case "plain":
            low[inner], high[inner] = np.maximum(point - spread * point, 0), np.minimum(point + spread * point, 1)
        case _:
            raise UnusableInputError(f"interval must be log-log, log or plain, got {interval}")
    return low, high


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
