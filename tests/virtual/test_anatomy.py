from __future__ import annotations

import math

import numpy as np
import pytest

from lutrace.imaging import Geometry
from lutrace.virtual.anatomy import Shape, build_body, cover, grid_of
from lutrace.virtual.uptake import HU, draw_organ_factors, pet_uptake, spect_uptake

GRID = grid_of(Geometry((60, 60, 60), (4.0, 4.0, 4.0), (-118.0, -118.0, -118.0)), (0.0, 0.0, 0.0))


@pytest.mark.parametrize(("fine", "tolerance"), [(1, 0.05), (3, 0.01)])
@pytest.mark.parametrize("half", [(10.0, 10.0, 10.0), (30.0, 20.0, 15.0)])
def test_a_painted_ellipsoid_has_its_volume(fine: int, tolerance: float, half: tuple[float, float, float]) -> None:
    _, part = cover(Shape("lesion", (1.0, 2.0, -3.0), half), GRID, fine=fine)
    expected = 4 / 3 * math.pi * math.prod(half) / 1000
    assert part.sum() * GRID.voxel_ml == pytest.approx(expected, rel=tolerance)


def test_a_shape_outside_the_grid_covers_nothing() -> None:
    box, part = cover(Shape("lesion", (500.0, 0.0, 0.0), (10.0, 10.0, 10.0)), GRID)
    assert part.size == 0
    assert all(one.stop >= one.start for one in box)


def test_a_patient_who_lies_off_centre_is_seen_off_centre() -> None:
    geometry = Geometry((60, 60, 60), (4.0, 4.0, 4.0), (-118.0, -118.0, -118.0))
    shape = Shape("lesion", (0.0, 0.0, 0.0), (12.0, 12.0, 12.0))
    centres = []
    for shift in ((0.0, 0.0, 0.0), (8.0, -4.0, 20.0)):
        whole = np.zeros((60, 60, 60), np.float32)
        box, part = cover(shape, grid_of(geometry, shift))
        whole[box] = part
        centres.append(geometry.to_mm(np.argwhere(whole > 0.5).mean(axis=0, keepdims=True))[0])
    assert centres[1] - centres[0] == pytest.approx([8.0, -4.0, 20.0], abs=0.2)


def test_a_heavier_patient_is_wider_and_a_taller_one_longer() -> None:
    def extent(height_cm: float, weight_kg: float) -> tuple[float, float]:
        body = [shape for shape in build_body(height_cm, weight_kg) if shape.region == "body"]
        return max(s.half_mm[0] for s in body), max(s.centre_mm[2] + s.half_mm[2] for s in body)

    assert extent(175, 110)[0] > extent(175, 70)[0]
    assert extent(190, 80)[1] > extent(170, 80)[1]


def test_every_region_of_the_body_has_uptake_and_density() -> None:
    regions = {shape.region for shape in build_body(175, 80)}
    rng = np.random.default_rng(1)
    factors = draw_organ_factors(rng, 0.0)
    assert regions <= set(HU)
    assert regions <= set(pet_uptake(factors).suv)
    assert regions <= set(spect_uptake(factors, rng).suv)


def test_tumour_sink_lowers_salivary_uptake_but_not_liver_uptake() -> None:
    low, high = (draw_organ_factors(np.random.default_rng(3), burden) for burden in (0.0, 2.0))
    assert high["parotid_left"] / low["parotid_left"] == pytest.approx(math.exp(-0.16))
    assert high["liver"] == low["liver"]
