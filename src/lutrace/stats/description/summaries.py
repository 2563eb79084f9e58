"""Summaries of one number over patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import finite_vector


@dataclass(frozen=True)
class Summary:
    """What describes n values, in their own unit; the standard deviation is None for a single value."""

    n: int
    mean: float
    sd: float | None
    minimum: float
    q1: float
    median: float
    q3: float
    maximum: float
    method: str


def compute_summary(values: Any) -> Summary:
    """Mean, standard deviation, range and quartiles of the values, in their unit.

    Quartiles interpolate between order statistics (type 7 of Hyndman and Fan 1996, R's default).

    Raises:
        UnusableInputError: no values, or one is missing.

    >>> compute_summary([3, 4, 4, 5, 9]).q3
    5.0
    """
    array = finite_vector(values, "values")
    if array.size == 0:
        raise UnusableInputError("a summary needs at least one value, got none")
    low, q1, median, q3, high = (float(number) for number in np.quantile(array, (0, 0.25, 0.5, 0.75, 1)))
    spread = float(array.std(ddof=1)) if array.size > 1 else None
    return Summary(array.size, float(array.mean()), spread, low, q1, median, q3, high, "quantiles type 7")
