"""Basins of a watershed joined from the highest saddle down, unless both peaks stand out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Edges:
    """Pairs of basins that touch, and the value of the saddle between them; the highest saddle first."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    saddle: NDArray[np.float64]


class _Sets:
    """Disjoint sets whose name is the member with the highest peak."""

    def __init__(self, rank: NDArray[np.int64]) -> None:
        """Each member alone; `rank` orders the peaks without ties."""
        self._parent = list(range(len(rank)))
        self._rank = rank.tolist()

    def find(self, member: int) -> int:
        """The member with the highest peak in this one's set."""
        parent = self._parent
        while parent[member] != member:
            parent[member] = parent[parent[member]]
            member = parent[member]
        return member

    def join(self, one: int, other: int) -> None:
        """One set of two, named by the higher peak."""
        one, other = self.find(one), self.find(other)
        low, high = (one, other) if self._rank[one] < self._rank[other] else (other, one)
        self._parent[low] = high


def join_basins(
    peak: NDArray[np.float64],
    places_mm: NDArray[np.float64],
    size: NDArray[np.int64],
    edges: Edges,
    rule: tuple[float, float, int],
) -> NDArray[np.int64]:
    """The group of each basin, named by the basin with the group's highest peak.

    `peak` (infinite for the basin of the organs, which joins no other), `places_mm` of the peaks (n, 3) and `size` in
    voxels by basin; `rule`: least prominence as share of the lower peak, least distance of the peaks in mm, least size
    in voxels. Distance is not asked of the organs' basin: its peak has no place.
    """
    prominence, least_mm, least_voxels = rule
    rank = np.empty(len(peak), np.int64)
    rank[np.lexsort((np.arange(len(peak)), peak))] = np.arange(len(peak))
    reached, groups = _Sets(rank), _Sets(rank)
    voxels = size.tolist()
    for one, other, saddle in zip(edges.one.tolist(), edges.other.tolist(), edges.saddle.tolist(), strict=True):
        tops = reached.find(one), reached.find(other)
        if tops[0] == tops[1]:
            continue
        low = min(tops, key=lambda basin: rank[basin])
        near, far = groups.find(one), groups.find(other)
        organ = bool(np.isinf(peak[near]) or np.isinf(peak[far]))
        alone = bool(peak[low] - saddle < prominence * peak[low])
        if not organ:
            alone |= bool(np.linalg.norm(places_mm[near] - places_mm[far]) < least_mm)
        smaller = min(near, far, key=lambda basin: rank[basin])
        alone |= voxels[smaller] < least_voxels
        if alone:
            groups.join(near, far)
            total = voxels[near] + voxels[far]
            voxels[groups.find(near)] = total
        reached.join(one, other)
    return np.asarray([groups.find(basin) for basin in range(len(peak))], np.int64)
