"""Facts that letters state in words: progression, death, hospice, transfusion, toxicity with its grade, fracture."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from lutrace.notes.phrases import compile_phrases
from lutrace.notes.stated import Stated
from lutrace.notes.triggers import Triggers, make_triggers
from lutrace.terms import letter_facts

_GRADE = r"(?:ctcae[\s-]*)?(?:grad|grade|°|g)[\s:°.-]*(?:ctcae[\s:]*)?(?P<grade>[1-5]|iv|iii|ii|i|v)°?"
_BEHIND = re.compile(rf"\W{{0,3}}(?:ctc(?:ae)?\s*)?{_GRADE}(?!\w)", re.IGNORECASE)
_BEFORE = re.compile(rf"(?<!\w){_GRADE}[\s-]+(?:[a-zä]+\s+)?\Z", re.IGNORECASE)
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}


def find_worded(sentence: str, words: frozenset[str]) -> Iterator[Stated]:
    """The facts that a sentence of these words states in words."""
    numbers = _triggers().of(words)
    for number in sorted(numbers):
        fact, value, pattern = _patterns()[number]
        for match in pattern.finditer(sentence):
            last = next((number for number, text in enumerate(match.groups(), start=1) if text is not None), 0)
            yield Stated(fact, value, None, *match.span(), place=match.span(last) if last else None)
            if fact == "toxicity":
                yield from _graded(value, sentence, *match.span())


def _graded(kind: str, sentence: str, begin: int, end: int) -> Iterator[Stated]:
    """The grade that stands right behind a toxicity or right before it."""
    behind, before = _BEHIND.match(sentence, end), _BEFORE.search(sentence, max(0, begin - 30), begin)
    match = behind or before
    if match is not None:
        grade = _ROMAN.get(match["grade"].lower(), match["grade"])
        span = (min(begin, match.start()), max(end, match.end()))
        yield Stated("toxicity_grade", f"{kind} {grade}", None, *span, place=(begin, end))


@functools.cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple((one.fact, one.value, compile_phrases(one.phrases)) for one in letter_facts().facts)


@functools.cache
def _triggers() -> Triggers:
    return make_triggers([one.phrases for one in letter_facts().facts])
