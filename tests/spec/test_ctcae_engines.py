"""Toxicity on three engines: DuckDB, a real PostgreSQL and a real Spark session give the same rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.conftest import day, freeze_by_hand
from tests.engines import check_same, names_for_spark, read_rows_of

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


def expressions(frozen: Snapshot, engine: Engine) -> dict[str, Any]:
    basis = ToxicityBasis(replace(frozen, engine=engine), ToxicityRules(transfusions="count"), None)
    return {"courses": derive_toxicity_courses(basis), "cycles": derive_toxicity_cycles(basis)}


@pytest.fixture(scope="module")
def ours(frozen: Snapshot) -> dict[str, list[Row]]:
    rows = read_rows_of(expressions(frozen, "duckdb"))
    assert all(len(found) > 100 for found in rows.values())
    return rows


@pytest.mark.server("postgresql")
@pytest.mark.usefixtures("on_postgres")
def test_postgresql_gives_the_toxicity_of_duckdb(frozen: Snapshot, ours: dict[str, list[Row]]) -> None:
    theirs = read_rows_of(expressions(frozen, "postgres"))
    check_same(ours, theirs)
    assert theirs.keys() == ours.keys()


@pytest.mark.server("default-jre-headless")
@pytest.mark.usefixtures("spark_session")
def test_spark_gives_the_toxicity_of_duckdb(frozen: Snapshot, ours: dict[str, list[Row]]) -> None:
    made = expressions(frozen, "spark")
    check_same(ours, read_rows_of(made, names_for_spark(("cycles",), made)))
