"""`lutrace track`: two lesion tables, a row per link, on plain files without a registry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lutrace.core import Row, TableError, UnusableInputError, read_rows
from lutrace.imaging import Registration
from lutrace.ingest.track_masks import MaskedLesions, overlap_lesions, read_lesion_masks, with_mask_volumes
from lutrace.segment import LesionPoint, Tracking, track_points

PROVISIONAL = "provisional: this version of the tracking awaits validation and review"
_COORDINATES = ("x_mm", "y_mm", "z_mm")


@dataclass(frozen=True)
class TrackStepResult:
    """What `lutrace track` shows: a row per link, and warnings."""

    links: tuple[Row, ...]
    warnings: tuple[str, ...]


def run_track(
    baseline: Path,
    followup: Path,
    *,
    registration: Path | None = None,
    baseline_masks: Path | None = None,
    followup_masks: Path | None = None,
) -> TrackStepResult:
    """Links between the lesions of two tables (`lesion_id x_mm y_mm z_mm`, optionally `volume_ml` and `pair`).

    Coordinates are LPS mm. With a column `pair` in both tables each pair is linked by itself, pairs in the order met.
    `registration` is a JSON file with a 4 x 4 matrix, row by row, from baseline to follow-up mm. Masks (SEG, RTSTRUCT,
    NIfTI; a file or a folder; both scans' or none) hold regions named after the lesions: how they overlap then counts
    too, and stands in the column `overlap` (Dice). Rows hold `baseline_id followup_id status distance_mm confidence
    cluster`, preceded by `pair` where there is one. Raises TableError with every faulty row, UnusableInputError for
    missing columns, a registration that is none, masks of one scan only or beside pairs, and what
    `read_lesion_masks` refuses.
    """
    before, after = _read(baseline), _read(followup)
    known = _registration(registration) if registration is not None else None
    if baseline_masks is not None or followup_masks is not None:
        return _tracked_by_masks((before, after), (baseline, followup), (baseline_masks, followup_masks), known)
    paired = any(row.get("pair") is not None for row in before + after)
    names = list(dict.fromkeys(row.get("pair") for row in before + after))
    links: list[Row] = []
    for name in names:
        one = [row for row in before if row.get("pair") == name]
        two = [row for row in after if row.get("pair") == name]
        links += [({"pair": name} if paired else {}) | link for link in _linked(one, two, known)]
    return TrackStepResult(tuple(links), (PROVISIONAL,))


def _tracked_by_masks(
    tables: tuple[list[Row], list[Row]],
    names: tuple[Path, Path],
    paths: tuple[Path | None, Path | None],
    registration: Registration | None,
) -> TrackStepResult:
    """The links of one pair of scans with the overlap of their masks."""
    if paths[0] is None or paths[1] is None:
        raise UnusableInputError("masks: expected those of both scans; give --baseline-masks and --followup-masks")
    if any(row.get("pair") is not None for rows in tables for row in rows):
        raise UnusableInputError("masks go with tables of one pair of scans, found a column pair; run each pair alone")
    masked: tuple[MaskedLesions, MaskedLesions] = (
        read_lesion_masks(paths[0], tables[0], names[0].name),
        read_lesion_masks(paths[1], tables[1], names[1].name),
    )
    points = (with_mask_volumes(_points(tables[0]), masked[0]), with_mask_volumes(_points(tables[1]), masked[1]))
    overlaps, motion = overlap_lesions(points, masked, registration)
    tracking = track_points(*points, registration=motion, overlaps=overlaps)
    links = [
        {**row, "overlap": link.overlap} for row, link in zip(_rows(*tables, tracking), tracking.links, strict=True)
    ]
    return TrackStepResult(tuple(links), (PROVISIONAL, *masked[0].warnings, *masked[1].warnings))


def _linked(before: Sequence[Row], after: Sequence[Row], registration: Registration | None) -> list[Row]:
    return _rows(before, after, track_points(_points(before), _points(after), registration=registration))


def _rows(before: Sequence[Row], after: Sequence[Row], tracking: Tracking) -> list[Row]:
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


def _read(path: Path) -> list[Row]:
    """The rows of a lesion table with numbers in place of text; all faults are reported together."""
    raw = read_rows(path)
    missing = [name for name in ("lesion_id", *_COORDINATES) if raw and name not in raw[0]]
    if missing:
        raise UnusableInputError(f"{path.name}: expected columns lesion_id x_mm y_mm z_mm, found no {missing[0]}")
    faults: list[str] = []
    rows: list[Row] = []
    seen: set[tuple[object, object]] = set()
    for number, cells in enumerate(raw, start=1):
        row: Row = {"lesion_id": cells["lesion_id"], "pair": cells.get("pair")}
        key = (row["pair"], row["lesion_id"])
        if row["lesion_id"] is None or key in seen:
            faults.append(f"row {number}, lesion_id: expected a value that stands once per pair")
        seen.add(key)
        for name in (*_COORDINATES, "volume_ml"):
            row[name] = _number(cells.get(name), f"row {number}, {name}", faults, needed=name != "volume_ml")
        if row["volume_ml"] is not None and row["volume_ml"] <= 0:
            faults.append(f"row {number}, volume_ml: expected a volume above 0, found {row['volume_ml']:g}")
        rows.append(row)
    if faults:
        raise TableError(path.name, faults)
    return rows


def _number(cell: object, place: str, faults: list[str], *, needed: bool) -> float | None:
    if cell is None or cell == "":
        if needed:
            faults.append(f"{place}: expected a number in mm, found nothing")
        return None
    try:
        value = float(str(cell))
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        faults.append(f"{place}: expected a number, found {str(cell)!r}")
        return None
    return value


def _registration(path: Path) -> Registration:
    """The matrix of a JSON file, from baseline to follow-up mm."""
    try:
        matrix = np.asarray(json.loads(path.read_text(encoding="utf-8")), float)
    except (OSError, ValueError, TypeError) as error:
        raise UnusableInputError(f"{path.name}: expected a JSON file with a 4 x 4 matrix of numbers") from error
    if matrix.shape != (4, 4):
        raise UnusableInputError(f"{path.name}: expected a 4 x 4 matrix, found shape {matrix.shape}")
    return Registration(matrix, None, "given")
