"""Sheets of XLSX workbooks as lines of text cells: dates in ISO 8601, formulas by their stored values."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import openpyxl

from lutrace.core.cells import tell_file
from lutrace.core.errors import UnusableInputError

_FORMULA = b"<f"


def read_sheet_names(path: Path) -> tuple[str, ...]:
    """The names of the sheets of a workbook that hold cells, in their order."""
    book = _opened(path)
    names = tuple(sheet.title for sheet in book.worksheets)
    book.close()
    return names


def read_sheet(path: Path, sheet: str | None = None) -> tuple[list[list[str]], tuple[str, ...]]:
    """The cells of a sheet (the first one without a name) line by line, and what is to know of them.

    Raises UnusableInputError for no readable workbook, an unknown sheet, or formulas whose values were not stored.
    """
    book = _opened(path)
    names = [one.title for one in book.worksheets]
    if sheet is not None and sheet not in names:
        book.close()
        raise UnusableInputError(f"{tell_file(path)}: the sheet asked for is not in it; it holds {len(names)} others")
    chosen = book[sheet] if sheet is not None else book.worksheets[0]
    lines = [[_cell_text(cell) for cell in row] for row in chosen.iter_rows(values_only=True)]
    place = names.index(chosen.title)
    book.close()
    if _has_formulas(path):
        _check_formulas(path, place, lines)
    while lines and lines[-1] and not any(lines[-1]):
        lines.pop()
    notes = () if sheet is not None or len(names) == 1 else (f"read is the first of {len(names)} sheets",)
    return lines, notes


def _opened(path: Path) -> Any:
    try:
        return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        told = tell_file(path)
        raise UnusableInputError(f"{told}: not a readable XLSX workbook; save it anew as XLSX or CSV") from error


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as parts:
        return any(_FORMULA in parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/sheet"))


def _check_formulas(path: Path, place: int, lines: list[list[str]]) -> None:
    """Raise where a cell has a formula and no stored value: it would read as empty."""
    book = openpyxl.load_workbook(path, read_only=True)
    for number, row in enumerate(book.worksheets[place].iter_rows(values_only=True)):
        for column, cell in enumerate(row):
            if isinstance(cell, str) and cell.startswith("=") and not lines[number][column]:
                book.close()
                raise UnusableInputError(
                    f"{tell_file(path)}: row {number + 1} holds a formula without a stored value; open and save it in "
                    "the spreadsheet program, or replace formulas by their values"
                )
    book.close()


def _cell_text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
