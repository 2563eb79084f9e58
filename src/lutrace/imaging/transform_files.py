"""Registrations that other programs wrote: transforms of ITK, and images whose voxels are displacements."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError
from lutrace.imaging.displacement import DisplacementField, field_beyond, grid_around, nodes_of
from lutrace.imaging.itk import from_itk, geometry_of, read_image, sitk
from lutrace.imaging.registration import Registration, matrix_of
from lutrace.imaging.volume import Geometry

TRANSFORM_ENDINGS = (".tfm", ".txt", ".mat", ".h5", ".hdf5")
FIELD_ENDINGS = (".nii", ".nii.gz", ".mha", ".mhd", ".nrrd", ".nhdr")
_MOST_NODES = 8_000_000
_PER_CELL = 6


def is_transform_file(path: Path) -> bool:
    """Whether the name of a file says a transform or a field of displacements."""
    return path.name.lower().endswith((*TRANSFORM_ENDINGS, *FIELD_ENDINGS))


def read_transform(path: Path) -> Registration:
    """The registration of an ITK transform file or of an image of displacements, LPS mm.

    It maps points of the fixed scan (on whose grid a program resamples) to the moving one, as ITK has it: a field holds
    at each place p of the fixed scan the way to T(p). Affine transforms, displacement fields, B-splines and composites
    of them are read; what lies outside a field moves as its edge. A composite that bends is sampled on the grid of its
    finest field. `method` is "given"; the error is not known.
    Raises UnusableInputError for a file that cannot be read, is not three-dimensional, has another kind of transform,
    or a field that is zero everywhere.
    """
    if not path.is_file():
        raise UnusableInputError(f"{path.name}: no such file")
    try:
        if path.name.lower().endswith(FIELD_ENDINGS):
            return Registration(np.eye(4), None, "given", field=_read_field(path))
        transform = sitk.ReadTransform(str(path))
    except RuntimeError as error:
        raise UnusableInputError(
            f"{path.name}: cannot be read as a transform of ITK or an image of displacements; export it again from the "
            "program that made it"
        ) from error
    if transform.GetDimension() != 3:
        raise UnusableInputError(
            f"{path.name}: expected a transform of three dimensions, found {transform.GetDimension()}"
        )
    return _registration(_parts(transform), path.name)


def _read_field(path: Path) -> DisplacementField:
    image = read_image(path)
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 3:
        raise UnusableInputError(
            f"{path.name}: expected a field of three dimensions with three numbers (x, y, z; mm, LPS) per voxel, found "
            f"{image.GetDimension()} dimensions and {image.GetNumberOfComponentsPerPixel()} numbers"
        )
    return _field_of(image, path.name)


def _field_of(image: Any, name: str) -> DisplacementField:
    field = DisplacementField(from_itk(image).astype(np.float64), geometry_of(image))
    if not field.array.any():
        raise UnusableInputError(f"{name}: its displacements are zero everywhere: it is empty; export it again")
    return field


def _parts(transform: Any) -> list[Any]:
    """The transforms of a file in the order in which points go through them: ITK applies the last one first."""
    if transform.GetName() != "CompositeTransform":
        return [transform]
    whole = sitk.CompositeTransform(transform)
    whole.FlattenTransform()
    parts = [whole.GetNthTransform(number) for number in reversed(range(whole.GetNumberOfTransforms()))]
    return [part.Downcast() for part in parts]


def _registration(parts: Sequence[Any], name: str) -> Registration:
    """The linear parts as one matrix, and before it the field of what the others do."""
    if not parts:
        raise UnusableInputError(f"{name}: holds no transform; export it again")
    matrices = [matrix_of(part) if part.IsLinear() else np.eye(4) for part in parts]
    matrix = reduce(lambda done, one: np.asarray(one @ done), matrices)
    bending = [number for number, part in enumerate(parts) if not part.IsLinear()]
    if not bending:
        return Registration(matrix, None, "given")
    kinds = {parts[number].GetName() for number in bending} - {"DisplacementFieldTransform", "BSplineTransform"}
    if kinds:
        raise UnusableInputError(
            f"{name}: expected affine transforms, displacement fields and B-splines, found {', '.join(sorted(kinds))}; "
            "export the displacement field"
        )
    if bending == [0] and parts[0].GetName() == "DisplacementFieldTransform":
        return Registration(matrix, None, "given", field=_field_of(parts[0].GetDisplacementField(), name))
    grid = _grid_of(parts, bending)
    field = field_beyond(matrix, grid, _ends(parts, grid))
    if np.abs(field.array).max() < 1e-9:
        raise UnusableInputError(f"{name}: its displacements are zero everywhere: it is empty; export it again")
    return Registration(matrix, None, "given", field=field)


def _ends(parts: Sequence[Any], grid: Geometry) -> NDArray[np.float64]:
    """Where the nodes (n, 3) of a grid come to lie, LPS mm."""
    whole = sitk.CompositeTransform(list(reversed(parts)))
    image = sitk.TransformToDisplacementField(
        whole, sitk.sitkVectorFloat64, grid.size_xyz, grid.origin_mm, grid.spacing_mm, grid.direction
    )
    return np.asarray(nodes_of(grid) + from_itk(image).reshape(-1, 3))


def _grid_of(parts: Sequence[Any], bending: Sequence[int]) -> Geometry:
    """An axial grid of the fixed scan over all that bends, as fine as the finest part, of 8 million nodes at most."""
    corners, spacings = [], []
    for number in bending:
        domain = _domain_of(parts[number])
        before = [matrix_of(part) for part in parts[:number] if part.IsLinear()]
        home = np.linalg.inv(reduce(lambda done, one: np.asarray(one @ done), before, np.eye(4)))
        corners.append(domain.corners_mm @ home[:3, :3].T + home[:3, 3])
        spacings.append(domain.spacing_mm)
    points = np.concatenate(corners)
    extent, spacing = np.ptp(points, axis=0), np.min(spacings, axis=0)
    coarser = max(1.0, float((np.prod(extent / spacing + 1) / _MOST_NODES) ** (1 / 3)))
    x, y, z = (float(one * coarser) for one in spacing)
    return grid_around(points, (x, y, z))


def _domain_of(part: Any) -> Geometry:
    """Where a field or a B-spline bends; of a B-spline with some nodes to the cell."""
    if part.GetName() == "DisplacementFieldTransform":
        return geometry_of(part.GetDisplacementField())
    cells = part.GetTransformDomainMeshSize()
    lengths = part.GetTransformDomainPhysicalDimensions()
    return Geometry(
        tuple(_PER_CELL * n + 1 for n in cells),
        tuple(length / (_PER_CELL * n) for n, length in zip(cells, lengths, strict=True)),
        tuple(part.GetTransformDomainOrigin()),
        tuple(part.GetTransformDomainDirection()),
    )
