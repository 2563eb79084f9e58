"""A letter as sentences, each with its place in the text and the heading that it stands under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lutrace.notes.language import fold
from lutrace.terms import ASSERTION_LANGUAGES, assertion_rules, letter_facts

_BREAK = re.compile(
    r"\n\s*\n|\n(?=\s*(?:[-*•–]|\d{1,2}[.)])\s)|\n(?=[^\W\d_][^:.!?\n]{1,60}:\s)|(?<=[.!?;:])\n|(?<=[.!?])(?=\s)"
)
_HEADING = re.compile(r"\A\s*([^\W\d_][^:.!?\n]{1,60}):\s*")
_INITIAL = re.compile(r"\b[A-Za-zÄÖÜäöü]\.\Z")
_NUMBER = re.compile(r"\b\d{1,2}\.\Z")
_COUNTED = ("zyklus", "zykl", "gabe", "kurs", "therapie", "tag", "woche", "monat", "jahr", "rippe", "quartal", "linie",
            "stunde", "hwk", "bwk", "lwk", "lebens", "infusion", "lu", "psma", "rlt")  # fmt: skip
"""What a number with a full stop counts in German: "3. Zyklus"; the names of months too."""
_NEXT = re.compile(r"\s*[A-ZÄÖÜ\d\"„(•*-]")


@dataclass(frozen=True)
class Sentence:
    """One sentence: characters [begin, end) of the letter, its text, and the heading above it (None: none yet)."""

    begin: int
    end: int
    text: str
    heading: str | None


def split_letter(text: str) -> tuple[Sentence, ...]:
    """The sentences of a letter in their order; what stands between them is white space only.

    A full stop ends a sentence unless it ends an abbreviation, a day or an ordinal. A heading ("Diagnose:") holds for
    its line and, where it stands alone, for the lines up to the next one.

    >>> [one.text for one in split_letter("Z.n. RPE 2015. Kein Rezidiv.")]
    ['Z.n. RPE 2015.', 'Kein Rezidiv.']
    """
    found: list[Sentence] = []
    heading: str | None = None
    for begin, end in _spans(text):
        part = text[begin:end]
        told = _HEADING.match(part)
        if told is not None:
            heading = " ".join(told[1].split())
        elif text[:begin].endswith(("\n\n", "\r\n\r\n")):
            heading = None
        found.append(Sentence(begin, end, part, heading))
    return tuple(found)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for match in _BREAK.finditer(text):
        head = text[max(begin, match.start() - 80) : match.start()]
        is_full_stop = match.group(0) == "" and head.endswith(".")
        if is_full_stop and (
            _is_short(head, text[match.end() : match.end() + 60]) or _NEXT.match(text, match.end()) is None
        ):
            continue
        yield from _trimmed(text, begin, match.start())
        begin = match.end()
    yield from _trimmed(text, begin, len(text))


def _trimmed(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    part = text[begin:end]
    if part.strip():
        yield begin + len(part) - len(part.lstrip()), begin + len(part.rstrip())


def _is_short(head: str, rest: str) -> bool:
    """Whether the full stop at its end is that of an abbreviation, an initial, a day or an ordinal."""
    words, following = fold(head[-60:]).split(), fold(rest[:60]).split()
    if _NUMBER.search(head) is not None:
        return bool(following) and (following[0].startswith(_COUNTED + _MONTHS) or following[0][0].isdigit())
    if words and words[-1].rstrip(".") in _MONTHS:
        return bool(following) and following[0][0].isdigit()
    return _INITIAL.search(head) is not None or (bool(words) and words[-1].lstrip("(") in _ABBREVIATIONS)


_MONTHS = tuple(name for names in letter_facts().months for name in names.split())
_ABBREVIATIONS = frozenset(letter_facts().abbreviations) | frozenset(
    part
    for language in ASSERTION_LANGUAGES
    for rules in (assertion_rules(language),)
    for phrase in (*rules.abbreviations, *(one for rule in rules.rules for one in rule.phrases))
    for part in phrase.split()
    if part.endswith(".") and part.strip(".")
)
