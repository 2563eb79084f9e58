"""What a finding of each fact may say: its values or the shape of its number, and its unit."""

from __future__ import annotations

import functools
import re

from lutrace.core import UnusableInputError, suggest
from lutrace.notes.letter_numbers import TNM
from lutrace.terms import analyte_names, canonical_lab, drugs, letter_facts

NUMBERS = {
    "gleason": (r"[1-5]\+[1-5]|10|[2-9]", "two patterns, as 3+4, or a sum of 2 to 10"),
    "isup": (r"[1-5]", "1 to 5"),
    "ecog": (r"[0-5](?:-[0-5])?", "0 to 5, or two of them, as 1-2"),
    "karnofsky": (r"[1-9]0|100", "10 to 100 in tens"),
    "rlt_cycle": (r"\d{1,2}", "a whole number"),
    "activity": (r"\d+(?:\.\d+)?", "a number, as 7400 or 7.4"),
}
"""Facts whose value is a number: its pattern, and what is expected in words."""
RESULT = re.compile(r"[<>]?=?\d+(?:\.\d+)?")
"""The value of an analyte."""
ACTIVITY_UNITS = ("GBq", "MBq", "mCi")
_UNIT_MAY_LACK = "psa"
"""Letters tell it without a unit; the rules take it so."""


@functools.cache
def proposable() -> dict[str, tuple[str, ...]]:
    """The facts that may be proposed, with their values; none listed where the value is a number."""
    known: dict[str, tuple[str, ...]] = {}
    for one in letter_facts().facts:
        known[one.fact] = (*known.get(one.fact, ()), one.value)
    known["stop_reason"] = tuple(dict.fromkeys((*known["stop_reason"], *letter_facts().stop_reasons)))
    known["metastasis_site"] = tuple(letter_facts().stems)
    known["therapy"] = tuple(drug.name for drug in drugs())
    return known | dict.fromkeys((*NUMBERS, *analyte_names()), ())


def check_value(fact: str, value: str, unit: str | None) -> None:
    """Raise UnusableInputError where a fact cannot have this value or unit, as a person states them; told is why.

    Words are those of the vocabulary. Results of analytes need a known unit (PSA may lack it, as in letters) and have
    to be plausible in it; an activity needs its unit, all else has none.
    """
    if fact in analyte_names():
        _check_result(fact, value, unit)
        return
    if fact == "activity" and unit not in ACTIVITY_UNITS:
        raise UnusableInputError(f"unit: expected {', '.join(ACTIVITY_UNITS)} of an activity")
    if fact != "activity" and unit is not None:
        raise UnusableInputError(f"unit: {fact} has none; leave the cell empty")
    if fact in NUMBERS:
        pattern, words = NUMBERS[fact]
        _check_shape(fact, re.fullmatch(pattern, value), words)
    elif fact == "tnm":
        _check_shape(fact, TNM.fullmatch(value), "T, N and M as pT3a N1 M1b; T is needed")
    elif fact == "toxicity_grade":
        kind, _blank, grade = value.rpartition(" ")
        _check_word("toxicity", kind)
        _check_shape(fact, re.fullmatch(r"[1-5]", grade), "the toxicity and its grade of 1 to 5, as anaemia 2")
    else:
        _check_word("therapy" if fact in ("therapy_begin", "therapy_end") else fact, value)


def _check_result(fact: str, value: str, unit: str | None) -> None:
    _check_shape(fact, RESULT.fullmatch(value), "a number with a decimal point, as 12.5 or <0.1")
    if unit is not None or fact != _UNIT_MAY_LACK:
        canonical_lab(fact, value, unit)


def _check_shape(fact: str, found: re.Match[str] | None, words: str) -> None:
    if found is None:
        raise UnusableInputError(f"value: expected of {fact}: {words}")


def _check_word(fact: str, value: str) -> None:
    values = proposable().get(fact, ())
    if value not in values:
        meant = suggest(value, values)
        raise UnusableInputError(
            f"value: expected of {fact} one of {', '.join(values) or 'no known values'}{f'; {meant}' if meant else ''}"
        )
