"""Synthetic grids and volumes: eight ways to lie in the scanner, oblique ones, non-square pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lutrace.core import Source
from lutrace.imaging import Geometry, Mask, Volume

SOURCE = Source("virtual", "synthetic")
UPRIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def turned(degrees_x: float, degrees_z: float) -> tuple[float, ...]:
    """A direction turned about x, then about z."""
    a, b = np.deg2rad([degrees_x, degrees_z])
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    return tuple(float(v) for v in (z @ x).ravel())


FLIPS = [tuple(float(v) for v in np.diag([sx, sy, sz]).ravel()) for sx in (1, -1) for sy in (1, -1) for sz in (1, -1)]
"""The eight orientations with axes along the patient's."""
DIRECTIONS = [*FLIPS, turned(0, 30), turned(20, 15), turned(90, 0), turned(90, 90)]
"""And oblique, coronal and sagittal ones."""


def grid(
    size: tuple[int, int, int] = (20, 16, 12),
    spacing: tuple[float, float, float] = (2.0, 3.0, 4.0),
    origin: tuple[float, float, float] = (-17.0, 5.0, 40.0),
    direction: tuple[float, ...] = UPRIGHT,
) -> Geometry:
    return Geometry(size, spacing, origin, direction)  # type: ignore[arg-type]


def centres_mm(geometry: Geometry) -> NDArray[np.float64]:
    """LPS centres of all voxels, (slices, rows, columns, 3)."""
    index = np.indices(geometry.shape_zyx).reshape(3, -1).T.astype(float)
    return geometry.to_mm(index).reshape(*geometry.shape_zyx, 3)


def middle_mm(geometry: Geometry) -> NDArray[np.float64]:
    return geometry.corners_mm.mean(axis=0)


def ball(geometry: Geometry, radius_mm: float, centre_mm: NDArray[np.float64] | None = None) -> NDArray[np.bool_]:
    centre = middle_mm(geometry) if centre_mm is None else centre_mm
    return np.asarray(np.linalg.norm(centres_mm(geometry) - centre, axis=-1) <= radius_mm)


def volume(array: NDArray[np.generic], geometry: Geometry, unit: str = "g/mL") -> Volume:
    return Volume(np.ascontiguousarray(array, np.float32), geometry, unit, SOURCE)


def mask(array: NDArray[np.bool_], geometry: Geometry, name: str = "region") -> Mask:
    return Mask(name, np.asarray(array, np.bool_), geometry, SOURCE)
