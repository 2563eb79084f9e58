"""Restricted mean survival time and survival at a milestone: per group with interval, and what groups differ by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtri

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, check_level
from lutrace.stats.survival.contrasts import Contrast, Estimate, compute_contrast
from lutrace.stats.survival.intervals import IntervalType, compute_limits
from lutrace.stats.survival.jackknife import cluster_codes
from lutrace.stats.survival.kaplan_meier import ErrorType
from lutrace.stats.survival.log_rank import group_codes
from lutrace.stats.survival.observations import Survival, row_weights
from lutrace.stats.survival.steps import find_steps

Measure = Literal["restricted mean", "milestone"]


@dataclass(frozen=True)
class GroupEstimate:
    """One group's restricted mean (unit of the times) or survival at the milestone (0 to 1), with its interval."""

    group: str
    estimate: float
    se: float
    low: float
    high: float
    n: int
    n_events: int
    error: ErrorType
    method: str


@dataclass(frozen=True)
class GroupComparison:
    """The estimates of all groups and, for each but the first, its contrast with the first."""

    measure: Measure
    horizon: float
    """The time up to which the mean is taken, or the milestone."""
    estimates: tuple[GroupEstimate, ...]
    contrasts: tuple[Contrast, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Part:
    """A group's value, its Greenwood variance, and the influence of each of its rows times its weight."""

    value: float
    variance: float
    influence: FloatArray


def compute_restricted_mean(
    survival: Survival,
    groups: Any = None,
    *,
    horizon: float,
    weights: Any = None,
    cluster: Any = None,
    level: float = 0.95,
) -> GroupComparison:
    """The mean survival time up to `horizon`, by the area under Kaplan-Meier, per group, with difference and ratio.

    The error is the Greenwood integral; with weights that are not whole numbers, or clusters, it is the infinitesimal
    jackknife's. Intervals of means and differences are symmetric, of ratios on the logarithm.

    Args:
        survival: follow-up from time zero, with or without delayed entry.
        groups: label of each row, or None for one group; the first in sorted order is the reference.
        horizon: the time up to which the mean is taken, above 0, within the follow-up of every group.
        weights: case weight of each row, above 0, or None.
        cluster: label of each row's patient or cluster, or None.
        level: confidence level.

    Raises:
        UnusableInputError: a wrong length, or a horizon that is not above 0.
        EstimationError: the horizon lies beyond a group's follow-up.

    Source: Irwin 1949; Royston and Parmar 2013; Uno et al. 2014 (as the R package survRM2).

    >>> from lutrace.stats import survival_of
    >>> compute_restricted_mean(survival_of([1, 2, 3, 4], [1, 1, 1, 1]), horizon=3).estimates[0].estimate
    2.25
    """
    check_horizon(horizon)
    chosen = _Choice("restricted mean", horizon, level, "plain", restricted_part)
    return _compare_groups(survival, groups, chosen, weights=weights, cluster=cluster)


def compute_milestone(
    survival: Survival,
    groups: Any = None,
    *,
    time: float,
    weights: Any = None,
    cluster: Any = None,
    level: float = 0.95,
) -> GroupComparison:
    """Survival at a milestone by Kaplan-Meier, per group, with the difference and the ratio of the groups.

    The interval of a survival is log-log, that of a difference symmetric, of a ratio on the logarithm.

    Args:
        survival: follow-up, with or without delayed entry.
        groups: label of each row, or None for one group; the first in sorted order is the reference.
        time: the milestone, above 0, within the follow-up of every group.
        weights: case weight of each row, above 0, or None.
        cluster: label of each row's patient or cluster, or None.
        level: confidence level.

    Raises:
        UnusableInputError: a wrong length, or a milestone that is not above 0.
        EstimationError: the milestone lies beyond a group's follow-up.

    Source: Klein et al. 2007, Statistics in Medicine 26:4505.

    >>> from lutrace.stats import survival_of
    >>> compute_milestone(survival_of([1, 2, 3, 4], [1, 0, 1, 1]), time=3).estimates[0].estimate
    0.375
    """
    check_horizon(time)
    chosen = _Choice("milestone", time, level, "log-log", _milestone_part)
    return _compare_groups(survival, groups, chosen, weights=weights, cluster=cluster)


@dataclass(frozen=True)
class _Choice:
    measure: Measure
    horizon: float
    level: float
    interval: IntervalType
    find_part: Callable[[Survival, FloatArray, float], Part]


def check_horizon(horizon: float) -> None:
    """Raises UnusableInputError for a horizon that is no time above 0."""
    if not horizon > 0 or not np.isfinite(horizon):
        raise UnusableInputError(f"the horizon must be a time above 0, got {horizon}")


def _compare_groups(survival: Survival, groups: Any, chosen: _Choice, *, weights: Any, cluster: Any) -> GroupComparison:
    check_level(chosen.level)
    names, codes = (np.array(["all"]), np.zeros(survival.n, dtype=np.intp))
    if groups is not None:
        names, codes = group_codes(groups, survival.n)
    case, owners = row_weights(weights, survival.n), cluster_codes(cluster, survival.n)
    robust = cluster is not None or bool((case % 1).any())
    parts, per_cluster, warnings = [], [], []
    for number, name in enumerate(names):
        rows = np.flatnonzero(codes == number)
        own = survival.select(rows)
        check_reach(own, chosen.horizon, name=str(name), anonymous=groups is None)
        part = chosen.find_part(own, case[rows], chosen.horizon)
        per_cluster.append(np.bincount(owners[rows], weights=part.influence, minlength=owners.max() + 1))
        variance = float(per_cluster[-1] @ per_cluster[-1]) if robust else part.variance
        if part.value == 0 or variance == 0:
            variance = float("nan")
            warnings.append(f"group {name}: no event or no survivor up to {chosen.horizon:g}: the error is unknown")
        parts.append((Estimate(str(name), part.value, variance), own))
    error: ErrorType = "infinitesimal jackknife" if robust else "Greenwood"
    contrasts = tuple(
        compute_contrast(
            estimate,
            parts[0][0],
            covariance=float(per_cluster[number] @ per_cluster[0]) if robust else 0.0,
            level=chosen.level,
            method=f"{chosen.measure}, difference and ratio, {error}",
        )
        for number, (estimate, _) in enumerate(parts[1:], start=1)
    )
    estimates = tuple(_describe(estimate, own, chosen, error=error) for estimate, own in parts)
    return GroupComparison(chosen.measure, chosen.horizon, estimates, contrasts, tuple(warnings))


def check_reach(survival: Survival, horizon: float, *, name: str, anonymous: bool) -> None:
    """Raises EstimationError for a horizon beyond the follow-up of a group."""
    last = float(survival.time.max())
    all_dead = bool(survival.event[survival.time == last].all())
    if horizon > last and not all_dead:
        who = "the last patient" if anonymous else f"the last patient of group {name}"
        raise EstimationError(f"the horizon {horizon:g} lies beyond the follow-up of {who}; take {last:g} or less")


def _describe(estimate: Estimate, own: Survival, chosen: _Choice, *, error: ErrorType) -> GroupEstimate:
    se = float(np.sqrt(estimate.variance))
    if chosen.measure == "milestone":
        log_error = np.array([se / estimate.value if estimate.value > 0 else np.inf])
        limits = compute_limits(np.array([estimate.value]), log_error, interval=chosen.interval, level=chosen.level)
        low, high = float(limits[0][0]), float(limits[1][0])
        method = f"Kaplan-Meier survival at {chosen.horizon:g}, {chosen.interval} interval, {error}"
    else:
        half = float(ndtri(0.5 + chosen.level / 2)) * se
        low, high = estimate.value - half, estimate.value + half
        method = f"area under Kaplan-Meier up to {chosen.horizon:g}, {error}"
    return GroupEstimate(estimate.group, estimate.value, se, low, high, own.n, own.n_events, error, method)


def restricted_part(survival: Survival, case: FloatArray, horizon: float) -> Part:
    """The area under the curve; a step moves it by the area that lies behind the step."""
    ground = _find_ground(survival, case)
    ends = np.minimum(np.concatenate([[0.0], ground.time, [np.inf]]), horizon)
    area = np.concatenate([[1.0], ground.curve]) * np.diff(ends)
    total = float(area.sum())
    behind = total - np.cumsum(area)[:-1]
    return _part_of(survival, case, ground, value=total, effect=np.where(ground.time < horizon, behind, 0.0))


def _milestone_part(survival: Survival, case: FloatArray, horizon: float) -> Part:
    """Survival at the milestone; every step up to it moves it by its own size."""
    ground = _find_ground(survival, case)
    reached = int(np.searchsorted(ground.time, horizon, side="right"))
    value = float(ground.curve[reached - 1]) if reached else 1.0
    return _part_of(survival, case, ground, value=value, effect=np.where(ground.time <= horizon, value, 0.0))


@dataclass(frozen=True, eq=False)
class _Ground:
    time: FloatArray
    at_risk: FloatArray
    hazard: FloatArray
    curve: FloatArray
    leaves: IntArray
    enters: IntArray


def _find_ground(survival: Survival, case: FloatArray) -> _Ground:
    steps = find_steps(survival)
    at_risk = steps.sum_at_risk(case)
    censored = steps.sum_leaving((~survival.event).astype(np.float64))
    n_at_risk = steps.sum_at_risk(np.ones(survival.n))
    all_dead = (censored == 0) & (n_at_risk == steps.sum_leaving(np.ones(survival.n)))
    hazard = np.where(all_dead, 1.0, steps.sum_leaving(case * survival.event) / at_risk)
    enters = np.zeros(survival.n, dtype=np.intp) if steps.enters is None else steps.enters
    return _Ground(steps.time, at_risk, hazard, np.cumprod(1 - hazard), steps.leaves, enters)


def _part_of(survival: Survival, case: FloatArray, ground: _Ground, *, value: float, effect: FloatArray) -> Part:
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(ground.hazard < 1, effect / (ground.at_risk * (1 - ground.hazard)), 0.0)
    passive = np.concatenate([[0.0], np.cumsum(ground.hazard * own)])
    influence = case * (passive[ground.leaves + 1] - passive[ground.enters] - survival.event * own[ground.leaves])
    variance = float((effect * ground.hazard) @ own)
    return Part(value, variance, influence)
