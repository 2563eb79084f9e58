import numpy as np
import pytest
from tests.imaging.make import DIRECTIONS, ball, centres_mm, grid, mask, volume

from lutrace.imaging import (
    Geometry,
    resample,
    resample_labels,
    resample_mask,
    resample_masks,
    resample_volume,
    sample_volume,
)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_linear_field_is_the_same_field_on_every_other_grid(direction: tuple[float, ...]) -> None:
    source = grid((40, 40, 40), (3.0, 3.0, 3.0), (-60.0, -60.0, -60.0))
    field = centres_mm(source) @ [0.5, -0.25, 1.0] + 7
    target = grid((8, 7, 6), (2.0, 3.0, 4.0), (0.0, 0.0, 0.0), direction)
    moved = resample_volume(volume(field, source), target)
    assert moved.array.dtype == np.float32
    assert moved.array == pytest.approx(centres_mm(target) @ [0.5, -0.25, 1.0] + 7, abs=1e-3)


def test_integers_are_not_truncated_on_the_way() -> None:
    source = grid((4, 4, 4), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0))
    array = np.zeros(source.shape_zyx)
    array[..., 1] = 1.0
    half = grid((2, 4, 4), (2.0, 2.0, 2.0), (1.0, 0.0, 0.0))
    assert resample_volume(volume(array, source), half).array == pytest.approx(0.5)


def test_a_mask_on_its_own_grid_is_unchanged() -> None:
    region = mask(ball(grid(), 9.0), grid())
    assert (resample_mask(region, grid()).array == region.array).all()


def test_a_resampled_mask_says_so() -> None:
    moved = resample_mask(mask(ball(grid(), 9.0), grid()), grid((10, 8, 6), (4.0, 6.0, 8.0)))
    assert moved.notes == ("resampled by nearest neighbour from (20, 16, 12) to (10, 8, 6) voxels",)


def test_a_shift_of_two_voxels_moves_labels_by_two_voxels() -> None:
    labels = np.zeros(grid().shape_zyx, np.int32)
    labels[5, 6, 7] = 3
    matrix = np.eye(4)
    matrix[0, 3] = 4.0
    moved = resample_labels(labels, grid(), grid(), matrix=matrix)
    assert np.argwhere(moved == 3).tolist() == [[5, 6, 5]]


def test_beyond_the_edge_stands_the_value_asked_for() -> None:
    far = grid(origin=(500.0, 500.0, 500.0))
    assert (resample_volume(volume(np.ones(grid().shape_zyx), grid()), far, outside=-1000.0).array == -1000).all()


def test_forty_masks_resampled_together_are_each_what_it_is_alone() -> None:
    rng = np.random.default_rng(2)
    coarse = grid((10, 8, 6), (4.0, 6.0, 8.0))
    masks = [mask(rng.random(grid().shape_zyx) > 0.6, grid()) for _ in range(38)]
    masks[3:3] = [mask(rng.random(coarse.shape_zyx) > 0.6, coarse) for _ in range(2)]
    target = grid((15, 12, 9), (2.5, 2.5, 2.5))
    for one, moved in zip(masks, resample_masks(masks, target), strict=True):
        alone = resample_mask(one, target)
        assert (moved.array == alone.array).all()
        assert moved.notes == alone.notes
    assert resample_masks([], target) == []


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of at most 500 voxels, so that a small grid falls into many."""
    monkeypatch.setattr(resample, "_PIECE_VOXELS", 500)


def turned() -> tuple[Geometry, Geometry]:
    """A grid and an oblique one that reaches beyond it."""
    source = grid((14, 12, 10), (3.0, 3.0, 4.0), (-20.0, -18.0, -20.0))
    return source, grid((11, 10, 13), (3.5, 4.0, 4.5), (-18.0, 15.0, -30.0), DIRECTIONS[-1])


@pytest.mark.usefixtures("small_pieces")
def test_a_volume_in_pieces_is_the_volume_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = turned()
    field = volume(np.random.default_rng(3).random(source.shape_zyx), source)
    pieces = resample_volume(field, target, outside=-1.0).array
    monkeypatch.setattr(resample, "_PIECE_VOXELS", 1 << 23)
    whole = resample_volume(field, target, outside=-1.0).array
    assert (whole == -1.0).any()
    assert (whole > 0).any()
    assert pieces == pytest.approx(whole, abs=1e-5)


@pytest.mark.usefixtures("small_pieces")
def test_some_voxels_are_what_they_are_in_the_whole_volume_whichever_piece_they_lie_in() -> None:
    source, target = turned()
    field = volume(np.random.default_rng(4).random(source.shape_zyx), source)
    whole = resample_volume(field, target, outside=7.0).array.ravel()
    place = np.unique(np.random.default_rng(5).integers(0, whole.size, 200))
    assert sample_volume(field, target, place, outside=7.0) == pytest.approx(whole[place], abs=1e-5)
    assert len(sample_volume(field, target, place[:0], outside=7.0)) == 0
