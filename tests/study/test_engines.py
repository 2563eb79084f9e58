"""One study on two engines: DuckDB and a real PostgreSQL give the same rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.conftest import HandFacts

from lutrace.cohort import select_patients
from lutrace.core import Row, UnusableInputError, digest_of
from lutrace.endpoints import Basis, derive_endpoints
from lutrace.registry import Engine, Snapshot
from lutrace.study import load_protocol
from lutrace.tables import FACT_TABLES, LABS, SOURCES


@pytest.fixture(scope="module")
def frozen(abstract_rows: dict[str, list[Row]], tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The constructed cohort of 66 as the Parquet files of a snapshot."""
    facts = HandFacts(abstract_rows)
    folder = tmp_path_factory.mktemp("snapshot")
    for name, table in FACT_TABLES.items():
        schema = pa.schema([pa.field(column.name, column.arrow_type) for column in table.columns])
        pq.write_table(facts.table(table).to_pyarrow().cast(schema), folder / f"{name}.parquet")
    schema = pa.schema([pa.field(column.name, column.arrow_type) for column in SOURCES.columns])
    pq.write_table(schema.empty_table(), folder / "sources.parquet")
    return Snapshot(folder, digest_of("constructed cohort"))


def study_on(frozen: Snapshot, engine: Engine) -> tuple[list[Row], list[Row]]:
    """Members and endpoint rows of the first study, computed by `engine`."""
    facts, protocol = replace(frozen, engine=engine), load_protocol("early-spect-response")
    cohort = select_patients(facts, protocol)
    return list(cohort.members), derive_endpoints(Basis(facts, protocol, cohort.members, cohort.scans))


def check_same(ours: tuple[list[Row], list[Row]], theirs: tuple[list[Row], list[Row]]) -> None:
    """Equal rows in equal order; numbers to twelve digits (engines add in different orders)."""
    for one, other in zip(ours, theirs, strict=True):
        assert len(one) == len(other) > 0
        for left, right in zip(one, other, strict=True):
            assert left.keys() == right.keys()
            for name, value in left.items():
                if isinstance(value, float):
                    assert right[name] == pytest.approx(value, rel=1e-12, abs=1e-12), (name, left)
                else:
                    assert right[name] == value, (name, left)


@pytest.mark.server("postgresql")
def test_postgresql_gives_the_rows_of_duckdb(
    frozen: Snapshot, postgres_server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in postgres_server.items():
        monkeypatch.setenv(name, value)
    ours = study_on(frozen, "duckdb")
    check_same(ours, study_on(frozen, "postgres"))
    loaded_before = study_on(frozen, "postgres")
    check_same(ours, loaded_before)


def test_a_postgresql_that_is_not_there_is_refused_with_the_remedy(
    frozen: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGUSER": "nobody", "PGDATABASE": "none"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnusableInputError, match=r"PostgreSQL cannot be reached; expected its address in PGHOST"):
        replace(frozen, engine="postgres").table(LABS)
