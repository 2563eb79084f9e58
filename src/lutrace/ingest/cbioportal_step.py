"""Timelines of cBioPortal into the registry, and `lutrace export cbioportal`: a registry as a study of cBioPortal."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

from lutrace.core import Progress, Row, UnusableInputError, parse_partial_date, read_numbered_rows, silent, tell_file
from lutrace.ehr import (
    CBIOPORTAL_TABLES,
    find_days_zero,
    make_cbioportal_study,
    read_mapping,
    read_timeline,
    read_timeline_patients,
)
from lutrace.ingest.export_step import ExportResult
from lutrace.ingest.profile import parse_profile
from lutrace.ingest.records_step import add_records
from lutrace.ingest.results import AddResult
from lutrace.registry import Registry
from lutrace.tables import DIAGNOSES

Anchor = Literal["diagnosis", "first_cycle"]
_STUDY = "lutrace_rlt"


def run_add_timeline(
    registry_folder: Path,
    folder: Path,
    *,
    anchor: Path | None = None,
    mapping: Path | None = None,
    dry_run: bool = False,
    progress: Progress = silent,
) -> AddResult:
    """Read the timelines in a folder into the registry, one data file per transaction.

    The day zero of a patient is the one of the table `anchor` (`patient_id date`), else the day of the first diagnosis
    in the registry, where that is known exactly. Rows of patients without one go to quarantine.
    """
    with Registry.open(registry_folder, write=True, dry_run=dry_run) as registry:
        profile = parse_profile(registry.profile_text)
        days = _read_anchors(anchor) if anchor is not None else _known_anchors(registry, folder)
        stated = read_mapping(mapping) if mapping is not None else None
        batches = ((path, batch) for path, batch in read_timeline(folder, days, stated))
        return add_records(registry, profile, batches, progress)


def run_export_cbioportal(
    registry_folder: Path, out: Path, *, anchor: Anchor = "diagnosis", study: str = _STUDY
) -> ExportResult:
    """Write a registry as a study of cBioPortal into `out`: days from `anchor`, pseudonyms, no calendar date.

    Raises UnusableInputError when no patient has a day zero.
    """
    with Registry.open(registry_folder, write=False) as registry:
        tables = {table.name: registry.rows(table, corrected=True) for table in CBIOPORTAL_TABLES}
        centre = parse_profile(registry.profile_text).centre
    if not find_days_zero(tables, anchor):
        raise UnusableInputError(
            "export cbioportal: of no patient the first diagnosis is known to the day; count days from the first cycle "
            "with --anchor first_cycle"
            if anchor == "diagnosis"
            else "export cbioportal: the registry holds no cycle to count days from"
        )
    made = make_cbioportal_study(tables, anchor=anchor, identifier=study, name=f"Radioligand therapy, {centre}")
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in made.files.items():
        path = out / name
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return ExportResult(tuple(written), tuple(f"left out: {n} {words}" for words, n in made.left_out.items()))


def _known_anchors(registry: Registry, folder: Path) -> dict[str, dt.date]:
    """The day zero of the timelines' patients by their identifiers, as the registry knows it."""
    zero = find_days_zero({DIAGNOSES.name: registry.rows(DIAGNOSES, corrected=True)}, "diagnosis")
    named = {one: registry.pseudonym("patient", one) for one in sorted(read_timeline_patients(folder))}
    return {one: zero[pseudonym] for one, pseudonym in named.items() if pseudonym in zero}


def _read_anchors(path: Path) -> dict[str, dt.date]:
    days: dict[str, dt.date] = {}
    for number, row in read_numbered_rows(path):
        days[_cell(path, number, row, "patient_id")] = _day(path, number, _cell(path, number, row, "date"))
    return days


def _cell(path: Path, number: int, row: Row, name: str) -> str:
    if row.get(name) is None:
        words = "is empty; days zero need patient_id and date"
        raise UnusableInputError(f"{tell_file(path)}: row {number}: {name} {words}")
    return str(row[name])


def _day(path: Path, number: int, text: str) -> dt.date:
    try:
        found = parse_partial_date(text)
    except UnusableInputError:
        found = None
    if found is None or found.precision != "day":
        raise UnusableInputError(f"{tell_file(path)}: row {number}: date must be a day such as 2023-05-17")
    return found.first_day()
