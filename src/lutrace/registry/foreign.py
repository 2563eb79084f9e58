"""Databases and folders of others, opened for reading only: a DuckDB file, a folder of tables, PostgreSQL."""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

import duckdb
import ibis
import ibis.expr.types as ir

from lutrace.core import UnusableInputError, digest_of, digest_of_file, tell_file

_DUCKDB_ENDINGS = (".duckdb", ".ddb", ".db")
_TABLE_ENDINGS = (".parquet", ".csv", ".tsv", ".csv.gz", ".tsv.gz")
_SCHEMES = ("postgresql", "postgres")


@dataclass(frozen=True)
class Foreign:
    """What was opened: its tables by name in small letters, with column names in small letters too.

    `digest` is that of the bytes; of a server's database, which changes, that of its address. `path` is None for one.
    """

    tables: Mapping[str, ir.Table]
    digest: str
    path: Path | None


@contextmanager
def open_foreign(source: str, *, schema: str | None = None) -> Iterator[Foreign]:
    """The tables of a DuckDB file, of a folder of Parquet or CSV files, or of `postgresql://user@host:port/database`.

    The password of a server is taken from PGPASSWORD or a password file, never from the address. Of a folder each file
    (or folder with the parts of a table) is the table of its name, CSV cells as text. Nothing is written. Raises
    UnusableInputError for what cannot be opened or read.
    """
    with ExitStack() as closing:
        closing.enter_context(_told_apart())
        address = urlsplit(source)
        if address.scheme in _SCHEMES:
            yield _on_server(address, schema, closing)
        elif "://" in source:
            raise UnusableInputError(f"expected a file, a folder or postgresql://..., got {address.scheme}://")
        else:
            yield _on_disk(Path(source), schema, closing)


@contextmanager
def _told_apart() -> Iterator[None]:
    """Errors of the engines in words: what failed, without values of rows."""
    from psycopg import Error as PostgresError

    try:
        yield
    except (duckdb.Error, PostgresError) as error:
        kind = "PostgreSQL" if isinstance(error, PostgresError) else "DuckDB"
        raise UnusableInputError(f"{kind} cannot read the source: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    """Why an engine failed, in our words: its own hold values of rows, paths and what was asked."""
    words = str(error)
    line = re.search(r"(?:CSV Error on Line|Line): ?(\d+)", words)
    if line is not None or isinstance(error, duckdb.InvalidInputException | duckdb.ConversionException):
        place = f"line {line.group(1)} " if line is not None else "a line "
        return (
            f"{place}has other cells than its heading; look for a quote or separator too many or too few, and export it"
        )
    if isinstance(error, duckdb.IOException):
        return "a file is no Parquet, CSV or DuckDB file, or is open elsewhere; export it anew"
    if isinstance(error, duckdb.CatalogException | duckdb.BinderException):
        return "it has no such table or column; name the schema of the CDM"
    return f"{type(error).__name__}; check address, user and password, and that the tables may be read"


def _on_disk(path: Path, schema: str | None, closing: ExitStack) -> Foreign:
    if path.is_file() and path.suffix.lower() in _DUCKDB_ENDINGS:
        backend = ibis.duckdb.connect(path, read_only=True)
        closing.callback(backend.disconnect)
        listed = backend.con.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = ? AND table_catalog = current_database()",
            [schema or "main"],
        )
        names = [str(name) for (name,) in listed.fetchall()]
        return Foreign(_named(backend, schema, names), digest_of_file(path), path)
    if not path.is_dir():
        raise UnusableInputError(
            f"{tell_file(path)}: expected a DuckDB file ({', '.join(_DUCKDB_ENDINGS)}), a folder of Parquet or CSV "
            "files, or postgresql://user@host/database"
        )
    if schema is not None:
        raise UnusableInputError("a schema goes with a database, not with a folder of files")
    return _of_folder(path, closing)


def _of_folder(path: Path, closing: ExitStack) -> Foreign:
    files = {found: name for found in sorted(path.iterdir()) if (name := _table_name(found)) is not None}
    if not files:
        raise UnusableInputError(f"{tell_file(path)}: holds no table ({', '.join(_TABLE_ENDINGS)})")
    twice = [tell_file(found) for found, name in files.items() if list(files.values()).count(name) > 1]
    if twice:
        raise UnusableInputError(f"{tell_file(path)}: {', '.join(twice)} are of one table; keep one file of each")
    workplace = closing.enter_context(tempfile.TemporaryDirectory(prefix="lutrace-"))
    backend = ibis.duckdb.connect(Path(workplace) / "tables.duckdb")
    closing.callback(backend.disconnect)
    tables, digests = {}, []
    for file, name in files.items():
        parts = _parts(file)
        digests += [(name, digest_of_file(part)) for part in parts]
        given = [str(part) for part in parts]
        if parts[0].suffix.lower() == ".parquet":
            tables[name] = _small(backend.read_parquet(given, table_name=f"read_{name}"))
        else:
            dialect = {"header": True, "all_varchar": True, **_dialect(parts[0])}
            read = backend.read_csv(given, table_name=f"read_{name}", **dialect)
            tables[name] = _small(backend.create_table(f"kept_{name}", read))
    return Foreign(tables, digest_of(digests), path)


def _table_name(path: Path) -> str | None:
    """The table that a file, or a folder of the parts of one, holds by its name; None for anything else."""
    name = path.name.lower()
    if path.is_dir():
        return name.removesuffix(".parquet") if _parts(path) else None
    ending = _ending(path)
    return None if ending is None else name.removesuffix(ending)


def _ending(path: Path) -> str | None:
    endings = sorted(_TABLE_ENDINGS, key=len, reverse=True)
    return next((one for one in endings if path.name.lower().endswith(one)), None)


def _parts(path: Path) -> list[Path]:
    """The file itself, or the files of a folder that end as its first one does."""
    if path.is_file():
        return [path]
    inside = [one for one in sorted(path.iterdir()) if one.is_file() and _ending(one) is not None]
    return [one for one in inside if _ending(one) == _ending(inside[0])]


def _dialect(file: Path) -> dict[str, str]:
    """The separator of a text table by its first line; tab-separated ones, as Athena writes them, have no quotes."""
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
        first = opened.readline().decode("utf-8-sig", errors="replace")
    sign = max(("\t", ",", ";", "|"), key=first.count)
    return {"delim": sign} | ({"quote": ""} if sign == "\t" else {})


def _on_server(address: SplitResult, schema: str | None, closing: ExitStack) -> Foreign:
    if address.password is not None:
        raise UnusableInputError("the address holds a password; give it in PGPASSWORD or a password file instead")
    database = unquote(address.path.lstrip("/")) or None
    backend = ibis.postgres.connect(
        host=address.hostname,
        port=address.port or 5432,
        user=unquote(address.username) if address.username else None,
        database=database,
        options="-c default_transaction_read_only=on -c jit=off",
    )
    closing.callback(backend.disconnect)
    digest = digest_of(["postgresql", address.hostname, address.port or 5432, database, schema])
    return Foreign(_named(backend, schema, backend.list_tables(database=schema)), digest, None)


def _named(backend: ibis.BaseBackend, schema: str | None, names: Sequence[str]) -> dict[str, ir.Table]:
    if not names:
        where = "the database" if schema is None else f"the schema {schema[:60]!r}"
        raise UnusableInputError(f"{where} holds no table; name the schema of the tables with --schema")
    return {name.lower(): _small(backend.table(name, database=schema)) for name in names}


def _small(table: ir.Table) -> ir.Table:
    """The table with column names in small letters."""
    renamed = {name.lower(): name for name in table.columns}
    return table if list(renamed) == list(table.columns) else table.rename(renamed)
