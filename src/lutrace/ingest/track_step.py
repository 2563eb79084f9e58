"""`lutrace track`: two lesion tables, a row per link, on plain files without a registry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lutrace.core import ContradictionError, MissingFactError, Row, UnsupportedError, UnusableInputError
from lutrace.imaging import Registration
from lutrace.ingest.lesion_tables import LesionTable, check_pairs, read_lesion_table
from lutrace.ingest.track_masks import MaskedLesions, overlap_lesions, read_lesion_masks, with_mask_volumes
from lutrace.segment import LesionPoint, Tracking, compute_growth, track_points

PROVISIONAL = "provisional: this version of the tracking awaits validation and review"
VIEW_UNKNOWN = (
    "the fields of view of the two scans are not known here: a lesion outside the other scan's view counts as new or "
    "resolved; lutrace measure, in a registry, holds them against the common view"
)
FRAME_UNKNOWN = (
    "the frame of reference of the two scans is not known: their shift is told by the places of the lesions; give "
    "--registration where it is known"
)
OTHER_FRAME = (
    "the two scans lie in different frames of reference: their shift is told by the places of the lesions; give "
    "--registration where it is known"
)
_GROWTH = ("compared", "volume_change_pct")


@dataclass(frozen=True)
class TrackStepResult:
    """What `lutrace track` shows: a row per link, and warnings."""

    links: tuple[Row, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class TrackInputs:
    """The files beside two lesion tables: a registration, masks of both scans; and whether all rows are tracked."""

    registration: Path | None = None
    baseline_masks: Path | None = None
    followup_masks: Path | None = None
    all_rows: bool = False


def run_track(baseline: Path, followup: Path, *, inputs: TrackInputs | None = None) -> TrackStepResult:
    """Links between the lesions of two tables (`lesion_id x_mm y_mm z_mm`, optionally `volume_ml pair category`).

    Coordinates are LPS mm. With a column `pair` in both tables each pair is linked by itself, pairs in the order met.
    Rows that are no tumour by their `category` are left out unless `all_rows`. The registration is a JSON file with a
    4 x 4 matrix, row by row, from baseline to follow-up mm. Masks (SEG, RTSTRUCT, NIfTI; a file or a folder; both
    scans' or none) hold regions named after the lesions: how they overlap then counts too, and stands in the column
    `overlap` (Dice). Rows hold `baseline_id followup_id status distance_mm confidence cluster`, preceded by `pair`
    where there is one, and with volumes on both sides followed by `compared` (lesion, or cluster: all lesions that
    merged and split together) and `volume_change_pct`. What is not known of frame of reference and fields of view is a
    warning.
    Raises UnusableInputError for missing columns, faulty cells (all together), a column `pair` in one table only, a
    registration that is none, masks of one scan only or beside pairs, or masks that cannot be read or placed.
    """
    inputs = inputs or TrackInputs()
    tables = tuple(read_lesion_table(path, all_rows=inputs.all_rows) for path in (baseline, followup))
    files = (baseline.name, followup.name)
    warnings = [PROVISIONAL, *(text for table in tables for text in table.warnings), *check_pairs(tables, files)]
    known = _registration(inputs.registration) if inputs.registration is not None else None
    if inputs.baseline_masks is not None or inputs.followup_masks is not None:
        links, told = _tracked_by_masks(tables, files, inputs, known)
        return TrackStepResult(_with_growth_if_any(links), (*warnings, *told, VIEW_UNKNOWN))
    told = [VIEW_UNKNOWN] if known is not None else [FRAME_UNKNOWN, VIEW_UNKNOWN]
    return TrackStepResult(_with_growth_if_any(_tracked_by_pairs(tables, known)), (*warnings, *told))


def _tracked_by_pairs(tables: Sequence[LesionTable], registration: Registration | None) -> list[Row]:
    """The links by places alone, each pair by itself."""
    before, after = (table.rows for table in tables)
    paired = any(table.has_pairs for table in tables)
    links: list[Row] = []
    for name in dict.fromkeys(row["pair"] for row in (*before, *after)):
        one = [row for row in before if row["pair"] == name]
        two = [row for row in after if row["pair"] == name]
        links += [({"pair": name} if paired else {}) | link for link in _linked(one, two, registration)]
    return links


def _tracked_by_masks(
    tables: Sequence[LesionTable], names: tuple[str, str], inputs: TrackInputs, registration: Registration | None
) -> tuple[list[Row], list[str]]:
    """The links of one pair of scans with the overlap of their masks, and warnings."""
    if inputs.baseline_masks is None or inputs.followup_masks is None:
        raise UnusableInputError("masks: expected those of both scans; give --baseline-masks and --followup-masks")
    if any(table.has_pairs for table in tables):
        raise UnusableInputError("masks go with tables of one pair of scans, found a column pair; run each pair alone")
    before, after = (table.rows for table in tables)
    try:
        masked: tuple[MaskedLesions, MaskedLesions] = (
            read_lesion_masks(inputs.baseline_masks, before, names[0]),
            read_lesion_masks(inputs.followup_masks, after, names[1]),
        )
    except (ContradictionError, MissingFactError, UnsupportedError) as error:
        raise UnusableInputError(f"masks: {error}") from error
    points = (with_mask_volumes(_points(before), masked[0]), with_mask_volumes(_points(after), masked[1]))
    overlaps, motion = overlap_lesions(points, masked, registration)
    tracking = track_points(*points, registration=motion, overlaps=overlaps)
    rows = _rows(before, after, tracking, points)
    links = [{**row, "overlap": link.overlap} for row, link in zip(rows, tracking.links, strict=True)]
    frames = (
        [] if motion is not None else [FRAME_UNKNOWN if None in (masked[0].frame, masked[1].frame) else OTHER_FRAME]
    )
    return links, [*masked[0].warnings, *masked[1].warnings, *frames]


def _linked(before: Sequence[Row], after: Sequence[Row], registration: Registration | None) -> list[Row]:
    points = (_points(before), _points(after))
    return _rows(before, after, track_points(*points, registration=registration), points)


def _rows(
    before: Sequence[Row],
    after: Sequence[Row],
    tracking: Tracking,
    points: tuple[Sequence[LesionPoint], Sequence[LesionPoint]],
) -> list[Row]:
    """A row per link with the change of volume, that of a cluster as one; empty where a volume is not known."""
    volumes = [{one.lesion: one.volume_ml for one in side if one.volume_ml is not None} for side in points]
    growth = compute_growth(tracking.links, volumes[0], volumes[1])
    return [
        row
        | {
            "compared": None if one is None else one.level,
            "volume_change_pct": None if one is None else one.change_pct,
        }
        for row, one in zip(_link_rows(before, after, tracking), growth, strict=True)
    ]


def _with_growth_if_any(links: Sequence[Row]) -> tuple[Row, ...]:
    """The rows, without the columns of growth where no volumes were compared at all."""
    if any(link["compared"] is not None for link in links):
        return tuple(links)
    return tuple({name: value for name, value in link.items() if name not in _GROWTH} for link in links)


def _link_rows(before: Sequence[Row], after: Sequence[Row], tracking: Tracking) -> list[Row]:
    return [
        {
            "baseline_id": None if link.baseline_lesion is None else before[link.baseline_lesion - 1]["lesion_id"],
            "followup_id": None if link.followup_lesion is None else after[link.followup_lesion - 1]["lesion_id"],
            "status": link.status,
            "distance_mm": link.distance_mm,
            "confidence": link.confidence,
            "cluster": link.cluster,
        }
        for link in tracking.links
    ]


def _points(rows: Sequence[Row]) -> list[LesionPoint]:
    """The rows as points, numbered from 1 in their order."""
    return [
        LesionPoint(number, (row["x_mm"], row["y_mm"], row["z_mm"]), row["volume_ml"])
        for number, row in enumerate(rows, start=1)
    ]


def _registration(path: Path) -> Registration:
    """The matrix of a JSON file, from baseline to follow-up mm."""
    try:
        matrix = np.asarray(json.loads(path.read_text(encoding="utf-8")), float)
    except (OSError, ValueError, TypeError) as error:
        raise UnusableInputError(f"{path.name}: expected a JSON file with a 4 x 4 matrix of numbers") from error
    if matrix.shape != (4, 4):
        raise UnusableInputError(f"{path.name}: expected a 4 x 4 matrix, found shape {matrix.shape}")
    return Registration(matrix, None, "given")
