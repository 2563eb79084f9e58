"""Lesions that the field of view cuts: what lies beyond its edge is neither in their volume nor in their uptake."""

from __future__ import annotations

import numpy as np

from lutrace.imaging import LabelledVoxels, Volume


def find_cut_lesions(volume: Volume, voxels: LabelledVoxels) -> frozenset[int]:
    """The numbers of the lesions with a voxel in the outermost layer of what was imaged.

    That is the first and last slice with any uptake, and the first and last row and column of the grid: empty slices
    at the ends were not imaged.
    """
    shape = volume.array.shape
    first = next((z for z in range(shape[0]) if volume.array[z].any()), None)
    if first is None:
        return frozenset()
    last = next(z for z in reversed(range(shape[0])) if volume.array[z].any())
    z, y, x = np.unravel_index(voxels.place, shape)
    cut = (z <= first) | (z >= last)
    for index, size in ((y, shape[1]), (x, shape[2])):
        cut |= (index == 0) | (index == size - 1)
    return frozenset(int(number) for number in np.unique(voxels.number[cut]))
