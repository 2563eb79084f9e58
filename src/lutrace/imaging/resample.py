"""Volumes and masks on another grid, straight or moved by a registration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging.itk import from_itk, sitk, to_itk
from lutrace.imaging.volume import BoolArray, FloatArray, Geometry, Mask, Volume

_BITS = 32
_PIECE_VOXELS = 1 << 23
"""A larger image is sampled in pieces of this many voxels: ITK copies what it is given, and its answer is copied."""

_MARGIN = 2
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
    if method == "linear" and max(array.size, int(np.prod(target.size_xyz))) > _PIECE_VOXELS:
        found = np.empty(target.shape_zyx, array.dtype)
        for start, piece in _pieces(target, array.size):
            stop = start + piece.shape_zyx[0]
            found[start:stop] = _sample_piece(array, geometry, piece, outside=outside, matrix=matrix)
        return found
    return _sample(array, geometry, target, method=method, outside=outside, matrix=matrix)


def sample_volume(volume: Volume, target: Geometry, place: NDArray[np.int64], *, outside: float) -> FloatArray:
    """What `resample_volume` gives at the voxels of `target` with these flat indices, which rise."""
    values = np.empty(len(place), np.float32)
    plane = target.size_xyz[0] * target.size_xyz[1]
    for start, piece in _pieces(target, volume.array.size):
        first, last = np.searchsorted(place, (start * plane, (start + piece.size_xyz[2]) * plane))
        if last > first:
            found = _sample_piece(volume.array, volume.geometry, piece, outside=outside, matrix=None)
            values[first:last] = found.ravel()[place[first:last] - start * plane]
    return values


def _pieces(target: Geometry, source_voxels: int) -> Iterator[tuple[int, Geometry]]:
    """A grid in pieces along its slices, each with the number of its first slice; small on it and on the source."""
    x, y, z = target.size_xyz
    rows = max(_PIECE_VOXELS * z // max(x * y * z, source_voxels), 1)
    for start in range(0, z, rows):
        origin = target.to_mm(np.asarray([[start, 0, 0]], float))[0]
        piece = replace(
            target,
            size_xyz=(x, y, min(rows, z - start)),
            origin_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
        )
        yield start, piece


def _sample_piece(
    array: NDArray[Any],
    geometry: Geometry,
    piece: Geometry,
    *,
    outside: float,
    matrix: NDArray[np.float64] | None,
) -> NDArray[Any]:
    """The numbers at the voxels of a piece, from the part of the source that reaches it."""
    corners = piece.corners_mm if matrix is None else piece.corners_mm @ matrix[:3, :3].T + matrix[:3, 3]
    index = geometry.to_index(corners)
    low = np.maximum(np.floor(index.min(axis=0)).astype(int) - _MARGIN, 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + _MARGIN + 1, array.shape)
    if (high <= low).any():
        return np.full(piece.shape_zyx, outside, array.dtype)
    z, y, x = (int(size) for size in high - low)
    origin = geometry.to_mm(low[None].astype(float))[0]
    near = replace(geometry, size_xyz=(x, y, z), origin_mm=(float(origin[0]), float(origin[1]), float(origin[2])))
    part = array[tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))]
    return _sample(part, near, piece, method="linear", outside=outside, matrix=matrix)


def _sample(
    array: NDArray[Any],
    geometry: Geometry,
    target: Geometry,
    *,
    method: Literal["linear", "nearest"],
    outside: float,
    matrix: NDArray[np.float64] | None,
) -> NDArray[Any]:
    """ITK's answer in one go."""
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
    return replace(
        mask, array=array.astype(np.bool_), geometry=target, notes=(*mask.notes, _note(mask, target)), extent=None
    )


def _note(mask: Mask, target: Geometry) -> str:
    return f"resampled by nearest neighbour from {mask.geometry.size_xyz} to {target.size_xyz} voxels"


def resample_masks(masks: Sequence[Mask], target: Geometry) -> list[Mask]:
    """What `resample_mask` gives for each of the masks, in their order; masks of one grid go together.

    Each mask of a grid is a bit of one number per voxel, so that up to 32 regions cost little more than one.
    """
    moved: dict[int, Mask] = {}
    waiting = dict(enumerate(masks))
    while waiting:
        first = next(iter(waiting.values())).geometry
        together = [number for number, mask in waiting.items() if mask.geometry == first][:_BITS]
        for number, array in zip(together, _moved_together([waiting[n] for n in together], target), strict=True):
            mask = waiting.pop(number)
            moved[number] = replace(
                mask, array=array, geometry=target, notes=(*mask.notes, _note(mask, target)), extent=None
            )
    return [moved[number] for number in range(len(masks))]


def _moved_together(masks: Sequence[Mask], target: Geometry) -> list[BoolArray]:
    """The voxels on the target grid of at most 32 masks that share their grid."""
    geometry = masks[0].geometry
    bits = np.zeros(int(np.prod(geometry.shape_zyx)), np.uint32)
    for number, mask in enumerate(masks):
        bits[np.flatnonzero(mask.array)] |= np.uint32(1 << number)
    there = resample_array(bits.reshape(geometry.shape_zyx), geometry, target, method="nearest", outside=0.0).ravel()
    place = np.flatnonzero(there != 0)
    found = there[place]
    arrays = []
    for number in range(len(masks)):
        array = np.zeros(there.size, np.bool_)
        array[place[(found & np.uint32(1 << number)) != 0]] = True
        arrays.append(array.reshape(target.shape_zyx))
    return arrays
