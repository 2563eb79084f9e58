"""Planar contours -> voxels, by one published rule.

The rule (it equals the ten published image/mask twins of the IBSI soft-tissue-sarcoma set voxel for voxel):

1. Contour points are brought to the image's index space and rounded to 1e-5 voxel.
2. A contour lies in a plane of constant index along one grid axis (slices before rows before columns); it may be the
   axial, coronal or sagittal plane of any grid, oblique ones included. A contour in no such plane is refused.
3. A voxel belongs when its centre is inside the polygon by the even-odd rule, edges half open: a centre exactly on the
   low side (lower row, lower column) belongs, on the high side it does not, so neighbouring polygons share no voxel.
4. Contours of one region in one plane combine by exclusive or: an inner contour cuts a hole, a keyhole works too.
5. Each image plane takes the contour plane nearest to it, if that is within half the distance between contour planes
   (their median step; one voxel for a single plane); of two equally near, the lower. Contours drawn on this grid thus
   go to their own slice; contours of a finer or coarser series are sampled to the nearest. Gaps are not filled.

There is no partial volume: for a 3 mL lesion on 2 mm voxels other rules differ by more than a tenth of the volume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnsupportedError
from lutrace.imaging.volume import BoolArray, Geometry

Points = NDArray[np.float64]

_PLANAR_VOXELS = 0.1
_SAME_PLANE_VOXELS = 0.02
_AXES = ("slice", "row", "column")


@dataclass(frozen=True, eq=False)
class FilledContours:
    """The voxels that contours enclose, and what was tolerated on the way."""

    array: BoolArray
    notes: tuple[str, ...]


def fill_contours(contours_mm: Sequence[Points], reference: Geometry) -> FilledContours:
    """The voxels of `reference` inside closed planar contours (n, 3), LPS mm, by the rule at the top of this file.

    Raises UnsupportedError when a contour lies in no plane of the grid.
    """
    notes: list[str] = []
    rings = [np.round(reference.to_index(points), 5) for points in contours_mm if len(points) >= 3]
    if len(rings) < len(contours_mm):
        notes.append(f"{len(contours_mm) - len(rings)} contours of fewer than 3 points enclose nothing")
    array = np.zeros(reference.shape_zyx, np.bool_)
    if not rings:
        return FilledContours(array, tuple(notes))
    axis = _common_axis(rings)
    if axis != 0:
        notes.append(f"contours lie in planes of constant {_AXES[axis]}")
    place = np.asarray([ring[:, axis].mean() for ring in rings])
    groups = _planes(place)
    levels = np.asarray([place[group].mean() for group in groups])
    step = float(np.median(np.diff(levels))) if len(levels) > 1 else 1.0
    notes += _plane_notes(levels, step, reference.shape_zyx[axis])
    flat = np.moveaxis(array, axis, 0)
    others = [k for k in range(3) if k != axis]
    for index, group in _nearest_planes(levels, step, flat.shape[0], groups):
        for ring in group:
            flat[index] ^= fill_polygon(rings[ring][:, others], (flat.shape[1], flat.shape[2]))
    return FilledContours(array, tuple(notes))


def fill_polygon(ring: Points, shape: tuple[int, int]) -> BoolArray:
    """The pixels (rows, columns) whose centres lie inside one polygon (n, 2) of (row, column) indices.

    Even-odd rule; an edge owns the rows in [low, high) and flips all pixels from its crossing on, the crossing itself
    included: the low side of an area is inside, the high side outside. The cost is the polygon's edges and crossings.
    """
    rows, columns = shape
    low, high = ring, np.roll(ring, -1, axis=0)
    swap = low[:, 0] > high[:, 0]
    low, high = np.where(swap[:, None], high, low), np.where(swap[:, None], low, high)
    first = np.clip(np.ceil(low[:, 0]), 0, rows).astype(np.int64)
    last = np.clip(np.ceil(high[:, 0]), 0, rows).astype(np.int64)
    count = last - first
    edge = np.repeat(np.arange(len(ring)), count)
    row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    rise = high[edge, 0] - low[edge, 0]
    crossing = low[edge, 1] + (row - low[edge, 0]) * (high[edge, 1] - low[edge, 1]) / rise
    column = np.clip(np.ceil(np.round(crossing, 9)), 0, columns).astype(np.int64)
    flips = np.bincount(row * (columns + 1) + column, minlength=rows * (columns + 1)).reshape(rows, columns + 1)
    return np.asarray(np.cumsum(flips, axis=1)[:, :columns] % 2 == 1)


def _common_axis(rings: Sequence[Points]) -> int:
    for axis in range(3):
        if all(np.ptp(ring[:, axis]) <= _PLANAR_VOXELS for ring in rings):
            return axis
    widest = max(min(float(np.ptp(ring[:, axis])) for axis in range(3)) for ring in rings)
    raise UnsupportedError(
        "contours: expected each to lie in one plane of the image grid, all along the same axis; the least planar one "
        f"spreads over {widest:.2f} voxels: draw them on this image, or export the region as SEG or NIfTI"
    )


def _planes(place: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """Indices of the contours of each plane, planes in rising order."""
    order = np.argsort(place, kind="stable")
    breaks = np.flatnonzero(np.diff(place[order]) > _SAME_PLANE_VOXELS) + 1
    return np.split(order, breaks)


def _nearest_planes(
    levels: NDArray[np.float64], step: float, size: int, groups: Sequence[NDArray[np.int64]]
) -> list[tuple[int, NDArray[np.int64]]]:
    """For each image plane within reach, the contours of the nearest contour plane."""
    found = []
    for index in range(size):
        distance = np.abs(levels - index)
        nearest = int(np.argmin(np.round(distance, 3)))
        if distance[nearest] <= step / 2.0 + _SAME_PLANE_VOXELS:
            found.append((index, groups[nearest]))
    return found


def _plane_notes(levels: NDArray[np.float64], step: float, size: int) -> list[str]:
    notes = []
    off = np.abs(levels - np.round(levels)) > _SAME_PLANE_VOXELS
    if off.any():
        notes.append(f"{int(off.sum())} of {len(levels)} contour planes lie between image planes: nearest taken")
    gaps = int((np.diff(levels) > 1.5 * step).sum()) if len(levels) > 1 else 0
    if gaps:
        notes.append(f"{gaps} gaps between contour planes were not filled")
    outside = int(((levels < -0.5) | (levels > size - 0.5)).sum())
    if outside:
        notes.append(f"{outside} contour planes lie outside the image")
    return notes
