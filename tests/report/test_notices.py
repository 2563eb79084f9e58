"""Warnings that say the same stand in one line."""

from __future__ import annotations

from lutrace.report import Notice, group_notices

LABELS = {"C2": "SPECT of cycle 2", "os": "Overall survival", "ttv": "Tumour volume"}


def test_texts_that_differ_in_numbers_only_become_one_with_the_range_and_all_places() -> None:
    notices = [
        Notice("cox, C2, os, ttv, adjusted", "4.0 events per term, below 10"),
        Notice("cox, C2, os, ttv, unadjusted", "8.5 events per term, below 10"),
    ]
    [group] = group_notices(notices, LABELS)
    assert (group.text, group.n) == ("4.0 to 8.5 events per term, below 10", 2)
    assert group.places == "SPECT of cycle 2, Overall survival: Tumour volume adjusted, Tumour volume unadjusted"


def test_shares_are_listed_and_not_turned_into_a_range() -> None:
    [group] = group_notices([Notice("a", "3 of 23 patients late"), Notice("b", "9 of 19 patients late")], {})
    assert (group.text, group.places) == ("3 of 23 and 9 of 19 patients late", "a; b")


def test_blocking_ones_come_first_and_stay_apart_from_warnings() -> None:
    groups = group_notices([Notice("a", "x"), Notice("b", "x", "blocking"), Notice("c", "x", "note")], {})
    assert [group.severity for group in groups] == ["blocking", "warning", "note"]


def test_names_that_hold_digits_are_no_numbers() -> None:
    groups = group_notices([Notice("a", "PSA50 is rare"), Notice("b", "PSA90 is rare")], {})
    assert len(groups) == 2
