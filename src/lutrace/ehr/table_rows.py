"""Tables of a centre (CSV, TSV, XLSX, Parquet) into rows of declared fact tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lutrace.core import Source, Table, UnusableInputError, digest_of_file, read_numbered_rows
from lutrace.ehr.mapping import (
    CellRule,
    Decimal,
    RowRule,
    TableMapping,
    is_short_lab,
    known_columns,
    needed_columns,
)
from lutrace.ehr.mapping_rows import rows_by_mapping
from lutrace.ehr.records import RecordBatch
from lutrace.ehr.table_records import FILLED_HERE
from lutrace.tables import FACT_TABLES


def read_table_rows(path: Path, table_name: str, *, decimal: Decimal | None = None) -> RecordBatch:
    """The typed rows of a table file whose columns are those of the fact table `table_name`.

    Further columns are counted, not read. Partial dates (`2023-05`) are read where the table has a precision column.
    `decimal` settles numbers such as `5,000`; without it a decimal comma is found out where the numbers of the table
    agree on it. For `labs` the columns `patient_id date analyte|loinc value unit [time lln uln]` are enough, all in the
    row's own unit. For `patients` the columns `family given birth_date` go to the identity. Rows that cannot be typed
    are faults.

    Raises UnusableInputError for an unknown table, an unreadable file or a missing column.
    """
    table = FACT_TABLES.get(table_name)
    if table is None:
        raise UnusableInputError(f"table: expected one of {', '.join(FACT_TABLES)}, got {table_name[:40]!r}")
    records = read_numbered_rows(path)
    source = Source("table", digest_of_file(path))
    if not records:
        return RecordBatch(source, {table.name: ()})
    mapping = _own_names(path, table, list(records[0][1]), decimal)
    return rows_by_mapping(mapping, records, source, name=path.name)


def read_mapped_rows(path: Path, mapping: TableMapping) -> RecordBatch:
    """The typed rows that a mapping makes of a table file; what `rows_by_mapping` says of them holds.

    Raises UnusableInputError for an unreadable file, or a column that the mapping reads and the file has not.
    """
    return rows_by_mapping(mapping, read_numbered_rows(path), Source("table", digest_of_file(path)), name=path.name)


def _own_names(path: Path, table: Table, names: Sequence[str], decimal: Decimal | None) -> TableMapping:
    """The mapping of a table whose columns have the declared names already."""
    _check_columns(path, table, names)
    known = known_columns(table, names)
    cells = {name: CellRule(column=name) for name in names if name in known}
    ours = {name: "the registry fills it" for name in names if name in FILLED_HERE and name not in cells}
    rule = RowRule(table=table.name, columns=cells)
    # The rule is not checked as one that people write: a table of our own may hold what only we fill.
    return TableMapping.model_construct(
        patient_id=CellRule(column="patient_id"), rules=(rule,), decimal=decimal, not_read=ours
    )


def _check_columns(path: Path, table: Table, names: Sequence[str]) -> None:
    """Refuse a table without a column that every row must fill."""
    short = is_short_lab(table, names)
    wanted = ["patient_id", *needed_columns(table, names), *(["unit"] if short else [])]
    missing = [name for name in wanted if name not in names]
    if missing:
        raise UnusableInputError(
            f"{path.name}: {table.name} needs the columns {', '.join(missing)}; "
            f"found {', '.join(names)}; rename them in the file, or write a mapping (--propose-mapping)"
        )
