"""The variance components of highest (restricted) likelihood, on the boundary where they belong there."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from lutrace.core import EstimationError
from lutrace.stats.arrays import FloatArray
from lutrace.stats.regression.mixed_likelihood import GroupSums, MixedPoint, compute_slope, evaluate, turn
from lutrace.stats.regression.mixed_moments import compute_curvature, free_places

_MAX_ROUNDS = 20
_RISES = 1e-6
"""Slope of the log likelihood, per unit of the relative covariance, above which a boundary is not the maximum."""
_SINGULAR = 1e-4
"""Relative standard deviation below which a random effect counts as absent, as in lme4."""


def maximise(sums: GroupSums) -> MixedPoint:
    """The maximum over lower triangular factors with a diagonal at or above 0.

    A quasi-Newton search with exact slopes; where it ends on the boundary, the slope of the likelihood in the
    covariance must nowhere point inwards (else the search goes on from inside); then Newton's steps with the exact
    curvature in the entries that are not on the boundary.

    Raises:
        EstimationError: no maximum was found.
    """
    factor = np.eye(sums.q)
    for _ in range(_MAX_ROUNDS):
        factor = _search(sums, factor)
        inward = find_inward(evaluate(sums, factor))
        if inward is None:
            return _polish(evaluate(sums, factor))
        factor = inward
    raise EstimationError(
        f"the mixed model found no maximum with {sums.n} rows in {sums.n_groups} groups; use fewer random slopes"
    )


def is_singular(point: MixedPoint) -> bool:
    """Whether a random effect has no variance of its own."""
    return bool((np.diag(point.factor) < _SINGULAR).any())


def find_inward(point: MixedPoint) -> FloatArray | None:
    """A factor inside the boundary from which the likelihood rises, or None where it does not, or is not reached."""
    if not is_singular(point):
        return None
    slope = point.sigma2 * compute_slope(point, turn(point))
    relative = point.factor @ point.factor.T
    if point.sums.is_diagonal:
        values, vectors = np.diag(slope), np.eye(point.sums.q)
    else:
        values, vectors = np.linalg.eigh(slope)
    best = int(np.argmax(values))
    if values[best] <= _RISES * point.sums.n_groups:
        return None
    inward = np.outer(vectors[:, best], vectors[:, best]) + 2e-5 * np.eye(point.sums.q)
    step = 0.05
    while step > _SINGULAR**2:
        factor = np.asarray(np.linalg.cholesky(relative + step * inward), dtype=np.float64)
        if evaluate(point.sums, factor).loglik > point.loglik:  # a search from here cannot end where it began
            return factor
        step /= 4
    return None


def _unpack(sums: GroupSums, values: FloatArray) -> FloatArray:
    factor = np.zeros((sums.q, sums.q))
    for (i, j), value in zip(sums.places, values, strict=True):
        factor[i, j] = value
    return factor


def _search(sums: GroupSums, start: FloatArray) -> FloatArray:
    def objective(values: FloatArray) -> tuple[float, FloatArray]:
        point = evaluate(sums, _unpack(sums, values))
        slope = 2 * point.sigma2 * compute_slope(point, turn(point)) @ point.factor
        return -point.loglik, -np.array([slope[place] for place in sums.places])

    bounds = [(0.0, None) if i == j else (None, None) for i, j in sums.places]
    first = np.array([start[place] for place in sums.places])
    options = {"ftol": 1e-15, "gtol": 1e-8, "maxiter": 500, "maxcor": 20}
    found = minimize(objective, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return _unpack(sums, np.asarray(found.x, dtype=np.float64))


def _polish(point: MixedPoint) -> MixedPoint:
    """Newton's steps in the free entries of the factor, as long as they raise the likelihood or stay at rounding."""
    for _ in range(4):
        free = free_places(point)
        if not free:
            return point
        slope, curvature = compute_curvature(point, free)
        values, vectors = np.linalg.eigh(curvature)
        if values[0] <= 1e-10 * values[-1]:
            return point
        step = vectors @ ((vectors.T @ slope) / values)
        sigma2 = point.sigma2 + step[-1]
        absolute = point.factor * np.sqrt(point.sigma2)
        for place, change in zip(free, step[:-1], strict=True):
            absolute[place] += change
        if not sigma2 > 0 or (np.diag(absolute) < 0).any():
            return point
        reached = evaluate(point.sums, absolute / np.sqrt(sigma2))
        if not reached.loglik >= point.loglik - 1e-9:
            return point
        point = reached
    return point
