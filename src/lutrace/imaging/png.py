"""PNG bytes of a picture, by the standard library alone."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def encode_png(pixels: NDArray[np.uint8], *, pixel_mm: float | None = None) -> bytes:
    """PNG bytes of an RGB array (rows, columns, 3) of uint8; the same array gives the same bytes.

    `pixel_mm` is stored as physical size (pHYs chunk). Raises UnusableInputError for another shape or type.
    Source: ISO/IEC 15948 (PNG), colour type 2, filter 0.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise UnusableInputError(f"a picture: expected uint8 (rows, columns, 3), found {pixels.dtype} {pixels.shape}")
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)
    lines[:, 1:] = pixels.reshape(height, -1)
    chunks = [_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))]
    if pixel_mm is not None:
        per_metre = round(1000.0 / pixel_mm)
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)))
    chunks += [_chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)), _chunk(b"IEND", b"")]
    return _SIGNATURE + b"".join(chunks)
