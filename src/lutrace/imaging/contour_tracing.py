"""Voxels -> planar contours, by the rule that `contours` fills them by: the way back gives the same voxels.

Contours run along the edges of the voxels, slice by slice. A program that asks which voxel centres lie inside a contour
has half a voxel of room on every side, so all such programs find the same voxels; and the area within the contours
times the slice distance is the volume of the voxels, not a smoothed one. Only corners are kept.

Voxels that touch at a corner only become contours of their own. A hole is joined to the contour around it by a keyhole
(a cut of no width along voxel edges, DICOM PS3.3 C.8.8.6.3), so that a program that unites the contours of a plane and
one that combines them by exclusive or find the same hole.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnsupportedError
from lutrace.imaging.volume import BoolArray, Geometry

Corner = tuple[int, int]
Ring = list[Corner]

_STEPS = ((0, 1), (1, 0), (0, -1), (-1, 0))
"""Right, down, left and up in (row, column): the way around a voxel, which lies on the right hand."""


def trace_contours(array: BoolArray, geometry: Geometry) -> tuple[tuple[int, NDArray[np.float64]], ...]:
    """The closed contours of a region: for each the slice's index and its points (n, 3), LPS mm.

    Raises UnsupportedError for a region whose slices mostly lie apart: readers join the planes of such contours.
    """
    slices = np.flatnonzero(array.any(axis=(1, 2)))
    if len(slices) > 1 and np.median(np.diff(slices)) > 1:
        raise UnsupportedError(
            f"contours: the {len(slices)} slices of the region mostly lie more than one apart, and a reader would fill "
            "the slices between; write it as a segmentation"
        )
    return tuple(
        (int(index), geometry.to_mm(np.column_stack([np.full(len(ring), index), ring])))
        for index in slices
        for ring in trace_plane(array[index])
    )


def trace_plane(plane: BoolArray) -> tuple[NDArray[np.float64], ...]:
    """The contours (n, 2) of the pixels of one plane in (row, column) indices, holes joined by keyholes."""
    rows, columns = np.flatnonzero(plane.any(axis=1)), np.flatnonzero(plane.any(axis=0))
    if not len(rows):
        return ()
    low = np.asarray([rows[0], columns[0]])
    cut = plane[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    rings = _join_holes(list(_rings(cut)))
    return tuple(np.asarray(_corners(ring), np.float64) + low - 0.5 for ring in rings)


def _rings(plane: BoolArray) -> Iterator[Ring]:
    """Each boundary as the voxel corners along it, once around; pixels lie to the right of the way.

    Where two pixels touch at a corner the way stays with its own pixel.
    """
    ways = _edges(plane)
    unseen = set(ways[0])
    for start in sorted(ways[0]):
        if start not in unseen:
            continue
        corner, heading = start, 0
        ring: Ring = []
        while not ring or (corner, heading) != (start, 0):
            ring.append(corner)
            if heading == 0:
                unseen.remove(corner)
            corner = (corner[0] + _STEPS[heading][0], corner[1] + _STEPS[heading][1])
            heading = next((heading + turn) % 4 for turn in (1, 0, 3) if corner in ways[(heading + turn) % 4])
        yield ring


def _edges(plane: BoolArray) -> tuple[set[Corner], ...]:
    """For each heading the corners at which an edge of that heading begins."""
    padded = np.pad(plane, 1)
    inside = padded[1:-1, 1:-1]
    neighbours = (padded[:-2, 1:-1], padded[1:-1, 2:], padded[2:, 1:-1], padded[1:-1, :-2])
    begins = ((0, 0), (0, 1), (1, 1), (1, 0))
    return tuple(
        {(int(row) + down, int(column) + right) for row, column in np.argwhere(inside & ~beyond)}
        for beyond, (down, right) in zip(neighbours, begins, strict=True)
    )


def _join_holes(rings: list[Ring]) -> list[Ring]:
    """The outer rings, each hole cut into the one around it along the row of its leftmost corner."""
    holes = sorted((ring for ring in rings if _area(ring) < 0), key=_leftmost)
    outer = [ring for ring in rings if _area(ring) > 0]
    owner = {corner: ring for ring in outer for corner in ring}
    for hole in holes:
        row, column = start = _leftmost(hole)[::-1]
        column -= 1
        while (row, column) not in owner:
            column -= 1
        around = owner[row, column]
        turned = hole.index(start)
        at = around.index((row, column))
        around[at:at] = [(row, column), *hole[turned:], *hole[:turned], start]
        owner.update(dict.fromkeys(hole, around))
    return outer


def _leftmost(ring: Ring) -> Corner:
    """(column, row) of the uppermost of the leftmost corners."""
    return min((column, row) for row, column in ring)


def _area(ring: Ring) -> float:
    """Pixels enclosed; negative around a hole."""
    row, column = np.asarray(ring, np.float64).T
    return float((column * np.roll(row, -1) - np.roll(column, -1) * row).sum() / 2)


def _corners(ring: Ring) -> Ring:
    """The ring without the points on a straight way; a way that turns back keeps its end."""
    points = np.asarray(ring)
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    bends = (np.sign(before) != np.sign(after)).any(axis=1)
    return [ring[k] for k in np.flatnonzero(bends)]
