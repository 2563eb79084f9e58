"""Gleason scores to ISUP grade groups, from numbers and from text: what is known, what is refused and why."""

from __future__ import annotations

import pytest

from lutrace.terms import grade_group_of, parse_gleason

NUMBERS: list[tuple[int | None, int | None, int | None, int | None]] = [
    (3, 3, 6, 1),
    (2, 3, None, 1),
    (None, None, 6, 1),
    (None, None, 2, 1),
    (3, 4, 7, 2),
    (4, 3, 7, 3),
    (4, 3, None, 3),
    (None, None, 7, None),
    (4, None, 7, None),
    (2, 5, 7, None),
    (4, 4, 8, 4),
    (3, 5, 8, 4),
    (5, 3, 8, 4),
    (None, None, 8, 4),
    (4, 5, 9, 5),
    (5, 4, 9, 5),
    (5, 5, 10, 5),
    (None, None, 10, 5),
    (3, 3, 4, None),
    (None, None, 11, None),
    (None, None, 1, None),
    (3, None, None, None),
    (None, None, None, None),
]


@pytest.mark.parametrize(("primary", "secondary", "total", "group"), NUMBERS)
def test_grade_group_of_numbers(
    primary: int | None, secondary: int | None, total: int | None, group: int | None
) -> None:
    found, reason = grade_group_of(primary, secondary, total)
    assert found == group
    assert (reason is None) == (group is not None)


TEXTS: list[tuple[str, tuple[int | None, int | None, int | None, int | None] | None]] = [
    ("Gleason 3+4=7", (3, 4, 7, 2)),
    ("Gleason score 4 + 3 = 7", (4, 3, 7, 3)),
    ("Gleaon 8 (4+4)", (4, 4, 8, 4)),
    ("Gleason-Score: 9 (4+5), ISUP 5", (4, 5, 9, 5)),
    ("GS 7a (3+4)", (3, 4, 7, 2)),
    ("Gleason 7", (None, None, 7, None)),
    ("Gleason 7, ISUP-Grad 3", (None, None, 7, 3)),
    ("Gleason 7, ISUP 4", (None, None, 7, None)),
    ("Gleason 3+4=7, grade group 3", (3, 4, 7, None)),
    ("Gleason 3+3=4", (3, 3, 4, None)),
    ("ISUP grade group 4", (None, None, None, 4)),
    ("Gradgruppe 2", (None, None, None, 2)),
    ("Gleason 4+3 (tertiäres Pattern 5)", (4, 3, 7, 3)),
    ("Biopsie links 3+3=6, rechts 4+4=8", (None, None, None, None)),
    ("Gleasonscore 10", None),
    ("Gleason score of 6", (None, None, 6, 1)),
    ("PSA 7.4, cT2 2+3 Stanzen", None),
    ("Adenokarzinom der Prostata", None),
    ("3+4=7", (3, 4, 7, 2)),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS, ids=[text for text, _ in TEXTS])
def test_texts(text: str, expected: tuple[int | None, ...] | None) -> None:
    found = parse_gleason(text)
    assert (None if found is None else (found.primary, found.secondary, found.total, found.grade_group)) == expected
    assert found is None or (found.grade_group is None) == (found.reason is not None)


def test_a_tertiary_pattern_is_kept_and_changes_no_group() -> None:
    found = parse_gleason("Gleason 4+3 (tertiäres Pattern 5)")
    assert found is not None
    assert (found.tertiary, found.grade_group) == (5, 3)
