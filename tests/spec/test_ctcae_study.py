"""A study whose outcome is toxicity, from the facts to the report."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.study.conftest import WithPictures, abstract_facts, abstract_rows, on  # noqa: F401

from lutrace.protocol import parse_protocol
from lutrace.study import run_study

STUDY = """
study: toxicity-study
title: Time to haematological toxicity
question: Does tumour volume go with haematological toxicity?
population: {agents: [lu177_psma_617]}
landmarks: [{name: C2, label: SPECT of cycle 2, cycle: 2}]
measures: {plan: suv3}
endpoints:
  - {kind: toxicity, name: g3, label: Grade 3 or worse}
covariates:
  - {name: ttv, label: Tumour volume, value: ttv_ml, transform: log2, unit: per doubling of tumour volume}
analyses:
  - {kind: cox, name: main, label: Cox, populations: [C2], endpoints: [g3], terms: [ttv]}
  - {kind: kaplan_meier, name: curve, label: Freedom from grade 3, populations: [C2], endpoints: [g3]}
"""
N_EVENTS, N_PREVALENT = 20, 6


def _haemoglobin(number: int) -> list[tuple[int, float]]:
    """Prevalent patients begin low; the next have their event on day 60; the others never."""
    if number < N_PREVALENT:
        return [(-2, 7.5), (60, 7.2)]
    return [(-2, 12.0), (60, 7.5 if number < N_PREVALENT + N_EVENTS else 11.0), (70, 10.5)]


@pytest.fixture
def facts(abstract_rows: Any, abstract_facts: WithPictures, make_facts: Callable[..., Any]) -> WithPictures:  # noqa: F811
    rows = copy.deepcopy(abstract_rows)
    for number, patient in enumerate(rows["patients"]):
        for day, value in _haemoglobin(number):
            rows["labs"].append(
                {
                    "patient_id": patient["patient_id"],
                    "date": on(day),
                    "analyte": "haemoglobin",
                    "value": value,
                    "value_text": str(value),
                    "unit": "g/dL",
                    "canonical_unit": "g/dL",
                    "lln": 13.0,
                    "record_key": f"hb{day}",
                }
            )
    return WithPictures(make_facts(**rows), abstract_facts.picture(""))


def test_a_study_of_toxicity_counts_events_and_leaves_out_who_is_prevalent(facts: WithPictures, tmp_path: Path) -> None:
    result = run_study(parse_protocol(STUDY, "toxicity.yaml"), facts, tmp_path / "out")
    tables = result.computation.tables

    values = [row for row in tables["endpoint_values"] if row["endpoint"] == "g3"]
    ratios = [row for row in tables["estimates"] if row["measure"] == "hazard_ratio"]
    assert sum(row["event"] is True for row in values) == N_EVENTS
    assert {row["category"] for row in values if row["event"]} == {"Anemia"}
    assert {row["days"] for row in values if row["event"]} == {float((dt.timedelta(days=60 - 43)).days)}
    assert sum(row["reason"] == "event on or before the landmark" for row in values) == N_PREVALENT
    assert [(row["n"], row["events"]) for row in ratios] == [(66 - N_PREVALENT, N_EVENTS)]
    assert result.report.html.is_file()
    page = result.report.html.read_text(encoding="utf-8")
    assert "Grade 3 or worse" in page
    assert "PSA-PFS" not in page
