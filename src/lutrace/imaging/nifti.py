"""NIfTI files: arrays stored x, y, z, affine in RAS millimetres, as ITK writes and reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.core import Source, UnusableInputError, digest_of_file
from lutrace.imaging.itk import geometry_of, read_image, sitk, to_itk, view_of_itk
from lutrace.imaging.neighbourhood import find_places
from lutrace.imaging.volume import Geometry, Mask, Volume, box_of_places, empty_region

NIFTI_ENDINGS = (".nii", ".nii.gz")


def is_nifti(path: Path) -> bool:
    """Whether the name of a file says NIfTI."""
    return path.name.lower().endswith(NIFTI_ENDINGS)


def _read(path: Path) -> Any:
    """The ITK image of a file with three dimensions and one number per voxel."""
    if not path.is_file():
        raise UnusableInputError(f"{path.name}: no such file")
    try:
        image = read_image(path)
    except RuntimeError as error:
        raise UnusableInputError(f"{path.name}: cannot be read as NIfTI; expected a three-dimensional image") from error
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise UnusableInputError(
            f"{path.name}: expected three dimensions and one number per voxel, found {image.GetDimension()} dimensions "
            f"and {image.GetNumberOfComponentsPerPixel()} numbers; split it first"
        )
    return image


def read_nifti_volume(path: Path, *, unit: str) -> Volume:
    """The image of a NIfTI file as float32; NIfTI names no unit, so the caller states it (`g/mL`, `Bq/mL`, `HU`).

    Raises UnusableInputError when the file is absent, no NIfTI, cut short, or has more than three dimensions.
    """
    image = _read(path)
    array = view_of_itk(image).astype(np.float32)
    return Volume(array, geometry_of(image), unit, Source("masks", digest_of_file(path), "nifti"))


def read_nifti_masks(path: Path) -> list[Mask]:
    """The regions of a NIfTI label file, one mask per label above 0 in rising order.

    With one label only the mask is named after the file, else `<file>_<label>`. Raises UnusableInputError when a voxel
    is not a whole number (a probability map has no single meaning here).
    """
    image = _read(path)
    array, geometry = view_of_itk(image), geometry_of(image)
    place = find_places(array, lambda voxels: voxels != 0)
    found = array.ravel()[place]
    order = np.argsort(found, kind="stable")
    values, begins = np.unique(found[order], return_index=True)
    if not np.array_equal(values, np.round(values)) or values.min(initial=0) < 0:
        raise UnusableInputError(
            f"{path.name}: expected whole labels from 0, found {float(array.min()):g} to {float(array.max()):g}; "
            "threshold the map first"
        )
    stem = path.name[: -len(".nii.gz")] if path.name.lower().endswith(".nii.gz") else path.stem
    digest = digest_of_file(path)
    if not len(values):
        return [Mask(stem, empty_region(geometry.shape_zyx), geometry, Source("masks", digest, "nifti"))]
    labels = [int(value) for value in values]
    names = [stem] if len(labels) == 1 else [f"{stem}_{label}" for label in labels]
    return [
        _region(name, place[own], geometry, Source("masks", digest, f"nifti label {label}"))
        for name, label, own in zip(names, labels, np.split(order, begins[1:]), strict=True)
    ]


def _region(name: str, place: NDArray[np.int64], geometry: Geometry, source: Source) -> Mask:
    """The mask of the voxels at flat indices that rise; memory that holds none of them is never touched."""
    array = empty_region(geometry.shape_zyx)
    array.ravel()[place] = True
    return Mask(name, array, geometry, source, extent=box_of_places(place, geometry.shape_zyx))


def write_nifti(path: Path, array: NDArray[Any], geometry: Geometry) -> None:
    """Write an array (slices, rows, columns) as NIfTI: stored x, y, z, affine in RAS mm; booleans as uint8 0 and 1.

    Raises UnusableInputError when the name does not end in .nii or .nii.gz.
    """
    if not is_nifti(path):
        raise UnusableInputError(f"{path.name}: expected a name that ends in .nii or .nii.gz")
    path.parent.mkdir(parents=True, exist_ok=True)
    sitk.WriteImage(to_itk(array, geometry), str(path), useCompression=True)
