"""The log-rank test of two or more groups and its weighted family, with or without strata, and for trend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import chdtrc

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, finite_vector
from lutrace.stats.survival.observations import Survival, stratum_rows
from lutrace.stats.survival.risk_sets import RiskSets, find_risk_sets

Emphasis = Literal["all", "at risk", "root of at risk"]


@dataclass(frozen=True)
class EventWeights:
    """How much each event time counts: S^rho (1 - S)^gamma x 1, the number at risk or its root.

    S is the pooled Kaplan-Meier curve of the stratum just before the event.
    """

    name: str
    rho: float = 0.0
    gamma: float = 0.0
    emphasis: Emphasis = "all"


LOG_RANK = EventWeights("log-rank")
GEHAN = EventWeights("Gehan-Wilcoxon", emphasis="at risk")
TARONE_WARE = EventWeights("Tarone-Ware", emphasis="root of at risk")
PETO = EventWeights("Peto-Peto (pooled survival just before the event, R's rho = 1)", rho=1.0)


def fleming_harrington(rho: float, gamma: float) -> EventWeights:
    """The weights S^rho (1 - S)^gamma of Fleming and Harrington: gamma above 0 stresses late differences.

    >>> fleming_harrington(0, 1).name
    'Fleming-Harrington(0, 1)'
    """
    if rho < 0 or gamma < 0:
        raise UnusableInputError(f"rho and gamma must be at or above 0, got {rho} and {gamma}")
    return EventWeights(f"Fleming-Harrington({rho:g}, {gamma:g})", rho=rho, gamma=gamma)


@dataclass(frozen=True)
class LogRank:
    """A test of the log-rank family: per group the patients and the weighted events; overall chi-square, df and p.

    `observed` and `expected` are sums of the event weights (counts for the log-rank test itself). `df` is 1 for trend.
    """

    groups: tuple[str, ...]
    n_per_group: tuple[int, ...]
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    statistic: float
    df: int
    p: float
    n: int
    n_events: int
    method: str


def compute_log_rank(
    survival: Survival,
    groups: Any,
    *,
    strata: Any = None,
    event_weights: EventWeights = LOG_RANK,
    trend: Any = None,
) -> LogRank:
    """The test that the groups share one hazard, within strata when given.

    Args:
        survival: follow-up, with or without delayed entry.
        groups: label of each patient, shape (n,); at least two different ones.
        strata: label of each patient's stratum, shape (n,), or None.
        event_weights: LOG_RANK, GEHAN, TARONE_WARE, PETO or `fleming_harrington(rho, gamma)`, chosen beforehand.
        trend: a score for each group, groups in sorted order: tests for a trend over the scores with 1 df; or None.

    Raises:
        UnusableInputError: fewer than two groups, a wrong length, scores that are all the same.
        EstimationError: no event in which two groups were at risk.

    Source: Mantel 1966; Peto and Peto 1972; Gehan 1965; Tarone and Ware 1977; Fleming and Harrington 1991, section 7.3;
    Tarone 1975 (trend); variance hypergeometric, as R `survdiff` with rho = 0.

    >>> from lutrace.stats import survival_of
    >>> compute_log_rank(survival_of([1, 2, 3, 4], [1, 1, 1, 1]), ["a", "a", "b", "b"]).observed
    (2.0, 2.0)
    """
    names, codes = group_codes(groups, survival.n)
    membership = (codes[:, None] == np.arange(names.size)).astype(np.float64)
    observed, expected = np.zeros(names.size), np.zeros(names.size)
    variance = np.zeros((names.size, names.size))
    for rows in stratum_rows(strata, survival.n):
        sets = find_risk_sets(survival, rows)
        if sets is not None:
            parts = _compare(sets, membership[rows], event_weights)
            observed, expected, variance = observed + parts[0], expected + parts[1], variance + parts[2]
    difference, method = observed - expected, event_weights.name
    if trend is None:
        statistic, df = _quadratic_form(difference, variance)
    else:
        scores = _trend_scores(trend, names)
        statistic, df = _trend_form(difference, variance, scores), 1
        method = f"{method} for trend over the scores {', '.join(f'{score:g}' for score in scores)}"
    return LogRank(
        groups=tuple(str(name) for name in names),
        n_per_group=tuple(int(number) for number in membership.sum(axis=0)),
        observed=tuple(float(number) for number in observed),
        expected=tuple(float(number) for number in expected),
        statistic=statistic,
        df=df,
        p=float(chdtrc(df, statistic)),
        n=survival.n,
        n_events=survival.n_events,
        method=method if strata is None else f"{method}, stratified",
    )


def group_codes(groups: Any, n: int) -> tuple[Any, IntArray]:
    """The names of two or more groups, sorted, and the number of each row's group.

    Raises:
        UnusableInputError: fewer than two groups, or a wrong length.
    """
    labels = np.asarray(groups)
    if labels.shape != (n,):
        raise UnusableInputError(f"groups must hold one label per patient ({n}), got shape {labels.shape}")
    names, codes = np.unique(labels, return_inverse=True)
    if names.size < 2:
        raise UnusableInputError(f"groups must hold at least two different labels, got {names.size}")
    return names, codes.astype(np.intp, copy=False)


def _trend_scores(trend: Any, names: Any) -> FloatArray:
    scores = finite_vector(trend, "trend", size=names.size)
    if np.ptp(scores) == 0:
        raise UnusableInputError("trend must give different scores to the groups, got the same for all")
    return scores


def _compare(
    sets: RiskSets, membership: FloatArray, event_weights: EventWeights
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weighted observed and expected events per group and the covariance of their differences."""
    at_risk = sets.sum_at_risk(membership)
    events, total = sets.n_events.astype(np.float64), sets.n_at_risk.astype(np.float64)
    weight = _weigh(events, total, event_weights)
    fraction = at_risk / total[:, None]
    spread = weight**2 * np.where(total > 1, events * (total - events) / np.maximum(total - 1, 1), 0.0)
    variance = np.diag(spread @ fraction) - (fraction * spread[:, None]).T @ fraction
    return weight @ sets.sum_events(membership), (weight * events) @ fraction, variance


def _weigh(events: FloatArray, at_risk: FloatArray, event_weights: EventWeights) -> FloatArray:
    before = np.concatenate([[1.0], np.cumprod(1 - events / at_risk)[:-1]])
    weight: FloatArray = before**event_weights.rho * (1 - before) ** event_weights.gamma
    match event_weights.emphasis:
        case "at risk":
            weight = weight * at_risk
        case "root of at risk":
            weight = weight * np.sqrt(at_risk)
    return weight


def _quadratic_form(difference: FloatArray, variance: FloatArray) -> tuple[float, int]:
    """The chi-square of the differences and its df: the groups less the sets of groups that never meet at risk.

    Groups that meet have a covariance below 0, exactly 0 else: rounding does not decide upon the df.
    """
    _, sets = connected_components(variance < 0, directed=False)
    kept = np.setdiff1d(np.arange(sets.size), np.unique(sets, return_index=True)[1])
    if kept.size == 0:
        raise _none_at_risk()
    return float(difference[kept] @ np.linalg.solve(variance[np.ix_(kept, kept)], difference[kept])), int(kept.size)


def _trend_form(difference: FloatArray, variance: FloatArray, scores: FloatArray) -> float:
    """The chi-square of the trend; its variance is a sum over pairs of groups, each at or above 0."""
    spread = -0.5 * float((variance * (scores[:, None] - scores) ** 2).sum())
    if not spread > 0:
        raise _none_at_risk()
    return float(scores @ difference) ** 2 / spread


def _none_at_risk() -> EstimationError:
    return EstimationError(
        "the log-rank test needs an event while at least two groups are at risk, found none; "
        "check the groups and the follow-up"
    )
