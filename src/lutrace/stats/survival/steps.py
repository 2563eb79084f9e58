"""The distinct times of a group and who is at risk at each: what curves of every kind are added up over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.stats.arrays import FloatArray, IntArray
from lutrace.stats.survival.observations import Survival


@dataclass(frozen=True, eq=False)
class Steps:
    """Distinct times in ascending order; each row enters with one step and leaves with another, both inclusive."""

    time: FloatArray
    """Distinct times at which somebody leaves, (steps,)."""
    leaves: IntArray
    """The step with which each row leaves, (n,)."""
    enters: IntArray | None
    """The first step after each row's entry, (n,); None when all are at risk from the first step on."""

    def sum_leaving(self, values: FloatArray) -> FloatArray:
        """The sum of a row quantity over the rows that leave with each step."""
        summed = np.bincount(self.leaves, weights=values, minlength=self.time.size)
        return summed.astype(np.float64, copy=False)

    def sum_at_risk(self, values: FloatArray) -> FloatArray:
        """The sum of a row quantity over the rows at risk at each step."""
        not_left = np.cumsum(self.sum_leaving(values)[::-1])[::-1]
        if self.enters is None:
            return not_left
        arriving = np.bincount(self.enters, weights=values, minlength=self.time.size + 1)
        not_entered = np.cumsum(arriving[::-1])[::-1][1:]
        at_risk: FloatArray = not_left - not_entered
        return at_risk


def find_steps(survival: Survival) -> Steps:
    """The steps of all rows of a follow-up."""
    time, leaves = np.unique(survival.time, return_inverse=True)
    enters = None if survival.entry is None else np.searchsorted(time, survival.entry, side="right")
    return Steps(time, leaves, enters)
