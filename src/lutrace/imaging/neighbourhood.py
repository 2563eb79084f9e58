"""What lies around listed voxels: sums of their neighbours, which of them touch, which of a grid fulfil a condition.

The cost goes with the voxels listed, not with their grid; pieces that fit the processor's cache are worked on by two
threads at a time, and no result depends on how the work was shared out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

_THREADS = 2
_PLACES = 16_384
_VOXELS = 2**20

Made = TypeVar("Made")
Pairs = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Two lists of positions in a list of voxels: the first of each pair, and the second."""


def find_places(array: NDArray[Any], holds: Callable[[NDArray[Any]], NDArray[np.bool_]]) -> NDArray[np.int64]:
    """The flat indices, rising, of the voxels for which `holds` is true; it is given whole slices, some at a time."""

    def of(slices: NDArray[Any], first: int) -> NDArray[np.int64]:
        return np.asarray(np.flatnonzero(holds(slices)) + first * slices[0].size, np.int64)

    return np.concatenate(map_slices(array, of))


def map_slices(array: NDArray[Any], work: Callable[[NDArray[Any], int], Made]) -> list[Made]:
    """What `work` makes of an array, in the order of its slices; it is given some, and the index of their first."""
    step = max(_VOXELS // max(array[0].size, 1), 1)
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda first: work(array[first : first + step], first), range(0, len(array), step)))


def compute_weighted_sums(
    values: NDArray[np.float32],
    place: NDArray[np.int64],
    steps: Sequence[int] | NDArray[np.int64],
    weights: Sequence[float] | NDArray[np.float64],
) -> NDArray[np.float64]:
    """The sum of weight x value over the flat indices place + step, for each place, in the unit of `values`.

    It is formed in double precision in the order of the steps. All these indices must lie within `values`. Places that
    follow each other and steps that do share what they read: it costs least when both come as rows of a grid.
    """
    total = np.zeros(len(place))
    rows = _rows_of_steps(np.asarray(steps), np.asarray(weights))
    reach = max(len(row) for _, row in rows) - 1

    def fill(start: int) -> None:
        own = place[start : start + _PLACES]
        base = int(own.min())
        line, at = _lined_up(own - base, reach)
        length = len(line) - reach
        taken, read = np.empty(len(line), values.dtype), np.empty(len(line))
        product, sums = np.empty(length), np.zeros(length)
        for begin, row in rows:
            read[:] = np.take(values[base + begin :], line, out=taken, mode="clip")
            for aside, weight in enumerate(row):
                np.multiply(read[aside : aside + length], weight, out=product)
                sums += product
        total[start : start + _PLACES] = sums[at]

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(fill, range(0, len(place), _PLACES)))
    return total


def _rows_of_steps(steps: NDArray[np.int64], weights: NDArray[np.float64]) -> list[tuple[int, list[float]]]:
    """The first of each row of steps that follow each other, and the weights of the row; the order stays."""
    begins = np.flatnonzero(np.diff(steps, prepend=steps[:1] - 2) != 1)
    return [(int(steps[at]), row.tolist()) for at, row in zip(begins, np.split(weights, begins[1:]), strict=True)]


def _lined_up(place: NDArray[np.int64], reach: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of places one behind the other, each with `reach` more places at its end, and where each place is."""
    begins = np.diff(place, prepend=place[:1] - 2) != 1
    at = np.arange(len(place)) + reach * (np.cumsum(begins) - 1)
    first = np.flatnonzero(begins)
    length = np.diff(first, append=len(place)) + reach
    line = np.arange(int(length.sum())) + np.repeat(place[first] - at[first], length)
    return line.astype(np.intp), at


def find_touching(place: NDArray[np.signedinteger[Any]], shape_zyx: tuple[int, ...], connectivity: int) -> Pairs:
    """All pairs of listed voxels that touch, each once, as positions in the list.

    `place` are flat indices that rise; `connectivity` is 6, 18 or 26. One search for each neighbouring row tells its
    three voxels, because they follow each other in the list.
    """
    depth, height, width = shape_zyx
    reach = {6: 1, 18: 2, 26: 3}[connectivity]
    if (depth + 2) * height * width < 2**31:
        place = place.astype(np.int32)
    row, x = np.divmod(place, width)
    z, y = np.divmod(row, height)
    listed = np.concatenate([place, np.full(3, -1, place.dtype)])

    def in_row(step: tuple[int, int]) -> list[tuple[NDArray[np.int32], NDArray[np.int32]]]:
        dz, dy = step
        aside = min(reach - dz - abs(dy), 1)
        begins = place + (dz * height + dy) * width
        there = (z + dz < depth) & (y + dy >= 0) & (y + dy < height)
        at = np.searchsorted(place, begins - 1)
        pairs = []
        for dx in (-1, 0, 1):
            found = listed[at] == begins + dx
            if abs(dx) <= aside and (dz, dy, dx) > (0, 0, 0):
                here = np.flatnonzero(found & there & (x + dx >= 0) & (x + dx < width))
                pairs.append((here.astype(np.int32), at[here].astype(np.int32)))
            at += found
        return pairs

    rows = [step for step in ((0, 0), (0, 1), (1, -1), (1, 0), (1, 1)) if step[0] + abs(step[1]) <= reach]
    with ThreadPoolExecutor(_THREADS) as pool:
        pairs = [pair for found in pool.map(in_row, rows) for pair in found]
    return np.concatenate([left for left, _ in pairs]), np.concatenate([right for _, right in pairs])


def mark_beside(place: NDArray[np.int64], wanted: NDArray[np.int64], shape_zyx: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which of `place` share at least a corner with a voxel of `wanted` or are one of them; both rise.

    The grid is taken as one line: the last voxel of a row touches the first of the next, and so for slices.
    """
    width, plane = shape_zyx[2], shape_zyx[1] * shape_zyx[2]
    steps = [z * plane + y * width + x for z in (-1, 0, 1) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    reach = steps[-1]
    length = max(_VOXELS // plane, 1) * plane
    beside = np.zeros(len(place), np.bool_)
    for begin in range(0, shape_zyx[0] * plane, length):
        own = slice(*np.searchsorted(place, (begin, begin + length)))
        near = slice(*np.searchsorted(wanted, (begin - reach, begin + length + reach)))
        marks = np.zeros(length + 4 * reach, np.bool_)
        there = wanted[near] - (begin - 2 * reach)
        for step in steps:
            marks[there + step] = True
        beside[own] = marks[place[own] - (begin - 2 * reach)]
    return beside
