"""A man of ellipsoids in SUV and HU, organs placed by landmarks, for the labeller: any field of view, any orientation.

Heights in mm above the crotch of a man of 178 cm by segment lengths of Drillis and Contini (vertex 960, shoulder 640),
vertebral levels between them: L2 at 330, T12 at 380, symphysis at 40. Independent of the labeller's own table.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tests.imaging.make import volume

from lutrace.imaging import Geometry, Volume

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Spot:
    """An ellipsoid of uptake: centre (left, back, up from the crotch), half axes in mm, SUV."""

    centre: Point
    half: Point
    suv: float


KIDNEYS = (Spot((-62, 42, 320), (29, 27, 54), 35.0), Spot((64, 42, 335), (29, 27, 55), 36.0))
SPLEEN = Spot((116, 40, 425), (24, 38, 42), 9.0)
LIVER = Spot((-65, -10, 385), (85, 72, 62), 5.5)
BLADDER = Spot((0, -45, 75), (30, 27, 28), 22.0)
PAROTIDS = (Spot((-56, 8, 815), (13, 18, 25), 14.0), Spot((56, 8, 815), (13, 18, 25), 14.0))
SUBMANDIBULARS = (Spot((-29, -30, 768), (11, 14, 13), 15.0), Spot((29, -30, 768), (11, 14, 13), 15.0))
JEJUNUM = Spot((55, -50, 265), (38, 20, 24), 8.0)
ORGANS = (*KIDNEYS, SPLEEN, LIVER, BLADDER, *PAROTIDS, *SUBMANDIBULARS, JEJUNUM)
VERTEBRA = Spot((0, 62, 480), (13, 12, 12), 18.0)
ILIUM = Spot((92, 45, 120), (13, 13, 13), 15.0)
LIVER_METASTASIS = Spot((-70, -30, 390), (20, 20, 20), 30.0)
_TRUNK = ((0, 0, 320), (168, 112, 325))
_HEAD, _NECK = ((0, 0, 860), (78, 98, 105)), ((0, 10, 690), (62, 62, 90))
_LEGS = [((side * 90.0, 5.0, -180.0), (82.0, 86.0, 190.0)) for side in (-1, 1)]


def geometry(low_mm: float = -250.0, high_mm: float = 990.0, *, offset: Point = (0, 0, 0), mm: float = 5.0) -> Geometry:
    """An axial grid between two heights; `offset` moves patient and table in the scanner."""
    size = (int(480 / mm), int(360 / mm), int((high_mm - low_mm) / mm))
    return Geometry(size, (mm, mm, mm), (-240 + offset[0], -180 + offset[1], low_mm + offset[2]))


@functools.cache
def _points(grid: Geometry, offset: Point) -> NDArray[np.float64]:
    index = np.indices(grid.shape_zyx).reshape(3, -1).T.astype(float)
    return (grid.to_mm(index) - np.asarray(offset)).reshape(*grid.shape_zyx, 3)


def inside(points: NDArray[np.float64], centre: Point, half: Point, *, upright: bool = False) -> NDArray[np.bool_]:
    """Voxels in an ellipsoid, or in an upright cylinder of elliptic section."""
    away = (points - np.asarray(centre)) / np.asarray(half)
    if upright:
        return (away[..., 0] ** 2 + away[..., 1] ** 2 <= 1) & (np.abs(away[..., 2]) <= 1)
    return (away**2).sum(axis=-1) <= 1


def body(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The outline of the man."""
    whole = inside(points, *_TRUNK, upright=True) | inside(points, *_HEAD) | inside(points, *_NECK, upright=True)
    for leg in _LEGS:
        whole |= inside(points, *leg, upright=True)
    return whole


def scan(grid: Geometry, spots: Sequence[Spot], *, offset: Point = (0, 0, 0), background: float = 0.4) -> Volume:
    """SUVbw: soft edges over a voxel or two, body background, air of zero, no noise."""
    points = _points(grid, offset)
    suv = np.where(body(points), background, 0.0)
    for spot in spots:
        centre, reach = np.asarray(spot.centre) + offset, np.asarray(spot.half) + 10.0
        low, high = (np.rint(grid.to_index((centre + sign * reach)[None])[0]).astype(int) for sign in (-1, 1))
        box = tuple(slice(max(a, 0), max(b + 1, 0)) for a, b in zip(low, high, strict=True))
        away = np.sqrt((((points[box] - np.asarray(spot.centre)) / np.asarray(spot.half)) ** 2).sum(axis=-1))
        edge = 8.0 / min(spot.half)
        suv[box] = np.maximum(suv[box], spot.suv * np.clip((1.0 + edge / 2 - away) / edge, 0.0, 1.0))
    return volume(suv, grid)


def ct(grid: Geometry, *, offset: Point = (0, 0, 0)) -> Volume:
    """HU: fat and muscle of 20, lungs, a spine and pelvis with dense rims, skull, and a table under the back."""
    points = _points(grid, offset)
    hu = np.where(body(points), 20.0, -1000.0)
    for side in (-1, 1):
        hu[inside(points, (side * 75.0, 0.0, 545.0), (60.0, 80.0, 110.0))] = -800.0
        hu[inside(points, (side * 90.0, 45.0, 115.0), (26.0, 45.0, 60.0))] = 300.0
    hu[inside(points, (0, 62, 400), (22, 20, 300), upright=True)] = 500.0
    hu[inside(points, (0, 62, 400), (14, 12, 300), upright=True)] = 120.0
    hu[inside(points, *_HEAD) & ~inside(points, _HEAD[0], (70.0, 90.0, 97.0))] = 900.0
    table = (np.abs(points[..., 1] - 136.0) < 3.0) & (np.abs(points[..., 0]) < 200.0)
    hu[table] = 150.0
    return volume(hu, grid, "HU")
