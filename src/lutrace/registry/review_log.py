"""The review log: acts on measured rows, each bound to the one before it, never changed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from lutrace.core import (
    ContradictionError,
    Row,
    Source,
    Table,
    TableError,
    UnusableInputError,
    canonical_json,
    digest_of,
)
from lutrace.registry.batch import AddReport, FactBatch
from lutrace.registry.checking import OWN, parse_value
from lutrace.registry.schema import column_list, quoted
from lutrace.tables import FACT_TABLES, OVERRIDES, REVIEWS

_CHAINED = tuple(column.name for column in REVIEWS.columns if column.name not in (*OWN, "source_locator", "review_id"))


@dataclass(frozen=True)
class Act:
    """One act that holds: it was not taken back, and its target is still what the reviewer saw."""

    review_id: str
    table: str
    target: str
    act: str
    changes: Mapping[str, Any]


def append(connection: duckdb.DuckDBPyConnection, row: Row, add: Callable[[FactBatch], AddReport]) -> str:
    """Append an act; returns its review_id.

    What the reviewer saw of the target is kept as a digest: after the target was measured anew, the act is not applied.
    """
    log = read_log(connection)
    check_chain(log)
    target = _target(connection, row)
    faults = _faults(row, target, log)
    if faults:
        raise TableError(REVIEWS.name, faults)
    whole: Row = {
        **row,
        "changes": canonical_json(_changes(row.get("changes"))) if row.get("changes") else None,
        "previous_review_id": log[-1]["review_id"] if log else None,
        "sequence": len(log) + 1,
    }
    review_id = chained_id(whole)
    connection.execute("INSERT INTO reviewed_content VALUES (?, ?)", [review_id, _content(target or {})])
    batch = FactBatch(Source("review", digest_of([review_id])), {REVIEWS.name: [{**whole, "review_id": review_id}]})
    if add(batch).quarantined:
        raise TableError(REVIEWS.name, ["the act does not obey the declaration; see the quarantine"])
    return review_id


def chained_id(row: Mapping[str, Any]) -> str:
    """The id of an act: the digest of all it says and of the id of the act before it."""
    return f"review:{digest_of([row.get(name) for name in _CHAINED])[:32]}"


def read_log(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """All acts in their order."""
    found = connection.execute(
        f"SELECT {column_list(REVIEWS)} FROM {quoted(REVIEWS.name)} ORDER BY sequence"
    ).fetchall()
    names = [column.name for column in REVIEWS.columns]
    return [dict(zip(names, row, strict=True)) for row in found]


def check_chain(log: Sequence[Row]) -> None:
    """Raise ContradictionError when an act was changed, taken out or put in after it was made."""
    previous: str | None = None
    for place, row in enumerate(log, start=1):
        if row["sequence"] != place or row["previous_review_id"] != previous or chained_id(row) != row["review_id"]:
            raise ContradictionError(
                f"the review log does not hold from act {place} on: it was changed outside lutrace; restore a backup"
            )
        previous = row["review_id"]


def applicable_acts(connection: duckdb.DuckDBPyConnection) -> list[Act]:
    """The acts that hold, in their order: without undone ones and without those whose target has changed since."""
    log = read_log(connection)
    check_chain(log)
    stale = {row["review_id"] for row in stale_acts(connection)}
    return [
        Act(row["review_id"], row["table"], row["target_row_id"], row["act"], _changes(row["changes"]))
        for row in _standing(log)
        if row["act"] != "undo" and row["review_id"] not in stale
    ]


def standing_acts(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Row]:
    """The acts on rows of a table that no later act took back, in their order, also those of rows changed since."""
    return [row for row in _standing(read_log(connection)) if row["table"] == table.name and row["act"] != "undo"]


def stale_acts(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """The acts that stand, and whose target was measured anew with another outcome, or is gone."""
    seen = dict(connection.execute("SELECT review_id, content FROM reviewed_content").fetchall())
    stale = []
    for row in _standing(read_log(connection)):
        if row["act"] == "undo":
            continue
        target = _target(connection, row)
        if target is None or seen.get(row["review_id"]) != _content(target):
            stale.append(row)
    return stale


def _standing(log: Sequence[Row]) -> list[Row]:
    """The acts that no later act takes back; an undo that is itself undone takes nothing back."""
    undone: set[str] = set()
    for row in reversed(log):
        if row["act"] == "undo" and row["review_id"] not in undone:
            undone.add(row["undoes"])
    return [row for row in log if row["review_id"] not in undone]


def _faults(row: Row, target: Row | None, log: Sequence[Row]) -> list[str]:
    table = FACT_TABLES.get(str(row.get("table")))
    if table is None or table in (OVERRIDES, REVIEWS):
        return [f"table: expected a measured table, got {row.get('table')!r}"]
    act = row.get("act")
    if target is None and act != "undo":
        return [f"target_row_id: {row.get('target_row_id')} is not in {table.name}"]
    if target is not None and target["patient_id"] != row.get("patient_id"):
        return [f"patient_id: {row.get('target_row_id')} is of another patient"]
    faults = []
    if not isinstance(row.get("made_at"), dt.datetime):
        faults.append("made_at: expected a date-time")
    if (act in ("relabel", "edit")) != bool(row.get("changes")):
        faults.append(f"changes: needed by relabel and edit and by no other act, and the act is {act!r}")
    if (act == "undo") != bool(row.get("undoes")):
        faults.append(f"undoes: needed by undo and by no other act, and the act is {act!r}")
    if act == "undo":
        faults += _undo_faults(row, log)
    return faults + _change_faults(table, _changes(row.get("changes")))


def _undo_faults(row: Row, log: Sequence[Row]) -> list[str]:
    undone = [one for one in _standing(log) if one["review_id"] == row.get("undoes")]
    if not undone:
        return ["undoes: no standing act has this id"]
    if undone[0]["target_row_id"] != row.get("target_row_id"):
        return ["undoes: that act is on another row"]
    return []


def _change_faults(table: Table, changes: Mapping[str, Any]) -> list[str]:
    faults = []
    for name, value in changes.items():
        column = table.by_name.get(name)
        if column is None or name in OWN or name in table.key or name in ("patient_id", "source_locator"):
            faults.append(f"changes: {name!r} of {table.name} cannot be changed by a review")
            continue
        try:
            parse_value(column, value)
        except UnusableInputError as error:
            faults.append(f"changes: {error}")
    return faults


def _changes(given: Any) -> dict[str, Any]:
    return dict(json.loads(given) if isinstance(given, str) else given or {})


def _target(connection: duckdb.DuckDBPyConnection, row: Mapping[str, Any]) -> Row | None:
    table = FACT_TABLES.get(str(row.get("table")))
    if table is None:
        return None
    found = connection.execute(
        f"SELECT {column_list(table)} FROM {quoted(table.name)} WHERE row_id = ?", [row.get("target_row_id")]
    ).fetchall()
    return dict(zip([column.name for column in table.columns], found[0], strict=True)) if found else None


def _content(row: Mapping[str, Any]) -> str:
    return digest_of({name: value for name, value in row.items() if name not in (*OWN, "source_locator")})
