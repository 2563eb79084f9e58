"""The frames of a Segmentation object: which slice of a regular grid each one is, and which segment it shows.

Read straight from the functional groups, since building an index of all attributes of all frames takes ten times as
long; the tests compare with highdicom's reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lutrace.core import UnusableInputError
from lutrace.dicom import elements as el
from lutrace.imaging import Geometry

_SHARED_GROUPS, _FRAME_GROUPS = 0x52009229, 0x52009230
_POSITION_GROUP, _ORIENTATION_GROUP, _MEASURES_GROUP = 0x00209113, 0x00209116, 0x00289110
_SEGMENT_GROUP, _SEGMENT_NUMBER = 0x0062000A, 0x0062000B
_POSITION, _ORIENTATION, _SPACING, _SLICE_SPACING = 0x00200032, 0x00200037, 0x00280030, 0x00180088
_DECODE_ERRORS = (*el.PARSE_ERRORS, RuntimeError)

REGULAR = 0.01
"""Slices may lie off their place by this part of the spacing between them."""
_PERPENDICULAR = 1e-3
_SAME_PLACE_MM = 1e-5


@dataclass(frozen=True, eq=False)
class SegFrames:
    """Stored values (frames, rows, columns), the slice of `geometry` that each frame is, and its segment's number.

    `geometry` spans the slices from the first to the last frame; those that the object leaves out are empty.
    `segment` is None in a label map, whose values are the segments' numbers.
    """

    values: NDArray[Any]
    slice_of: NDArray[np.int64]
    segment: NDArray[np.int64] | None
    geometry: Geometry


def read_frames(seg: Dataset, *, labelmap: bool) -> SegFrames:
    """The frames of a Segmentation object on their regular grid.

    Raises UnusableInputError when pixels or functional groups cannot be read, when planes are not parallel and evenly
    spaced, or when two frames show the same segment in the same plane. Source: DICOM PS3.3 C.7.6.16 and C.8.20.
    """
    try:
        groups = _Groups(seg)
        values = _values(seg)
        slice_of, geometry = _grid(seg, groups, len(values))
        segment = None if labelmap else groups.numbers(_SEGMENT_GROUP, _SEGMENT_NUMBER, 1).ravel().astype(np.int64)
    except _DECODE_ERRORS as error:
        raise UnusableInputError(
            f"segmentation: {type(error).__name__} while reading its frames; expected pixels and functional groups of "
            "every frame; export the object again"
        ) from error
    planes = slice_of if segment is None else np.stack([slice_of, segment], axis=1)
    if not len(values) == len(slice_of) == len(np.unique(planes, axis=0)):
        raise _no_grid("two frames show the same segment in the same plane")
    return SegFrames(values, slice_of, segment, geometry)


class _Groups:
    """The functional groups of an object: of each frame, else shared by all."""

    def __init__(self, seg: Dataset) -> None:
        """Hold the items; what no one asks for is never parsed."""
        self.frames = el.sequence_items(seg, _FRAME_GROUPS)
        self.shared = el.sequence_items(seg, _SHARED_GROUPS)

    def numbers(self, group: int, tag: int, count: int) -> NDArray[np.float64]:
        """`count` numbers of each frame (frames, count). Raises UnusableInputError when a frame has none."""
        shared = [numbers for item in self.shared if (numbers := _numbers(item, group, tag))]
        found = [_numbers(item, group, tag) or (shared[0] if shared else ()) for item in self.frames]
        if not found or any(len(numbers) != count for numbers in found):
            raise _no_grid(f"{el.format_tag(tag)} is missing in a frame")
        return np.asarray(found, np.float64)

    def one(self, group: int, tag: int, count: int) -> NDArray[np.float64]:
        """`count` numbers that all frames share. Raises UnusableInputError when they differ."""
        each = self.numbers(group, tag, count)
        if not (each == each[0]).all():
            raise _no_grid(f"{el.format_tag(tag)} differs between frames")
        return np.asarray(each[0])

    def has(self, group: int, tag: int) -> bool:
        """Whether the shared groups or the first frame's give this element."""
        return any(_numbers(item, group, tag) for item in (*self.shared, *self.frames[:1]))


def _numbers(item: Dataset, group: int, tag: int) -> tuple[float, ...]:
    for inner in el.sequence_items(item, group):
        if tag != _SEGMENT_NUMBER:
            return el.element_numbers(inner, tag, "functional group")
        number = el.element_integer(inner, tag, "Referenced Segment Number")
        return () if number is None else (float(number),)
    return ()


def _values(seg: Dataset) -> NDArray[Any]:
    stored = np.asarray(seg.pixel_array)
    return stored.reshape(-1, *stored.shape[-2:])


def _grid(seg: Dataset, groups: _Groups, n_frames: int) -> tuple[NDArray[np.int64], Geometry]:
    positions = groups.numbers(_POSITION_GROUP, _POSITION, 3)
    if len(positions) != n_frames:
        raise _no_grid(f"{n_frames} frames of pixels, functional groups of {len(positions)}")
    orientation = groups.one(_ORIENTATION_GROUP, _ORIENTATION, 6)
    row_mm, column_mm = groups.one(_MEASURES_GROUP, _SPACING, 2)
    has_hint = groups.has(_MEASURES_GROUP, _SLICE_SPACING)
    hint = abs(float(groups.one(_MEASURES_GROUP, _SLICE_SPACING, 1)[0])) if has_hint else None
    normal = np.cross(orientation[:3], orientation[3:])
    slice_of, spacing = _slices(positions, normal, hint)
    origin = positions[int(np.argmin(slice_of))]
    axes = np.stack([orientation[:3], orientation[3:], normal], axis=1)
    geometry = Geometry(
        (int(seg.Columns), int(seg.Rows), int(slice_of.max()) + 1),
        (float(column_mm), float(row_mm), spacing),
        (float(origin[0]), float(origin[1]), float(origin[2])),
        tuple(float(v) for v in (axes / np.linalg.norm(axes, axis=0)).ravel()),  # type: ignore[arg-type]
        str(seg.get("FrameOfReferenceUID") or "") or None,
    )
    return slice_of, geometry


def _slices(
    positions: NDArray[np.float64], normal: NDArray[np.float64], hint: float | None
) -> tuple[NDArray[np.int64], float]:
    """The slice of each frame, counted along the normal, and the spacing in mm; a single plane is 1 mm apart."""
    distance = positions @ normal
    height = distance - distance.min()
    steps = np.diff(np.unique(height))
    steps = steps[steps > _SAME_PLACE_MM]
    spacing = hint or (float(steps.min()) if len(steps) else 1.0)
    slice_of = np.rint(height / spacing).astype(np.int64)
    off_plane = positions - positions[int(np.argmin(distance))] - np.outer(height, normal)
    if (np.abs(height - slice_of * spacing) > REGULAR * spacing).any():
        raise _no_grid("its planes are not evenly spaced")
    if (np.linalg.norm(off_plane, axis=1) > np.maximum(height * np.sqrt(2 * _PERPENDICULAR), _SAME_PLACE_MM)).any():
        raise _no_grid("its planes are shifted against each other")
    return slice_of, spacing


def _no_grid(found: str) -> UnusableInputError:
    return UnusableInputError(
        f"segmentation: its frames make no regular grid: {found}; expected parallel, evenly spaced planes"
    )
