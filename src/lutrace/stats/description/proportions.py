"""Proportions and their differences, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv, ndtri

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
    _check_counts(n_events, n, level)
    tail = (1 - level) / 2
    low = 0.0 if n_events == 0 else float(betaincinv(n_events, n - n_events + 1, tail))
    high = 1.0 if n_events == n else float(betaincinv(n_events + 1, n - n_events, 1 - tail))
    return Proportion(n_events / n, low, high, n_events, n, level, "exact (Clopper-Pearson)")


def compute_wilson(n_events: int, n: int, *, level: float = 0.95) -> Proportion:
    """The share `n_events` of `n` with Wilson's interval, as numbers from 0 to 1; errors as of `compute_proportion`.

    Its coverage is close to nominal on average, where the exact interval's is never below it.

    Source: Wilson 1927, JASA 22:209; as R `prop.test(..., correct = FALSE)`.

    >>> share = compute_wilson(50, 66)
    >>> round(share.low, 4), round(share.high, 4)
    (0.6419, 0.8449)
    """
    _check_counts(n_events, n, level)
    share, z = n_events / n, float(ndtri(0.5 + level / 2))
    centre, width = share + z**2 / (2 * n), z * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    low, high = ((centre + side * width) / (1 + z**2 / n) for side in (-1, 1))
    low, high = (0.0 if n_events == 0 else low), (1.0 if n_events == n else high)
    return Proportion(share, low, high, n_events, n, level, "Wilson")


@dataclass(frozen=True)
class ProportionDifference:
    """A share less another of other patients (-1 to 1), with its interval."""

    estimate: float
    low: float
    high: float
    first: Proportion
    second: Proportion
    level: float
    method: str


def compute_proportion_difference(
    first: tuple[int, int], second: tuple[int, int], *, level: float = 0.95
) -> ProportionDifference:
    """The share of the first group (events, patients) less that of the second, with Newcombe's interval.

    Raises:
        UnusableInputError: a group without patients, or more events than patients.

    Source: Newcombe 1998, Stat Med 17:873, method 10 (from Wilson's intervals, no correction for continuity).

    >>> found = compute_proportion_difference((56, 70), (48, 80))
    >>> round(found.estimate, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    one, two = compute_wilson(*first, level=level), compute_wilson(*second, level=level)
    gap = one.estimate - two.estimate
    low = gap - float(np.hypot(one.estimate - one.low, two.high - two.estimate))
    high = gap + float(np.hypot(one.high - one.estimate, two.estimate - two.low))
    return ProportionDifference(gap, low, high, one, two, level, "Newcombe's interval from Wilson's")


def _check_counts(n_events: int, n: int, level: float) -> None:
    check_level(level)
    if n < 1 or not 0 <= n_events <= n:
        raise UnusableInputError(f"a proportion needs 0 <= events <= patients and a patient, got {n_events} of {n}")
