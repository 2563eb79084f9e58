"""The log-rank test of two or more groups, with or without strata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray
from lutrace.stats.survival.observations import Survival, stratum_rows
from lutrace.stats.survival.risk_sets import RiskSets, find_risk_sets


@dataclass(frozen=True)
class LogRank:
    """A log-rank test: per group the patients, observed and expected events; overall chi-square, df and p."""

    groups: tuple[str, ...]
    n_per_group: tuple[int, ...]
    observed: tuple[int, ...]
    expected: tuple[float, ...]
    statistic: float
    df: int
    p: float
    n: int
    n_events: int
    method: str


def compute_log_rank(survival: Survival, groups: Any, *, strata: Any = None) -> LogRank:
    """The log-rank test that the groups share one hazard, within strata when given.

    Args:
        survival: follow-up, with or without delayed entry.
        groups: label of each patient, shape (n,); at least two different ones.
        strata: label of each patient's stratum, shape (n,), or None.

    Raises:
        UnusableInputError: fewer than two groups, or a wrong length.
        EstimationError: no event in which two groups were at risk.

    Source: Mantel 1966; Peto and Peto 1972; variance hypergeometric, as R `survdiff` with rho = 0.
    """
    labels = np.asarray(groups)
    if labels.shape != (survival.n,):
        raise UnusableInputError(f"groups must hold one label per patient ({survival.n}), got shape {labels.shape}")
    names, codes = np.unique(labels, return_inverse=True)
    if names.size < 2:
        raise UnusableInputError(f"groups must hold at least two different labels, got {names.size}")
    membership = (codes[:, None] == np.arange(names.size)).astype(np.float64)
    observed, expected = np.zeros(names.size), np.zeros(names.size)
    variance = np.zeros((names.size, names.size))
    for rows in stratum_rows(strata, survival.n):
        sets = find_risk_sets(survival, rows, efron=False)
        if sets is not None:
            parts = _compare(sets, membership[rows])
            observed, expected, variance = observed + parts[0], expected + parts[1], variance + parts[2]
    statistic, df = _quadratic_form(observed - expected, variance)
    return LogRank(
        groups=tuple(str(name) for name in names),
        n_per_group=tuple(int(number) for number in membership.sum(axis=0)),
        observed=tuple(int(number) for number in observed),
        expected=tuple(float(number) for number in expected),
        statistic=statistic,
        df=df,
        p=float(chdtrc(df, statistic)),
        n=survival.n,
        n_events=survival.n_events,
        method="log-rank" if strata is None else "log-rank, stratified",
    )


def _compare(sets: RiskSets, membership: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Observed and expected events per group and the covariance of their differences."""
    at_risk = sets.sum_at_risk(membership)
    events, total = sets.n_events.astype(np.float64), sets.n_at_risk.astype(np.float64)
    fraction = at_risk / total[:, None]
    spread = np.where(total > 1, events * (total - events) / np.maximum(total - 1, 1), 0.0)
    variance = np.diag(spread @ fraction) - (fraction * spread[:, None]).T @ fraction
    return membership[sets.event_rows].sum(axis=0), events @ fraction, variance


def _quadratic_form(difference: FloatArray, variance: FloatArray) -> tuple[float, int]:
    """The chi-square of the differences and its df: the rank of their covariance."""
    df = int(np.linalg.matrix_rank(variance, hermitian=True))
    if df == 0:
        raise EstimationError(
            "the log-rank test needs an event while at least two groups are at risk, found none; "
            "check the groups and the follow-up"
        )
    return float(difference @ np.linalg.pinv(variance, hermitian=True) @ difference), df
