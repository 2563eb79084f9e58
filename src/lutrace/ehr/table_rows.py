"""Tables of a centre (CSV, TSV, XLSX, Parquet) into rows of declared fact tables."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from lutrace.core import (
    REPEATED_HEADER,
    Source,
    Table,
    TableContent,
    UnusableInputError,
    digest_of_file,
    read_sheet_names,
    read_table,
    tell_file,
)
from lutrace.ehr.mapping import (
    CellRule,
    Decimal,
    RowRule,
    TableMapping,
    is_short_lab,
    known_columns,
    needed_columns,
)
from lutrace.ehr.mapping_headings import TURNED, is_turned
from lutrace.ehr.mapping_rows import rows_by_mapping
from lutrace.ehr.records import Fault, RecordBatch
from lutrace.ehr.table_records import FILLED_HERE
from lutrace.tables import FACT_TABLES
from lutrace.terms import tell_column

_RAGGED = "look for a separator or a quote too many or too few in this row, or for a file that is cut off"


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
    content = read_table(path)
    if not content.names:
        return RecordBatch(Source("table", digest_of_file(path)), {table.name: ()})
    _check_columns(path, table, content)
    return _rows_of(path, content, _own_names(table, content.names, decimal))


def read_mapped_rows(path: Path, mapping: TableMapping) -> RecordBatch:
    """The typed rows that a mapping makes of a table file; what `rows_by_mapping` says of them holds.

    Every sheet that the mapping names is read. Raises UnusableInputError for an unreadable file, or a column that the
    mapping reads and the file has not.
    """
    sheets = dict.fromkeys(rule.sheet or mapping.sheet for rule in mapping.rules)
    numbers = {name: number for number, name in enumerate(_sheet_names(path), start=1)}
    batches = []
    for sheet in sheets:
        content = read_table(
            path,
            sheet=sheet,
            header_rows=mapping.header_rows_of(sheet),
            separator=mapping.separator,
            encoding=mapping.encoding,
        )
        place = "row" if len(sheets) == 1 else f"sheet {numbers[sheet] if sheet is not None else 1}, row"
        batches.append(_rows_of(path, content, mapping, place=place, sheet=sheet))
    return functools.reduce(RecordBatch.plus, batches)


def _sheet_names(path: Path) -> tuple[str, ...]:
    return read_sheet_names(path) if path.suffix.lower() == ".xlsx" else ()


def _rows_of(
    path: Path, content: TableContent, mapping: TableMapping, *, place: str = "row", sheet: str | None = None
) -> RecordBatch:
    """What the mapping makes of the rows, with the rows that could not be told apart as faults."""
    source = Source("table", digest_of_file(path))
    batch = rows_by_mapping(mapping, content.rows, source, name=tell_file(path), place=place, sheet=sheet)
    repeated = sum(words == REPEATED_HEADER for _, words in content.broken)
    faults = tuple(
        Fault(mapping.rules[0].table, f"{place} {number}", None, f"the row {words}", _RAGGED)
        for number, words in content.broken
        if words != REPEATED_HEADER
    )
    unread = {"rows that repeat the header line": repeated} if repeated else {}
    return batch.plus(RecordBatch(source, {}, (), faults, unread, content.notes))


def _own_names(table: Table, names: Sequence[str], decimal: Decimal | None) -> TableMapping:
    """The mapping of a table whose columns have the declared names already."""
    known = known_columns(table, names)
    cells = {name: CellRule(column=name) for name in names if name in known}
    ours = {name: "the registry fills it" for name in names if name in FILLED_HERE and name not in cells}
    rule = RowRule(table=table.name, columns=cells)
    # The rule is not checked as one that people write: a table of our own may hold what only we fill.
    return TableMapping.model_construct(
        patient_id=CellRule(column="patient_id"), rules=(rule,), decimal=decimal, not_read=ours
    )


def _check_columns(path: Path, table: Table, content: TableContent) -> None:
    """Refuse a table without a column that every row must fill, and one whose patients stand in columns."""
    names = content.names
    short = is_short_lab(table, names)
    wanted = ["patient_id", *needed_columns(table, names), *(["unit"] if short else [])]
    missing = [name for name in wanted if name not in names]
    if missing and is_turned(names, (record[names[0]] for _, record in content.rows)):
        raise UnusableInputError(f"{tell_file(path)}: {TURNED}")
    if missing:
        raise UnusableInputError(
            f"{tell_file(path)}: {table.name} needs the columns {', '.join(missing)}; found "
            f"{', '.join(tell_column(names, one) for one in names)}; rename them in the file, or write a mapping "
            "(--propose-mapping)"
        )
