"""Numbers in a sentence: Gleason, TNM, performance, activities, laboratory values and series of PSA."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from lutrace.core import UnusableInputError
from lutrace.notes.phrases import phrase_pattern
from lutrace.notes.stated import Stated
from lutrace.notes.triggers import Triggers, make_triggers
from lutrace.terms import analyte_named, analyte_spellings, letter_facts, parse_gleason, parse_reported_value


def _pattern(*parts: str) -> re.Pattern[str]:
    return re.compile("".join(parts), re.IGNORECASE)


_GLEASON = _pattern(
    r"\b(?:gle?a?e?s?s?on\w*|gs|isup|grade\s+group)\b[^.;\n]{0,40}?\d[ab]?(?:\s*\+\s*\d)?",
    r"(?:\s*=\s*\d{1,2})?(?:\s*\(\d\s*\+\s*\d(?:\s*=\s*\d{1,2})?\))?",
)
TNM = re.compile(
    r"(?<!\w)(?P<T>[cpyr]{0,3}T(?:[0-4][a-d]?|x|is))\s*,?\s*(?P<N>[cp]?N[0-3x][a-c]?)?"
    r"(?:\s*\(\d+/\d+\))?\s*,?\s*(?P<M>[cp]?M[01x][a-c]?)?(?!\w)"
)
_ECOG = _pattern(r"\bECOG\b[^\d\n.;]{0,25}(?P<value>[0-5](?:\s?[-–/]\s?[0-5])?)(?![\d.,/]\d)")
_ECOG_NOW = _pattern(
    r"[\s,;(]*(?:now|currently|today|at present|jetzt|nun|heute|aktuell\w*|derzeit|->|→)\s*(?:is|ist|bei|at|=|:)?\s*"
    r"(?P<value>[0-5])(?!\d|[.,/]\d|\s*(?:day|week|month|year|cycle|tag|woche|monat|jahr|zykl|kurs))"
)
"""After a score that was, the one that is: only that is the score of the day."""
_KARNOFSKY = _pattern(r"\b(?:karnofsky|kps|kpi)\b[^\d\n.;]{0,30}(?P<value>100|[1-9]0)\b")
_ACTIVITY = re.compile(r"(?<![\w.,])(?P<value>\d(?:[\d.,]*\d)?)\s*(?P<unit>GBq|MBq|mCi)\b")
_DATE = (
    r"(?:\d{1,2}\.\s?\d{1,2}\.\s?(?:\d{4}|\d\d)(?!\d)|\d{4}-\d\d-\d\d|\d{1,2}/\d{4}|"
    r"\d{1,2}\.?\s[A-Za-zä]{3,9}\.?\s\d{4})"
)
_LINK = (
    r"(?:-?(?:wert|spiegel|anstieg|abfall|verlauf|nadir)\w*|value|level|increase|decrease|drop|fiel|sank|stieg|fell|"
    r"rose|rising|decreased|increased|dropped|declined|vor therapie|before therapy|aktuell\w*|zuletzt|initial\w*|"
    r"current\w*|now|von|vom|am|of|bei|at|was|is|war|ist|lag|liegt|betrug|beträgt|on|auf|to|from|serum|"
    rf"\(?{_DATE}\)?|\(\w+\)|=|:|,)"
)
_BETWEEN = rf"(?:\s*{_LINK}){{0,5}}\s*"
_RUNS_ON = _pattern(r"(?:\b(?:von|of|bei|at|auf|to|was|is|war|ist|lag|liegt|betrug|beträgt)|[=:<>≤≥])\s*\Z")
"""Words after which a line runs on into the next."""
_NUMBER = r"[<>≤≥]?\s*(?:\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?|\d(?:[\d.,]*\d)?)"
_UNIT = (
    r"(?:(?:n|µ|u|m|k|p)?[gm](?:ol)?/[mdµu]?l|giga/l|g/l|gpt/l|u/l|iu/l|e/l|/nl|/µl|/ul|tsd\.?/µl|%|"
    r"x?\s?10(?:\^|\*|e)9/l|10⁹/l|k/[uµ]l)"
)
_NEXT = _pattern(
    rf"(?:[^\S\n]+[\w.]+){{0,4}}?[^\S\n]*(?:\bauf|\bto|\bund|\band|->|→|–>|,)[^\S\n]*(?P<value>{_NUMBER})\s*(?P<unit>{_UNIT})"
)
_SERIES = _pattern(
    rf"(?P<date>{_DATE})\)?[^\S\n]*[:|=;\t-]?[^\S\n]*(?P<value>{_NUMBER})(?:[^\S\n]*(?P<unit>ng/ml|µg/l|ug/l))?(?![\w.,]*\d)"
    r"(?=[^\S\n]*(?:\Z|[\n|;,()\]*.-]|\d|(?:und|and|dann|then|vor|before|nach|after|unter|under|on|bei|at|im|in|am)\b))"
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
"""7.400 and 7,400 are one number in German and another in English: they stay as they are written."""


def find_numbers(sentence: str, words: frozenset[str], heading: str | None) -> Iterator[Stated]:
    """What a sentence of these words tells in numbers; `heading` is that under which it stands."""
    if not any(letter.isdigit() for letter in sentence):
        return
    yield from _gleason(sentence)
    for match in TNM.finditer(sentence):
        yield Stated("tnm", " ".join(part for part in match.group("T", "N", "M") if part), None, *match.span())
    for match in _ECOG.finditer(sentence):
        latest = _ECOG_NOW.match(sentence, match.end()) or match
        yield Stated("ecog", re.sub(r"\s?[-–/]\s?", "-", latest["value"]), None, match.start(), latest.end())
    for match in _KARNOFSKY.finditer(sentence):
        yield Stated("karnofsky", match["value"], None, *match.span())
    for match in _ACTIVITY.finditer(sentence):
        yield Stated("activity", as_number(match["value"]), match["unit"], *match.span())
    if _triggers().of(words):
        yield from _values(sentence)
    if "psa" in words or (heading is not None and "psa" in heading.lower()):
        yield from _series(sentence)


def as_number(text: str) -> str:
    """The number with a decimal point, without signs between thousands; as written where it reads in two ways."""
    written = text.strip()
    if is_two_numbers(written):
        return written
    try:
        value = parse_reported_value(written)
    except UnusableInputError:
        return written
    return f"{value.comparator or ''}{value.value:.12g}"


def is_two_numbers(text: str) -> bool:
    """Whether a number is one in German and another in English."""
    return _THOUSANDS.fullmatch(text.lstrip("<>≤≥ ")) is not None


def _gleason(sentence: str) -> Iterator[Stated]:
    for match in _GLEASON.finditer(sentence):
        reading = parse_gleason(match.group(0))
        if reading is None:
            continue
        if reading.primary is not None and reading.secondary is not None:
            yield Stated("gleason", f"{reading.primary}+{reading.secondary}", None, *match.span())
        elif reading.total is not None:
            yield Stated("gleason", str(reading.total), None, *match.span())
        if reading.grade_group is not None:
            yield Stated("isup", str(reading.grade_group), None, *match.span())


def _values(sentence: str) -> Iterator[Stated]:
    for match in _lab_pattern().finditer(sentence):
        analyte = analyte_named(match["name"])
        if analyte is None or (match["unit"] is None and (analyte.name != "psa" or _counts(match, sentence))):
            continue
        if analyte.name == "psa" and match["unit"] == "%":
            continue
        yield Stated(analyte.name, as_number(match["value"]), match["unit"], *match.span(), place=match.span("name"))
        end = match.end()
        while analyte.name == "psa" and (more := _NEXT.match(sentence, end)) is not None:
            yield Stated(analyte.name, as_number(more["value"]), more["unit"], more.start("value"), more.end())
            end = more.end()


def _series(sentence: str) -> Iterator[Stated]:
    """Values that stand behind their days, under the name of PSA."""
    found = list(_SERIES.finditer(sentence))
    for match in found:
        is_line = sentence[: match.start()][-1:] in ("", "\n") and sentence[match.end() :][:1] in ("", "\n")
        if match["unit"] or is_line or (len(found) > 1 and not _counts(match, sentence)):
            yield Stated("psa", as_number(match["value"]), match["unit"], *match.span(), date=match.span("date"))


def _counts(match: re.Match[str], sentence: str) -> bool:
    """Whether a number without a unit is that of another line, or counts or orders what stands behind it."""
    between = sentence[match.end("date" if "date" in match.groupdict() else "name") : match.start("value")]
    head, newline, _rest = between.rpartition("\n")
    if newline and _RUNS_ON.search(head) is None:
        return True
    return _counted().match(sentence, match.end("value")) is not None


@functools.cache
def _counted() -> re.Pattern[str]:
    names = "|".join(phrase_pattern(one) for one in letter_facts().counted)
    return _pattern(rf"(?:\.|st|nd|rd|th|x)?[\s-]*(?:{names}|(?:G|M|k)Bq\b|mCi\b|mm\b|cm\b|m?g\b|kg\b|%)")


@functools.cache
def _triggers() -> Triggers:
    return make_triggers([[name] for name in _spellings()] + [["ipsa"]])


@functools.cache
def _spellings() -> tuple[str, ...]:
    return tuple(name for name in analyte_spellings() if len(name) > 1 and re.search(r"\w", name))


@functools.cache
def _lab_pattern() -> re.Pattern[str]:
    listed = "|".join(re.escape(name) for name in _spellings())
    return _pattern(
        rf"(?<!\w)i?(?P<name>{listed})(?![^\W\d_]){_BETWEEN}(?P<value>{_NUMBER})(?:\s*(?P<unit>{_UNIT}))?(?![\w+]|[.,/]\d)"
    )
