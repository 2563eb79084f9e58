"""The study file: faults are told with their line, its digest is of its content, its defaults are PCWG3's."""

from __future__ import annotations

from pathlib import Path

import pydantic
import pytest

from lutrace.core import ProtocolError
from lutrace.protocol import (
    DerivedGradeFlips,
    DerivedToxicity,
    Protocol,
    PsaPfs,
    PsaProgression,
    describe_schema,
    parse_protocol,
    read_protocol,
)

TEXT = """\
study: small
version: "1"
title: small
question: none
population: {agents: [lu177_psma_617]}
landmarks:
  - {name: C2, label: SPECT of cycle 2, cycle: 2}
measures: {plan: suv3}
endpoints:
  - {kind: os, name: os, label: Overall survival}
covariates:
  - {name: ttv, label: Tumour volume, value: ttv_ml, transform: log2, unit: per doubling}
analyses:
  - {kind: cox, name: cox, label: Cox, populations: [C2], endpoints: [os], terms: [ttv]}
report: {sections: []}
"""


def test_a_small_protocol_is_read() -> None:
    assert parse_protocol(TEXT, "small.yaml").covariate("ttv").unit == "per doubling"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "cycle: 2}",
            "cycle: 0}",
            r"small.yaml, line 7, landmarks.0.cycle: expected a number at least 1, got 0",
        ),
        ("title: small", "titel: small", r"line 3, titel: there is no such key here; did you mean title"),
        ("unit: per doubling}", 'unit: ""}', r"line 12, covariates.0.unit: expected a text of at least 3 characters"),
        (", unit: per doubling}", "}", r"line 12, covariates.0.unit: is missing"),
        ("kind: os", "kind: dss", r"line 10, endpoints.0: expected kind to be one of psa_pfs, .*, os, .*, got 'dss'$"),
        ("populations: [C2]", "populations: [C4]", r"analyses.cox.populations: expected one of C2, got 'C4'"),
        ("terms: [ttv]", "terms: [tvt]", r"analyses.cox.terms: expected one of ttv, got 'tvt'"),
        ("endpoints: [os]", "endpoints: [pfs]", r"analyses.cox.endpoints: expected one of os, got 'pfs'"),
        ("[lu177_psma_617]", "[lutetium]", r"line 5, population.agents.0: expected one of lu177_psma_617"),
        (
            "cycle: 2}",
            "cycle: 2, within: C1}",
            r"C2.within: expected a landmark or population declared before, got 'C1'",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(ProtocolError, match=message):
        parse_protocol(TEXT.replace(old, new), "small.yaml")


DERIVED: list[tuple[str, str]] = [
    ("{kind: grade_flips, name: f, label: F, against: [ctcae-5.0]}", "against: expected another version than that of"),
    ("{kind: grade_flips, name: f, label: F, against: []}", "against: expected another version than that of the rules"),
    (
        "{kind: grade_flips, name: f, label: F, rules: {criteria: ctcae-3.0}, against: [ctcae-4.0]}",
        r"rules.criteria: expected .*ctcae-4.0",
    ),
    (
        "{kind: toxicity, name: t, label: T, terms: [Baldness]}",
        "terms: expected laboratory terms of CTCAE, got Baldness",
    ),
    (
        "{kind: completion, name: c, label: C, instrument: xq, scale: xi}",
        r"scale: expected a scale of xq \(xq\), got 'xi'",
    ),
    ("{kind: worsening_variants, name: w, label: W, of: os}", "derived.w.of: expected one of none, got 'os'"),
    ("{kind: psa_switches, name: p, label: P, of: os}", "derived.p.of: expected one of none, got 'os'"),
    (
        "{kind: survival_times, name: s, label: S, indexes: [{name: one}, {name: one, event: mcrpc}]}",
        "indexes: expected index dates with names of their own",
    ),
    ("{kind: toxicity, name: cox, label: T}", "derived: expected a name that no analysis or table of the report has"),
]


@pytest.mark.parametrize(("item", "message"), DERIVED)
def test_a_derived_table_that_cannot_be_made_is_refused(item: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        parse_protocol(f"{TEXT}derived: [{item}]\n", "small.yaml")


def test_grades_are_compared_with_each_other_version_once() -> None:
    item = "{kind: grade_flips, name: f, label: F, against: [ctcae-6.0, ctcae-5.0, ctcae-4.0, ctcae-6.0]}"
    (flips,) = parse_protocol(f"{TEXT}derived: [{item}]\n", "small.yaml").derived
    assert isinstance(flips, DerivedGradeFlips)
    assert flips.others == ("ctcae-6.0", "ctcae-4.0")


def test_follow_up_of_an_outcome_that_there_is_not_is_refused() -> None:
    line = "  - {kind: follow_up, name: f, label: F, populations: [C2], endpoint: pfs}\nreport:"
    with pytest.raises(ProtocolError, match=r"analyses\.f\.endpoint: expected one of os, got 'pfs'"):
        parse_protocol(TEXT.replace("report:", line), "small.yaml")


def test_a_covariate_that_tells_of_the_whole_course_is_refused() -> None:
    with pytest.raises(
        ProtocolError, match=r"line 12, covariates\.0\.value: expected a value that is known at time zero"
    ):
        parse_protocol(TEXT.replace("value: ttv_ml", "value: psa_nadir"), "small.yaml")


def test_a_rule_of_response_of_another_kind_is_refused() -> None:
    with pytest.raises(ProtocolError, match=r"response.ppp: expected one of ppp-2020, got 'recip-1.0'"):
        parse_protocol(f"{TEXT}response: {{ppp: recip-1.0}}\n", "small.yaml")


def test_terms_of_toxicity_go_by_the_names_of_the_version() -> None:
    item = "kind: toxicity, name: t, label: T, terms: [Platelet count decreased, Anemia]"
    found = {
        criteria: parse_protocol(
            f"{TEXT}derived: [{{{item}, lymphocytes: true, rules: {{criteria: {criteria}}}}}]\n", "small.yaml"
        ).derived[0]
        for criteria in ("ctcae-5.0", "ctcae-6.0")
    }
    lymphocytes = "Lymphocyte count decreased"
    counted = {criteria: one.counted for criteria, one in found.items() if isinstance(one, DerivedToxicity)}
    assert counted == {
        "ctcae-5.0": ("Platelet count decreased", "Anemia", lymphocytes),
        "ctcae-6.0": ("Thrombocytopenia", "Anemia", lymphocytes),
    }


def test_a_study_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(TEXT, encoding="utf-8")
    assert read_protocol(tmp_path / "small.yaml") == parse_protocol(TEXT, "small.yaml")


def test_a_name_that_stands_twice_is_refused() -> None:
    line = "  - {kind: os, name: os, label: Overall survival}\n"
    with pytest.raises(ProtocolError, match="endpoints: the name 'os' stands twice"):
        parse_protocol(TEXT.replace(line, line * 2), "small.yaml")


def test_a_quantity_without_a_unit_is_refused() -> None:
    text = TEXT.replace("measures: {plan: suv3}", "measures: {plan: suv3, floor: 1}")
    with pytest.raises(ProtocolError, match=r"line 8, measures.floor: .*expected a number with its unit.*got 1"):
        parse_protocol(text, "small.yaml")


def test_weeks_and_days_are_one_quantity() -> None:
    by_days = TEXT.replace("measures:", "spect: {window: 14 days}\nmeasures:")
    by_weeks = TEXT.replace("measures:", "spect: {window: 2 weeks}\nmeasures:")
    assert parse_protocol(by_days, "a").digest == parse_protocol(by_weeks, "b").digest


def test_comments_and_order_do_not_change_the_digest_and_a_switch_does() -> None:
    first = parse_protocol(TEXT, "small.yaml")
    lines = TEXT.splitlines()
    moved = "\n".join(["# a comment", *lines[1:4], lines[0], *lines[4:]])
    assert parse_protocol(moved, "moved.yaml").digest == first.digest
    changed = TEXT.replace("plan: suv3", "plan: suv4")
    assert parse_protocol(changed, "changed.yaml").digest != first.digest


def test_the_protocol_as_it_is_run_reads_back_as_itself() -> None:
    first = parse_protocol(TEXT, "small.yaml")
    assert parse_protocol(first.as_yaml(), "again.yaml") == first


def test_the_defaults_of_psa_progression_are_the_literal_text_of_pcwg3() -> None:
    rule = PsaProgression()
    assert (rule.rise, rule.rise_absolute, rule.confirmation_gap, rule.no_decline_gate) == (25, 2, 21, 84)
    assert (rule.confirmation, rule.confirm_no_decline, rule.decline_gate, rule.strict) == ("next", False, 0, False)


def test_a_protocol_cannot_be_changed() -> None:
    protocol = parse_protocol(TEXT, "small.yaml")
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        protocol.title = "other"  # type: ignore[misc]


def test_an_unknown_name_is_told_with_those_that_exist() -> None:
    protocol = parse_protocol(TEXT, "small.yaml")
    with pytest.raises(ProtocolError, match="covariates: expected one of ttv, got 'psa'"):
        protocol.covariate("psa")
    assert protocol.landmark("C2").cycle == 2
    assert not isinstance(protocol.outcome("os"), PsaPfs)


def test_the_schema_names_the_keys_of_the_document() -> None:
    schema = describe_schema()
    assert set(schema["properties"]) == set(Protocol.model_fields)
    assert schema["additionalProperties"] is False
