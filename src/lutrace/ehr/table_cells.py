"""Cells of tables as typed values of a declared column; no message quotes a cell."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, Literal

from lutrace.core import Column, Precision, Type, UnusableInputError, parse_partial_date
from lutrace.ehr.fhir_elements import RecordError
from lutrace.terms import parse_reported_value

_YES = frozenset({"yes", "true", "1", "ja", "y", "j"})
_NO = frozenset({"no", "false", "0", "nein", "n"})
_DATE_REMEDY = "write dates as 2023-05-17 (ISO 8601)"


def parse_cell(
    cell: Any, column: Column, decimal: Literal[".", ","] | None, *, partial: bool = False
) -> tuple[Any, Precision | None]:
    """The value of a cell in the type of `column`, and the precision of a date that may be `partial`.

    Raises RecordError that names the column, what was expected and the remedy.
    """
    if cell is None:
        return None, None
    match column.type:
        case Type.DATE:
            return _date(cell, column.name, partial=partial)
        case Type.DATETIME:
            return _datetime(cell, column.name), None
        case Type.FLOAT:
            return _number(cell, column.name, decimal), None
        case Type.INT:
            return _whole(cell, column.name), None
        case Type.BOOL:
            return _truth(cell, column.name), None
        case Type.JSON:
            return _json(cell, column.name), None
    return str(cell).strip(), None


def _date(cell: Any, name: str, *, partial: bool) -> tuple[dt.date, Precision | None]:
    text = cell.isoformat() if isinstance(cell, dt.date) else str(cell)
    try:
        found = parse_partial_date(text)
    except UnusableInputError as error:
        raise RecordError(name, f"{name} is no ISO date", _DATE_REMEDY) from error
    if not partial and found.precision != "day":
        raise RecordError(name, f"{name} must be known to the day, got the {found.precision}", "complete the date")
    return found.first_day(), found.precision if partial else None


def _datetime(cell: Any, name: str) -> dt.datetime:
    if isinstance(cell, dt.datetime):
        return cell.replace(tzinfo=None)
    if ":" not in str(cell):
        raise RecordError(name, f"{name} has no time of day", "add the clock time, or leave the column out")
    try:
        return dt.datetime.fromisoformat(str(cell)).replace(tzinfo=None)
    except ValueError as error:
        remedy = "write it as 2023-05-17T09:30 (ISO 8601, the site's clock)"
        raise RecordError(name, f"{name} is no ISO date-time", remedy) from error


def _number(cell: Any, name: str, decimal: Literal[".", ","] | None) -> float:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    try:
        reported = parse_reported_value(str(cell), decimal=decimal)
    except UnusableInputError as error:
        raise RecordError(name, f"{name}: {str(error).removeprefix('value: ')}", "write a plain number") from error
    if reported.comparator is not None:
        raise RecordError(name, f"{name} must be exact, got a value with a comparator", "write the exact value")
    return reported.value


def _whole(cell: Any, name: str) -> int:
    value = _number(cell, name, None)
    if not value.is_integer():
        raise RecordError(name, f"{name} must be a whole number", "write a whole number")
    return int(value)


def _truth(cell: Any, name: str) -> bool:
    word = str(cell).strip().lower()
    if word not in _YES | _NO:
        raise RecordError(name, f"{name} must be yes or no", "write yes or no")
    return word in _YES


def _json(cell: Any, name: str) -> str:
    try:
        json.loads(str(cell))
    except ValueError as error:
        raise RecordError(name, f"{name} is no JSON text", "write JSON") from error
    return str(cell)
