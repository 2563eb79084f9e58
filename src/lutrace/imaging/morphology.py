"""Regions grown and shrunk by millimetres, whatever the shape of the voxels."""

from __future__ import annotations

import numpy as np

from lutrace.imaging.itk import sitk, to_itk, view_of_itk
from lutrace.imaging.volume import BoolArray, Box, FloatArray, Geometry, box_of


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
    return box, distance_to(array[box], geometry) <= margin_mm + 1e-4


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
    return box, array[box] & (distance_to(~array[box], geometry) > margin_mm + 1e-4)


def _widened(box: Box, geometry: Geometry, margin_mm: float) -> Box:
    """The box and whatever lies within the margin of it, up to the end of the grid."""
    wide = []
    for own, spacing, size in zip(box, geometry.spacing_mm[::-1], geometry.shape_zyx, strict=True):
        steps = int(np.ceil(margin_mm / spacing)) + 1
        wide.append(slice(max(own.start - steps, 0), min(own.stop + steps, size)))
    return (wide[0], wide[1], wide[2])
