"""Facts in a letter, each with the characters that state it, its date, and whether it is denied, doubted or past."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lutrace.core import digest_of
from lutrace.notes.assertion import Assertion, assert_place
from lutrace.notes.dates import FoundDate, find_dates
from lutrace.notes.language import find_language
from lutrace.notes.letter_numbers import find_numbers, is_two_numbers
from lutrace.notes.letter_sites import find_sites
from lutrace.notes.letter_therapies import find_spans, find_therapies
from lutrace.notes.letter_words import find_worded
from lutrace.notes.sentences import Sentence, split_letter
from lutrace.notes.stated import Stated
from lutrace.notes.triggers import words_in
from lutrace.terms import ASSERTION_LANGUAGES, analyte_names, analyte_spellings, assertion_rules, drugs, letter_facts

Confidence = Literal["high", "medium", "low"]
_CODE_VERSION = 3
"""Raised whenever the code of this room finds other facts than before."""


_COMMA = re.compile(r",\s|;|\s[-–]\s|\)")


@dataclass(frozen=True)
class LetterFact:
    """One fact: characters [begin, end) of the letter, its date as told, and what its sentence says of it."""

    fact: str
    value: str
    unit: str | None
    date: FoundDate | None
    begin: int
    end: int
    sentence: Sentence
    assertion: Assertion

    @property
    def confidence(self) -> Confidence:
        """How far the rules may err: a rank of reading, no probability.

        `low`: the number can be read in two ways. `medium`: doubted, of the past, hypothetical or another person's, or
        with a date that is told by the day of the letter. `high`: stated or denied plainly.
        """
        if is_two_numbers(self.value):
            return "low"
        is_relative = self.date is not None and self.date.relative
        return "medium" if self.assertion.triggers.keys() - {"negated"} or is_relative else "high"


def rules_version() -> str:
    """The version of all that finds facts: a number of the code, and a digest of the words.

    >>> rules_version().startswith("3.")
    True
    """
    return f"{_CODE_VERSION}.{_words_digest()}"


@functools.cache
def _words_digest() -> str:
    words = [letter_facts().model_dump(mode="json")]
    words += [assertion_rules(language).model_dump(mode="json") for language in ASSERTION_LANGUAGES]
    names = [*analyte_spellings(), *(name for drug in drugs() for name in (drug.name, *drug.names))]
    return digest_of([*words, sorted(names)])[:12]


def find_letter_facts(
    text: str, *, language: str | None = None, written: dt.date | None = None
) -> tuple[LetterFact, ...]:
    """The facts of a letter in the order they stand.

    Sites of metastases, Gleason score and ISUP grade group, TNM, castration resistance, ECOG and Karnofsky, therapies
    by name with begin and end, cycles of radioligand therapy and activities, PSA (series too) and laboratory values,
    progression and its basis, toxicity and its grade, transfusion, reason for stopping, hospice, death, fracture.
    `language` (en, de) holds for sentences whose own words do not tell. A date belongs to the fact when it stands in
    the same part of its sentence between commas: the nearest, a written one before one told by the day of the letter,
    one behind it before one in front. Facts of one day without such a date take the nearest of their sentence.
    """
    spoken = language or find_language(text) or "en"
    return tuple(fact for sentence in split_letter(text) for fact in _facts_of(sentence, spoken, written))


def _facts_of(sentence: Sentence, spoken: str, written: dt.date | None) -> list[LetterFact]:
    text, words = sentence.text, words_in(sentence.text)
    stated = [
        *find_worded(text, words),
        *find_sites(text, words, sentence.heading),
        *find_numbers(text, words, sentence.heading),
        *find_therapies(text, words),
    ]
    if not stated:
        return []
    dates = find_dates(text, written)
    spans = list(find_spans(text, words, dates))
    begun = {one.begin: one.date for one in reversed(spans) if one.fact == "therapy_begin"}
    stated = [replace(one, date=begun.get(one.begin)) if one.fact == "therapy" else one for one in stated] + spans
    own = find_language(text) or spoken
    kept = sorted(_kept(stated, dates), key=lambda one: (one.begin, one.end, one.fact, one.value))
    return [_asserted(one, sentence, own, dates) for one in kept]


def read_statement(stated: Stated, sentence: Sentence, language: str, written: dt.date | None) -> LetterFact:
    """A statement of a sentence with what the sentence says of it and its date."""
    return _asserted(stated, sentence, language, find_dates(sentence.text, written))


def _asserted(one: Stated, sentence: Sentence, language: str, dates: Sequence[FoundDate]) -> LetterFact:
    assertion = assert_place(sentence.text, one.place or (one.begin, one.end), language)
    if one.denied is not None:
        assertion = Assertion({**assertion.triggers, "negated": (one.denied,)}, "a place free of metastases")
    begin, end = sentence.begin + one.begin, sentence.begin + one.end
    date = _date_of(one, dates, sentence.text)
    return LetterFact(one.fact, one.value, one.unit, date, begin, end, sentence, assertion)


def _kept(stated: Sequence[Stated], dates: Sequence[FoundDate]) -> list[Stated]:
    """Each fact once per place: without what a longer statement of the same fact holds, and without dates as values."""
    kept: dict[tuple[str, int, int], Stated] = {}
    for one in sorted(stated, key=lambda one: (one.begin - one.end, one.begin)):
        same = [other for other in kept.values() if other.fact == one.fact]
        if any(other.begin <= one.begin and one.end <= other.end for other in same):
            continue
        if one.fact in _NUMBERS and one.date is None and _is_date(one, dates):
            continue
        kept[one.fact, one.begin, one.end] = one
    return list(kept.values())


def _is_date(one: Stated, dates: Sequence[FoundDate]) -> bool:
    """Whether the number at the end of a statement is a date, or a part of one."""
    return any(date.begin < one.end <= date.end for date in dates)


def _date_of(one: Stated, dates: Sequence[FoundDate], sentence: str) -> FoundDate | None:
    """The date that a statement itself holds, else the nearest in the part between commas that holds the fact.

    A written date goes before one told by the day of the letter, one behind the fact before one in front of it.
    """
    begin, end = one.begin, one.end
    if one.date is not None:
        return next((date for date in dates if date.begin < one.date[1] and one.date[0] < date.end), None)
    inside = [date for date in dates if begin <= date.begin and date.end <= end]
    if inside:
        return inside[-1]
    bounds = [match.span() for match in _COMMA.finditer(sentence) if not _inside(match.start(), dates)]
    start = max((last for _first, last in bounds if last <= begin), default=0)
    stop = min((first for first, _last in bounds if first >= end), default=len(sentence))
    if one.fact == "castration_resistance":
        dates = [date for date in dates if _FIRST_DIAGNOSED.search(sentence[: date.begin]) is None]
    near = [
        date for date in dates if start <= date.begin and date.end <= stop and (date.begin >= end or date.end <= begin)
    ]
    if not near and one.fact in _DATED_AFAR:
        near = [date for date in dates if ";" not in sentence[min(date.end, end) : max(date.begin, begin)]]
        return min(near, key=lambda date: abs(date.begin - end), default=None)
    return min(near, key=lambda date: (date.relative, date.begin < end, abs(date.begin - end)), default=None)


def _inside(place: int, dates: Sequence[FoundDate]) -> bool:
    return any(date.begin <= place < date.end for date in dates)


_NUMBERS = frozenset(analyte_names())
_DATED_AFAR = _NUMBERS | {"stop_reason", "progression", "death", "rlt_cycle", "activity", "transfusion"}
"""Facts of one day: where their part of the sentence has no date, the nearest of the sentence is theirs."""
_FIRST_DIAGNOSED = re.compile(
    r"(?:\bED|erstdiagnose\w*|diagnosed|initial\w*)[\s:,]*(?:in|am|on|vom)?\s*\Z", re.IGNORECASE
)
"""A date of the first diagnosis is none of castration resistance."""
