"""The crossing between our arrays and SimpleITK's images; nobody outside this room sees an ITK image."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from lutrace.core import UnusableInputError
from lutrace.imaging.volume import Geometry

sitk: Any = SimpleITK
"""The library, untyped as it comes; the other files of this room take it from here."""


_NIFTI_HEADERS = {348: (40, "h", 72, 108, "f"), 540: (16, "q", 14, 168, "q")}
"""By the header's size, versions 1 and 2: byte and type of the dimensions, byte of the bits per number, of the voxels'
place. Source: nifti1.h and nifti2.h of the NIfTI Data Format Working Group."""
_PIECE = 1 << 20


def read_image(path: Path) -> Any:
    """The ITK image of a file.

    Raises RuntimeError when ITK cannot read it, UnusableInputError for NIfTI that ends before its voxels do: ITK fills
    with zeros what a broken copy has lost, and says nothing.
    """
    image = sitk.ReadImage(str(path))
    if path.name.lower().endswith((".nii", ".nii.gz")) and not _is_whole(path):
        raise UnusableInputError(f"{path.name}: ends before its voxels do: a broken copy; copy it again")
    return image


def _is_whole(path: Path) -> bool:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(-4, 2)
        stated = int.from_bytes(file.read(), "little")
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            needed = _bytes_needed(file.read(max(_NIFTI_HEADERS)))
            if not packed:
                return path.stat().st_size >= needed
            if stated == needed % 2**32:  # what a packed file says at its end that it holds
                return True
            held = 0
            file.seek(0)
            while piece := file.read(_PIECE):
                held += len(piece)
            return held >= needed
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return False


def _bytes_needed(header: bytes) -> int:
    """The bytes of a NIfTI file, unpacked, from its beginning to its last voxel."""
    order = "<" if int.from_bytes(header[:4], "little") in _NIFTI_HEADERS else ">"
    (size,) = struct.unpack_from(f"{order}i", header)
    dimensions_at, kind, bits_at, voxels_at, place = _NIFTI_HEADERS[size]
    count, *lengths = struct.unpack_from(f"{order}8{kind}", header, dimensions_at)
    (bits,) = struct.unpack_from(f"{order}h", header, bits_at)
    (begin,) = struct.unpack_from(f"{order}{place}", header, voxels_at)
    return int(begin + math.prod(lengths[:count]) * bits // 8)


def to_itk(array: NDArray[Any], geometry: Geometry) -> Any:
    """An ITK image of `array` (slices, rows, columns) on `geometry`; booleans become uint8."""
    plain = array.astype(np.uint8) if array.dtype == np.bool_ else array
    image = sitk.GetImageFromArray(plain)
    image.SetSpacing(tuple(float(value) for value in geometry.spacing_mm))
    image.SetOrigin(tuple(float(value) for value in geometry.origin_mm))
    image.SetDirection(tuple(float(value) for value in geometry.direction))
    return image


def geometry_of(image: Any, frame_of_reference: str | None = None) -> Geometry:
    """The grid of a three-dimensional ITK image."""
    return Geometry(
        size_xyz=tuple(image.GetSize()),
        spacing_mm=tuple(image.GetSpacing()),
        origin_mm=tuple(image.GetOrigin()),
        direction=tuple(image.GetDirection()),
        frame_of_reference=frame_of_reference,
    )


def from_itk(image: Any) -> NDArray[Any]:
    """A copy of the voxels of an ITK image, (slices, rows, columns)."""
    return np.asarray(sitk.GetArrayFromImage(image))


def view_of_itk(image: Any) -> NDArray[Any]:
    """The voxels of an ITK image where they lie, read only; the image must outlive them."""
    return np.asarray(sitk.GetArrayViewFromImage(image))
