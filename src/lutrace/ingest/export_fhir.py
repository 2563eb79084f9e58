"""`lutrace export fhir`: the records of a registry as FHIR R4 in NDJSON, with a list of what it cannot carry."""

from __future__ import annotations

from pathlib import Path

from lutrace.core import check_result_folder, replaced_folder
from lutrace.ehr import WRITTEN_TYPES, find_changes, make_fhir
from lutrace.ingest.export_facts import (
    NOT_CARRIED,
    moved_rows,
    read_rows_that_count,
    read_shifts,
    write_not_carried,
)
from lutrace.ingest.export_step import ExportResult
from lutrace.registry import Registry


def run_export_fhir(registry_folder: Path, out: Path, *, shift_dates: bool = False) -> ExportResult:
    """Write the records of a registry, corrections applied, as one NDJSON file for each type of resource into `out`.

    Patients carry their pseudonyms; pseudonymous is not anonymous. `shift_dates` moves all days of a patient by the
    days that the registry keeps for it (the year of birth stays). What is written is read again; what has no place, and
    what does not read back as it was, stands in not_carried.csv. Raises UnusableInputError for a folder that holds
    other files.
    """
    check_result_folder(out, {*(f"{kind}.ndjson" for kind in WRITTEN_TYPES), NOT_CARRIED}, ())
    with Registry.open(registry_folder, write=shift_dates) as registry:
        tables = read_rows_that_count(registry)
        shifts = read_shifts(registry, tables) if shift_dates else {}
    moved = moved_rows(tables, shifts)
    made = make_fhir(moved)
    with replaced_folder(out) as folder:
        written = [path.name for path in made.write(folder)]
        if written:
            made.left.update(find_changes(folder, moved, made.unwritten))
        warnings = write_not_carried(folder, made.left)
    return ExportResult(tuple(out / name for name in (*written, NOT_CARRIED)), warnings)
