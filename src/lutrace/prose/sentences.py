"""A text in sentences, each with the part of the paper that it stands in."""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass

from lutrace.terms import prose_words

_SAME = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000\t", " "),
        **dict.fromkeys("\u2018\u2019\u02bc", "'"),
        **dict.fromkeys("\u201c\u201d", '"'),
        "\uff05": "%",
        "\u2a7d": "≤",
        "\u2a7e": "≥",
    }
)
_MIDDLE_POINT = re.compile(r"(?<=\d)[\u00b7\u2219\u22c5](?=\d)")
_PARAGRAPH = re.compile(r"\n\s*\n")
_END = re.compile(r"[.!?][\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9≥≤<>~])|(?<=[.!?])$")
_LAST_WORD = re.compile(r"([\w.]+)\.[\"')\]]*\s*$")


@dataclass(frozen=True)
class Sentence:
    """One sentence in plain characters. `section` is background, methods, results, conclusions, or empty.

    `number` counts from 1; `start` is its place in the text.
    """

    text: str
    number: int
    start: int
    section: str


def plain_characters(text: str) -> str:
    """The text with one sign for each kind of dash, space, quote and decimal point; every letter stays in its place."""
    return _MIDDLE_POINT.sub(".", text.translate(_SAME))


def split_sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a text; a line break within a paragraph is a space, an empty line ends a sentence."""
    plain = plain_characters(text)
    found: list[Sentence] = []
    section = ""
    for begin, end in _spans(plain):
        own = plain[begin:end]
        heading = _heading().match(own)
        if heading is not None:
            section = _section_of(heading["name"])
            begin += heading.end()
            own = own[heading.end() :]
        if own.strip():
            lead = len(own) - len(own.lstrip())
            flat = own.strip().replace("\n", " ")
            found.append(Sentence(flat, len(found) + 1, begin + lead, section))
    return tuple(found)


def _spans(plain: str) -> list[tuple[int, int]]:
    """Where each sentence begins and ends."""
    spans: list[tuple[int, int]] = []
    edges = [0, *(match.end() for match in _PARAGRAPH.finditer(plain)), len(plain)]
    for begin, end in itertools.pairwise(edges):
        start = begin
        for match in _END.finditer(plain, begin, end):
            if _is_abbreviation(plain[start : match.end()]):
                continue
            spans.append((start, match.end()))
            start = match.end()
        if start < end:
            spans.append((start, end))
    return [part for span in spans for part in _at_headings(plain, span)]


def _at_headings(plain: str, span: tuple[int, int]) -> list[tuple[int, int]]:
    """A span cut before each heading that stands inside it."""
    begin, end = span
    cuts = [begin, *(match.start() for match in _heading_inside().finditer(plain, begin + 1, end)), end]
    return [(one, other) for one, other in itertools.pairwise(cuts) if plain[one:other].strip()]


def _is_abbreviation(text: str) -> bool:
    last = _LAST_WORD.search(text)
    if last is None:
        return False
    return last[1].lower() in prose_words().abbreviations


@functools.cache
def _heading() -> re.Pattern[str]:
    return re.compile(rf"\s*(?P<name>{_headings()})\s*(?::|\.\s|\n|-\s)\s*", re.IGNORECASE)


@functools.cache
def _heading_inside() -> re.Pattern[str]:
    """A heading in capitals or with its colon, after white space."""
    return re.compile(rf"(?<=\s)(?:{_headings(str.capitalize)}|{_headings(str.upper)})\s*:\s")


def _headings(form: object = None) -> str:
    names = [name for own in prose_words().sections.values() for name in own]
    shaped = [form(name) if callable(form) else name for name in names]
    return "|".join(re.escape(name) for name in sorted(shaped, key=len, reverse=True))


def _section_of(heading: str) -> str:
    wanted = heading.lower()
    return next(section for section, names in prose_words().sections.items() if wanted in names)
