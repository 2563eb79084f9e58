"""Lesions that merge and split: who joins an existing pair, and which links belong to one cluster."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.segment.alignment import Points, distances
from lutrace.segment.explanation import SHARE_SINGLE, Explanation, Scene, log_density, log_volume_ratio, radius_mm

Edge = tuple[int, int]

_SHARE_JOINED = 0.5
_SHARE_CLUSTERS = 0.05
_TOUCH_SD = 2.0


@dataclass(frozen=True, eq=False)
class _Side:
    """One direction: parts (baseline when merging) and wholes (follow-up when merging), in one space."""

    parts_mm: Points
    wholes_mm: Points
    parts_ml: NDArray[np.float64]
    wholes_ml: NDArray[np.float64]
    variance_mm2: NDArray[np.float64]


def find_joined(scene: Scene, found: Explanation) -> list[Edge]:
    """Links (baseline, follow-up) beyond the pairs: parts of a lesion that merged, parts that one fell into.

    By overlap: at least half of a lesion lies in the other; a lesion that has a partner of its own joins only where
    both partners overlap too (else it is the registration that errs). By centre of mass: a single lesion and the pair
    that it touches are likelier one whole than a pair and a single (distance of the common centre of mass, sum of the
    volumes, 5 in 100 lesions merge or split); this needs volumes.
    """
    edges = _by_overlap(scene, found)
    variance = found.prediction.variance_mm2
    merging = _Side(found.prediction.places_mm, scene.followup_mm, scene.baseline_ml, scene.followup_ml, variance)
    between = np.full(len(scene.followup_mm), float(np.median(variance)) if len(variance) else 1.0)
    splitting = _Side(scene.followup_mm, found.prediction.places_mm, scene.followup_ml, scene.baseline_ml, between)
    pairs = {(int(i), int(j)) for i, j in found.pairs}
    taken = pairs | set(edges)
    merged = _by_mass(merging, taken)
    turned = _by_mass(splitting, {(j, i) for i, j in taken | set(merged)})
    return sorted({*edges, *merged, *((i, j) for j, i in turned)})


def number_clusters(edges: Iterable[Edge]) -> dict[Edge, int]:
    """The number, from 1, of the cluster of each edge; connected lesions share it, a plain pair has none."""
    edges = sorted(edges)
    parent: dict[tuple[str, int], tuple[str, int]] = {}

    def first_of(node: tuple[str, int]) -> tuple[str, int]:
        while parent.get(node, node) != node:
            node = parent[node]
        return node

    for i, j in edges:
        one, other = first_of(("b", i)), first_of(("f", j))
        if one != other:
            parent[max(one, other)] = min(one, other)
    members: dict[tuple[str, int], list[Edge]] = {}
    for edge in edges:
        members.setdefault(first_of(("b", edge[0])), []).append(edge)
    several = [group for group in members.values() if len(group) > 1]
    return {edge: number for number, group in enumerate(several, start=1) for edge in group}


def _by_overlap(scene: Scene, found: Explanation) -> list[Edge]:
    partner = {int(i): int(j) for i, j in found.pairs}
    owner = {j: i for i, j in partner.items()}
    edges = []
    shares = np.maximum(scene.share_baseline, scene.share_followup)
    for i, j in zip(*(index.tolist() for index in np.nonzero(shares >= _SHARE_JOINED)), strict=True):
        if partner.get(i) == j:
            continue
        own = [scene.dice[pair] for pair in ((i, partner.get(i)), (owner.get(j), j)) if None not in pair]
        if len(own) < 2 or min(own) > 0:
            edges.append((i, j))
    return _hung_on(edges, partner, owner)


def _hung_on(edges: list[Edge], partner: dict[int, int], owner: dict[int, int]) -> list[Edge]:
    """Single lesions on both sides that overlap only each other are a pair, not a cluster: left to the pairs."""
    return [(i, j) for i, j in edges if i in partner or j in owner or sum(i == a or j == b for a, b in edges) > 1]


def _by_mass(side: _Side, taken: set[Edge]) -> list[Edge]:
    """Single parts that, with the parts a whole has already, explain that whole better than without them."""
    parts_of: dict[int, list[int]] = {}
    for part, whole in taken:
        parts_of.setdefault(whole, []).append(part)
    single = [part for part in range(len(side.parts_mm)) if all(part != other for other, _ in taken)]
    reach = radius_mm(side.parts_ml)[:, None] + radius_mm(side.wholes_ml)[None]
    reach = reach + _TOUCH_SD * np.sqrt(side.variance_mm2)[:, None]
    touch = distances(side.parts_mm, side.wholes_mm) <= reach
    joined: list[Edge] = []
    for whole in range(len(side.wholes_mm)):
        parts = parts_of.get(whole, [])
        if not np.isfinite(side.wholes_ml[whole]) or not np.isfinite(side.parts_ml[parts]).all():
            continue
        near = [part for part in single if touch[part, whole] and np.isfinite(side.parts_ml[part])]
        near.sort(key=lambda part: float(np.linalg.norm(side.parts_mm[part] - side.wholes_mm[whole])))
        chosen = _best_prefix(side, parts, near, whole)
        joined += [(part, whole) for part in chosen]
        single = [part for part in single if part not in chosen]
    return joined


def _best_prefix(side: _Side, parts: list[int], near: list[int], whole: int) -> list[int]:
    """How many of the near single parts, nearest first, belong to the whole; a whole without a partner needs two."""
    least = 1 if parts else 2
    if len(near) < least:
        return []
    best, chosen = _log_fit(side, parts, whole) if parts else _log_near(side, whole), 0
    for count in range(least, len(near) + 1):
        fit = _log_fit(side, [*parts, *near[:count]], whole) + count * math.log(_SHARE_CLUSTERS / SHARE_SINGLE)
        if fit > best:
            best, chosen = fit, count
    return near[:chosen]


def _log_near(side: _Side, whole: int) -> float:
    """What the common centre of parts must reach when none is the whole's partner: three standard deviations."""
    variance = float(side.variance_mm2.min(initial=np.inf))
    return float(log_density(np.asarray(9.0 * variance), np.asarray(variance)))


def _log_fit(side: _Side, parts: list[int], whole: int) -> float:
    """How well the parts together explain the whole: their centre of mass, their volume; a logarithm."""
    volume = side.parts_ml[parts]
    centre = (volume[:, None] * side.parts_mm[parts]).sum(axis=0) / volume.sum()
    squared = ((centre - side.wholes_mm[whole]) ** 2).sum()
    variance = side.variance_mm2[parts].min()
    return float(log_density(squared, variance) + log_volume_ratio(volume.sum(), side.wholes_ml[whole]))
