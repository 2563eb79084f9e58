"""What words of a clause are about: stems that two sentences can share."""

from __future__ import annotations

import functools
import re

from lutrace.terms import prose_words

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-/][A-Za-z0-9]+)*")
_ENDINGS = (
    *("ations", "ation", "ating", "ments", "ment", "ingly", "ings", "ing", "ions", "ion"),
    *("ies", "ive", "edly", "ed", "ers", "er", "es", "al", "ly", "s", "e"),
)
_SHORTEST = 4
"""A stem keeps at least so many letters."""


def find_stems(text: str) -> frozenset[str]:
    """The words of a text that bear content, without their endings: `discontinued` and `discontinuing` are one.

    >>> sorted(find_stems("35 discontinued LuPSMA"))
    ['discontinu', 'lupsma']
    """
    return frozenset(stem_of(word) for word in words_of(text) if word not in _empty())


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, compounds with a hyphen as one without it (`PSA-50` as `psa50`)."""
    return [match[0].lower().replace("-", "").replace("/", "") for match in _WORD.finditer(text)]


def stem_of(word: str) -> str:
    """A word without its ending, as far as four letters stay."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            return word[: -len(ending)]
    return word


def has_any(text: str, wanted: tuple[str, ...]) -> bool:
    """Whether one of the words, or runs of words, stands in a text."""
    return _any_of(wanted).search(text) is not None


@functools.cache
def _any_of(wanted: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(re.escape(word) for word in wanted)})(?![\w-])", re.IGNORECASE)


@functools.cache
def _empty() -> frozenset[str]:
    words = prose_words()
    return frozenset({*words.empty, *words.persons})
