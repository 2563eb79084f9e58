"""Tables of a centre (CSV, TSV, XLSX, Parquet) into rows of a declared fact table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from lutrace.core import (
    Column,
    Row,
    Source,
    Table,
    Type,
    UnusableInputError,
    digest_of,
    digest_of_file,
    has_decimal_comma,
    read_numbered_rows,
)
from lutrace.ehr.fhir_elements import RecordError
from lutrace.ehr.records import Fault, Identity, RecordBatch
from lutrace.ehr.table_cells import parse_cell
from lutrace.ehr.table_drugs import gleason_of, medication_of, treatments_of
from lutrace.ehr.table_labs import complete_lab, is_lab_shorthand
from lutrace.tables import DIAGNOSES, FACT_TABLES, MEDICATIONS, PROVENANCE, TREATMENTS

Decimal = Literal[".", ","]

_FILLED_HERE = {column.name for column in PROVENANCE} | {"record_key"}
_LAB_SHORTHAND = ("patient_id", "date", "value", "unit")
_BIRTH_DATE = Column("birth_date", Type.DATE, "day of birth, kept in the identities file only", null="when unknown")
_REMEDY = "correct the row in the table and read it again"


def read_table_rows(
    path: Path, table_name: str, mapping: Mapping[str, str] | None = None, *, decimal: Decimal | None = None
) -> RecordBatch:
    """The typed rows of a table file whose columns are those of the fact table `table_name`.

    `mapping` gives, by the file's column, the declared one; further columns are counted, not read. Partial dates
    (`2023-05`) are read where the table has a precision column. `decimal` settles numbers such as `5,000`; without it
    a decimal comma is found out where the numbers of the table agree on it. For `labs`
    the columns `patient_id date analyte|loinc value unit [time lln uln]` are enough, all in the row's own unit. For
    `patients` the columns `family given birth_date` go to the identity. Rows that cannot be typed are faults.

    Raises UnusableInputError for an unknown table, an unreadable file or a missing column.
    """
    table = FACT_TABLES.get(table_name)
    if table is None:
        raise UnusableInputError(f"table: expected one of {', '.join(FACT_TABLES)}, got {table_name[:40]!r}")
    raw = [(number, _renamed(row, mapping or {})) for number, row in read_numbered_rows(path)]
    names = list(raw[0][1]) if raw else []
    shorthand = table.name == "labs" and is_lab_shorthand(names)
    _check_columns(path, table, names, shorthand=shorthand)
    if decimal is None and has_decimal_comma(path, raw, _number_columns(table, shorthand=shorthand)):
        decimal = ","
    rows: list[Row] = []
    faults: list[Fault] = []
    identities: list[Identity] = []
    unread: Counter[str] = Counter()
    for number, cells in raw:
        locator = f"row {number}"
        try:
            typed = complete_lab(cells, decimal) if shorthand else _typed(cells, table, decimal)
            found = _read_words(typed, table, unread)
        except RecordError as error:
            readable = {name: value for name, value in cells.items() if _may_be_shown(table, name)}
            faults.append(Fault(table.name, locator, error.column, error.rule, error.remedy, readable))
            continue
        if table.name == "patients":
            identities.append(_identity(cells))
        rows += [_keyed(row, cells, table) | {"source_locator": locator} for row in found]
    unread.update(
        f"column {name}"
        for _number, row in raw
        for name, value in row.items()
        if value is not None and _is_extra(table, name)
    )
    source = Source("table", digest_of_file(path))
    return RecordBatch(
        source, {table.name: tuple(rows)}, tuple(identities), tuple(faults), dict(sorted((+unread).items()))
    )


def _renamed(row: Row, mapping: Mapping[str, str]) -> Row:
    return {mapping.get(name, name): value for name, value in row.items()}


def _check_columns(path: Path, table: Table, names: list[str], *, shorthand: bool) -> None:
    """Refuse a table without a column that every row must fill."""
    if not names:
        return
    if shorthand:
        missing = [name for name in _LAB_SHORTHAND if name not in names]
    else:
        missing = [
            column.name
            for column in table.columns
            if column.null is None
            and column.name not in (*names, *_FILLED_HERE)
            and not _is_derived(table, column.name)
        ]
    if missing:
        raise UnusableInputError(
            f"{path.name}: {table.name} needs the columns {', '.join(missing)}; "
            f"found {', '.join(names)}; rename them in the file"
        )


def _number_columns(table: Table, *, shorthand: bool) -> list[str]:
    return ["value", "lln", "uln"] if shorthand else [one.name for one in table.columns if one.type is Type.FLOAT]


def _is_derived(table: Table, name: str) -> bool:
    """Whether the column is filled from another one or has a meaning when absent."""
    return name.endswith("_precision") or (table.name == "patients" and name == "synthetic")


def _is_extra(table: Table, name: str) -> bool:
    known = name in table.by_name or (table.name == "patients" and name in ("family", "given", "birth_date"))
    return not known


def _may_be_shown(table: Table, name: str) -> bool:
    return name in table.by_name and name not in ("patient_id", "record_key")


def _read_words(row: Row, table: Table, unread: Counter[str]) -> list[Row]:
    """The rows that a typed row gives where its drug may be given in words."""
    if table is TREATMENTS:
        return treatments_of(row, unread)
    return [medication_of(row) if table is MEDICATIONS else row]


def _typed(cells: Row, table: Table, decimal: Decimal | None) -> Row:
    cells = gleason_of(cells) if table is DIAGNOSES else cells
    row: Row = {}
    faults: list[RecordError] = []
    for column in table.columns:
        if column.name in _FILLED_HERE or column.name not in cells:
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
    if table.name == "patients":
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


def _identity(cells: Row) -> Identity:
    said = {name: None if cells.get(name) is None else str(cells[name]) for name in ("family", "given", "birth_date")}
    return Identity((("", str(cells["patient_id"])),), said["family"], said["given"], said["birth_date"])
