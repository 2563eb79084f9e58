"""Plain tables on disk: CSV, TSV, XLSX and Parquet by their ending, read as text or typed, written the same."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from lutrace.core.cells import tell_file
from lutrace.core.errors import UnusableInputError
from lutrace.core.text_tables import TextLines, read_text_lines
from lutrace.core.workbooks import read_sheet

Row = dict[str, Any]
ENDINGS = (".csv", ".tsv", ".xlsx", ".parquet")
REPEATED_HEADER = "repeats the header line"
_OPEN_QUOTE = "opens a quote that never closes; nothing from it on could be told apart"
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

    Raises UnusableInputError for an unknown ending, a missing file, a doubled or empty header, a row that is too long
    or too short, or undecodable text.
    """
    if path.is_file() and path.suffix.lower() not in ENDINGS:
        raise UnusableInputError(f"{tell_file(path)}: expected a table ending in {', '.join(ENDINGS)}")
    content = read_table(path)
    if content.renamed:
        unnamed = _letters(content.renamed)
        raise UnusableInputError(
            f"{tell_file(path)}: row 1 must name each column once; without its own name: {unnamed}"
        )
    if content.broken:
        number, words = content.broken[0]
        raise UnusableInputError(f"{tell_file(path)}: row {number} {words}")
    return list(content.rows)


@dataclass(frozen=True)
class TableContent:
    """A table with what hinders reading all of it: `broken` rows with the reason, `notes` on how it was read.

    `renamed` are the columns whose heading was empty or stood twice: they are called `name [E]` by their letter.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[int, Row], ...]
    broken: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()
    renamed: tuple[str, ...] = ()


def read_table(
    path: Path,
    *,
    sheet: str | None = None,
    header_rows: Sequence[int] = (1,),
    separator: str | None = None,
    encoding: str | None = None,
) -> TableContent:
    """A table file as far as it can be read: CSV, TSV and TXT, a sheet of an XLSX workbook, or Parquet.

    Cells are stripped text (None when empty), of Parquet typed. `header_rows` name the columns; of several rows the
    parts are joined by ` | `, a heading above several columns (merged cells) counting for each. Rows without content,
    and columns without heading and content, are left out.

    Raises UnusableInputError where nothing can be read: no such file, an unknown ending, encoding or sheet, no header.
    """
    check_is_table_file(path)
    match path.suffix.lower():
        case ".parquet":
            rows = _read_parquet(path)
            return TableContent(tuple(rows[0][1]) if rows else (), tuple(rows))
        case ".xlsx":
            lines, notes = read_sheet(path, sheet)
            return _content(path, TextLines(lines, notes), header_rows)
        case ".csv" | ".tsv" | ".txt" as ending:
            if sheet is not None:
                raise UnusableInputError(f"{tell_file(path)}: only an XLSX workbook has sheets; take sheet out")
            split = read_text_lines(path, separator or ("\t" if ending == ".tsv" else None), encoding)
            return _content(path, split, header_rows)
    raise UnusableInputError(f"{tell_file(path)}: expected a table ending in {', '.join(ENDINGS)}")


def read_lines(path: Path, delimiter: str | None = None) -> list[list[str]]:
    """The cells of a text table, line by line with the heading first: for tables whose headings may stand twice.

    Encoding and delimiter are found out. Raises UnusableInputError for undecodable text, and for a quote that never
    closes, with its row.
    """
    split = read_text_lines(path, delimiter)
    if split.broken is not None:
        raise UnusableInputError(f"{tell_file(path)}: row {split.broken} {_OPEN_QUOTE}")
    return split.lines


def check_is_table_file(path: Path) -> None:
    """Raise UnusableInputError where there is a folder, or nothing, in the place of a table."""
    if path.is_dir():
        raise UnusableInputError(
            f"{tell_file(path)}: is a folder, expected a table ending in {', '.join(ENDINGS)}; name the file in it"
        )
    if not path.is_file():
        raise UnusableInputError(f"{tell_file(path)}: no such file; check the path")


def check_is_other_file(out: Path, *sources: Path) -> None:
    """Raise UnusableInputError where a result would be written over a file that it is made of."""
    if out.exists() and any(one.exists() and out.samefile(one) for one in sources):
        raise UnusableInputError(f"{out.name}: --out names an input; name another file, so that none is lost")


def has_decimal_comma(name: str, rows: Sequence[tuple[int, Row]], columns: Iterable[str]) -> bool:
    """Whether the numbers of a table are written with a decimal comma: some say so, and none has a decimal point.

    `name` is what errors call the table, `rows` as `read_numbered_rows` gives them, `columns` those that hold numbers.
    Only text tells: `12,5` is a decimal comma, `12.5` a point, `5,000` neither. Raises UnusableInputError where numbers
    with a decimal comma stand beside such as `1.234`, which could then be 1234 or 1.234.
    """
    commas = points = 0
    doubtful: str | None = None
    for number, row in rows:
        for column in columns:
            cell = str(row.get(column) or "")
            commas += _COMMA.match(cell) is not None
            points += _POINT.match(cell) is not None
            if _EITHER.match(cell) is not None:
                doubtful = doubtful or f"row {number}, column {column_letter(list(row).index(column))}"
    if commas and doubtful is not None and not points:
        raise UnusableInputError(
            f"{name}: {doubtful}: a point before three digits can group thousands or be a decimal sign where "
            "other numbers have a decimal comma; write all numbers with one decimal sign and without groups"
        )
    return commas > 0 and not points


def with_decimal_points(path: Path, rows: Sequence[tuple[int, Row]], columns: Sequence[str]) -> list[tuple[int, Row]]:
    """The rows with decimal points in the numbers of `columns`, where the table is written with decimal commas.

    Raises what `has_decimal_comma` raises.
    """
    if not has_decimal_comma(tell_file(path), rows, columns):
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
            write_workbook(path, {"table": (names, rows)})
        case ".parquet":
            pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
        case _:
            raise UnusableInputError(f"{tell_file(path)}: expected a table ending in {', '.join(ENDINGS)}")


def write_workbook(path: Path, sheets: Mapping[str, tuple[Sequence[str], Sequence[Mapping[str, Any]]]]) -> None:
    """Write an XLSX file with a sheet for each name: its columns, and its rows."""
    book = openpyxl.Workbook(write_only=True)
    for name, (columns, rows) in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(list(columns))
        for row in rows:
            sheet.append([_as_cell(row.get(column)) for column in columns])
    book.save(path)


def _read_parquet(path: Path) -> list[tuple[int, Row]]:
    try:
        rows = pq.read_table(path).to_pylist()
    except pa.ArrowInvalid as error:
        raise UnusableInputError(f"{tell_file(path)}: not a readable Parquet file") from error
    return list(enumerate(rows, start=2))


def _content(path: Path, split: TextLines, header_rows: Sequence[int]) -> TableContent:
    lines, last = split.lines, max(header_rows)
    if len(lines) < last:
        raise UnusableInputError(f"{tell_file(path)}: the table is empty; row {last} must name the columns")
    usual = Counter(_width(line) for line in lines[last:]).most_common(1)
    width = max([_width(lines[number - 1]) for number in header_rows] + [one for one, _ in usual])
    heading = _heading([lines[number - 1] for number in header_rows], width)
    filled = [any(index < len(line) and line[index].strip() for line in lines[last:]) for index in range(width)]
    kept = [index for index in range(width) if heading[index] or filled[index]]
    doubled = {"", *(name for name in heading if heading.count(name) > 1)}
    names = {one: heading[one] if heading[one] not in doubled else _lettered(heading[one], one) for one in kept}
    may_end_early = path.suffix.lower() == ".xlsx"
    rows: list[tuple[int, Row]] = []
    broken: list[tuple[int, str]] = []
    for number, line in enumerate(lines[last:], start=last + 1):
        cells = [cell.strip() for cell in line]
        content = _width(cells)
        if content > width or (content and len(cells) < width and not may_end_early):
            broken.append((number, f"has {len(cells)} cells, expected {width}"))
        elif content and cells[:content] == heading[:content] and content == _width(heading):
            broken.append((number, REPEATED_HEADER))
        elif content:
            rows.append((number, {name: cells[one] or None if one < content else None for one, name in names.items()}))
    if split.broken is not None:
        broken.append((split.broken, _OPEN_QUOTE))
    renamed = tuple(name for one, name in names.items() if name != heading[one])
    return TableContent(tuple(names.values()), tuple(rows), tuple(broken), split.notes, renamed)


def _heading(lines: Sequence[Sequence[str]], width: int) -> list[str]:
    """The names of the columns; of several lines all but the last count for the columns to their right too."""
    parts = []
    for level, line in enumerate(lines):
        cells = [*(" ".join(cell.split()) for cell in line[:width]), *[""] * (width - len(line))]
        if level < len(lines) - 1:
            for index in range(1, width):
                cells[index] = cells[index] or cells[index - 1]
        parts.append(cells)
    return [" | ".join(one for one in names if one) for names in zip(*parts, strict=True)]


def _width(line: Sequence[str]) -> int:
    """The cells of a line without the empty ones at its end."""
    return max((index for index, cell in enumerate(line, start=1) if cell.strip()), default=0)


def _lettered(name: str, index: int) -> str:
    return f"{name} [{column_letter(index)}]".strip()


def _letters(renamed: Sequence[str]) -> str:
    """The letters of columns that were named by them."""
    return ", ".join(f"column {name.rsplit('[', 1)[1].removesuffix(']')}" for name in renamed)


def column_letter(index: int) -> str:
    """The letters by which a spreadsheet names a column, counted from 0.

    >>> column_letter(0), column_letter(27)
    ('A', 'AB')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


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
