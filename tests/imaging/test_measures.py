import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tests.imaging.make import DIRECTIONS, ball, grid, mask, middle_mm, volume

from lutrace.core import ContradictionError, MissingFactError
from lutrace.imaging import measure_labels, measure_region

# Digital phantom of the Image Biomarker Standardisation Initiative (reference manual, chapter 5; 9 = outside the ROI).
PHANTOM = np.array(
    [
        [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
        [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [9, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
        [[1, 4, 4, 9, 9], [1, 1, 1, 1, 1], [1, 1, 9, 1, 1], [1, 1, 6, 1, 1]],
        [[1, 4, 4, 9, 9], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
    ]
)


def test_the_ibsi_digital_phantom_gives_its_published_statistics() -> None:
    geometry = grid((5, 4, 4), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0))
    found = measure_region(volume(PHANTOM, geometry), mask(PHANTOM != 9, geometry))
    assert found.voxels == 74
    assert found.volume_ml * 1000 == pytest.approx(592)  # IBSI: approximate volume (voxel counting)
    assert found.mean == pytest.approx(2.15, abs=0.005)  # IBSI: mean intensity
    assert found.sd is not None
    assert found.sd**2 == pytest.approx(3.05, abs=0.005)  # IBSI: intensity variance
    assert (found.min, found.max) == (1.0, 6.0)


def test_the_ibsi_digital_phantom_gives_its_published_peaks() -> None:
    geometry = grid((5, 4, 4), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0))
    image = np.where(PHANTOM == 9, 1, PHANTOM)
    image[2, 2, 2] = 9  # the only voxel outside the region whose value is not 1; the sphere looks at the image
    found = measure_region(volume(image, geometry), mask(PHANTOM != 9, geometry))
    assert found.local_peak == pytest.approx(2.6, abs=0.05)  # IBSI: local intensity peak
    assert found.peak == pytest.approx(3.1, abs=0.05)  # IBSI: global intensity peak
    assert (found.local_peak, found.peak) == pytest.approx((2.6, 90 / 29))  # MIRP 2.7.0: 2.59999990, 3.10344839


def test_numbers_by_hand_on_three_voxels() -> None:
    geometry = grid((4, 3, 2), (2.0, 3.0, 4.0), (0.0, 0.0, 0.0))
    array = np.zeros(geometry.shape_zyx)
    region = np.zeros(geometry.shape_zyx, bool)
    for x, value in ((0, 1.0), (1, 2.0), (2, 6.0)):
        array[1, 2, x], region[1, 2, x] = value, True
    found = measure_region(volume(array, geometry), mask(region, geometry))
    assert found.volume_ml == pytest.approx(3 * 24 / 1000)
    assert (found.mean, found.min, found.max) == (3.0, 1.0, 6.0)
    assert found.sd == pytest.approx(np.sqrt(14 / 3))
    assert found.total == pytest.approx(3.0 * 0.072)
    assert found.centroid_mm == pytest.approx((2.0, 6.0, 4.0))


def test_the_measured_volume_of_a_fine_sphere_is_that_of_geometry() -> None:
    geometry = grid((60, 60, 60), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    found = measure_region(volume(np.ones(geometry.shape_zyx), geometry), mask(ball(geometry, 20.0), geometry))
    assert found.volume_ml == pytest.approx(4 / 3 * np.pi * 8.0, rel=0.01)
    assert found.centroid_mm == pytest.approx(tuple(middle_mm(geometry)))


def test_one_voxel_has_no_spread() -> None:
    region = np.zeros(grid().shape_zyx, bool)
    region[2, 3, 4] = True
    assert measure_region(volume(np.ones(grid().shape_zyx), grid()), mask(region, grid())).sd is None


def test_negative_uptake_is_measured_as_it_is() -> None:
    found = measure_region(volume(np.full(grid().shape_zyx, -0.5), grid()), mask(ball(grid(), 9.0), grid()))
    assert (found.mean, found.max, found.peak) == (-0.5, -0.5, pytest.approx(-0.5))


def test_an_empty_region_is_refused_by_name() -> None:
    with pytest.raises(MissingFactError, match="region spleen: holds no voxel"):
        measure_region(volume(np.ones(grid().shape_zyx), grid()), mask(np.zeros(grid().shape_zyx), grid(), "spleen"))


def test_a_mask_of_another_grid_is_refused() -> None:
    other = grid(origin=(0.0, 0.0, 0.0))
    with pytest.raises(ContradictionError, match="resample the mask"):
        measure_region(volume(np.ones(grid().shape_zyx), grid()), mask(np.ones(grid().shape_zyx), other))


def test_a_missing_label_is_refused() -> None:
    labels = np.zeros(grid().shape_zyx, int)
    labels[0, 0, 0] = 2
    with pytest.raises(MissingFactError, match="found none of 1"):
        measure_labels(volume(np.ones(grid().shape_zyx), grid()), labels)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_same_patient_measures_the_same_in_every_orientation(direction: tuple[float, ...]) -> None:
    geometry = grid((24, 24, 24), (2.0, 2.0, 2.0), (0.0, 0.0, 0.0), direction)
    centre = middle_mm(geometry) + np.array([3.0, -2.0, 4.0])
    found = measure_region(
        volume(np.ones(geometry.shape_zyx) * 4, geometry), mask(ball(geometry, 9.0, centre), geometry)
    )
    assert found.centroid_mm == pytest.approx(tuple(centre), abs=0.25)
    assert found.peak == pytest.approx(4.0)


arrays = hnp.arrays(np.float32, (5, 6, 7), elements=st.floats(-5, 50, width=32))


@settings(max_examples=25)
@given(arrays, st.integers(0, 2))
def test_flipping_the_array_changes_no_number(array: np.ndarray, axis: int) -> None:
    geometry = grid((7, 6, 5), (5.0, 5.0, 5.0), (0.0, 0.0, 0.0))
    region = array > 3
    region[2, 3, 3] = True
    one = measure_region(volume(array, geometry), mask(region, geometry))
    two = measure_region(volume(np.flip(array, axis), geometry), mask(np.flip(region, axis), geometry))
    assert (one.voxels, one.min, one.max) == (two.voxels, two.min, two.max)
    assert (one.mean, one.total) == pytest.approx((two.mean, two.total))
    assert one.peak == pytest.approx(two.peak)


@settings(max_examples=25)
@given(arrays, st.sampled_from([0.5, 2.0, 1000.0]))
def test_another_unit_scales_every_intensity_alike(array: np.ndarray, factor: float) -> None:
    geometry = grid((7, 6, 5), (5.0, 5.0, 5.0), (0.0, 0.0, 0.0))
    region = np.ones(array.shape, bool)
    one = measure_region(volume(array, geometry), mask(region, geometry))
    two = measure_region(volume(array * np.float32(factor), geometry), mask(region, geometry))
    assert two.mean == pytest.approx(one.mean * factor, rel=1e-5, abs=1e-6)
    assert two.max == pytest.approx(one.max * factor, rel=1e-6)
    assert two.peak == pytest.approx(one.peak * factor if one.peak is not None else None, rel=1e-5, abs=1e-5)
    assert two.volume_ml == one.volume_ml


@settings(max_examples=25)
@given(arrays, st.permutations([1, 2, 3]))
def test_renaming_labels_only_reorders_the_measures(array: np.ndarray, order: list[int]) -> None:
    geometry = grid((7, 6, 5), (5.0, 5.0, 5.0), (0.0, 0.0, 0.0))
    labels = np.arange(array.size).reshape(array.shape) % 4
    renamed = np.array([0, *order])[labels]
    one, two = measure_labels(volume(array, geometry), labels), measure_labels(volume(array, geometry), renamed)
    assert [two[new - 1] for new in order] == list(one)
    assert sum(m.voxels for m in one) == np.count_nonzero(labels)
