"""What lies around listed voxels, against the plain way over the whole grid."""

import itertools

import numpy as np
import pytest

from lutrace.imaging import find_places
from lutrace.imaging.neighbourhood import compute_weighted_sums, find_touching, map_slices, mark_beside


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 700, 900), (40, 30, 20)])
def test_places_are_those_of_the_whole_array_at_once(shape: tuple[int, int, int]) -> None:
    array = np.random.default_rng(5).normal(size=shape).astype(np.float32)
    assert np.array_equal(find_places(array, lambda voxels: voxels >= 1), np.flatnonzero(array >= 1))


def test_weighted_sums_are_those_of_each_neighbour_in_turn_to_the_last_bit() -> None:
    rng = np.random.default_rng(6)
    values = rng.gamma(2.0, size=60_000).astype(np.float32)
    place = np.sort(rng.choice(np.arange(100, 59_900), 40_000, replace=False)).astype(np.int64)
    steps, weights = [-100, -1, 0, 7, 100], rng.uniform(size=5)
    expected = np.zeros(len(place))
    for step, weight in zip(steps, weights, strict=True):
        expected += weight * values[place + step]
    assert np.array_equal(compute_weighted_sums(values, place, steps, weights), expected)


@pytest.mark.parametrize("connectivity", [6, 18, 26])
def test_touching_pairs_are_those_whose_indices_differ_by_one(connectivity: int) -> None:
    array = np.random.default_rng(7).random((4, 5, 6)) < 0.5
    index = np.argwhere(array)
    most = {6: 1, 18: 2, 26: 3}[connectivity]
    expected = set()
    for one, other in itertools.combinations(range(len(index)), 2):
        apart = np.abs(index[one] - index[other])
        if apart.max() == 1 and apart.sum() <= most:
            expected.add((one, other))
    left, right = find_touching(np.flatnonzero(array), array.shape, connectivity)
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    assert set(pairs) == expected
    assert len(pairs) == len(expected)


def test_voxels_beside_others_share_a_corner_with_one_of_them() -> None:
    rng = np.random.default_rng(8)
    shape = (9, 400, 300)  # more than one piece
    inside = rng.random(shape) < 0.001
    inside[..., 0] = inside[..., -1] = inside[:, 0] = inside[:, -1] = False
    grown = np.zeros(shape, bool)
    for z, y, x in np.argwhere(inside):
        grown[max(z - 1, 0) : z + 2, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] = True
    asked = np.flatnonzero(rng.random(shape) < 0.1)
    assert np.array_equal(mark_beside(asked, np.flatnonzero(inside), shape), grown.ravel()[asked])
    assert not mark_beside(asked, np.zeros(0, np.int64), shape).any()


def test_slices_worked_on_some_at_a_time_come_back_in_their_order() -> None:
    array = np.arange(7 * 1000 * 1000, dtype=np.float32).reshape(7, 1000, 1000)
    found = map_slices(array, lambda some, first: [(first + k, float(one[0, 0])) for k, one in enumerate(some)])
    assert len(found) == 7
    assert [pair for part in found for pair in part] == [(z, z * 1e6) for z in range(7)]
