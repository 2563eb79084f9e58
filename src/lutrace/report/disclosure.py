"""The disclosure gate: what may leave a centre, decided by the columns' declarations."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lutrace.core import Disclosure, DisclosureError, Row, Table
from lutrace.report.contents import Notice
from lutrace.report.suppression import blur_counts, suppress_small_counts
from lutrace.tables import RESULT_TABLES

_NEVER = (Disclosure.DATE, Disclosure.FREE_TEXT)
_ISO_DAY = re.compile(r"^\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?\s*$")

Tables = Mapping[str, Sequence[Row]]


def withhold_columns(tables: Tables) -> tuple[dict[str, list[Row]], tuple[str, ...]]:
    """The tables without the columns declared as dates or free text, and the names of the columns taken out."""
    kept: dict[str, list[Row]] = {}
    withheld: list[str] = []
    for name, rows in tables.items():
        declared = RESULT_TABLES.get(name)
        if declared is None:
            raise DisclosureError(f"{name}: not a declared result table; expected one of {', '.join(RESULT_TABLES)}")
        never = {column.name for column in declared.columns if column.disclosure in _NEVER}
        withheld += [f"{name}.{column}" for column in sorted(never) if any(column in row for row in rows)]
        kept[name] = [{key: value for key, value in row.items() if key not in never} for row in rows]
    return kept, tuple(withheld)


def count_days(name: str, rows: Sequence[Row], day_zero: Mapping[str, dt.date]) -> list[Row]:
    """The rows of a result table with each date as whole days from `day_zero` of the patient.

    `begin_date` becomes `begin_day`; it is empty when the date or the patient's day zero is. A column of that name that
    the table has already is left alone.
    """
    dates = dates_as_days(RESULT_TABLES[name])
    counted: list[Row] = []
    for row in rows:
        zero = day_zero.get(row.get("patient_id") or "")
        days = {
            new: None if row[old] is None or zero is None else (row[old] - zero).days
            for old, new in dates.items()
            if new not in RESULT_TABLES[name].by_name
        }
        counted.append({**{key: value for key, value in row.items() if key not in dates}, **days})
    return counted


def dates_as_days(declared: Table) -> dict[str, str]:
    """The date columns of a table, and what each is called where it is a count of days."""
    dates = [column.name for column in declared.columns if column.disclosure is Disclosure.DATE]
    return {name: f"{name.removesuffix('date')}day" for name in dates}


def apply_disclosure(
    tables: Tables, *, min_cell: int | None, study_numbers: Mapping[str, str] | None = None
) -> dict[str, list[Row]]:
    """The rows that may leave: patients as study numbers, small counts hidden together with what betrays them.

    `min_cell` is the smallest count shown (None: all are shown; a zero is always shown). `study_numbers` maps the
    registry's pseudonyms to S001...; by default they are numbered in the order of the pseudonyms.
    Raises DisclosureError for a table that is not declared, a column that the table does not declare, a value in a
    column declared as a date or free text, and a calendar date anywhere in a row; the message names table and column.
    """
    if min_cell is not None and min_cell < 2:
        raise DisclosureError(f"min_cell must be at least 2 or absent, got {min_cell}")
    for name, rows in tables.items():
        _refuse_undisclosable(name, rows)
    numbers = study_numbers if study_numbers is not None else number_patients(tables)
    left = {name: [_renumbered(row, numbers) for row in rows] for name, rows in tables.items()}
    return left if min_cell is None else suppress_small_counts(left, min_cell)


def release_notices(notices: Sequence[Notice], *, min_cell: int | None) -> tuple[Notice, ...]:
    """The notices as they may leave: `3 of 66` becomes `fewer than 5 of 66` when `min_cell` is 5."""
    if min_cell is None:
        return tuple(notices)
    return tuple(replace(notice, text=blur_counts(notice.text, min_cell)) for notice in notices)


def number_patients(tables: Tables, others: Sequence[str] = ()) -> dict[str, str]:
    """Study numbers (S001, S002, ...) of all patients in the tables and in `others`, by order of their pseudonyms."""
    patients = {row["patient_id"] for rows in tables.values() for row in rows if row.get("patient_id") is not None}
    ordered = sorted(patients | set(others))
    width = max(3, len(str(len(ordered))))
    return {patient: f"S{number:0{width}d}" for number, patient in enumerate(ordered, start=1)}


def refuse_date(place: str, value: Any) -> None:
    """Raise DisclosureError when `value` is a calendar date, or a text that is nothing but one."""
    if isinstance(value, dt.date) or (isinstance(value, str) and _ISO_DAY.match(value)):
        raise DisclosureError(
            f"{place} holds a calendar date, which never leaves; give days from time zero, or leave the column out"
        )


def _refuse_undisclosable(name: str, rows: Sequence[Row]) -> None:
    declared = RESULT_TABLES.get(name)
    if declared is None:
        raise DisclosureError(f"{name}: not a declared result table; expected one of {', '.join(RESULT_TABLES)}")
    days = set(dates_as_days(declared).values())
    for row in rows:
        for key, value in row.items():
            column = declared.by_name.get(key)
            if column is None and key in days:
                refuse_date(f"{name}.{key}", value)
                continue
            if column is None:
                raise DisclosureError(f"{name}.{key}: not a declared column; declare it or leave it out")
            if value is not None and column.disclosure in _NEVER:
                what = "a calendar date" if column.disclosure is Disclosure.DATE else "free text"
                raise DisclosureError(f"{name}.{key} is {what}, which never leaves; leave the column out")
            refuse_date(f"{name}.{key}", value)


def _renumbered(row: Row, numbers: Mapping[str, str]) -> Row:
    """The row with the study number wherever it names its patient, under whatever column."""
    patient = row.get("patient_id")
    if patient is None:
        return dict(row)
    if patient not in numbers:
        raise DisclosureError("a row names a patient without a study number; number all patients before release")
    return {key: numbers[patient] if value == patient else value for key, value in row.items()}
