"""SEG -> masks: binary, fractional and label-map segmentations brought to the image's grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np

from lutrace.core import ContradictionError, Source, UnusableInputError
from lutrace.dicom.region_names import clean_region_names
from lutrace.imaging import Geometry, Mask, resample_mask

SEG = "1.2.840.10008.5.1.4.1.1.66.4"
LABELMAP_SEG = "1.2.840.10008.5.1.4.1.1.66.7"
FRACTION_INSIDE = 0.5
"""A voxel of a fractional segment belongs when its fraction (or probability) is at least this."""


def masks_of_seg(path: Path, reference: Geometry, digest: str) -> list[Mask]:
    """One mask per segment of a Segmentation object, in its order, on the grid of `reference`.

    BINARY and LABELMAP are taken as they are, FRACTIONAL at `FRACTION_INSIDE`, which a note states. Frames that the
    object leaves out are empty. A segmentation on other voxels than the image's is resampled to the nearest, with a
    note; voxels outside the image are lost, with a note.
    Raises ContradictionError for another frame of reference, UnusableInputError for an object without a regular grid.
    Source: DICOM PS3.3 A.51 and C.8.20.
    """
    seg: Any = hd.seg.segread(path)
    known = reference.frame_of_reference
    frame = seg.get("FrameOfReferenceUID")
    if frame and known and str(frame) != known:
        raise ContradictionError(
            "segmentation: made in another frame of reference than the image's; give the image it was made on, or "
            "register and resample it first"
        )
    numbers = [int(number) for number in seg.segment_numbers]
    labels = [str(seg.get_segment_description(number).segment_label) for number in numbers]
    fractional = str(seg.SegmentationType) == "FRACTIONAL"
    masks = []
    for number, name in zip(numbers, clean_region_names(seg, labels), strict=True):
        own = _segment(seg, number, name, Source("masks", digest, f"seg segment {number}"), fractional)
        masks.append(_on_grid(own, reference))
    return masks


def _segment(seg: Any, number: int, name: str, source: Source, fractional: bool) -> Mask:
    """One segment on its own grid, which holds the stored frames only."""
    try:
        volume = seg.get_volume(segment_numbers=[number], combine_segments=False)
    except (RuntimeError, ValueError) as error:
        raise UnusableInputError(
            f"segment {name}: its frames make no regular grid; expected parallel, evenly spaced planes"
        ) from error
    values = np.asarray(volume.array)[..., 0]
    array = values >= FRACTION_INSIDE if fractional else values > 0
    notes = (f"fractional: voxels of at least {FRACTION_INSIDE} belong",) if fractional else ()
    return Mask(name, np.ascontiguousarray(array), _geometry(volume), source, notes)


def _geometry(volume: Any) -> Geometry:
    """Our grid of a highdicom volume, whose array axes are slice, row, column."""
    affine = np.asarray(volume.affine, float)[:, [2, 1, 0, 3]]
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    size = np.asarray(volume.array.shape[:3])[::-1]
    return Geometry(
        (int(size[0]), int(size[1]), int(size[2])),
        (float(spacing[0]), float(spacing[1]), float(spacing[2])),
        (float(affine[0, 3]), float(affine[1, 3]), float(affine[2, 3])),
        tuple(float(v) for v in (affine[:3, :3] / spacing).ravel()),  # type: ignore[arg-type]
        str(volume.frame_of_reference_uid) if volume.frame_of_reference_uid else None,
    )


def _on_grid(own: Mask, reference: Geometry) -> Mask:
    """The mask on the image's grid: voxel for voxel where the grids share their voxels, else to the nearest."""
    place = np.argwhere(own.array)
    moved = reference.to_index(own.geometry.to_mm(place.astype(float)))
    nearest = np.round(moved).astype(np.int64)
    same_voxels = _shares_voxels(own.geometry, reference)
    if not same_voxels:
        return resample_mask(own, reference)
    inside = ((nearest >= 0) & (nearest < np.asarray(reference.shape_zyx))).all(axis=1)
    array = np.zeros(reference.shape_zyx, np.bool_)
    array[tuple(nearest[inside].T)] = True
    notes = own.notes
    if not inside.all():
        notes = (*notes, f"{int((~inside).sum())} of {len(place)} voxels lie outside the image and are lost")
    return Mask(own.name, array, reference, own.source, notes)


def _shares_voxels(own: Geometry, reference: Geometry) -> bool:
    """Whether each voxel of `own` is a voxel of the grid that `reference` continues without end."""
    corners = reference.to_index(own.corners_mm)
    whole = np.allclose(corners, np.round(corners), atol=0.02)
    return bool(whole and np.isclose(own.voxel_volume_ml, reference.voxel_volume_ml, rtol=1e-3))
