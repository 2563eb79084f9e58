"""One study on three engines: DuckDB, a real Spark session and a real PostgreSQL give the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.conftest import WIDE, freeze_by_hand
from tests.engines import check_same_rows

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


def study_on(frozen: Snapshot, engine: Engine, names: Sequence[str] | None = None) -> tuple[list[Row], list[Row]]:
    """Members and endpoint rows (of all endpoints where none are named) of the first study, computed by `engine`."""
    facts, protocol = replace(frozen, engine=engine), load_protocol("early-spect-response")
    cohort = select_patients(facts, protocol)
    basis = Basis(facts, protocol, cohort.members, cohort.scans)
    rows = derive_endpoints(basis) if names is None else [row for name in names for row in derive_values(basis, name)]
    return list(cohort.members), rows


def check_same(ours: tuple[list[Row], list[Row]], theirs: tuple[list[Row], list[Row]]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert one
        check_same_rows(one, other)


@pytest.mark.server("postgresql")
@pytest.mark.usefixtures("on_postgres")
def test_postgresql_gives_the_rows_of_duckdb(frozen: Snapshot) -> None:
    check_same(study_on(frozen, "duckdb"), study_on(frozen, "postgres"))
    once_loaded = ("psa_baseline", "os")
    check_same(study_on(frozen, "duckdb", once_loaded), study_on(frozen, "postgres", once_loaded))


@pytest.mark.server("default-jre-headless")
@pytest.mark.usefixtures("spark_session")
def test_spark_gives_the_outcomes_of_duckdb(frozen: Snapshot) -> None:
    """Cohort, tumour volume and outcomes; `make validate` compares all values."""
    names = None if WIDE else SOME
    check_same(study_on(frozen, "duckdb", names), study_on(frozen, "spark", names))


def test_a_postgresql_that_is_not_there_is_refused_with_the_remedy(
    frozen: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGUSER": "nobody", "PGDATABASE": "none"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnusableInputError, match=r"PostgreSQL cannot be reached; expected its address in PGHOST"):
        replace(frozen, engine="postgres").table(LABS)
