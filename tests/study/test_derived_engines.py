"""Derived tables of history on three engines: the rows, counts and evidence of DuckDB."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.conftest import WIDE, freeze_by_hand
from tests.study.test_derived_tables import STUDY, history_rows

from lutrace.cohort import select_patients
from lutrace.core import Row
from lutrace.protocol import parse_protocol
from lutrace.registry import Engine, Snapshot
from lutrace.study.derived import DerivedTables, derive_tables
from lutrace.study.derived_parts import Ground

SOME = ("before", "sites")


@pytest.fixture(scope="module")
def frozen(abstract_rows: dict[str, list[Row]], tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The constructed cohort of 66 with what came before, as the Parquet files of a snapshot."""
    return freeze_by_hand({**abstract_rows, **history_rows()}, tmp_path_factory.mktemp("constructed"))


def derived_on(frozen: Snapshot, engine: Engine, names: tuple[str, ...] = ()) -> DerivedTables:
    """All derived tables of the study, or those named."""
    facts, protocol = replace(frozen, engine=engine), parse_protocol(STUDY, "history.yaml")
    if names:
        asked = tuple(item for item in protocol.derived if item.name in names)
        protocol = protocol.model_copy(update={"derived": asked})
    members = select_patients(frozen, protocol).members
    return derive_tables(Ground.of(facts, protocol, members, None, whole=facts))


@pytest.mark.server("postgresql")
@pytest.mark.usefixtures("on_postgres")
def test_postgresql_gives_the_derived_tables_of_duckdb(frozen: Snapshot) -> None:
    ours = derived_on(frozen, "duckdb")
    assert len(ours.rows) > 10
    assert derived_on(frozen, "postgres") == ours


@pytest.mark.server("default-jre-headless")
@pytest.mark.usefixtures("spark_session")
def test_spark_gives_the_derived_tables_of_duckdb(frozen: Snapshot) -> None:
    names = () if WIDE else SOME
    ours = derived_on(frozen, "duckdb", names)
    assert ours.rows
    assert derived_on(frozen, "spark", names) == ours
