"""Gray's test that groups share one cumulative incidence of a cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray
from lutrace.stats.competing.observations import CompetingRisks
from lutrace.stats.survival.log_rank import group_codes
from lutrace.stats.survival.observations import stratum_rows


@dataclass(frozen=True)
class GrayTest:
    """A test of equal cumulative incidence: per group the patients and events of the cause; chi-square, df and p."""

    cause: str
    groups: tuple[str, ...]
    n_per_group: tuple[int, ...]
    events: tuple[int, ...]
    statistic: float
    df: int
    p: float
    n: int
    n_events: int
    method: str


def compute_gray_test(
    follow_up: CompetingRisks, groups: Any, *, cause: str, strata: Any = None, rho: float = 0.0
) -> GrayTest:
    """Gray's test that the groups share one cumulative incidence of `cause`, within strata when given.

    Args:
        follow_up: follow-up to the first event, without delayed entry.
        groups: label of each patient, shape (n,); at least two different ones.
        cause: the cause that is compared.
        strata: label of each patient's stratum, shape (n,), or None.
        rho: power of one minus the pooled incidence by which differences are weighted; 0 weights all alike.

    Raises:
        UnusableInputError: delayed entry, fewer than two groups, a wrong length, an unknown cause.
        EstimationError: no event of the cause while two groups were at risk, or an incidence that is certain before
            the last event.

    Source: Gray 1988, Annals of Statistics 16:1141; variance with ties as R cmprsk `cuminc`.

    >>> from lutrace.stats.competing.observations import competing_of
    >>> arms = ["a", "b", "a", "b"]
    >>> compute_gray_test(competing_of([1, 2, 3, 4], ["x", "y", "y", "x"], censored="no"), arms, cause="x").df
    1
    """
    if follow_up.entry is not None:
        raise UnusableInputError("Gray's test takes no delayed entry; compare cause-specific hazards (Cox) instead")
    number = follow_up.number_of(cause)
    names, codes = group_codes(groups, follow_up.n)
    kind = np.where(follow_up.cause == number, 1, np.where(follow_up.cause > 0, 2, 0))
    score, variance = np.zeros(names.size), np.zeros((names.size, names.size))
    for rows in stratum_rows(strata, follow_up.n):
        parts = _score_stratum(follow_up.time[rows], kind[rows], codes[rows], n_groups=names.size, rho=rho)
        score, variance = score + parts[0], variance + parts[1]
    present = np.flatnonzero(np.diag(variance) > 0)[:-1]
    if present.size == 0:
        raise EstimationError(
            f"Gray's test needs an event of {cause} while at least two groups are at risk, found none"
        )
    statistic = float(score[present] @ np.linalg.solve(variance[np.ix_(present, present)], score[present]))
    events = np.bincount(codes[kind == 1], minlength=names.size)
    return GrayTest(
        cause=cause,
        groups=tuple(str(name) for name in names),
        n_per_group=tuple(int(count) for count in np.bincount(codes, minlength=names.size)),
        events=tuple(int(count) for count in events),
        statistic=statistic,
        df=int(present.size),
        p=float(chdtrc(present.size, statistic)),
        n=follow_up.n,
        n_events=int(events.sum()),
        method=f"Gray's test, rho {rho:g}{'' if strata is None else ', stratified'}",
    )


@dataclass(frozen=True, eq=False)
class _Counts:
    """Per event time (rows) and group (columns): at risk, events of the cause, of the others, and curves before."""

    at_risk: FloatArray
    first: FloatArray
    other: FloatArray
    survival_before: FloatArray
    survival: FloatArray
    incidence_before: FloatArray


def _count(time: FloatArray, kind: IntArray, codes: IntArray, *, n_groups: int) -> _Counts | None:
    times, place = np.unique(time, return_inverse=True)
    cells = place * n_groups + codes
    shape = (times.size, n_groups)
    leaving, first, other = (
        np.bincount(cells[chosen], minlength=times.size * n_groups).reshape(shape).astype(np.float64)
        for chosen in (kind >= 0, kind == 1, kind == 2)
    )
    at_risk = np.cumsum(leaving[::-1], axis=0)[::-1]
    used = (first + other).sum(axis=1) > 0
    if not used.any():
        return None
    at_risk, first, other = at_risk[used], first[used], other[used]
    survival = np.cumprod(1 - (first + other) / np.maximum(at_risk, 1), axis=0)
    before = np.concatenate([np.ones((1, n_groups)), survival[:-1]])
    incidence = np.cumsum(before * first / np.maximum(at_risk, 1), axis=0)
    return _Counts(at_risk, first, other, before, survival, np.concatenate([np.zeros((1, n_groups)), incidence[:-1]]))


def _score_stratum(
    time: FloatArray, kind: IntArray, codes: IntArray, *, n_groups: int, rho: float
) -> tuple[FloatArray, FloatArray]:
    """The scores of all groups and their covariance, of one stratum."""
    counts = _count(time, kind, codes, n_groups=n_groups)
    if counts is None:
        return np.zeros(n_groups), np.zeros((n_groups, n_groups))
    here = counts.at_risk > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(here, counts.at_risk / counts.survival_before, 0.0)
    total = share.sum(axis=1)
    events = counts.first.sum(axis=1)
    pooled = np.cumsum(events / total)
    pooled_before = np.concatenate([[0.0], pooled[:-1]])
    if (pooled_before[events > 0] >= 1).any():
        raise EstimationError(
            "Gray's test has no variance: the pooled incidence reaches 1 before the last event; "
            "leave out groups of a few patients, or compare cause-specific hazards (Cox)"
        )
    weight = (1 - pooled_before) ** rho
    exposed = share * (1 - counts.incidence_before)
    expected = events[:, None] * exposed / exposed.sum(axis=1, keepdims=True)
    score = (weight[:, None] * np.where(here, counts.first - expected, 0.0)).sum(axis=0)
    effect = weight[:, None, None] * (
        share[:, :, None] * np.eye(n_groups) - share[:, :, None] * share[:, None, :] / total[:, None, None]
    )
    summed = np.cumsum(effect * (events / (total * (1 - pooled_before)))[:, None, None], axis=0)
    variance = np.zeros((n_groups, n_groups))
    for loading, spread, ratio in _find_parts(counts, effect, summed, (events, total, pooled)):
        scaled = spread * ratio
        variance += np.einsum("tik,tjk,tk->ij", loading, loading, spread)
        cross = summed[-1] @ np.einsum("tjk,tk->jk", loading, scaled).T
        variance += cross + cross.T + (summed[-1] * (spread * ratio**2).sum(axis=0)) @ summed[-1].T
    return score, variance


def _find_parts(
    counts: _Counts, effect: FloatArray, summed: FloatArray, pooled: tuple[FloatArray, FloatArray, FloatArray]
) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
    """For the cause and for the others: how a step of each group loads on the scores, its variance, and its ratio."""
    events, total, incidence = pooled
    here = counts.at_risk > 0
    alive = here & (counts.survival > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(alive, (1 - incidence)[:, None] / counts.survival, 0.0)
        ties = np.where(
            (events > 1)[:, None], 1 - (events - 1)[:, None] / (total[:, None] * counts.survival_before - 1), 1.0
        )
        spread = ties * counts.survival_before * (events / total)[:, None] / counts.at_risk
        tied = np.where(counts.other > 1, 1 - (counts.other - 1) / (counts.at_risk - 1), 1.0)
        spread_other = tied * counts.survival_before**2 * counts.other / counts.at_risk**2
    ratio = 1 - left
    first = effect - ratio[:, None, :] * summed, np.where(here, spread, 0.0), ratio
    other = left[:, None, :] * summed, np.where(alive & (counts.other > 0), spread_other, 0.0), -left
    return [first, other]
