"""One record of a table, already under declared names, as typed rows of its fact table."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lutrace.core import Column, Row, Table, Type, digest_of
from lutrace.ehr.fhir_elements import RecordError
from lutrace.ehr.mapping import IDENTITY_COLUMNS, Decimal, is_short_lab
from lutrace.ehr.records import Identity
from lutrace.ehr.table_cells import parse_cell
from lutrace.ehr.table_drugs import gleason_of, medication_of, treatments_of
from lutrace.ehr.table_labs import complete_lab
from lutrace.ehr.table_regions import checked_region
from lutrace.tables import DIAGNOSES, MEDICATIONS, PATIENTS, PROVENANCE, REGION_STATISTICS, TREATMENTS

FILLED_HERE = frozenset({column.name for column in PROVENANCE} | {"record_key"})
_BIRTH_DATE = Column("birth_date", Type.DATE, "day of birth, kept in the identities file only", null="when unknown")
_REMEDY = "correct the row in the table and read it again"


def make_fact_rows(table: Table, cells: Row, decimal: Decimal | None, unread: Counter[str]) -> list[Row]:
    """The typed rows that one record gives: most often one, of a regimen in words one for each drug.

    `cells` are by declared column and hold `patient_id`; labs without `canonical_unit` are results as reported. Raises
    RecordError with all that is wrong with the record.
    """
    typed = complete_lab(cells, decimal) if is_short_lab(table, cells) else _typed(cells, table, decimal)
    return [_keyed(row, cells, table) for row in _read_words(typed, table, unread)]


def make_identity(cells: Row) -> Identity:
    """What a record of patients says of who the patient is."""
    said = {name: None if cells.get(name) is None else str(cells[name]) for name in IDENTITY_COLUMNS}
    return Identity((("", str(cells["patient_id"])),), said["family"], said["given"], said["birth_date"])


def _read_words(row: Row, table: Table, unread: Counter[str]) -> list[Row]:
    """The rows that a typed row gives where its drug may be given in words."""
    if table is TREATMENTS:
        return treatments_of(row, unread)
    if table is REGION_STATISTICS:
        return [checked_region(row)]
    return [medication_of(row) if table is MEDICATIONS else row]


def _typed(cells: Row, table: Table, decimal: Decimal | None) -> Row:
    cells = gleason_of(cells) if table is DIAGNOSES else cells
    row: Row = {}
    faults: list[RecordError] = []
    for column in table.columns:
        if column.name in FILLED_HERE or column.name not in cells:
            continue
        try:
            value, precision = parse_cell(
                cells[column.name], column, decimal, partial=f"{column.name}_precision" in table.by_name
            )
        except RecordError as error:
            faults.append(error)
            continue
        row[column.name] = value
        if precision is not None:
            row[f"{column.name}_precision"] = precision
    if not row.get("patient_id"):
        faults.append(RecordError("patient_id", "patient_id is empty", _REMEDY))
    if faults:
        raise RecordError(faults[0].column, "; ".join(fault.rule for fault in faults), faults[0].remedy)
    if table is PATIENTS:
        row.setdefault("synthetic", False)
        if row.get("birth_year") is None:
            born, _ = parse_cell(cells.get("birth_date"), _BIRTH_DATE, decimal, partial=True)
            row["birth_year"] = None if born is None else born.year
    return row


def _keyed(row: Row, cells: Row, table: Table) -> Row:
    """The row with its record key: the digest of the key of the file, else of the row."""
    if "record_key" not in table.by_name:
        return row
    given: Any = cells.get("record_key")
    basis = str(given) if given is not None else {name: value for name, value in row.items() if value is not None}
    return row | {"record_key": digest_of(basis)[:20]}
