import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lutrace.imaging import label_components


def corner_pair() -> np.ndarray:
    array = np.zeros((4, 4, 4), bool)
    array[0, 0, 0] = array[1, 1, 1] = True
    return array


@pytest.mark.parametrize(("connectivity", "count"), [(6, 2), (18, 2), (26, 1)])
def test_voxels_that_share_a_corner_hang_together_only_with_26_neighbours(connectivity: int, count: int) -> None:
    assert label_components(corner_pair(), connectivity=connectivity).count == count  # type: ignore[arg-type]


def test_components_are_numbered_from_the_largest() -> None:
    array = np.zeros((1, 1, 12), bool)
    array[0, 0, [0, 2, 3, 5, 6, 7]] = True
    found = label_components(array)
    assert found.labels[0, 0].tolist() == [3, 0, 2, 2, 0, 1, 1, 1, 0, 0, 0, 0]


def test_components_below_the_least_size_are_dropped_and_leave_no_gap() -> None:
    array = np.zeros((1, 1, 12), bool)
    array[0, 0, [0, 2, 3, 5, 6, 7]] = True
    found = label_components(array, min_voxels=2)
    assert found.count == 2
    assert sorted(set(found.labels.ravel().tolist())) == [0, 1, 2]


def test_nothing_has_no_component() -> None:
    assert label_components(np.zeros((3, 3, 3), bool)).count == 0


@settings(max_examples=30)
@given(hnp.arrays(np.bool_, (4, 5, 6), elements=st.booleans()), st.integers(0, 2))
def test_flipping_changes_neither_count_nor_sizes(array: np.ndarray, axis: int) -> None:
    one, two = label_components(array), label_components(np.flip(array, axis))
    assert np.bincount(one.labels.ravel())[1:].tolist() == np.bincount(two.labels.ravel())[1:].tolist()
    assert np.count_nonzero(one.labels) == np.count_nonzero(array)
