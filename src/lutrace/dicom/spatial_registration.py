"""REG -> registrations: Spatial Registration and Deformable Spatial Registration objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from lutrace.core import ContradictionError, MissingFactError, UnusableInputError, tell_file
from lutrace.dicom import elements as el
from lutrace.dicom.stack import axes_of, direction_of
from lutrace.imaging import DisplacementField, Geometry, Registration

SPATIAL_REGISTRATION = "1.2.840.10008.5.1.4.1.1.66.1"
DEFORMABLE_REGISTRATION = "1.2.840.10008.5.1.4.1.1.66.3"

_FRAME, _SOURCE_FRAME = 0x00200052, 0x00640003
_ITEMS, _DEFORMABLE_ITEMS = 0x00700308, 0x00640002
_MATRIX_ITEMS, _MATRICES, _MATRIX = 0x00700309, 0x0070030A, 0x300600C6
_GRID, _BEFORE, _AFTER = 0x00640005, 0x0064000F, 0x00640010
_DIMENSIONS, _RESOLUTION, _VECTORS = 0x00640007, 0x00640008, 0x00640009


@dataclass(frozen=True, eq=False)
class FrameMotion:
    """How points of the object's own frame of reference (`registered`) lie in that of a source: UIDs, and the motion.

    `source` is None where the object names images only.
    """

    registered: str | None
    source: str | None
    motion: Registration


def read_frame_motions(path: Path) -> list[FrameMotion]:
    """The registrations of a Spatial Registration or Deformable Spatial Registration object, LPS mm.

    Items that leave the object's own frame of reference where it is are left out. A matrix of the first kind takes
    points of the source to the registered frame, so it is turned round; several are multiplied in the order of their
    items. One of the second kind takes points of the registered frame through its first matrix, its grid of
    displacements and its second matrix to the source; beyond the grid they move as at its edge.
    Raises UnusableInputError for a file that is neither, or one with a missing or impossible element, or without any
    registration.
    Source: DICOM PS3.3 C.20.2.1.1 (equations C.20.2-1 and C.20.2-2), C.20.3.1.1.
    """
    if not path.is_file():
        raise UnusableInputError(f"{tell_file(path)}: no such file")
    try:
        dataset = pydicom.dcmread(path)
    except (InvalidDicomError, *el.PARSE_ERRORS) as error:
        raise UnusableInputError(
            f"{tell_file(path)}: expected a DICOM registration, found none that can be read"
        ) from error
    kind = el.element_text(dataset, 0x00080016)
    if kind not in (SPATIAL_REGISTRATION, DEFORMABLE_REGISTRATION):
        raise UnusableInputError(
            f"{tell_file(path)}: expected a DICOM Spatial Registration or Deformable Spatial Registration (modality "
            f"REG), found modality {el.element_text(dataset, 0x00080060) or 'none'}"
        )
    own = el.element_text(dataset, _FRAME)
    try:
        if kind == SPATIAL_REGISTRATION:
            items = [_of_matrices(item, own) for item in el.sequence_items(dataset, _ITEMS)]
        else:
            items = [_of_grid(item, own) for item in el.sequence_items(dataset, _DEFORMABLE_ITEMS)]
    except (UnusableInputError, MissingFactError, ContradictionError) as error:
        raise UnusableInputError(f"{tell_file(path)}: {error}") from error
    except el.PARSE_ERRORS as error:
        raise UnusableInputError(
            f"{tell_file(path)}: damaged: {type(error).__name__} while reading its items"
        ) from error
    found = [one for one in items if not _stays(one, own)]
    if not found:
        raise UnusableInputError(
            f"{tell_file(path)}: registers no other frame of reference: it is empty; export it again"
        )
    return found


def _stays(one: FrameMotion, own: str | None) -> bool:
    """Whether an item says of the object's own frame only that it is itself."""
    return one.source in (own, None) and one.motion.field is None and np.allclose(one.motion.matrix, np.eye(4))


def _of_matrices(item: Dataset, own: str | None) -> FrameMotion:
    steps = [step for one in el.sequence_items(item, _MATRIX_ITEMS) for step in el.sequence_items(one, _MATRICES)]
    if not steps:
        raise UnusableInputError("Matrix Sequence (0070,030A): expected a matrix, found nothing")
    matrix = reduce(lambda done, one: np.asarray(done @ _matrix_of(one)), steps, np.eye(4))
    turned = np.asarray(np.linalg.inv(matrix), np.float64)
    return FrameMotion(own, el.element_text(item, _FRAME), Registration(turned, None, "given"))


def _of_grid(item: Dataset, own: str | None) -> FrameMotion:
    before, after = (_one_matrix(el.sequence_items(item, tag)) for tag in (_BEFORE, _AFTER))
    grids = el.sequence_items(item, _GRID)
    field = None
    if grids:
        grid = _geometry(grids[0])
        offsets = _vectors(grids[0], grid) @ np.linalg.inv(before[:3, :3]).T
        field = DisplacementField(offsets, grid)
    return FrameMotion(
        own, el.element_text(item, _SOURCE_FRAME), Registration(np.asarray(after @ before), None, "given", field=field)
    )


def _one_matrix(items: Sequence[Dataset]) -> NDArray[np.float64]:
    return _matrix_of(items[0]) if items else np.eye(4)


def _matrix_of(item: Dataset) -> NDArray[np.float64]:
    """The 4 x 4 matrix of an item; it can be turned round."""
    values = _numbers(item, _MATRIX, "Frame of Reference Transformation Matrix")
    matrix = np.asarray(values, np.float64)
    is_affine = len(values) == 16 and np.allclose(matrix[12:], (0, 0, 0, 1))
    if not is_affine or abs(np.linalg.det(matrix.reshape(4, 4))) < 1e-6:
        raise UnusableInputError(
            "Frame of Reference Transformation Matrix (3006,00C6): expected 16 numbers of a map that can be turned "
            f"round, with the last row 0 0 0 1, found {len(values)} numbers"
        )
    return matrix.reshape(4, 4)


def _numbers(item: Dataset, tag: int, name: str) -> tuple[float, ...]:
    """The values of an element, whose kind is looked up first where an implicit syntax does not tell it."""
    if tag in item:
        _ = item[tag].value
    return el.element_numbers(item, tag, name)


def _geometry(item: Dataset) -> Geometry:
    row, column = axes_of(_numbers(item, 0x00200037, "Image Orientation (Patient)"))
    origin = _numbers(item, 0x00200032, "Image Position (Patient)")
    size = _numbers(item, _DIMENSIONS, "Grid Dimensions")
    spacing = _numbers(item, _RESOLUTION, "Grid Resolution")
    if not len(origin) == len(size) == len(spacing) == 3:
        raise UnusableInputError(
            "deformation grid: expected three numbers each for Image Position (0020,0032), Grid Dimensions (0064,0007) "
            f"and Grid Resolution (0064,0008), found {len(origin)}, {len(size)}, {len(spacing)}"
        )
    return Geometry(
        (int(size[0]), int(size[1]), int(size[2])),
        (spacing[0], spacing[1], spacing[2]),
        (origin[0], origin[1], origin[2]),
        direction_of(row, column, np.cross(row, column)),
    )


def _vectors(item: Dataset, grid: Geometry) -> NDArray[np.float64]:
    """The displacements (z, y, x, 3), mm, of a grid."""
    content = item[_VECTORS].value if _VECTORS in item else b""
    vectors = np.frombuffer(content, "<f4").astype(np.float64)
    if vectors.size != 3 * int(np.prod(grid.size_xyz)):
        raise UnusableInputError(
            f"Vector Grid Data (0064,0009): expected {3 * int(np.prod(grid.size_xyz))} numbers, found {vectors.size}"
        )
    n_unknown = int((~np.isfinite(vectors)).sum())
    if n_unknown or not vectors.any():
        found = f"{n_unknown} that are none" if n_unknown else "zero everywhere: it is empty"
        raise UnusableInputError(
            f"Vector Grid Data (0064,0009): expected displacements, found {found}; export it again"
        )
    return vectors.reshape(*grid.shape_zyx, 3)
