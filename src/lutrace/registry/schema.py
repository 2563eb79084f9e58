"""How the declared tables stand in the DuckDB file, and which version of them a file holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import duckdb

from lutrace.core import Table, Type, UnusableInputError
from lutrace.tables import ANSWERS, DIAGNOSES, FACT_TABLES, OVERRIDES, QUARANTINE, REVIEWS, SOURCES

SHAPES_ONLY = "cells by their shape"
"""The comment of a quarantine that no older version has filled with raw cells."""
SCHEMA_VERSION = 4
"""Raised whenever a declared table changes; docs/decisions says what each upgrade does."""

STORED_TABLES: dict[str, Table] = {**FACT_TABLES, **{table.name: table for table in (SOURCES, QUARANTINE, ANSWERS)}}
"""All declared tables that the registry keeps."""

SQL_TYPE: dict[Type, str] = {
    Type.TEXT: "VARCHAR",
    Type.INT: "BIGINT",
    Type.FLOAT: "DOUBLE",
    Type.BOOL: "BOOLEAN",
    Type.DATE: "DATE",
    Type.DATETIME: "TIMESTAMP",
    Type.JSON: "VARCHAR",
}


_WITHDRAWN = "CREATE TABLE IF NOT EXISTS withdrawn_rows (row_id VARCHAR NOT NULL, ordinal BIGINT NOT NULL)"
"""Rows that a source took back, by its place in the order of reading: earlier sources do not bring them again."""


def quoted(name: str) -> str:
    """A name as SQL writes it; every name here comes from a declaration, never from a row."""
    return '"' + name.replace('"', '""') + '"'


def column_list(table: Table, prefix: str = "") -> str:
    """All columns of a table in declared order, for a SELECT."""
    return ", ".join(f"{prefix}{quoted(column.name)}" for column in table.columns)


def create_statement(table: Table) -> str:
    """The CREATE TABLE of a declared table."""
    columns = ", ".join(
        f"{quoted(column.name)} {SQL_TYPE[column.type]}{'' if column.null is not None else ' NOT NULL'}"
        for column in table.columns
    )
    return f"CREATE TABLE {quoted(table.name)} ({columns})"


def create_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create every stored table and the tables of the house (version, order of sources, content seen by reviewers)."""
    connection.begin()
    connection.execute("CREATE TABLE schema_version (version INTEGER NOT NULL)")
    connection.execute("INSERT INTO schema_version VALUES (?)", [SCHEMA_VERSION])
    connection.execute("CREATE TABLE source_order (source_id VARCHAR NOT NULL, ordinal BIGINT NOT NULL)")
    connection.execute("CREATE TABLE reviewed_content (review_id VARCHAR NOT NULL, content VARCHAR NOT NULL)")
    connection.execute(_WITHDRAWN)
    for table in STORED_TABLES.values():
        connection.execute(create_statement(table))
    mark_quarantine(connection)
    connection.commit()


def mark_quarantine(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep in the file that its quarantine holds no raw cells."""
    connection.execute(f"COMMENT ON TABLE {quoted(QUARANTINE.name)} IS '{SHAPES_ONLY}'")


def check_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise UnusableInputError unless the file holds this version of the declared tables."""
    found = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'schema_version'").fetchall()
    if not found[0][0]:
        raise UnusableInputError("registry.duckdb is not a lutrace registry; make one with `lutrace init`")
    version = connection.execute("SELECT max(version) FROM schema_version").fetchall()[0][0]
    if version is None or version < SCHEMA_VERSION:
        raise UnusableInputError(
            f"the registry has schema version {version}, expected {SCHEMA_VERSION}; run `lutrace upgrade`"
        )
    if version > SCHEMA_VERSION:
        raise UnusableInputError(
            f"the registry has schema version {version}, expected {SCHEMA_VERSION}; use a newer lutrace"
        )
    stored = _stored_columns(connection)
    differing = [table.name for table in STORED_TABLES.values() if stored.get(table.name) != _declared(table)]
    if differing:
        raise UnusableInputError(
            f"the registry's tables {', '.join(differing)} differ from their declaration; run `lutrace upgrade`"
        )


def upgrade_schema(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Bring the tables of an older file to the declaration; returns what was done, one line each.

    A missing table is created and a missing column that may be empty is added. Rows of a table whose key changed get
    the names that the key gives them, and what points to them follows. Raises UnusableInputError, with nothing
    changed, when a column without a null rule is missing from a table that holds rows, or when a type differs.
    """
    done: list[str] = []
    with transaction(connection):
        stored = _stored_columns(connection)
        for table in STORED_TABLES.values():
            done += _upgrade_table(connection, table, dict(stored.get(table.name, ())))
        done += _rename_rows(connection, DIAGNOSES)
        connection.execute(_WITHDRAWN)
        connection.execute("DELETE FROM schema_version")
        connection.execute("INSERT INTO schema_version VALUES (?)", [SCHEMA_VERSION])
    return done


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that is done inside is stored together, or, when anything stops it, not at all."""
    connection.begin()
    with ExitStack() as undo:
        undo.callback(connection.rollback)
        yield
        undo.pop_all()
    connection.commit()


def _upgrade_table(connection: duckdb.DuckDBPyConnection, table: Table, stored: dict[str, str]) -> list[str]:
    declared = dict(_declared(table))
    if stored == declared and list(stored) == list(declared):
        return []
    if not stored:
        connection.execute(create_statement(table))
        return [f"{table.name}: created"]
    filled = bool(connection.execute(f"SELECT count(*) FROM {quoted(table.name)}").fetchall()[0][0])
    for column in table.columns:
        if column.name not in stored and column.null is None and filled:
            raise UnusableInputError(f"{table.name}.{column.name} is new and may not be empty; read the sources again")
        if column.name in stored and stored[column.name] != declared[column.name]:
            raise UnusableInputError(
                f"{table.name}.{column.name} is {stored[column.name]}, expected {declared[column.name]}; "
                "read the sources into a new registry"
            )
    kept = [quoted(name) for name in declared if name in stored]
    old = quoted(f"{table.name}_before_upgrade")
    connection.execute(f"ALTER TABLE {quoted(table.name)} RENAME TO {old}")
    connection.execute(create_statement(table))
    connection.execute(f"INSERT INTO {quoted(table.name)} ({', '.join(kept)}) SELECT {', '.join(kept)} FROM {old}")
    connection.execute(f"DROP TABLE {old}")
    added = sorted(set(declared) - set(stored))
    dropped = sorted(set(stored) - set(declared))
    return [f"{table.name}: added {added}, left out {dropped}"]


def _rename_rows(connection: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    """Give the rows of `table` the names of its present key (version 4: several codes of one day are several rows)."""
    found = connection.execute(
        f"SELECT row_id, {', '.join(map(quoted, table.key))} FROM {quoted(table.name)}"
    ).fetchall()
    new = {old: table.row_id(dict(zip(table.key, values, strict=True))) for old, *values in found}
    changed = {old: name for old, name in new.items() if old != name}
    for old, name in changed.items():
        connection.execute(f"UPDATE {quoted(table.name)} SET row_id = ? WHERE row_id = ?", [name, old])
        for pointing in (OVERRIDES, REVIEWS):
            statement = f"UPDATE {quoted(pointing.name)} SET target_row_id = ? WHERE target_row_id = ?"
            connection.execute(statement, [name, old])
    return [f"{table.name}: {len(changed)} rows renamed"] if changed else []


def _declared(table: Table) -> list[tuple[str, str]]:
    return [(column.name, SQL_TYPE[column.type]) for column in table.columns]


def _stored_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    """Names and types of the columns of every table of the file, in their order, in one query."""
    found: dict[str, list[tuple[str, str]]] = {}
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE schema_name = 'main' AND database_name = current_database() ORDER BY table_name, column_index"
    ).fetchall()
    for table, name, kind in rows:
        found.setdefault(str(table), []).append((str(name), str(kind)))
    return found
