import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.imaging.make import DIRECTIONS, SOURCE, grid, mask

from lutrace.core import UnusableInputError
from lutrace.imaging import Geometry, Mask


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
