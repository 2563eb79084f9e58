"""Identity of lesions across time: matched, new, resolved, merged, split, or outside what one scan has seen.

First version, provisional until it has been validated and reviewed. The way: (1) the registration brings baseline
centroids to the follow-up; (2) the shift that is left is estimated from the lesions themselves (a table shift of 30 mm
is absorbed); (3) each lesion gets a gate: wide where lesions are sparse, narrow where they are dense, never narrower
than the registration error allows; (4) pairs within the gate are assigned one to one at least cost (distance, overlap,
a little volume); (5) the pairs around a lesion suggest how the body bent there, and (4) is done again; (6) what stays
single joins a neighbour's pair when it overlaps with it or their volumes say so (merged, split); (7) what is then
single is new or resolved, unless the other scan has not seen the place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging import Geometry, Registration
from lutrace.segment.alignment import distances, estimate_shift, local_displacements
from lutrace.segment.assignment import assign

Status = Literal["matched", "new", "resolved", "merged", "split", "outside_view"]
Overlaps = Mapping[tuple[int, int], tuple[float, float, float]]
"""By (baseline, follow-up) lesion number: Dice, share of the baseline lesion, share of the follow-up lesion."""

_PRIOR_MM = 30.0
_PRIOR_REGISTERED_MM = 10.0
_ERROR_UNKNOWN_MM = 6.0
_ERROR_LEAST_MM = 3.0
_GATE_LEAST_MM = 12.0
_GATE_MOST_MM = 50.0
_SPARSENESS = 0.7
_SHARE_JOINED = 0.5
_FORBIDDEN = 1e6


@dataclass(frozen=True)
class LesionPoint:
    """A lesion as the tracker sees it: number, centroid (LPS mm) and, where known, volume in mL."""

    lesion: int
    centroid_mm: tuple[float, float, float]
    volume_ml: float | None = None


@dataclass(frozen=True)
class Link:
    """What became of a lesion; a new or resolved one has one end. Distance in mm after alignment, overlap as Dice."""

    baseline_lesion: int | None
    followup_lesion: int | None
    status: Status
    distance_mm: float | None
    overlap: float | None
    confidence: float | None


@dataclass(frozen=True)
class Tracking:
    """All links between two scans, the shift that was still found (mm), and the residual of the alignment (mm)."""

    links: tuple[Link, ...]
    shift_mm: tuple[float, float, float]
    registration_error_mm: float


@dataclass(frozen=True, eq=False)
class _Scene:
    """Both sets as arrays, baseline already in the follow-up's space."""

    baseline_mm: NDArray[np.float64]
    followup_mm: NDArray[np.float64]
    baseline_ml: NDArray[np.float64]
    followup_ml: NDArray[np.float64]
    dice: NDArray[np.float64]
    share_baseline: NDArray[np.float64]
    share_followup: NDArray[np.float64]


def track_points(
    baseline: Sequence[LesionPoint],
    followup: Sequence[LesionPoint],
    *,
    registration: Registration | None = None,
    overlaps: Overlaps | None = None,
    views: tuple[Geometry, Geometry] | None = None,
) -> Tracking:
    """Links between two lesion tables, by coordinates alone or with overlaps, views (both grids) and a registration.

    Without a registration both tables are taken to lie roughly in one space, up to a shift of some 30 mm. Every lesion
    stands in at least one link. Confidence is the share of the best explanation among its rivals, 0 to 1.
    """
    scene = _scene(baseline, followup, registration, overlaps or {})
    prior = _PRIOR_MM if registration is None else _PRIOR_REGISTERED_MM
    shift = estimate_shift(scene.baseline_mm, scene.followup_mm, prior_mm=prior)
    stated = registration.error_mm if registration is not None else None
    error = max(stated if stated is not None else _ERROR_UNKNOWN_MM, _ERROR_LEAST_MM)
    moved = scene.baseline_mm + shift
    pairs = _pairs(scene, moved, _gates(scene, error))
    for _ in range(2):
        local = moved + local_displacements(moved, pairs, moved, scene.followup_mm)
        error = _residual(local, scene.followup_mm, pairs, error)
        pairs = _pairs(scene, local, _gates(scene, error))
    final = moved + local_displacements(moved, pairs, moved, scene.followup_mm)
    links = _links(scene, final, pairs, error)
    named = _named(links, baseline, followup)
    if views is not None:
        back = scene.followup_mm - shift
        back = back if registration is None else registration.inverse.to_moving(back)
        at_followup = {point.lesion: place for point, place in zip(baseline, moved, strict=True)}
        at_baseline = {point.lesion: place for point, place in zip(followup, back, strict=True)}
        named = [_seen(link, at_followup, at_baseline, views) for link in named]
    return Tracking(tuple(named), (float(shift[0]), float(shift[1]), float(shift[2])), float(error))


def _scene(
    baseline: Sequence[LesionPoint],
    followup: Sequence[LesionPoint],
    registration: Registration | None,
    overlaps: Overlaps,
) -> _Scene:
    start = np.asarray([point.centroid_mm for point in baseline], float).reshape(-1, 3)
    rows = {point.lesion: i for i, point in enumerate(baseline)}
    columns = {point.lesion: j for j, point in enumerate(followup)}
    shares = np.zeros((3, len(baseline), len(followup)))
    for (one, other), values in overlaps.items():
        if one in rows and other in columns:
            shares[:, rows[one], columns[other]] = values
    return _Scene(
        baseline_mm=start if registration is None else registration.to_moving(start),
        followup_mm=np.asarray([point.centroid_mm for point in followup], float).reshape(-1, 3),
        baseline_ml=np.asarray([np.nan if p.volume_ml is None else p.volume_ml for p in baseline], float),
        followup_ml=np.asarray([np.nan if p.volume_ml is None else p.volume_ml for p in followup], float),
        dice=shares[0],
        share_baseline=shares[1],
        share_followup=shares[2],
    )


def _gates(scene: _Scene, error_mm: float) -> NDArray[np.float64]:
    """The largest distance (n, m), mm, at which a pair may be one lesion: by local density and registration error."""
    least = max(_GATE_LEAST_MM, 3 * error_mm)
    alone = np.minimum(_nearest(scene.baseline_mm)[:, None], _nearest(scene.followup_mm)[None])
    return np.asarray(np.clip(_SPARSENESS * alone, least, max(_GATE_MOST_MM, least)))


def _nearest(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each point to its nearest neighbour of the same set; infinite when alone."""
    between = distances(points_mm, points_mm)
    np.fill_diagonal(between, np.inf)
    return np.asarray(between.min(axis=1, initial=np.inf))


def _pairs(scene: _Scene, moved: NDArray[np.float64], gates: NDArray[np.float64]) -> NDArray[np.int64]:
    """One-to-one pairs of least cost; staying single costs 1 for each, a pair at its gate 1."""
    n, m = scene.dice.shape
    if n == 0 or m == 0:
        return np.zeros((0, 2), np.int64)
    between = distances(moved, scene.followup_mm)
    ratio = np.abs(np.log(scene.baseline_ml[:, None] / scene.followup_ml[None]))
    volume = 0.05 * np.minimum(np.nan_to_num(ratio, nan=0.0, posinf=3.0), 3.0)
    pair = (between / gates) ** 2 * (1 - 0.5 * scene.dice) + volume
    pair[(between > gates) & (scene.dice == 0)] = _FORBIDDEN
    cost = np.ones((n + m, m + n))
    cost[:n, :m] = pair
    cost[n:, m:] = 0.0
    found = [(i, j) for i, j in assign(cost) if i < n and j < m and pair[i, j] < _FORBIDDEN]
    return np.asarray(found, np.int64).reshape(-1, 2)


def _residual(
    moved: NDArray[np.float64], followup_mm: NDArray[np.float64], pairs: NDArray[np.int64], before_mm: float
) -> float:
    """The standard deviation per axis, mm, of what the pairs still miss; with fewer than 4 pairs, as before."""
    if len(pairs) < 4:
        return before_mm
    missed = np.linalg.norm(moved[pairs[:, 0]] - followup_mm[pairs[:, 1]], axis=1)
    return max(float(np.median(missed)) / 1.538, _ERROR_LEAST_MM)


def _links(
    scene: _Scene, moved: NDArray[np.float64], pairs: NDArray[np.int64], error_mm: float
) -> list[tuple[int | None, int | None, Status, float | None, float | None, float]]:
    """Links by index: pairs, then what joins a pair, then what is single."""
    between = distances(moved, scene.followup_mm)
    weight = np.exp(-0.5 * (between / (1.5 * error_mm + 3.0)) ** 2)
    gate = _gates(scene, error_mm)
    floor = np.exp(-0.5 * (gate / (1.5 * error_mm + 3.0)) ** 2) + 1e-3
    partner = {int(i): int(j) for i, j in pairs}
    owner = {j: i for i, j in partner.items()}
    merged = _joined(scene.share_baseline, _spheres(scene, between, owner, merging=True), set(partner), axis=0)
    split = _joined(scene.share_followup, _spheres(scene, between, partner, merging=False), set(owner), axis=1)
    merged = {i: j for i, j in merged.items() if j in owner}
    split = {j: i for j, i in split.items() if i in partner}
    links: list[tuple[int | None, int | None, Status, float | None, float | None, float]] = []
    for i, j in [*partner.items(), *merged.items(), *((i, j) for j, i in split.items())]:
        status: Status = "matched"
        if j in merged.values():
            status = "merged"
        elif i in split.values():
            status = "split"
        rivals = weight[i].sum() + weight[:, j].sum() - weight[i, j] + floor[i, j]
        links.append((i, j, status, float(between[i, j]), float(scene.dice[i, j]), float(weight[i, j] / rivals)))
    taken_i, taken_j = set(partner) | set(merged), set(owner) | set(split)
    free_i = [i for i in range(len(moved)) if i not in taken_i]
    free_j = [j for j in range(between.shape[1]) if j not in taken_j]
    links += [(i, None, "resolved", None, None, _alone(weight[i, free_j])) for i in free_i]
    links += [(None, j, "new", None, None, _alone(weight[free_i, j])) for j in free_j]
    return links


def _alone(weights: NDArray[np.float64]) -> float:
    """How surely a lesion has no partner among the other single ones."""
    return float(1.0 / (1.0 + weights.sum()))


def _spheres(
    scene: _Scene, between: NDArray[np.float64], partner: Mapping[int, int], *, merging: bool
) -> NDArray[np.bool_]:
    """Which singles may belong to a pair by volume: spheres touch, and the joint lesion holds half of the single more.

    `partner` maps the joint lesion to its own partner: for merging, follow-up to baseline; for splitting the reverse.
    """
    radius = [np.cbrt(3000.0 * ml / (4 * np.pi)) for ml in (scene.baseline_ml, scene.followup_ml)]
    touch = between <= radius[0][:, None] + radius[1][None]
    fits = np.zeros_like(touch)
    for joint, own in partner.items():
        if merging:
            fits[:, joint] = scene.followup_ml[joint] >= scene.baseline_ml[own] + 0.5 * scene.baseline_ml
        else:
            fits[joint] = scene.baseline_ml[joint] >= scene.followup_ml[own] + 0.5 * scene.followup_ml
    return np.asarray(touch & fits)


def _joined(share: NDArray[np.float64], spheres: NDArray[np.bool_], taken: set[int], *, axis: int) -> dict[int, int]:
    """For each single lesion (along `axis`) the other scan's lesion that it became part of or came from."""
    share, spheres = (share, spheres) if axis == 0 else (share.T, spheres.T)
    joined: dict[int, int] = {}
    for single in range(share.shape[0]):
        if single in taken or share.shape[1] == 0:
            continue
        best = int(np.argmax(share[single] + 0.01 * spheres[single]))
        if share[single, best] >= _SHARE_JOINED or spheres[single, best]:
            joined[single] = best
    return joined


def _named(
    links: Sequence[tuple[int | None, int | None, Status, float | None, float | None, float]],
    baseline: Sequence[LesionPoint],
    followup: Sequence[LesionPoint],
) -> list[Link]:
    named = [
        Link(
            None if i is None else baseline[i].lesion,
            None if j is None else followup[j].lesion,
            status,
            distance,
            overlap,
            round(confidence, 4),
        )
        for i, j, status, distance, overlap, confidence in links
    ]
    last = float("inf")
    return sorted(
        named,
        key=lambda link: (
            last if link.baseline_lesion is None else link.baseline_lesion,
            last if link.followup_lesion is None else link.followup_lesion,
        ),
    )


def _seen(
    link: Link,
    baseline_mm: Mapping[int, NDArray[np.float64]],
    followup_mm: Mapping[int, NDArray[np.float64]],
    views: tuple[Geometry, Geometry],
) -> Link:
    """A new or resolved lesion whose place the other scan has not seen is outside its view.

    The places are those in the other scan's space: baseline lesions at follow-up, follow-up lesions at baseline.
    """
    if link.status == "resolved" and link.baseline_lesion is not None:
        place, other = baseline_mm[link.baseline_lesion], views[1]
    elif link.status == "new" and link.followup_lesion is not None:
        place, other = followup_mm[link.followup_lesion], views[0]
    else:
        return link
    index = other.to_index(place[None])[0]
    if ((index >= -0.5) & (index <= np.asarray(other.shape_zyx) - 0.5)).all():
        return link
    return replace(link, status="outside_view", distance_mm=None, overlap=None, confidence=None)
