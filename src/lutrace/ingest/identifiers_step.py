"""`lutrace add table identifiers.csv`: which identifiers are of one person, as a centre states it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lutrace.core import ContradictionError, Row, TableError, UnusableInputError, read_numbered_rows
from lutrace.ehr import RecordBatch
from lutrace.registry import Registry

NAME = "identifiers"
COLUMNS = ("identifier", "same_as")
"""Needed; `system` and `same_as_system` name whose numbers they are, empty for the hospital's own."""


def is_identifiers(file: Path, table: str | None) -> bool:
    """Whether a file is a table of identifiers: by `--table`, else by its name."""
    return (table or file.stem.lower()) == NAME


def link_identifiers(registry: Registry, file: Path) -> tuple[str, ...]:
    """Link the identifiers of a table (`identifier same_as [system same_as_system]`); what was joined, in words.

    Raises UnusableInputError for missing columns, TableError with every row that cannot be linked: the others are.
    """
    numbered = read_numbered_rows(file)
    missing = [name for name in COLUMNS if numbered and name not in numbered[0][1]]
    if missing:
        raise UnusableInputError(f"{file.name}: needs the columns {', '.join(missing)} [system, same_as_system]")
    told: list[str] = []
    faults: list[str] = []
    for number, row in numbered:
        try:
            words = registry.link_patients(_key(row, "identifier", "system"), _key(row, "same_as", "same_as_system"))
        except (ContradictionError, UnusableInputError) as error:
            faults.append(f"row {number}: {error}")
            continue
        if words is not None:
            told.append(f"row {number}: {words}")
    if faults:
        raise TableError(file.name, faults)
    return tuple(told)


def name_in_system(system: str | None, identifier: str) -> str:
    """An identifier as it is known here: with the system whose number it is, the hospital's own without."""
    return identifier if system is None else f"{system}|{identifier}"


def with_system(batch: RecordBatch, system: str | None) -> RecordBatch:
    """The records of a source that numbers patients in its own way, under identifiers that name its system."""
    if system is None:
        return batch

    def named(row: Row) -> Row:
        return {**row, "patient_id": name_in_system(system, str(row["patient_id"]))} if row.get("patient_id") else row

    identities = [
        replace(one, identifiers=((system, name_in_system(system, one.identifiers[0][1])), *one.identifiers[1:]))
        for one in batch.identities
    ]
    return replace(
        batch,
        rows={table: [named(row) for row in rows] for table, rows in batch.rows.items()},
        identities=identities,
        faults=[replace(one, row=named(one.row)) for one in batch.faults],
        letters=[replace(one, patient_id=name_in_system(system, one.patient_id)) for one in batch.letters],
        restated=[(name_in_system(system, patient), record) for patient, record in batch.restated],
    )


def _key(row: Row, column: str, system: str) -> str:
    value, named = (None if row.get(name) is None else str(row[name]).strip() for name in (column, system))
    if not value:
        raise UnusableInputError(f"{column}: may not be empty")
    return name_in_system(named or None, value)
