"""Probabilities of all hypotheses for each component: over all frames kept, and one organ of a kind per side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.segment.labeller_features import Features, find_twins
from lutrace.segment.labeller_frame import BodyFrame
from lutrace.segment.labeller_score import Hypotheses, compute_place_fit, compute_twin_fit
from lutrace.terms import UptakePriors

Floats = NDArray[np.float64]

_CANDIDATE_FROM = 0.2
_PART = "part"


@dataclass(frozen=True, eq=False)
class Posterior:
    """`by_hypothesis` and `by_identity` (components, ...) sum to 1 per component.

    `fits` are the weighted log densities by feature, place and mirror image in the likeliest frame, `atlas_mm` and
    `twins` the places and mirror images there.
    """

    known: Hypotheses
    by_hypothesis: Floats
    by_identity: Floats
    fits: dict[str, Floats]
    atlas_mm: Floats
    twins: NDArray[np.int64]
    frame: BodyFrame


def compute_posterior(
    frames: Sequence[BodyFrame],
    features: Features,
    looks: dict[str, Floats],
    *,
    known: Hypotheses,
    priors: UptakePriors,
) -> Posterior:
    """The probabilities averaged over the frames with their weights, each frame with its own organs found once."""
    count = len(features.volume_ml)
    by_hypothesis = np.zeros((count, len(known.forms)))
    for frame in frames:
        atlas, twins, fits = _fits(frame, features, looks, known, priors)
        log_share = known.log_expected + np.asarray(sum(fits.values()))
        log_share = _one_of_a_kind(log_share, features, known, priors)
        by_hypothesis += frame.weight * _normalised(log_share)
    by_identity = np.zeros((count, len(known.names)))
    np.add.at(by_identity.T, known.identity, by_hypothesis.T)
    atlas, twins, fits = _fits(frames[0], features, looks, known, priors)
    return Posterior(known, by_hypothesis, by_identity, fits, atlas, twins, frames[0])


def _fits(
    frame: BodyFrame, features: Features, looks: dict[str, Floats], known: Hypotheses, priors: UptakePriors
) -> tuple[Floats, NDArray[np.int64], dict[str, Floats]]:
    atlas = frame.to_atlas(features.centre_mm)
    twins = find_twins(features, atlas)
    place = sum(compute_place_fit(atlas, known, axis) for axis in range(3))
    fits = {**looks, "twin": compute_twin_fit(twins, known, priors)}
    fits["place"] = priors.weights["place"] * np.asarray(place)
    return atlas, twins, fits


def _normalised(log_share: Floats) -> Floats:
    share = np.exp(log_share - log_share.max(axis=1, keepdims=True))
    return np.asarray(share / share.sum(axis=1, keepdims=True))


def _one_of_a_kind(log_share: Floats, features: Features, known: Hypotheses, priors: UptakePriors) -> Floats:
    """Lower an organ that exists once (per side) for all components but the best one and those that touch it.

    By as much as the best one is certain: where no component is surely the organ, none is barred from being it.
    """
    share = _normalised(log_share)
    lowered = log_share.copy()
    whole = np.array([form.form != _PART for form in known.forms])
    for name in priors.single:
        own = known.identity == known.names.index(name)
        for side in np.unique(known.side[own]):
            columns = own & (known.side == side)
            claim = share[:, columns].sum(axis=1)
            candidates = np.flatnonzero(claim >= _CANDIDATE_FROM)
            if len(candidates) < 2:
                continue
            first = int(candidates[np.argmax((claim * np.cbrt(features.volume_ml))[candidates])])
            together = _joined(first, {int(k) for k in candidates}, features)
            others = np.array([k not in together for k in range(len(claim))])
            taken = min(float(claim[first]), 1.0) * (1.0 - priors.second_of_its_kind)
            lowered[np.ix_(others, columns & whole)] += np.log1p(-taken)
    return lowered


def _joined(first: int, candidates: set[int], features: Features) -> set[int]:
    """The candidates that hang together with the first one, step by step."""
    joined, waiting = {first}, [first]
    while waiting:
        here = waiting.pop()
        for one, other in features.touching:
            for a, b in ((one - 1, other - 1), (other - 1, one - 1)):
                if a == here and b in candidates and b not in joined:
                    joined.add(b)
                    waiting.append(b)
    return joined
