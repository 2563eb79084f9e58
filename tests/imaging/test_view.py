import numpy as np
import pytest
from tests.imaging.make import grid

from lutrace.imaging import common_view, field_of_view_mm


def test_the_field_of_view_reaches_half_a_voxel_beyond_the_centres() -> None:
    box = field_of_view_mm(grid((3, 2, 2), (2.0, 3.0, 4.0), (0.0, 0.0, 0.0)))
    assert box == ((-1.0, 5.0), (-1.5, 4.5), (-2.0, 6.0))


def test_a_scan_sees_itself_whole() -> None:
    assert common_view(grid(), grid()).all()


def test_slices_above_the_other_scan_are_not_in_the_common_view() -> None:
    short = grid((20, 16, 6))
    seen = common_view(grid(), short)
    assert np.flatnonzero(seen.all(axis=(1, 2))).tolist() == [0, 1, 2, 3, 4, 5]


def test_a_table_shift_moves_the_common_view_with_it() -> None:
    matrix = np.eye(4)
    matrix[2, 3] = -8.0  # two slices
    seen = common_view(grid(), grid(), matrix=matrix)
    assert np.flatnonzero(seen.all(axis=(1, 2))).tolist() == list(range(2, 12))


def test_a_margin_takes_the_edge_off() -> None:
    assert common_view(grid(), grid(), margin_mm=4.0).sum() == (20 - 4) * (16 - 4) * (12 - 2)


def test_the_view_of_an_oblique_scan_is_a_box_around_it() -> None:
    assert field_of_view_mm(grid(direction=(0, -1, 0, 1, 0, 0, 0, 0, 1)))[0][0] == pytest.approx(-17 - 46.5)
