"""Words of scientific prose by what they do to the numbers beside them."""

from __future__ import annotations

import functools
from pathlib import Path

from lutrace.core import FrozenModel, read_document


class ProseWords(FrozenModel):
    """Nouns, verbs and names that a reader of numbers in English sentences goes by; all in small letters."""

    version: str
    persons: tuple[str, ...]
    scope_openers: tuple[str, ...]
    scope_closers: tuple[str, ...]
    inner: tuple[str, ...]
    exclusive: tuple[str, ...]
    clause_verbs: tuple[str, ...]
    closing: tuple[str, ...]
    overlapping: tuple[str, ...]
    empty: tuple[str, ...]
    abbreviations: tuple[str, ...]
    sections: dict[str, tuple[str, ...]]
    estimates: dict[str, tuple[str, ...]]
    null_of: dict[str, float]
    intervals: dict[str, tuple[str, ...]]
    number_words: dict[str, int]
    scales: tuple[str, ...]
    things: tuple[str, ...]
    units: tuple[str, ...]


@functools.cache
def prose_words() -> ProseWords:
    """The words of English prose."""
    return read_document(Path(__file__).parent / "data" / "prose.yaml", ProseWords)
