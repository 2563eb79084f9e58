"""Every number of a text with its role: what the authors claim, and what is only a name, a day or a threshold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lutrace.prose.clauses import find_brackets, find_clause
from lutrace.prose.estimates import Estimate, Interval
from lutrace.prose.figures import Figure
from lutrace.prose.reading import ReadSentence, ReadText
from lutrace.prose.shares import Share
from lutrace.terms import prose_words

_MONTH = re.compile(r"(\w+)\s*$")
_AVERAGE = re.compile(r"\b(median|med|mos|mpfs|mean)\b[^;.\d]{0,90}$", re.IGNORECASE)
_CALENDAR_AFTER = re.compile(r"^/\d{4}|^\s*,?\s*20\d\d")
_P_BEFORE = re.compile(r"\b[pP][\s-]*(?:value)?\s*[=<>≤≥]*\s*$")
_TIME = re.compile(r"\s*(months?|mos?|weeks?|wks?|days?|years?|yrs?|hours?|h)\b", re.IGNORECASE)
_NAMES = {"ci": "CI", "iqr": "IQR", "range": "range", "": "interval"}
_UNITS = {"m": "months", "w": "weeks", "d": "days", "y": "years", "h": "hours"}
"""Of a unit of time by its first letter."""
_YEARS = range(1900, 2101)


@dataclass(frozen=True)
class Claim:
    """One number, or the numbers that belong together, as a text claims them.

    `role`: share, percentage, count, group_size, p_value, the name of an estimate (median, hazard_ratio, ...), or what
    is no result (calendar, threshold, definition, duration, step, number). `unit` is one of time, or empty.
    `place` is where it stands in the sentence, `context` the sentence without other brackets that hold numbers, `focus`
    the clause around the number, and `bracket` where the brackets begin that it stands in (-1 outside).
    """

    role: str
    text: str
    sentence: int
    quote: str
    context: str
    focus: str
    bracket: int
    place: int
    value: Figure
    n: Figure | None = None
    total: Figure | None = None
    percent: Figure | None = None
    interval: Interval | None = None
    p: Figure | None = None
    unit: str = ""

    @property
    def is_result(self) -> bool:
        """Whether a run can have this number."""
        return self.role not in ("calendar", "threshold", "duration", "step", "number", "definition", "p_value")


class _Parts(NamedTuple):
    """The figures that belong to a claim beside its own."""

    n: Figure | None = None
    total: Figure | None = None
    percent: Figure | None = None
    interval: Interval | None = None
    p: Figure | None = None


_ALONE = _Parts()


def find_claims(read: ReadText) -> tuple[Claim, ...]:
    """The numbers of a text in order, each once; numbers of an interval or a share stand in one claim."""
    return tuple(claim for sentence in read.sentences for claim in _claims_of(sentence))


def _claims_of(sentence: ReadSentence) -> list[Claim]:
    used: set[int] = set()
    found = [claim for estimate in sentence.estimates if (claim := _of_estimate(sentence, estimate, used)) is not None]
    found += [claim for share in sentence.shares if (claim := _of_share(sentence, share, used)) is not None]
    found += _of_rest(sentence, used)
    return sorted(found, key=lambda claim: claim.place)


def _of_estimate(sentence: ReadSentence, estimate: Estimate, used: set[int]) -> Claim | None:
    if estimate.figure.start in used:
        return None
    interval = estimate.intervals[0] if estimate.intervals else None
    figures = [estimate.figure, estimate.p]
    figures += [end for one in estimate.intervals for end in (one.low, one.high)]
    used |= {figure.start for figure in figures if figure is not None}
    used |= {figure.start for one in estimate.intervals if (figure := _level_of(sentence, one)) is not None}
    name = estimate.name or ("percentage" if estimate.figure.percent else "median")
    said = "; ".join(f"{_NAMES[one.kind]} {one.text}" for one in estimate.intervals)
    text = estimate.figure.text + (f" ({said})" if said else "")
    text += f", p {estimate.p.compared or '='} {estimate.p.text}" if estimate.p is not None else ""
    percent = estimate.figure if estimate.figure.percent else None
    return _claim(sentence, name, text, estimate.figure, _Parts(percent=percent, interval=interval, p=estimate.p))


def _level_of(sentence: ReadSentence, interval: Interval) -> Figure | None:
    """The 95 of a 95 % interval, which is no claim of its own."""
    before = [one for one in sentence.marked.figures if one.end <= interval.low.start]
    return before[-1] if interval.level is not None and before and before[-1].value == interval.level else None


def _of_share(sentence: ReadSentence, share: Share, used: set[int]) -> Claim | None:
    figures = [figure for figure in (share.n, share.total, share.percent) if figure is not None]
    if any(figure.start in used for figure in figures):
        return None
    used |= {figure.start for figure in figures}
    main = share.percent or share.n or figures[0]
    total = share.total
    if total is None and share.n is not None and (scope := sentence.scope_at(share.start)) is not None:
        total = scope.figure if scope.figure is not share.n else None
    role = "percentage" if share.n is None else "share"
    return _claim(sentence, role, share.text, main, _Parts(share.n, total, share.percent))


def _of_rest(sentence: ReadSentence, used: set[int]) -> Iterator[Claim]:
    groups = {figure.start for figure in sentence.groups} | {scope.figure.start for scope in sentence.scopes}
    counts = {count.figure.start: count for count in sentence.clause_counts}
    for figure in sentence.marked.figures:
        if figure.start in used:
            continue
        if figure.start in counts and (len(counts) > 1 or figure.start not in groups):
            scope = sentence.scope_at(counts[figure.start].start)
            total = scope.figure if scope is not None else None
            yield _claim(sentence, "count", f"{figure.value:g}", figure, _Parts(figure, total))
        else:
            role = "group_size" if figure.start in groups else _role_of(sentence, figure)
            percent = figure if role == "percentage" else None
            yield _claim(sentence, role, figure.text, figure, _Parts(percent=percent))


def _role_of(sentence: ReadSentence, figure: Figure) -> str:
    """What a number is that is no part of a share, an estimate or a group."""
    text = sentence.sentence.text
    before, after = text[: figure.start].rstrip(), text[figure.end :]
    word = re.search(r"([\w'-]+)[\s:=]*$", before)
    if _P_BEFORE.search(before):
        return "p_value"
    if figure.compared:
        return "threshold"
    if sentence.sentence.section in ("background", "methods"):
        return "calendar" if _is_calendar(figure, before, after) else "definition"
    if figure.percent:
        return "number" if figure.tied else "percentage"
    if _is_calendar(figure, before, after):
        return "calendar"
    if word is not None and word[1].lower() in prose_words().scales:
        return "step"
    average = _AVERAGE.search(before)
    if average is not None and not figure.tied:
        return "mean" if average[1].lower() == "mean" else "median"
    if figure.tied or _TIME.match(after):
        return "duration"
    return "number"


def _is_calendar(figure: Figure, before: str, after: str) -> bool:
    is_year = figure.value in _YEARS and figure.is_whole
    word = _MONTH.search(before)
    in_month = word is not None and word[1].lower() in prose_words().months
    return is_year or in_month or _CALENDAR_AFTER.search(after) is not None


def _claim(sentence: ReadSentence, role: str, text: str, figure: Figure, parts: _Parts = _ALONE) -> Claim:
    n, whole = parts.n, sentence.sentence.text
    start = n.start if n is not None and n.start < figure.start else figure.start
    marked = sentence.marked.place_of(figure)
    bracket, context = find_brackets(whole, start)
    time = _TIME.match(whole[figure.end :])
    return Claim(
        role=role,
        text=text,
        sentence=sentence.number,
        quote=sentence.quote(marked, marked + 1),
        context=context,
        focus=find_clause(whole, start, max(figure.end, start)),
        bracket=bracket,
        place=start,
        value=figure,
        unit=_UNITS[time[1][0].lower()] if time is not None else "",
        **parts._asdict(),
    )
