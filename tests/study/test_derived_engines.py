"""Derived tables of what came before and after on three engines: the rows, counts and evidence of DuckDB."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from tests.conftest import WIDE, freeze_by_hand
from tests.study.test_derived_after import CUT, more_rows
from tests.study.test_derived_after import STUDY as AFTER
from tests.study.test_derived_tables import STUDY, history_rows

from lutrace.cohort import select_patients
from lutrace.core import Row
from lutrace.protocol import parse_protocol
from lutrace.registry import Engine, Snapshot
from lutrace.study.derived import DerivedTables, derive_tables
from lutrace.study.derived_parts import Ground

SOME = ("before", "sites")
SOME_AFTER = ("toxicity", "by_cycle")


@pytest.fixture(scope="module")
def frozen(abstract_rows: dict[str, list[Row]], tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The constructed cohort of 66 with what came before, as the Parquet files of a snapshot."""
    return freeze_by_hand({**abstract_rows, **history_rows()}, tmp_path_factory.mktemp("constructed"))


@pytest.fixture(scope="module")
def frozen_after(abstract_rows: dict[str, list[Row]], tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The same cohort with what came after."""
    return freeze_by_hand({**abstract_rows, **more_rows(abstract_rows)}, tmp_path_factory.mktemp("after"))


def derived_on(
    frozen: Snapshot, engine: Engine, names: tuple[str, ...] = (), *, study: str = STUDY, cut: dt.date | None = None
) -> DerivedTables:
    """All derived tables of the study, or those named."""
    facts, protocol = replace(frozen, engine=engine), parse_protocol(study, "derived.yaml")
    if names:
        asked = tuple(item for item in protocol.derived if item.name in names)
        protocol = protocol.model_copy(update={"derived": asked})
    members = select_patients(frozen, protocol).members
    return derive_tables(Ground.of(facts, protocol, members, cut, whole=facts))


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


@pytest.mark.server("postgresql")
@pytest.mark.usefixtures("on_postgres")
def test_postgresql_gives_the_tables_of_what_came_after(frozen_after: Snapshot) -> None:
    names = () if WIDE else SOME_AFTER
    ours = derived_on(frozen_after, "duckdb", names, study=AFTER, cut=CUT)
    assert len(ours.rows) >= 4
    assert derived_on(frozen_after, "postgres", names, study=AFTER, cut=CUT) == ours


@pytest.mark.server("default-jre-headless")
@pytest.mark.usefixtures("spark_session")
def test_spark_gives_the_tables_of_what_came_after(frozen_after: Snapshot) -> None:
    names = () if WIDE else SOME_AFTER[-1:]
    ours = derived_on(frozen_after, "duckdb", names, study=AFTER, cut=CUT)
    assert ours.rows
    assert derived_on(frozen_after, "spark", names, study=AFTER, cut=CUT) == ours
