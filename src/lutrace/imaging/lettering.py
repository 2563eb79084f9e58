"""Words on pictures: letters drawn as strokes of round pens, so that a picture needs no font and no other library.

A letter is a list of strokes on a grid where capitals are 7 high, small letters 5, and the baseline is 0: `L x y x y
...` is a line through points, `A x y rx ry from to` an arc about a centre in degrees (0 right, 90 up), `D x y` a dot.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError

_HEIGHT = 7.0
_DESCENT = 2.3
_GAP = 1.35
_PEN = 0.84
_ARC_STEP_DEG = 15.0
_PARTS = 16
_ROUND = "A 1.9 2.5 1.9 2.5 0 360"

_LETTERS: dict[str, str] = {
    "A": "L 0 0 2.5 7 5 0; L 0.9 2.4 4.1 2.4",
    "B": "L 2.4 0 0 0 0 7 2.4 7; A 2.4 5.3 1.7 1.7 -90 90; L 0 3.6 2.4 3.6; A 2.4 1.8 1.9 1.8 -90 90",
    "C": "A 2.8 3.5 2.8 3.5 48 312",
    "D": "L 1.8 0 0 0 0 7 1.8 7; A 1.8 3.5 2.9 3.5 -90 90",
    "E": "L 3.9 7 0 7 0 0 3.9 0; L 0 3.6 3.4 3.6",
    "F": "L 3.9 7 0 7 0 0; L 0 3.6 3.3 3.6",
    "G": "A 2.8 3.5 2.8 3.5 48 330; L 3.1 3.2 5.25 3.2 5.25 1.75",
    "H": "L 0 0 0 7; L 4.6 0 4.6 7; L 0 3.6 4.6 3.6",
    "I": "L 0 0 0 7",
    "J": "L 2.7 7 2.7 1.8; A 1.3 1.8 1.4 1.8 190 360",
    "K": "L 0 0 0 7; L 4.2 7 0 2.6; L 1.5 4.1 4.4 0",
    "L": "L 0 7 0 0 3.7 0",
    "M": "L 0 0 0 7 2.8 1.8 5.6 7 5.6 0",
    "N": "L 0 0 0 7 4.6 0 4.6 7",
    "O": "A 2.9 3.5 2.9 3.5 0 360",
    "P": "L 0 0 0 7 2.4 7; A 2.4 5.1 1.9 1.9 -90 90; L 0 3.2 2.4 3.2",
    "Q": "A 2.9 3.5 2.9 3.5 0 360; L 3.7 1.6 5.6 -0.6",
    "R": "L 0 0 0 7 2.4 7; A 2.4 5.1 1.9 1.9 -90 90; L 0 3.2 2.4 3.2; L 2.2 3.2 4.4 0",
    "S": "A 2.1 5.25 1.9 1.75 25 270; A 2.1 1.75 2.1 1.75 -155 90",
    "T": "L 0 7 4.8 7; L 2.4 7 2.4 0",
    "U": "L 0 7 0 2.3; A 2.3 2.3 2.3 2.3 180 360; L 4.6 2.3 4.6 7",
    "V": "L 0 7 2.4 0 4.8 7",
    "W": "L 0 7 1.7 0 3.4 6.4 5.1 0 6.8 7",
    "X": "L 0 7 4.6 0; L 4.6 7 0 0",
    "Y": "L 0 7 2.4 3.3 4.8 7; L 2.4 3.3 2.4 0",
    "Z": "L 0 7 4.4 7 0 0 4.4 0",
    "a": f"{_ROUND}; L 3.8 5 3.8 0",
    "b": f"L 0 7 0 0; {_ROUND}",
    "c": "A 1.9 2.5 1.9 2.5 48 312",
    "d": f"{_ROUND}; L 3.8 7 3.8 0",
    "e": "A 1.9 2.5 1.9 2.5 0 312; L 0 2.5 3.8 2.5",
    "f": "L 0.9 0 0.9 5.4; A 2.3 5.4 1.4 1.6 90 180; L 0 4.7 2.2 4.7",
    "g": f"{_ROUND}; L 3.8 5 3.8 -0.2; A 1.9 -0.2 1.9 1.8 195 360",
    "h": "L 0 0 0 7; A 1.75 3.25 1.75 1.75 0 180; L 3.5 3.25 3.5 0",
    "i": "L 0 0 0 4.8; D 0 6.7",
    "j": "L 1 4.8 1 -0.7; A 0 -0.7 1 1.3 270 360; D 1 6.7",
    "k": "L 0 0 0 7; L 3.2 5 0 1.8; L 1.2 3 3.5 0",
    "l": "L 0 7 0 1; A 1 1 1 1 180 260",
    "m": "L 0 0 0 5; A 1.4 3.6 1.4 1.4 0 180; L 2.8 3.6 2.8 0; A 4.2 3.6 1.4 1.4 0 180; L 5.6 3.6 5.6 0",
    "n": "L 0 0 0 5; A 1.75 3.25 1.75 1.75 0 180; L 3.5 3.25 3.5 0",
    "o": _ROUND,
    "p": f"L 0 -2 0 5; {_ROUND}",
    "q": f"{_ROUND}; L 3.8 5 3.8 -2",
    "r": "L 0 0 0 5; A 1.9 3.1 1.9 1.9 75 180",
    "s": "A 1.5 3.75 1.35 1.25 25 270; A 1.5 1.25 1.5 1.25 -155 90",
    "t": "L 0.9 6.6 0.9 1.3; A 2.2 1.3 1.3 1.3 180 280; L 0 4.7 2.3 4.7",
    "u": "L 0 5 0 1.75; A 1.75 1.75 1.75 1.75 180 360; L 3.5 5 3.5 0",
    "v": "L 0 5 1.8 0 3.6 5",
    "w": "L 0 5 1.3 0 2.6 4.6 3.9 0 5.2 5",
    "x": "L 0 5 3.5 0; L 3.5 5 0 0",
    "y": "L 0 5 1.9 0; L 3.8 5 1.1 -2",
    "z": "L 0 5 3.3 5 0 0 3.3 0",
    "0": "A 2.1 3.5 2.1 3.5 0 360",
    "1": "L 0.3 5.5 2 7 2 0",
    "2": "A 2.05 5.05 1.95 1.95 -25 170; L 3.8 4.2 0 0 4.2 0",
    "3": "A 2 5.3 1.8 1.7 -90 150; A 2 1.8 2.1 1.8 -150 90",
    "4": "L 3.3 0 3.3 7 0 2 4.4 2",
    "5": "L 3.9 7 0.6 7 0.35 3.7; A 2 2.3 2.2 2.3 -150 135",
    "6": "A 2.1 2.2 2.1 2.2 0 360; A 3.6 2.2 3.6 4.8 102 180",
    "7": "L 0 7 4.2 7 1.4 0",
    "8": "A 2.1 5.3 1.75 1.7 0 360; A 2.1 1.8 2.1 1.8 0 360",
    "9": "A 2.1 4.8 2.1 2.2 0 360; A 0.6 4.8 3.6 4.8 -78 0",
    ".": "D 0.1 0.1",
    ",": "L 0.5 0.3 0 -1.2",
    ":": "D 0.1 0.3; D 0.1 4.3",
    ";": "L 0.5 0.3 0 -1.2; D 0.5 4.3",
    "-": "L 0 2.6 2.2 2.6",
    "+": "L 0 3 4 3; L 2 1 2 5",
    "=": "L 0 2 4 2; L 0 4 4 4",
    "/": "L 0 -0.8 2.8 7.4",
    "(": "A 2.6 3 2.6 4.6 125 235",
    ")": "A -1.1 3 2.6 4.6 -55 55",
    "<": "L 3.6 5.6 0 3.2 3.6 0.8",
    ">": "L 0 5.6 3.6 3.2 0 0.8",
    "≥": "L 0 6.4 3.6 4.2 0 2; L 0 0.4 3.6 0.4",
    "%": "A 1.2 5.6 1.2 1.4 0 360; A 4.6 1.4 1.2 1.4 0 360; L 4.8 7 1 0",
    "_": "L 0 -1 4 -1",
    "°": "A 1.1 6 1.1 1.1 0 360",
    "·": "D 0.1 2.8",
    "*": "L 0 4.4 2.6 6.2; L 0 6.2 2.6 4.4; L 1.3 3.8 1.3 6.8",
    "'": "L 0 5.4 0 7",
}
_SPACE = 2.1


@cache
def _strokes(letter: str) -> tuple[NDArray[np.float64], ...]:
    """The strokes of a letter as points (n, 2)."""
    found = []
    for stroke in _LETTERS[letter].split(";"):
        kind, *texts = stroke.split()
        numbers = [float(text) for text in texts]
        if kind == "A":
            x, y, rx, ry, begin, end = numbers
            angle = np.deg2rad(np.linspace(begin, end, max(2, round(abs(end - begin) / _ARC_STEP_DEG) + 1)))
            found.append(np.column_stack([x + rx * np.cos(angle), y + ry * np.sin(angle)]))
        else:
            found.append(np.asarray(numbers).reshape(-1, 2))
    return tuple(found)


def _advance(letter: str) -> float:
    """Width of a letter without the gap after it, in grid units."""
    return _SPACE if letter == " " else max(float(stroke[:, 0].max()) for stroke in _strokes(letter))


def compute_text_width(text: str, height_px: float) -> int:
    """Width in pixels of a line of text whose capitals are `height_px` high."""
    units = sum(_advance(letter) + _GAP for letter in _known(text)) - _GAP + _PEN
    return int(np.ceil(units * height_px / _HEIGHT)) if text else 0


def draw_text(
    pixels: NDArray[np.uint8], text: str, *, row: float, column: float, height_px: float, colour: tuple[int, int, int]
) -> None:
    """Draw one line of text onto a picture (rows, columns, 3), in place, with smooth edges.

    `row` is the baseline, `column` the left edge, `height_px` the height of capitals. What lies outside is cut off; a
    sign without a letter here is drawn as `*`.
    """
    scale = height_px / _HEIGHT
    at = column + _PEN * scale / 2
    for letter in _known(text):
        if letter != " ":
            _draw_letter(pixels, letter, (row, at, scale), colour)
        at += (_advance(letter) + _GAP) * scale


def _known(text: str) -> list[str]:
    if "\n" in text:
        raise UnusableInputError("text on a picture: expected one line, found several")
    return [letter if letter == " " or letter in _LETTERS else "*" for letter in text]


def _draw_letter(
    pixels: NDArray[np.uint8], letter: str, place: tuple[float, float, float], colour: tuple[int, int, int]
) -> None:
    """Blend one letter: a pixel is covered as far as it lies within the pen."""
    row, at, scale = place
    whole_row, whole_at = math.floor(row), math.floor(at)
    top, left, cover = _cover(letter, _part_of_a_pixel(row), _part_of_a_pixel(at), scale)
    top, left = top + whole_row, left + whole_at
    first_row, first_column = max(-top, 0), max(-left, 0)
    area = pixels[max(top, 0) : top + cover.shape[0], max(left, 0) : left + cover.shape[1]]
    rows, columns, _ = area.shape
    if top + cover.shape[0] <= 0 or left + cover.shape[1] <= 0 or not area.size:
        return
    share = cover[first_row : first_row + rows, first_column : first_column + columns, None]
    area[:] = np.round(area * (1 - share) + np.asarray(colour) * share).astype(np.uint8)


def _part_of_a_pixel(place: float) -> float:
    """Where between two pixels a place lies, to a sixteenth: so a letter that comes again need not be drawn again."""
    return math.floor(_PARTS * (place - math.floor(place))) / _PARTS


@lru_cache(maxsize=4096)
def _cover(letter: str, row: float, column: float, scale: float) -> tuple[int, int, NDArray[np.float64]]:
    """First row and column of the pixels that a letter may touch, and how much of each it covers."""
    pen = _PEN * scale / 2
    top, bottom = math.floor(row - (_HEIGHT + 1) * scale - 1), math.ceil(row + _DESCENT * scale + 2)
    left, right = math.floor(column - 3 * scale - 1), math.ceil(column + (_advance(letter) + 2) * scale + 2)
    centre = np.stack(np.meshgrid(np.arange(left, right), np.arange(top, bottom)), axis=-1).astype(np.float64)
    distance = np.full(centre.shape[:2], np.inf)
    for stroke in _strokes(letter):
        points = np.column_stack([column + stroke[:, 0] * scale, row - stroke[:, 1] * scale])
        ends = points[1:] if len(points) > 1 else points
        for start, end in zip(points, ends, strict=False):
            distance = np.minimum(distance, _distance(centre, start, end))
    return top, left, np.clip(pen + 0.5 - distance, 0.0, 1.0)


def _distance(points: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each point to a segment."""
    way = end - start
    length = float(way @ way)
    along = np.clip(((points - start) @ way) / length, 0.0, 1.0) if length else np.zeros(points.shape[:2])
    return np.asarray(np.linalg.norm(points - start - along[..., None] * way, axis=-1))
