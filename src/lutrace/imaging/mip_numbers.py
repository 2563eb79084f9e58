"""Numbers beside the outlines of a projection: each where there is room, none on another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging.lettering import compute_text_width, draw_text
from lutrace.imaging.mip import COLOURS, Picture
from lutrace.imaging.volume import Geometry

_DIRECTIONS = 16
_STEPS_PX = (3.0, 8.0, 14.0, 22.0, 32.0, 44.0, 60.0)
"""How far a number may lie from the rim of its lesion."""
_LEADER_FROM_PX = 12.0
"""A number farther away than this is joined to its lesion by a line."""
_COVERED = 0.6
"""What a covered pixel of an outline counts, in pixels of distance."""
_SHADE = 0.75
_MOVED = 0.5
"""What it counts that a number leaves its place beside its lesion, in pixels of distance per pixel moved."""

Offset = tuple[float, float]
"""Rows and columns, px, from the middle of a lesion to the middle of its number."""


@dataclass(frozen=True)
class Mark:
    """A number to be written beside what lies at `place_mm` (x, y, z; LPS mm) with about this radius in mm."""

    text: str
    place_mm: tuple[float, float, float]
    radius_mm: float
    category: str


@dataclass(frozen=True)
class _Label:
    """Where a text goes: its box (top, left, bottom, right; px), and the point of the lesion that it belongs to."""

    box: tuple[int, int, int, int]
    rim: tuple[float, float]
    distance_px: float


@dataclass(frozen=True, eq=False)
class MarkedPicture:
    """A picture with its numbers, how many found no room, and where each of the others lies beside its lesion."""

    picture: Picture
    left_out: int
    offsets: Mapping[str, Offset]


def draw_marks(
    picture: Picture,
    geometry: Geometry,
    marks: Sequence[Mark],
    letter_px: float,
    *,
    before: Mapping[str, Offset] | None = None,
) -> MarkedPicture:
    """The picture of a volume on `geometry` with the numbers of the marks.

    The first marks are served first. A number lies beside its lesion, at most 60 px from its rim, covers as little of
    the outlines as can be, and touches no other number. In a picture that turns, `before` are the offsets of the view
    before: a number stays on its side of the lesion where it can.
    """
    held = before or {}
    pixels = picture.pixels.copy()
    coloured = pixels.max(axis=2) != pixels.min(axis=2)
    taken: list[tuple[int, int, int, int]] = []
    left_out = 0
    labels = []
    offsets: dict[str, Offset] = {}
    for mark, centre in zip(marks, _centres(picture, geometry, marks), strict=True):
        size = (round(letter_px) + 4, compute_text_width(mark.text, letter_px) + 4)
        places = _places(centre, mark.radius_mm / picture.pixel_mm, size, coloured.shape)
        label = _best(places, _Wish(centre, held.get(mark.text)), coloured, taken)
        if label is None:
            left_out += 1
            continue
        taken.append(label.box)
        offsets[mark.text] = _offset(label, centre)
        labels.append((mark, label))
    for mark, label in labels:
        if label.distance_px >= _LEADER_FROM_PX:
            _draw_leader(pixels, label, _ink(mark))
    for mark, label in labels:
        _draw_label(pixels, mark, label, letter_px)
    return MarkedPicture(replace(picture, pixels=pixels), left_out, offsets)


def _centres(picture: Picture, geometry: Geometry, marks: Sequence[Mark]) -> NDArray[np.float64]:
    """Row and column of each mark on the picture."""
    angle = np.deg2rad(picture.angle_deg)
    axes = np.asarray([[np.cos(angle), 0.0], [np.sin(angle), 0.0], [0.0, 1.0]])
    corners = geometry.corners_mm @ axes
    low, high = corners.min(axis=0), corners.max(axis=0)
    places = np.asarray([mark.place_mm for mark in marks], float).reshape(-1, 3) @ axes
    rows, columns = picture.pixels.shape[:2]
    share = (places - low) / np.maximum(high - low, 1e-6)
    half = 0.5 * (np.asarray([columns, rows]) * picture.pixel_mm - (high - low)) / picture.pixel_mm
    across = half[0] - 0.5 + share[:, 0] * (high - low)[0] / picture.pixel_mm
    up = half[1] - 0.5 + share[:, 1] * (high - low)[1] / picture.pixel_mm
    return np.column_stack([rows - 1 - up, across])


@dataclass(frozen=True, eq=False)
class _Wish:
    """The middle of a lesion (row, column; px), and where its number lay beside it in the view before, if there."""

    centre: NDArray[np.float64]
    offset: Offset | None

    def cost_of(self, label: _Label) -> float:
        if self.offset is None:
            return 0.0
        rows, columns = _offset(label, self.centre)
        return _MOVED * float(np.hypot(rows - self.offset[0], columns - self.offset[1]))


def _offset(label: _Label, centre: NDArray[np.float64]) -> Offset:
    top, left, bottom, right = label.box
    return (top + bottom) / 2 - float(centre[0]), (left + right) / 2 - float(centre[1])


def _best(
    places: Iterator[_Label],
    wish: _Wish,
    coloured: NDArray[np.bool_],
    taken: Sequence[tuple[int, int, int, int]],
) -> _Label | None:
    """The free place of the least cost, or None."""
    best, least = None, np.inf
    for label in places:
        if label.distance_px >= least:
            break
        if any(_overlap(label.box, other) for other in taken):
            continue
        top, left, bottom, right = label.box
        cost = label.distance_px + wish.cost_of(label)
        if cost < least:
            cost += _COVERED * float(coloured[top:bottom, left:right].sum())
        if cost < least:
            best, least = label, cost
    return best


def _places(
    centre: NDArray[np.float64], radius_px: float, size: tuple[int, int], shape: tuple[int, ...]
) -> Iterator[_Label]:
    """The places around a lesion, nearest first, that lie on the picture."""
    height, width = size
    for step in _STEPS_PX:
        for number in range(_DIRECTIONS):
            angle = 2 * np.pi * number / _DIRECTIONS
            way = np.asarray([-np.sin(angle), np.cos(angle)])
            rim = centre + way * radius_px
            middle = rim + way * (step + abs(way[0]) * height / 2 + abs(way[1]) * width / 2)
            top, left = round(float(middle[0]) - height / 2), round(float(middle[1]) - width / 2)
            if top >= 0 and left >= 0 and top + height <= shape[0] and left + width <= shape[1]:
                yield _Label((top, left, top + height, left + width), (float(rim[0]), float(rim[1])), step)


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _ink(mark: Mark) -> tuple[int, int, int]:
    """The colour of the mark's category, dark enough for small letters."""
    red, green, blue = (round(0.75 * part) for part in COLOURS[mark.category])
    return red, green, blue


def _draw_leader(pixels: NDArray[np.uint8], label: _Label, colour: tuple[int, int, int]) -> None:
    top, left, bottom, right = label.box
    start = np.asarray([np.clip(label.rim[0], top, bottom - 1), np.clip(label.rim[1], left, right - 1)])
    end = np.asarray(label.rim)
    n = int(np.ceil(np.abs(end - start).max())) + 1
    points = np.round(start + np.linspace(0, 1, n)[:, None] * (end - start)).astype(int)
    inside = ((points >= 0) & (points < pixels.shape[:2])).all(axis=1)
    pixels[points[inside, 0], points[inside, 1]] = colour


def _draw_label(pixels: NDArray[np.uint8], mark: Mark, label: _Label, letter_px: float) -> None:
    """The number on a ground of almost white."""
    top, left, bottom, right = label.box
    area = pixels[top:bottom, left:right]
    area[:] = np.round(area * (1 - _SHADE) + 255 * _SHADE).astype(np.uint8)
    draw_text(pixels, mark.text, row=bottom - 3, column=left + 2, height_px=letter_px, colour=_ink(mark))
