"""GIF bytes of pictures that follow each other, by the standard library and numpy alone."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError

_COLOURS = 256
_MOST_TINTS = 96
_LONGEST_CODE = 12
_CLEAR, _END, _FIRST = 256, 257, 258


def encode_gif(frames: Sequence[NDArray[np.uint8]], *, frame_s: float) -> bytes:
    """GIF bytes of RGB arrays (rows, columns, 3) of one shape, shown `frame_s` seconds each, repeated without end.

    The 96 most frequent colours that are not grey are kept as they are, each other one becomes the nearest of these in
    RGB; greys are rounded to as many levels as the palette of 256 has left. The same frames give the same bytes. Raises
    UnusableInputError without frames, or for two shapes.
    Source: GIF89a specification; the looping extension NETSCAPE2.0.
    """
    if not frames or len({frame.shape for frame in frames}) > 1 or frames[0].ndim != 3 or frames[0].shape[2] != 3:
        raise UnusableInputError("a moving picture: expected at least one frame (rows, columns, 3), all of one shape")
    tints = _tints(frames)
    height, width = frames[0].shape[:2]
    levels = _COLOURS - len(tints)
    grey = np.round(np.linspace(0, 255, levels)).astype(np.uint8)
    palette = np.concatenate([np.repeat(grey[:, None], 3, axis=1), tints])
    parts = [
        b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF7, 0, 0) + palette.tobytes(),
        b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00",
    ]
    shown: NDArray[np.uint8] | None = None
    for frame in frames:
        indexed = _indexed(frame, tints, levels)
        parts.append(_frame(indexed, shown, frame_s))
        shown = indexed
    return b"".join([*parts, b"\x3b"])


def _codes(frame: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Each pixel's colour as one number."""
    wide = frame.astype(np.int64)
    return np.asarray((wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2])


def _rgb(codes: NDArray[np.int64]) -> NDArray[np.uint8]:
    return np.stack([codes >> 16, (codes >> 8) & 255, codes & 255], axis=1).astype(np.uint8)


def _tints(frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The most frequent colours (n, 3) of all frames that are not grey."""
    found = [frame[(frame != frame[..., :1]).any(axis=2)] for frame in frames]
    codes, counts = np.unique(_codes(np.concatenate(found)), return_counts=True)
    return _rgb(codes[np.argsort(-counts, kind="stable")[:_MOST_TINTS]])


def _indexed(frame: NDArray[np.uint8], tints: NDArray[np.uint8], levels: int) -> NDArray[np.uint8]:
    """Each pixel's place in the palette: greys first, then tints."""
    place = np.round(frame[..., 0] * ((levels - 1) / 255.0)).astype(np.int64)
    is_tint = (frame != frame[..., :1]).any(axis=2)
    codes, back = np.unique(_codes(frame[is_tint]), return_inverse=True)
    if len(codes):
        away = _rgb(codes).astype(np.int64)[:, None] - tints.astype(np.int64)[None]
        place[is_tint] = levels + (away**2).sum(axis=2).argmin(axis=1)[back]
    return place.astype(np.uint8)


def _frame(indexed: NDArray[np.uint8], shown: NDArray[np.uint8] | None, frame_s: float) -> bytes:
    """One frame: only the rectangle that differs from what is shown already."""
    top, left, bottom, right = 0, 0, *indexed.shape
    if shown is not None:
        changed = indexed != shown
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        top, bottom = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 1)
        left, right = (int(columns[0]), int(columns[-1]) + 1) if len(columns) else (0, 1)
    control = b"\x21\xf9\x04\x04" + struct.pack("<H", round(frame_s * 100)) + b"\x00\x00"
    place = b"\x2c" + struct.pack("<HHHHB", left, top, right - left, bottom - top, 0)
    return control + place + b"\x08" + _blocks(_compress(indexed[top:bottom, left:right].tobytes()))


def _compress(content: bytes) -> bytes:
    """LZW with codes of 9 to 12 bits, packed from the lowest bit on."""
    codes, widths = [_CLEAR], [9]
    table: dict[int, int] = {}
    following, width = _FIRST, 9
    prefix = content[0]
    for byte in content[1:]:
        key = (prefix << 8) | byte
        known = table.get(key)
        if known is not None:
            prefix = known
            continue
        codes.append(prefix)
        widths.append(width)
        prefix = byte
        if following == 1 << _LONGEST_CODE:
            codes.append(_CLEAR)
            widths.append(width)
            table, following, width = {}, _FIRST, 9
            continue
        table[key] = following
        if following == 1 << width and width < _LONGEST_CODE:
            width += 1
        following += 1
    codes += [prefix, _END]
    widths += [width, width]
    return _packed(np.asarray(codes), np.asarray(widths))


def _packed(codes: NDArray[np.int64], widths: NDArray[np.int64]) -> bytes:
    """The codes as one stream of bits, the lowest bit of each first."""
    bits = (codes[:, None] >> np.arange(_LONGEST_CODE)) & 1
    used = np.arange(_LONGEST_CODE) < widths[:, None]
    return np.packbits(bits[used].astype(np.uint8), bitorder="little").tobytes()


def _blocks(content: bytes) -> bytes:
    """Blocks of at most 255 bytes, each behind its length, closed by an empty one."""
    cut = [content[start : start + 255] for start in range(0, len(content), 255)]
    return b"".join(bytes([len(part)]) + part for part in cut) + b"\x00"
