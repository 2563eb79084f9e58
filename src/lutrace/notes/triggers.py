"""Which patterns a sentence is worth: each pattern is looked for only where a word that it begins with stands."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lutrace.notes.language import fold

_WORD = re.compile(r"\w+")


def words_in(text: str) -> frozenset[str]:
    """The words of a text, folded."""
    return frozenset(_WORD.findall(fold(text)))


@dataclass(frozen=True)
class Triggers:
    """First words by number of pattern: whole (`psa`), begun (`metast*`) or held inside a word (`*metast*`)."""

    stems: tuple[tuple[str, ...], ...]
    known: dict[str, frozenset[int]] = field(default_factory=dict, compare=False, repr=False)

    def of(self, words: Iterable[str]) -> frozenset[int]:
        """The numbers of the patterns that may stand in a text of these words."""
        found: set[int] = set()
        for word in words:
            numbers = self.known.get(word)
            if numbers is None:
                numbers = frozenset(n for n, stems in enumerate(self.stems) if any(_fits(word, one) for one in stems))
                if len(self.known) < _MOST:
                    self.known[word] = numbers
            found |= numbers
        return frozenset(found)


_MOST = 100_000
"""Words kept in memory at most."""


def make_triggers(phrases: Sequence[Iterable[str]]) -> Triggers:
    """The triggers of patterns that are made of phrases, one group of phrases per pattern."""
    return Triggers(tuple(tuple(dict.fromkeys(_first(one) for one in group)) for group in phrases))


def _first(phrase: str) -> str:
    """The first word of a phrase; a star where the phrase leaves its begin or its end open."""
    match = re.match(r"(\*?)\W*?(\w+)(\*?)", fold(phrase))
    assert match is not None, "a phrase holds a word"
    return "".join(match.groups())


@functools.lru_cache(maxsize=4096)
def _bare(stem: str) -> str:
    return stem.strip("*")


def _fits(word: str, stem: str) -> bool:
    if stem.startswith("*"):
        return _bare(stem) in word
    return word.startswith(_bare(stem)) if stem.endswith("*") else word == stem
