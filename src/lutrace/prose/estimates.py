"""Estimates in a sentence: what they are called, their intervals, and the p value beside them."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace

from lutrace.prose.figures import ANY, NOT_ANY, PLAIN, Figure, Marked
from lutrace.terms import prose_words

_NEARBY = 60
"""A p value belongs to the estimate before it when no more letters than this lie between."""
_P = re.compile(rf"\b[pP][\s-]*(?:values?)?\s*(?:for [\w ]{{1,30}}|was|of)?\s*(?:[=<>≤≥:]|<=|>=)?\s*(?P<p>{ANY})")
_TOTAL_BEFORE = re.compile(rf"{PLAIN}\s*(?:/|\sof(?: the| all)?\s)\s*$")
_CAPITALS = frozenset({"hr", "hrs", "ahr", "shr", "or", "ors", "aor", "rr", "irr", "auc", "icc"})
"""Names that are written in capitals: `or` in small letters is a word."""
_JOIN = r"\s*(?:-|to|,|;|and|\.\.\.)\s*"
_WORDS_BETWEEN = rf"(?:\s+(?:for|of|in|on|with)\s+{NOT_ANY[:-1]},;:.()=]{{1,60}}?|\s*\([A-Za-z -]{{1,30}}\))?"


@dataclass(frozen=True)
class Interval:
    """Two ends after an estimate: `kind` is ci, iqr, range, or empty where nothing says it; `level` is in percent."""

    kind: str
    low: Figure
    high: Figure
    level: float | None = None

    @property
    def text(self) -> str:
        """The interval as it is written, shortened: `8.6 to 11.3`."""
        return f"{self.low.text} to {self.high.text}"


@dataclass(frozen=True)
class Estimate:
    """An estimate with what stands beside it; `name` is hazard_ratio, median ..., empty where nothing names it."""

    name: str
    figure: Figure
    intervals: tuple[Interval, ...]
    p: Figure | None
    start: int
    end: int


def find_estimates(marked: Marked) -> tuple[Estimate, ...]:
    """The estimates of a marked sentence: those that are named, and those that an interval follows."""
    found: dict[int, Estimate] = {}
    for name, pattern in _named_patterns():
        for match in pattern.finditer(marked.text):
            for letter in (match["first"], match["second"]):
                if letter is not None:
                    place = marked.text.index(letter)
                    found.setdefault(place, Estimate(name, marked.figure(letter), (), None, place, place + 1))
    for match in _interval_pattern().finditer(marked.text):
        place = match.start("figure")
        if _is_count(marked.text, place):
            continue
        before = found.get(place)
        name = before.name if before is not None else _name_before(marked.text[:place])
        intervals = _intervals_of(marked, match)
        if name or any(interval.kind for interval in intervals):
            found[place] = Estimate(name, marked.figure(match["figure"]), intervals, None, place, match.end())
    ends = {marked.text.index(letter) for letter in _letters_of_intervals(marked, found)}
    ordered = [found[place] for place in sorted(found) if place not in ends]
    return _with_p(marked, ordered)


def find_p_values(marked: Marked) -> tuple[Figure, ...]:
    """The p values of a marked sentence."""
    return tuple(marked.figure(match["p"]) for match in _P.finditer(marked.text))


def _is_count(text: str, place: int) -> bool:
    """Whether a number is a count of patients or what it is of: an interval after it is that of their share."""
    return _TOTAL_BEFORE.search(text[:place]) is not None or _persons_after().match(text, place + 1) is not None


@functools.cache
def _persons_after() -> re.Pattern[str]:
    return re.compile(rf"\s+(?:{'|'.join(map(re.escape, prose_words().persons))})\b", re.IGNORECASE)


def _letters_of_intervals(marked: Marked, found: dict[int, Estimate]) -> list[str]:
    inner = [end for one in found.values() for interval in one.intervals for end in (interval.low, interval.high)]
    return [marked.letters[marked.figures.index(figure)] for figure in inner]


def _with_p(marked: Marked, ordered: list[Estimate]) -> tuple[Estimate, ...]:
    """The estimates, each with the first p value between it and the next one."""
    places = [(match.start(), match["p"]) for match in _P.finditer(marked.text)]
    told: list[Estimate] = []
    for number, one in enumerate(ordered):
        limit = ordered[number + 1].start if number + 1 < len(ordered) else len(marked.text)
        limit = min(limit, one.end + _NEARBY)
        near = [letter for place, letter in places if one.end <= place < limit]
        told.append(replace(one, p=marked.figure(near[0])) if near else one)
    return tuple(told)


def _intervals_of(marked: Marked, match: re.Match[str]) -> tuple[Interval, ...]:
    """The interval of a match, and those that follow it behind a comma or semicolon with a name of their own."""
    found = [_interval_of(marked, match)]
    further = _further_pattern()
    while (next_one := further.match(marked.text, match.end())) is not None:
        found.append(_interval_of(marked, next_one))
        match = next_one
    return tuple(found)


def _interval_of(marked: Marked, match: re.Match[str]) -> Interval:
    label = (match["label"] or "").lower()
    kind = next((kind for kind, names in _interval_names() if any(name in label for name in names)), "")
    level = marked.figure(match["level"]).value if match["level"] is not None else None
    return Interval(kind, marked.figure(match["low"]), marked.figure(match["high"]), level)


def _name_before(text: str) -> str:
    """The name of a median that stands some words before its number: `median follow-up from cycle 2 was`."""
    clause = re.split(r"[;.]", text)[-1].lower()
    return "median" if re.search(r"\b(?:median|med|mos|mpfs)\b", clause) else ""


@functools.cache
def _interval_names() -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((kind, tuple(sorted(names, key=len, reverse=True))) for kind, names in prose_words().intervals.items())


@functools.cache
def _label() -> str:
    names = [re.escape(name) for _, own in _interval_names() for name in own]
    one = rf"(?:{'|'.join(sorted(names, key=len, reverse=True))})"
    return rf"(?:(?P<level>{ANY})[\s-]*)?(?P<label>{one}(?:\s*[\(\[]\s*{one}\s*[\)\]])?)\s*(?:of|from|was|[:=,;])?\s*"


@functools.cache
def _interval_pattern() -> re.Pattern[str]:
    ends = rf"[\(\[]?\s*(?P<low>{ANY}){_unit()}{_JOIN}(?P<high>{ANY})"
    opened = r"\s*(?:[\(\[,;:]\s*)+"
    bare = rf"(?P<figure>{ANY}){_unit()}(?:{opened}(?:{_label()})|\s*[\(\[]\s*){ends}"
    return re.compile(bare, re.IGNORECASE)


@functools.cache
def _further_pattern() -> re.Pattern[str]:
    return re.compile(
        rf"{_unit()}\s*[\)\]]?\s*[,;]\s*[\(\[]?\s*{_label()}[\(\[]?\s*(?P<low>{ANY}){_unit()}{_JOIN}(?P<high>{ANY})",
        re.IGNORECASE,
    )


def _unit() -> str:
    """Up to three words of a unit: `months`, `ng/mL`, `GBq`, `10^9/L`."""
    return r"(?:\s*(?!(?:to|and)\b)[A-Za-zµμ%][\w/·^µμ%]*\.?){0,2}(?:\s*\([A-Za-z]{1,6}\))?"


@functools.cache
def _named_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """By kind of estimate the patterns of `HR = 1.3 and 2.26`, `hazard ratio for death, 0.62`."""
    said = r"\s*(?:of|was|were|is|are|[=:,~≈])?\s*(?:estimated (?:at|as)\s*)?"
    kinds = [kind for kind in prose_words().estimates if kind not in ("median", "mean", "rate")]
    return tuple(
        (
            kind,
            re.compile(
                rf"(?<![\w-])(?:{_names_of(kind)})(?![\w-]){_WORDS_BETWEEN}{said}(?P<first>{ANY})"
                rf"(?:\s*(?:,|and|vs\.?|/)\s*(?P<second>{ANY})(?!\s*(?:%|CI|-|to\b)))?",
            ),
        )
        for kind in kinds
    )


def _names_of(kind: str) -> str:
    """The names of an estimate: short ones in the letters that are usual, long ones in any."""
    shaped: list[str] = []
    for name in prose_words().estimates[kind]:
        if name in _CAPITALS:
            shaped += [name.upper(), name[0] + name[1:].upper(), name[:-1].upper() + name[-1]]
        else:
            shaped.append(name if name == "r" else rf"(?i:{re.escape(name)})")
    return "|".join(sorted(dict.fromkeys(shaped), key=len, reverse=True))
