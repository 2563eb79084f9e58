"""Concepts of the OMOP vocabularies that are known without their tables: number, vocabulary and code, name."""

from __future__ import annotations

import functools
from pathlib import Path

from lutrace.core import Field, FrozenModel, read_document


class OmopConcept(FrozenModel):
    """One concept; `read` says in which public material its number was seen beside its code or name."""

    id: int
    vocabulary: str
    code: str
    name: str
    concept_class: str = ""
    standard: bool = True
    read: tuple[str, ...] = Field(default=(), repr=False)


class OmopMeanings(FrozenModel):
    """What concepts mean that every CDM has: by number as read, by name as written."""

    version: str
    sexes: dict[int, str]
    visits: dict[int, str]
    written_visits: dict[str, int]
    hospice: int
    methods: dict[int, str]
    operators: dict[int, str]
    episodes: dict[str, int]
    fields: dict[int, str]
    written_fields: dict[str, int]
    types: dict[str, int]
    cdm_version: int


@functools.cache
def omop_meanings() -> OmopMeanings:
    """The concepts whose meaning decides how a row is read or written.

    >>> omop_meanings().visits[9201]
    'admission'
    """
    return read_document(Path(__file__).parent / "data" / "omop_meanings.yaml", OmopMeanings)


class _Concepts(FrozenModel):
    version: str
    sources: dict[str, str]
    concepts: tuple[OmopConcept, ...]


@functools.cache
def omop_concepts() -> dict[int, OmopConcept]:
    """The shipped concepts by number, for a CDM without vocabulary tables."""
    document = read_document(Path(__file__).parent / "data" / "omop_concepts.yaml", _Concepts)
    return {one.id: one for one in document.concepts}


def omop_concept_of(vocabulary: str, code: str) -> int:
    """The number of a concept, 0 (OMOP's "no matching concept") where it is not in the shipped list.

    >>> omop_concept_of("LOINC", "2857-1")
    3013603
    """
    return _by_code().get((vocabulary, code), 0)


@functools.cache
def _by_code() -> dict[tuple[str, str], int]:
    return {(one.vocabulary, one.code): one.id for one in omop_concepts().values()}
