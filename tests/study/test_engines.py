"""One study on three engines: DuckDB, a real Spark session and a real PostgreSQL give the same rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.conftest import freeze_by_hand

from lutrace.cohort import select_patients
from lutrace.core import Row, UnusableInputError
from lutrace.endpoints import Basis, derive_endpoints, derive_values
from lutrace.registry import Engine, Snapshot
from lutrace.study import load_protocol
from lutrace.tables import LABS

SOME = ("psa_baseline", "ttv_change_pct", "psa_pfs", "os")


@pytest.fixture(scope="module")
def frozen(abstract_rows: dict[str, list[Row]], tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The constructed cohort of 66 as the Parquet files of a snapshot."""
    return freeze_by_hand(abstract_rows, tmp_path_factory.mktemp("constructed"))


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


@pytest.mark.server("default-jre-headless")
def test_spark_gives_the_outcomes_of_duckdb(frozen: Snapshot, spark_session: Any) -> None:
    """Cohort, tumour volume and outcomes; `make validate` compares all values."""

    def outcomes(engine: Engine) -> tuple[list[Row], list[Row]]:
        facts, protocol = replace(frozen, engine=engine), load_protocol("early-spect-response")
        cohort = select_patients(facts, protocol)
        basis = Basis(facts, protocol, cohort.members, cohort.scans)
        return list(cohort.members), [row for name in SOME for row in derive_values(basis, name)]

    check_same(outcomes("duckdb"), outcomes("spark"))


def test_a_postgresql_that_is_not_there_is_refused_with_the_remedy(
    frozen: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGUSER": "nobody", "PGDATABASE": "none"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnusableInputError, match=r"PostgreSQL cannot be reached; expected its address in PGHOST"):
        replace(frozen, engine="postgres").table(LABS)
