"""The bounds of a profile likelihood, wherever the profile is computed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri

from lutrace.core import EstimationError
from lutrace.stats.arrays import FloatArray

_FARTHEST = 1e3
"""Distance from the estimate, in standard errors, up to which a bound is looked for."""
_STEEP = 1e6
"""A fall of the likelihood that stands for all that are larger, infinite ones too."""


def find_profile_bounds(
    height: Callable[[int, float], float], coef: FloatArray, se: FloatArray, *, top: float, level: float
) -> FloatArray:
    """The profile-likelihood bounds of each coefficient, (p, 2); NaN where the profile does not reach one.

    `height` gives the log likelihood with the coefficient of a number held at a value, `top` is its maximum.
    Source: Venzon and Moolgavkar 1988.

    >>> parabola = find_profile_bounds(lambda _, at: -at * at / 2, np.zeros(1), np.ones(1), top=0.0, level=0.95)
    >>> parabola.round(4).tolist()
    [[-1.96, 1.96]]
    """
    drop = float(chdtri(1, 1 - level))

    def find(number: int, reach: float) -> float:
        centre = float(coef[number])

        def excess(distance: float) -> float:
            return min(2 * (top - height(number, centre + distance * reach)) - drop, _STEEP)

        try:
            near, far = 0.0, 2.0
            while excess(far) < 0:
                near, far = far, far * 1.5
                if far > _FARTHEST:
                    return float("nan")
            return centre + reach * float(brentq(excess, near, far, xtol=1e-12, rtol=1e-13))
        except (EstimationError, np.linalg.LinAlgError):
            return float("nan")

    return np.array([[find(number, side * size) for side in (-1, 1)] for number, size in enumerate(se)])
