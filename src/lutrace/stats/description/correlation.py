"""Pearson's, Spearman's and partial correlation with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtr

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, check_level, covariate_matrix, finite_vector


@dataclass(frozen=True)
class Correlation:
    """A correlation (-1 to 1) of `n` pairs; no interval (None) where it is exactly -1 or 1."""

    estimate: float
    low: float | None
    high: float | None
    statistic: float
    """Student's t on n - 2 degrees of freedom, less the covariates taken out; infinite where the correlation is exactly
    -1 or 1."""
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


def compute_partial(x: Any, y: Any, covariates: Any, *, terms: Sequence[str], level: float = 0.95) -> Correlation:
    """Pearson's correlation of what a linear fit on k covariates, (n, k) named by `terms`, leaves of x and y.

    Raises:
        UnusableInputError: fewer than k + 4 rows, different lengths, or a missing value.
        EstimationError: one of the two does not vary, or the covariates explain it all.

    Source: Fisher 1924, Metron 3:329: one pair less for each covariate.

    >>> found = compute_partial([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5], [1, 1, 0, 0, 1, 1], terms=["z"])
    >>> round(found.estimate, 6)
    0.828571
    """
    first, second = _pairs(x, y, level)
    matrix = covariate_matrix(covariates, terms, first.size)
    k = matrix.shape[1]
    if first.size < k + 4:
        raise UnusableInputError(f"a partial correlation on {k} covariates needs {k + 4} rows, got {first.size}")
    basis = np.column_stack([np.ones(first.size), matrix])
    left = [values - basis @ np.linalg.lstsq(basis, values, rcond=None)[0] for values in (first, second)]
    for name, rest, values in (("x", left[0], first), ("y", left[1], second)):
        if np.linalg.norm(rest) <= 1e-10 * np.linalg.norm(values - values.mean()):
            raise EstimationError(f"{', '.join(terms)} explain all of {name}: nothing is left to correlate")
    return _correlate(left[0], left[1], level=level, widening=0.0, method="partial, Fisher interval", n_taken=k)


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


def _correlate(
    x: FloatArray, y: FloatArray, *, level: float, widening: float, method: str, n_taken: int = 0
) -> Correlation:
    a, b = x - x.mean(), y - y.mean()
    r = float(np.clip((a @ b) / np.sqrt((a @ a) * (b @ b)), -1, 1))
    n = x.size
    if 1 - abs(r) < 1e-15:
        return Correlation(round(r), None, None, float(np.copysign(np.inf, r)), 0.0, n, level, method)
    half = float(ndtri(0.5 + level / 2)) * np.sqrt((1 + widening * r**2) / (n - n_taken - 3))
    low, high = np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)
    df = n - n_taken - 2
    statistic = r * np.sqrt(df / (1 - r**2))
    p = 2 * float(stdtr(df, -abs(statistic)))
    return Correlation(r, float(low), float(high), float(statistic), p, n, level, method)
