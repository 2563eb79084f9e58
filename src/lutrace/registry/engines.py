"""Where the frozen tables are computed on: DuckDB in this process, a Spark session, or a PostgreSQL server."""

from __future__ import annotations

import importlib.util
import io
import os
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import ibis
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from lutrace.core import Table, Type, UnusableInputError

Engine = Literal["duckdb", "spark", "postgres"]
ENGINES: tuple[Engine, ...] = ("duckdb", "spark", "postgres")
_EXTRA = {"spark": "pyspark", "postgres": "psycopg"}
_POSTGRES_TYPE = {
    Type.TEXT: 'text COLLATE "C"',
    Type.JSON: 'text COLLATE "C"',
    Type.INT: "bigint",
    Type.FLOAT: "double precision",
    Type.BOOL: "boolean",
    Type.DATE: "date",
    Type.DATETIME: "timestamp",
}
_BATCH_ROWS = 100_000
_DONE = "lutrace_loaded"
_OPTIONS = "-c jit=off -c enable_nestloop=off"
"""Queries of many small steps: compiling them would take longer than running them, and the planner, who does not know
how many rows a step gives, would join large steps by nested loops."""
ibis.options.sql.fuse_selects = False
"""Steps of an expression stay steps of its SQL: joining them took up to half of the time of a translation (measured on
the course of a study, ibis 12), and the engines join them by themselves."""


def connect_engine(engine: Engine, folder: Path, tables: Mapping[str, Table], *, digest: str) -> Any:
    """An ibis backend that holds the tables of one snapshot under their names.

    DuckDB and Spark read the Parquet files of `folder`; PostgreSQL gets them once, into a schema named by `digest`.
    Spark is the session that is active, or the one that Spark's own configuration makes; PostgreSQL is the database
    that libpq's variables name (PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD or a password file).
    Raises UnusableInputError for an engine that is not installed or not reachable.
    """
    if engine not in ENGINES:
        raise UnusableInputError(f"expected --backend {', '.join(ENGINES)}, got {str(engine)[:40]!r}")
    library = _EXTRA.get(engine)
    if library is not None and importlib.util.find_spec(library) is None:
        raise UnusableInputError(f"--backend {engine} needs the optional packages: pip install 'lutrace[{engine}]'")
    match engine:
        case "duckdb":
            return _on_duckdb(folder, tables)
        case "spark":
            return _on_spark(folder, tables)
        case "postgres":
            return _on_postgres(folder, tables, digest)


def _on_duckdb(folder: Path, tables: Mapping[str, Table]) -> Any:
    backend = ibis.duckdb.connect()
    for name in tables:
        backend.read_parquet(str(folder / f"{name}.parquet"), table_name=name)
    return backend


def _on_spark(folder: Path, tables: Mapping[str, Table]) -> Any:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    try:
        session = SparkSession.getActiveSession() or SparkSession.builder.appName("lutrace").getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise UnusableInputError(
            f"no Spark session could be made ({type(error).__name__}); Spark needs Java 17, and its own configuration "
            "(SPARK_CONF_DIR, SPARK_REMOTE) says where the cluster is"
        ) from error
    session.conf.set("spark.sql.ansi.enabled", "false")
    session.conf.set("spark.sql.session.timeZone", "UTC")
    backend = ibis.pyspark.connect(session)
    for name in tables:
        backend.read_parquet(str(folder / f"{name}.parquet"), table_name=name)
    return backend


def _on_postgres(folder: Path, tables: Mapping[str, Table], digest: str) -> Any:
    import psycopg

    schema = f"lutrace_{digest[:32]}"
    try:
        with psycopg.connect(autocommit=False) as connection:
            _load(connection, schema, folder, tables)
        backend = ibis.postgres.connect(
            host=os.environ.get("PGHOST"),
            port=int(os.environ.get("PGPORT", "5432")),
            user=os.environ.get("PGUSER"),
            password=os.environ.get("PGPASSWORD"),
            database=os.environ.get("PGDATABASE"),
            schema=schema,
            options=_OPTIONS,
        )
        weakref.finalize(backend, backend.con.close)
        return backend
    except psycopg.OperationalError as error:
        raise UnusableInputError(
            "PostgreSQL cannot be reached; expected its address in PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD "
            f"(or a password file): {str(error).splitlines()[0][:160]}"
        ) from error


def _load(connection: Any, schema: str, folder: Path, tables: Mapping[str, Table]) -> None:
    """Copy the tables into `schema` in one transaction: it is there as a whole or not at all."""
    cursor = connection.cursor()
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [schema])
    if cursor.execute("SELECT to_regclass(%s)", [f"{schema}.{_DONE}"]).fetchone()[0] is not None:
        return
    cursor.execute(f'CREATE SCHEMA "{schema}"')
    for name, table in tables.items():
        columns = ", ".join(f'"{column.name}" {_POSTGRES_TYPE[column.type]}' for column in table.columns)
        cursor.execute(f'CREATE TABLE "{schema}"."{name}" ({columns})')
        names = [column.name for column in table.columns]
        listed = ", ".join(f'"{one}"' for one in names)
        file = pq.ParquetFile(folder / f"{name}.parquet")
        with cursor.copy(f'COPY "{schema}"."{name}" ({listed}) FROM STDIN (FORMAT csv)') as copy:
            for batch in file.iter_batches(_BATCH_ROWS, columns=names):
                copy.write(_as_csv(batch))
    cursor.execute(f'CREATE TABLE "{schema}"."{_DONE}" (tables bigint)')
    cursor.execute(f'INSERT INTO "{schema}"."{_DONE}" VALUES (%s)', [len(tables)])
    for name in tables:
        cursor.execute(f'ANALYZE "{schema}"."{name}"')


def _as_csv(batch: pa.RecordBatch) -> bytes:
    """Rows as PostgreSQL reads them: every value quoted, so that an empty text is no missing value."""
    buffer = io.BytesIO()
    pc.write_csv(batch, buffer, pc.WriteOptions(include_header=False, quoting_style="all_valid"))
    return buffer.getvalue()
