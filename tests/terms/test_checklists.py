"""Reporting checklists as data: every item of the source stands once or is named as not read."""

from __future__ import annotations

import pytest

from lutrace.core import UnusableInputError
from lutrace.terms import checklist, checklist_names

SPLIT = {"1": "ab", "6": "ab", "12": "abcde", "13": "abc", "14": "abc", "16": "abc"}
STROBE = [f"{n}{letter}" for n in range(1, 23) for letter in SPLIT.get(str(n), [""])]
RECORD = ["1.1", "1.2", "1.3", "6.1", "6.2", "6.3", "7.1", "12.1", "12.2", "12.3", "13.1", "19.1", "22.1"]


@pytest.mark.parametrize(
    ("name", "numbers"), [("strobe", STROBE), ("record", RECORD), ("remark", [str(n) for n in range(1, 21)])]
)
def test_every_item_of_the_source_stands_once_or_is_named_as_not_read(name: str, numbers: list[str]) -> None:
    found = checklist(name)
    assert [one.number for one in found.items] + list(found.unread) == numbers
    assert found.source and found.checked


def test_a_list_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    assert checklist_names() == ("record", "remark", "strobe")
    with pytest.raises(UnusableInputError, match="expected a checklist among record, remark, strobe, got 'consort'"):
        checklist("consort")
