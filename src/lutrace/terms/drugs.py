"""Drugs and procedures of the disease: names, classes and codes."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Literal

from lutrace.core import FrozenModel, read_document

CodeSystem = Literal["atc", "rxnorm", "snomed", "hcpcs", "ops"]

_SPAN = r"(\d{1,2})[\s-]*(monat|month|mon|m|woche|week|w)"
_DEPOTS = (
    re.compile(rf"(?<![\d.,]){_SPAN}[a-z]*[\s-]*(?:depot|spritze|injection|implant|formulation)", re.IGNORECASE),
    re.compile(rf"\bdepot[\s:(-]*{_SPAN}[a-z]*\b", re.IGNORECASE),
    re.compile(rf"\b(?:alle|every|q)\s*{_SPAN}[a-z]*\b", re.IGNORECASE),
)


class Drug(FrozenModel):
    """One drug or procedure. `purpose` says which table it belongs to, `support` the kind of a supportive measure."""

    name: str
    purpose: Literal["line", "local", "rlt", "adt", "bone_agent", "steroid", "analgesic", "support"]
    agent_class: Literal["taxane", "arpi", "parp", "ra223", "platinum", "immune", "rlt", "trial", "other"] | None = None
    support: Literal["red_cells", "platelets", "g_csf", "esa", "tpo_ra"] | None = None
    atc: tuple[str, ...] = ()
    rxnorm: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()
    hcpcs: tuple[str, ...] = ()
    ops: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class _Drugs(FrozenModel):
    version: str
    drugs: tuple[Drug, ...]


@functools.cache
def drugs() -> tuple[Drug, ...]:
    """All drugs and procedures of the vocabulary."""
    return read_document(Path(__file__).parent / "data" / "drugs.yaml", _Drugs).drugs


def drug_named(name: str) -> Drug | None:
    """The drug of exactly this name, synonym or brand, in any case; None when there is none."""
    return _by_name().get(name.strip().lower())


@functools.lru_cache(maxsize=4096)
def drugs_in_text(text: str) -> tuple[Drug, ...]:
    """The drugs that a text names as whole words, each once, in the order of the text; the longest name wins.

    >>> [drug.name for drug in drugs_in_text("Abirateron 1000 mg + Prednison")]
    ['abiraterone', 'prednisone']
    """
    return tuple(dict.fromkeys(drug for drug, _begin, _end in find_drugs(text)))


def find_drugs(text: str) -> tuple[tuple[Drug, int, int], ...]:
    """Each place in a text that names a drug as a whole word: the drug, and the characters [begin, end).

    >>> [(drug.name, begin, end) for drug, begin, end in find_drugs("Abirateron seit 2019")]
    [('abiraterone', 0, 10)]
    """
    return tuple((_by_name()[match.group(0).lower()], *match.span()) for match in _pattern().finditer(text))


def product_in_text(text: str, drug: Drug) -> str | None:
    """The synonym or brand by which a text names the drug, by its name in the vocabulary; None for the name itself.

    >>> product_in_text("Eligard 22,5 mg s.c.", drug_named("leuprorelin"))
    'eligard'
    """
    written = (match.group(0).lower() for match in _pattern().finditer(text))
    return next((name for name in written if name in {one.lower() for one in drug.names}), None)


def depot_days_in_text(text: str) -> int | None:
    """How many days one dose acts, as a text says it of a depot or an interval; None when it says none, or two.

    A month is counted as 28 days, the shortest that it can be, so that exposure is not overstated.

    >>> depot_days_in_text("Trenantone 3-Monatsdepot")
    84
    """
    found = {
        int(number) * (28 if unit[0].lower() == "m" else 7)
        for pattern in _DEPOTS
        for number, unit in pattern.findall(text)
    }
    return next(iter(found)) if len(found) == 1 else None


def drug_of_code(system: CodeSystem, code: str) -> Drug | None:
    """The drug of a code; an OPS code belongs to the procedure whose chapter it begins with."""
    if system == "ops":
        return next((drug for drug in drugs() if any(code.startswith(prefix) for prefix in drug.ops)), None)
    return _by_code().get((system, code))


@functools.cache
def _by_name() -> dict[str, Drug]:
    return {name.lower(): drug for drug in drugs() for name in (drug.name, *drug.names)}


@functools.cache
def _by_code() -> dict[tuple[str, str], Drug]:
    return {
        (system, code): drug
        for drug in drugs()
        for system, codes in (
            ("atc", drug.atc),
            ("rxnorm", drug.rxnorm),
            ("snomed", drug.snomed),
            ("hcpcs", drug.hcpcs),
        )
        for code in codes
    }


@functools.cache
def _pattern() -> re.Pattern[str]:
    names = sorted(_by_name(), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(re.escape(name) for name in names)})(?![\w])", re.IGNORECASE)
