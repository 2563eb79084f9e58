"""Probabilities of all hypotheses for each component: over all frames kept, and one organ of a kind per side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.segment.labeller_features import Features, find_twins
from lutrace.segment.labeller_frame import BodyFrame
from lutrace.segment.labeller_score import Hypotheses, compute_place_fit, compute_twin_fit
from lutrace.segment.labeller_search import strongest
from lutrace.terms import UptakePriors

Floats = NDArray[np.float64]

_CANDIDATE_FROM = 0.2
_PART, _FLECKS = "part", "flecks"


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
    """The probabilities averaged over the frames, each frame with its own organs found once.

    A frame weighs by its own fit and by how well the strongest components are explained in it, after the organs that
    exist once are given away: a frame that needs three kidneys loses.
    """
    decisive = strongest(features)
    shares: list[Floats] = []
    fit = np.zeros(len(frames))
    for number, frame in enumerate(frames):
        _, _, fits = _fits(frame, features, looks, known, priors)
        log_share = known.log_expected + np.asarray(sum(fits.values()))
        log_share = _one_of_a_kind(log_share, features, known, priors)
        fit[number] = frame.log_fit + priors.weights["frame"] * _log_sum(log_share[decisive]).sum()
        shares.append(_normalised(log_share))
    weights = _normalised(fit[None, :])[0]
    by_hypothesis = np.asarray(sum(weight * share for weight, share in zip(weights, shares, strict=True)))
    by_identity = np.zeros((len(features.volume_ml), len(known.names)))
    np.add.at(by_identity.T, known.identity, by_hypothesis.T)
    best = frames[int(weights.argmax())]
    atlas, twins, fits = _fits(best, features, looks, known, priors)
    return Posterior(known, by_hypothesis, by_identity, fits, atlas, twins, best)


def _fits(
    frame: BodyFrame, features: Features, looks: dict[str, Floats], known: Hypotheses, priors: UptakePriors
) -> tuple[Floats, NDArray[np.int64], dict[str, Floats]]:
    atlas = frame.to_atlas(features.centre_mm)
    twins = find_twins(features, atlas)
    place = sum(compute_place_fit(atlas, known, axis) for axis in range(3))
    fits = {**looks, "twin": compute_twin_fit(twins, known, priors)}
    fits["place"] = priors.weights["place"] * np.asarray(place)
    return atlas, twins, fits


def _log_sum(log_share: Floats) -> Floats:
    top = log_share.max(axis=1)
    return np.asarray(top + np.log(np.exp(log_share - top[:, None]).sum(axis=1)))


def _normalised(log_share: Floats) -> Floats:
    share = np.exp(log_share - log_share.max(axis=1, keepdims=True))
    return np.asarray(share / share.sum(axis=1, keepdims=True))


def _one_of_a_kind(log_share: Floats, features: Features, known: Hypotheses, priors: UptakePriors) -> Floats:
    """Lower an organ that exists once (per side) for all components but the best one and those that touch it.

    By as much as the best one is certain: where no component is surely the organ, none is barred from being it. What
    touches the best one may still be a part of the organ, though no second whole; flecks of an organ lose nothing.
    """
    share = _normalised(log_share)
    lowered = log_share.copy()
    part = np.array([form.form == _PART for form in known.forms])
    whole = ~part & np.array([form.form != _FLECKS for form in known.forms])
    for name in priors.single:
        own = known.identity == known.names.index(name)
        for side in np.unique(known.side[own]):
            columns = own & (known.side == side)
            claim = share[:, columns].sum(axis=1)
            candidates = np.flatnonzero(claim >= _CANDIDATE_FROM)
            if len(candidates) < 2:
                continue
            first = int(candidates[np.argmax((claim * np.cbrt(features.volume_ml))[candidates])])
            most_ml = max(forms_ml[0] * forms_ml[1] ** 2 for forms_ml in _volumes(known, columns & whole))
            together = _joined(first, [int(k) for k in candidates], features, most_ml)
            apart = np.array([k not in together for k in range(len(claim))])
            taken = min(float(claim[first]), 1.0) * (1.0 - priors.second_of_its_kind)
            lowered[np.ix_(np.arange(len(claim)) != first, columns & whole)] += np.log1p(-taken)
            lowered[np.ix_(apart, columns & part)] += np.log1p(-taken)
    return lowered


def _volumes(known: Hypotheses, columns: NDArray[np.bool_]) -> list[tuple[float, float]]:
    return [form.volume_ml for form, chosen in zip(known.forms, columns, strict=True) if chosen]


def _joined(first: int, candidates: list[int], features: Features, most_ml: float) -> set[int]:
    """The first candidate and those that hang together with it, the largest first, up to the organ's largest volume."""
    joined, volume = {first}, float(features.volume_ml[first])
    waiting = sorted((k for k in candidates if k != first), key=lambda k: (-features.volume_ml[k], k))
    while True:
        beside = [k for k in waiting if any(_pair(k, one) in features.touching for one in joined)]
        fitting = [k for k in beside if volume + float(features.volume_ml[k]) <= most_ml]
        if not fitting:
            return joined
        joined.add(fitting[0])
        waiting.remove(fitting[0])
        volume += float(features.volume_ml[fitting[0]])


def _pair(one: int, other: int) -> tuple[int, int]:
    return (min(one, other) + 1, max(one, other) + 1)
