import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.imaging.make import DIRECTIONS, ball, grid

from lutrace.core import UnsupportedError
from lutrace.imaging import Geometry, fill_contours, fill_polygon


def ring_mm(geometry: Geometry, z: float, rows_columns: list[tuple[float, float]]) -> np.ndarray:
    return geometry.to_mm(np.array([(z, row, column) for row, column in rows_columns]))


def box(low: float, high: float) -> list[tuple[float, float]]:
    return [(low, low), (low, high), (high, high), (high, low)]


def outlines_of(mask: np.ndarray, geometry: Geometry) -> list[np.ndarray]:
    """Each voxel of a mask as a square contour around its centre: an exact, if clumsy, set of contours."""
    squares = [box_around(*place) for place in np.argwhere(mask)]
    return [geometry.to_mm(square) for square in squares]


def box_around(z: int, y: int, x: int) -> np.ndarray:
    return np.array([(z, y + dy, x + dx) for dy, dx in ((-0.5, -0.5), (-0.5, 0.5), (0.5, 0.5), (0.5, -0.5))])


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_contours_of_a_ball_give_the_ball_back_in_every_orientation(direction: tuple[float, ...]) -> None:
    geometry = grid(direction=direction)
    truth = ball(geometry, 13.0)
    assert 50 < truth.sum() < truth.size
    filled = fill_contours(outlines_of(truth, geometry), geometry)
    assert (filled.array == truth).all()
    assert filled.notes == ()


def test_a_centre_on_the_low_edge_is_inside_and_on_the_high_edge_outside() -> None:
    found = fill_polygon(np.array(box(2.0, 4.0)), (7, 7))
    assert np.argwhere(found).tolist() == [[2, 2], [2, 3], [3, 2], [3, 3]]


def test_a_triangle_holds_the_centres_below_its_slope() -> None:
    found = fill_polygon(np.array([(-0.5, -0.5), (-0.5, 3.5), (3.5, -0.5)]), (4, 4))

    assert found.sum(axis=1).tolist() == [3, 2, 1, 0]  # centres on the slope lie on its high side


def test_an_inner_contour_cuts_a_hole() -> None:
    geometry = grid()
    contours = [ring_mm(geometry, 3, box(1.5, 10.5)), ring_mm(geometry, 3, box(4.5, 6.5))]
    array = fill_contours(contours, geometry).array
    assert array[3].sum() == 9 * 9 - 2 * 2
    assert not array[3, 5, 5]
    assert array.sum() == array[3].sum()


def test_a_keyhole_cuts_the_same_hole() -> None:
    geometry = grid()
    keyhole = [
        (1.5, 1.5), (1.5, 10.5), (10.5, 10.5), (10.5, 1.5), (5.2, 1.5),
        (5.2, 4.5), (6.5, 4.5), (6.5, 6.5), (4.5, 6.5), (4.5, 4.5), (5.2, 4.5), (5.2, 1.5),
    ]  # fmt: skip
    two = fill_contours([ring_mm(geometry, 3, box(1.5, 10.5)), ring_mm(geometry, 3, box(4.5, 6.5))], geometry)
    assert (fill_contours([ring_mm(geometry, 3, keyhole)], geometry).array == two.array).all()


def test_two_separate_contours_in_one_plane_are_both_filled() -> None:
    geometry = grid()
    contours = [ring_mm(geometry, 3, box(0.5, 2.5)), ring_mm(geometry, 3, box(6.5, 9.5))]
    assert fill_contours(contours, geometry).array.sum() == 4 + 9


def test_contours_on_every_slice_of_a_finer_series_are_sampled_to_the_nearest() -> None:
    geometry = grid()
    fine = [ring_mm(geometry, z, box(1.5, 4.5)) for z in np.arange(2.1, 5.0, 0.25)]
    filled = fill_contours(fine, geometry)
    assert np.flatnonzero(filled.array.any(axis=(1, 2))).tolist() == [2, 3, 4]
    assert (filled.array.sum(axis=(1, 2))[2:5] == 9).all()
    assert any("between image planes" in note for note in filled.notes)


def test_contours_of_a_coarser_series_fill_the_slices_between() -> None:
    geometry = grid()
    coarse = [ring_mm(geometry, z, box(1.5, 4.5)) for z in (1.0, 4.0, 7.0)]
    assert np.flatnonzero(fill_contours(coarse, geometry).array.any(axis=(1, 2))).tolist() == list(range(9))


def test_a_gap_between_contours_stays_a_gap_and_is_noted() -> None:
    geometry = grid()
    filled = fill_contours([ring_mm(geometry, z, box(1.5, 4.5)) for z in (1, 2, 3, 7, 8)], geometry)
    assert np.flatnonzero(filled.array.any(axis=(1, 2))).tolist() == [1, 2, 3, 7, 8]
    assert filled.notes == ("1 gaps between contour planes were not filled",)


def test_coronal_contours_on_an_axial_grid_are_filled() -> None:
    geometry = grid()
    rings = [geometry.to_mm(np.array([(z, y, x) for z, x in box(1.5, 5.5)])) for y in (3, 4)]
    filled = fill_contours(rings, geometry)
    assert filled.array.sum() == 2 * 16
    assert filled.notes == ("contours lie in planes of constant row",)


def test_a_slanted_contour_is_refused() -> None:
    geometry = grid()
    slanted = geometry.to_mm(np.array([(1.0, 1.0, 1.0), (3.0, 8.0, 1.0), (3.0, 8.0, 9.0)]))
    with pytest.raises(UnsupportedError, match="one plane of the image grid"):
        fill_contours([slanted], geometry)


def test_a_contour_outside_the_image_gives_nothing_and_a_note() -> None:
    geometry = grid()
    filled = fill_contours([ring_mm(geometry, -4, box(1.5, 4.5))], geometry)
    assert not filled.array.any()
    assert filled.notes == ("1 contour planes lie outside the image",)


def test_a_contour_that_leaves_the_image_is_cut_at_its_edge() -> None:
    geometry = grid()
    assert fill_contours([ring_mm(geometry, 0, box(-5.5, 2.5))], geometry).array.sum() == 9


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(-2, 12), st.floats(-2, 12)), min_size=3, max_size=9), st.integers(0, 8))
def test_the_start_and_the_sense_of_a_contour_do_not_matter(points: list[tuple[float, float]], start: int) -> None:
    ring = np.round(np.array(points), 3)
    one = fill_polygon(ring, (10, 11))
    assert (fill_polygon(np.roll(ring, start, axis=0), (10, 11)) == one).all()
    assert (fill_polygon(ring[::-1], (10, 11)) == one).all()


@settings(max_examples=60)
@given(st.integers(1, 8), st.integers(1, 8))
def test_polygons_that_share_an_edge_share_no_voxel_and_miss_none(row: int, column: int) -> None:
    parts = [
        fill_polygon(np.array([(a, b), (a, d), (c, d), (c, b)], float), (10, 10))
        for a, c in ((0, row), (row, 9))
        for b, d in ((0, column), (column, 9))
    ]
    assert (np.sum(parts, axis=0) == fill_polygon(np.array(box(0.0, 9.0)), (10, 10))).all()
