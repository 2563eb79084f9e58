"""Identity of lesions across time: matched, new, resolved, merged, split, or outside what one scan has seen.

One model from end to end. (1) The registration brings baseline centroids to the follow-up. (2) What is left of motion
is a shift, a tilt and a gentle bend (a Gaussian process), found from the lesions themselves: several starts are tried
and the one of greatest evidence is kept. (3) A pair is as likely as its distance is to be expected there: the spread is
that of the prediction from all other pairs, plus the lesion's own. A lesion without a partner is as likely as lesions
are dense there. Both together are the gate: wide where lesions are sparse or motion is unknown, narrow where they are
dense. (4) The most likely one-to-one assignment is taken, and each pair gets its probability. Where fewer than 3 pairs
and no registration tell the shift, that is times the probability that it is one and not another lesion; where none
reaches one half, there is no pair. (5) Others join a pair where overlap, or centre of mass and volume, say that lesions
merged or split: clusters. (6) What is then single is new or resolved, unless the other scan has not seen the place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging import Geometry, Registration
from lutrace.segment.alignment import Looseness, Points, distances, predict_from_pairs
from lutrace.segment.assignment import compute_pair_probabilities
from lutrace.segment.clusters import Edge, find_joined, number_clusters
from lutrace.segment.common_view import SEEN_LEAST, compute_seen_shares
from lutrace.segment.explanation import (
    Explanation,
    Scene,
    compute_shift_probability,
    explain,
    radius_mm,
    without_pairs,
)

Status = Literal["matched", "new", "resolved", "merged", "split", "outside_view", "below_threshold"]
Overlaps = Mapping[tuple[int, int], tuple[float, float, float]]
"""By (baseline, follow-up) lesion number: Dice, share of the baseline lesion, share of the follow-up lesion."""

_UNREGISTERED = Looseness(shift_mm=20.0, tilt=0.025, bend_mm=6.0, own_mm=3.0)
"""A table shift of 35 mm (20 per axis) and a tilt of 1.4 degrees are common; bodies bend by some millimetres."""

_REGISTERED = Looseness(shift_mm=6.0, tilt=0.01, bend_mm=4.0, own_mm=2.5)
_FEW_PAIRS = 4
_SHIFT_PAIRS = 3
_ONE_SPACE = 0.9
"""Fewer pairs do not settle how two scans without a registration lie; one in ten may lie elsewhere altogether."""

_SHIFT_OPEN = (
    f"fewer than {_SHIFT_PAIRS} pairs of lesions tell how the scans are shifted: a shift may be another lesion"
)
_MEDIAN_OF_CHI3 = 1.538
_LIKELIER = 0.5


@dataclass(frozen=True)
class LesionPoint:
    """A lesion as the tracker sees it: number, centroid (LPS mm) and, where known, volume in mL."""

    lesion: int
    centroid_mm: tuple[float, float, float]
    volume_ml: float | None = None


@dataclass(frozen=True)
class Link:
    """What became of a lesion; a new or resolved one has one end. Distance in mm after alignment, overlap as Dice.

    `overlap` is None where no voxels were compared. `confidence` is the probability, under the tracker's model, of the
    pair or of having no partner; None outside the view and for those who joined a pair. `cluster` is shared by the
    links of lesions that merge and split together. `note` says what else decided. `place_mm` is where the lesion
    without partner is expected in the other scan.
    """

    baseline_lesion: int | None
    followup_lesion: int | None
    status: Status
    distance_mm: float | None
    overlap: float | None
    confidence: float | None
    cluster: int | None = None
    note: str | None = None
    place_mm: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Tracking:
    """All links between two scans, the shift that was still found (mm), and the residual of the alignment (mm).

    The residual is the standard deviation per axis of what pairs miss of the places that all other pairs predict; with
    fewer than 4 pairs, what was assumed before. `open_shift` is true where lesions stand on both sides, no registration
    was given and fewer than 3 pairs tell the shift: it may as well be another lesion.
    """

    links: tuple[Link, ...]
    shift_mm: tuple[float, float, float]
    registration_error_mm: float
    open_shift: bool = False


@dataclass(frozen=True, eq=False)
class _Places:
    """Where the lesions lie in the other scan: baseline at follow-up and back, mm, and their radii, mm."""

    at_followup: Points
    at_baseline: Points
    baseline_radius: Points
    followup_radius: Points


def track_points(
    baseline: Sequence[LesionPoint],
    followup: Sequence[LesionPoint],
    *,
    registration: Registration | None = None,
    overlaps: Overlaps | None = None,
    views: tuple[Geometry, Geometry] | None = None,
) -> Tracking:
    """Links between two lesion tables, by coordinates alone or with overlaps, views (both grids) and a registration.

    Without a registration both tables are taken to lie roughly in one space, up to a shift of some 30 mm and a small
    tilt; few pairs do not settle that shift: confidence and note of each link say so. Every lesion stands in at least
    one link. Deterministic.
    """
    scene = _scene(baseline, followup, registration, overlaps or {})
    found = explain(scene)
    open_shift = registration is None and bool(baseline and followup) and len(found.pairs) < _SHIFT_PAIRS
    known = np.ones(len(baseline))
    if open_shift:
        told = compute_shift_probability(scene, found)
        known[found.pairs[:, 0]] = told
        if max(told, default=1.0) < _LIKELIER:
            found = without_pairs(scene, found)
    places = _places(scene, found, registration)
    links = _links(scene, found, places, known)
    if views is not None:
        links = _in_view(links, places, views)
    if overlaps is None:
        links = [replace(link, overlap=None) for link in links]
    if open_shift:
        links = [_doubted(link) for link in links]
    numbered = [_numbered(link, baseline, followup) for link in links]
    moved = scene.followup_mm[found.pairs[:, 1]] - scene.baseline_mm[found.pairs[:, 0]]
    shift = moved.mean(axis=0) if len(moved) else np.zeros(3)
    return Tracking(
        tuple(sorted(numbered, key=_in_order)),
        (float(shift[0]), float(shift[1]), float(shift[2])),
        _residual_mm(scene, found),
        open_shift,
    )


def _scene(
    baseline: Sequence[LesionPoint],
    followup: Sequence[LesionPoint],
    registration: Registration | None,
    overlaps: Overlaps,
) -> Scene:
    start = np.asarray([point.centroid_mm for point in baseline], float).reshape(-1, 3)
    rows = {point.lesion: i for i, point in enumerate(baseline)}
    columns = {point.lesion: j for j, point in enumerate(followup)}
    shares = np.zeros((3, len(baseline), len(followup)))
    for (one, other), values in overlaps.items():
        if one in rows and other in columns:
            shares[:, rows[one], columns[other]] = values
    return Scene(
        baseline_mm=start if registration is None else registration.to_moving(start),
        followup_mm=np.asarray([point.centroid_mm for point in followup], float).reshape(-1, 3),
        baseline_ml=np.asarray([np.nan if p.volume_ml is None else p.volume_ml for p in baseline], float),
        followup_ml=np.asarray([np.nan if p.volume_ml is None else p.volume_ml for p in followup], float),
        dice=shares[0],
        share_baseline=shares[1],
        share_followup=shares[2],
        loose=_looseness(registration),
    )


def _looseness(registration: Registration | None) -> Looseness:
    """What motion is to be expected: much without a registration, with one as much as its stated error says."""
    if registration is None:
        return _UNREGISTERED
    error = registration.error_mm or 0.0
    return replace(
        _REGISTERED,
        own_mm=max(_REGISTERED.own_mm, error / 2),
        bend_mm=max(_REGISTERED.bend_mm, error),
        shift_mm=max(_REGISTERED.shift_mm, error),
    )


def _places(scene: Scene, found: Explanation, registration: Registration | None) -> _Places:
    """Each lesion's expected place in the other scan, its own pair left out; back through the registration."""
    back = scene.followup_mm
    if len(found.pairs):
        turned = found.pairs[:, ::-1]
        back = predict_from_pairs(scene.followup_mm, scene.baseline_mm, turned, found.loose).places_mm
    if registration is not None:
        back = registration.inverse.to_moving(back)
    return _Places(found.prediction.places_mm, back, radius_mm(scene.baseline_ml), radius_mm(scene.followup_ml))


def _links(scene: Scene, found: Explanation, places: _Places, known: Points) -> list[Link]:
    """Links by index from 0: pairs and those that join, then the single ones; `known` (n,): the shift's probability."""
    likely = known[:, None] * compute_pair_probabilities(found.gain)
    between = distances(found.prediction.places_mm, scene.followup_mm)
    pairs: list[Edge] = [(int(i), int(j)) for i, j in found.pairs]
    edges = [*pairs, *find_joined(scene, found)]
    clusters = number_clusters(edges)
    links = []
    for i, j in edges:
        sure = float(likely[i, j]) if (i, j) in pairs else None
        status = _status((i, j), edges)
        links.append(Link(i, j, status, float(between[i, j]), float(scene.dice[i, j]), sure, clusters.get((i, j))))
    for i in sorted(set(range(len(scene.baseline_mm))) - {i for i, _ in edges}):
        alone, place = float(1.0 - likely[i].sum()), places.at_followup[i]
        links.append(Link(i, None, "resolved", None, None, max(alone, 0.0), place_mm=_triple(place)))
    for j in sorted(set(range(len(scene.followup_mm))) - {j for _, j in edges}):
        alone, place = float(1.0 - likely[:, j].sum()), places.at_baseline[j]
        links.append(Link(None, j, "new", None, None, max(alone, 0.0), place_mm=_triple(place)))
    return links


def _status(edge: Edge, edges: Sequence[Edge]) -> Status:
    """Merged when others went into the same follow-up lesion, split when this one also became others."""
    if sum(j == edge[1] for _, j in edges) > 1:
        return "merged"
    return "split" if sum(i == edge[0] for i, _ in edges) > 1 else "matched"


def _triple(place: NDArray[np.float64]) -> tuple[float, float, float]:
    return (float(place[0]), float(place[1]), float(place[2]))


def _in_view(links: Sequence[Link], places: _Places, views: tuple[Geometry, Geometry]) -> list[Link]:
    """A single lesion whose place the other scan has not seen is outside its view; one half seen says so."""
    later = compute_seen_shares(places.at_followup, places.baseline_radius, views[1])
    earlier = compute_seen_shares(places.at_baseline, places.followup_radius, views[0])
    judged = []
    for link in links:
        forth = 1.0 if link.baseline_lesion is None else later[link.baseline_lesion]
        back = 1.0 if link.followup_lesion is None else earlier[link.followup_lesion]
        seen = float(min(forth, back))
        which = "later" if forth < back else "earlier"
        if seen < SEEN_LEAST and link.status in ("new", "resolved"):
            link = replace(link, status="outside_view", confidence=None)
        if seen < 1.0:
            link = replace(link, note=f"{100 * seen:.0f} % of its place in view of the {which} scan")
        judged.append(link)
    return judged


def _doubted(link: Link) -> Link:
    """The link where few pairs tell the shift: its note says so, and who is single may have a partner elsewhere."""
    sure = link.confidence
    if sure is not None and None in (link.baseline_lesion, link.followup_lesion):
        sure = _ONE_SPACE * sure
    return replace(link, confidence=sure, note="; ".join(filter(None, (link.note, _SHIFT_OPEN))))


def _numbered(link: Link, baseline: Sequence[LesionPoint], followup: Sequence[LesionPoint]) -> Link:
    """The link with the lesions' own numbers in place of their index."""
    return replace(
        link,
        baseline_lesion=None if link.baseline_lesion is None else baseline[link.baseline_lesion].lesion,
        followup_lesion=None if link.followup_lesion is None else followup[link.followup_lesion].lesion,
        confidence=None if link.confidence is None else round(link.confidence, 4),
    )


def _in_order(link: Link) -> tuple[float, float]:
    last = float("inf")
    return (
        last if link.baseline_lesion is None else link.baseline_lesion,
        last if link.followup_lesion is None else link.followup_lesion,
    )


def _residual_mm(scene: Scene, found: Explanation) -> float:
    if len(found.pairs) < _FEW_PAIRS:
        return found.loose.own_mm
    expected, seen = found.prediction.places_mm[found.pairs[:, 0]], scene.followup_mm[found.pairs[:, 1]]
    return float(np.median(np.linalg.norm(expected - seen, axis=1))) / _MEDIAN_OF_CHI3
