"""Small frozen facts for the rooms right of the waist."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from lutrace.core import Table
from lutrace.tables import FACT_TABLES

DAY_ZERO = dt.date(2022, 1, 10)


def day(number: int) -> dt.date:
    """A date by its day, counted from the first cycle of every hand-written patient."""
    return DAY_ZERO + dt.timedelta(days=number)


class HandFacts:
    """Fact tables written by hand, in DuckDB in memory; a column that is left out is empty."""

    digest = "0" * 64

    def __init__(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._backend = ibis.duckdb.connect()
        self._tables: dict[str, ir.Table] = {}
        for name, table in FACT_TABLES.items():
            filled = [_filled(table, row) for row in rows.get(name, ())]
            schema = pa.schema([pa.field(column.name, column.arrow_type) for column in table.columns])
            self._tables[name] = self._backend.create_table(name, pa.Table.from_pylist(filled, schema=schema))

    def table(self, declared: Table) -> ir.Table:
        return self._tables[declared.name]


def _filled(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(row) - set(table.by_name)
    assert not unknown, f"{table.name} has no column {unknown}"
    full = {column.name: row.get(column.name) for column in table.columns}
    return {**full, "row_id": row.get("row_id") or table.row_id(full)}


@pytest.fixture
def make_facts() -> Callable[..., HandFacts]:
    """Build facts from rows by table name: `make_facts(patients=[{"patient_id": "a"}])`."""
    return lambda **rows: HandFacts(rows)


@pytest.fixture
def on_day() -> Callable[[int], dt.date]:
    """The date of a day, counted from the first cycle."""
    return day
