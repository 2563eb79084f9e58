"""The same fact twice: a percentage in one sentence against the count of the same in another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lutrace.prose.faults import Fault, Severity
from lutrace.prose.figures import Figure
from lutrace.prose.reading import ReadSentence, ReadText
from lutrace.prose.rounding import find_totals, format_share_of, is_share
from lutrace.prose.words import find_stems

_SHARED, _PART = 3, 0.6
"""So many words, and so much of the shorter of both, two sentences must share to be about one thing."""
_SURE = 0.75
_NEAR = 5.0
"""Percentages further apart than this, in points, are of two facts more often than a slip in one."""
_CLAUSE_END = re.compile(r"[,;.](?=\s)|\bwhile\b|\bwhereas\b|\band\b(?=\s*[\ue000-\uefff])")


@dataclass(frozen=True)
class _Counted:
    """A count of a total, or with a percentage, and the words of what is counted."""

    n: int
    total: int | None
    percent: Figure | None
    stems: frozenset[str]
    numbers: frozenset[str]
    sentence: ReadSentence


def find_repeat_faults(read: ReadText) -> Iterator[Fault]:
    """Percentages without a count that the text gives another value elsewhere, in nearly the same words."""
    counted = [one for sentence in read.sentences for one in _counted_in(sentence)]
    for sentence in read.sentences:
        for figure, stems, numbers, place in _bare_percentages(sentence):
            others = [one for one in counted if one.sentence is not sentence]
            scored = sorted(
                ((_likeness(stems, numbers, one), number) for number, one in enumerate(others)), reverse=True
            )
            if not scored or scored[0][0] < _PART or (len(scored) > 1 and scored[1][0] == scored[0][0]):
                continue
            likeness, number = scored[0]
            yield from _compare(sentence, figure, place, others[number], sure=likeness >= _SURE)


def _compare(sentence: ReadSentence, figure: Figure, place: int, other: _Counted, *, sure: bool) -> Iterator[Fault]:
    severity: Severity = "certain" if sure and sentence.sentence.section == "conclusions" else "to look at"
    where = f"sentence {other.sentence.number}"
    if other.total is not None:
        near = abs(100 * other.n / other.total - figure.value) <= _NEAR
        if not near or is_share(other.n, other.total, figure):
            return
        told = f"{where} counts {format_share_of(other.n, other.total, figure.decimals)}; here it is {figure.text}"
        totals = [one for one in find_totals(other.n, figure) if abs(one - other.total) <= 5]
        would = f"; {figure.text} would be {' or '.join(f'{other.n}/{one}' for one in totals)}" if totals else ""
        consistent = f"{format_share_of(other.n, other.total, figure.decimals).split('= ')[1]}{would}"
    elif other.percent is not None:
        decimals = min(figure.decimals, other.percent.decimals)
        near = abs(other.percent.value - figure.value) <= _NEAR
        if not near or abs(other.percent.value - figure.value) <= 10.0**-decimals:
            return
        told, consistent = f"{where} says {other.percent.text}; here it is {figure.text}", "one percentage"
        severity = "to look at"
    else:
        return
    yield Fault("two_percentages", severity, sentence.number, sentence.quote(place, place + 1), told, consistent)


def _likeness(stems: frozenset[str], numbers: frozenset[str], other: _Counted) -> float:
    """The part of the shorter list of words that both share; 0 when they share too few, or name other numbers."""
    shared = stems & other.stems
    if len(shared) < _SHARED or numbers != other.numbers:
        return 0.0
    return len(shared) / min(len(stems), len(other.stems))


def _counted_in(sentence: ReadSentence) -> Iterator[_Counted]:
    for count in sentence.clause_counts:
        scope = sentence.scope_at(count.start)
        share = next((one for one in sentence.shares if one.start <= count.start < one.end), None)
        total = share.total if share is not None and share.total is not None else scope.figure if scope else None
        percent = share.percent if share is not None else None
        if total is None and percent is None:
            continue
        n = int(count.figure.value)
        whole = int(total.value) if total is not None and total.value >= n > 0 else None
        stems, numbers = _about(sentence, count.start + 1, count.end)
        yield _Counted(n, whole, percent, stems, numbers, sentence)


def _bare_percentages(sentence: ReadSentence) -> Iterator[tuple[Figure, frozenset[str], frozenset[str], int]]:
    """Percentages without a count, with what their clause is about."""
    text = sentence.marked.text
    for figure, place in sentence.bare_percentages:
        stop = _CLAUSE_END.search(text, place)
        stems, numbers = _about(sentence, place + 1, stop.start() if stop is not None else len(text))
        yield figure, stems, numbers, place


def _about(sentence: ReadSentence, start: int, end: int) -> tuple[frozenset[str], frozenset[str]]:
    """The stems of a piece, and the numbers in it that name things (`cycle 2`, `12 weeks`)."""
    piece = sentence.marked.text[start:end]
    letters = [sign for sign in piece if sign in sentence.marked.letters]
    figures = [sentence.marked.figure(letter) for letter in letters]
    named = frozenset(figure.text for figure in figures if not figure.percent)
    return find_stems(piece), named
