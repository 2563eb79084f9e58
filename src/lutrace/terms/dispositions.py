"""How a therapy ended and what followed, by the codes of CDISC, oBDS, FHIR, German and American discharge."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

from lutrace.core import Field, FrozenModel, UnusableInputError, read_document

Meaning = Literal[
    "completed",
    "progression",
    "toxicity",
    "decision",
    "other",
    "unknown",
    "lost",
    "hospice",
    "break",
    "no_therapy",
    "death",
]


class DispositionSystem(FrozenModel):
    """One system of codes: what it is about, how its text was read, its codes by meaning, and those never counted.

    `urls` are the names that FHIR gives it.
    """

    name: str
    label: str
    about: Literal["therapy", "stay"]
    read: Literal["primary", "quoted", "own"]
    source: str
    urls: tuple[str, ...] = ()
    digits: int | None = Field(default=None, ge=1)
    codes: dict[Meaning, tuple[str, ...]]
    refused: dict[str, str] = Field(default_factory=dict)


class _Dispositions(FrozenModel):
    version: str
    meanings: dict[Meaning, Literal["end", "after", "vital"]]
    systems: tuple[DispositionSystem, ...]


@functools.cache
def _document() -> _Dispositions:
    return read_document(Path(__file__).parent / "data" / "dispositions.yaml", _Dispositions)


def disposition_systems() -> tuple[DispositionSystem, ...]:
    """All systems of codes, in the order of the file."""
    return _document().systems


def disposition_meanings(kind: Literal["end", "after", "vital"]) -> tuple[Meaning, ...]:
    """The meanings of one kind: why a therapy ended, what followed, or death."""
    return tuple(meaning for meaning, of in _document().meanings.items() if of == kind)


def disposition_system_at(url: str) -> DispositionSystem | None:
    """The system of that FHIR address; None when it is not in the vocabulary.

    >>> disposition_system_at("http://terminology.hl7.org/CodeSystem/discharge-disposition").name
    'fhir_discharge'
    """
    return next((one for one in disposition_systems() if url in one.urls), None)


def disposition_of(system: str, code: str) -> Meaning | None:
    """What a code means; None when the system has no such code, and for a refused one.

    >>> disposition_of("drg_discharge", "119")
    'hospice'
    """
    known = next((one for one in disposition_systems() if one.name == system), None)
    if known is None:
        names = ", ".join(one.name for one in disposition_systems())
        raise UnusableInputError(f"expected a system of dispositions ({names}), got {system!r}")
    wanted = code.strip().upper()[: known.digits]
    for meaning, codes in known.codes.items():
        if wanted in (one.upper() for one in codes):
            return meaning
    return None
