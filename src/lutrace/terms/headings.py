"""How hospitals head the columns of their tables, and how they write a few codes: words for a proposed mapping."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from lutrace.core import FrozenModel, read_document

_PLAIN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORD = re.compile(r"[a-z]+|\d+")
_CAMEL = re.compile(r"(?<=[a-zäöüß])(?=[A-ZÄÖÜ])")


class Headings(FrozenModel):
    """By fact (`table.column`) the texts that head it, and by column the words for each of its codes."""

    version: str
    identifier: tuple[str, ...]
    cases: tuple[str, ...]
    footers: tuple[str, ...]
    missing: tuple[str, ...]
    occasions: dict[str, tuple[str, ...]]
    baseline_words: tuple[str, ...]
    facts: dict[str, tuple[str, ...]]
    codes: dict[str, dict[str, tuple[str, ...]]]


@functools.cache
def headings() -> Headings:
    """The words for headings and codes."""
    return read_document(Path(__file__).parent / "data" / "headings.yaml", Headings)


def fact_of_heading(words: str) -> str | None:
    """The fact (`table.column`) that plain words head; None when they head none.

    >>> fact_of_heading("letzter kontakt")
    'follow_up.alive'
    """
    return _by_words().get(words)


def code_of_word(column: str, word: str) -> str | None:
    """The code of a coded column that a word of a table means; None when it is not known.

    >>> code_of_word("sex", "männlich")
    'male'
    """
    wanted = plain_words(word)
    for code, words in headings().codes.get(column, {}).items():
        if wanted in words:
            return code
    return None


def plain_words(text: str) -> str:
    """A text in small letters without umlauts and signs, its words apart: `PatNr` gives `pat nr`.

    >>> plain_words("Größe_cm"), plain_words("Cycle1Date")
    ('groesse cm', 'cycle 1 date')
    """
    apart = _CAMEL.sub(" ", text)
    return " ".join(_WORD.findall(apart.casefold().translate(_PLAIN)))


@functools.cache
def _by_words() -> dict[str, str]:
    return {words: fact for fact, texts in headings().facts.items() for words in texts}
