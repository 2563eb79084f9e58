"""What exports of records share: the rows that count, days moved for each patient, and the list of what is left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lutrace.core import Row, Table, Type, write_rows
from lutrace.registry import Registry
from lutrace.tables import FACT_TABLES, PATIENTS

NOT_CARRIED = "not_carried.csv"
_LEFT_COLUMNS = ("table", "column", "rows", "why")


def read_rows_that_count(registry: Registry) -> dict[str, list[Row]]:
    """The rows of every fact table, corrections applied, by the name of the table."""
    return {name: registry.rows(table, corrected=True) for name, table in FACT_TABLES.items()}


def read_shifts(registry: Registry, tables: Mapping[str, Sequence[Row]]) -> dict[str, dt.timedelta]:
    """By how much the registry moves the days of each patient, the same in every export."""
    shift = registry.identities.date_shift_days
    return {row["patient_id"]: dt.timedelta(days=shift(row["patient_id"])) for row in tables[PATIENTS.name]}


def moved_rows(tables: Mapping[str, Sequence[Row]], shifts: Mapping[str, dt.timedelta]) -> dict[str, list[Row]]:
    """The rows with all their days moved by the shift of their patient; without shifts as they are."""
    return {name: [_moved(row, FACT_TABLES[name], shifts) for row in rows] for name, rows in tables.items()}


def _moved(row: Row, table: Table, shifts: Mapping[str, dt.timedelta]) -> Row:
    shift = shifts.get(row.get("patient_id", ""))
    if shift is None:
        return row
    moved: dict[str, Any] = dict(row)
    for column in table.columns:
        if column.type in (Type.DATE, Type.DATETIME) and moved.get(column.name) is not None:
            moved[column.name] += shift
    return moved


def write_not_carried(folder: Path, left: Mapping[tuple[str, str, str], int]) -> tuple[str, ...]:
    """Write NOT_CARRIED: table, column and why with the number of rows; gives the warning to tell, if any."""
    rows = [
        {"table": table, "column": column, "rows": count, "why": why}
        for (table, column, why), count in sorted(left.items())
    ]
    write_rows(folder / NOT_CARRIED, rows, _LEFT_COLUMNS)
    total = sum(left.values())
    return (f"{NOT_CARRIED}: {total} rows or values that the model cannot carry",) if total else ()
