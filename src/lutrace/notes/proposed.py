"""Facts that somebody else proposes for a letter: taken only where their words stand in it and their value is known."""

from __future__ import annotations

import datetime as dt
import re

from lutrace.notes.finding_values import NUMBERS, RESULT, proposable
from lutrace.notes.language import find_language
from lutrace.notes.letter_facts import LetterFact, read_statement
from lutrace.notes.sentences import split_letter
from lutrace.notes.stated import Stated


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
    fits = re.fullmatch(NUMBERS[fact][0], value) if fact in NUMBERS else RESULT.fullmatch(value)
    digits = re.findall(r"\d+", value)
    return fits is not None and all(one in re.findall(r"\d+", quote) for one in digits)
