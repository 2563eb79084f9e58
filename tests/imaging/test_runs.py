import cc3d
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lutrace.imaging import connect_voxels, find_components


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two labellings of the same voxels part them alike."""
    pairs = {(int(a), int(b)) for a, b in zip(one, other, strict=True)}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


@settings(max_examples=60)
@given(
    hnp.arrays(np.int32, st.tuples(*(st.integers(1, 6),) * 3), elements=st.integers(0, 3)),
    st.sampled_from([6, 18, 26]),
)
def test_listed_voxels_hang_together_as_cc3d_finds_them(labels: np.ndarray, connectivity: int) -> None:
    place = np.flatnonzero(labels)
    found = connect_voxels(place, labels.ravel()[place], labels.shape, connectivity=connectivity)  # type: ignore[arg-type]
    reference = cc3d.connected_components(labels, connectivity=connectivity).ravel()[place]
    assert np.array_equal(found.place, place)
    assert same_partition(found.number, reference)


@pytest.mark.parametrize("connectivity", [6, 18, 26])
def test_a_sparse_scan_has_the_components_that_cc3d_finds(connectivity: int) -> None:
    rng = np.random.default_rng(5)
    array = np.zeros((60, 50, 40), bool)
    for centre in rng.integers(4, 36, (25, 3)):
        array[tuple(slice(c - 2, c + 2) for c in centre)] = rng.random((4, 4, 4)) < 0.4
    assert array.sum() * 16 < array.size
    found = find_components(array, connectivity=connectivity)  # type: ignore[arg-type]
    reference = cc3d.connected_components(array, connectivity=connectivity).ravel()[found.place]
    assert found.count == len(np.unique(reference))
    assert same_partition(found.number, reference)
    assert np.all(np.diff(np.bincount(found.number)[1:]) <= 0)


def test_a_long_snake_is_one_component() -> None:
    array = np.zeros((1, 41, 60), bool)
    array[0, ::2] = True
    array[0, 1::4, -1] = array[0, 3::4, 0] = True
    place = np.flatnonzero(array)
    assert connect_voxels(place, np.ones(len(place), np.int32), array.shape, connectivity=6).count == 1
