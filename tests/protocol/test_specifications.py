"""Specification curves in a study file: patches by place, faults with what would be allowed, a digest that stays."""

from __future__ import annotations

import pytest
from tests.protocol.test_document import TEXT

from lutrace.core import ProtocolError
from lutrace.protocol import Protocol, parse_protocol

CURVE = """\
specifications:
  - name: decisions
    label: Under other decisions
    analysis: cox
    population: C2
    endpoint: os
    term: ttv
    adjusted: false
    choices:
      - name: plan
        label: Plan
        options: [{name: suv3}, {name: suv4, change: {measures.plan: suv4}}]
      - name: scale
        label: Scale
        options: [{name: doubling}, {name: raw, change: {covariates.ttv.transform: identity}}]
"""


def read(text: str) -> Protocol:
    return parse_protocol(TEXT.replace("report: {sections: []}\n", "") + text, "small.yaml")


def test_every_combination_is_a_study_of_its_own() -> None:
    protocol = read(CURVE)
    (curve,) = protocol.specifications
    names = [tuple(option.name for option in options) for options in curve.combinations()]
    assert names == [("suv3", "doubling"), ("suv3", "raw"), ("suv4", "doubling"), ("suv4", "raw")]
    patched = protocol.patched({"measures.plan": "suv4", "covariates.ttv.transform": "identity"}, "both")
    assert (patched.measures.plan, patched.covariate("ttv").transform) == ("suv4", "identity")
    assert (protocol.measures.plan, protocol.covariate("ttv").transform) == ("suv3", "log2")
    assert patched.specifications == ()


def test_a_study_without_curves_keeps_its_digest_and_one_with_them_has_another() -> None:
    plain, curved = read(""), read(CURVE)
    assert "specifications" not in plain.as_document()
    assert plain.digest != curved.digest
    assert parse_protocol(curved.as_yaml(), "again.yaml").digest == curved.digest
    assert "bootstrap" not in plain.as_document()["analyses"][0]


def test_the_standard_report_shows_each_curve_as_figure_and_rows() -> None:
    items = [item for section in read(CURVE).report.sections for item in section.items]
    assert {item.show for item in items if item.name.startswith("decisions")} == {"specifications", "estimates"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("measures.plan: suv4", "measures.plans: 1", r"plan.suv4: change measures.plans: .* expected one of plan,"),
        ("covariates.ttv", "covariates.tvt", r"change covariates.tvt.transform: .* expected one of ttv"),
        ("transform: identity", "transform: cubic", r"decisions.scale.raw, line .*transform: expected one of log2"),
        ("{name: suv3}", "{name: suv3, change: {measures.plan: p}}", "exactly one option without a change.*got none"),
        (", change: {measures.plan: suv4}", "", "exactly one option without a change.*got suv3, suv4"),
        ("{name: suv4,", "{name: suv3,", "options of different names"),
        ("name: scale", "name: plan", "choices of different names"),
        ("analysis: cox", "analysis: cocks", r"specifications.decisions.analysis: expected one of cox, got 'cocks'"),
        ("population: C2", "population: C3", r"specifications.decisions.population: expected one of C2"),
        ("endpoint: os", "endpoint: pfs", r"specifications.decisions.endpoint: expected one of os"),
        ("term: ttv", "term: psa", r"specifications.decisions.term: expected one of ttv"),
        ("adjusted: false", "adjusted: true", r"adjusted: expected false, for cox adjusts ttv for nothing"),
        ("- name: decisions", "- name: cox", r"specifications: expected a name that no analysis .* got 'cox'"),
    ],
)
def test_a_fault_of_a_curve_is_told_before_anything_runs(old: str, new: str, message: str) -> None:
    assert old in CURVE
    with pytest.raises(ProtocolError, match=message):
        read(CURVE.replace(old, new, 1))


def test_more_combinations_than_can_be_run_are_refused() -> None:
    options = "".join(f", {{name: p{number}, change: {{measures.plan: p{number}}}}}" for number in range(200))
    with pytest.raises(ProtocolError, match="at most 256 combinations of options, got 404"):
        read(CURVE.replace("suv4}}]", "suv4}}" + options + "]"))
