"""Connected components: which voxels of a region hang together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cc3d
import numpy as np
from numpy.typing import NDArray

from lutrace.imaging.runs import connect_runs
from lutrace.imaging.volume import BoolArray

Connectivity = Literal[6, 18, 26]

_SPARSE = 16
"""With fewer voxels than one in this many, a list of runs is faster than the whole array."""


@dataclass(frozen=True, eq=False)
class Components:
    """Labels 1..count of an array (0 is background), the largest component first; equal sizes by first voxel."""

    labels: NDArray[np.int32]
    count: int


@dataclass(frozen=True, eq=False)
class LabelledVoxels:
    """The same labels without the background: flat indices in rising order, and the number 1..count of each."""

    place: NDArray[np.int64]
    number: NDArray[np.int32]
    count: int

    def chosen(self, numbers: NDArray[np.bool_]) -> LabelledVoxels:
        """The voxels of the labels for which `numbers` (count + 1) is true, numbered anew in the same order."""
        rename = np.zeros(self.count + 1, np.int32)
        kept = np.flatnonzero(numbers[1:]) + 1
        rename[kept] = np.arange(1, len(kept) + 1, dtype=np.int32)
        number = rename[self.number]
        return LabelledVoxels(self.place[number > 0], number[number > 0], len(kept))

    def dense(self, shape_zyx: tuple[int, ...]) -> NDArray[np.int32]:
        """The label array of a grid of this shape."""
        labels = np.zeros(shape_zyx, np.int32)
        labels.ravel()[self.place] = self.number
        return labels


def label_components(array: BoolArray, *, connectivity: Connectivity = 26, min_voxels: int = 1) -> Components:
    """The components of `array` with at least `min_voxels` voxels, numbered from the largest to the smallest.

    `connectivity` counts the neighbours of a voxel: 6 share a face, 18 also an edge, 26 also a corner.
    """
    found = find_components(array, connectivity=connectivity, min_voxels=min_voxels)
    return Components(found.dense(array.shape), found.count)


def find_components(array: BoolArray, *, connectivity: Connectivity = 26, min_voxels: int = 1) -> LabelledVoxels:
    """What `label_components` gives, as a list of voxels: small where few voxels are foreground."""
    if np.count_nonzero(array) * _SPARSE < array.size:
        place = np.flatnonzero(array)
        return connect_voxels(
            place, np.ones(len(place), np.int32), array.shape, connectivity=connectivity, min_voxels=min_voxels
        )
    raw: NDArray[Any] = np.asarray(cc3d.connected_components(np.ascontiguousarray(array), connectivity=connectivity))
    place = np.flatnonzero(raw)
    return order_by_size(place, raw.ravel()[place], min_voxels=min_voxels)


def connect_voxels(
    place: NDArray[np.int64],
    number: NDArray[np.int32],
    shape_zyx: tuple[int, ...],
    *,
    connectivity: Connectivity = 26,
    min_voxels: int = 1,
) -> LabelledVoxels:
    """The components of listed voxels on a grid of this shape, the largest first; voxels of two numbers never join.

    `place` rises; `number` is above 0. Only these voxels are looked at, not their grid.
    """
    if not len(place):
        return LabelledVoxels(place, np.zeros(0, np.int32), 0)
    return order_by_size(place, connect_runs(place, number, shape_zyx, connectivity), min_voxels=min_voxels)


def order_by_size(place: NDArray[np.int64], number: NDArray[Any], *, min_voxels: int = 1) -> LabelledVoxels:
    """Voxels with numbers above 0 in any order: numbered anew from the largest label to the smallest.

    Equal sizes go by their first voxel; labels of fewer than `min_voxels` voxels go. `place` must rise.
    """
    number = number.astype(np.int64)
    voxels = np.bincount(number, minlength=1)
    first = np.full(len(voxels), np.iinfo(np.int64).max)
    np.minimum.at(first, number, place)
    order = np.lexsort((first, -voxels))
    kept = order[voxels[order] >= max(min_voxels, 1)]
    rename = np.zeros(len(voxels), np.int32)
    rename[kept] = np.arange(1, len(kept) + 1, dtype=np.int32)
    renamed = rename[number]
    stays = renamed > 0
    return LabelledVoxels(place[stays], renamed[stays], len(kept))
