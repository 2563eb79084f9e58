"""Two pseudonyms that turn out to be one person: the rows of the one go to the other, all or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import duckdb
import pyarrow as pa

from lutrace.core import ContradictionError, Row, Table
from lutrace.registry.checking import OWN
from lutrace.registry.schema import column_list, quoted
from lutrace.tables import FACT_TABLES, MERGED_TABLES, OVERRIDES, REVIEWS

_ACTS = (OVERRIDES, REVIEWS)
_REMEDY = "correct the one that is wrong at its source and add it again, then link"


def choose_lasting(connection: duckdb.DuckDBPyConnection, wanted: str, other: str) -> tuple[str, str]:
    """Which of two pseudonyms stays, and which leaves: the one that corrections and reviews name, else the one wanted.

    Raises ContradictionError when they name both.
    """
    named = [
        one
        for one in (wanted, other)
        if any(
            connection.execute(f"SELECT count(*) FROM {quoted(table.name)} WHERE patient_id = ?", [one]).fetchall()[0][
                0
            ]
            for table in _ACTS
        )
    ]
    if len(named) == 2:
        raise ContradictionError(
            f"{wanted} and {other} are one person, and corrections or reviews were made on rows of both: they cannot "
            "be joined without losing whom these were of; read the sources into a new registry with the same table of "
            "identifiers first"
        )
    return (other, wanted) if named == [other] else (wanted, other)


def move_rows(connection: duckdb.DuckDBPyConnection, leaving: str, lasting: str) -> Mapping[str, int]:
    """Give all rows of a pseudonym to another one, inside the caller's transaction; returns how many by table.

    A row that the lasting patient has from the same source in the same words is there once. Raises ContradictionError
    where the same source says otherwise of both under one key.
    """
    sources = dict(connection.execute('SELECT source_id, coalesce("name", kind) FROM sources').fetchall())
    moved: Counter[str] = Counter()
    for table in FACT_TABLES.values():
        if "patient_id" not in table.by_name or table in _ACTS:
            continue
        rows = _rows_of(connection, table, leaving)
        if not rows:
            continue
        connection.execute(f"DELETE FROM {quoted(table.name)} WHERE patient_id = ?", [leaving])
        held = {row["row_id"]: row for row in _rows_of(connection, table, lasting)}
        new = [row for old in rows if (row := _moved(table, old, lasting, held, sources)) is not None]
        schema = pa.schema([pa.field(column.name, column.arrow_type) for column in table.columns])
        connection.register("moved", pa.Table.from_pylist(new, schema))
        connection.execute(f"INSERT INTO {quoted(table.name)} SELECT {column_list(table)} FROM moved")
        connection.unregister("moved")
        moved[table.name] = len(rows)
    return moved


def _moved(table: Table, old: Row, lasting: str, held: dict[str, Row], sources: Mapping[str, str]) -> Row | None:
    """The row under its new patient; None where it is there already."""
    row = {**old, "patient_id": lasting}
    if "patient_id" not in table.key:
        return row
    source = sources[old["source_id"]]
    row["row_id"] = table.row_id(row)
    for name in (row["row_id"], f"{row['row_id']}~{source}"):
        other = held.get(name)
        if other is None:
            row["row_id"] = name
            break
        if sources[other["source_id"]] != source and table.name in MERGED_TABLES:
            continue
        said = [column for column in table.by_name if column not in (*OWN, "source_locator")]
        if any(row[column] != other[column] for column in said):
            raise ContradictionError(
                f"{old['patient_id']} and {lasting} are one person, and {source} says different things of both in "
                f"{table.name} ({old['row_id']} and {name}); {_REMEDY}"
            )
        return None
    held[row["row_id"]] = row
    return row


def _rows_of(connection: duckdb.DuckDBPyConnection, table: Table, patient_id: str) -> list[Row]:
    found = connection.execute(
        f"SELECT {column_list(table)} FROM {quoted(table.name)} WHERE patient_id = ? ORDER BY ALL", [patient_id]
    ).fetchall()
    return [dict(zip(table.by_name, row, strict=True)) for row in found]
