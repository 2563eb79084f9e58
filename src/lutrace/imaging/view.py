"""What a scan has seen: its field of view as a mask, and what two scans have seen both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging.resample import resample_array
from lutrace.imaging.volume import BoolArray, Geometry


def field_of_view_mm(geometry: Geometry) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
    """The box, LPS mm, that holds all voxels (their outer faces): ((x0, x1), (y0, y1), (z0, z1))."""
    z, y, x = geometry.shape_zyx
    faces = np.asarray([(k, j, i) for k in (-0.5, z - 0.5) for j in (-0.5, y - 0.5) for i in (-0.5, x - 0.5)])
    corners = geometry.to_mm(faces)
    low, high = corners.min(axis=0), corners.max(axis=0)
    return ((low[0], high[0]), (low[1], high[1]), (low[2], high[2]))


def common_view(
    geometry: Geometry, other: Geometry, *, matrix: NDArray[np.float64] | None = None, margin_mm: float = 0.0
) -> BoolArray:
    """Which voxels of `geometry` the other scan has seen too.

    `matrix` maps LPS mm of this scan to LPS mm of the other. `margin_mm` is how far inside the other's edge a voxel
    must lie (a lesion at the very edge is half seen).
    """
    seen = np.ones(other.shape_zyx, np.uint8)
    for axis, spacing in enumerate(other.spacing_mm[::-1]):
        width = int(np.ceil(margin_mm / spacing - 1e-9)) if margin_mm > 0 else 0
        if width:
            edge = np.moveaxis(seen, axis, 0)
            edge[:width] = 0
            edge[-width:] = 0
    found = resample_array(seen, other, geometry, method="nearest", outside=0.0, matrix=matrix)
    return np.asarray(found, np.bool_)
