"""Time to a PSA response and its dose, days of doses, visits before a worsening, death beside toxicity: by hand."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conftest import HandFacts, day
from tests.spec.course_patients import merged, rows_of
from tests.spec.questionnaire_patient import bpi_rows

from lutrace.core import MissingFactError
from lutrace.endpoints import Basis, derive_values
from lutrace.endpoints.derivations import read_values
from lutrace.endpoints.dose_days import derive_dose_days
from lutrace.endpoints.psa.response_time import derive_response_dose
from lutrace.endpoints.questionnaires.worsening import derive_last_free
from lutrace.protocol import parse_protocol

CUT = 400
HEAD = """
study: times
title: Times
question: When?
population: {agents: [lu177_psma_617], minimum_cycles: 1}
populations: [{name: everyone, label: All, index: {event: first_cycle}}]
"""
RESPONSES = (
    HEAD
    + """
endpoints:
  - {kind: psa_response, name: plain, label: PSA50}
  - {kind: psa_response, name: sure, label: PSA50, confirmed: true}
  - {kind: psa_response, name: whole, label: PSA50, after_new_therapy: counts}
analyses: []
"""
)
TOXICITY = (
    HEAD
    + """
endpoints:
  - {kind: toxicity, name: plain, label: Grade 3}
  - {kind: toxicity, name: beside, label: Grade 3, death: competes}
analyses: []
"""
)


def psa(name: str, values: dict[int, float]) -> list[dict[str, Any]]:
    return [lab(name, when, "psa", value, "ng/mL") for when, value in values.items()]


def lab(name: str, when: int, analyte: str, value: float, unit: str) -> dict[str, Any]:
    row = {"analyte": analyte, "value": value, "unit": unit, "canonical_unit": unit, "value_text": str(value)}
    return {"patient_id": name, "date": day(when), **row, "row_id": f"labs:{name}:{when}", "record_key": str(when)}


def basis_of(text: str, patients: list[dict[str, Any]], cut: int | None = CUT) -> Basis:
    """All patients as members of `everyone`, counted from their first dose."""
    rows = merged(patients)
    names = [row["patient_id"] for row in rows["patients"]]
    members = [
        {"patient_id": name, "population": population, "index_date": day(0), "index_row": f"cycles:{name}:0"}
        for name in names
        for population in ("treated", "everyone")
    ]
    return Basis(HandFacts(rows), parse_protocol(text, "s.yaml"), members, (), None if cut is None else day(cut))


def by_patient(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["patient_id"]: row for row in rows}


def patient(name: str, doses: tuple[int, ...], values: dict[int, float], *events: tuple[Any, ...]) -> dict[str, Any]:
    rows = rows_of(name, doses, events)
    return {**rows, "labs": psa(name, {-1: 100.0, **values})}


def brief(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["days"], row["event"], row["category"]


PATIENTS = [
    patient("responds", (0, 42, 84), {42: 80.0, 84: 40.0, 120: 30.0}),
    patient("unconfirmed", (0, 42), {42: 40.0, 60: 70.0, 90: 80.0}),
    patient("dies", (0, 42), {42: 90.0}, ("dead", 70)),
    patient("stops", (0, 42), {42: 90.0, 84: 95.0}, ("series", 90, "progression")),
    patient("goes_on", (0, 100, 200, 300), {42: 90.0, 240: 88.0}),
    patient("treated_again", (0, 42), {42: 90.0, 84: 95.0, 200: 20.0}, ("line", 120, "cabazitaxel", "taxane")),
    {**rows_of("no_baseline", (0, 42), ()), "labs": psa("no_baseline", {42: 40.0})},
]


@pytest.fixture(scope="module")
def basis() -> Basis:
    return basis_of(RESPONSES, PATIENTS)


@pytest.fixture(scope="module")
def times(basis: Basis) -> dict[str, dict[str, dict[str, Any]]]:
    """Rows of the three outcomes by patient."""
    return {name: by_patient(derive_values(basis, name)) for name in ("plain", "sure", "whole")}


@pytest.fixture(scope="module")
def doses(basis: Basis) -> dict[str, dict[str, Any]]:
    return by_patient(read_values(derive_response_dose(basis, basis.protocol.outcome("plain"))))


def test_a_response_is_dated_at_its_first_value(times: Any) -> None:
    assert brief(times["plain"]["responds"]) == brief(times["sure"]["responds"]) == (84, True, "response")
    assert times["plain"]["responds"]["source_row"] == "labs:responds:84"


def test_a_fall_that_no_later_value_confirms_is_none_where_it_must_be(times: Any) -> None:
    assert brief(times["plain"]["unconfirmed"]) == (42, True, "response")
    assert brief(times["sure"]["unconfirmed"]) == (90, False, "censored")


def test_death_without_a_response_competes(times: Any) -> None:
    assert brief(times["plain"]["dies"]) == (70, False, "death")


def test_a_response_to_the_next_treatment_counts_only_when_asked_for(times: Any) -> None:
    assert brief(times["plain"]["treated_again"]) == (84, False, "censored")
    assert brief(times["whole"]["treated_again"]) == (200, True, "response")


def test_without_a_baseline_there_is_no_response(times: Any, doses: Any) -> None:
    assert times["plain"]["no_baseline"]["reason"] == doses["no_baseline"]["reason"] == "no PSA baseline"


@pytest.mark.parametrize(
    ("name", "dose", "category"),
    [
        ("responds", 2, "response"),
        ("unconfirmed", 1, "response"),
        ("dies", 2, "death"),
        ("stops", 2, "end_of_treatment"),
        ("treated_again", 2, "end_of_treatment"),
        ("goes_on", 3, "censored"),
    ],
)
def test_the_dose_of_a_response_or_of_what_came_instead(doses: Any, name: str, dose: int, category: str) -> None:
    assert (doses[name]["value"], doses[name]["category"]) == (dose, category)


def test_who_is_on_treatment_is_so_on_a_day() -> None:
    undated = basis_of(RESPONSES, PATIENTS[:1], cut=None)
    with pytest.raises(MissingFactError, match=r"response_by_dose: .* --data-cut"):
        derive_response_dose(undated, undated.protocol.outcome("plain"))


def test_each_dose_is_a_value_dated_at_its_day(basis: Basis) -> None:
    rows = [row for row in read_values(derive_dose_days(basis)) if row["patient_id"] == "goes_on"]
    assert {row["endpoint"]: row["days"] for row in rows} == {"dose_1": 0, "dose_2": 100, "dose_3": 200, "dose_4": 300}


def haemoglobin(name: str, values: dict[int, float], died: int) -> dict[str, Any]:
    labs = [{**lab(name, when, "haemoglobin", value, "g/dL"), "lln": 13.0} for when, value in values.items()]
    return {**rows_of(name, (0, 42), [("dead", died)]), "labs": labs}


def test_a_death_within_the_window_of_toxicity_competes_when_asked_for() -> None:
    found = basis_of(
        TOXICITY,
        [
            haemoglobin("grade_first", {-1: 12.0, 20: 11.0, 40: 7.0}, 60),
            haemoglobin("in_window", {-1: 12.0, 20: 11.0}, 60),
            haemoglobin("after_window", {-1: 12.0, 20: 11.0}, 90),
            haemoglobin("no_value", {-1: 12.0}, 60),
        ],
    )
    plain, beside = (by_patient(derive_values(found, name)) for name in ("plain", "beside"))
    assert {name: brief(row) for name, row in plain.items() if name != "no_value"} == {
        "grade_first": (40, True, "Anemia"),
        "in_window": (20, False, "censored"),
        "after_window": (20, False, "censored"),
    }
    assert plain["no_value"]["reason"] == "follow-up ends before the landmark"
    assert {name: brief(row) for name, row in beside.items()} == {
        "grade_first": (40, True, "Anemia"),
        "in_window": (60, False, "death"),
        "after_window": (20, False, "censored"),
        "no_value": (60, False, "death"),
    }


WORSENING = (
    HEAD
    + """
endpoints: [{kind: time_to_worsening, name: pain, label: Pain, instrument: bpi-sf, scale: severity}]
analyses: []
"""
)


def answers(name: str, scores: dict[int, float]) -> dict[str, Any]:
    rows = bpi_rows(list(scores.items()), day, name)
    return {**rows_of(name, (0, 42), [("seen", 390)]), "questionnaires": rows}


def test_a_worsening_lies_after_the_last_visit_that_was_not_worse() -> None:
    found = basis_of(
        WORSENING,
        [
            answers("late", {0: 2, 40: 2, 80: 6}),
            answers("at_once", {0: 2, 40: 6}),
            answers("never", {0: 2, 40: 2}),
        ],
    )
    outcome = found.protocol.outcome("pain")
    free = by_patient(read_values(derive_last_free(found, outcome)))
    events = by_patient(derive_values(found, "pain"))
    assert {name: row["days"] for name, row in free.items()} == {"late": 40, "at_once": 0, "never": 40}
    assert {name: row["event"] for name, row in events.items()} == {"late": True, "at_once": True, "never": False}
