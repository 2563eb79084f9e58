"""Questionnaires are one expression on every engine: equal rows on DuckDB, a real PostgreSQL and a real Spark."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import ibis
import pytest
from tests.conftest import day, freeze_by_hand
from tests.endpoints.test_backends import Unbound
from tests.engines import check_same, names_for_spark, read_rows_of
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
from lutrace.registry import Engine, Snapshot

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


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
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
    return freeze_by_hand(
        {"questionnaires": answers, "follow_up": dead, "cycles": cycles}, tmp_path_factory.mktemp("courses")
    )


def made_on(frozen: Snapshot, engine: Engine) -> dict[str, Any]:
    return expressions(basis_of(protocol_of(RULES), lambda **_: replace(frozen, engine=engine), day, patients=PATIENTS))


@pytest.fixture(scope="module")
def ours(frozen: Snapshot) -> dict[str, list[Row]]:
    rows = read_rows_of(made_on(frozen, "duckdb"))
    assert all(rows.values())
    return rows


@pytest.mark.server("postgresql")
@pytest.mark.usefixtures("on_postgres")
def test_postgresql_gives_the_rows_of_duckdb(frozen: Snapshot, ours: dict[str, list[Row]]) -> None:
    theirs = read_rows_of(made_on(frozen, "postgres"))
    check_same(ours, theirs)
    assert theirs.keys() == ours.keys()


@pytest.mark.server("default-jre-headless")
@pytest.mark.usefixtures("spark_session")
def test_spark_gives_the_rows_of_duckdb(frozen: Snapshot, ours: dict[str, list[Row]]) -> None:
    made = made_on(frozen, "spark")
    check_same(ours, read_rows_of(made, names_for_spark(("ttw", "scores"), made)))
