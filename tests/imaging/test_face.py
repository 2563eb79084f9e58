"""A face is found from the outline of the body alone, and cut off flat."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lutrace.core import Source, UnsupportedError
from lutrace.imaging import Geometry, Volume, find_face

SPACING = 5.0
SHAPE = (160, 90, 110)  # z, y, x: 800 x 450 x 550 mm


def body(*, head: bool = True, trunk: bool = True, tilt: float = 0.0) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """A trunk, a neck, and a head of 190 x 160 mm with a nose; and the nose alone. The front is at low y."""
    z, y, x = np.meshgrid(*(np.arange(n) * SPACING for n in SHAPE), indexing="ij")
    x, y = x - 275, y - 225
    inside = np.zeros(SHAPE, np.bool_)
    nose = np.zeros(SHAPE, np.bool_)
    if trunk:
        inside |= ((x / 180) ** 2 + (y / 115) ** 2 < 1) & (z < 450)
    if head:
        turned = y + tilt * (z - 640)
        inside |= (x**2 + y**2 < 58**2) & (z < 600)
        inside |= (x / 78) ** 2 + (turned / 95) ** 2 + ((z - 640) / 115) ** 2 < 1
        nose = (np.abs(x) < 15) & (np.abs(z - 620) < 20) & (turned > -120) & (turned < -85)
    return inside | nose, nose


def ct(inside: NDArray[np.bool_], *, skull: bool = True) -> Volume:
    array = np.where(inside, 40.0, -1000.0).astype(np.float32)
    if skull:
        z, y, x = np.meshgrid(*(np.arange(n) * SPACING for n in SHAPE), indexing="ij")
        radius = ((x - 275) / 70) ** 2 + ((y - 225) / 87) ** 2 + ((z - 640) / 105) ** 2
        array[(radius < 1) & (radius > 0.75) & inside] = 900.0
    return volume(array, "HU")


def volume(array: NDArray[np.float32], unit: str) -> Volume:
    size = (array.shape[2], array.shape[1], array.shape[0])
    return Volume(array, Geometry(size, (SPACING,) * 3, (-275.0, -225.0, 0.0)), unit, Source("dicom", "0" * 64))


@pytest.mark.parametrize("tilt", [-0.2, 0.0, 0.2])
def test_the_nose_and_three_centimetres_behind_it_go_and_the_back_of_the_head_stays(tilt: float) -> None:
    inside, nose = body(tilt=tilt)
    image = ct(inside)
    face = find_face(image)
    assert face is not None
    held = face.holds(image.geometry)
    assert held[nose].all()
    row = 124  # z = 620 mm, through the nose
    centre = -tilt * (620 - 640) + 225
    y = np.arange(SHAPE[1]) * SPACING
    assert held[row, (y > centre - 120) & (y < centre - 90), 55].all()
    assert not held[row, y > centre - 40, 55].any()
    z = np.arange(SHAPE[0]) * SPACING
    assert not held[z < 480].any()
    assert not held[z > 690].any()


def test_the_cut_is_flat_so_no_profile_is_left() -> None:
    inside, _ = body()
    image = ct(inside)
    face = find_face(image)
    assert face is not None
    held = face.holds(image.geometry)
    rows = np.flatnonzero(held.any(axis=(1, 2)))
    depth = held[rows].sum(axis=1)
    assert (depth.max(axis=1) - depth.min(axis=1)).max() == 0
    assert np.abs(np.diff(depth[:, 0].astype(int), n=2)).max() <= 1


def test_a_trunk_shows_no_face() -> None:
    inside, _ = body(head=False)
    assert find_face(ct(inside, skull=False)) is None


def test_a_head_alone_is_told_from_a_leg_by_its_skull() -> None:
    inside, _ = body(trunk=False)
    inside[:100] = False
    assert find_face(ct(inside)) is not None
    assert find_face(ct(inside, skull=False)) is None


def test_a_pet_alone_shows_the_face_that_its_ct_shows() -> None:
    inside, nose = body()
    rng = np.random.default_rng(1)
    noise = np.abs(rng.normal(0, 20, SHAPE))
    uptake = np.where(inside, rng.normal(900, 150, SHAPE), noise).astype(np.float32)
    uptake[60:70, 40:50, 50:60] = 40000
    face = find_face(volume(np.maximum(uptake, 0), "Bq/mL"))
    assert face is not None
    assert face.holds(ct(inside).geometry)[nose].all()


def test_a_pet_without_a_neck_is_refused_for_it_may_show_a_head_all_the_same() -> None:
    inside, _ = body(trunk=False)
    uptake = np.where(inside, 900, 5).astype(np.float32)
    with pytest.raises(UnsupportedError, match="without its CT"):
        find_face(volume(uptake, "Bq/mL"))
