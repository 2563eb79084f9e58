"""Stored voxels of one file into float32, rescaled: straight from the bytes where they are native, else decoded."""

from __future__ import annotations

import hashlib
import io
import math

import numpy as np
import pydicom
from numpy.typing import NDArray

from lutrace.core import ContradictionError, UnusableInputError
from lutrace.dicom.instance import Instance, PixelLayout

MAX_SCALE = 1e20
"""Larger slopes are damage: times a stored value they leave float32."""

_DECODE_ERRORS = (RuntimeError, ValueError, AttributeError, NotImplementedError, EOFError, KeyError, TypeError)


def layout_of(instance: Instance) -> PixelLayout:
    """The pixel layout of an instance. Raises UnusableInputError when the file holds no image."""
    if instance.layout is None:
        raise UnusableInputError("Pixel Data (7FE0,0010): found nothing; the file holds no image")
    return instance.layout


def load_image(instance: Instance, out: NDArray[np.float32]) -> str:
    """Fill `out` (frames, rows, columns) with rescaled voxels, float32; return the SHA-256 of the file's bytes.

    Raises ContradictionError for a rescale slope of 0 or not a number, UnusableInputError when decoding fails.
    """
    layout = layout_of(instance)
    check_slope(layout)
    content = instance.path.read_bytes()
    stored = _native(content, layout, out.shape) if layout.is_native else _decoded(content, out.shape)
    if stored.dtype.kind == "f" and not np.isfinite(stored).all():
        raise ContradictionError(
            "Float Pixel Data (7FE0,0008): expected finite voxels, found infinite or undefined ones"
        )
    _rescale(stored, layout.slope, layout.intercept, out)
    return hashlib.sha256(content).hexdigest()


def check_slope(layout: PixelLayout) -> None:
    """Raise ContradictionError unless the rescale slope is a usable number other than 0, and the intercept one."""
    if math.isnan(layout.slope):
        raise ContradictionError(
            "Rescale Slope (0028,1053): expected a number, found nothing that is one: the whole numbers that a PET "
            "stores have no unit without it; export the series again"
        )
    if not is_usable_scale(layout.slope, layout.intercept):
        raise ContradictionError(
            f"Rescale Slope (0028,1053) = {layout.slope:g}, Intercept (0028,1052) = {layout.intercept:g}: expected "
            "finite numbers and a slope other than 0; export the series again"
        )


def is_usable_scale(slope: float, intercept: float) -> bool:
    """Whether slope and intercept are finite, the slope is not 0, and rescaled values stay within float32."""
    return 0.0 < abs(slope) <= MAX_SCALE and abs(intercept) <= MAX_SCALE


def _native(content: bytes, layout: PixelLayout, shape: tuple[int, ...]) -> NDArray[np.generic]:
    if len(content) < layout.offset + layout.length:
        raise UnusableInputError(f"truncated: Pixel Data (7FE0,0010) needs {layout.length} bytes; the file got shorter")
    kind = f"<{'i' if layout.signed else 'u'}{layout.bits_allocated // 8}"
    stored = np.frombuffer(content, kind, count=math.prod(shape), offset=layout.offset).reshape(shape)
    unused = layout.bits_allocated - layout.bits_stored
    if unused > 0:  # the high bits may hold an overlay, or no sign
        shifted = np.left_shift(stored, unused)
        return np.asarray(np.right_shift(shifted, unused))
    return stored


def _decoded(content: bytes, shape: tuple[int, ...]) -> NDArray[np.generic]:
    try:
        stored = np.asarray(pydicom.dcmread(io.BytesIO(content), force=True).pixel_array)
    except _DECODE_ERRORS as error:
        raise UnusableInputError(
            f"Pixel Data (7FE0,0010): cannot be decoded ({type(error).__name__}); damaged, or a transfer syntax that "
            "is not supported"
        ) from error
    if stored.size != math.prod(shape):
        raise UnusableInputError(f"Pixel Data (7FE0,0010): expected {math.prod(shape)} voxels, decoded {stored.size}")
    return stored.reshape(shape)


def _rescale(stored: NDArray[np.generic], slope: float, intercept: float, out: NDArray[np.float32]) -> None:
    if intercept == 0.0 and stored.dtype.itemsize <= 2:
        np.multiply(stored, np.float32(slope), out=out, dtype=np.float32, casting="unsafe")
        return
    out[...] = stored.astype(np.float64) * slope + intercept
