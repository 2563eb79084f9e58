"""The piece of a sentence that is about one of its numbers."""

from __future__ import annotations

import re

_BRACKETS = re.compile(r"[\(\[][^()\[\]]*[\)\]]")
_EDGES = re.compile(r"[;,](?=\s)|[()\[\]]")
_COUNTED = re.compile(r"(?<![\w-])\d")


def find_brackets(text: str, place: int) -> tuple[int, str]:
    """Where the brackets around a place begin (-1: none), and the text without all others that hold numbers.

    What is taken out is blank: every other letter stays in its place.
    """
    bracket = -1
    parts = list(text)
    for match in _BRACKETS.finditer(text):
        if match.start() < place < match.end():
            bracket = match.start()
        elif _COUNTED.search(match[0]):
            parts[match.start() : match.end()] = " " * (match.end() - match.start())
    return bracket, "".join(parts)


def find_clause(text: str, start: int, end: int) -> str:
    """The clause around a number: back to the last comma, semicolon or bracket of its level, on to the next."""
    before = max((match.end() for match in _EDGES.finditer(text, 0, start)), default=0)
    opened = text.rfind("(", 0, start)
    if opened >= 0 and ")" not in text[opened:start] and before <= opened + 1:
        before = max((match.end() for match in _EDGES.finditer(text, 0, opened)), default=0)
    after = _EDGES.search(text, end)
    return text[before : after.start() if after is not None else len(text)]
