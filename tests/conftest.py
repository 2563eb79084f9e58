"""Small frozen facts for the rooms right of the waist."""

from __future__ import annotations

import datetime as dt
import gc
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings

from lutrace.core import Table, digest_of
from lutrace.registry import Snapshot
from lutrace.tables import FACT_TABLES, SOURCES

DAY_ZERO = dt.date(2022, 1, 10)
WIDE = os.environ.get("LUTRACE_WIDE") == "1"
"""Whether `make validate` runs these tests: more random examples, and all that Spark can compute."""
AT_RANDOM = settings(
    max_examples=60 if WIDE else 3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""Properties whose every example is a query of many patients: few here, more in `make validate`."""


LONG = ("cli/test_demo.py", "endpoints/", "spec/test_ctcae_engines.py", "study/")
"""Tests with what takes long to build: a demonstration, studies, a Spark, a PostgreSQL."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These run first, and where two processes share the tests in one of them: each thing is built once, not twice.

    The other process takes over what is left of the short ones, so that neither ends long after the other.
    """
    here = Path(__file__).parent
    items.sort(key=lambda item: not item.path.relative_to(here).as_posix().startswith(LONG))


def pytest_collection_finish() -> None:
    """What was imported stays to the end: the collector of garbage need not walk through it again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """At the end all of it may go."""
    gc.unfreeze()


def day(number: int) -> dt.date:
    """A date by its day, counted from the first cycle of every hand-written patient."""
    return DAY_ZERO + dt.timedelta(days=number)


class HandFacts:
    """Fact tables written by hand, each made when it is asked for; a column that is left out is empty."""

    digest = "0" * 64

    def __init__(self, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        for name, given in rows.items():
            unknown = {column for row in given for column in row} - set(FACT_TABLES[name].by_name)
            assert not unknown, f"{name} has no column {unknown}"
        self.rows = rows
        self._tables: dict[str, ir.Table] = {}

    def arrow(self, declared: Table) -> pa.Table:
        schema = pa.schema([pa.field(column.name, column.arrow_type) for column in declared.columns])
        return pa.Table.from_pylist([_filled(declared, row) for row in self.rows.get(declared.name, ())], schema=schema)

    def table(self, declared: Table) -> ir.Table:
        if declared.name not in self._tables:
            self._tables[declared.name] = ibis.memtable(self.arrow(declared))
        return self._tables[declared.name]


def _filled(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    full = {column.name: row.get(column.name) for column in table.columns}
    return {**full, "row_id": row.get("row_id") or table.row_id(full)}


def freeze_by_hand(rows: Mapping[str, Sequence[Mapping[str, Any]]], folder: Path) -> Snapshot:
    """Fact tables written by hand as the Parquet files of a snapshot, for every engine."""
    facts = HandFacts(rows)
    for name, table in FACT_TABLES.items():
        pq.write_table(facts.arrow(table), folder / f"{name}.parquet")
    sources = pa.schema([pa.field(column.name, column.arrow_type) for column in SOURCES.columns])
    pq.write_table(sources.empty_table(), folder / f"{SOURCES.name}.parquet")
    return Snapshot(folder, digest_of(folder.name))


@pytest.fixture
def make_facts() -> Callable[..., HandFacts]:
    """Build facts from rows by table name: `make_facts(patients=[{"patient_id": "a"}])`."""
    return lambda **rows: HandFacts(rows)


@pytest.fixture
def on_day() -> Callable[[int], dt.date]:
    """The date of a day, counted from the first cycle."""
    return day


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[dict[str, str]]:
    """A PostgreSQL of its own on a free port, as libpq's variables; stopped and removed at the end."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    root = os.geteuid() == 0  # PostgreSQL refuses to run as root
    if root:
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(*command: str) -> None:
        as_user = ["runuser", "-u", "postgres", "--"] if root else []
        subprocess.run([*as_user, *command], check=True, capture_output=True, cwd=folder, stdin=subprocess.DEVNULL)

    data = str(folder / "data")
    call(str(programs / "initdb"), "-D", data, "-U", "lutrace", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
    control = str(programs / "pg_ctl")
    call(control, "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "lutrace", "PGDATABASE": "postgres"}
    finally:
        call(control, "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def on_postgres(postgres_server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine `postgres` finds this server."""
    for name, value in postgres_server.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def spark_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Spark session of two local cores that plans once: tables of some hundred rows have nothing to adapt to."""
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    builder = SparkSession.builder.master("local[2]").appName("lutrace tests")
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "2",
        "spark.driver.memory": "2g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={folder}",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "false",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()
