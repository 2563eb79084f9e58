"""Contradictions between numbers of a report stop it from being published: they are blocking notices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lutrace.core import Row
from lutrace.report import KeyNumber, ReleasePolicy, ReportInput, ReportMeta, ReportSpec, Section, SummaryTable
from lutrace.study import RunResult
from lutrace.study.denominators import find_denominator_faults

META = ReportMeta("a" * 64, "b" * 64, "study: small\n", None, "0", True, "Virtual centre")


def count(level: str, value: float, **more: Any) -> Row:
    row: Row = {
        "table": "response",
        "group": "C2",
        "order": 0,
        "variable": "recip",
        "level": level,
        "statistic": "count",
        "unit": "patients",
        "value": value,
        "low": None,
        "high": None,
        "n": 10,
        "total": 12,
        "sd": None,
        "method": "",
    }
    return row | more


def shown(rows: list[Row], **spec: Any) -> ReportInput:
    table = SummaryTable("classes", "Response", "response")
    sections = (Section("Response", spec.pop("text", ()), (table,)),)
    return ReportInput("A study", "", META, {"summaries": rows}, ReportSpec(sections, **spec))


def faults(report_input: ReportInput, released: list[Row] | None = None) -> list[tuple[str, str]]:
    rows = report_input.tables["summaries"] if released is None else released
    found = find_denominator_faults(report_input, {"summaries": rows})
    assert all(notice.severity == "blocking" for notice in found)
    return [(notice.where, notice.text) for notice in found]


RIGHT = [count("PR", 4.0), count("SD", 6.0)]


def test_classes_that_add_up_are_left_alone() -> None:
    assert faults(shown(RIGHT, text=("A PSA50 was seen in 4 of 10 (40%).",))) == []


def test_classes_that_do_not_add_up_to_the_patients_with_a_value_block() -> None:
    ((place, text),) = faults(shown([count("PR", 4.0), count("SD", 5.0)]))
    assert place == "response, C2, recip"
    assert "the classes are not all patients with a value" in text


def test_more_patients_in_a_class_than_there_are_block() -> None:
    told = faults(shown([count("PR", 11.0), count("SD", -1.0)]))
    assert any("more patients than there are in a class" in text for _, text in told)


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"text": ("A PSA50 was seen in 4 of 10 (45%).",)}, "Response"),
        ({"methods": ("Of the 10 men, 12 had a PSA50.",)}, "methods"),
        ({"key_numbers": (KeyNumber("PSA50", "45%", "4/10"),)}, "key numbers"),
        ({"abstract": (("Results", "HR 1.2 (95% CI 1.05-1.4), p = 0.2."),)}, "abstract, Results"),
    ],
)
def test_a_sentence_that_contradicts_itself_blocks(spec: dict[str, Any], place: str) -> None:
    ((where, text),) = faults(shown(RIGHT, **spec))
    assert where == place
    assert text.startswith("numbers of the report contradict each other, sentence 1: ")


def test_where_small_counts_are_hidden_the_notice_tells_the_place_and_no_number() -> None:
    report_input = shown(RIGHT, text=("A PSA50 was seen in 4 of 10 (45%).",))
    hidden = replace(report_input, policy=ReleasePolicy(min_cell=5))
    ((_, text),) = faults(hidden, [])
    assert text == "numbers of the report contradict each other, sentence 1"


def test_the_report_of_the_first_study_has_no_contradiction(first_study: RunResult) -> None:
    told = [notice for notice in first_study.report_input.notices if "contradict" in notice.text]
    assert told == []
