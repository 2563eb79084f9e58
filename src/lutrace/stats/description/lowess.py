"""A smooth line through points: locally weighted regression, robust against single far points."""

from __future__ import annotations

from typing import Any

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, finite_vector

LEAST = 10
"""Fewer points have no course of their own to be smoothed."""


def compute_lowess(x: Any, y: Any, *, fraction: float = 2 / 3, iterations: int = 3) -> FloatArray:
    """The smooth of y at each x, in the order given: local lines, tricube weights over `fraction` of the points.

    `iterations` robustness steps. Equal to R's `lowess(x, y, f = fraction, iter = iterations, delta = 0)`.

    Raises:
        UnusableInputError: fewer than ten points, different lengths, a missing value, or a fraction outside 0 to 1.

    Source: Cleveland 1979, J Am Stat Assoc 74:829.
    """
    from statsmodels.nonparametric.smoothers_lowess import lowess

    first, second = finite_vector(x, "x"), finite_vector(y, "y")
    if first.size != second.size or first.size < LEAST:
        raise UnusableInputError(f"a smooth line needs x and y of {LEAST} points, got {first.size} and {second.size}")
    if not 0 < fraction <= 1:
        raise UnusableInputError(f"fraction must lie above 0 and up to 1, got {fraction}")
    smooth: FloatArray = lowess(second, first, frac=fraction, it=iterations, delta=0.0, return_sorted=False)
    return smooth
