"""Regions grown and shrunk by millimetres, whatever the shape of the voxels."""

from __future__ import annotations

import numpy as np

from lutrace.imaging.itk import from_itk, sitk, to_itk
from lutrace.imaging.volume import BoolArray, FloatArray, Geometry


def distance_to(array: BoolArray, geometry: Geometry) -> FloatArray:
    """Distance in mm from each voxel centre to the nearest voxel centre of the region; 0 inside, infinite if empty."""
    if not array.any():
        return np.full(array.shape, np.inf, np.float32)
    signed = sitk.SignedMaurerDistanceMap(
        to_itk(array, geometry), insideIsPositive=False, squaredDistance=False, useImageSpacing=True
    )
    return np.maximum(np.asarray(from_itk(signed), np.float32), np.float32(0))


def dilate(array: BoolArray, geometry: Geometry, margin_mm: float) -> BoolArray:
    """The region and all voxels whose centre is at most `margin_mm` from the centre of one of its voxels."""
    if margin_mm <= 0 or not array.any():
        return array.copy()
    box = _box_around(array, geometry, margin_mm)
    grown = np.zeros_like(array)
    grown[box] = distance_to(array[box], geometry) <= margin_mm + 1e-4
    return grown


def erode(array: BoolArray, geometry: Geometry, margin_mm: float) -> BoolArray:
    """The voxels of the region further than `margin_mm` from every voxel outside it; the image's edge is no outside."""
    if margin_mm <= 0 or not array.any():
        return array.copy()
    box = _box_around(array, geometry, margin_mm)
    shrunk = np.zeros_like(array)
    shrunk[box] = array[box] & (distance_to(~array[box], geometry) > margin_mm + 1e-4)
    return shrunk


def _box_around(array: BoolArray, geometry: Geometry, margin_mm: float) -> tuple[slice, ...]:
    """The part of the grid that holds the region and whatever lies within the margin of it."""
    bounds = []
    for axis, spacing in enumerate(geometry.spacing_mm[::-1]):
        where = np.flatnonzero(array.any(axis=tuple(k for k in range(3) if k != axis)))
        steps = int(np.ceil(margin_mm / spacing)) + 1
        bounds.append(slice(max(int(where[0]) - steps, 0), int(where[-1]) + steps + 1))
    return tuple(bounds)
