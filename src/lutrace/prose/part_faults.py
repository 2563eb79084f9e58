"""Parts against their whole: lists of counts that exclude each other and do not add up."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Sequence

from lutrace.prose.faults import Fault, Severity
from lutrace.prose.figures import NOT_ANY, PLAIN
from lutrace.prose.reading import ClauseCount, ReadSentence, ReadText
from lutrace.prose.words import has_any, words_of
from lutrace.terms import prose_words

_NEAR = 3
"""A sum that misses its whole by no more than this is a slip rather than a list of a few examples."""


_LEAD = 16
"""Letters before a count in which `the remaining` can stand."""
_REST = re.compile(r"\b(?:remaining|remainder|rest)\b", re.IGNORECASE)


def find_part_faults(read: ReadText) -> Iterator[Fault]:
    """Lists after `Of the 15`, lists that follow a total, and lists in brackets behind a count."""
    whole: int | None = None
    for sentence in read.sentences:
        for counts in _lists_of(sentence):
            scope = sentence.scope_at(counts[0].start)
            if scope is not None:
                yield from _of_scope(sentence, counts, int(scope.figure.value))
            else:
                before = [int(figure.value) for figure, place in sentence.placed_groups if place < counts[0].start]
                yield from _of_total(sentence, counts, max(before, default=whole))
        yield from _in_brackets(sentence)
        whole = max((int(figure.value) for figure in sentence.groups), default=whole)


def _lists_of(sentence: ReadSentence) -> Iterator[Sequence[ClauseCount]]:
    """Runs of counts that no semicolon parts and that one clause is about; overlapping things make no such list."""
    text = sentence.marked.text

    def place(count: ClauseCount) -> tuple[int, int]:
        scope = sentence.scope_at(count.start)
        return text.count(";", 0, count.start), -1 if scope is None else scope.start

    for _, run in itertools.groupby(sentence.clause_counts, place):
        counts = tuple(run)
        if len(counts) > 1 and not any(has_any(_begin_of(one), prose_words().overlapping) for one in counts):
            yield counts


def _of_scope(sentence: ReadSentence, counts: Sequence[ClauseCount], whole: int) -> Iterator[Fault]:
    total = sum(int(one.figure.value) for one in counts)
    if total == whole or any(one.figure.value > whole for one in counts):
        return
    last = counts[-1]
    before = sentence.marked.text[max(last.start - _LEAD, 0) : last.start]
    closed = has_any(f"{before} {_begin_of(last)}", prose_words().closing)
    exclusive = all(_is_exclusive(one) for one in counts)
    if closed and 0 < total - whole <= _NEAR:
        yield _fault(sentence, counts, whole, "certain")
    elif (
        (total > whole and (exclusive or closed))
        or (closed and _REST.search(before + last.words) and total < whole)
        or (exclusive and len(counts) > 2 and whole - total <= _NEAR)
    ):
        yield _fault(sentence, counts, whole, "to look at")


def _of_total(sentence: ReadSentence, counts: Sequence[ClauseCount], whole: int | None) -> Iterator[Fault]:
    """A list of three or more ways to go on, without a group of its own, that nearly adds up to the total before it."""
    total = sum(int(one.figure.value) for one in counts)
    if whole is not None and len(counts) > 2 and all(map(_is_exclusive, counts)) and 0 < abs(total - whole) <= _NEAR:
        yield _fault(sentence, counts, whole, "to look at")


def _is_exclusive(count: ClauseCount) -> bool:
    return has_any(_begin_of(count), prose_words().exclusive)


def _begin_of(count: ClauseCount) -> str:
    """The first words of a clause, which say what became of the counted."""
    return " ".join(words_of(count.words)[:5])


def _fault(sentence: ReadSentence, counts: Sequence[ClauseCount], whole: int, severity: Severity) -> Fault:
    parts = " + ".join(f"{one.figure.value:g}" for one in counts)
    total = sum(int(one.figure.value) for one in counts)
    return Fault(
        "parts",
        severity,
        sentence.number,
        sentence.quote(counts[0].start, counts[-1].end),
        f"{parts} = {total}, of {whole}",
        f"parts that add up to {whole}, or words that say that a patient can be in several of them",
    )


def _in_brackets(sentence: ReadSentence) -> Iterator[Fault]:
    """`66 patients (40 men, 27 women)`, `13/66 (7/13 avid, 6/13 not avid)`."""
    persons = {place for _, place in sentence.placed_groups} | {share.start for share in sentence.shares}
    for match in _bracket_pattern().finditer(sentence.marked.text):
        if match.start("n") not in persons:
            continue
        pieces = [
            _piece_pattern().fullmatch(piece) for piece in re.split(r"[,;]\s*(?:and\s+)?|\s+and\s+", match["parts"])
        ]
        found = [piece for piece in pieces if piece is not None]
        if len(found) < 2 or len(found) < len(pieces):
            continue
        whole = int(sentence.marked.figure(match["n"]).value)
        counts = [int(sentence.marked.figure(piece["n"]).value) for piece in found]
        yield from _bracket_fault(sentence, match, counts, whole)


def _bracket_fault(sentence: ReadSentence, match: re.Match[str], counts: Sequence[int], whole: int) -> Iterator[Fault]:
    words = match["parts"]
    if sum(counts) == whole or has_any(words, prose_words().overlapping):
        return
    complementary = len(counts) == 2 and _are_opposites(words)
    if sum(counts) < whole and not (complementary or (len(counts) > 1 and whole - sum(counts) == 1)):
        return
    split = has_any(sentence.marked.text[match.start() : match.start("parts")], prose_words().exclusive)
    severity: Severity = "certain" if complementary or (split and sum(counts) > whole) else "to look at"
    parts = " + ".join(map(str, counts))
    yield Fault(
        "parts",
        severity,
        sentence.number,
        sentence.quote(match.start(), match.end()),
        f"{parts} = {sum(counts)}, of {whole}",
        f"parts that add up to {whole}",
    )


def _are_opposites(words: str) -> bool:
    """Whether two parts name a thing and what is not it: `avid` and `non-avid`, `men` and `women`."""
    plain = words_of(words)
    pairs = (("men", "women"), ("male", "female"), ("males", "females"), ("yes", "no"), ("alive", "dead"))
    if any(one in plain and other in plain for one, other in pairs):
        return True
    return any(f"non{word}" in plain or f"un{word}" in plain for word in plain if len(word) > 3)


@functools.cache
def _bracket_pattern() -> re.Pattern[str]:
    return re.compile(
        rf"(?P<n>{PLAIN})(?:\s*/\s*{PLAIN})?{NOT_ANY[:-1]},;:.()\[\]]{{0,60}}[\(\[](?P<parts>[^()\[\]]*)[\)\]]"
    )


@functools.cache
def _piece_pattern() -> re.Pattern[str]:
    scales = "|".join(map(re.escape, (*prose_words().scales, *prose_words().units)))
    return re.compile(rf"\s*(?P<n>{PLAIN})(?:\s*/\s*{PLAIN})?\s+(?!(?:{scales})\b){NOT_ANY}+", re.IGNORECASE)
