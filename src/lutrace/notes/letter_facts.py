"""Facts in a letter, each with the characters that state it, its date, and whether it is denied, doubted or past."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lutrace.core import UnusableInputError, digest_of
from lutrace.notes.assertion import Assertion, assert_place
from lutrace.notes.dates import FoundDate, find_dates
from lutrace.notes.language import find_language
from lutrace.notes.phrases import compile_phrases, phrase_pattern
from lutrace.notes.sentences import Sentence, split_letter
from lutrace.terms import (
    ASSERTION_LANGUAGES,
    analyte_named,
    analyte_spellings,
    assertion_rules,
    drugs,
    find_drugs,
    letter_facts,
    parse_gleason,
    parse_reported_value,
)

Confidence = Literal["high", "medium", "low"]
_CODE_VERSION = 2
"""Raised whenever the code of this room finds other facts than before."""


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.IGNORECASE)


_GLEASON = _pattern(
    r"\b(?:gle?a?e?s?s?on\w*|gs|isup)\b[^.;\n]{0,40}?\d(?:\s*\+\s*\d)?",
    r"(?:\s*=\s*\d{1,2})?(?:\s*\(\d\s*\+\s*\d\))?",
)
_TNM = re.compile(
    r"(?<!\w)(?P<T>[cpyr]{0,3}T(?:[0-4][a-d]?|x|is))\s*,?\s*(?P<N>[cp]?N[0-3x][a-c]?)?"
    r"(?:\s*\(\d+/\d+\))?\s*,?\s*(?P<M>[cp]?M[01x][a-c]?)?(?!\w)"
)
_ECOG = _pattern(r"\bECOG\b[^\d\n.;]{0,25}(?P<value>[0-5])(?![\d.,/]\d)")
_ACTIVITY = re.compile(r"(?<![\w.,])(?P<value>\d(?:[\d.,]*\d)?)\s*(?P<unit>GBq|MBq|mCi)\b")
_CYCLE = _pattern(
    r"\b(?:(?P<a>\d{1,2})\.\s*(?:\w+\s+){0,2}?(?:zyklus|gabe|kurs|therapiezyklus)",
    r"|(?:zyklus|cycle|gabe)\s*(?:nr\.?\s*|no\.?\s*)?(?P<b>\d{1,2}))\b",
)
_LIGAND = _pattern(r"177\s*-?\s*lu|lu\s*-?\s*177|lutetium|lu-?psma|radioligand|\brlt\b|\bprlt\b|psma-(?:617|i&t)")
_COMMA = re.compile(r",\s|;|\s[-–]\s|\)")
_BETWEEN = (
    r"(?:\s*(?:\(\w+\))?(?:-?wert|-?spiegel|value|level)?"
    r"\s*(?:vor therapie|before therapy|aktuell|zuletzt|initial|von|of|bei|at|war|was|is|ist|lag bei|=|:|,)?){0,3}\s*"
)
_VALUE = r"(?P<value>[<>≤≥]?\s*(?:\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?|\d(?:[\d.,]*\d)?))"
_THOUSANDS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
"""7.400 and 7,400 are one number in German and another in English: they stay as they are written."""
_UNIT = r"\s*(?P<unit>(?:n|µ|u|m|k|p)?[gm](?:ol)?/[mdµu]?l|giga/l|g/l|u/l|iu/l|e/l|/nl|/µl|/ul|tsd\.?/µl|%|10\^9/l)?"


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
        if self.value[-1:].isdigit() and _THOUSANDS.fullmatch(self.value.lstrip("<>≤≥ ")):
            return "low"
        is_relative = self.date is not None and self.date.relative
        return "medium" if self.assertion.triggers.keys() - {"negated"} or is_relative else "high"


def rules_version() -> str:
    """The version of all that finds facts: a number of the code, and a digest of the words.

    >>> rules_version().startswith("2.")
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

    Sites of metastases, Gleason score and ISUP grade group, TNM, castration resistance, ECOG, therapies by name, cycles
    of radioligand therapy and activities, PSA and laboratory values, progression and its basis, toxicity, transfusion,
    reason for stopping, hospice, death. `language` (en, de) holds for sentences whose own words do not tell. A date
    belongs to the fact when it stands in the same part of its sentence between commas: the nearest, one behind it
    before one in front.
    """
    spoken = language or find_language(text) or "en"
    found: list[LetterFact] = []
    for sentence in split_letter(text):
        own = find_language(sentence.text) or spoken
        dates = find_dates(sentence.text, written)
        for fact, value, unit, begin, end in sorted(set(_states(sentence.text, dates)), key=lambda one: one[3:]):
            found.append(
                LetterFact(
                    fact,
                    value,
                    unit,
                    _nearest(dates, sentence.text, begin, end),
                    sentence.begin + begin,
                    sentence.begin + end,
                    sentence,
                    assert_place(sentence.text, (begin, end), own),
                )
            )
    return tuple(found)


_Stated = tuple[str, str, str | None, int, int]


def _states(sentence: str, dates: tuple[FoundDate, ...]) -> Iterator[_Stated]:
    for fact, value, pattern in _worded():
        for match in pattern.finditer(sentence):
            yield fact, value, None, *match.span()
    yield from _metastases(sentence)
    yield from _staging(sentence)
    yield from _therapies(sentence)
    yield from _laboratory(sentence, dates)


@functools.cache
def _worded() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple((one.fact, one.value, compile_phrases(one.phrases)) for one in letter_facts().facts)


def _metastases(sentence: str) -> Iterator[_Stated]:
    """Sites in compounds ("Lebermetastasen", "Knochen- und ..."), before the word ("liver metastases") and after it."""
    for site, compound, joint, after in _site_patterns():
        for match in compound.finditer(sentence):
            yield "metastasis_site", site, None, *match.span()
        for match in (*joint.finditer(sentence), *after.finditer(sentence)):
            yield "metastasis_site", site, None, *match.span("site")


@functools.cache
def _site_patterns() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str], re.Pattern[str]], ...]:
    words = r"(?:\w+-\s*(?:,|und|oder|sowie)\s+)*\w*?"
    inside = r"(?:\W+\w+){0,2}?\W+(?:in|im|of|to|der|des)(?:\W+\w+){0,5}?\W+"
    return tuple(
        (
            site,
            _pattern(rf"(?<!\w){stem}\w{{0,5}}?[\s-]*{_metastasis()}"),
            _pattern(
                rf"(?<!\w)(?P<site>{stem}\w{{0,5}})-\s*(?:,|und|and|oder|or|sowie|bzw\.)\s+{words}{_metastasis()}"
            ),
            _pattern(rf"{_metastasis()}{inside}(?P<site>{stem}\w{{0,6}})(?!\w)"),
        )
        for site, stem in _stems()
    )


@functools.cache
def _metastasis() -> str:
    return "(?:" + "|".join(phrase_pattern(one).removeprefix(r"(?<!\w)") for one in letter_facts().metastases) + ")"


@functools.cache
def _stems() -> tuple[tuple[str, str], ...]:
    return tuple(
        (site, "(?:" + "|".join(phrase_pattern(f"{stem}*").removesuffix(r"\w*") for stem in stems) + ")")
        for site, stems in letter_facts().stems.items()
    )


def _staging(sentence: str) -> Iterator[_Stated]:
    for match in _GLEASON.finditer(sentence):
        reading = parse_gleason(match.group(0))
        if reading is None:
            continue
        if reading.primary is not None and reading.secondary is not None:
            yield "gleason", f"{reading.primary}+{reading.secondary}", None, *match.span()
        elif reading.total is not None:
            yield "gleason", str(reading.total), None, *match.span()
        if reading.grade_group is not None:
            yield "isup", str(reading.grade_group), None, *match.span()
    for match in _TNM.finditer(sentence):
        yield "tnm", " ".join(part for part in match.group("T", "N", "M") if part), None, *match.span()
    for match in _ECOG.finditer(sentence):
        yield "ecog", match["value"], None, *match.span()


def _therapies(sentence: str) -> Iterator[_Stated]:
    for drug, begin, end in find_drugs(sentence):
        yield "therapy", drug.name, None, begin, end
    is_ligand = _LIGAND.search(sentence) is not None
    for match in _CYCLE.finditer(sentence):
        if is_ligand:
            yield "rlt_cycle", match["a"] or match["b"], None, *match.span()
    for match in _ACTIVITY.finditer(sentence):
        yield "activity", _as_number(match["value"]), match["unit"], *match.span()


def _laboratory(sentence: str, dates: tuple[FoundDate, ...]) -> Iterator[_Stated]:
    for match in _lab_pattern().finditer(sentence):
        analyte = analyte_named(match["name"])
        place = match.span("value")
        if analyte is None or any(one.begin < place[1] and place[0] < one.end for one in dates):
            continue
        if match["unit"] is None and analyte.name != "psa":
            continue
        yield analyte.name, _as_number(match["value"]), match["unit"], *match.span()


def _as_number(text: str) -> str:
    """The number with a decimal point, without signs between thousands; as written where it reads in two ways."""
    written = text.strip()
    if _THOUSANDS.fullmatch(written.lstrip("<>≤≥ ")):
        return written
    try:
        value = parse_reported_value(written)
    except UnusableInputError:
        return written
    return f"{value.comparator or ''}{value.value:.12g}"


@functools.cache
def _lab_pattern() -> re.Pattern[str]:
    listed = "|".join(re.escape(name) for name in analyte_spellings() if len(name) > 1)
    return _pattern(rf"(?<!\w)(?P<name>{listed})(?!\w){_BETWEEN}{_VALUE}{_UNIT}")


def _nearest(dates: tuple[FoundDate, ...], sentence: str, begin: int, end: int) -> FoundDate | None:
    """The nearest date in the part between commas that holds the fact, one behind it before one in front of it."""
    start = max((match.end() for match in _COMMA.finditer(sentence, 0, begin)), default=0)
    after = _COMMA.search(sentence, end)
    stop = len(sentence) if after is None else after.start()
    near = [one for one in dates if start <= one.begin and one.end <= stop and (one.begin >= end or one.end <= begin)]
    return min(near, key=lambda one: (one.begin < end, abs(one.begin - end)), default=None)
