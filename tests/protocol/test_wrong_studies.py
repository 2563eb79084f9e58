"""Studies as a physician may get them wrong: each is refused with its line, what was expected, and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.protocol.json_schema import find_faults

from lutrace.core import ProtocolError, parse_yaml
from lutrace.protocol import describe_schema, parse_protocol
from lutrace.study import format_schema, shipped_names, shipped_text

TEXT = """\
study: small
title: A small study
question: Does tumour volume tell survival?
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
report:
  sections:
    - title: Outcome
      items:
        - {show: estimates, name: ratios, caption: Hazard ratios, analyses: [cox]}
"""
MEASURES = "measures: {plan: suv3}"
ITEM = "{show: estimates, name: ratios, caption: Hazard ratios, analyses: [cox]}"

WRONG: list[tuple[str, str, str]] = [
    ("value: ttv_ml", "value: ttv_mll", "line 11, covariates.ttv.value: expected one of psa_baseline, "),
    ("value: ttv_ml", "value: ttv_mll", "got 'ttv_mll'; did you mean ttv_ml?"),
    ("value: ttv_ml", "value: psa_nadir", "line 11, covariates.0.value: expected a value that is known at time zero"),
    (", unit: per doubling", "", "line 11, covariates.0.unit: is missing; add it"),
    (MEASURES, f"spect: {{window: 7}}\n{MEASURES}", "line 7, spect.window: expected a number with its unit, such as"),
    (
        MEASURES,
        f"spect: {{window: 7 mL}}\n{MEASURES}",
        "spect.window: expected a number of days, such as '28 days', got",
    ),
    (MEASURES, f"spect: {{window: -7 days}}\n{MEASURES}", "line 7, spect.window: expected a number above 0"),
    (
        MEASURES,
        f"psa: {{baseline: {{window: 60 days, fallback: 28 days}}}}\n{MEASURES}",
        "line 7, psa.baseline: expected a fallback of at least the window (60 days), got 28 days",
    ),
    (
        ITEM,
        ITEM.replace("[cox]", "[coxx]"),
        "line 18, report.ratios: expected one of cox, got 'coxx'; did you mean cox?",
    ),
    (
        ITEM,
        "{show: summary, name: t, caption: T, table: charactristics}",
        "got 'charactristics'; did you mean characteristics?",
    ),
    (
        "title: A small",
        "  title: A small",
        "line 2: no readable YAML: a second colon in one line, or a line further in",
    ),
    ("  - {name: C2,", "\t- {name: C2,", "line 6: no readable YAML: a tab stands at the beginning; use spaces"),
    (
        "title: A small study",
        "title: A small study\ntitle: Again",
        'line 3: duplicate key "title"; keep one of the two',
    ),
    ("name: os, label", "name: 1, label", "line 9, endpoints.0.os.name: expected text, got 1"),
    ("kind: cox", "kind: coxph", "line 13, analyses.0: expected kind to be one of cox, "),
    (
        "endpoints: [os]",
        "endpoints: [OS]",
        "line 13, analyses.cox.endpoints: expected one of os, got 'OS'; did you",
    ),
    ("title: A small", "title: 'A small", "a quote or bracket is opened and never closed; close it"),
    ("title: A small study", "title: Volume: early", "put a text with a colon in quotes"),
    ("populations: [C2]", "populations: C2", "line 13, analyses.0.cox.populations: expected a list, got 'C2'"),
    ("study: small", "study: My Study", "expected a name of small letters, digits and hyphens, such as early-response"),
    (MEASURES, "measures: {plan: suv3, floor: '1,5 mL'}", "line 7, measures.floor: expected a number of mL"),
    ("transform: log2", "transform: ln", "line 11, covariates.0.transform: expected one of log2, log, identity"),
    ("cycle: 2}", "cycle: 2", "a bracket is not closed, or a comma is missing between two entries"),
    ("cycle: 2}", "cycle: two}", "line 6, landmarks.0.cycle: expected a whole number, got 'two'"),
    ("question: Does", "Question: Does", "line 3, Question: there is no such key here; did you mean question?"),
]
"""What is written, what it becomes, and words of the answer."""


@pytest.mark.parametrize(("old", "new", "words"), WRONG)
def test_a_wrong_study_is_refused_with_its_line_and_what_would_be_allowed(old: str, new: str, words: str) -> None:
    assert old in TEXT
    with pytest.raises(ProtocolError) as caught:
        parse_protocol(TEXT.replace(old, new, 1), "small.yaml")
    told = str(caught.value)
    assert words in told
    assert told.startswith("small.yaml, line ")
    for jargon in ("mapping values", "Input should", "block", "token", "^["):
        assert jargon not in told


def test_yes_as_a_name_is_a_text_as_in_yaml_of_today() -> None:
    text = TEXT.replace("name: os,", "name: yes,").replace("endpoints: [os]", "endpoints: [yes]")
    assert parse_protocol(text, "small.yaml").endpoints[0].name == "yes"


def plain(text: str) -> Any:
    """A study file as an editor sees it: keys and values of JSON."""
    return json.loads(json.dumps(parse_yaml(text, "a study"), default=str))


@pytest.mark.parametrize("name", shipped_names())
def test_an_editor_finds_no_fault_in_a_shipped_study(name: str) -> None:
    schema = describe_schema()
    assert list(find_faults(plain(shipped_text(name)), schema, schema)) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("title: A", "titel: A", "there is no key titel"),
        (MEASURES, f"spect: {{window: 7}}\n{MEASURES}", "spect.window: expected string"),
        (MEASURES, f"spect: {{window: seven days}}\n{MEASURES}", "spect.window: not of the form"),
        (", unit: per doubling", "", "unit is missing"),
        ("unit: per doubling", 'unit: ""', "unit: too short"),
        ("transform: log2", "transform: ln", "transform: not among the values allowed"),
        ("kind: os", "kind: dss", "fits 0 of"),
        ("cycle: 2}", "cycle: two}", "cycle: expected integer"),
        ("cycle: 2}", "cycle: 0}", "cycle: out of bounds"),
        ("populations: [C2]", "populations: C2", "fits 0 of"),
        ("[lu177_psma_617]", "[]", "agents: has 0 entries"),
        ("terms: [ttv]}", "terms: [ttv], e_value: perhaps}", "fits 0 of"),
    ],
)
def test_an_editor_marks_what_is_wrong(old: str, new: str, words: str) -> None:
    schema = describe_schema()
    assert list(find_faults(plain(TEXT), schema, schema)) == []
    found = list(find_faults(plain(TEXT.replace(old, new, 1)), schema, schema))
    assert found
    assert words in " ".join(found)


def test_every_key_of_the_schema_has_a_title_and_words() -> None:
    schema = describe_schema()
    objects = {"Protocol": schema, **schema["$defs"]}
    silent = [
        f"{name}.{key}"
        for name, one in objects.items()
        for key, value in one.get("properties", {}).items()
        if not value.get("description")
    ]
    assert silent == []


def test_a_quantity_has_its_unit_in_the_default_and_an_example() -> None:
    window = describe_schema()["$defs"]["SpectRule"]["properties"]["window"]
    assert (window["default"], window["examples"], window["x-unit"]) == ("7 days", ["28 days"], "days")


def test_the_schema_is_one_json_document_of_the_dialect_that_editors_read() -> None:
    schema = json.loads(format_schema())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["additionalProperties"] is False
