"""Which cells are words of the vocabularies and may be told as they are; of all others a message tells the shape."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from lutrace.core import column_letter, keep_cell, tell_cell
from lutrace.terms.analytes import all_analytes, is_unit
from lutrace.terms.ctcae import ctcae_term_names
from lutrace.terms.drugs import drugs
from lutrace.terms.headings import headings, plain_words
from lutrace.terms.instruments import instruments
from lutrace.terms.sites import regions, sites
from lutrace.terms.tracers import tracers


def is_word(text: str) -> bool:
    """Whether a text as a whole is a word of the vocabularies: analyte, unit, drug, code of these, site, heading.

    >>> is_word("Hb"), is_word("g/dL"), is_word("Hb Mustermann")
    (True, True, False)
    """
    wanted = text.strip().casefold()
    if wanted in _words() or is_unit(wanted):
        return True
    return wanted.translate(_UMLAUTS).isascii() and plain_words(wanted) in _headings()


def tell(cell: Any) -> str:
    """What a message may say of a cell: a short number or a word of the vocabularies as it is, else its shape.

    >>> tell("Enzalutamid"), tell("Mustermann")
    ("'Enzalutamid'", "a text like 'aaaaaaaaaa'")
    """
    return tell_cell(cell, is_word)


def keep(cell: Any) -> Any:
    """What may be kept of a cell of a row that was refused: as `tell`; typed dates and truths as they are."""
    return keep_cell(cell, is_word)


def tell_column(names: Sequence[str], name: str) -> str:
    """A column for a message: by its letter, and by its heading where that is a word of the vocabularies.

    >>> tell_column(["id", "Hb", "Mustermann"], "Hb"), tell_column(["id", "Hb", "Mustermann"], "Mustermann")
    ("column B ('Hb')", 'column C')
    """
    heading = f" ({name!r})" if is_word(name) else ""
    return f"column {column_letter(names.index(name))}{heading}"


_UMLAUTS = str.maketrans("äöüß", "aous")


@functools.cache
def _words() -> frozenset[str]:
    spelled: list[str] = [*regions()]
    for analyte in all_analytes():
        spelled += [analyte.name, analyte.title, *analyte.synonyms, *analyte.loinc]
    for drug in drugs():
        spelled += [drug.name, *drug.names, *drug.atc, *drug.rxnorm, *drug.snomed, *drug.hcpcs, *drug.ops]
    for site in sites():
        spelled += [site.name, *site.names, *site.obds, *site.icd10, *site.snomed]
    for tracer in tracers():
        spelled += [tracer.name, *tracer.names]
    for instrument in instruments():
        spelled += [instrument.name, *instrument.items]
    spelled += ctcae_term_names()
    return frozenset(one.casefold() for one in spelled)


@functools.cache
def _headings() -> frozenset[str]:
    known = headings()
    texts = (*known.identifier, *known.cases, *known.missing, *known.baseline_words)
    texts += tuple(one for group in (*known.facts.values(), *known.occasions.values()) for one in group)
    texts += tuple(word for codes in known.codes.values() for words in codes.values() for word in words)
    return frozenset(texts)
