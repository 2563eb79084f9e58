"""The most likely one-to-one explanation of two sets of lesions: who is whom, who is gone, who is new."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lutrace.segment.alignment import (
    Looseness,
    Points,
    Prediction,
    compute_log_evidence,
    distances,
    find_shifts,
    predict_from_pairs,
    predict_from_shift,
)
from lutrace.segment.assignment import assign_gains

Pairs = NDArray[np.int64]
Matrix = NDArray[np.float64]

SHARE_SINGLE = 0.1
"""Prior share of lesions that are new, and of those that are gone."""

SHAPE_SHARE = 0.2
"""A centroid wanders by a fifth of the lesion's radius when the lesion changes its shape (per axis)."""

_FREEDOM = 5.0
_GATE_SD = 5.0
"""No pair is further apart than this many standard deviations per axis, however lonely its lesions are."""

_NEVER = -1e3
_BODY_MM3 = 5e7
_OTHER_MM3 = 2.1e6
"""One other lesion within 80 mm (four standard deviations of a table shift); on real pairs one in 1 to 4.5 million."""

_NEIGHBOURS = 3
_NEAREST_MM = 5.0
_VOLUME_WEIGHT = 0.25
_VOLUME_MOST = 3.0
_OVERLAP_WEIGHT = 40.0
_STARTS = 6
_ROUNDS = 6
_PRIOR_PAIRS = 8.0
_TRUST_FREEDOM = 5.0


@dataclass(frozen=True, eq=False)
class Scene:
    """Both sets as arrays, baseline already in the follow-up's space; volumes (mL) are NaN where unknown.

    `dice`, `share_baseline` and `share_followup` (n, m) tell how pairs overlap, 0 where nothing is known.
    """

    baseline_mm: Points
    followup_mm: Points
    baseline_ml: Matrix
    followup_ml: Matrix
    dice: Matrix
    share_baseline: Matrix
    share_followup: Matrix
    loose: Looseness

    @property
    def shape_mm(self) -> Matrix:
        """How far (n, m) a centroid may wander because a lesion of the pair changes shape, mm per axis."""
        before, after = radius_mm(self.baseline_ml), radius_mm(self.followup_ml)
        return np.asarray(SHAPE_SHARE * np.maximum(before[:, None], after[None]))


@dataclass(frozen=True, eq=False)
class Explanation:
    """Pairs (k, 2), where the baseline lesions were expected, the gain of every pair, and the log evidence."""

    pairs: Pairs
    prediction: Prediction
    gain: Matrix
    evidence: float
    loose: Looseness


def radius_mm(volume_ml: Matrix) -> Matrix:
    """Radius, mm, of spheres of these volumes; 0 where the volume is not known."""
    return np.asarray(np.nan_to_num(np.cbrt(3000.0 * volume_ml / (4.0 * np.pi))))


def explain(scene: Scene) -> Explanation:
    """The explanation of greatest evidence over the most promising starts; deterministic."""
    n, m = scene.dice.shape
    if n == 0 or m == 0:
        return _still(scene)
    alone, extra = compute_log_single(scene), compute_extra(scene)
    best: Explanation | None = None
    for shift in find_shifts(scene.baseline_mm, scene.followup_mm, prior_mm=scene.loose.shift_mm, n=_STARTS):
        found = _settle(scene, predict_from_shift(scene.baseline_mm, shift, scene.loose), alone, extra)
        if best is None or found.evidence > best.evidence + 1e-9:
            best = found
    assert best is not None
    return best


def without_pairs(scene: Scene, found: Explanation) -> Explanation:
    """The explanation with every lesion single and expected where it was; the gains of pairs stay."""
    return replace(_still(scene), gain=found.gain)


def compute_shift_probability(scene: Scene, found: Explanation) -> Matrix:
    """Probability (k,), 0 to 1, that a pair lies where it does by a shift of the scans, and is not another lesion.

    Even before anything is seen. Against the evidence of the shift stands how densely other lesions lie: as the third
    neighbour of the follow-up tells it without bias, (k - 1) / volume, and one within reach of a shift at the least.
    One pair tells little (0.94 at one place, 0.46 at 50 mm); others that moved alike multiply the odds. What is given
    is the larger of both: the pair by itself, and all pairs together.
    """
    if len(found.pairs) == 0:
        return np.ones(0)
    k, reach = _neighbour_mm(scene.followup_mm)
    others = np.log(max(k - 1, 0) / (4 / 3 * np.pi * reach[found.pairs[:, 1]] ** 3) + 1 / _OTHER_MM3)
    groups = [found.pairs, *(found.pairs[n : n + 1] for n in range(len(found.pairs)))]
    told = [compute_log_evidence(scene.baseline_mm, scene.followup_mm, group, scene.loose) for group in groups]
    odds = np.maximum(told[0] - others.sum(), np.asarray(told[1:]) - others)
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -60.0, 60.0))))


def log_density(squared_mm2: Matrix, variance_mm2: Matrix) -> Matrix:
    """Logarithm of the density, per mm3, of missing a place by this squared distance; heavy tails (Student, 5)."""
    constant = math.lgamma((_FREEDOM + 3) / 2) - math.lgamma(_FREEDOM / 2) - 1.5 * math.log(_FREEDOM * math.pi)
    tail = (_FREEDOM + 3) / 2 * np.log1p(squared_mm2 / (_FREEDOM * variance_mm2))
    return np.asarray(constant - 1.5 * np.log(variance_mm2) - tail)


def log_volume_ratio(before_ml: Matrix, after_ml: Matrix) -> Matrix:
    """A mild preference for like volumes: 0 on average, less for a ratio of more than e; 0 where one is unknown."""
    ratio = np.minimum(np.abs(np.log(before_ml / after_ml)), _VOLUME_MOST)
    return np.asarray(np.nan_to_num(_VOLUME_WEIGHT * (1.0 - ratio**2), nan=0.0))


def compute_log_single(scene: Scene) -> Matrix:
    """Logarithm of the density (m,), per mm3, of a new lesion there: a tenth of how dense lesions lie, and a floor.

    The density is that of the third neighbour of the same scan; the floor is one lesion anywhere in a body.
    """
    k, reach = _neighbour_mm(scene.followup_mm)
    return np.asarray(np.log(SHARE_SINGLE * k / (4 / 3 * np.pi * reach**3) + 1 / _BODY_MM3))


def compute_extra(scene: Scene) -> Matrix:
    """What volumes and overlap add (n, m) to the logarithm of a pair's likelihood."""
    volume = log_volume_ratio(scene.baseline_ml[:, None], scene.followup_ml[None])
    return np.asarray(volume + np.log1p(_OVERLAP_WEIGHT * scene.dice))


def _still(scene: Scene) -> Explanation:
    """No pair, no motion, nothing gained."""
    still = Prediction(scene.baseline_mm, np.full(len(scene.baseline_mm), scene.loose.own_mm**2))
    return Explanation(np.zeros((0, 2), np.int64), still, np.zeros(scene.dice.shape), 0.0, scene.loose)


def _neighbour_mm(places_mm: Points) -> tuple[int, Matrix]:
    """Up to which neighbour (3, or fewer lesions) is counted, and how far (m,) it lies, mm; at least 5 mm."""
    k = min(_NEIGHBOURS, len(places_mm) - 1)
    if k < 1:
        return 0, np.full(len(places_mm), np.inf)
    between = distances(places_mm, places_mm)
    np.fill_diagonal(between, np.inf)
    return k, np.maximum(np.sort(between, axis=1)[:, k - 1], _NEAREST_MM)


def _gain(scene: Scene, prediction: Prediction, alone: Matrix, extra: Matrix) -> Matrix:
    """How much likelier (n, m), as a logarithm, each pair is than both staying single."""
    squared = distances(prediction.places_mm, scene.followup_mm) ** 2
    variance = prediction.variance_mm2[:, None] + scene.shape_mm**2
    gain = log_density(squared, variance) + extra + math.log((1 - SHARE_SINGLE) / SHARE_SINGLE) - alone[None]
    return np.asarray(np.where((squared <= _GATE_SD**2 * variance) | (scene.dice > 0), gain, _NEVER))


def _settle(scene: Scene, prediction: Prediction, alone: Matrix, extra: Matrix) -> Explanation:
    """Pairs and bend in turn until the pairs stay."""
    pairs, loose = np.full((1, 2), -1), scene.loose
    for _ in range(_ROUNDS):
        gain = _gain(scene, prediction, alone, extra)
        found = np.asarray(assign_gains(gain), np.int64).reshape(-1, 2)
        if np.array_equal(found, pairs):
            break
        pairs = found
        loose, trust = _fit_looseness(scene, pairs, prediction, loose)
        prediction = predict_from_pairs(scene.baseline_mm, scene.followup_mm, pairs, loose, trust=trust)
    lone = np.ones(len(scene.followup_mm), np.bool_)
    lone[pairs[:, 1]] = False
    evidence = (
        compute_log_evidence(scene.baseline_mm, scene.followup_mm, pairs, scene.loose)
        + len(pairs) * math.log(1 - SHARE_SINGLE)
        + (len(scene.baseline_mm) - len(pairs)) * math.log(SHARE_SINGLE)
        + float(alone[lone].sum() + extra[pairs[:, 0], pairs[:, 1]].sum())
    )
    return Explanation(pairs, prediction, _gain(scene, prediction, alone, extra), evidence, loose)


def _fit_looseness(scene: Scene, pairs: Pairs, prediction: Prediction, loose: Looseness) -> tuple[Looseness, Matrix]:
    """The spread that the pairs show (drawn to the prior as by 8 pairs, within a factor 2), and trust in each pair."""
    if len(pairs) == 0:
        return loose, np.ones(0)
    missed = ((prediction.places_mm[pairs[:, 0]] - scene.followup_mm[pairs[:, 1]]) ** 2).sum(axis=1)
    expected = prediction.variance_mm2[pairs[:, 0]] + scene.shape_mm[pairs[:, 0], pairs[:, 1]] ** 2
    ratio = missed / (3 * expected)
    weight = (_TRUST_FREEDOM + 3) / (_TRUST_FREEDOM + 3 * ratio)
    scale = math.sqrt((_PRIOR_PAIRS + float((weight * ratio).sum())) / (_PRIOR_PAIRS + len(pairs)))
    prior = scene.loose
    factor = min(max(scale * loose.own_mm / prior.own_mm, 0.5), 2.0)
    fitted = replace(prior, own_mm=factor * prior.own_mm, bend_mm=factor * prior.bend_mm)
    return fitted, np.minimum(weight, 1.0)
