import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.imaging.make import DIRECTIONS, SOURCE, grid, mask

from lutrace.core import UnusableInputError
from lutrace.imaging import Geometry, Mask, empty_region


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_index_to_mm_and_back_is_the_same_index_in_every_orientation(direction: tuple[float, ...]) -> None:
    geometry = grid(direction=direction)
    index = np.array([[0, 0, 0], [11, 15, 19], [3.25, 7.5, 1.0]])
    assert geometry.to_index(geometry.to_mm(index)) == pytest.approx(index)


def test_the_first_axis_of_the_array_is_the_third_of_the_grid() -> None:
    assert grid().to_mm(np.array([[1, 0, 0]])) == pytest.approx(np.array([[-17.0, 5.0, 44.0]]))


def test_a_grid_moved_by_a_tenth_of_a_millimetre_is_another_grid() -> None:
    assert not grid().same_grid(grid(origin=(-16.9, 5.0, 40.0)))


def test_a_small_error_of_spacing_that_adds_up_over_the_image_makes_another_grid() -> None:
    assert not grid(size=(400, 4, 4)).same_grid(grid(size=(400, 4, 4), spacing=(2.0005, 3.0, 4.0)))


def test_the_loss_of_single_precision_leaves_the_grid_the_same() -> None:
    near = tuple(float(np.float32(v * 1.1)) for v in (2.0, 3.0, 4.0))
    assert grid(spacing=(2.2, 3.3, 4.4)).same_grid(grid(spacing=near))  # type: ignore[arg-type]


def test_a_grid_without_volume_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="positive size and spacing"):
        Geometry((4, 4, 4), (1.0, 0.0, 1.0), (0, 0, 0))


def test_a_mask_of_numbers_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="expected bool"):
        Mask("liver", np.ones(grid().shape_zyx, np.uint8), grid(), SOURCE)  # type: ignore[arg-type]


@given(st.tuples(*[st.floats(0.5, 6.0)] * 3))
def test_the_voxel_volume_is_the_product_of_the_edges(spacing: tuple[float, float, float]) -> None:
    geometry = grid(spacing=spacing)
    corner = geometry.affine[:3, :3]
    assert geometry.voxel_volume_ml == pytest.approx(abs(np.linalg.det(corner)) / 1000)
    assert mask(np.ones(geometry.shape_zyx, bool), geometry).geometry is geometry


def test_a_region_made_empty_holds_no_voxel_and_is_written_without_touching_another() -> None:
    one, other = empty_region((3, 4, 5)), empty_region((3, 4, 5))
    one[1, 2, 3] = True
    assert one.shape == (3, 4, 5)
    assert one.dtype == np.bool_
    assert np.flatnonzero(one).tolist() == [33]
    assert not other.any()


@pytest.mark.skipif(sys.platform != "linux", reason="pages are counted as Linux counts them")
def test_a_region_of_few_voxels_takes_the_memory_of_few_pages() -> None:
    region = empty_region((650, 400, 400))
    before = resident_pages()
    region[::65, 200, 200] = True
    assert 0 < resident_pages() - before < 100  # ten voxels in ten pages; a page of 2 MB each would be 5,120


def resident_pages() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
