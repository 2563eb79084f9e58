"""Plain tables on disk: CSV, TSV, XLSX and Parquet by their ending, read as text or typed, written the same."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from lutrace.core.errors import UnusableInputError

Row = dict[str, Any]
ENDINGS = (".csv", ".tsv", ".xlsx", ".parquet")
_COMMA = re.compile(r"^[<>=≤≥ ]*[-+]?(?:\d{1,3}(?:\.\d{3})+,\d+|0*,\d+|\d*,(?:\d{1,2}|\d{4,})|\d{4,},\d+)(?:[eE].*)?$")
_POINT = re.compile(
    r"^[<>=≤≥ ]*[-+]?(?:\d{1,3}(?:,\d{3})+\.\d+|0*\.\d+|\d*\.(?:\d{1,2}|\d{4,})|\d{4,}\.\d+)(?:[eE].*)?$"
)
_EITHER = re.compile(r"^[<>=≤≥ ]*[-+]?[1-9]\d{0,2}\.\d{3}$")
"""A decimal comma, a decimal point, and what can be a decimal point or group thousands."""


def read_rows(path: Path) -> list[Row]:
    """The rows of a table file; CSV, TSV and XLSX cells as stripped text (None when empty), Parquet typed.

    Rows without any content are left out. Raises what `read_numbered_rows` raises.
    """
    return [row for _number, row in read_numbered_rows(path)]


def read_numbered_rows(path: Path) -> list[tuple[int, Row]]:
    """The rows of a table file, each with its number in the file as a spreadsheet counts it (the header is row 1).

    Raises UnusableInputError for an unknown ending, a missing file, a doubled or empty header, or undecodable text.
    """
    check_is_table_file(path)
    match path.suffix.lower():
        case ".csv":
            return _read_delimited(path, None)
        case ".tsv":
            return _read_delimited(path, "\t")
        case ".xlsx":
            return _read_xlsx(path)
        case ".parquet":
            return _read_parquet(path)
    raise UnusableInputError(f"{path.name}: expected a table ending in {', '.join(ENDINGS)}")


def read_lines(path: Path, delimiter: str | None = None) -> list[list[str]]:
    """The cells of a text table, line by line with the heading first: for tables whose headings may stand twice.

    Without a `delimiter` it is the comma, semicolon or tab that the first line holds most. Raises UnusableInputError
    for text that is not UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableInputError(f"{path.name}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    if delimiter is None:
        head = text.split("\n", 1)[0]
        delimiter = max(",;\t", key=head.count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def check_is_table_file(path: Path) -> None:
    """Raise UnusableInputError where there is a folder, or nothing, in the place of a table."""
    if path.is_dir():
        raise UnusableInputError(
            f"{path.name}: is a folder, expected a table ending in {', '.join(ENDINGS)}; name the file in it"
        )
    if not path.is_file():
        raise UnusableInputError(f"{path.name}: no such file; check the path")


def check_is_other_file(out: Path, *sources: Path) -> None:
    """Raise UnusableInputError where a result would be written over a file that it is made of."""
    if out.exists() and any(one.exists() and out.samefile(one) for one in sources):
        raise UnusableInputError(f"{out.name}: --out names an input; name another file, so that none is lost")


def has_decimal_comma(path: Path, rows: Sequence[tuple[int, Row]], columns: Iterable[str]) -> bool:
    """Whether the numbers of a table are written with a decimal comma: some say so, and none has a decimal point.

    `rows` as `read_numbered_rows` gives them, `columns` those that hold numbers. Only text tells: `12,5` is a decimal
    comma, `12.5` a point, `5,000` neither. Raises UnusableInputError where numbers with a decimal comma stand beside
    such as `1.234`, which could then be 1234 or 1.234.
    """
    commas = points = 0
    doubtful: str | None = None
    for number, row in rows:
        for name in columns:
            cell = str(row.get(name) or "")
            commas += _COMMA.match(cell) is not None
            points += _POINT.match(cell) is not None
            if _EITHER.match(cell) is not None:
                doubtful = doubtful or f"row {number}, {name}"
    if commas and doubtful is not None and not points:
        raise UnusableInputError(
            f"{path.name}: {doubtful}: a point before three digits can group thousands or be a decimal sign where "
            "other numbers have a decimal comma; write all numbers with one decimal sign and without groups"
        )
    return commas > 0 and not points


def with_decimal_points(path: Path, rows: Sequence[tuple[int, Row]], columns: Sequence[str]) -> list[tuple[int, Row]]:
    """The rows with decimal points in the numbers of `columns`, where the table is written with decimal commas.

    Raises what `has_decimal_comma` raises.
    """
    if not has_decimal_comma(path, rows, columns):
        return list(rows)
    return [
        (number, {name: _with_point(cell) if name in columns else cell for name, cell in row.items()})
        for number, row in rows
    ]


def _with_point(cell: Any) -> Any:
    return cell.replace(".", "").replace(",", ".") if isinstance(cell, str) and "," in cell else cell


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Write `rows` to a table file by its ending; `columns` fixes names and order (default: first seen first)."""
    names = list(columns) if columns is not None else list(dict.fromkeys(key for row in rows for key in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix.lower():
        case ".csv" | ".tsv":
            delimiter = "," if path.suffix.lower() == ".csv" else "\t"
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
                writer.writerow(names)
                writer.writerows([_as_text(row.get(name)) for name in names] for row in rows)
        case ".xlsx":
            book = openpyxl.Workbook(write_only=True)
            sheet = book.create_sheet("table")
            sheet.append(names)
            for row in rows:
                sheet.append([_as_cell(row.get(name)) for name in names])
            book.save(path)
        case ".parquet":
            pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
        case _:
            raise UnusableInputError(f"{path.name}: expected a table ending in {', '.join(ENDINGS)}")


def _read_delimited(path: Path, delimiter: str | None) -> list[tuple[int, Row]]:
    return _rows_of(path, read_lines(path, delimiter))


def _read_xlsx(path: Path) -> list[tuple[int, Row]]:
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UnusableInputError(f"{path.name}: not a readable XLSX workbook; save it anew as XLSX or CSV") from error
    sheet = book.worksheets[0]
    lines = [[_cell_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    book.close()
    while lines and lines[0] and not lines[0][-1]:
        lines = [line[:-1] if len(line) == len(lines[0]) else line for line in lines]
    width = len(lines[0]) if lines else 0
    return _rows_of(path, [[*line, *[""] * (width - len(line))] for line in lines])


def _read_parquet(path: Path) -> list[tuple[int, Row]]:
    try:
        rows = pq.read_table(path).to_pylist()
    except pa.ArrowInvalid as error:
        raise UnusableInputError(f"{path.name}: not a readable Parquet file") from error
    return list(enumerate(rows, start=2))


def _rows_of(path: Path, lines: Sequence[Sequence[str]]) -> list[tuple[int, Row]]:
    if not lines:
        raise UnusableInputError(f"{path.name}: the table is empty; its first row must name the columns")
    names = [name.strip() for name in lines[0]]
    if len(set(names)) != len(names) or "" in names:
        raise UnusableInputError(f"{path.name}: row 1 must name each column once, got {names}")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) != len(names):
            raise UnusableInputError(f"{path.name}: row {number} has {len(line)} cells, expected {len(names)}")
        rows.append((number, {name: cell.strip() or None for name, cell in zip(names, line, strict=True)}))
    return rows


def _cell_text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "; ".join(_as_text(item) for item in value)
    return str(value)


def _as_cell(value: Any) -> Any:
    if value is None or isinstance(value, int | float | dt.date):
        return value
    return _as_text(value)
