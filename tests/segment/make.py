"""A synthetic patient: body, kidney, liver and lesions in SUV, with known places."""

from __future__ import annotations

import numpy as np
from tests.imaging.make import ball, grid, mask, volume

from lutrace.imaging import Mask, Volume

GRID = grid((64, 48, 64), (4.0, 4.0, 4.0), (-126.0, -94.0, 0.0))


def at(x: float, y: float, z: float, radius: float) -> np.ndarray:
    """A ball around a point in LPS mm."""
    return ball(GRID, radius, np.array([x, y, z]))


KIDNEY, LIVER, BONE = at(60, 20, 100, 24), at(-60, 0, 130, 36), at(0, 40, 120, 22)


def patient(*spots: tuple[np.ndarray, float], liver: float = 4.0) -> Volume:
    """Background 0.5, liver 4, kidney 30, and hot spots; sharp edges."""
    array = np.full(GRID.shape_zyx, 0.5)
    array[LIVER] = liver
    array[KIDNEY] = 30.0
    for where, suv in spots:
        array[where] = suv
    return volume(array, GRID)


def organs(*names: str) -> list[Mask]:
    """The masks asked for, by region name."""
    known = {"kidney_left": KIDNEY, "liver": LIVER, "skeleton": BONE}
    return [mask(known[name], GRID, name) for name in names]
