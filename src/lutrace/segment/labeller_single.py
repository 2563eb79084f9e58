"""An organ that exists once, or once per side, is given to one component, with what may be missing of it beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.segment.labeller_features import Features
from lutrace.segment.labeller_score import Hypotheses
from lutrace.terms import UptakePriors

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_CANDIDATE_FROM = 0.2
_WHOLE_FROM = 0.8
"""Least volume of a whole organ over that of its mate: a man's kidneys differ by 10 to 15 %, more is rare."""
_PART_IF_SMALL = 5.0
"""How much likelier a piece is cut off an organ that is smaller than its mate by more than that, than off any."""
_PART, _FLECKS = "part", "flecks"


def normalised(log_share: Floats) -> Floats:
    """Probabilities that sum to 1 per row, of their logarithms up to a constant."""
    share = np.exp(log_share - log_share.max(axis=1, keepdims=True))
    return np.asarray(share / share.sum(axis=1, keepdims=True))


def lower_second_ones(log_share: Floats, features: Features, known: Hypotheses, priors: UptakePriors) -> Floats:
    """Lower an organ that exists once (per side) for all components but the best one and those that touch it.

    By as much as the best one is certain: where no component is surely the organ, none is barred from being it. What
    touches the best one may still be a part of the organ, though no second whole; flecks of an organ lose nothing.
    Where an organ of a pair is as large as its mate, nothing beside it is a part of it, and a second whole is barred
    twice over; where it is smaller, what would make up for it is likelier a part.
    """
    lowered = log_share.copy()
    scene = _Scene(normalised(log_share), features, known)
    for name in priors.single:
        own = known.identity == known.names.index(name)
        for side in np.unique(known.side[own]):
            columns = own & (known.side == side)
            claim = scene.share[:, columns].sum(axis=1)
            candidates = np.flatnonzero(claim >= _CANDIDATE_FROM)
            if len(candidates) < 2:
                continue
            first = int(candidates[np.argmax((claim * np.cbrt(features.volume_ml))[candidates])])
            mate_ml = scene.mate_ml(first, own, int(side))
            most_ml, whole = scene.most_ml(first, columns, mate_ml)
            together = _joined(first, [int(k) for k in candidates], features, most_ml)
            apart = np.array([k not in together for k in range(len(claim))])
            second = priors.second_of_its_kind ** (2 if whole else 1)
            lower = float(np.log1p(-min(float(claim[first]), 1.0) * (1.0 - second)))
            lowered[np.ix_(np.arange(len(claim)) != first, columns & scene.whole)] += lower
            lowered[np.ix_(apart, columns & scene.part)] += lower
            if features.volume_ml[first] < _WHOLE_FROM * mate_ml:
                lowered[np.ix_(~apart, columns & scene.part)] += np.log(_PART_IF_SMALL)
    return lowered


@dataclass(frozen=True, eq=False)
class _Scene:
    """What each component may be, before organs are given away."""

    share: Floats
    features: Features
    known: Hypotheses

    @property
    def part(self) -> Bools:
        """Forms that are a part of an organ."""
        return np.array([form.form == _PART for form in self.known.forms])

    @property
    def whole(self) -> Bools:
        """Forms that are the organ itself."""
        return np.array([form.form not in (_PART, _FLECKS) for form in self.known.forms])

    def mate_ml(self, first: int, own: Bools, side: int) -> float:
        """The volume of the other side's organ, where those of both sides are likely whole ones; else 0."""
        here, there = (own & self.whole & (self.known.side == one) for one in (side, -side))
        if side == 0 or not there.any():
            return 0.0
        claim = self.share[:, there].sum(axis=1)
        mate = int(claim.argmax())
        surely = min(float(claim[mate]), float(self.share[first, here].sum())) >= _CANDIDATE_FROM
        return float(self.features.volume_ml[mate]) if surely and mate != first else 0.0

    def most_ml(self, first: int, columns: Bools, mate_ml: float) -> tuple[float, bool]:
        """The volume up to which an organ's parts are looked for, and whether the first is the whole of it."""
        forms = [form.volume_ml for form, chosen in zip(self.known.forms, columns & self.whole, strict=True) if chosen]
        volume = float(self.features.volume_ml[first])
        if 0.0 < volume < _WHOLE_FROM * mate_ml:
            return mate_ml / _WHOLE_FROM, False
        if mate_ml > 0.0 and volume >= min(middle / spread for middle, spread in forms):
            return volume, True
        return max(middle * spread**2 for middle, spread in forms), False


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
