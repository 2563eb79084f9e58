"""A derived table that the report does not show is named, one that it shows is not."""

from __future__ import annotations

from lutrace.protocol import parse_protocol
from lutrace.study.notices import find_notices

TEXT = """\
study: small
title: small
question: none
population: {agents: [lu177_psma_617]}
landmarks:
  - {name: C2, label: SPECT of cycle 2, cycle: 2}
measures: {plan: suv3}
endpoints:
  - {kind: os, name: os, label: Overall survival}
derived:
  - {kind: lines, name: before, label: Lines before}
  - {kind: sites, name: places, label: Sites of metastases}
analyses: []
report:
  sections:
    - title: Course
      items:
        - {show: derived, name: shown, caption: Lines, of: before}
"""


def test_a_derived_table_that_no_item_shows_is_named_and_one_that_is_shown_is_not() -> None:
    told = [one for one in find_notices(parse_protocol(TEXT, "small.yaml"), [], []) if "is derived" in one.text]
    assert [one.where for one in told] == ["places"]
    assert "{show: derived, of: places}" in told[0].text


def test_the_standard_report_shows_every_derived_table() -> None:
    text = TEXT[: TEXT.index("report:")]
    told = find_notices(parse_protocol(text, "small.yaml"), [], [])
    assert not [one for one in told if "is derived" in one.text]
