"""SEG -> masks: binary, fractional and label-map segmentations brought to the image's grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lutrace.core import ContradictionError, Source, UnusableInputError
from lutrace.dicom import elements as el
from lutrace.dicom.region_names import clean_region_names
from lutrace.dicom.seg_frames import SegFrames, read_frames
from lutrace.imaging import Geometry, Mask, crop_region, resample_mask

SEG = "1.2.840.10008.5.1.4.1.1.66.4"
LABELMAP_SEG = "1.2.840.10008.5.1.4.1.1.66.7"
KINDS = ("BINARY", "FRACTIONAL", "LABELMAP")
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
    read = _read(path, digest, reference.frame_of_reference)
    steps = _whole_steps(read.frames.geometry, reference)
    return [_mask(place, read.frames, region, steps, reference) for place, region in read.regions()]


def regions_of_seg(path: Path, digest: str) -> list[Mask]:
    """One mask per segment, in the object's order, on the part of the object's own grid that holds it.

    FRACTIONAL as in `masks_of_seg`. Raises UnusableInputError for an object without a regular grid.
    """
    read = _read(path, digest, None)
    return [
        crop_region(
            region.name, _slices_of(place, read.frames), read.frames.geometry, region.source, notes=region.notes
        )
        for place, region in read.regions()
    ]


@dataclass(frozen=True)
class _Region:
    """What a mask says of itself beside its voxels."""

    name: str
    source: Source
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Read:
    """A Segmentation object: its frames, and where the voxels of each segment lie."""

    frames: SegFrames
    segments: tuple[tuple[int, str, Source], ...]
    places: _Places

    def regions(self) -> Iterator[tuple[NDArray[np.int64], _Region]]:
        """The voxels (n, 3; frame, row, column) of each segment, and what it says of itself."""
        for number, name, source in self.segments:
            yield self.places.of(number), _Region(name, source, self.places.notes)


def _read(path: Path, digest: str, known_frame: str | None) -> _Read:
    with el.quiet_parsing():
        seg = pydicom.dcmread(path)
        frame = seg.get("FrameOfReferenceUID")
        if frame and known_frame and str(frame) != known_frame:
            raise ContradictionError(
                "segmentation: made in another frame of reference than the image's; give the image it was made on, or "
                "register and resample it first"
            )
        kind = str(seg.get("SegmentationType", ""))
        if kind not in KINDS:
            raise UnusableInputError(
                f"segmentation: Segmentation Type (0062,0001) expected one of {', '.join(KINDS)}, found "
                f"{kind or 'nothing'}"
            )
        numbers, labels = _segments(seg)
        frames = read_frames(seg, labelmap=kind == "LABELMAP")
    names = clean_region_names(seg, labels)
    sources = [Source("masks", digest, f"seg segment {number}") for number in numbers]
    return _Read(frames, tuple(zip(numbers, names, sources, strict=True)), _Places(seg, frames, kind))


def _slices_of(place: NDArray[np.int64], frames: SegFrames) -> NDArray[np.int64]:
    """Slice, row and column of voxels given by frame, row and column."""
    return np.column_stack([frames.slice_of[place[:, 0]], place[:, 1:]])


@dataclass(frozen=True, eq=False)
class _Steps:
    """How the indices (slice, row, column) of one grid become those of another with the same voxels."""

    matrix: NDArray[np.int64]
    offset: NDArray[np.int64]


def _segments(seg: Dataset) -> tuple[list[int], list[str]]:
    """Numbers and labels of the segments in the object's order, without a label map's background."""
    background = seg.get("PixelPaddingValue")
    found = [item for item in seg.get("SegmentSequence", ()) if item.SegmentNumber != background]
    if not found:
        raise UnusableInputError("segmentation: Segment Sequence (0062,0002) expected a segment, found none")
    return [int(item.SegmentNumber) for item in found], [str(item.get("SegmentLabel", "")) for item in found]


class _Places:
    """Where the voxels of each segment lie: frame, row and column, found in one pass."""

    def __init__(self, seg: Dataset, frames: SegFrames, kind: str) -> None:
        """Find all voxels that belong to a segment."""
        values = frames.values
        self.notes: tuple[str, ...] = ()
        if kind == "FRACTIONAL":
            self.notes = (f"fractional: voxels of at least {FRACTION_INSIDE} belong",)
            inside = values >= FRACTION_INSIDE * float(seg.MaximumFractionalValue)
        else:
            inside = values > 0
        self._place = np.stack(np.nonzero(inside), axis=1)
        frame, row, column = self._place.T
        self._number = values[frame, row, column] if frames.segment is None else frames.segment[frame]

    def of(self, number: int) -> NDArray[np.int64]:
        """The voxels (n, 3) of a segment: frame, row, column."""
        return np.asarray(self._place[self._number == number], np.int64)


def _mask(
    place: NDArray[np.int64], frames: SegFrames, region: _Region, steps: _Steps | None, reference: Geometry
) -> Mask:
    """One segment on the image's grid: voxel for voxel where the grids share their voxels, else to the nearest."""
    own = _slices_of(place, frames)
    if steps is None:
        array = np.zeros(frames.geometry.shape_zyx, np.bool_)
        array[tuple(own.T)] = True
        return resample_mask(Mask(region.name, array, frames.geometry, region.source, region.notes), reference)
    moved = own @ steps.matrix + steps.offset
    inside = ((moved >= 0) & (moved < np.asarray(reference.shape_zyx))).all(axis=1)
    array = np.zeros(reference.shape_zyx, np.bool_)
    array[tuple(moved[inside].T)] = True
    notes = region.notes
    if not inside.all():
        notes = (*notes, f"{int((~inside).sum())} of {len(place)} voxels lie outside the image and are lost")
    return Mask(region.name, array, reference, region.source, notes)


def _whole_steps(own: Geometry, reference: Geometry) -> _Steps | None:
    """The steps, when each voxel of `own` is a voxel of the grid that `reference` continues without end, else None."""
    corners = reference.to_index(own.corners_mm)
    if not np.allclose(corners, np.round(corners), atol=0.02):
        return None
    if not np.isclose(own.voxel_volume_ml, reference.voxel_volume_ml, rtol=1e-3):
        return None
    probes = reference.to_index(own.to_mm(np.vstack([np.zeros(3), np.eye(3)])))
    matrix = np.round(probes[1:] - probes[0]).astype(np.int64)
    if not (np.abs(matrix).sum(axis=0) == 1).all() or not (np.abs(matrix).sum(axis=1) == 1).all():
        return None
    return _Steps(matrix, np.round(probes[0]).astype(np.int64))
