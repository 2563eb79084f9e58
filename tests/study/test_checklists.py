"""Reporting checklists of a study: each item with where it stands in the report, the others not told."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from tests.report.test_tables import read_html
from tests.study.conftest import run_computed

from lutrace.core import ProtocolError
from lutrace.protocol import Protocol, ShowChecklist, parse_protocol
from lutrace.report import ReleasePolicy
from lutrace.study import RunResult, load_protocol, run_study
from lutrace.study.checklists import compose_checklist

REPORT = """\
report:
  sections:
  - title: Why so few
    text: ["All patients of the centre were taken."]
    items:
      - {{show: attrition, name: steps, caption: Steps}}
      - {{show: checklist, name: checklist_{of}, caption: Checklist, of: {of}, stands_in: {{{stands_in}}}}}
"""
FIRST = load_protocol("early-spect-response")


def asking(of: str = "strobe", stands_in: str = '"10": Why so few') -> Protocol:
    """The first study with a short report of its own."""
    before = FIRST.as_yaml().partition("report:")[0]
    return parse_protocol(before + REPORT.format(of=of, stands_in=stands_in), "own.yaml")


def places(protocol: Protocol, of: str, without: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    item = ShowChecklist(show="checklist", name="c", caption="C", of=of)
    return {line.number: line.places for line in compose_checklist(item, protocol, without=without).lines}


@pytest.mark.parametrize(
    ("number", "where"),
    [
        ("1b", ()),
        ("3", ("Methods",)),
        ("8", ("What was measured: Provenance of the tumour volumes",)),
        ("12e", ()),
        ("13b", ("Patients: Flow of patients", "Patients: Selection step by step")),
        ("13c", ("Patients: Flow of patients",)),
        ("14a", ("Patients: Characteristics",)),
        ("14c", ("Outcome: Follow-up",)),
        ("16b", ()),
        ("22", ()),
    ],
)
def test_an_item_has_the_places_that_tell_it(number: str, where: tuple[str, ...]) -> None:
    assert places(FIRST, "strobe")[number] == where


def test_adjusted_and_unadjusted_ratios_and_specifications_are_places_where_they_are_shown() -> None:
    study = load_protocol("baseline-pet-toxicity")
    found = places(study, "strobe")
    assert "The 24 models: Salivary glands: xerostomia score" in found["16a"]
    assert found["12e"] == ("What it depends on: Healthy bone or bone tumour",)


def test_what_is_not_shown_is_no_place() -> None:
    assert places(FIRST, "strobe", without=("flow",))["13c"] == ()
    assert places(FIRST, "record", without=("flow", "attrition"))["13.1"] == ()


def test_the_list_stands_in_page_and_file_with_its_source_and_what_was_not_read(
    monkeypatch: pytest.MonkeyPatch, first_study: RunResult, abstract_facts: Any, tmp_path: Path
) -> None:
    run_computed(monkeypatch, first_study)
    protocol = asking(of="remark", stands_in='"9": Why so few')
    ran = run_study(protocol, abstract_facts, tmp_path / "out", policy=ReleasePolicy(patient_level=False))
    lines = {line[0]: line for line in read_html(ran.report)["checklist_remark"]}
    assert lines["Item"] == ["Item", "Asks for", "Where it stands"]
    assert [lines[number][2] for number in ("3", "9", "12")] == ["not told", "Why so few", "Why so few: Steps"]
    with (tmp_path / "out" / "tables" / "checklist_remark.csv").open(encoding="utf-8", newline="") as file:
        rows = {row[0]: row for row in csv.reader(file) if row}
    assert {number: rows[number] for number in ("3", "9", "12")} == {
        number: lines[number] for number in ("3", "9", "12")
    }
    assert any(note.startswith("REMARK 2005: McShane") for note in rows)
    assert "Left out, as their text was not read: items 13, 14, 15, 16, 17, 18, 19, 20." in rows


@pytest.mark.parametrize(
    ("of", "stands_in", "told"),
    [
        ("consort", "", "expected one of record, remark, strobe, got 'consort'"),
        ("strobe", '"23": Why so few', "'23'"),
        ("strobe", '"10": Sample size', "'Sample size'"),
    ],
)
def test_a_list_an_item_or_a_section_that_there_is_not_is_refused(of: str, stands_in: str, told: str) -> None:
    with pytest.raises(ProtocolError, match=told):
        asking(of=of, stands_in=stands_in)
