"""The likelihood of a logistic model, plain or with Firth's penalty, and its climb, profiles and bounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from lutrace.core import EstimationError
from lutrace.stats.arrays import FloatArray, IntArray, sum_by
from lutrace.stats.logit import compute_logit_sums
from lutrace.stats.profile import find_profile_bounds

_MAX_STEPS = 500
_SETTLED = 1e-20
"""Square of the last step, in standard errors, below which the maximum counts as found."""
_ROUNDED = 1e-13
"""The same, below which a step that does not shrink any more is rounding."""
_LONGEST = 5.0


@dataclass(frozen=True, eq=False)
class LogisticRows:
    """The n rows of a model: scaled columns, share of events (0 to 1), case weights, offset; and its penalty."""

    matrix: FloatArray
    outcome: FloatArray
    weights: FloatArray
    offset: FloatArray
    is_firth: bool


@dataclass(frozen=True, eq=False)
class LogisticPoint:
    """The (penalised) log likelihood of rows at coefficients."""

    rows: LogisticRows
    coef: FloatArray
    value: float
    gradient: FloatArray
    information: FloatArray
    probability: FloatArray
    leverage: FloatArray
    """Of each row, none without penalty."""

    @property
    def curvature(self) -> FloatArray:
        """About minus the second derivative: the information, with a penalty that of its pseudo-rows too."""
        if not self.rows.is_firth or not self.leverage.size:
            return self.information
        weights = (self.rows.weights + self.leverage) * self.probability * (1 - self.probability)
        return np.asarray(self.rows.matrix.T @ (self.rows.matrix * weights[:, None]), dtype=np.float64)


def evaluate(rows: LogisticRows, coef: FloatArray) -> LogisticPoint:
    """The point at these coefficients; a value of minus infinity where the information is numerically singular."""
    x, y, w = rows.matrix, rows.outcome, rows.weights
    sums = compute_logit_sums(x, y, coef, weights=w, offset=rows.offset)
    value, gradient, information = sums.loglik, sums.gradient, sums.information
    line = x @ coef + rows.offset
    probability, leverage = expit(line), np.zeros(0)
    if rows.is_firth:
        sign, log_det = np.linalg.slogdet(information)
        if sign <= 0 or not np.isfinite(log_det):
            return LogisticPoint(rows, coef, -np.inf, gradient, information, probability, leverage)
        value += float(log_det) / 2
        leverage = np.einsum("ij,ij->i", x, np.linalg.solve(information, x.T).T) * w * probability * expit(-line)
        gradient = gradient + x.T @ (leverage * (0.5 - probability))
    return LogisticPoint(rows, coef, value, gradient, information, probability, leverage)


def climb(start: LogisticPoint, free: IntArray) -> LogisticPoint:
    """The highest point reached by changing the free coefficients.

    Raises:
        EstimationError: no convergence.
    """
    point, last = start, np.inf
    for _ in range(_MAX_STEPS):
        whole = np.linalg.solve(point.curvature[np.ix_(free, free)], point.gradient[free])
        length = float(whole @ point.gradient[free])
        step = np.asarray(whole * min(1.0, _LONGEST / max(float(np.abs(whole).max(initial=0.0)), 1e-300)), np.float64)
        moved = _move(point, free, step)
        while not moved.value >= point.value - 1e-10 * (1 + abs(point.value)):
            step = step / 2
            moved = _move(point, free, step)
        point = moved
        if length < _SETTLED or last / 2 < length < _ROUNDED:
            return point
        last = length
    raise EstimationError(
        f"the logistic model of {start.rows.outcome.size} rows did not converge; use fewer covariates, or centre them"
    )


def profile(best: LogisticPoint, number: int, value: float, near: LogisticPoint | None = None) -> LogisticPoint:
    """The highest point with one coefficient held at a value, looked for on the line from the best to a near one."""
    free = np.setdiff1d(np.arange(best.coef.size), [number])
    away = np.linalg.inv(best.information)[:, number] if near is None else near.coef - best.coef
    coef = best.coef + (value - best.coef[number]) / away[number] * away
    coef[number] = value
    started = evaluate(best.rows, coef)
    return climb(started, free) if np.isfinite(started.value) else started


def find_bounds(best: LogisticPoint, se: FloatArray, level: float) -> FloatArray:
    """The profile-likelihood bounds of each coefficient, (p, 2); NaN where the profile does not reach one."""
    return find_profile_bounds(
        lambda number, value, near: profile(best, number, value, near), best.coef, se, top=best.value, level=level
    )


def compute_ratios(best: LogisticPoint) -> FloatArray:
    """The likelihood-ratio statistic of each coefficient against zero, (p,)."""
    heights = np.array([profile(best, number, 0.0).value for number in range(best.coef.size)])
    return np.asarray(2 * (best.value - heights), dtype=np.float64).clip(0)


def compute_robust_covariance(best: LogisticPoint, inverse: FloatArray, clusters: IntArray | None) -> FloatArray:
    """The sandwich of clusters (each row on its own without them), times g / (g - 1) for g of them, (p, p).

    Raises:
        EstimationError: one cluster.
    """
    rows = best.rows
    scores = rows.matrix * (rows.weights * (rows.outcome - best.probability))[:, None]
    parts = scores if clusters is None else sum_by(scores, clusters)
    if len(parts) < 2:
        raise EstimationError("robust errors need two clusters or more")
    middle = parts.T @ parts * (len(parts) / (len(parts) - 1))
    return np.asarray(inverse @ middle @ inverse, dtype=np.float64)


def _move(point: LogisticPoint, free: IntArray, step: FloatArray) -> LogisticPoint:
    coef = point.coef.copy()
    coef[free] += step
    return evaluate(point.rows, coef)
