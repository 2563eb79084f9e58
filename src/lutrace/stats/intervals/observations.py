"""Times known to lie in intervals, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray, as_numbers, refuse_rows


@dataclass(frozen=True, eq=False)
class IntervalTimes:
    """Event times of n patients, each in (low, high], in one unit: exact where equal, right-censored where high is inf.

    A low of 0 is a time known only to lie at or before `high` (left-censored). Build it with `intervals_of`, which
    checks.
    """

    low: FloatArray
    high: FloatArray

    @property
    def n(self) -> int:
        """The number of patients."""
        return int(self.low.size)

    @property
    def is_exact(self) -> BoolArray:
        """The rows whose time is known."""
        exact: BoolArray = self.low == self.high
        return exact

    @property
    def n_events(self) -> int:
        """The rows whose event is known to have come: all but the right-censored."""
        return int(np.isfinite(self.high).sum())


def intervals_of(low: Any, high: Any) -> IntervalTimes:
    """The intervals given by array-likes, checked.

    Args:
        low: last time known to be free of the event, at or above 0, shape (n,); NaN counts as 0 (never seen free).
        high: first time known to have had it, shape (n,); inf or NaN for those who never had.

    Raises:
        UnusableInputError: a length differs, a time below 0, an exact time of 0, low above high, or a row that says
            nothing. Rows are counted from 1.

    >>> intervals_of([2, 3, 0], [2, float("inf"), 4]).n_events
    2
    """
    lows, highs = as_numbers(low, "low"), as_numbers(high, "high")
    if lows.ndim != 1 or lows.shape != highs.shape or not lows.size:
        raise UnusableInputError(f"low and high must be of one length above 0, got shapes {lows.shape}, {highs.shape}")
    lows, highs = np.where(np.isnan(lows), 0.0, lows), np.where(np.isnan(highs), np.inf, highs)
    refuse_rows((lows < 0) | np.isinf(lows), "low must be a time at or above 0")
    refuse_rows(highs <= 0, "high must be a time above 0")
    refuse_rows(lows > highs, "low must not lie after high")
    says_nothing = (lows == 0) & np.isinf(highs)
    refuse_rows(says_nothing, "low above 0 or a finite high must be known: a row from 0 to inf says nothing")
    return IntervalTimes(lows, highs)
