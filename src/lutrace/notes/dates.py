"""Dates in a sentence, absolute and relative to the day of the letter, as precise as they are told."""

from __future__ import annotations

import datetime as dt
import functools
import re
from dataclasses import dataclass

from lutrace.core import PartialDate, UnusableInputError
from lutrace.notes.language import fold
from lutrace.terms import letter_facts

_YEAR = r"(?:19|20)\d\d"
_COUNTS = {"einem": 1, "einer": 1, "ein": 1, "a": 1, "one": 1, "zwei": 2, "two": 2, "drei": 3, "three": 3, "vier": 4,
           "four": 4, "fuenf": 5, "five": 5, "sechs": 6, "six": 6, "sieben": 7, "seven": 7,
           "acht": 8, "eight": 8, "neun": 9,
           "nine": 9, "zehn": 10, "ten": 10, "elf": 11, "eleven": 11, "zwoelf": 12, "twelve": 12, "letzt": 1, "last": 1,
           "letzte": 1, "letzten": 1, "vergangene": 1, "vergangenen": 1}  # fmt: skip
_HINT = re.compile(
    r"\d|\bvor\b|\bseit\b|\bago\b|\blast\b|\bpast\b|letzte|vergangen|heute|today|gestern|yesterday", re.IGNORECASE
)
"""What every date has: a digit, or a word that counts from the day of the letter."""
_DAYS = {"day": 1, "tag": 1, "week": 7, "woche": 7}


@dataclass(frozen=True)
class FoundDate:
    """A date in a sentence: its characters [begin, end), its meaning, and whether that is relative to the letter."""

    begin: int
    end: int
    date: PartialDate
    relative: bool

    @property
    def told(self) -> str:
        """How the text gives it: written, or relative to the letter."""
        return "relative" if self.relative else "written"


def find_dates(sentence: str, written: dt.date | None) -> tuple[FoundDate, ...]:
    """The dates of a sentence in their order; relative ones only where the day of the letter is known.

    A day that is none of the calendar is no date. Two-digit years are those up to the letter's year.

    >>> [str(one.date) for one in find_dates("Docetaxel ab 03/2019, Progress vor 2 Monaten", dt.date(2020, 5, 7))]
    ['2019-03', '2020-03']
    """
    found: list[FoundDate] = []
    if _HINT.search(sentence) is None:
        return ()
    for pattern in _patterns():
        for match in pattern.finditer(sentence):
            if any(one.begin < match.end() and match.start() < one.end for one in found):
                continue
            meant = _meaning(match, written)
            if meant is not None:
                found.append(FoundDate(*match.span(), *meant))
    return tuple(sorted(found, key=lambda one: one.begin))


@functools.cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    names = "|".join(sorted(_months(), key=len, reverse=True)).replace("ae", "(?:ae|ä)")
    month = rf"(?P<name>{names})\.?"
    count = r"\d{1,2}|a|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    several = r"(?P<unit>tag|woche|monat|jahr)(?:e?n)?\b"
    return tuple(
        re.compile(text, re.IGNORECASE)
        for text in (
            rf"(?<![\d.])(?P<year>{_YEAR})-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)",
            rf"(?<![\d.,/])(?P<day>\d{{1,2}})\.\s?(?P<month>\d{{1,2}})\.\s?(?P<year>{_YEAR}|\d\d)(?!\d)",
            rf"(?<![\d.])(?P<day>\d{{1,2}})\.?(?:st|nd|rd|th)?\s+(?:of\s+)?{month},?\s+(?P<year>{_YEAR})(?!\d)",
            rf"\b{month}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>{_YEAR})(?!\d)",
            rf"\b{month}(?=\s*(?:-|–|and|to|und|bis|until)\s*(?:{names})\.?\s+(?P<year>{_YEAR})(?!\d))",
            rf"\b{month}\s+(?P<year>{_YEAR})(?!\d)",
            rf"(?<![\d/.])(?P<month>\d{{1,2}})\s?/\s?(?P<year>{_YEAR})(?!\d)",
            rf"(?<![\d./-])(?P<month>\d{{1,2}})\.(?P<year>{_YEAR})(?!\d)",
            rf"(?<![\d.])(?P<year>{_YEAR})-(?P<month>0[1-9]|1[0-2])(?![\d-])",
            rf"\b(?:vor|seit)\s+(?:ca\.\s+|etwa\s+|rund\s+)?(?P<count>\d{{1,2}}|\w+)\s+{several}",
            rf"\b(?P<count>letzte|letzten|vergangene|vergangenen)\s+{several}",
            rf"\b(?P<count>{count})\s+(?P<unit>day|week|month|year)s?\s+ago\b",
            rf"\bfor(?:\s+the\s+past)?\s+(?P<count>{count})\s+(?P<unit>day|week|month|year)s?\b",
            r"\b(?P<count>last)\s+(?P<unit>week|month|year)\b",
            r"\b(?P<unit>heute|today|gestern|yesterday)\b",
            r"(?:(?<=\bseit )|(?<=\bab )|(?<=\bbis )|(?<=\bsince )|(?<=\bfrom )|(?<=\buntil )|(?<=\bED ))"
            r"(?P<month>0[1-9]|1[0-2])[/.](?P<year>\d\d)(?![\d/.])",
            rf"(?<![\d.,/+-])(?P<year>{_YEAR})(?=\s?[-–]\s?{_YEAR}(?!\d))",
            rf"(?:(?<={_YEAR}-)|(?<={_YEAR}–))(?P<year>{_YEAR})(?!\d)",
            rf"(?<![\d.,/+-])(?P<year>{_YEAR})(?![\d/.-]?\d)(?!\s*(?:GBq|MBq|mg|ml|ng))",
        )
    )


@functools.cache
def _months() -> dict[str, int]:
    return {name: number for number, names in enumerate(letter_facts().months, start=1) for name in names.split()}


def _meaning(match: re.Match[str], written: dt.date | None) -> tuple[PartialDate, bool] | None:
    parts = match.groupdict()
    if parts.get("unit"):
        back = None if written is None else _back(written, parts["unit"].lower(), parts.get("count"))
        return None if back is None else (back, True)
    year = int(parts["year"])
    if year < 100:
        year += 2000 if written is None or 2000 + year <= written.year else 1900
    month = parts.get("month") or (_months()[fold(parts["name"])] if parts.get("name") else None)
    day = parts.get("day")
    try:
        return PartialDate(year, None if month is None else int(month), None if day is None else int(day)), False
    except (ValueError, UnusableInputError):
        return None


def _back(written: dt.date, unit: str, count: str | None) -> PartialDate | None:
    if unit in ("heute", "today", "gestern", "yesterday"):
        day = written - dt.timedelta(days=unit in ("gestern", "yesterday"))
        return PartialDate(day.year, day.month, day.day)
    number = _COUNTS.get(fold(count or ""), int(count) if count and count.isdigit() else None)
    if number is None:
        return None
    if unit in _DAYS:
        day = written - dt.timedelta(days=number * _DAYS[unit])
        return PartialDate(day.year, day.month, day.day if _DAYS[unit] == 1 else None)
    months = written.year * 12 + written.month - 1 - number * (1 if unit in ("month", "monat") else 12)
    return PartialDate(months // 12, months % 12 + 1 if unit in ("month", "monat") else None)
