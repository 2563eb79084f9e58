import numpy as np
import pytest
from tests.imaging.make import ball, grid

from lutrace.imaging import Geometry, dilate, distance_to, erode


def point() -> np.ndarray:
    array = np.zeros(grid().shape_zyx, bool)
    array[6, 8, 10] = True
    return array


def test_distances_are_in_millimetres_along_every_axis() -> None:
    distance = distance_to(point(), grid())
    assert [distance[6, 8, 12], distance[6, 10, 10], distance[8, 8, 10]] == pytest.approx([4.0, 6.0, 8.0])
    assert distance[6, 8, 10] == 0


def test_growing_counts_millimetres_and_not_voxels() -> None:
    grown = dilate(point(), grid(), 4.0)
    # voxels 2 x 3 x 4 mm: x +-2 (4 mm), y +-1 (3 mm), z +-1 (4 mm), and (+-1, +-1) in x y (3.6 mm)
    assert grown.sum() == 1 + 4 + 2 + 2 + 4


def test_growing_by_nothing_changes_nothing() -> None:
    assert (dilate(point(), grid(), 0.0) == point()).all()
    assert not dilate(np.zeros((3, 3, 3), bool), grid((3, 3, 3)), 5.0).any()


def test_what_is_shrunk_and_grown_lies_within_the_region() -> None:
    region = ball(grid(), 14.0)
    shrunk = erode(region, grid(), 5.0)
    assert shrunk.any()
    assert not (dilate(shrunk, grid(), 5.0) & ~region).any()


def test_the_edge_of_the_image_does_not_shrink_a_region() -> None:
    assert erode(np.ones(grid().shape_zyx, bool), grid(), 5.0).all()


def test_distance_to_nothing_is_infinite() -> None:
    assert np.isinf(distance_to(np.zeros((2, 2, 2), bool), grid((2, 2, 2)))).all()


@pytest.mark.parametrize("margin_mm", [1.0, 4.0, 6.3])
def test_a_ball_drawn_by_rows_is_the_region_within_the_margin_by_the_distance_map(margin_mm: float) -> None:
    geometry = Geometry((23, 19, 17), (1.5, 2.0, 3.0), (0.0, 0.0, 0.0))
    region = np.random.default_rng(3).random(geometry.shape_zyx) < 0.01
    region[0, 0, 0] = region[-1, -1, -1] = True
    assert (dilate(region, geometry, margin_mm) == (distance_to(region, geometry) <= margin_mm + 1e-4)).all()
    kept = region | (distance_to(region, geometry) > 2.0)
    assert (erode(kept, geometry, margin_mm) == (kept & (distance_to(~kept, geometry) > margin_mm + 1e-4))).all()


def test_a_ball_larger_than_the_grid_fills_it() -> None:
    geometry = Geometry((3, 3, 3), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    corner = np.zeros((3, 3, 3), bool)
    corner[0, 0, 0] = True
    assert dilate(corner, geometry, 5.0).all()
    assert dilate(corner, geometry, 60.0).all()
