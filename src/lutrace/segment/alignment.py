"""What is left of motion between two sets of lesions after (or without) registration: one shift, then local ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_RESIDUAL_MM = 8.0
_OUTLIER_COST = 4.5
_MOST_ANCHORS = 40
_REACH_MM = 50.0
_RIDGE = 0.5


def estimate_shift(baseline_mm: Points, followup_mm: Points, *, prior_mm: float) -> Points:
    """The translation (3,), mm, that lays the baseline points on the follow-up points best.

    Maximum a posteriori over all differences of a baseline and a follow-up point, and none at all: residuals are normal
    with 8 mm, capped (a lesion may be new or gone), the shift is normal with `prior_mm`. One pair 30 mm apart is thus
    taken for a table shift, one pair 100 mm apart is not.
    """
    if len(baseline_mm) == 0 or len(followup_mm) == 0:
        return np.zeros(3)
    anchors = baseline_mm[:_MOST_ANCHORS]
    candidates = np.vstack([np.zeros((1, 3)), (followup_mm[None] - anchors[:, None]).reshape(-1, 3)])
    candidates = candidates[np.linalg.norm(candidates, axis=1) <= 4 * prior_mm]
    costs = [_cost(shift, baseline_mm, followup_mm, prior_mm) for shift in candidates]
    shift = candidates[int(np.argmin(costs))]
    for _ in range(3):
        near = _mutual_pairs(baseline_mm + shift, followup_mm, 3 * _RESIDUAL_MM)
        if len(near) < 2:
            break
        difference = followup_mm[near[:, 1]] - baseline_mm[near[:, 0]]
        better = np.median(difference, axis=0)
        if _cost(better, baseline_mm, followup_mm, prior_mm) >= _cost(shift, baseline_mm, followup_mm, prior_mm):
            break
        shift = better
    return np.asarray(shift)


def local_displacements(
    places_mm: Points, pairs: NDArray[np.int64], baseline_mm: Points, followup_mm: Points
) -> Points:
    """The displacement (n, 3), mm, that the matched pairs around each place suggest; a place's own pair is left out.

    Weights fall with distance (normal, 50 mm) and are drawn to zero where few pairs are near: bodies bend gently.
    """
    if len(pairs) == 0:
        return np.zeros_like(places_mm)
    moved = followup_mm[pairs[:, 1]] - baseline_mm[pairs[:, 0]]
    distance = np.linalg.norm(places_mm[:, None] - baseline_mm[pairs[:, 0]][None], axis=2)
    weight = np.exp(-0.5 * (distance / _REACH_MM) ** 2)
    weight[distance < 1e-6] = 0.0
    return np.asarray((weight @ moved) / (weight.sum(axis=1, keepdims=True) + _RIDGE))


def distances(one_mm: Points, other_mm: Points) -> NDArray[np.float64]:
    """Distances (n, m) in mm."""
    return np.asarray(np.linalg.norm(one_mm[:, None] - other_mm[None], axis=2))


def _cost(shift: Points, baseline_mm: Points, followup_mm: Points, prior_mm: float) -> float:
    squared = distances(baseline_mm + shift, followup_mm) ** 2 / (2 * _RESIDUAL_MM**2)
    forth = np.minimum(squared.min(axis=1), _OUTLIER_COST).sum()
    back = np.minimum(squared.min(axis=0), _OUTLIER_COST).sum()
    return float((forth + back) / 2 + (shift @ shift) / (2 * prior_mm**2))


def _mutual_pairs(one_mm: Points, other_mm: Points, limit_mm: float) -> NDArray[np.int64]:
    """Pairs that are each other's nearest within the limit."""
    between = distances(one_mm, other_mm)
    forth, back = between.argmin(axis=1), between.argmin(axis=0)
    pairs = [(i, int(j)) for i, j in enumerate(forth) if back[j] == i and between[i, j] <= limit_mm]
    return np.asarray(pairs, np.int64).reshape(-1, 2)
