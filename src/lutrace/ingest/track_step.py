"""`lutrace track`: two lesion tables, a row per link, on plain files without a registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lutrace.core import ContradictionError, MissingFactError, Row, UnsupportedError, UnusableInputError
from lutrace.imaging import Registration, identity_registration
from lutrace.ingest.lesion_tables import LesionTable, check_pairs, digest_frame, frame_of_rows, read_lesion_table
from lutrace.ingest.track_masks import MaskedLesions, overlap_lesions, read_lesion_masks, with_mask_volumes
from lutrace.ingest.track_registration import FixedScan, GivenRegistration, check_registration, read_registration
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
SHIFT_OPEN = (
    "fewer than 3 linked pairs of lesions and no registration tell how two scans are shifted (in {n} of {of} pairs of "
    "scans): a shift of the table may be another lesion, and status and confidence are to be read so; give "
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
    """The files beside two lesion tables: a registration, masks of both scans; and whether all rows are tracked.

    `fixed` is the scan that was the fixed image of the registration: its points are mapped (None: not stated).
    """

    registration: Path | None = None
    baseline_masks: Path | None = None
    followup_masks: Path | None = None
    all_rows: bool = False
    fixed: FixedScan | None = None


def run_track(baseline: Path, followup: Path, *, inputs: TrackInputs | None = None) -> TrackStepResult:
    """Links between the lesions of two tables (`lesion_id x_mm y_mm z_mm`, optionally `volume_ml pair category`).

    Coordinates are LPS mm. With a column `pair` in both tables each pair is linked by itself, pairs in the order met.
    Rows that are no tumour by their `category` are left out unless `all_rows`. With one `frame_digest` in both tables,
    as `lutrace lesions` writes it, nothing moves. A registration is one of `read_registration`, and is held against the
    lesions (`check_registration`). Masks (SEG, RTSTRUCT, NIfTI; a file or a folder; both
    scans' or none) hold regions named after the lesions: how they overlap then counts too, and stands in the column
    `overlap` (Dice). Rows hold `baseline_id followup_id status distance_mm confidence cluster`, preceded by `pair`
    where there is one, and with volumes on both sides followed by `compared` (lesion, or cluster: all lesions that
    merged and split together) and `volume_change_pct`. What is not known of frame of reference and fields of view is a
    warning, and so is a shift that fewer than three linked pairs tell.
    Raises UnusableInputError for missing columns, faulty cells (all together), a column `pair` in one table only, a
    registration that is none or makes things worse, masks of one scan only or beside pairs, or masks that cannot be
    read or placed.
    """
    inputs = inputs or TrackInputs()
    tables = tuple(read_lesion_table(path, all_rows=inputs.all_rows) for path in (baseline, followup))
    files = (baseline.name, followup.name)
    warnings = [PROVISIONAL, *(text for table in tables for text in table.warnings), *check_pairs(tables, files)]
    if inputs.fixed is not None and inputs.registration is None:
        raise UnusableInputError("--fixed says which scan a registration maps from, found none; give --registration")
    if inputs.baseline_masks is not None or inputs.followup_masks is not None:
        links, told = _tracked_by_masks(tables, files, inputs)
    else:
        links, told = _tracked_by_pairs(tables, inputs)
    return TrackStepResult(_with_growth_if_any(links), (*warnings, *dict.fromkeys(told), VIEW_UNKNOWN))


def _tracked_by_pairs(tables: Sequence[LesionTable], inputs: TrackInputs) -> tuple[list[Row], list[str]]:
    """The links by places alone, each pair by itself, and warnings."""
    before, after = (table.rows for table in tables)
    paired = any(table.has_pairs for table in tables)
    links: list[Row] = []
    told: list[str] = []
    given = _given(inputs, (frame_of_rows(before), frame_of_rows(after)), told)
    sides = _by_pair(before), _by_pair(after)
    names = dict.fromkeys((*sides[0], *sides[1]))
    n_open = 0
    for name in names:
        one, two = (side.get(name, []) for side in sides)
        points = _points(one), _points(two)
        motion = _motion(given, points, (frame_of_rows(one), frame_of_rows(two)), told)
        found = track_points(*points, registration=motion)
        n_open += found.open_shift
        links += [({"pair": name} if paired else {}) | link for link in _rows(one, two, found, points)]
    return links, told + _open_shifts(n_open, len(names))


def _open_shifts(n: int, of: int) -> list[str]:
    return [SHIFT_OPEN.format(n=n, of=of)] if n else []


def _by_pair(rows: Sequence[Row]) -> dict[str | None, list[Row]]:
    found: dict[str | None, list[Row]] = {}
    for row in rows:
        found.setdefault(row["pair"], []).append(row)
    return found


def _given(inputs: TrackInputs, frames: tuple[str | None, str | None], told: list[str]) -> Registration | None:
    """The registration of the file, if there is one; what was taken for granted goes to `told`."""
    if inputs.registration is None:
        return None
    registration, notes = read_registration(GivenRegistration(inputs.registration, inputs.fixed, frames))
    told += notes
    return registration


def _motion(
    given: Registration | None,
    points: tuple[Sequence[LesionPoint], Sequence[LesionPoint]],
    frames: tuple[str | None, str | None],
    told: list[str],
) -> Registration | None:
    """The registration given, held against the lesions; none is needed in one frame; None where neither is known."""
    if given is not None:
        places = (np.asarray([one.centroid_mm for one in side], float).reshape(-1, 3) for side in points)
        told += check_registration(given, *places)
        return given
    if frames[0] is not None and frames[0] == frames[1]:
        return identity_registration()
    told.append(FRAME_UNKNOWN if None in frames else OTHER_FRAME)
    return None


def _tracked_by_masks(
    tables: Sequence[LesionTable], names: tuple[str, str], inputs: TrackInputs
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
    told = [*masked[0].warnings, *masked[1].warnings]
    frames = (digest_frame(masked[0].frame), digest_frame(masked[1].frame))
    motion = _motion(_given(inputs, frames, told), points, frames, told)
    overlaps = overlap_lesions(points, masked, motion)
    tracking = track_points(*points, registration=motion, overlaps=overlaps)
    told += _open_shifts(int(tracking.open_shift), 1)
    rows = _rows(before, after, tracking, points)
    links = [{**row, "overlap": link.overlap} for row, link in zip(rows, tracking.links, strict=True)]
    return links, told


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
