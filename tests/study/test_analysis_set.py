"""From endpoint rows to what models take: one row per patient and landmark."""

from __future__ import annotations

from typing import Any

import pytest

from lutrace.core import Row
from lutrace.protocol import Protocol, parse_protocol
from lutrace.study import build_analysis_set

PROTOCOL = """
study: small
version: "1"
title: small
question: none
population: {agents: [lu177_psma_617]}
landmarks: [{name: C2, label: SPECT of cycle 2, cycle: 2, origin: ORIGIN}]
measures: {plan: suv3}
endpoints: [{kind: os, name: os, label: Overall survival}]
covariates: [{name: ttv, label: Tumour volume, value: ttv_ml, transform: log2, unit: per doubling}]
analyses: []
report: {sections: []}
"""
MEMBERS: list[Row] = [{"patient_id": "a", "population": "treated"}, {"patient_id": "a", "population": "C2"}]


def protocol(origin: str) -> Protocol:
    return parse_protocol(PROTOCOL.replace("ORIGIN", origin), "small.yaml")


def value(endpoint: str, days: float, **more: Any) -> Row:
    empty = {"value": None, "event": None, "reason": None, "category": None}
    return {"patient_id": "a", "population": "C2", "endpoint": endpoint, "days": days, **empty, **more}


def test_the_treated_have_no_row_of_their_own() -> None:
    assert [row["population"] for row in build_analysis_set([], MEMBERS, protocol("spect"))] == ["C2"]


def test_covariates_are_transformed_and_keep_their_day() -> None:
    values = [value("ttv_ml", 0.0, value=8.0), value("os", 100.0, event=True)]
    row = build_analysis_set(values, MEMBERS, protocol("spect"))[0]
    assert (row["ttv"], row["ttv_days"], row["ttv_ml"]) == (3.0, 0.0, 8.0)
    assert (row["os_days"], row["os_event"], row["entry_days"]) == (100.0, True, 0.0)


def test_from_the_administration_on_patients_enter_with_their_scan() -> None:
    values = [value("ttv_ml", 1.0, value=8.0), value("os", 100.0, event=True)]
    row = build_analysis_set(values, MEMBERS, protocol("administration"))[0]
    assert (row["entry_days"], row["ttv_days"], row["os_days"]) == (1.0, 1.0, 100.0)


@pytest.mark.parametrize("days", [0.0, 1.0])
def test_an_event_before_the_scan_leaves_the_patient_out(days: float) -> None:
    values = [value("ttv_ml", 1.0, value=8.0), value("os", days, event=True)]
    row = build_analysis_set(values, MEMBERS, protocol("administration"))[0]
    assert (row["os_days"], row["os_event"]) == (None, None)


def test_a_value_that_is_not_evaluable_is_empty_whatever_it_holds() -> None:
    values = [value("ttv_ml", 0.0, value=8.0, reason="no measured SPECT"), value("os", 9.0, event=True, reason="x")]
    row = build_analysis_set(values, MEMBERS, protocol("spect"))[0]
    assert (row["ttv"], row["ttv_days"], row["ttv_ml"]) == (None, None, None)
    assert (row["os_days"], row["os_event"]) == (None, None)
