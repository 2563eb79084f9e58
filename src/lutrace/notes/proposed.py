"""Facts that somebody else proposes for a letter: taken only where their words stand in it and their value is known."""

from __future__ import annotations

import datetime as dt
import functools
import re

from lutrace.notes.language import find_language
from lutrace.notes.letter_facts import LetterFact, read_statement
from lutrace.notes.sentences import split_letter
from lutrace.notes.stated import Stated
from lutrace.terms import analyte_names, drugs, letter_facts

_NUMBERS = {
    "gleason": r"[1-5]\+[1-5]|10|[2-9]",
    "isup": r"[1-5]",
    "ecog": r"[0-5](?:-[0-5])?",
    "karnofsky": r"[1-9]0|100",
    "rlt_cycle": r"\d{1,2}",
    "activity": r"\d+(?:\.\d+)?",
}
_VALUE = re.compile(r"[<>]?=?\d+(?:\.\d+)?")


@functools.cache
def proposable() -> dict[str, tuple[str, ...]]:
    """The facts that may be proposed, with their values; none listed where the value is a number."""
    known: dict[str, tuple[str, ...]] = {}
    for one in letter_facts().facts:
        known[one.fact] = (*known.get(one.fact, ()), one.value)
    known["stop_reason"] = tuple(dict.fromkeys((*known["stop_reason"], *letter_facts().stop_reasons)))
    known["metastasis_site"] = tuple(letter_facts().stems)
    known["therapy"] = tuple(drug.name for drug in drugs())
    return known | dict.fromkeys((*_NUMBERS, *analyte_names()), ())


def read_proposal(
    text: str, fact: str, value: str, *, quote: str, unit: str | None = None, written: dt.date | None = None
) -> LetterFact | None:
    """A proposed fact as it stands in the letter, asserted and dated by the rules; None where it cannot be taken.

    Its quote has to stand in the letter word for word, within one sentence, its value has to be one of the vocabulary,
    and the digits of a number have to stand in the quote.
    """
    values = proposable().get(fact)
    begin = text.find(quote) if quote.strip() else -1
    if values is None or begin < 0 or (values and value not in values) or not (values or _is_told(fact, value, quote)):
        return None
    end = begin + len(quote)
    sentence = next((one for one in split_letter(text) if one.begin <= begin and end <= one.end), None)
    if sentence is None or (unit is not None and unit not in quote):
        return None
    stated = Stated(fact, value, unit, begin - sentence.begin, end - sentence.begin)
    return read_statement(stated, sentence, find_language(sentence.text) or find_language(text) or "en", written)


def _is_told(fact: str, value: str, quote: str) -> bool:
    """Whether a number is one of its fact, and its digits stand in the quote."""
    pattern = _NUMBERS.get(fact)
    fits = re.fullmatch(pattern, value) if pattern is not None else _VALUE.fullmatch(value)
    digits = re.findall(r"\d+", value)
    return fits is not None and all(one in re.findall(r"\d+", quote) for one in digits)
