"""Masks of any kind on one image: RTSTRUCT, SEG and NIfTI, from a file or a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from lutrace.core import UnusableInputError, digest_of_file, tell_file
from lutrace.dicom.mask_objects import class_of_file, read_structure_set
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
    return _read(path, reference, series_uid, read_nifti_masks)


class MaskReader(Protocol):
    """What `read_masks` does for one path."""

    def __call__(self, reference: Geometry, *, series_uid: str | None = None) -> list[Mask]:
        """The regions on the grid of `reference`."""
        ...


@contextmanager
def begin_masks(path: Path) -> Iterator[MaskReader]:
    """What `read_masks` gives of `path`, for an image that is not read yet: NIfTI is decoded beside that, in a thread.

    Faults of the files are raised when the masks are asked for. What was not asked for in the end is not waited for.
    """
    pool = ThreadPoolExecutor(1)
    begun = {file: pool.submit(read_nifti_masks, file) for file in _files(path) if is_nifti(file)}

    def read(reference: Geometry, *, series_uid: str | None = None) -> list[Mask]:
        return _read(path, reference, series_uid, lambda file: begun.pop(file).result())

    try:
        yield read
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())


def _read(
    path: Path, reference: Geometry, series_uid: str | None, read_nifti: Callable[[Path], list[Mask]]
) -> list[Mask]:
    if not path.exists():
        raise UnusableInputError(f"{tell_file(path)}: no such file or folder")
    found: list[Mask] = []
    for file in _files(path):
        if is_nifti(file):
            found += [_on_grid(mask, reference) for mask in read_nifti(file)]
        else:
            found += _read_objects(file, reference, series_uid)
    if not found:
        raise UnusableInputError(f"{tell_file(path)}: holds no RTSTRUCT, SEG or NIfTI mask")
    return _with_unique_names(found)


def _read_objects(path: Path, reference: Geometry, series_uid: str | None) -> list[Mask]:
    """The regions of one DICOM file; none when it is something else."""
    kind = class_of_file(path)
    if kind == RTSTRUCT:
        return masks_of_rtstruct(read_structure_set(path), reference, digest_of_file(path), series_uid=series_uid)
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
