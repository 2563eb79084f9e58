"""Connected components: which voxels of a region hang together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cc3d
import numpy as np
from numpy.typing import NDArray

from lutrace.imaging.volume import BoolArray

Connectivity = Literal[6, 18, 26]


@dataclass(frozen=True, eq=False)
class Components:
    """Labels 1..count of an array (0 is background), the largest component first; equal sizes by first voxel."""

    labels: NDArray[np.int32]
    count: int


def label_components(array: BoolArray, *, connectivity: Connectivity = 26, min_voxels: int = 1) -> Components:
    """The components of `array` with at least `min_voxels` voxels, numbered from the largest to the smallest.

    `connectivity` counts the neighbours of a voxel: 6 share a face, 18 also an edge, 26 also a corner.
    """
    raw: NDArray[Any] = np.asarray(cc3d.connected_components(np.ascontiguousarray(array), connectivity=connectivity))
    place = np.flatnonzero(raw)
    number = raw.ravel()[place].astype(np.int64)
    voxels = np.bincount(number, minlength=1)
    voxels[0] = 0
    first = np.full(len(voxels), raw.size)
    np.minimum.at(first, number, place)
    order = np.lexsort((first, -voxels))
    kept = order[voxels[order] >= max(min_voxels, 1)]
    rename = np.zeros(len(voxels), np.int32)
    rename[kept] = np.arange(1, len(kept) + 1, dtype=np.int32)
    labels = np.zeros(array.shape, np.int32)
    labels.ravel()[place] = rename[number]
    return Components(labels, len(kept))
