"""Volume and Mask: arrays that know where they lie and what their numbers mean."""

from __future__ import annotations

import math
import mmap
import os
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lutrace.core import Source, UnusableInputError

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
Box = tuple[slice, slice, slice]
"""A part of a grid: slices, rows, columns."""


@dataclass(frozen=True)
class Geometry:
    """A voxel grid in the patient: LPS millimetres, DICOM's axes.

    `size_xyz` counts voxels along the first (column), second (row) and third (slice) grid axis; `direction` holds the
    unit vectors of these three axes as columns of a row-major 3 x 3 matrix (ITK's convention); `origin_mm` is the
    centre of voxel (0, 0, 0). `frame_of_reference` tells whether two grids share a patient position.
    """

    size_xyz: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]
    direction: tuple[float, float, float, float, float, float, float, float, float] = (1, 0, 0, 0, 1, 0, 0, 0, 1)
    frame_of_reference: str | None = None

    def __post_init__(self) -> None:
        """Check that the grid has volume."""
        if min(self.size_xyz) < 1 or min(self.spacing_mm) <= 0:
            raise UnusableInputError(f"a grid needs positive size and spacing, got {self.size_xyz}, {self.spacing_mm}")

    @property
    def shape_zyx(self) -> tuple[int, int, int]:
        """Shape of the array on this grid: slices, rows, columns."""
        x, y, z = self.size_xyz
        return (z, y, x)

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in mL."""
        return float(np.prod(self.spacing_mm)) / 1000.0

    @property
    def affine(self) -> NDArray[np.float64]:
        """4 x 4 matrix from grid index (x, y, z) to LPS millimetres."""
        matrix = np.eye(4)
        matrix[:3, :3] = np.asarray(self.direction, float).reshape(3, 3) * np.asarray(self.spacing_mm)
        matrix[:3, 3] = self.origin_mm
        return matrix

    def to_mm(self, index_zyx: NDArray[np.float64]) -> NDArray[np.float64]:
        """LPS millimetres (n, 3) of array indices (n, 3) given in z, y, x order."""
        xyz = np.asarray(index_zyx, float)[:, ::-1]
        return np.asarray(xyz @ self.affine[:3, :3].T + self.affine[:3, 3])

    def to_index(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Array indices (n, 3) in z, y, x order, with fractions, of LPS millimetres (n, 3)."""
        inverse = np.linalg.inv(self.affine)
        xyz = np.asarray(points_mm, float) @ inverse[:3, :3].T + inverse[:3, 3]
        return np.asarray(xyz[:, ::-1])

    @property
    def corners_mm(self) -> NDArray[np.float64]:
        """LPS millimetres (8, 3) of the centres of the eight corner voxels, first and last first."""
        z, y, x = (size - 1 for size in self.shape_zyx)
        corners = [(0, 0, 0), (z, y, x), (0, 0, x), (0, y, 0), (0, y, x), (z, 0, 0), (z, 0, x), (z, y, 0)]
        return self.to_mm(np.asarray(corners, float))

    def same_grid(self, other: Geometry, *, tolerance_mm: float = 1e-2) -> bool:
        """Whether both grids have the same voxels: equal size and corners no further apart than `tolerance_mm`.

        The frame of reference is not compared. The tolerance covers what NIfTI's single precision loses.
        """
        return self.size_xyz == other.size_xyz and bool(
            np.allclose(self.corners_mm, other.corners_mm, rtol=0.0, atol=tolerance_mm)
        )


@dataclass(frozen=True, eq=False)
class Volume:
    """An image: float32 array (slices, rows, columns), its geometry, its unit and where it comes from.

    `unit` is one of `Bq/mL`, `counts`, `g/mL` (SUVbw), `HU` or another UCUM text from the header.
    """

    array: FloatArray
    geometry: Geometry
    unit: str
    source: Source

    def __post_init__(self) -> None:
        """Check shape and type."""
        if self.array.shape != self.geometry.shape_zyx or self.array.dtype != np.float32:
            raise UnusableInputError(
                f"expected float32 {self.geometry.shape_zyx}, got {self.array.dtype} {self.array.shape}"
            )

    def with_array(self, array: FloatArray, unit: str) -> Volume:
        """The same place with other numbers."""
        return replace(self, array=array, unit=unit)


@dataclass(frozen=True, eq=False)
class Mask:
    """A region: boolean array (slices, rows, columns) on a geometry, with the name that its maker gave it.

    `notes` says what was inferred or tolerated on the way to these voxels (a resampling, a contour between slices).
    `extent` is the least part of the grid that holds the region, from a maker who knows it; who changes the array
    changes or leaves out the extent too.
    """

    name: str
    array: BoolArray
    geometry: Geometry
    source: Source
    notes: tuple[str, ...] = ()
    extent: Box | None = None

    def __post_init__(self) -> None:
        """Check shape and type."""
        if self.array.shape != self.geometry.shape_zyx or self.array.dtype != np.bool_:
            expected = self.geometry.shape_zyx
            raise UnusableInputError(
                f"mask {self.name}: expected bool {expected}, got {self.array.dtype} {self.array.shape}"
            )

    @cached_property
    def box(self) -> Box:
        """The least part of the grid that holds the region, found once; without a voxel when the region is empty."""
        return box_of(self.array) if self.extent is None else self.extent

    @property
    def is_empty(self) -> bool:
        """Whether the region holds no voxel."""
        return bool(self.box[0].stop == 0)

    def values_of(self, volume: Volume) -> FloatArray:
        """The numbers of a volume on the same grid at the voxels of the region."""
        return np.asarray(volume.array[self.box][self.array[self.box]])


def empty_region(shape_zyx: tuple[int, int, int]) -> BoolArray:
    """A region without a voxel yet, for one that will fill little of its grid: memory is taken where voxels are set.

    NumPy asks Linux for pages of 2 MB, each of which is cleared as a whole for the first voxel in it; a dozen organs
    would clear the memory of a dozen grids.
    """
    if os.name == "nt":  # hands out small pages by itself
        return np.zeros(shape_zyx, np.bool_)
    memory = mmap.mmap(-1, math.prod(shape_zyx), access=mmap.ACCESS_COPY)
    return np.frombuffer(memory, np.bool_).reshape(shape_zyx)


def box_of(array: BoolArray) -> Box:
    """The least part of a grid that holds all voxels of a region; slices of no length when it is empty."""
    slices = np.flatnonzero(np.any(array.reshape(len(array), -1), axis=1))
    if not len(slices):
        return (slice(0, 0), slice(0, 0), slice(0, 0))
    along = _span(slices)
    plane = np.any(array[along], axis=0)
    return (along, _span(np.flatnonzero(np.any(plane, axis=1))), _span(np.flatnonzero(np.any(plane, axis=0))))


def box_of_places(place: NDArray[np.int64], shape_zyx: tuple[int, int, int]) -> Box:
    """What `box_of` gives, of voxels listed as flat indices that rise."""
    if not len(place):
        return (slice(0, 0), slice(0, 0), slice(0, 0))
    row, x = np.divmod(place, shape_zyx[2])
    y = row % shape_zyx[1]
    first, last = int(row[0]) // shape_zyx[1], int(row[-1]) // shape_zyx[1]
    return (
        slice(first, last + 1),
        slice(int(y.min()), int(y.max()) + 1),
        slice(int(x.min()), int(x.max()) + 1),
    )


def _span(index: NDArray[np.int64]) -> slice:
    return slice(int(index[0]), int(index[-1]) + 1)
