"""`lutrace export omop`: the facts of a registry as an OMOP CDM 5.4, with a list of what it cannot carry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from lutrace.core import check_result_folder, replaced_folder
from lutrace.ehr import CARRIED_TABLES, SYNTHETIC, WRITTEN_TABLES, Cdm, add_periods, add_source, fill_cdm
from lutrace.ehr import OmopForm as Form
from lutrace.ingest.export_facts import (
    NOT_CARRIED,
    moved_rows,
    read_rows_that_count,
    read_shifts,
    write_not_carried,
)
from lutrace.ingest.export_step import ExportResult
from lutrace.ingest.profile import parse_profile
from lutrace.registry import Registry, StoredLetter
from lutrace.tables import PATIENTS


def run_export_omop(
    registry_folder: Path, out: Path, *, form: Form = "parquet", shift_dates: bool = False, notes: bool = False
) -> ExportResult:
    """Write the facts of a registry, corrections applied, as files of the CDM's tables into `out`.

    Persons carry their pseudonyms; pseudonymous is not anonymous. `shift_dates` moves all days of a patient by the days
    that the registry keeps for it (the year of birth stays); `notes` writes the letters, which name people. What the
    model cannot carry stands in not_carried.csv. Raises UnusableInputError for a folder that holds other files.
    """
    names = {f"{name}.{form}" for name in WRITTEN_TABLES} | {NOT_CARRIED}
    check_result_folder(out, names, ())
    cdm = Cdm()
    with Registry.open(registry_folder, write=shift_dates) as registry:
        centre = parse_profile(registry.profile_text).centre
        tables = read_rows_that_count(registry)
        shifts = read_shifts(registry, tables) if shift_dates else {}
        letters = list(registry.letters().values()) if notes else []
    moved = moved_rows(tables, shifts)
    fill_cdm(cdm, {name: rows for name, rows in moved.items() if rows or name in CARRIED_TABLES})
    _add_letters(cdm, letters, shifts)
    add_periods(cdm)
    synthetic = bool(cdm.persons) and all(row["synthetic"] for row in tables[PATIENTS.name])
    add_source(cdm, centre=centre, mark=SYNTHETIC if synthetic else "lutrace", day=_last_day(cdm))
    with replaced_folder(out) as folder:
        written = [path.name for path in cdm.write(folder, form)]
        warnings = write_not_carried(folder, cdm.left)
    return ExportResult(tuple(out / name for name in (*written, NOT_CARRIED)), warnings)


def _add_letters(cdm: Cdm, letters: Sequence[StoredLetter], shifts: dict[str, dt.timedelta]) -> None:
    """NOTE: the text of each letter with a known day, by the pseudonym of its text."""
    for one in letters:
        known = one.note_date is not None and len(one.note_date) == len("2023-05-17")
        if one.patient_id not in cdm.persons or not known or shifts:
            why = "days inside a text are not moved" if shifts else "a note needs a person and a day"
            cdm.leave("letters", "", why)
            continue
        cdm.add(
            "note",
            one.patient_id,
            note_date=dt.date.fromisoformat(str(one.note_date)),
            note_text=one.text,
            note_source_value=one.note_id,
        )


def _last_day(cdm: Cdm) -> dt.date:
    days = [row["observation_period_end_date"] for row in cdm.rows["observation_period"]]
    return max(days, default=dt.date(1970, 1, 1))
