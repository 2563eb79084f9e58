"""`lutrace export seg|csv`: what a registry has measured, as DICOM objects beside the originals or as plain tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import LutraceError, Progress, Row, UnusableInputError, silent, write_rows
from lutrace.dicom import SeriesFiles, Tracking, index_folder, is_activity_series, make_tracking
from lutrace.ingest.header_facts import summarise_header_facts
from lutrace.ingest.lesion_objects import MeasuredScan, write_lesion_objects, write_lesion_pictures
from lutrace.ingest.measure_step import tasks_as_measured
from lutrace.ingest.measure_task import PatientTask
from lutrace.ingest.measuring import MEASURED_TABLES
from lutrace.ingest.scan_measuring import find_scan_lesions
from lutrace.registry import Registry
from lutrace.segment import LesionSet
from lutrace.tables import LESIONS, PICTURES, SCANS, TUMOUR_BURDENS
from lutrace.terms import tracer_target

_TITLE = {"psma_pet": "PET", "rlt_spect": "SPECT"}


@dataclass(frozen=True)
class ExportResult:
    """The files written, and what was left out and why."""

    written: tuple[Path, ...]
    warnings: tuple[str, ...]


def run_export_csv(registry_folder: Path, out: Path, *, plans: Sequence[str] = ()) -> ExportResult:
    """Write the measured tables of a registry as CSV into `out`, one file each: pseudonyms, corrections applied.

    The columns are those of the declared tables, with each row's provenance; of `header_facts` what explains the SUV.
    `plans` chooses the rows of tables that have a plan (none: all); the others are written whole. Pseudonymous is not
    anonymous: dates and measures of single patients are in it. Raises UnusableInputError without a registry, or for a
    plan that nothing was measured under.
    """
    written = []
    with Registry.open(registry_folder, write=False) as registry:
        measured = {row["plan"] for row in registry.rows(TUMOUR_BURDENS)}
        unknown = [name for name in plans if name not in measured]
        if unknown:
            raise UnusableInputError(
                f"nothing was measured under plan {', '.join(unknown)}, expected one of "
                f"{', '.join(sorted(measured)) or 'none yet'}; run lutrace measure first"
            )
        for table in (SCANS, *(one for one in MEASURED_TABLES if one is not PICTURES)):
            path = out / f"{table.name}.csv"
            rows = registry.rows(table, corrected=True)
            if plans and "plan" in table.by_name:
                rows = [row for row in rows if row["plan"] in plans]
            if table is SCANS:
                rows = [_with_short_header(row) for row in rows]
            write_rows(path, rows, [column.name for column in table.columns])
            written.append(path)
    return ExportResult(tuple(written), ())


def _with_short_header(row: Row) -> Row:
    facts = row["header_facts"]
    return row if facts is None else {**row, "header_facts": summarise_header_facts(facts)}


def run_export_seg(
    registry_folder: Path,
    out: Path,
    *,
    dicom: Path | None,
    plans: Sequence[str] = (),
    progress: Progress = silent,
) -> ExportResult:
    """Write SEG, RTSTRUCT, SUV mapping, report and pictures of every measured scan whose series lies below `dicom`.

    A registry keeps no DICOM files and no UIDs of the originals, and other programs open an object in place only by
    these: so `dicom` names the folder of the original series. The objects carry the patient of the originals and are
    kept with them; they lie in `out`/series UID/plan, and no pseudonym of patient or scan is in them. The lesions are
    found again from the stored volumes and must be those that were measured. A lesion has one Tracking Unique
    Identifier in all scans of a plan. `plans` chooses among the plans measured (none: all).
    Raises UnusableInputError without `dicom`, when no PET or SPECT lies below it, or for a plan that nothing was
    measured under.
    """
    if dicom is None:
        raise UnusableInputError(
            "export seg: a registry keeps no DICOM files and no original UIDs, by which other programs would find the "
            "images; name the folder of the original series: --dicom FOLDER"
        )
    series = [one for one in index_folder([dicom]).series if is_activity_series(one)]
    if not series:
        raise UnusableInputError(
            f"{dicom.name}: expected the original PET and SPECT series, found none; name the folder that was given to "
            "`lutrace add dicom`"
        )
    written: list[Path] = []
    warnings: list[str] = []
    with Registry.open(registry_folder, write=True, dry_run=True) as registry:
        originals = {registry.pseudonym("series", one.series_uid): one for one in series}
        tasks = tasks_as_measured(registry, plans)
        names = _names(registry)
        for done, task in enumerate(tasks, start=1):
            for scan in task.scans:
                original = originals.get(scan["scan_id"])
                if original is None:
                    warnings.append(f"{scan['scan_id']}: its series is not below the folder, left out")
                    continue
                paths, problems = _export_scan(task, scan, original, names, out)
                written += paths
                warnings += problems
            progress("patients", done, len(tasks))
    return ExportResult(tuple(written), tuple(warnings))


@dataclass(frozen=True)
class _Names:
    """What the registry knows of the lesions: their tracks, and the inputs that each scan's totals rest on."""

    tracks: dict[tuple[str, str, int], str | None]
    inputs: dict[tuple[str, str], str]


def _names(registry: Registry) -> _Names:
    lesions = registry.rows(LESIONS)
    return _Names(
        {(row["scan_id"], row["plan_digest"], row["lesion"]): row["track_id"] for row in lesions},
        {(row["scan_id"], row["plan_digest"]): row["inputs_digest"] for row in registry.rows(TUMOUR_BURDENS)},
    )


def _export_scan(
    task: PatientTask, scan: Row, original: SeriesFiles, names: _Names, out: Path
) -> tuple[list[Path], list[str]]:
    """The files of one scan under all plans of the task, and what was left out."""
    scan_id = scan["scan_id"]
    try:
        suv, done, found = find_scan_lesions(task, scan)
    except LutraceError as error:
        return [], [f"{scan_id}: {error}"]
    written: list[Path] = []
    problems: list[str] = []
    for name, lesions in found.items():
        known = names.inputs.get((scan_id, lesions.plan.digest))
        if known != task.plan_inputs[scan_id, name]:
            problems.append(f"{scan_id}, plan {name}: its facts have changed since; run lutrace measure, then again")
            continue
        title = _TITLE[scan["purpose"]] + (f", cycle {scan['cycle']}" if scan["cycle"] is not None else "")
        tracking = _tracking(scan_id, lesions, names)
        measured = MeasuredScan(
            original.paths,
            suv,
            done.factor,
            lesions,
            tracking,
            title,
            seed=f"{scan_id}/{lesions.plan.digest}",
            target=tracer_target(done.facts.tracer),
        )
        folder = out / original.series_uid / name
        try:
            written += [*write_lesion_objects(measured, folder), *write_lesion_pictures(measured, folder)]
        except LutraceError as error:
            problems.append(f"{scan_id}, plan {name}: {error}")
    return written, problems


def _tracking(scan_id: str, lesions: LesionSet, names: _Names) -> dict[int, Tracking]:
    """The identity of each lesion: its track, or its number in this scan and plan where it was never tracked."""
    digest = lesions.plan.digest
    return {
        one.lesion: make_tracking(track)
        if (track := names.tracks.get((scan_id, digest, one.lesion))) is not None
        else make_tracking(f"lesion {one.lesion}", scan_id, digest)
        for one in lesions.lesions
    }
