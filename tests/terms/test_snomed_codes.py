"""Every SNOMED CT code of the vocabulary ends in its check digit, so a slip in writing one down is found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import pytest

from lutrace.terms import disposition_systems, drugs, sites, staging_codes
from lutrace.terms.disease_course import _document as disease_course

_TIMES = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)
_TURNS = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)
"""The dihedral group of order ten and the permutations of Verhoeff's scheme, as in SNOMED's guide to identifiers."""


def has_check_digit(code: str) -> bool:
    held = 0
    for place, digit in enumerate(reversed(code)):
        held = int(_TIMES[held][int(_TURNS[place % 8][int(digit)])])
    return held == 0


def codes_of_the_vocabulary() -> Iterator[str]:
    staging, course = staging_codes(), disease_course()
    yield from chain.from_iterable(one.snomed for one in drugs())
    yield from chain.from_iterable(one.snomed for one in sites())
    yield from chain.from_iterable([*(one.snomed for one in staging.tnm), *(one.snomed for one in staging.gleason)])
    yield from chain(staging.categories, staging.patterns, staging.sums, staging.pairs)
    yield from chain.from_iterable(
        [*(one.snomed for one in course.milestones), *(one.snomed for one in course.statuses)]
    )
    for system in disposition_systems():
        if "http://snomed.info/sct" in system.urls:
            yield from chain.from_iterable(system.codes.values())


def wrong(codes: Iterable[str]) -> list[str]:
    return [code for code in codes if not has_check_digit(code)]


@pytest.mark.parametrize(("code", "right"), [("71388002", True), ("71388003", False), ("1212000", False)])
def test_the_check_digit_is_that_of_the_guide(code: str, right: bool) -> None:
    assert has_check_digit(code) is right


def test_every_snomed_code_ends_in_its_check_digit() -> None:
    found = list(codes_of_the_vocabulary())

    assert len(found) > 100
    assert wrong(found) == []
