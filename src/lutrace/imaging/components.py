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
_PIECE = 1 << 22
"""So many voxels of a dense array are looked at together."""


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
    if not _is_sparse(array):
        return _label_densely(array, connectivity, min_voxels)
    found = find_components(array, connectivity=connectivity, min_voxels=min_voxels)
    return Components(found.dense(array.shape), found.count)


def find_components(array: BoolArray, *, connectivity: Connectivity = 26, min_voxels: int = 1) -> LabelledVoxels:
    """What `label_components` gives, as a list of voxels: small where few voxels are foreground."""
    if _is_sparse(array):
        place = np.flatnonzero(array)
        return connect_voxels(
            place, np.ones(len(place), np.int32), array.shape, connectivity=connectivity, min_voxels=min_voxels
        )
    found = _label_densely(array, connectivity, min_voxels)
    place = np.flatnonzero(found.labels)
    return LabelledVoxels(place, found.labels.ravel()[place], found.count)


def _is_sparse(array: BoolArray) -> bool:
    return int(np.count_nonzero(array)) * _SPARSE < array.size


def _label_densely(array: BoolArray, connectivity: Connectivity, min_voxels: int) -> Components:
    """The labels without ever listing voxels: eight bytes a voxel, for regions that fill much of the grid."""
    raw: NDArray[Any] = np.asarray(cc3d.connected_components(np.ascontiguousarray(array), connectivity=connectivity))
    raw = raw.ravel()
    count = int(raw.max(initial=0)) + 1
    voxels, first = np.zeros(count, np.int64), np.zeros(count, np.int64)
    pieces = [(begin, min(begin + _PIECE, len(raw))) for begin in range(0, len(raw), _PIECE)]
    for begin, end in reversed(pieces):
        piece = raw[begin:end]
        voxels += np.bincount(piece, minlength=count)
        first[piece[::-1]] = np.arange(end - 1, begin - 1, -1)  # the last written stays
    rename, count = _rename_by_size(voxels, first, min_voxels)
    labels = np.empty(len(raw), np.int32)
    for begin, end in pieces:
        labels[begin:end] = rename[raw[begin:end]]
    return Components(labels.reshape(array.shape), count)


def _rename_by_size(
    voxels: NDArray[np.int64], first: NDArray[np.int64], min_voxels: int
) -> tuple[NDArray[np.int32], int]:
    """The new number of each label (0 for background and what is too small), and how many there are."""
    voxels = voxels.copy()
    voxels[0] = 0
    order = np.lexsort((first, -voxels))
    kept = order[voxels[order] >= max(min_voxels, 1)]
    rename = np.zeros(len(voxels), np.int32)
    rename[kept] = np.arange(1, len(kept) + 1, dtype=np.int32)
    return rename, len(kept)


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
    rename, count = _rename_by_size(voxels, first, min_voxels)
    renamed = rename[number]
    stays = renamed > 0
    return LabelledVoxels(place[stays], renamed[stays], count)
