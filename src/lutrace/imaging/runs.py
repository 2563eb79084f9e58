"""Connected components of listed voxels by their runs along a row: the cost grows with the foreground, not the grid.

Runs of neighbouring rows that touch are joined; sets of runs are found by hooking each set to the least of those that
it touches and shortening the ways (Shiloach and Vishkin, J Algorithms 1982;3:57, without the parallel machine).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class _Runs:
    """Voxels of one row and number without a gap: first and last flat index, and the place of the first in the list."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    number: NDArray[np.int32]
    at: NDArray[np.int64]


def connect_runs(
    place: NDArray[np.int64], number: NDArray[np.int32], shape_zyx: tuple[int, ...], connectivity: int
) -> NDArray[np.int64]:
    """A label above 0 per voxel, the same for voxels that hang together; voxels of two numbers never do.

    `place` are flat indices that rise; `connectivity` is 6, 18 or 26. Labels have gaps and no order.
    """
    if not len(place):
        return np.zeros(0, np.int64)
    runs = _runs(place, number, shape_zyx[2])
    pairs = [_touching(runs, shape_zyx, step, reach) for step, reach in _rows_before(connectivity)]
    root = _join(len(runs.first), np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs]))
    return np.repeat(root + 1, np.diff(runs.at, append=len(place)))


def _runs(place: NDArray[np.int64], number: NDArray[np.int32], width: int) -> _Runs:
    begins = np.ones(len(place), np.bool_)
    begins[1:] = (np.diff(place) != 1) | (np.diff(number) != 0)
    begins |= place % width == 0
    at = np.flatnonzero(begins)
    last = np.append(at[1:] - 1, len(place) - 1)
    return _Runs(place[at], place[last], number[at], at)


def _rows_before(connectivity: int) -> list[tuple[tuple[int, int], int]]:
    """The rows (slice, row) that come before one and touch it, and how far aside their voxels may lie."""
    limit = {6: 1, 18: 2, 26: 3}[connectivity]
    rows = [(0, -1), (-1, -1), (-1, 0), (-1, 1)]
    left = [limit - abs(z) - abs(y) for z, y in rows]
    return [(row, min(aside, 1)) for row, aside in zip(rows, left, strict=True) if aside >= 0]


def _touching(
    runs: _Runs, shape_zyx: tuple[int, ...], step: tuple[int, int], reach: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of runs of one number, the second in the row `step` (slice, row) from the first."""
    _, height, width = shape_zyx
    row, x = np.divmod(runs.first, width)
    z, y = np.divmod(row, height)
    own = np.flatnonzero((z + step[0] >= 0) & (y + step[1] >= 0) & (y + step[1] < height))
    base = (row[own] + step[0] * height + step[1]) * width
    end = x[own] + runs.last[own] - runs.first[own]
    low = base + np.maximum(x[own] - reach, 0)
    high = base + np.minimum(end + reach, width - 1)
    begin = np.searchsorted(runs.last, low)
    n_touching = np.searchsorted(runs.first, high, side="right") - begin
    one = np.repeat(own, n_touching)
    before = np.cumsum(n_touching) - n_touching
    other = np.arange(len(one)) - np.repeat(before - begin, n_touching)
    same = runs.number[one] == runs.number[other]
    return one[same], other[same]


def _join(count: int, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """The least member of each member's set, after all pairs were joined."""
    root = np.arange(count)
    while len(one):
        a, b = root[one], root[other]
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while True:
            further = root[root]
            if np.array_equal(further, root):
                break
            root = further
        apart = root[one] != root[other]
        one, other = one[apart], other[apart]
    return root
