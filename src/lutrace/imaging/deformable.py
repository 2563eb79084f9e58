"""Deformable registration after the rigid one: stiff demons that bend bodies and leave lesions alone."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError
from lutrace.imaging.displacement import DisplacementField, field_beyond, grid_around, nodes_of
from lutrace.imaging.itk import from_itk, geometry_of, sitk, to_itk
from lutrace.imaging.registration import PreparedScan, Registration, prepare_scan
from lutrace.imaging.volume import Geometry, Volume

STIFFNESS_MM = 24.0
"""Each step of the bend is smoothed by this (standard deviation): a shrinking lesion cannot pull its place far."""

_ITERATIONS = 80
_STEP_VOXELS = 1.0
_LARGEST_MM = 40.0
_TESTED = 4000


def register_deformable(
    fixed: Volume,
    moving: Volume,
    rigid: Registration,
    *,
    window: tuple[float, float],
    grid_mm: float = 8.0,
) -> Registration:
    """The rigid motion and the bend on top of it, with its residual error estimated.

    Demons with symmetric forces (Thirion 1998; Vercauteren et al. 2009) on both images clipped to `window` and smoothed
    on an axial `grid_mm` grid: the same unit and like uptake are taken for granted (CT to CT; uptake to uptake of one
    tracer). `metric` of the result is the mean square difference. The residual (mm, root mean square over the body, of
    one way) is that of going there by this registration and back by one found independently from moving to fixed: what
    both ways miss alike it does not show. A bend that does not make the images more alike, folds space or exceeds 40 mm
    is not used: the rigid motion is returned, its method says so, and its error stays its own. One thread: repeatable.
    """
    still, other = prepare_scan(fixed, window, grid_mm), prepare_scan(moving, window, grid_mm)
    return bend_prepared(still, other, rigid)


def bend_prepared(fixed: PreparedScan, moving: PreparedScan, rigid: Registration) -> Registration:
    """What `register_deformable` gives for two scans prepared with one window and grid; raises what it raises."""
    if rigid.field is not None:
        raise UnusableInputError("registration: expected a rigid motion to start from, found a deformable one")
    still, other, floor = fixed.image, moving.image, fixed.floor
    forth = _bend(still, other, rigid.matrix, floor)
    back = _bend(other, still, np.asarray(np.linalg.inv(rigid.matrix)), floor)
    if forth is None or back is None:
        return replace(rigid, method=f"{rigid.method}; no deformation was better")
    there = Registration(rigid.matrix, forth[1], f"{rigid.method}, then demons of {STIFFNESS_MM:g} mm", field=forth[0])
    home = Registration(np.asarray(np.linalg.inv(rigid.matrix)), back[1], "back", field=back[0])
    return replace(there, error_mm=_round_trip_mm(there, home, still, floor))


def join_over_fixed(one: Registration, other: Registration, *, method: str) -> Registration:
    """From the moving scan of `one` to the moving scan of `other`, both registered from the same fixed scan.

    Fields are joined on an axial grid of their spacing over what the fixed scan covers; the stated errors (mm) add as
    squares.
    """
    matrix = np.asarray(other.matrix @ np.linalg.inv(one.matrix), np.float64)
    errors = [each.error_mm for each in (one, other) if each.error_mm is not None]
    error_mm = math.hypot(*errors) if errors else None
    fields = [each.field for each in (one, other) if each.field is not None]
    if not fields:
        return Registration(matrix, None, method, error_mm)
    grid = grid_around(one.to_moving(fields[0].geometry.corners_mm), fields[0].geometry.spacing_mm)
    ends = other.to_moving(one.inverse.to_moving(nodes_of(grid)))
    return Registration(matrix, None, method, error_mm, field_beyond(matrix, grid, ends))


def compute_residual_mm(registration: Registration, volume: Volume, *, floor: float) -> float:
    """What the rigid part of a deformable registration misses: root mean square of the bend, mm, over the body.

    The body are the voxels of `volume`, the fixed scan, above `floor` in its unit. 0 without a bend.
    """
    if registration.field is None:
        return 0.0
    points = _inside(to_itk(volume.array, volume.geometry), floor)
    return _root_mean_square(registration.field.at(points))


def resample_labels_by(
    registration: Registration, labels: NDArray[np.int32], geometry: Geometry, target: Geometry
) -> NDArray[np.int32]:
    """Labels of the moving scan on a grid of the fixed scan, by the nearest voxel; 0 beyond the edge."""
    affine = sitk.AffineTransform(3)
    affine.SetMatrix(tuple(float(v) for v in registration.matrix[:3, :3].ravel()))
    affine.SetTranslation(tuple(float(v) for v in registration.matrix[:3, 3]))
    transform = affine
    if registration.field is not None:
        if registration.is_inverse:
            raise UnusableInputError("registration: labels go from the moving scan to the fixed one, not back")
        transform = sitk.CompositeTransform([affine, _as_transform(registration.field)])
    image = sitk.Resample(
        to_itk(labels, geometry),
        target.size_xyz,
        transform,
        sitk.sitkNearestNeighbor,
        tuple(float(value) for value in target.origin_mm),
        tuple(float(value) for value in target.spacing_mm),
        tuple(float(value) for value in target.direction),
        0.0,
    )
    return np.asarray(from_itk(image), np.int32)


def _as_transform(field: DisplacementField) -> Any:
    image = sitk.GetImageFromArray(np.ascontiguousarray(field.array, np.float64), isVector=True)
    image.SetSpacing(tuple(float(v) for v in field.geometry.spacing_mm))
    image.SetOrigin(tuple(float(v) for v in field.geometry.origin_mm))
    image.SetDirection(tuple(float(v) for v in field.geometry.direction))
    return sitk.DisplacementFieldTransform(image)


def _bend(fixed: Any, moving: Any, matrix: NDArray[np.float64], floor: float) -> tuple[DisplacementField, float] | None:
    """The bend of the fixed image's space before `matrix`, and its mean square; None when no better, or it folds.

    Where the moving scan has not looked it is taken to be as the fixed one: a cut-off body pulls nothing.
    """
    moved, seen = _laid_on(fixed, moving, matrix, floor)
    demons = sitk.FastSymmetricForcesDemonsRegistrationFilter()
    demons.SetNumberOfThreads(1)
    demons.SetNumberOfIterations(_ITERATIONS)
    demons.SmoothUpdateFieldOn()
    demons.SetUpdateFieldStandardDeviations([STIFFNESS_MM / spacing for spacing in fixed.GetSpacing()])
    demons.SmoothDisplacementFieldOn()
    demons.SetStandardDeviations(1.0)
    demons.SetMaximumUpdateStepLength(_STEP_VOXELS)
    image = demons.Execute(fixed, moved)
    field = DisplacementField(np.asarray(sitk.GetArrayFromImage(image), np.float64), geometry_of(fixed))
    bent = sitk.Resample(moved, fixed, _as_transform(field), sitk.sitkLinear, floor)
    before, after = (float(((from_itk(fixed) - from_itk(one))[seen] ** 2).mean()) for one in (moved, bent))
    return (field, after) if after < before and _is_sound(field) else None


def _laid_on(fixed: Any, moving: Any, matrix: NDArray[np.float64], floor: float) -> tuple[Any, NDArray[np.bool_]]:
    """The moving image on the fixed grid, filled with the fixed one where it has not looked; and where it has."""
    affine = sitk.AffineTransform(3)
    affine.SetMatrix(tuple(float(v) for v in matrix[:3, :3].ravel()))
    affine.SetTranslation(tuple(float(v) for v in matrix[:3, 3]))
    whole = sitk.Image(moving.GetSize(), sitk.sitkUInt8) + 1
    whole.CopyInformation(moving)
    seen = from_itk(sitk.Resample(whole, fixed, affine, sitk.sitkNearestNeighbor, 0)) > 0
    found = from_itk(sitk.Resample(moving, fixed, affine, sitk.sitkLinear, floor))
    image = sitk.GetImageFromArray(np.where(seen, found, from_itk(fixed)).astype(np.float32))
    image.CopyInformation(fixed)
    return image, seen


def _is_sound(field: DisplacementField) -> bool:
    """Whether no place moves too far and no volume turns inside out."""
    if float(np.linalg.norm(field.array, axis=-1).max()) > _LARGEST_MM:
        return False
    steps = field.geometry.spacing_mm[::-1]
    slopes = np.stack([np.asarray(np.gradient(field.array[..., axis], *steps)) for axis in range(3)])
    gradient = np.moveaxis(slopes, (0, 1), (-2, -1))
    jacobian = np.linalg.det(np.eye(3) + gradient[..., ::-1])
    return bool(jacobian.min() > 0)


def _round_trip_mm(there: Registration, home: Registration, fixed: Any, floor: float) -> float:
    """How far points of the body come home, mm: root mean square, of one of the two ways."""
    points = _inside(fixed, floor)
    return _root_mean_square(home.to_moving(there.to_moving(points)) - points) / math.sqrt(2.0)


def _inside(image: Any, floor: float) -> NDArray[np.float64]:
    """At most some thousand places, LPS mm, evenly among the voxels above `floor` by a tenth of the image's range."""
    array = from_itk(image)
    index = np.argwhere(array > floor + 0.1 * (float(array.max()) - floor))
    chosen = index[:: max(len(index) // _TESTED, 1)].astype(float)
    return geometry_of(image).to_mm(chosen)


def _root_mean_square(vectors: NDArray[np.float64]) -> float:
    return float(np.sqrt((vectors**2).sum(axis=1).mean())) if len(vectors) else 0.0
