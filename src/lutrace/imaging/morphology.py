"""Regions grown and shrunk by millimetres, whatever the shape of the voxels.

A ball of few rows is drawn by shifting the region row by row; a larger one costs less by a distance map.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging.itk import sitk, to_itk, view_of_itk
from lutrace.imaging.volume import BoolArray, Box, FloatArray, Geometry, box_of

_TOLERANCE_MM = 1e-4
_MOST_ROWS = 300
"""Rows of a ball from which on a distance map is faster than as many shifts."""


def distance_to(array: BoolArray, geometry: Geometry) -> FloatArray:
    """Distance in mm from each voxel centre to the nearest voxel centre of the region; 0 inside, infinite if empty."""
    if not array.any():
        return np.full(array.shape, np.inf, np.float32)
    signed = sitk.SignedMaurerDistanceMap(
        to_itk(array, geometry), insideIsPositive=False, squaredDistance=False, useImageSpacing=True
    )
    return np.asarray(np.maximum(view_of_itk(signed), np.float32(0)), np.float32)


def dilate(array: BoolArray, geometry: Geometry, margin_mm: float) -> BoolArray:
    """The region and all voxels whose centre is at most `margin_mm` from the centre of one of its voxels."""
    box, inside = dilate_box(array, geometry, margin_mm)
    grown = np.zeros_like(array)
    grown[box] = inside
    return grown


def dilate_box(
    array: BoolArray, geometry: Geometry, margin_mm: float, *, within: Box | None = None
) -> tuple[Box, BoolArray]:
    """What `dilate` gives, as the box that holds it and its voxels there; `within` is the region's own box if known."""
    own = box_of(array) if within is None else within
    if margin_mm <= 0 or own[0].stop == 0:
        return own, array[own].copy()
    box = _widened(own, geometry, margin_mm)
    return box, _grown(array[box], geometry, margin_mm)


def erode(array: BoolArray, geometry: Geometry, margin_mm: float) -> BoolArray:
    """The voxels of the region further than `margin_mm` from every voxel outside it; the image's edge is no outside."""
    box, inside = erode_box(array, geometry, margin_mm)
    shrunk = np.zeros_like(array)
    shrunk[box] = inside
    return shrunk


def erode_box(
    array: BoolArray, geometry: Geometry, margin_mm: float, *, within: Box | None = None
) -> tuple[Box, BoolArray]:
    """What `erode` gives, as a box that holds it and its voxels there; `within` is the region's own box if known."""
    own = box_of(array) if within is None else within
    if margin_mm <= 0 or own[0].stop == 0:
        return own, array[own].copy()
    box = _widened(own, geometry, margin_mm)
    return box, array[box] & ~_grown(~array[box], geometry, margin_mm)


def _grown(array: BoolArray, geometry: Geometry, margin_mm: float) -> BoolArray:
    """The region and all voxels within the margin of it, on the same part of the grid."""
    widths = _rows_of_ball(geometry, margin_mm)
    if np.count_nonzero(widths >= 0) > _MOST_ROWS:
        return np.asarray(distance_to(array, geometry) <= margin_mm + _TOLERANCE_MM)
    return _grown_by_rows(array, widths)


def _rows_of_ball(geometry: Geometry, margin_mm: float) -> NDArray[np.int64]:
    """How many voxels a ball reaches to each side in the row (slices, rows) from its centre; -1 where it has none."""
    x_mm, y_mm, z_mm = geometry.spacing_mm
    limit = margin_mm + _TOLERANCE_MM
    dz, dy, dx = np.meshgrid(*(np.arange(int(limit / step) + 1) for step in (z_mm, y_mm, x_mm)), indexing="ij")
    inside = (dz * z_mm) ** 2 + (dy * y_mm) ** 2 + (dx * x_mm) ** 2 <= limit**2
    return np.asarray(inside.sum(axis=2) - 1, np.int64)


def _grown_by_rows(array: BoolArray, widths: NDArray[np.int64]) -> BoolArray:
    """The region drawn with a ball, given as the half width of each of its rows."""
    broad = [array]
    for width in range(1, int(widths.max()) + 1):
        wider = broad[-1].copy()
        wider[..., width:] |= array[..., :-width]
        wider[..., :-width] |= array[..., width:]
        broad.append(wider)
    grown = np.zeros_like(array)
    for dz, in_slice in enumerate(widths):
        disc = np.zeros_like(array)
        for dy, width in enumerate(in_slice):
            if width >= 0:
                _add_shifted(disc, broad[width], dy, axis=1)
        _add_shifted(grown, disc, dz, axis=0)
    return grown


def _add_shifted(onto: BoolArray, array: BoolArray, steps: int, *, axis: int) -> None:
    """Add the region to another, shifted both ways along an axis; what leaves the grid is lost."""
    ahead, behind = [slice(None)] * 3, [slice(None)] * 3
    ahead[axis], behind[axis] = slice(steps, None), slice(None, max(array.shape[axis] - steps, 0))
    onto[tuple(ahead)] |= array[tuple(behind)]
    if steps:
        onto[tuple(behind)] |= array[tuple(ahead)]


def _widened(box: Box, geometry: Geometry, margin_mm: float) -> Box:
    """The box and whatever lies within the margin of it, up to the end of the grid."""
    wide = []
    for own, spacing, size in zip(box, geometry.spacing_mm[::-1], geometry.shape_zyx, strict=True):
        steps = int(np.ceil(margin_mm / spacing)) + 1
        wide.append(slice(max(own.start - steps, 0), min(own.stop + steps, size)))
    return (wide[0], wide[1], wide[2])
