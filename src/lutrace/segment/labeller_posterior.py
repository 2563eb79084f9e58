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
from lutrace.segment.labeller_single import lower_second_ones, normalised
from lutrace.terms import UptakePriors

Floats = NDArray[np.float64]


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
        log_share = lower_second_ones(log_share, features, known, priors)
        fit[number] = frame.log_fit + priors.weights["frame"] * _log_sum(log_share[decisive]).sum()
        shares.append(normalised(log_share))
    weights = normalised(fit[None, :])[0]
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
