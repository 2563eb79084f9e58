"""Pointwise intervals of a probability over time, on the scale that the caller names."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import ndtri

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, check_level

IntervalType = Literal["log-log", "log", "plain", "arcsine"]


def compute_limits(
    estimate: FloatArray, log_error: FloatArray, *, interval: IntervalType, level: float
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper limits of probabilities whose logarithms have the standard errors `log_error`.

    NaN at 0, where the error of the logarithm is unknown, and for log-log at 1. Formulas as R `survfit`.

    Raises:
        UnusableInputError: the interval or the level is unknown.
    """
    check_level(level)
    z = float(ndtri(0.5 + level / 2))
    low, high = np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    inner = (estimate > 0) & ((estimate < 1) | (interval != "log-log"))
    point, spread = estimate[inner], z * log_error[inner]
    match interval:
        case "log-log":
            with np.errstate(over="ignore"):  # next to 1, where the limits are 0 and 1
                half = spread / np.abs(np.log(point))
                low[inner], high[inner] = point ** np.exp(half), point ** np.exp(-half)
        case "log":
            with np.errstate(over="ignore"):
                low[inner], high[inner] = point * np.exp(-spread), np.minimum(point * np.exp(spread), 1)
        case "plain":
            low[inner], high[inner] = np.maximum(point - spread * point, 0), np.minimum(point + spread * point, 1)
        case "arcsine":
            with np.errstate(divide="ignore", invalid="ignore"):
                half = 0.5 * spread * np.sqrt(point / (1 - point))
            half = np.where(point == 1, np.nan, half)
            angle = np.arcsin(np.sqrt(point))
            low[inner] = np.sin(np.maximum(0, angle - half)) ** 2
            high[inner] = np.sin(np.minimum(np.pi / 2, angle + half)) ** 2
        case _:
            raise UnusableInputError(f"interval must be log-log, log, plain or arcsine, got {interval}")
    return low, high
