"""The nonparametric curve of interval-censored times (Turnbull)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

from lutrace.core import EstimationError
from lutrace.stats.arrays import FloatArray, IntArray, finite_vector
from lutrace.stats.intervals.observations import IntervalTimes
from lutrace.stats.survival.observations import row_weights

_MAX_STEPS = 20_000
_SETTLED = 1e-12
"""Distance of the log likelihood from its maximum, per unit of weight, that is sure to be kept."""


@dataclass(frozen=True, eq=False)
class IntervalCurve:
    """The maximum likelihood distribution: `mass` in each interval from `low` to `high`, `survival` after each.

    Where in an interval the mass lies the data do not say: the curve is known before `low` and from `high` on. A mass
    with `low` = `high` sits at an exact time; else the interval is open at `low` and closed at `high`; the last may end
    at inf. `gap` bounds how far the log likelihood is from its maximum. There are no pointwise errors: their theory is
    not that of Kaplan-Meier; take the bootstrap.
    """

    low: FloatArray
    high: FloatArray
    mass: FloatArray
    survival: FloatArray
    loglik: float
    gap: float
    n_steps: int
    n: int
    n_events: int
    method: str

    def at(self, times: Any) -> tuple[FloatArray, FloatArray]:
        """The least and the most that survival can be at each time."""
        asked = finite_vector(times, "times")
        curve = np.concatenate([[1.0], self.survival])
        return curve[np.searchsorted(self._opening, asked, "left")], curve[np.searchsorted(self.high, asked, "right")]

    @property
    def _opening(self) -> FloatArray:
        return np.where(self.low == self.high, np.nextafter(self.low, -np.inf), self.low)

    def median(self) -> tuple[float, float]:
        """The interval that holds the time by which one half have had the event; inf where the data do not reach."""
        place = int(np.flatnonzero(self.survival <= 0.5 + 1e-10)[0])
        return float(self.low[place]), float(self.high[place])


@dataclass(frozen=True, eq=False)
class _Cells:
    """Distinct observations as ranges first..last of the innermost intervals, with the weight of each."""

    first: IntArray
    last: IntArray
    weight: FloatArray
    n_cells: int

    def probabilities(self, mass: FloatArray) -> FloatArray:
        running = np.concatenate([[0.0], np.cumsum(mass)])
        chance: FloatArray = running[self.last + 1] - running[self.first]
        return chance

    def gradient(self, probability: FloatArray) -> FloatArray:
        """The derivative of the log likelihood by each mass."""
        ratio = self.weight / probability
        opening = np.bincount(self.first, weights=ratio, minlength=self.n_cells + 1)
        closing = np.bincount(self.last + 1, weights=ratio, minlength=self.n_cells + 1)
        slope: FloatArray = np.cumsum(opening - closing)[: self.n_cells]
        return slope


def compute_turnbull(times: IntervalTimes, *, weights: Any = None) -> IntervalCurve:
    """The distribution of largest likelihood for times known only to lie in intervals (low, high].

    Steps of self-consistency (EM) alternate with steps of iterative convex minorant, until the gradient proves that
    the log likelihood is within 1e-12 x n of its maximum.

    Args:
        times: the intervals.
        weights: case weight of each row, above 0, or None.

    Raises:
        UnusableInputError: a weight is not above 0 or a length differs.
        EstimationError: the maximum was not reached.

    Source: Turnbull 1976; Gentleman and Geyer 1994 (proof of the maximum); Wellner and Zhan 1997 (the steps).

    >>> from lutrace.stats.intervals.observations import intervals_of
    >>> curve = compute_turnbull(intervals_of([0, 1, 1], [2, 3, float("inf")]))
    >>> curve.low.tolist(), curve.high.tolist(), curve.mass.round(6).tolist()
    ([1.0], [2.0], [1.0])
    """
    case = row_weights(weights, times.n)
    low, high, cells = _find_cells(times, case)
    mass, gap, n_steps = _maximise(cells)
    kept = mass > 1e-12
    mass = mass[kept] / mass[kept].sum()
    survival = np.maximum(1 - np.cumsum(mass), 0.0)
    survival[-1] = 0.0
    return IntervalCurve(
        low=low[kept],
        high=high[kept],
        mass=mass,
        survival=survival,
        loglik=float(cells.weight @ np.log(cells.probabilities(_spread(mass, kept)))),
        gap=gap,
        n_steps=n_steps,
        n=times.n,
        n_events=times.n_events,
        method="Turnbull's nonparametric maximum likelihood for intervals (low, high]",
    )


def _spread(mass: FloatArray, kept: Any) -> FloatArray:
    full = np.zeros(kept.size)
    full[kept] = mass
    return full


def _find_cells(times: IntervalTimes, case: FloatArray) -> tuple[FloatArray, FloatArray, _Cells]:
    """Innermost intervals: a left end directly followed by a right end; at one time exact < closed < open ends."""
    values = np.unique(np.concatenate([times.low, times.high]))
    left = 3 * np.searchsorted(values, times.low) + np.where(times.is_exact, 0, 2)
    right = 3 * np.searchsorted(values, times.high) + 1
    lefts, rights = np.unique(left), np.unique(right)
    following = np.searchsorted(rights, lefts)
    next_left = np.append(lefts[1:], rights[-1] + 1)
    inner = (following < rights.size) & (rights[np.minimum(following, rights.size - 1)] < next_left)
    opens, closes = lefts[inner], rights[following[inner]]
    first = np.searchsorted(opens, left, side="left")
    last = np.searchsorted(closes, right, side="right") - 1
    pairs, code = np.unique(first * np.int64(opens.size) + last, return_inverse=True)
    weight = np.bincount(code, weights=case).astype(np.float64, copy=False)
    cells = _Cells((pairs // opens.size).astype(np.intp), (pairs % opens.size).astype(np.intp), weight, opens.size)
    return values[opens // 3], values[closes // 3], cells


def _maximise(cells: _Cells) -> tuple[FloatArray, float, int]:
    total = float(cells.weight.sum())
    mass = np.full(cells.n_cells, 1 / cells.n_cells)
    for number in range(_MAX_STEPS):
        slope = cells.gradient(cells.probabilities(mass))
        gap = float(slope.max()) - total
        if gap <= _SETTLED * total:
            return mass, max(gap, 0.0), number
        mass = mass * slope / total
        mass = _minorant_step(cells, mass / mass.sum())
    raise EstimationError(f"Turnbull's curve was not found in {_MAX_STEPS} steps (gap {gap:.1e}); check the intervals")


def _minorant_step(cells: _Cells, mass: FloatArray) -> FloatArray:
    """One step of iterative convex minorant: Newton's with the diagonal only, made monotone, halved until it gains."""
    if cells.n_cells == 1:
        return mass
    cumulative = np.cumsum(mass)[:-1]
    probability = cells.probabilities(mass)
    first, second = cells.weight / probability, cells.weight / probability**2
    n_cells = cells.n_cells
    upper, lower = cells.last, cells.first - 1
    slope = np.bincount(upper, first, n_cells) - np.bincount(lower + 1, first, n_cells + 1)[1:]
    curve = np.bincount(upper, second, n_cells) + np.bincount(lower + 1, second, n_cells + 1)[1:]
    slope, curve = slope[:-1], curve[:-1]
    aim = isotonic_regression(cumulative + slope / curve, weights=curve).x.clip(0, 1)
    loglik, share = float(cells.weight @ np.log(probability)), 1.0
    for _ in range(30):
        tried = np.diff(np.concatenate([[0.0], cumulative + share * (aim - cumulative), [1.0]])).clip(0)
        chance = cells.probabilities(tried)
        if chance.min() > 0 and float(cells.weight @ np.log(chance)) > loglik:
            return tried
        share /= 2
    return mass
