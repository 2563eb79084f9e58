"""Volumes and masks on another grid, straight or moved by a registration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging.itk import from_itk, sitk, to_itk
from lutrace.imaging.volume import Geometry, Mask, Volume

_INTERPOLATORS = {"linear": sitk.sitkLinear, "nearest": sitk.sitkNearestNeighbor}


def _transform(matrix: NDArray[np.float64] | None) -> Any:
    """ITK's transform of a 4 x 4 LPS matrix from the target grid's space to the source's; None is the identity."""
    if matrix is None:
        return sitk.Transform(3, sitk.sitkIdentity)
    affine = sitk.AffineTransform(3)
    affine.SetMatrix(tuple(float(v) for v in matrix[:3, :3].ravel()))
    affine.SetTranslation(tuple(float(v) for v in matrix[:3, 3]))
    return affine


def resample_array(
    array: NDArray[Any],
    geometry: Geometry,
    target: Geometry,
    *,
    method: Literal["linear", "nearest"],
    outside: float,
    matrix: NDArray[np.float64] | None = None,
) -> NDArray[Any]:
    """The numbers of `array` (on `geometry`) at the voxels of `target`; beyond the source grid, `outside`.

    `matrix` maps LPS millimetres of the target's space to the source's.
    """
    image = sitk.Resample(
        to_itk(array, geometry),
        target.size_xyz,
        _transform(matrix),
        _INTERPOLATORS[method],
        tuple(float(value) for value in target.origin_mm),
        tuple(float(value) for value in target.spacing_mm),
        tuple(float(value) for value in target.direction),
        float(outside),
    )
    return from_itk(image)


def resample_volume(
    volume: Volume,
    target: Geometry,
    *,
    method: Literal["linear", "nearest"] = "linear",
    outside: float = 0.0,
    matrix: NDArray[np.float64] | None = None,
) -> Volume:
    """The volume on another grid, float32, in its own unit; voxels beyond its edge get `outside`.

    Interpolation is trilinear or nearest; nothing is smoothed first, so a coarser grid samples.
    """
    array = resample_array(volume.array, volume.geometry, target, method=method, outside=outside, matrix=matrix)
    return replace(volume, array=np.ascontiguousarray(array, np.float32), geometry=target)


def resample_labels(
    labels: NDArray[np.int32], geometry: Geometry, target: Geometry, *, matrix: NDArray[np.float64] | None = None
) -> NDArray[np.int32]:
    """A label array on another grid, by the nearest voxel; 0 beyond the edge. `matrix` as in `resample_array`."""
    moved = resample_array(labels, geometry, target, method="nearest", outside=0.0, matrix=matrix)
    return np.asarray(moved, np.int32)


def resample_mask(mask: Mask, target: Geometry, *, matrix: NDArray[np.float64] | None = None) -> Mask:
    """The region on another grid: a voxel belongs when the nearest voxel of the mask does; a note says so."""
    array = resample_array(mask.array, mask.geometry, target, method="nearest", outside=0.0, matrix=matrix)
    note = f"resampled by nearest neighbour from {mask.geometry.size_xyz} to {target.size_xyz} voxels"
    return replace(mask, array=array.astype(np.bool_), geometry=target, notes=(*mask.notes, note))
