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
    months: tuple[str, ...]
    things: tuple[str, ...]
    units: tuple[str, ...]


class Concepts(FrozenModel):
    """What papers and studies call the same thing; of the `silent` ones a sentence need not speak.

    Of each list of `one_of` a number is of one only.
    """

    version: str
    concepts: dict[str, tuple[str, ...]]
    silent: tuple[str, ...]
    one_of: tuple[tuple[str, ...], ...]


@functools.cache
def concepts() -> Concepts:
    """The concepts that numbers of a paper and of a run can share."""
    return read_document(Path(__file__).parent / "data" / "concepts.yaml", Concepts)


@functools.cache
def prose_words() -> ProseWords:
    """The words of English prose."""
    return read_document(Path(__file__).parent / "data" / "prose.yaml", ProseWords)
