"""One batch into the tables by SQL on whole columns: rows added, updated, unchanged; quarantine kept in step."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from lutrace.core import Row, Table, UnusableInputError, canonical_json, digest_of
from lutrace.registry.batch import AddReport, FactBatch, RefusedRow, Replacement
from lutrace.registry.checking import OWN
from lutrace.registry.refused_cells import keep_row
from lutrace.registry.schema import STORED_TABLES, column_list, quoted
from lutrace.tables import MERGED_TABLES, QUARANTINE, SOURCES


def enter_source(connection: duckdb.DuckDBPyConnection, batch: FactBatch, *, is_latest: bool) -> int:
    """Keep that a source was read; returns its place in the order of first reading (the last one when `is_latest`)."""
    source_id = batch.source.digest
    n_rows = batch.rows_before + sum(len(rows) for rows in batch.rows.values()) + len(batch.faults)
    before = connection.execute(f"SELECT rows FROM {quoted(SOURCES.name)} WHERE source_id = ?", [source_id]).fetchall()
    n_rows = max(n_rows, before[0][0] if before else 0)
    connection.execute(f"DELETE FROM {quoted(SOURCES.name)} WHERE source_id = ?", [source_id])
    connection.execute(
        f"INSERT INTO {quoted(SOURCES.name)} VALUES (?, ?, ?, ?)",
        [source_id, batch.source.kind, n_rows, batch.source_name],
    )
    found = connection.execute("SELECT ordinal FROM source_order WHERE source_id = ?", [source_id]).fetchall()
    if found and not is_latest:
        return int(found[0][0])
    connection.execute("DELETE FROM source_order WHERE source_id = ?", [source_id])
    ordinal = int(connection.execute("SELECT coalesce(max(ordinal), 0) + 1 FROM source_order").fetchall()[0][0])
    connection.execute("INSERT INTO source_order VALUES (?, ?)", [source_id, ordinal])
    return ordinal


def merge_rows(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    good: pa.Table,
    *,
    ordinal: int,
    replaces: Sequence[Replacement],
) -> AddReport:
    """Upsert checked rows by row_id, where more than one source may state a fact by row_id and source.

    A row that says the same is left as it is, with the provenance of its first source. A source that was first read
    before the one that a row comes from does not take the row back: so reading old files again changes nothing.
    """
    name = quoted(table.name)
    connection.register("incoming", good)
    incoming = _named_by_source(connection, table) if table.name in MERGED_TABLES else "incoming"
    data = [quoted(column.name) for column in table.columns if column.name not in (*OWN, "source_locator")]
    differs = " OR ".join(f"t.{column} IS DISTINCT FROM i.{column}" for column in data)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE plan AS SELECT i.row_id, t.row_id IS NULL AND i.row_id NOT IN "
        f"(SELECT row_id FROM withdrawn_rows WHERE ordinal > {ordinal:d}) AS is_new, "
        f"t.row_id IS NOT NULL AND ({differs}) AND coalesce(o.ordinal, 0) <= {ordinal:d} AS is_changed "
        f"FROM {incoming} i LEFT JOIN {name} t ON t.row_id = i.row_id "
        "LEFT JOIN source_order o ON o.source_id = t.source_id"
    )
    counted = connection.execute(
        "SELECT count(*) FILTER (is_new), count(*) FILTER (is_changed), count(*) FROM plan"
    ).fetchall()
    added, updated, total = counted[0]
    if updated:
        connection.execute(f"DELETE FROM {name} WHERE row_id IN (SELECT row_id FROM plan WHERE is_changed)")
    if added or updated:
        columns = column_list(table)
        connection.execute(
            f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {incoming} "
            "WHERE row_id IN (SELECT row_id FROM plan WHERE is_new OR is_changed)"
        )
    removed = sum(_remove_left_over(connection, table, one, incoming) for one in replaces)
    connection.execute("DROP TABLE plan; DROP TABLE IF EXISTS incoming_named")
    connection.unregister("incoming")
    return AddReport(added, updated, total - added - updated, removed=removed)


def remove_restated(
    connection: duckdb.DuckDBPyConnection, batch: FactBatch, given: Sequence[str], *, ordinal: int
) -> dict[str, int]:
    """Remove the rows of restated records that are not among the row_ids `given`; how many, by table.

    Rows of files that were first read after this one stay, and those of sources of another name.
    """
    restated = pa.table({"patient": [one[0] for one in batch.restated], "record": [one[1] for one in batch.restated]})
    connection.register("restated", restated)
    connection.register("given", pa.table({"row_id": pa.array(given, pa.string())}))
    removed = {}
    for table in STORED_TABLES.values():
        if "record_key" not in table.by_name:
            continue
        found = connection.execute(
            f"DELETE FROM {quoted(table.name)} WHERE row_id IN (SELECT t.row_id FROM {quoted(table.name)} t "
            "JOIN restated r ON r.patient = t.patient_id AND r.record = t.record_key "
            "JOIN sources s ON s.source_id = t.source_id JOIN source_order o ON o.source_id = t.source_id "
            "WHERE t.source_id <> $source AND o.ordinal <= $ordinal AND coalesce(s.name, s.kind) = $name "
            "AND split_part(t.row_id, '~', 1) NOT IN (SELECT row_id FROM given)) RETURNING row_id",
            {"source": batch.source.digest, "ordinal": ordinal, "name": batch.source_name or batch.source.kind},
        ).fetchall()
        if found:
            removed[table.name] = len(found)
            withdrawn = pa.table({"row_id": [one[0] for one in found]})
            connection.register("withdrawn", withdrawn)
            connection.execute(f"INSERT INTO withdrawn_rows SELECT row_id, {ordinal:d} FROM withdrawn")
            connection.unregister("withdrawn")
    connection.unregister("restated")
    connection.unregister("given")
    return removed


def _named_by_source(connection: duckdb.DuckDBPyConnection, table: Table) -> str:
    """The incoming rows, under the row_id that this source's row of the key has: ~ and the source follow it where
    another source was there first.
    """
    source = 'coalesce(s."name", s.kind)'
    (mine, others) = connection.execute(
        f"SELECT any_value({source}) FILTER (source_id IN (SELECT source_id FROM incoming)), "
        f"count(DISTINCT {source}) > 1 FROM sources s"
    ).fetchall()[0]
    if mine is None or not others:
        return "incoming"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE incoming_named AS WITH held AS ("
        f"SELECT t.row_id, split_part(t.row_id, '~', 1) AS base, {source} = $mine AS is_mine "
        f"FROM {quoted(table.name)} t JOIN sources s USING (source_id) "
        "WHERE t.row_id IN (SELECT row_id FROM incoming) OR contains(t.row_id, '~')), "
        "taken AS (SELECT base, any_value(row_id) FILTER (is_mine) AS mine FROM held GROUP BY base) "
        "SELECT i.* REPLACE (CASE WHEN h.base IS NULL THEN i.row_id "
        "ELSE coalesce(h.mine, i.row_id || '~' || $mine) END AS row_id) "
        "FROM incoming i LEFT JOIN taken h ON h.base = i.row_id",
        {"mine": mine},
    )
    return "incoming_named"


def _remove_left_over(
    connection: duckdb.DuckDBPyConnection, table: Table, replacement: Replacement, incoming: str
) -> int:
    unknown = [name for name, _ in replacement.where if name not in table.by_name]
    if unknown or not replacement.where:
        raise UnusableInputError(f"a replacement in {table.name} needs columns of it, got {unknown}")
    where = " AND ".join(f"{quoted(name)} = ?" for name, _ in replacement.where)
    found = connection.execute(
        f"DELETE FROM {quoted(table.name)} WHERE {where} "
        f"AND row_id NOT IN (SELECT row_id FROM {incoming}) RETURNING row_id",
        [value for _, value in replacement.where],
    ).fetchall()
    return len(found)


def merge_quarantine(
    connection: duckdb.DuckDBPyConnection,
    batch: FactBatch,
    refused: Sequence[RefusedRow],
    superseded: Sequence[str],
) -> None:
    """Clear the quarantine of every place that was read again, then enter what is refused now."""
    source_id = batch.source.digest
    name = quoted(QUARANTINE.name)
    for earlier in superseded:
        connection.execute(f"DELETE FROM {name} WHERE source_id = ?", [earlier])
    held = connection.execute(
        f'SELECT quarantine_id, "table", source_locator FROM {name} WHERE source_id = ?', [source_id]
    ).fetchall()
    if held:
        places = _places(batch)
        leaving = [one for one, table, locator in held if (table, locator) in places]
        connection.execute(f"DELETE FROM {name} WHERE list_contains(?, quarantine_id)", [leaving])
    if refused:
        rows = _quarantine_rows(source_id, refused)
        schema = QUARANTINE.arrow_schema
        connection.register("refused", pa.Table.from_pylist(rows, schema))
        connection.execute(f"DELETE FROM {name} WHERE quarantine_id IN (SELECT quarantine_id FROM refused)")
        connection.execute(f"INSERT INTO {name} SELECT {column_list(QUARANTINE)} FROM refused")
        connection.unregister("refused")


def _places(batch: FactBatch) -> set[tuple[str, str | None]]:
    places: set[tuple[str, str | None]] = {(fault.table, fault.locator) for fault in batch.faults}
    for table, rows in batch.rows.items():
        for row in rows:
            locator = row.get("source_locator")
            places.add((table, str(locator) if locator is not None else None))
    return places


def _quarantine_rows(source_id: str, refused: Sequence[RefusedRow]) -> list[Row]:
    rows: list[Row] = []
    met: dict[tuple[str, str | None], int] = {}
    for one in refused:
        place = (one.table, one.locator)
        met[place] = met.get(place, 0) + 1
        rows.append(
            {
                "quarantine_id": f"quarantine:{digest_of([one.table, source_id, one.locator, met[place]])[:20]}",
                "table": one.table,
                "source_id": source_id,
                "source_locator": one.locator,
                "column": one.column,
                "rule": one.rule,
                "remedy": one.remedy,
                "row": canonical_json(keep_row(one.table, one.row)),
            }
        )
    return rows
