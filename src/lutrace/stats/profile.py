"""The bounds of a profile likelihood, wherever the profile is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np
from scipy.special import chdtri

from lutrace.core import EstimationError
from lutrace.stats.arrays import FloatArray

_FARTHEST = 1e3
"""Distance from the estimate, in standard errors, up to which a bound is looked for."""
_STEEP = 1e6
"""A fall of the likelihood that stands for all that are larger, infinite ones too."""
_MAX_STEPS = 100
_NEAR = 1e-6
_SETTLED = 1e-12
"""Last step, and its product with the one before, in standard errors, below which a bound counts as found."""


class Height(Protocol):
    """A point of the likelihood."""

    @property
    def value(self) -> float:
        """Its log likelihood."""


Point = TypeVar("Point", bound=Height)


def find_profile_bounds(
    hold: Callable[[int, float, Point | None], Point], coef: FloatArray, se: FloatArray, *, top: float, level: float
) -> FloatArray:
    """The profile-likelihood bounds of each coefficient, (p, 2); NaN where the profile does not reach one.

    `hold` gives the highest point with the coefficient of a number held at a value, and may start from the point that
    it gave before (None at first); `top` is the maximum. The root of the fall is almost a line, so that a few secants
    find where it passes the quantile. Source: Venzon and Moolgavkar 1988.

    >>> from types import SimpleNamespace
    >>> parabola = lambda number, at, near: SimpleNamespace(value=-at * at / 2)
    >>> find_profile_bounds(parabola, np.zeros(1), np.ones(1), top=0.0, level=0.95).round(4).tolist()
    [[-1.96, 1.96]]
    """
    target = float(np.sqrt(chdtri(1, 1 - level)))

    def find(number: int, reach: float) -> float:
        near: Point | None = None

        def fall(distance: float) -> float:
            nonlocal near
            point = hold(number, float(coef[number]) + distance * reach, near)
            near = point if np.isfinite(point.value) else near
            return float(np.sqrt(np.clip(2 * (top - point.value), 0.0, _STEEP)))

        try:
            return float(coef[number]) + reach * _find_crossing(fall, target)
        except (EstimationError, np.linalg.LinAlgError):
            return float("nan")

    return np.array([[find(number, side * size) for side in (-1, 1)] for number, size in enumerate(se)])


def _find_crossing(fall: Callable[[float], float], target: float) -> float:
    """The distance at which a rising, almost straight function through the origin passes `target`; NaN if it is far."""
    low, high = 0.0, np.inf
    before, before_fall = 0.0, 0.0
    distance = target
    for _ in range(_MAX_STEPS):
        found = fall(distance)
        low, high = (distance, high) if found < target else (low, distance)
        last, rise = distance - before, found - before_fall
        before, before_fall = distance, found
        step = (target - found) * last / rise if rise * last > 0 else np.inf
        if abs(step) < _NEAR and abs(step * last) < _SETTLED:
            return distance + step
        if low < distance + step < min(high, 1.5 * low + target):
            distance += step
        elif np.isfinite(high):
            distance = (low + high) / 2
        elif low > _FARTHEST:
            return float("nan")
        else:
            distance = 1.5 * low
    return float("nan")
