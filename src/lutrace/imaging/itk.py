"""The crossing between our arrays and SimpleITK's images; nobody outside this room sees an ITK image."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from lutrace.imaging.volume import Geometry

sitk: Any = SimpleITK
"""The library, untyped as it comes; the other files of this room take it from here."""


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
