"""A study file that leaves out its report is shown in the standard one, which belongs to the document."""

from __future__ import annotations

import pytest

from lutrace.core import ProtocolError
from lutrace.protocol import Protocol, parse_protocol

TEXT = """\
study: small
title: small
question: none
population: {agents: [lu177_psma_617]}
landmarks: [{name: C2, label: SPECT of cycle 2, cycle: 2}, {name: C3, label: SPECT of cycle 3, cycle: 3}]
measures: {plan: suv3}
endpoints: [{kind: os, name: os, label: Overall survival}]
analyses:
  - {kind: kaplan_meier, name: km, label: Survival, populations: [C2, C3], endpoints: [os]}
  - kind: concordance
    name: same
    label: Same direction
    populations: [C2]
    x: psa_change_pct
    y: ttv_change_pct
    definitions: [{kind: same_sign, name: sign, label: both fell or both did not}]
  - {kind: proportion, name: psa50, label: PSA50, populations: [C2], of: psa50}
"""


def names(protocol: Protocol) -> list[list[str]]:
    return [[item.name for item in section.items] for section in protocol.report.sections]


def test_every_analysis_is_shown_in_its_order_between_patients_and_what_was_measured() -> None:
    assert names(parse_protocol(TEXT, "small.yaml")) == [
        ["flow", "characteristics", "attrition"],
        ["km_C2_os", "km_C3_os", "km_estimates"],
        ["same_matrix", "same_estimates"],
        ["psa50_estimates"],
        ["components", "ttv_provenance", "warnings"],
    ]


def test_a_cox_model_is_shown_as_a_table_with_its_checks_and_a_forest() -> None:
    covariate = "{name: ttv, label: Volume, value: ttv_ml, transform: log2, unit: per doubling}"
    cox = "  - {kind: cox, name: cox, label: Cox, populations: [C2], endpoints: [os], terms: [ttv]}\n"
    protocol = parse_protocol(f"{TEXT}{cox}covariates: [{covariate}]\n", "small.yaml")
    assert names(protocol)[-2] == ["cox_estimates", "cox_forest", "cox_checks"]


def test_derived_tables_stand_in_a_section_of_their_own() -> None:
    tox = "{kind: toxicity, name: tox, label: T}"
    times = "{kind: survival_times, name: times, label: S, indexes: [{name: one}, {name: two, event: mcrpc}]}"
    protocol = parse_protocol(f"{TEXT}derived: [{tox}, {times}]\n", "small.yaml")
    assert names(protocol)[-2][:2] == ["tox_counts", "times_counts"]


def test_the_document_as_it_is_run_spells_the_standard_report_out() -> None:
    protocol = parse_protocol(TEXT, "small.yaml")
    again = parse_protocol(protocol.as_yaml(), "again.yaml")
    assert again == protocol
    assert again.digest == protocol.digest


def test_a_report_that_is_given_is_not_replaced() -> None:
    assert names(parse_protocol(TEXT + "report: {sections: []}\n", "small.yaml")) == []


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("landmarks", "expected landmarks or populations: whom the study follows"),
        ("measures", "measures.plan: expected the name of a plan"),
        *((key, f"{key}: is missing") for key in ("population", "endpoints", "analyses", "question")),
    ],
)
def test_what_decides_the_result_has_no_default(key: str, message: str) -> None:
    start = TEXT.index(f"{key}:")
    rest = TEXT[start:].split("\n")
    end = next((n for n, line in enumerate(rest[1:], 1) if line and not line.startswith(" ")), len(rest))
    with pytest.raises(ProtocolError, match=message):
        parse_protocol(TEXT[:start] + "\n".join(rest[end:]), "small.yaml")


def test_a_timeline_is_drawn_and_a_course_beside_it_too() -> None:
    def drawn(derived: str) -> list[str]:
        protocol = parse_protocol(f"{_DERIVING}derived: [{derived}]\n", "standard.yaml")
        return [item.show for item in protocol.report.items if item.show in _DRAWN]

    timeline = "{kind: timeline, name: tl, label: Results}"
    course = "{kind: course, name: course, label: Course}"
    assert drawn(course) == []
    assert drawn(timeline) == ["spider", "trajectories"]
    assert drawn(f"{course}, {timeline}") == ["swimmer", "spider", "trajectories", "alluvial"]
    assert drawn("{kind: timeline, name: tl, label: Results, series: [platelets]}") == ["trajectories"]


_DRAWN = ("swimmer", "spider", "trajectories", "alluvial")
_DERIVING = """
study: standard
title: Standard
question: What is drawn?
population: {agents: [lu177_psma_617]}
landmarks: [{name: C2, label: SPECT of cycle 2, cycle: 2}]
measures: {plan: suv3}
endpoints: [{kind: os, name: os, label: Overall survival}]
analyses: []
"""
