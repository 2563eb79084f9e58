"""Masks of any kind on one image: RTSTRUCT, SEG and NIfTI, from a file or a folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from lutrace.core import UnusableInputError, digest_of_file
from lutrace.dicom.rtstruct import RTSTRUCT, masks_of_rtstruct
from lutrace.dicom.seg import LABELMAP_SEG, SEG, masks_of_seg
from lutrace.imaging import Geometry, Mask, is_nifti, read_nifti_masks, resample_mask


def read_masks(path: Path, reference: Geometry, *, series_uid: str | None = None) -> list[Mask]:
    """The regions of a mask file, or of all mask files of a folder and its subfolders, on the grid of `reference`.

    RTSTRUCT and SEG are told by their SOP class, NIfTI by its name; in a folder, other files (the image itself) are
    passed over. NIfTI on other voxels than the image's is resampled to the nearest, with a note in the mask. Names that
    two files share get `_2`, `_3`. `series_uid` is the image's, where it is known (see `masks_of_rtstruct`).
    Raises UnusableInputError when there is no such path or no mask in it, and what `masks_of_rtstruct`, `masks_of_seg`
    and `read_nifti_masks` raise.
    """
    if path.is_file():
        found = _read_file(path, reference, series_uid)
    elif path.is_dir():
        found = [
            mask
            for file in sorted(path.rglob("*"))
            if file.is_file()
            for mask in _read_file(file, reference, series_uid)
        ]
    else:
        raise UnusableInputError(f"{path.name}: no such file or folder")
    if not found:
        raise UnusableInputError(f"{path.name}: holds no RTSTRUCT, SEG or NIfTI mask")
    return _with_unique_names(found)


def _read_file(path: Path, reference: Geometry, series_uid: str | None) -> list[Mask]:
    """The regions of one file; none when it is something else."""
    if is_nifti(path):
        return [_on_grid(mask, reference) for mask in read_nifti_masks(path)]
    try:
        kind = str(pydicom.dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True).get("SOPClassUID", ""))
    except InvalidDicomError:
        return []
    if kind == RTSTRUCT:
        return masks_of_rtstruct(pydicom.dcmread(path), reference, digest_of_file(path), series_uid=series_uid)
    if kind in (SEG, LABELMAP_SEG):
        return masks_of_seg(path, reference, digest_of_file(path))
    return []


def _on_grid(mask: Mask, reference: Geometry) -> Mask:
    if mask.geometry.same_grid(reference):
        return replace(mask, geometry=reference)
    return resample_mask(mask, reference)


def _with_unique_names(masks: list[Mask]) -> list[Mask]:
    taken: set[str] = set()
    named = []
    for mask in masks:
        name, number = mask.name, 2
        while name in taken:
            name, number = f"{mask.name}_{number}", number + 1
        taken.add(name)
        named.append(replace(mask, name=name))
    return named
