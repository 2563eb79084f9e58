"""Regions of mask files on their own grids, without the image that they were drawn on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lutrace.core import Source, UnsupportedError, UnusableInputError, digest_of_file, tell_file
from lutrace.dicom.mask_objects import class_of_file, read_structure_set
from lutrace.dicom.rtstruct import RTSTRUCT, contours_by_region
from lutrace.dicom.seg import LABELMAP_SEG, SEG, regions_of_seg
from lutrace.imaging import Geometry, Mask, crop_region, fill_contours, is_nifti, read_nifti_masks

_IN_PLANE_MM = 1.0
_FLAT_MM = 0.01


def read_own_masks(path: Path) -> list[Mask]:
    """The regions of a mask file, or of all mask files of a folder, each on the part of its own grid that holds it.

    SEG and NIfTI have a grid; contours of an RTSTRUCT are filled on one of 1 mm in their axial planes and as far apart
    as those are. Raises UnusableInputError when there is no such path or no mask in it, UnsupportedError for contours
    in other planes, and what the readers raise.
    """
    if not path.exists():
        raise UnusableInputError(f"{tell_file(path)}: no such file or folder")
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    found = [mask for file in files for mask in _read_file(file)]
    if not found:
        raise UnusableInputError(f"{tell_file(path)}: holds no RTSTRUCT, SEG or NIfTI mask")
    return found


def _read_file(path: Path) -> list[Mask]:
    if is_nifti(path):
        return [_cropped(mask) for mask in read_nifti_masks(path)]
    kind = class_of_file(path)
    if kind == RTSTRUCT:
        return _regions_of_rtstruct(read_structure_set(path), digest_of_file(path))
    return regions_of_seg(path, digest_of_file(path)) if kind in (SEG, LABELMAP_SEG) else []


def _cropped(mask: Mask) -> Mask:
    index = np.argwhere(mask.array).astype(np.int64)
    return crop_region(mask.name, index, mask.geometry, mask.source, notes=mask.notes)


def _regions_of_rtstruct(dataset: Dataset, digest: str) -> list[Mask]:
    masks = []
    for number, (name, frame, contours) in enumerate(contours_by_region(dataset), start=1):
        if not contours:
            continue
        geometry = _grid_around(name, contours, frame)
        filled = fill_contours(contours, geometry)
        source = Source("masks", digest, f"rtstruct region {number}")
        index = np.argwhere(filled.array).astype(np.int64)
        masks.append(crop_region(name, index, geometry, source, notes=filled.notes))
    return masks


def _grid_around(name: str, contours: list[NDArray[np.float64]], frame: str | None) -> Geometry:
    """An axial grid that holds the contours: 1 mm in their planes, as far apart as these are (one plane: 1 mm)."""
    if any(np.ptp(points[:, 2]) > _FLAT_MM for points in contours):
        raise UnsupportedError(
            f"region {name}: its contours lie in no axial planes; without the image such a region is not filled: give "
            "SEG or NIfTI"
        )
    planes = np.unique(np.round([points[:, 2].mean() for points in contours], 2))
    step = float(np.median(np.diff(planes))) if len(planes) > 1 else _IN_PLANE_MM
    points = np.concatenate(contours)
    low, high = points.min(axis=0), points.max(axis=0)
    size = np.ceil((high - low) / (_IN_PLANE_MM, _IN_PLANE_MM, step) + 1e-6).astype(int) + 1
    return Geometry(
        (int(size[0]), int(size[1]), int(size[2])),
        (_IN_PLANE_MM, _IN_PLANE_MM, step),
        (float(low[0]), float(low[1]), float(planes[0])),
        frame_of_reference=frame,
    )
