import numpy as np
import pytest
from tests.imaging.make import DIRECTIONS, ball, grid, middle_mm

from lutrace.core import UnsupportedError
from lutrace.imaging import fill_contours, fill_polygon, trace_contours, trace_plane


def plane_of(*lines: str) -> np.ndarray:
    return np.array([[sign == "#" for sign in line] for line in lines])


def shoelace(ring: np.ndarray) -> float:
    row, column = ring.T
    return abs(float((column * np.roll(row, -1) - np.roll(column, -1) * row).sum() / 2))


def test_one_pixel_is_a_square_around_its_centre() -> None:
    (ring,) = trace_plane(plane_of("...", ".#.", "..."))
    assert sorted(map(tuple, ring)) == [(0.5, 0.5), (0.5, 1.5), (1.5, 0.5), (1.5, 1.5)]


def test_only_corners_are_kept() -> None:
    (ring,) = trace_plane(plane_of("####", "####", "#..."))
    assert len(ring) == 6


def test_pixels_that_touch_at_a_corner_are_contours_of_their_own() -> None:
    assert len(trace_plane(plane_of("#.", ".#"))) == 2
    assert len(trace_plane(plane_of(".#", "#."))) == 2


def test_a_hole_is_cut_into_the_contour_around_it_and_leaves_its_area_out() -> None:
    (ring,) = trace_plane(plane_of("####", "#..#", "####"))
    assert shoelace(ring) == 10
    assert (fill_polygon(ring, (3, 4)) == plane_of("####", "#..#", "####")).all()


def test_two_holes_in_one_row_are_cut_one_into_the_other() -> None:
    plane = plane_of("#######", "#.##..#", "#######")
    (ring,) = trace_plane(plane)
    assert shoelace(ring) == 18
    assert (fill_polygon(ring, plane.shape) == plane).all()


def test_an_island_in_a_hole_is_a_contour_of_its_own() -> None:
    plane = plane_of("#####", "#...#", "#.#.#", "#...#", "#####")
    rings = trace_plane(plane)
    assert sorted(shoelace(ring) for ring in rings) == [1, 16]
    assert (fill_polygon(rings[0], plane.shape) | fill_polygon(rings[1], plane.shape) == plane).all()


def test_an_empty_plane_has_no_contour() -> None:
    assert trace_plane(np.zeros((3, 4), bool)) == ()


@pytest.mark.parametrize("density", [0.05, 0.3, 0.5, 0.7, 0.95])
@pytest.mark.parametrize("seed", range(20))
def test_any_plane_comes_back_whether_contours_are_united_or_combined_by_exclusive_or(
    seed: int, density: float
) -> None:
    plane = np.random.default_rng(seed).random((17, 13)) < density
    rings = trace_plane(plane)
    filled = [fill_polygon(ring, plane.shape) for ring in rings]
    assert (np.logical_or.reduce(filled or [~plane & plane]) == plane).all()
    assert (np.logical_xor.reduce(filled or [~plane & plane]) == plane).all()
    assert sum(shoelace(ring) for ring in rings) == plane.sum()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_shell_and_its_core_come_back_voxel_for_voxel_in_every_orientation(direction: tuple[float, ...]) -> None:
    geometry = grid(direction=direction)
    truth = ball(geometry, 14.0) & ~ball(geometry, 8.0) | ball(geometry, 3.0, middle_mm(geometry))
    traced = trace_contours(truth, geometry)
    back = fill_contours([points for _, points in traced], geometry)
    assert (back.array == truth).all()
    assert back.notes == ()


def test_each_contour_says_which_slice_it_lies_in() -> None:
    geometry = grid()
    truth = np.zeros(geometry.shape_zyx, bool)
    truth[4:6, 2:5, 3:9] = True
    traced = trace_contours(truth, geometry)
    assert [index for index, _ in traced] == [4, 5]
    assert [set(np.round(geometry.to_index(points)[:, 0], 6)) for _, points in traced] == [{4.0}, {5.0}]


def test_the_area_within_times_the_slice_distance_is_the_volume_of_the_voxels() -> None:
    geometry = grid()
    truth = ball(geometry, 13.0)
    dx, dy, dz = geometry.spacing_mm
    area = sum(shoelace(geometry.to_index(points)[:, 1:]) for _, points in trace_contours(truth, geometry))
    assert area * dx * dy * dz == pytest.approx(truth.sum() * dx * dy * dz)


def test_slices_that_mostly_lie_apart_are_refused_because_a_reader_would_fill_between() -> None:
    geometry = grid()
    truth = np.zeros(geometry.shape_zyx, bool)
    truth[[1, 4, 7], 2:5, 3:9] = True
    with pytest.raises(UnsupportedError, match="write it as a segmentation"):
        trace_contours(truth, geometry)
