"""Questionnaires are one expression on every engine: equal rows on DuckDB, a real PostgreSQL and a real Spark."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import ibis
import pytest
from tests.conftest import day, freeze_by_hand
from tests.endpoints.test_backends import Unbound
from tests.spec.questionnaire_patient import basis_of, bpi_rows, cycle_rows, fact_rows, protocol_of

from lutrace.core import Row
from lutrace.endpoints import (
    Basis,
    count_completion,
    derive_score_courses,
    derive_scores,
    derive_visits_by_cycle,
    derive_visits_by_day,
    express_values,
)
from lutrace.registry import Snapshot

RULES = "instrument: bpi-sf, scale: severity, confirmation: definitive, alone_at_end: counts, longest_gap: 200 days"
PATIENTS = tuple(f"p{number}" for number in range(12))


def expressions(basis: Basis) -> dict[str, Any]:
    return {
        "ttw": express_values(basis, "ttw"),
        "bpi_severity_baseline": express_values(basis, "bpi_severity_baseline"),
        "scores": derive_scores(basis),
        "courses": derive_score_courses(basis, "fact-p", "fact_p"),
        "by_cycle": count_completion(derive_visits_by_cycle(basis, "bpi-sf", "severity")),
        "by_day": count_completion(derive_visits_by_day(basis, "bpi-sf", "severity", days=(0, 42, 84))),
    }


@pytest.mark.parametrize("dialect", ["postgres", "databricks"])
def test_each_derivation_is_translated_for_other_backends(dialect: str) -> None:
    basis = Basis(Unbound(), protocol_of(RULES), [], [], dt.date(2024, 1, 1))
    for name, expression in expressions(basis).items():
        assert "SELECT" in str(ibis.to_sql(expression, dialect=dialect)), name


@pytest.fixture
def frozen(tmp_path: Path) -> Snapshot:
    """Random courses of twelve patients as the Parquet files of a snapshot."""
    chance = random.Random(3)
    answers: list[Row] = []
    for name in PATIENTS:
        days = sorted({-1, *(chance.randint(1, 300) for _ in range(5))})
        answers += bpi_rows([(number, chance.randint(0, 40) / 4) for number in days], day, name)
        answers += fact_rows([(number, chance.randint(0, 156)) for number in days], day, name)
    answers = [row for row in answers if chance.random() > 0.05]
    dead = [
        {"patient_id": name, "status": "dead", "date": day(350), "date_precision": "day", "row_id": f"follow_up:{name}"}
        for name in PATIENTS[:5]
    ]
    cycles = [row for name in PATIENTS for row in cycle_rows(name, day)]
    return freeze_by_hand({"questionnaires": answers, "follow_up": dead, "cycles": cycles}, tmp_path)


def rows_on(frozen: Snapshot, engine: Any) -> dict[str, list[Row]]:
    basis = basis_of(protocol_of(RULES), lambda **_: replace(frozen, engine=engine), day, patients=PATIENTS)
    found = {name: expression.to_pyarrow().to_pylist() for name, expression in expressions(basis).items()}
    return {name: sorted(rows, key=lambda row: str(list(row.values()))) for name, rows in found.items()}


@pytest.mark.server("postgresql")
def test_postgresql_gives_the_rows_of_duckdb(
    frozen: Snapshot, postgres_server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in postgres_server.items():
        monkeypatch.setenv(name, value)
    check_same(rows_on(frozen, "duckdb"), rows_on(frozen, "postgres"))


@pytest.mark.server("default-jre-headless")
def test_spark_gives_the_rows_of_duckdb(frozen: Snapshot, spark_session: Any) -> None:
    check_same(rows_on(frozen, "duckdb"), rows_on(frozen, "spark"))


def check_same(ours: dict[str, list[Row]], theirs: dict[str, list[Row]]) -> None:
    for name, rows in ours.items():
        assert len(rows) == len(theirs[name]) > 0
        for left, right in zip(rows, theirs[name], strict=True):
            assert {key: _plain(value) for key, value in left.items()} == {
                key: _plain(value) for key, value in right.items()
            }, name


def _plain(value: Any) -> Any:
    return pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
