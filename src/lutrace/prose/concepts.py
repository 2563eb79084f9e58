"""What a text speaks of, in the names that papers and studies share."""

from __future__ import annotations

import functools
import re

from lutrace.prose.sentences import plain_characters
from lutrace.terms import concepts

_ORDINAL = r"(?:\d(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth)"
_PAIR = re.compile(rf"\b({_ORDINAL}) (and|or) ({_ORDINAL}) (cycle|dose)s?\b")
"""`2nd and 3rd cycle`, which speaks of both."""


def find_concepts(text: str) -> tuple[tuple[str, int], ...]:
    """The concepts of a text with the place of each mention, in order; a longer name hides the shorter ones in it."""
    found: list[tuple[str, int]] = []
    taken: list[tuple[int, int]] = []
    plain = _PAIR.sub(r"\1 \4 \2 \3 \4", plain_characters(text).lower().replace("_", " "))
    for name, pattern in _patterns():
        for match in pattern.finditer(plain):
            if any(begin <= match.start() and match.end() <= end for begin, end in taken):
                continue
            taken.append((match.start(), match.end()))
            found.append((name, match.start()))
    return tuple(sorted(found, key=lambda one: one[1]))


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    pairs = [(phrase, name) for name, phrases in concepts().concepts.items() for phrase in phrases]
    pairs.sort(key=lambda pair: (-len(pair[0]), pair))
    return tuple((name, re.compile(rf"(?<![\w-]){_pattern(phrase)}(?![\w])")) for phrase, name in pairs)


def _pattern(phrase: str) -> str:
    return re.escape(phrase).replace(r"\*", r"\w*")
