"""Masks beside two lesion tables: which region is which lesion, and how the regions of both scans overlap."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError, Row, UnusableInputError, tell_file
from lutrace.dicom import read_own_masks
from lutrace.imaging import Mask, Registration
from lutrace.segment import LesionPoint, Overlaps, compute_mask_overlaps, track_points

_OUTSIDE_MM = 10.0


@dataclass(frozen=True, eq=False)
class MaskedLesions:
    """The regions of one scan by the number of the lesion's row, and what was passed over."""

    regions: Mapping[int, Mask]
    warnings: tuple[str, ...]

    @property
    def frame(self) -> str | None:
        """The frame of reference that all regions share; None when they name none or several."""
        frames = {mask.geometry.frame_of_reference for mask in self.regions.values()}
        return frames.pop() if len(frames) == 1 else None


def read_lesion_masks(path: Path, rows: Sequence[Row], table: str) -> MaskedLesions:
    """The region of each row of a lesion table; a row's number counts from 1.

    A region is a lesion's when it is named `<lesion_id>`, `lesion <lesion_id> ...` or `... <lesion_id>` (`_` is a
    space). Raises UnusableInputError when no name fits or two fit one lesion, ContradictionError when a lesion's place
    lies more than 10 mm outside its region: table and masks must be LPS mm of one scan.
    """
    numbers = {str(row["lesion_id"]): number for number, row in enumerate(rows, start=1)}
    regions: dict[int, Mask] = {}
    masks = read_own_masks(path)
    for mask in masks:
        number = _number_of(mask.name, numbers)
        if number is None or not mask.array.any():
            continue
        if number in regions:
            said = f"{mask.name!r:.60}"
            raise UnusableInputError(f"{tell_file(path)}: two regions are named after one lesion of {table}: {said}")
        regions[number] = mask
        _check_place(mask, rows[number - 1], f"{table}, row {number}")
    if not regions:
        raise UnusableInputError(
            f"{tell_file(path)}: none of {len(masks)} regions is named after a lesion_id of {table}; expected "
            "`<lesion_id>` or `lesion <lesion_id>`"
        )
    passed, bare = len(masks) - len(regions), len(rows) - len(regions)
    idle = f"{tell_file(path)}: {passed} regions are empty or of no lesion of {table} that is tracked, passed over"
    notes = [idle] if passed else []
    notes += [f"{table}: {bare} of {len(rows)} lesions have no mask, their places count alone"] if bare else []
    return MaskedLesions(regions, tuple(notes))


def with_mask_volumes(points: Sequence[LesionPoint], masked: MaskedLesions) -> list[LesionPoint]:
    """The points; one without a volume gets that of its region."""
    return [
        LesionPoint(one.lesion, one.centroid_mm, _volume_ml(masked.regions[one.lesion]))
        if one.volume_ml is None and one.lesion in masked.regions
        else one
        for one in points
    ]


def overlap_lesions(
    points: tuple[Sequence[LesionPoint], Sequence[LesionPoint]],
    masked: tuple[MaskedLesions, MaskedLesions],
    registration: Registration | None,
) -> Overlaps:
    """How the lesions overlap: under a registration; without one, laid over each other by the shift of their places."""
    motion = registration
    if motion is None:
        matrix = np.eye(4)
        matrix[:3, 3] = _median_shift_mm(*points)
        motion = Registration(matrix, None, "shift of the places")
    return compute_mask_overlaps(masked[0].regions, masked[1].regions, motion)


def _median_shift_mm(baseline: Sequence[LesionPoint], followup: Sequence[LesionPoint]) -> NDArray[np.float64]:
    """The median motion (x, y, z; mm) of the lesions that places alone match one to one; 0 without any."""
    before, after = ({one.lesion: np.asarray(one.centroid_mm) for one in side} for side in (baseline, followup))
    moves = [
        after[link.followup_lesion] - before[link.baseline_lesion]
        for link in track_points(baseline, followup).links
        if link.status == "matched" and link.baseline_lesion is not None and link.followup_lesion is not None
    ]
    return np.asarray(np.median(moves, axis=0)) if moves else np.zeros(3)


def _number_of(name: str, numbers: Mapping[str, int]) -> int | None:
    words = re.split(r"[\s_]+", name.strip())
    candidates = [name, *([words[1]] if words[0].casefold() == "lesion" and len(words) > 1 else []), words[-1]]
    return next((numbers[one] for one in candidates if one in numbers), None)


def _check_place(mask: Mask, row: Row, where: str) -> None:
    """Raise unless the row's place lies in the box of its region, or close to it."""
    index = np.argwhere(mask.array).astype(np.float64)
    points = mask.geometry.to_mm(index)
    place = np.asarray([row["x_mm"], row["y_mm"], row["z_mm"]])
    nearest = np.clip(place, points.min(axis=0), points.max(axis=0))
    away = float(np.linalg.norm(place - nearest))
    if away > _OUTSIDE_MM:
        raise ContradictionError(
            f"{where}: its place lies {away:.0f} mm outside its mask, expected at most {_OUTSIDE_MM:.0f}; give both in "
            "LPS mm of the same scan"
        )


def _volume_ml(mask: Mask) -> float:
    return float(mask.array.sum()) * mask.geometry.voxel_volume_ml
