"""Regions on the smallest part of their grid that holds them: a hundred lesions of a whole body fit in memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lutrace.core import Source
from lutrace.imaging.volume import Geometry, Mask


def crop_region(
    name: str, index_zyx: NDArray[np.int64], geometry: Geometry, source: Source, *, notes: tuple[str, ...] = ()
) -> Mask:
    """The region of these voxels (n, 3; slice, row, column of `geometry`) on the part of the grid that holds them.

    Without a voxel it is one empty voxel at the grid's origin.
    """
    if len(index_zyx) == 0:
        index_zyx, inside = np.zeros((1, 3), np.int64), False
    else:
        inside = True
    low = index_zyx.min(axis=0)
    shape = index_zyx.max(axis=0) - low + 1
    array = np.zeros(tuple(shape), np.bool_)
    array[tuple((index_zyx - low).T)] = inside
    x, y, z = geometry.to_mm(low[None].astype(np.float64))[0]
    size = (int(shape[2]), int(shape[1]), int(shape[0]))
    part = replace(geometry, size_xyz=size, origin_mm=(float(x), float(y), float(z)))
    return Mask(name, array, part, source, notes)
