"""A derived table that the report does not show is named, one that it shows is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.protocol.test_document import TEXT
from tests.registry.rows import batch, lab, make_registry

from lutrace.protocol import parse_protocol
from lutrace.registry import Registry
from lutrace.report import Notice
from lutrace.study.notices import find_merged, find_notices, find_outdated_scans
from lutrace.tables import MEASURE_VERSION

WRITTEN_OUT = "report: {sections: []}"
DERIVED = """\
derived:
  - {kind: lines, name: before, label: Lines before}
  - {kind: sites, name: places, label: Sites of metastases}
"""
SHOWN = "report: {sections: [{title: Lines, items: [{show: derived, name: shown, caption: Lines, of: before}]}]}"


def told_of(report: str) -> list[Notice]:
    """What is told of the derived tables of a small study with this report."""
    protocol = parse_protocol(TEXT.replace(WRITTEN_OUT, DERIVED + report), "small.yaml")
    return [one for one in find_notices(protocol, [], []) if "is derived" in one.text]


def test_a_derived_table_that_no_item_shows_is_named_and_one_that_is_shown_is_not() -> None:
    (told,) = told_of(SHOWN)
    assert told.where == "places"
    assert "{show: derived, of: places}" in told.text


def test_the_standard_report_shows_every_derived_table() -> None:
    assert told_of("") == []


def test_scans_measured_by_an_older_version_are_counted_and_others_are_not(make_facts: Callable[..., Any]) -> None:
    versions = (MEASURE_VERSION, MEASURE_VERSION - 1, MEASURE_VERSION - 1, None, None)
    rows = [{"scan_id": f"s{n}", "measure_version": version} for n, version in enumerate(versions)]
    used = [{"scan_id": f"s{n}"} for n in range(4)]
    told = [notice.text for notice in find_outdated_scans(make_facts(quantifications=rows), used)]
    assert [text[:50] for text in told] == [
        "1 of 4 SPECT were measured by version 4 or earlier",
        f"2 of 4 SPECT were measured by version {MEASURE_VERSION - 1} of measuring"[:50],
    ]
    assert all("lutrace measure" in text for text in told)
    assert find_outdated_scans(make_facts(quantifications=rows[:1]), used[:1]) == ()


def test_rows_of_a_second_source_are_counted_by_table_and_unsettled_contradictions_warn(
    tmp_path: Path,
) -> None:
    make_registry(tmp_path / "registry")
    with Registry.open(tmp_path / "registry", write=True) as registry:
        for kind, value in (("fhir", 7.0), ("omop", 9.0)):
            rows = [lab(1, 5.0, record_key=f"{kind} 1"), lab(2, value, record_key=f"{kind} 2")]
            registry.add(batch("labs", rows, name=kind, kind=kind))
        (told,) = find_merged(registry.freeze())
    assert (told.where, told.severity) == ("labs", "warning")
    assert told.text == (
        "rows of a further source that state what the believed one states (left out): 1; "
        "rows left out by the default order that contradict another source (lutrace check): 1"
    )
