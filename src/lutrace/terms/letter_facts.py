"""The words by which letters state facts, as versioned data: sites, progression, death, transfusion and others."""

from __future__ import annotations

import functools
from pathlib import Path

from lutrace.core import FrozenModel, read_document
from lutrace.terms.assertion import Phrases


class WordedFact(FrozenModel):
    """One fact with one value, and the phrases that state it in English or German."""

    fact: str
    value: str
    phrases: Phrases


class LetterFacts(FrozenModel):
    """All worded facts, the stems of the sites of metastases, the words for metastases, and the names of months.

    `beside_sites` are words that may stand before a site in a list of sites. `counted` is what a number counts where it
    is no value.
    A reason for stopping is a word of `stops` with one of `stop_reasons` behind a word of `stop_links` in reach.
    """

    version: str
    stems: dict[str, Phrases]
    metastases: Phrases
    beside_sites: Phrases
    facts: tuple[WordedFact, ...]
    stops: Phrases
    stop_links: Phrases
    stop_reasons: dict[str, Phrases]
    counted: Phrases
    months: Phrases
    abbreviations: Phrases


@functools.cache
def letter_facts() -> LetterFacts:
    """The words of letters.

    >>> letter_facts().stems["liver"][0]
    'leber'
    """
    return read_document(Path(__file__).parent / "data" / "letter_facts.yaml", LetterFacts)
