"""Overrides and reviews as patches: few rows are changed, all others are taken as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from lutrace.core import Row, Source, Table, TableError, UnusableInputError, digest_of
from lutrace.registry.batch import AddReport, FactBatch
from lutrace.registry.checking import parse_value
from lutrace.registry.review_log import Act, applicable_acts
from lutrace.registry.schema import STORED_TABLES, column_list, quoted
from lutrace.tables import (
    ANSWERS,
    FACT_TABLES,
    LESION_LINKS,
    LESIONS,
    OVERRIDES,
    PROVENANCE,
    REVIEWS,
    TEXT_FINDINGS,
    TUMOUR_BURDENS,
)

NOT_TUMOUR = "physiological"
"""What a rejected lesion is taken for; relabel it to say something else."""

_FIXED = {column.name for column in PROVENANCE} | {"patient_id"}


@dataclass
class Patches:
    """The changed rows of one table by row_id; None is a row that leaves."""

    table: Table
    rows: dict[str, Row | None] = field(default_factory=dict)


def select_rows(connection: duckdb.DuckDBPyConnection, table: Table, equal: Mapping[str, Any]) -> list[Row]:
    """The rows of a table whose columns equal the values given, sorted by key."""
    unknown = [name for name in equal if name not in table.by_name]
    if unknown:
        raise UnusableInputError(f"{table.name} has no column {', '.join(unknown)}")
    where = " AND ".join(f"{quoted(name)} = ?" for name in equal) or "true"
    return _fetch(connection, table, where, list(equal.values()))


def compute_override_patches(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[str, Patches]:
    """The rows of one table that overrides change, under its name."""
    rows = _override_patches(connection, table)
    return {table.name: Patches(table, dict(rows))} if rows else {}


def add_override(connection: duckdb.DuckDBPyConnection, row: Row, add: Callable[[FactBatch], AddReport]) -> str:
    """Check a correction against its target and store it; returns its id."""
    faults = _override_faults(connection, row)
    if faults:
        raise TableError(OVERRIDES.name, faults)
    override_id = f"override:{digest_of({name: row.get(name) for name in sorted(row)})[:20]}"
    batch = FactBatch(
        Source("review", digest_of([override_id])), {OVERRIDES.name: [{**row, "override_id": override_id}]}
    )
    report = add(batch)
    if report.quarantined:
        raise TableError(OVERRIDES.name, ["the correction does not obey the declaration; see the quarantine"])
    return override_id


def add_answer(connection: duckdb.DuckDBPyConnection, row: Row) -> str:
    """Store what a person said of a finding; returns its id. The same words of the same finding are kept once."""
    said = [row[name] for name in ("finding_id", "reason")]
    answer_id = f"answer:{digest_of(said)[:20]}"
    values = [answer_id if name == "answer_id" else row[name] for name in ANSWERS.by_name]
    held = connection.execute(f"SELECT 1 FROM {quoted(ANSWERS.name)} WHERE answer_id = ?", [answer_id]).fetchall()
    if not held:
        marks = ", ".join("?" for _ in values)
        connection.execute(f"INSERT INTO {quoted(ANSWERS.name)} ({column_list(ANSWERS)}) VALUES ({marks})", values)
    return answer_id


def stored_row_id(connection: duckdb.DuckDBPyConnection, table: str, row_id: str, source_id: str | None) -> str:
    """The row as stored that counts under `row_id`: where another source has its key, ~ and the source follow it."""
    if table not in FACT_TABLES:
        raise UnusableInputError(
            f"{table} holds no facts that can be corrected; acknowledge the finding, or add the file again"
        )
    found = connection.execute(
        f"SELECT row_id FROM {quoted(table)} WHERE split_part(row_id, '~', 1) = split_part(?, '~', 1) "
        "AND source_id = coalesce(?, source_id) ORDER BY row_id",
        [row_id, source_id],
    ).fetchall()
    if not found:
        raise UnusableInputError(f"{row_id} is not in {table}; ask lutrace check again")
    return str(found[0][0])


def compute_patches(connection: duckdb.DuckDBPyConnection) -> dict[str, Patches]:
    """All changed rows, by table: overrides first, then the acts of the review log in their order."""
    patches = {
        name: Patches(table, dict(_override_patches(connection, table)))
        for name, table in FACT_TABLES.items()
        if table not in (OVERRIDES, REVIEWS)
    }
    reviewed: dict[tuple[str, str], str] = {}
    for act in applicable_acts(connection):
        patch = patches[act.table]
        row = (
            patch.rows.get(act.target) if act.target in patch.rows else _row_by_id(connection, patch.table, act.target)
        )
        if row is None:
            continue
        patch.rows[act.target] = _reviewed(patch.table, row, act)
        if act.table in (LESIONS.name, TUMOUR_BURDENS.name):
            reviewed[row["scan_id"], row["plan_digest"]] = act.review_id
    _recompute_burdens(connection, patches, reviewed)
    return {name: patch for name, patch in patches.items() if patch.rows}


def _override_faults(connection: duckdb.DuckDBPyConnection, row: Row) -> list[str]:
    table = FACT_TABLES.get(str(row.get("table")))
    if table is None or table in (OVERRIDES, REVIEWS):
        return [f"table: expected a fact table, got {row.get('table')!r}"]
    column = table.by_name.get(str(row.get("column")))
    if column is None or column.name in _FIXED:
        return [f"column: {row.get('column')!r} of {table.name} cannot be corrected"]
    target = _row_by_id(connection, table, str(row.get("target_row_id")))
    if target is None:
        return [f"target_row_id: {row.get('target_row_id')} is not in {table.name}"]
    if target["patient_id"] != row.get("patient_id"):
        return [f"patient_id: {row.get('target_row_id')} is of another patient"]
    try:
        value = parse_value(column, row.get("new_value"))
    except UnusableInputError as error:
        return [f"new_value: {error}"]
    if column.name in table.key:
        clash = table.row_id({**target, column.name: value})
        if clash != target["row_id"] and _row_by_id(connection, table, clash) is not None:
            return [f"new_value: {clash} has this key already"]
    return []


def _override_patches(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[str, Row]:
    corrections = connection.execute(
        f'SELECT target_row_id, "column", new_value, override_id FROM {quoted(OVERRIDES.name)} '
        'WHERE "table" = ? ORDER BY made_at, override_id',
        [table.name],
    ).fetchall()
    patches: dict[str, Row] = {}
    for target, column, value, override_id in corrections:
        row = patches.get(target) or _row_by_id(connection, table, target)
        if row is not None:
            patches[target] = {**row, column: parse_value(table.by_name[column], value), "changed_by": override_id}
    return patches


def _reviewed(table: Table, row: Row, act: Act) -> Row | None:
    changed = {**row, "changed_by": act.review_id}
    match act.act, table.name:
        case "reject", LESIONS.name:
            return {**changed, "category": NOT_TUMOUR}
        case "reject", TUMOUR_BURDENS.name:
            return changed
        case "reject", _:
            return None
        case "accept", LESION_LINKS.name:
            return {**changed, "provisional": False}
        case "accept", TEXT_FINDINGS.name:
            return {**changed, "reviewed": True}
        case "relabel" | "edit", _:
            return {**changed, **{name: parse_value(table.by_name[name], value) for name, value in act.changes.items()}}
    return changed


def _recompute_burdens(
    connection: duckdb.DuckDBPyConnection, patches: Mapping[str, Patches], reviewed: Mapping[tuple[str, str], str]
) -> None:
    """Give the reviewed tumour volume of each scan and plan in which a lesion or the total was reviewed."""
    where = "scan_id = ? AND plan_digest = ?"
    for (scan_id, plan_digest), review_id in reviewed.items():
        lesions = _patched(_fetch(connection, LESIONS, where, [scan_id, plan_digest]), patches[LESIONS.name])
        volume_ml = sum(row["volume_ml"] for row in lesions if row["category"] == "tumour")
        burdens = patches[TUMOUR_BURDENS.name]
        for row in _patched(_fetch(connection, TUMOUR_BURDENS, where, [scan_id, plan_digest]), burdens):
            burdens.rows[row["row_id"]] = {**row, "tumour_reviewed_ml": volume_ml, "changed_by": review_id}


def _patched(rows: Sequence[Row], patches: Patches) -> list[Row]:
    new = [patches.rows.get(row["row_id"], row) for row in rows]
    return [row for row in new if row is not None]


def _row_by_id(connection: duckdb.DuckDBPyConnection, table: Table, row_id: str) -> Row | None:
    found = _fetch(connection, table, "row_id = ?", [row_id])
    return found[0] if found else None


def _fetch(connection: duckdb.DuckDBPyConnection, table: Table, where: str, values: Sequence[Any]) -> list[Row]:
    if table.name not in STORED_TABLES:
        raise UnusableInputError(f"the registry keeps no table {table.name}")
    order = ", ".join(quoted(name) for name in table.key)
    found = connection.execute(
        f"SELECT {column_list(table)} FROM {quoted(table.name)} WHERE {where} ORDER BY {order}", list(values)
    ).fetchall()
    names = [column.name for column in table.columns]
    return [dict(zip(names, row, strict=True)) for row in found]
