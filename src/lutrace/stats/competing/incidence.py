"""Cumulative incidence of competing events (Aalen-Johansen) with errors and intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, finite_vector
from lutrace.stats.competing.observations import CompetingRisks
from lutrace.stats.survival.intervals import IntervalType, compute_limits
from lutrace.stats.survival.jackknife import cluster_codes, sum_squared_influence
from lutrace.stats.survival.observations import row_weights
from lutrace.stats.survival.steps import Steps, find_steps

IncidenceError = Literal["infinitesimal jackknife", "Aalen"]


@dataclass(frozen=True, eq=False)
class IncidenceCurve:
    """The cumulative incidence of one cause: one element per distinct time of an event or censoring.

    `incidence` (0 to 1), `std_error` (its own, not of its logarithm), `low` and `high` hold from that time on; the
    interval is NaN before the first event of the cause.
    """

    cause: str
    time: FloatArray
    at_risk: IntArray
    events: IntArray
    """Events of this cause at each time."""
    incidence: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray
    n: int
    n_events: int
    interval: IntervalType
    level: float
    warnings: tuple[str, ...]
    method: str

    def at(self, times: Any) -> IncidencePoints:
        """Incidence with error and interval at the given times; NaN past the last observed time."""
        asked = finite_vector(times, "times")
        place = np.searchsorted(self.time, asked, side="right")
        columns = []
        for first, values in ((0.0, self.incidence), (0.0, self.std_error), (np.nan, self.low), (np.nan, self.high)):
            found = np.concatenate([[first], values])[place]
            columns.append(np.where(asked > self.time[-1], np.nan, found))
        return IncidencePoints(asked, *columns)


@dataclass(frozen=True, eq=False)
class IncidencePoints:
    """Incidence with error and interval at chosen times; NaN where follow-up does not reach."""

    time: FloatArray
    incidence: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, eq=False)
class _Ground:
    """Per step: at risk, survival of all events before it, hazard of all events."""

    steps: Steps
    at_risk: FloatArray
    before: FloatArray
    hazard: FloatArray


def compute_cumulative_incidence(
    follow_up: CompetingRisks,
    *,
    weights: Any = None,
    cluster: Any = None,
    interval: IntervalType = "log-log",
    level: float = 0.95,
    error: IncidenceError = "infinitesimal jackknife",
) -> tuple[IncidenceCurve, ...]:
    """The cumulative incidence of each cause, in the order of `causes`, with a pointwise interval.

    Args:
        follow_up: follow-up to the first event, with or without delayed entry.
        weights: case weight of each row, above 0, or None.
        cluster: label of each row's patient or cluster, or None.
        interval: scale of the interval of the incidence.
        level: confidence level.
        error: the infinitesimal jackknife (R survival `survfit`), or Aalen's variance with the correction for ties of
            R cmprsk `cuminc`; the latter takes neither weights nor clusters.

    Raises:
        UnusableInputError: a weight is not above 0, a length differs, an unknown choice.

    Source: Aalen and Johansen 1978; Gray 1988; Therneau and Grambsch 2000 (jackknife).

    >>> from lutrace.stats.competing.observations import competing_of
    >>> curves = compute_cumulative_incidence(competing_of([1, 2, 3, 4], ["a", "b", "a", "none"], censored="none"))
    >>> curves[0].incidence.tolist()
    [0.25, 0.25, 0.5, 0.5]
    """
    if error not in ("infinitesimal jackknife", "Aalen"):
        raise UnusableInputError(f"error must be infinitesimal jackknife or Aalen, got {error}")
    if error == "Aalen" and (weights is not None or cluster is not None or follow_up.entry is not None):
        raise UnusableInputError(
            "Aalen's variance takes no weights, clusters or entry; use the infinitesimal jackknife"
        )
    case, owners = row_weights(weights, follow_up.n), cluster_codes(cluster, follow_up.n)
    ground = _find_ground(follow_up, case)
    counts = np.rint(ground.steps.sum_at_risk(np.ones(follow_up.n))).astype(np.intp)
    curves = []
    for number, cause in enumerate(follow_up.causes, start=1):
        own = follow_up.cause == number
        hazard = ground.steps.sum_leaving(case * own) / ground.at_risk
        estimate = np.cumsum(ground.before * hazard)
        if error == "Aalen":
            variance = _aalen(follow_up, ground, own)
        else:
            variance = _jackknife(follow_up, ground, own, hazard=hazard, case=case, cluster=owners)
        std_error = np.sqrt(variance)
        with np.errstate(divide="ignore", invalid="ignore"):
            low, high = compute_limits(estimate, std_error / estimate, interval=interval, level=level)
        events = np.bincount(ground.steps.leaves[own], minlength=ground.steps.time.size)
        curves.append(
            IncidenceCurve(
                cause=cause,
                time=ground.steps.time,
                at_risk=counts,
                events=events,
                incidence=estimate,
                std_error=std_error,
                low=low,
                high=high,
                n=follow_up.n,
                n_events=int(events.sum()),
                interval=interval,
                level=level,
                warnings=_find_warnings(ground),
                method=f"Aalen-Johansen{'' if weights is None else ', weighted'}, {interval} interval, {error} error",
            )
        )
    return tuple(curves)


def _find_ground(follow_up: CompetingRisks, case: FloatArray) -> _Ground:
    steps = find_steps(follow_up.any_event())
    at_risk = steps.sum_at_risk(case)
    event = (follow_up.cause > 0).astype(np.float64)
    all_fail = np.rint(steps.sum_at_risk(np.ones(follow_up.n))) == steps.sum_leaving(event)
    hazard = np.where(all_fail, 1.0, steps.sum_leaving(case * event) / at_risk)
    before = np.concatenate([[1.0], np.cumprod(1 - hazard)[:-1]])
    return _Ground(steps, at_risk, before, hazard)


def _jackknife(
    follow_up: CompetingRisks, ground: _Ground, own: Any, *, hazard: FloatArray, case: FloatArray, cluster: IntArray
) -> FloatArray:
    """The variance from the influence of each cluster, which follows 1, the incidence and one more function.

    With M the influence on log survival, a row moves the incidence by the sum of before x (M hazard + its own jump
    less hazard, over those at risk). While it is at risk M grows as the common sum `passive`; after it has left M
    stays, and the influence grows with the incidence alone.
    """
    with np.errstate(divide="ignore"):
        jump = np.where(ground.hazard < 1, 1 / (ground.at_risk * (1 - ground.hazard)), 0.0)
    gain = ground.before * hazard
    passive = np.concatenate([[0.0], np.cumsum(ground.hazard * jump)])
    incidence = np.concatenate([[0.0], np.cumsum(gain)])
    mixed = np.concatenate([[0.0], np.cumsum(gain * (passive[:-1] - 1 / ground.at_risk))])
    leaves, event = ground.steps.leaves, follow_up.cause > 0
    kept = passive[leaves + 1] - event * jump[leaves]
    jumped = own * ground.before[leaves] / ground.at_risk[leaves]
    leaving = np.column_stack([mixed[leaves + 1] + jumped - incidence[leaves + 1] * kept, kept, -np.ones(follow_up.n)])
    enters = ground.steps.enters
    enters = np.zeros(follow_up.n, dtype=np.intp) if enters is None else enters
    missed = passive[enters]
    entering = np.column_stack([missed * incidence[enters] - mixed[enters], -missed, np.ones(follow_up.n)])
    change = np.concatenate([case[:, None] * entering, case[:, None] * leaving])
    basis = np.column_stack([np.ones(gain.size), incidence[1:], mixed[1:]])
    owners, places = np.concatenate([cluster, cluster]), np.concatenate([enters, leaves])
    return sum_squared_influence(owners, places, change=change, basis=basis)


def _aalen(follow_up: CompetingRisks, ground: _Ground, own: Any) -> FloatArray:
    """Aalen's variance: a step of the cause and one of the others move what can still come."""
    at_risk, before = ground.at_risk, ground.before
    first = ground.steps.sum_leaving(own.astype(np.float64))
    other = ground.steps.sum_leaving(((follow_up.cause > 0) & ~own).astype(np.float64))
    incidence = np.cumsum(before * first / at_risk)
    after = before * (at_risk - first - other) / at_risk
    with np.errstate(divide="ignore"):
        inverse = np.where(after > 0, 1 / after, 0.0)
    variance = np.zeros_like(before)
    for number, constant in ((other, 0.0), (first, 1.0)):
        ties = np.where(number > 1, 1 - (number - 1) / np.maximum(at_risk - 1, 1), 1.0)
        spread = before**2 * ties * number / at_risk**2
        level = constant + inverse * incidence
        square, cross, rest = (np.cumsum(part * spread) for part in (level**2, level * inverse, inverse**2))
        variance += square - 2 * incidence * cross + incidence**2 * rest
    return np.maximum(variance, 0.0)


def _find_warnings(ground: _Ground) -> tuple[str, ...]:
    gone = np.flatnonzero(ground.hazard == 1)
    if gone.size and gone[0] < ground.hazard.size - 1:
        time = ground.steps.time[gone[0]]
        return (f"all at risk had an event at time {time:g}: nothing is added although others enter later",)
    return ()
