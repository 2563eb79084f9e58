"""Proportions with exact intervals."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import betaincinv

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import check_level


@dataclass(frozen=True)
class Proportion:
    """A share of patients (0 to 1) with its interval; `n_events` of `n`."""

    estimate: float
    low: float
    high: float
    n_events: int
    n: int
    level: float
    method: str


def compute_proportion(n_events: int, n: int, *, level: float = 0.95) -> Proportion:
    """The share `n_events` of `n` with its exact interval, as numbers from 0 to 1.

    Raises:
        UnusableInputError: no patients, or more events than patients.

    Source: Clopper and Pearson 1934.

    >>> share = compute_proportion(50, 66)
    >>> round(share.low, 4), round(share.high, 4)
    (0.6364, 0.8546)
    """
    check_level(level)
    if n < 1 or not 0 <= n_events <= n:
        raise UnusableInputError(f"a proportion needs 0 <= events <= patients and a patient, got {n_events} of {n}")
    tail = (1 - level) / 2
    low = 0.0 if n_events == 0 else float(betaincinv(n_events, n - n_events + 1, tail))
    high = 1.0 if n_events == n else float(betaincinv(n_events + 1, n - n_events, 1 - tail))
    return Proportion(n_events / n, low, high, n_events, n, level, "exact (Clopper-Pearson)")
