"""Refusals and guards of the regression models: what is not fitted, and how it is told."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from lutrace.core import EstimationError, ProtocolError, Row
from lutrace.models import adjust_families, fit_analysis
from lutrace.models.collinearity import check_inflation, compute_inflation
from lutrace.protocol import Protocol, parse_protocol

STUDY = """
study: models
title: Models
question: none
population: {agents: [lu177_psma_617]}
populations: [{name: all, label: All, index: {event: first_cycle}}]
endpoints: [{kind: os, name: os, label: Overall survival}]
covariates:
  - {name: hb, label: Haemoglobin, value: age_years, transform: identity, unit: per g/dL}
  - {name: suv, label: SUVmean, value: psa_baseline, transform: identity, unit: per g/mL}
  - {name: mark, label: Mark, value: psa90, transform: present, unit: "yes against no"}
analyses: [ANALYSES]
"""
LOGISTIC = "kind: logistic, name: one, label: One, populations: [all], outcomes: [psa50]"


def protocol_of(*analyses: str, more: str = "") -> Protocol:
    """The study with these analyses, each written as a flow mapping without its braces."""
    listed = ", ".join(f"{{{one}}}" for one in analyses)
    return parse_protocol(STUDY.replace("ANALYSES", listed) + more, "models.yaml")


def rows_of(n: int = 40, *, events: int = 16, seed: int = 2) -> list[Row]:
    """A synthetic analysis set: the first `events` patients answer; all covariates are known at time zero."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    for number in range(n):
        answer = number < events
        hb, suv = random.normal(12 + 0.4 * answer, 1), random.normal(7, 2)
        times = {"os_days": 100.0 + 7 * number, "os_event": number % 3 == 0}
        values = {"hb": float(hb), "suv": float(suv), "mark": float(random.random() < 0.5), "psa50": float(answer)}
        days = {f"{name}_days": -1.0 for name in ("hb", "suv", "mark")}
        rows.append({"patient_id": f"p{number}", "population": "all", "entry_days": 0.0, **times, **values, **days})
    return rows


def only(protocol: Protocol, rows: list[Row], term: str = "hb", *, adjusted: bool = False) -> tuple[Row, list[str]]:
    """The row of a term of the first analysis, and the texts of the warnings."""
    result = fit_analysis(protocol.analyses[0], rows, protocol)
    (found,) = [row for row in result.estimates if row["term"] == term and row["adjusted"] is adjusted]
    return found, [warning.text for warning in result.warnings]


def test_a_covariate_that_separates_is_named_and_firth_is_used() -> None:
    rows = [{**row, "mark": row["psa50"]} for row in rows_of(60, events=30)]
    protocol = protocol_of(f"{LOGISTIC}, terms: [mark]")
    row, told = only(protocol, rows, "mark")
    assert math.isclose(row["estimate"], (30.5 / 0.5) ** 2, rel_tol=1e-6)  # Firth: half a patient in each cell
    assert json.loads(row["checks"])["separation"] == "mark separates events from non-events completely"
    assert "mark separates events from non-events completely" in told


def test_without_a_penalty_the_separating_covariate_is_the_reason_that_there_is_no_ratio() -> None:
    rows = [{**row, "mark": row["psa50"]} for row in rows_of(60, events=30)]
    row, _ = only(protocol_of(f"{LOGISTIC}, terms: [mark], firth: never"), rows, "mark")
    assert row["estimate"] is None
    assert row["method"].startswith("not estimable: mark separates events from non-events completely")


@pytest.mark.parametrize(("events", "penalty"), [(16, True), (20, False), (21, True)])
def test_fewer_than_twenty_of_the_rarer_answer_get_firths_penalty(events: int, penalty: bool) -> None:
    row, _ = only(protocol_of(f"{LOGISTIC}, terms: [hb]"), rows_of(40, events=events))
    assert ("Firth" in row["method"]) is penalty


def test_more_covariates_than_events_carry_are_refused_until_a_reason_is_given() -> None:
    rows = rows_of(40, events=8)
    row, told = only(protocol_of(f"{LOGISTIC}, terms: [hb], adjust_for: [suv]"), rows, adjusted=True)
    assert row["estimate"] is None
    few = "8 of 40 patients have the rarer answer (yes), which carries 1 covariate(s) at 5 each; the model has 2"
    assert few in told[-1]
    assert "allow_overfit" in told[-1]
    reason = "allow_overfit: both were planned before the data were seen"
    allowed, told = only(protocol_of(f"{LOGISTIC}, terms: [hb], adjust_for: [suv], {reason}"), rows, adjusted=True)
    assert allowed["estimate"] is not None
    assert allowed["method"].endswith("allowed because: both were planned before the data were seen")
    assert any("more covariates than 8 events carry" in text for text in told)


def test_a_word_is_no_reason() -> None:
    with pytest.raises(ProtocolError, match="expected a reason in words, which the report prints, got 'yes'"):
        protocol_of(f"{LOGISTIC}, terms: [hb], allow_overfit: 'yes'")


def test_a_covariate_from_after_time_zero_gets_no_odds_ratio() -> None:
    rows = [{**row, "hb_days": 3.0} for row in rows_of()]
    result = fit_analysis(protocol_of(f"{LOGISTIC}, terms: [hb]").analyses[0], rows, protocol_of())
    assert result.estimates[0]["estimate"] is None
    assert {warning.severity for warning in result.warnings} == {"blocking"}
    assert "measured after time zero: hb (40 patients)" in result.warnings[0].text


def test_the_outcome_is_no_covariate_of_itself() -> None:
    with pytest.raises(ProtocolError, match="mark is the outcome psa90 itself; expected another covariate"):
        protocol_of("kind: logistic, name: one, label: One, populations: [all], outcomes: [psa90], terms: [mark]")


def test_inflation_of_two_covariates_is_by_hand_one_over_one_less_the_square_of_their_correlation() -> None:
    # x and z: correlation 0.8 by hand (products 8 over the square root of 10 times 10).
    x, z = [-2, -1, 0, 1, 2], [-1, -2, 0, 2, 1]
    found = compute_inflation(np.column_stack([x, z]), ["x", "z"])
    assert found == pytest.approx({"x": 1 / (1 - 0.8**2), "z": 1 / (1 - 0.8**2)})
    assert compute_inflation(np.column_stack([x, x]), ["x", "y"]) == {"x": math.inf, "y": math.inf}
    assert compute_inflation(np.array(x)[:, None], ["x"]) == {}
    with pytest.raises(EstimationError, match=r"variance inflation x 2\.8, z 2\.8; at most 2"):
        check_inflation(np.column_stack([x, z]), ["x", "z"], 2)


@pytest.mark.parametrize("kind", ["logistic", "cox"])
def test_covariates_that_tell_the_same_are_refused_in_one_model_with_their_inflation(kind: str) -> None:
    rows = [{**row, "suv": row["hb"] + 0.1 * row["mark"]} for row in rows_of(60, events=30)]
    own = LOGISTIC if kind == "logistic" else "kind: cox, name: one, label: One, populations: [all], endpoints: [os]"
    row, _ = only(protocol_of(f"{own}, terms: [hb], adjust_for: [suv]"), rows, adjusted=True)
    assert row["estimate"] is None
    assert "covariates that tell the same stand in one model (variance inflation hb" in row["method"]


def test_each_model_of_a_family_has_its_row_and_counts_even_when_it_cannot_be_fitted() -> None:
    rows = [{**row, "mark": 1.0} for row in rows_of(60, events=30)]
    family = "multiplicity: [{name: grid, label: Grid, analyses: [one, two]}]"
    cox = "kind: cox, name: two, label: Two, populations: [all], endpoints: [os], terms: [hb, suv]"
    protocol = protocol_of(f"{LOGISTIC}, terms: [hb, suv, mark]", cox, more=family)
    results = adjust_families([fit_analysis(one, rows, protocol) for one in protocol.analyses], protocol)
    tests = [row for one in results for row in one.estimates if "/" not in row["term"]]
    assert len(tests) == 5
    known = sorted((row for row in tests if row["p"] is not None), key=lambda row: row["p"])
    assert [row["term"] for row in tests if row["p"] is None] == ["mark"]
    # Benjamini and Hochberg by hand: p times 5 over its rank, the least of this and what follows.
    steps = [5 / rank * row["p"] for rank, row in enumerate(known, start=1)]
    assert [row["q"] for row in known] == pytest.approx([min(1.0, *steps[place:]) for place in range(4)])
    told = [json.loads(row["checks"])["multiplicity"] for row in tests]
    assert {(one["n_tests"], one["n_estimated"]) for one in told} == {(5, 4)}
    assert results[-1].warnings[0].text == (
        "Grid: 5 tests were made, 1 of which could not be fitted; q: p adjusted for that number by Benjamini-Hochberg"
    )


def test_an_analysis_stands_in_one_family_only() -> None:
    more = "multiplicity: [{name: a, label: A, analyses: [one]}, {name: b, label: B, analyses: [one]}]"
    with pytest.raises(ProtocolError, match=r"multiplicity\.analyses: the name 'one' stands twice"):
        protocol_of(f"{LOGISTIC}, terms: [hb]", more=more)


def test_rows_of_one_patient_form_a_cluster_and_make_the_error_robust() -> None:
    rows = [{**row, "patient_id": f"p{place // 2}"} for place, row in enumerate(rows_of())]
    cox = "kind: cox, name: one, label: One, populations: [all], endpoints: [os], terms: [hb]"
    row, _ = only(protocol_of(cox), rows)
    assert "robust errors" in row["method"]
    alone, _ = only(protocol_of(cox), rows_of())
    assert alone["coef"] == row["coef"]
    assert "robust" not in alone["method"]


def test_few_events_get_firth_where_the_study_says_so() -> None:
    cox = "kind: cox, name: one, label: One, populations: [all], endpoints: [os], terms: [hb], firth: few"
    assert "Firth" in only(protocol_of(cox), rows_of(24))[0]["method"]
    assert "Firth" not in only(protocol_of(cox), rows_of(40))[0]["method"]


def test_what_a_term_adds_needs_something_to_add_to() -> None:
    cox = "kind: cox, name: one, label: One, populations: [all], endpoints: [os], terms: [hb], increment: {samples: 20}"
    with pytest.raises(ProtocolError, match="expected covariates under adjust_for, to which the term adds"):
        protocol_of(cox)
