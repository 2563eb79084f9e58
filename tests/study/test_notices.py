"""A derived table that the report does not show is named, one that it shows is not."""

from __future__ import annotations

from tests.protocol.test_document import TEXT

from lutrace.protocol import parse_protocol
from lutrace.report import Notice
from lutrace.study.notices import find_notices

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
