"""What of a refused row is kept: dates, short numbers and words of the vocabularies; of all else the shape."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from lutrace.core import (
    Disclosure,
    Row,
    Type,
    UnusableInputError,
    canonical_json,
    is_short_number,
    parse_partial_date,
    shape_of,
)
from lutrace.registry.images import TEMPORARY
from lutrace.registry.schema import SHAPES_ONLY, STORED_TABLES, mark_quarantine, quoted, transaction
from lutrace.tables import QUARANTINE
from lutrace.terms import is_word, keep

_NAMING = ("record_key",)
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_SHAPE = re.compile(r"[a9 .,;:/+<>()\[\]%*^_=?-]*")
_LONG_NUMBER = re.compile(r"\d[\d.]*e[+-]?\d+|\d{5,}", re.IGNORECASE)


def keep_row(table_name: str, row: Mapping[str, Any]) -> Row:
    """What is kept of a refused row of a table: columns that it has, names of persons and records as pseudonyms only.

    A text that is no code of its column and no word of the vocabularies may be a name: its shape stays.
    """
    table = STORED_TABLES.get(table_name)
    if table is None:
        return {}
    columns = {name: column for name, column in table.by_name.items() if name not in _NAMING}
    return {name: _keep(columns[name], value) for name, value in row.items() if name in columns}


def _keep(column: Any, value: Any) -> Any:
    if column.disclosure is Disclosure.PSEUDONYM:
        return value if value is None else str(value)
    if isinstance(value, str):
        if column.codes is not None and value in column.codes:
            return value
        if column.type in (Type.DATE, Type.DATETIME) and _is_date(value):
            return value
    kept = keep(value)
    return kept if kept is None or isinstance(kept, bool | int | float | str) else str(kept)


def _is_date(text: str) -> bool:
    try:
        parse_partial_date(text)
    except UnusableInputError:
        return False
    return re.fullmatch(r"[\d:T+Z. -]{4,32}", text) is not None


def remove_raw_cells(connection: duckdb.DuckDBPyConnection) -> bool:
    """Bring a quarantine that an older version filled to shapes, rows and rules; whether that was to be done.

    The bytes stay in the file until it is written anew.
    """
    if not holds_raw_cells(connection):
        return False
    name = quoted(QUARANTINE.name)
    rows = connection.execute(f'SELECT quarantine_id, "table", rule, "row" FROM {name}').fetchall()
    with transaction(connection):
        for quarantine_id, table, rule, row in rows:
            connection.execute(
                f'UPDATE {name} SET rule = ?, "row" = ? WHERE quarantine_id = ?',
                [without_cells(rule), canonical_json(keep_row(table, json.loads(row))), quarantine_id],
            )
        mark_quarantine(connection)
    return bool(rows)


def holds_raw_cells(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether an older version may have filled the quarantine of this file."""
    found = connection.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'quarantine'").fetchall()
    return bool(found) and found[0][0] != SHAPES_ONLY


def without_cells(words: str) -> str:
    """A message of an older version with what it quotes, and long numbers, by their shape."""

    def told(match: re.Match[str]) -> str:
        text = match.group(1) if match.group(1) is not None else match.group(2)
        known = _SHAPE.fullmatch(text) or is_word(text) or is_short_number(text)
        return match.group(0) if known else shape_of(text)

    return _LONG_NUMBER.sub(lambda match: shape_of(match.group(0)), _QUOTED.sub(told, words))


def write_anew(file: Path) -> None:
    """Write a database into a file of its own and put that in its place: what was deleted is in no byte of it."""
    new = file.with_name(f"{TEMPORARY}{file.name}")
    new.unlink(missing_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{_sql(file)}' AS old (READ_ONLY); ATTACH '{_sql(new)}' AS new")
        connection.execute("COPY FROM DATABASE old TO new; DETACH old; DETACH new")
    with duckdb.connect(str(new)) as connection:
        mark_quarantine(connection)
    new.replace(file)


def _sql(path: Path) -> str:
    return str(path).replace("'", "''")
