"""What is left of motion between two sets of lesions: one shift, a gentle bend, and what each place may still miss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

_RESIDUAL_MM = 8.0
_OUTLIER_COST = 4.5
_CELL_MM = 8.0
_MOST_RATED = 40
_APART_MM = 5.0
_START_KNOWN_MM = 6.0
_MISFIT_MOST_MM = 30.0


@dataclass(frozen=True)
class Looseness:
    """How far two scans may lie apart once laid on each other: standard deviations per axis, mm.

    A table shift, a tilt or stretch per mm from the centre, a bend that is alike within `bend_reach_mm`, and what is
    each lesion's own (drawing, breathing, its change of shape).
    """

    shift_mm: float
    tilt: float
    bend_mm: float
    own_mm: float
    bend_reach_mm: float = 80.0


@dataclass(frozen=True, eq=False)
class Prediction:
    """Where each baseline lesion is expected at follow-up (n, 3), mm, and the variance (n,), mm2, per axis."""

    places_mm: Points
    variance_mm2: NDArray[np.float64]


def find_shifts(baseline_mm: Points, followup_mm: Points, *, prior_mm: float, n: int) -> Points:
    """The (at most n) translations (k, 3), mm, that lay baseline on follow-up best, best first; no shift is among them.

    Candidates are all differences of a baseline and a follow-up point, those in the fullest places first. Each is rated
    as maximum a posteriori: residuals normal with 8 mm and capped (a lesion may be new or gone), the shift normal with
    `prior_mm` per axis. Translations nearer than 5 mm to a better one are left out.
    """
    still = np.zeros((1, 3))
    if len(baseline_mm) == 0 or len(followup_mm) == 0:
        return still
    candidates = (followup_mm[None] - baseline_mm[:, None]).reshape(-1, 3)
    candidates = candidates[np.linalg.norm(candidates, axis=1) <= 6 * prior_mm]
    rated = np.vstack([still, _fullest(candidates, prior_mm)])
    costs = np.asarray([_cost(shift, baseline_mm, followup_mm, prior_mm) for shift in rated])
    chosen: list[Points] = []
    for shift in rated[np.argsort(costs, kind="stable")]:
        if all(np.linalg.norm(shift - other) >= _APART_MM for other in chosen):
            chosen.append(shift)
        if len(chosen) == n:
            break
    if all(np.linalg.norm(shift) >= _APART_MM for shift in chosen):
        chosen[-1] = still[0]
    return np.asarray(chosen)


def predict_from_shift(baseline_mm: Points, shift_mm: Points, loose: Looseness) -> Prediction:
    """Places and variances when nothing is known but a shift, itself good to some 6 mm."""
    own = loose.own_mm**2 + loose.bend_mm**2 + _START_KNOWN_MM**2
    variance = own + loose.tilt**2 * _from_centre(baseline_mm) ** 2
    return Prediction(baseline_mm + shift_mm, np.asarray(variance))


def predict_from_pairs(
    baseline_mm: Points,
    followup_mm: Points,
    pairs: NDArray[np.int64],
    loose: Looseness,
    *,
    trust: NDArray[np.float64] | None = None,
) -> Prediction:
    """Places and variances as the matched pairs suggest them; for a lesion of a pair, as all other pairs do.

    The displacement is a Gaussian process of shift, tilt and bend, and each pair a noisy sample of it; leaving a pair
    out is in closed form (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, eq. 2.25 and 5.12).
    `trust` (k,), 0 to 1, divides the own variance of pairs that fit badly, so that a wrong pair bends nothing.
    """
    prior = _covariance(baseline_mm, loose)
    own = loose.own_mm**2
    chosen = pairs[:, 0]
    noise = own / (np.ones(len(pairs)) if trust is None else trust)
    moved = followup_mm[pairs[:, 1]] - baseline_mm[chosen]
    inverse = np.linalg.inv(prior[np.ix_(chosen, chosen)] + np.diag(noise))
    across = prior[:, chosen]
    mean = across @ inverse @ moved
    variance = np.diag(prior) - np.einsum("ij,jk,ik->i", across, inverse, across) + own
    alone = 1.0 / np.diag(inverse)
    mean[chosen] = moved - (inverse @ moved) * alone[:, None]
    variance[chosen] = alone - noise + own
    return Prediction(baseline_mm + mean, np.asarray(variance))


def compute_log_evidence(baseline_mm: Points, followup_mm: Points, pairs: NDArray[np.int64], loose: Looseness) -> float:
    """Logarithm of the density, mm^-3 per pair, of the pairs' displacements under the Gaussian process."""
    if len(pairs) == 0:
        return 0.0
    moved = followup_mm[pairs[:, 1]] - baseline_mm[pairs[:, 0]]
    prior = _covariance(baseline_mm, loose)[np.ix_(pairs[:, 0], pairs[:, 0])]
    spread = prior + loose.own_mm**2 * np.eye(len(pairs))
    _, logarithm = np.linalg.slogdet(spread)
    squares = float(np.einsum("ia,ij,ja->", moved, np.linalg.inv(spread), moved))
    return -0.5 * (squares + 3.0 * float(logarithm) + 3.0 * len(pairs) * float(np.log(2 * np.pi)))


def distances(one_mm: Points, other_mm: Points) -> NDArray[np.float64]:
    """Distances (n, m) in mm."""
    return np.asarray(np.linalg.norm(one_mm[:, None] - other_mm[None], axis=2))


def compute_misfit_mm(baseline_mm: Points, followup_mm: Points) -> float:
    """How far lesions lie from the nearest of the other scan, mm: root mean square of both ways, each at most 30."""
    between = distances(baseline_mm, followup_mm)
    nearest = np.concatenate([between.min(axis=1), between.min(axis=0)])
    return float(np.sqrt((np.minimum(nearest, _MISFIT_MOST_MM) ** 2).mean()))


def _covariance(baseline_mm: Points, loose: Looseness) -> NDArray[np.float64]:
    """Prior covariance (n, n), mm2, of the displacements of the places, alike for each axis."""
    arm = baseline_mm - baseline_mm.mean(axis=0)
    bend = loose.bend_mm**2 * np.exp(-0.5 * (distances(baseline_mm, baseline_mm) / loose.bend_reach_mm) ** 2)
    return np.asarray(loose.shift_mm**2 + loose.tilt**2 * (arm @ arm.T) + bend)


def _from_centre(points_mm: Points) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(points_mm - points_mm.mean(axis=0), axis=1))


def _fullest(candidates: Points, prior_mm: float) -> Points:
    """The candidate shifts that have most others within about 12 mm, less what the prior takes off."""
    if len(candidates) == 0:
        return candidates
    cell = np.round(candidates / _CELL_MM).astype(np.int64)
    cell -= cell.min(axis=0) - 1
    size = cell.max(axis=0) + 2
    counts = np.bincount(np.ravel_multi_index(tuple(cell.T), tuple(size)), minlength=int(np.prod(size))).reshape(size)
    for axis in range(3):
        counts = counts + np.roll(counts, 1, axis) + np.roll(counts, -1, axis)
    votes = counts[tuple(cell.T)] - (candidates**2).sum(axis=1) / (2 * prior_mm**2)
    order = np.argsort(-votes, kind="stable")
    kept: list[int] = []
    for index in order:
        if all(np.linalg.norm(candidates[index] - candidates[other]) > _APART_MM / 2 for other in kept):
            kept.append(int(index))
        if len(kept) == _MOST_RATED:
            break
    return np.asarray(candidates[kept])


def _cost(shift: Points, baseline_mm: Points, followup_mm: Points, prior_mm: float) -> float:
    squared = distances(baseline_mm + shift, followup_mm) ** 2 / (2 * _RESIDUAL_MM**2)
    forth = np.minimum(squared.min(axis=1), _OUTLIER_COST).sum()
    back = np.minimum(squared.min(axis=0), _OUTLIER_COST).sum()
    return float((forth + back) / 2 + (shift @ shift) / (2 * prior_mm**2))
