"""Pearson's and Spearman's correlation with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtr

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, check_level, finite_vector


@dataclass(frozen=True)
class Correlation:
    """A correlation (-1 to 1) of `n` pairs; no interval (None) where it is exactly -1 or 1."""

    estimate: float
    low: float | None
    high: float | None
    statistic: float
    """Student's t on n - 2 degrees of freedom; infinite where the correlation is exactly -1 or 1."""
    p: float
    n: int
    level: float
    method: str


def compute_pearson(x: Any, y: Any, *, level: float = 0.95) -> Correlation:
    """Pearson's correlation with Fisher's interval (standard error 1/sqrt(n - 3) of atanh r).

    Raises:
        UnusableInputError: fewer than four pairs, different lengths, or a missing value.
        EstimationError: one of the two does not vary.

    Source: Fisher 1921.
    """
    first, second = _pairs(x, y, level)
    return _correlate(first, second, level=level, widening=0.0, method="Pearson, Fisher interval")


def compute_spearman(x: Any, y: Any, *, level: float = 0.95) -> Correlation:
    """Spearman's rank correlation with Bonett and Wright's interval; ties get mean ranks, p by Student's t.

    Raises:
        UnusableInputError: fewer than four pairs, different lengths, or a missing value.
        EstimationError: one of the two does not vary.

    Source: Bonett and Wright 2000, Psychometrika 65:23: variance (1 + r^2 / 2) / (n - 3) of atanh r.
    """
    from scipy.stats import rankdata

    first, second = _pairs(x, y, level)
    method = "Spearman, Bonett-Wright interval"
    return _correlate(rankdata(first), rankdata(second), level=level, widening=0.5, method=method)


def _pairs(x: Any, y: Any, level: float) -> tuple[FloatArray, FloatArray]:
    check_level(level)
    first, second = finite_vector(x, "x"), finite_vector(y, "y")
    if first.size != second.size or first.size < 4:
        raise UnusableInputError(
            f"a correlation with an interval needs at least 4 pairs, got {first.size} and {second.size} values"
        )
    for name, values in (("x", first), ("y", second)):
        if (values == values[0]).all():
            raise EstimationError(f"a correlation needs values that differ, but all {values.size} of {name} are equal")
    return first, second


def _correlate(x: FloatArray, y: FloatArray, *, level: float, widening: float, method: str) -> Correlation:
    a, b = x - x.mean(), y - y.mean()
    r = float(np.clip((a @ b) / np.sqrt((a @ a) * (b @ b)), -1, 1))
    n = x.size
    if 1 - abs(r) < 1e-15:
        return Correlation(round(r), None, None, float(np.copysign(np.inf, r)), 0.0, n, level, method)
    half = float(ndtri(0.5 + level / 2)) * np.sqrt((1 + widening * r**2) / (n - 3))
    low, high = np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)
    statistic = r * np.sqrt((n - 2) / (1 - r**2))
    p = 2 * float(stdtr(n - 2, -abs(statistic)))
    return Correlation(r, float(low), float(high), float(statistic), p, n, level, method)
