"""Toxicity on three engines: DuckDB, a real PostgreSQL and a real Spark session give the same rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.conftest import day, freeze_by_hand

from lutrace.core import Row
from lutrace.endpoints import ToxicityBasis, derive_toxicity_courses, derive_toxicity_cycles
from lutrace.protocol import ToxicityRules
from lutrace.registry import Engine, Snapshot

KINDS = (
    ("haemoglobin", 11.0, 13.0, 17.0, "g/dL"),
    ("haemoglobin", 11.0, 13.0, 17.0, "mmol/L"),
    ("platelets", 90.0, 150.0, 400.0, "10^9/L"),
    ("neutrophils", 1.6, 2.0, 7.0, "10^9/L"),
    ("creatinine", 1.6, 0.7, 1.2, "mg/dL"),
    ("alt", 90.0, None, 40.0, "U/L"),
    ("calcium", 8.6, 8.5, 10.5, "mg/dL"),
    ("albumin", 3.4, 3.5, 5.0, "g/dL"),
)


def rows_of_toxicity() -> dict[str, list[Row]]:
    """Twenty patients, two cycles, about 20 laboratory days each; transfusions, clinicians' grades, a next line."""
    rng = np.random.default_rng(11)
    rows: dict[str, list[Row]] = {name: [] for name in ("cycles", "labs", "support", "adverse_events", "treatments")}
    for number in range(20):
        patient = f"p{number:02d}"
        for cycle, begin in ((1, 0), (2, 42)):
            rows["cycles"].append(
                {"patient_id": patient, "cycle": cycle, "administered_date": day(begin), "agent": "lu177_psma_617"}
            )
        for when in sorted({int(one) for one in rng.integers(-20, 80, 20)}):
            for analyte, middle, lln, uln, unit in KINDS[number % 2 :: 2] if when % 3 else KINDS:
                key = f"{analyte}{when}{unit}"
                value = round(float(middle * np.exp(rng.normal(0, 0.4))), 2)
                rows["labs"].append(
                    {"patient_id": patient, "date": day(when), "analyte": analyte, "value": value, "unit": unit,
                     "value_text": str(value), "canonical_unit": "x", "lln": lln if when % 5 else None, "uln": uln,
                     "comparator": "<" if when % 11 == 0 else None, "record_key": key}
                )  # fmt: skip
        rows["support"].append(
            {"patient_id": patient, "date": day(15 + number), "kind": "red_cells", "record_key": "1"}
        )
        rows["adverse_events"].append(
            {"patient_id": patient, "term": "ANEMIA", "grade": 1 + number % 4, "begin_date": day(10 + number),
             "reporter": "clinician", "record_key": "1"}
        )  # fmt: skip
        if number % 4 == 0:
            rows["treatments"].append(
                {"patient_id": patient, "agent": "cabazitaxel", "agent_class": "taxane", "begin_date": day(55)}
            )
    return rows


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return freeze_by_hand(rows_of_toxicity(), tmp_path_factory.mktemp("toxicity"))


def derived(frozen: Snapshot, engine: Engine) -> list[list[Row]]:
    basis = ToxicityBasis(replace(frozen, engine=engine), ToxicityRules(transfusions="count"), None)
    tables = [
        derive_toxicity_courses(basis).order_by(["patient_id", "term", "source"]),
        derive_toxicity_cycles(basis).order_by(["patient_id", "term", "source", "cycle"]),
    ]
    return [table.to_pyarrow().to_pylist() for table in tables]


def check_same(ours: list[list[Row]], theirs: list[list[Row]]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        assert len(one) == len(other) > 100
        for left, right in zip(one, other, strict=True):
            assert {name: _plain(value) for name, value in right.items()} == {
                name: _plain(value) for name, value in left.items()
            }


def _plain(value: Any) -> Any:
    return pytest.approx(value, rel=1e-12) if isinstance(value, float) else value


@pytest.mark.server("postgresql")
def test_postgresql_gives_the_toxicity_of_duckdb(
    frozen: Snapshot, postgres_server: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in postgres_server.items():
        monkeypatch.setenv(name, value)

    check_same(derived(frozen, "duckdb"), derived(frozen, "postgres"))


@pytest.mark.server("default-jre-headless")
def test_spark_gives_the_toxicity_of_duckdb(frozen: Snapshot, spark_session: Any) -> None:
    check_same(derived(frozen, "duckdb"), derived(frozen, "spark"))
