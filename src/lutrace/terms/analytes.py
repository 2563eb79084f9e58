"""Laboratory analytes: names, LOINC codes, canonical units, and results brought into them."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lutrace.core import FrozenModel, UnusableInputError, read_document, tell_cell
from lutrace.terms.reported_value import Comparator, parse_reported_value

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹µμ×", "0123456789uux")
_POWER = re.compile(r"^(?:x|\*)?10(?:\*\*|\*|\^|e\+?|exp|hoch)?(\d+)(?=/)")
_LARGEST_LIMIT = 10
"""A limit of normal is at most so many times the highest plausible result."""
_ANNOTATION = re.compile(r"\{[^}]*\}")


class _Analyte(FrozenModel):
    name: str
    title: str
    loinc: tuple[str, ...]
    unit: str
    units: dict[str, float] | None = None
    family: str | None = None
    molar_mass_g_mol: float | None = None
    molar_units: dict[str, float] | None = None
    low: float
    high: float
    synonyms: tuple[str, ...] = ()


class _Analytes(FrozenModel):
    version: str
    families: dict[str, dict[str, float]]
    analytes: tuple[_Analyte, ...]


@dataclass(frozen=True)
class Analyte:
    """One analyte: `factors` maps a normalised unit to what a value in it is multiplied by; bounds in `unit`.

    `molar` names those of its units that are amounts of substance of an analyte whose canonical unit is a mass.
    """

    name: str
    title: str
    loinc: tuple[str, ...]
    unit: str
    factors: tuple[tuple[str, float], ...]
    low: float
    high: float
    synonyms: tuple[str, ...]
    molar: tuple[str, ...] = ()

    def is_molar(self, unit: str) -> bool:
        """Whether `unit` is an amount of substance, while the canonical unit is a mass."""
        return normal_unit(unit) in self.molar

    def knows(self, unit: str | None) -> bool:
        """Whether `unit` is one that results of this analyte may have."""
        return unit is not None and normal_unit(unit) in _factors(self.name)

    def factor(self, unit: str | None) -> float:
        """What a value in `unit` is multiplied by to be in the canonical unit; an unknown unit is refused by name."""
        if unit is None or not unit.strip():
            raise UnusableInputError(f"{self.name}: the unit is missing; expected one such as {self.unit}")
        found = _factors(self.name).get(normal_unit(unit))
        if found is None:
            raise UnusableInputError(
                f"{self.name}: unknown unit {tell_cell(unit, is_unit)}; expected one such as {self.unit} "
                f"(known: {', '.join(name for name, _ in self.factors)})"
            )
        return found


@dataclass(frozen=True)
class CanonicalLab:
    """A result in the canonical unit of its analyte; `comparator` None means exact."""

    value: float
    canonical_unit: str
    comparator: Comparator | None


def canonical_lab(
    analyte: str, value_text: str, unit: str | None, *, decimal: Literal[".", ","] | None = None
) -> CanonicalLab:
    """A laboratory result in the canonical unit of `analyte` (a name of the vocabulary).

    Raises UnusableInputError for an unknown analyte, an unknown or missing unit, text that is no number, or a value
    outside the plausible (most often a wrong unit).

    >>> canonical_lab("haemoglobin", "<= 8,0", "mmol/l")
    CanonicalLab(value=12.8912, canonical_unit='g/dL', comparator='<=')
    """
    known = analyte_named(analyte)
    if known is None:
        raise UnusableInputError(
            f"analyte: {tell_cell(analyte)} is not in the vocabulary ({', '.join(analyte_names())})"
        )
    factor = known.factor(unit)
    reported = parse_reported_value(value_text, decimal=decimal)
    value = _scaled(reported.value, factor)
    if not known.low <= value <= known.high:
        told = f"{known.name}: {tell_cell(float(f'{value:.4g}'))} {known.unit}"
        raise UnusableInputError(f"{told} is outside {known.low:g} to {known.high:g}; is the unit right?")
    return CanonicalLab(value, known.unit, reported.comparator)


def canonical_limit(analyte: Analyte, value: float, unit: str | None) -> float:
    """A limit of normal in the canonical unit of `analyte`; raises UnusableInputError far beyond any result."""
    limit = _scaled(value, analyte.factor(unit))
    if limit > _LARGEST_LIMIT * analyte.high:
        raise UnusableInputError(f"{analyte.name}: a limit of normal is far above any result; is it the right cell?")
    return limit


def analyte_named(name: str) -> Analyte | None:
    """The analyte of this name or synonym, in any case; None when there is none."""
    return _by_name().get(name.strip().lower())


def analyte_of_loinc(code: str) -> Analyte | None:
    """The analyte that a LOINC code measures; None when the code is not one of the vocabulary's."""
    return _by_loinc().get(code)


def analyte_names() -> tuple[str, ...]:
    """The names of all analytes."""
    return tuple(analyte.name for analyte in all_analytes())


def analyte_spellings() -> tuple[str, ...]:
    """Every name, title and synonym of an analyte, in small letters; the longest first."""
    return tuple(sorted(_by_name(), key=len, reverse=True))


@functools.lru_cache(maxsize=4096)
def normal_unit(unit: str) -> str:
    """A unit in the spelling of the vocabulary: lower case, no spaces or annotations, powers as `10^9`.

    >>> normal_unit("x 10*9/L"), normal_unit("Tsd/µl"), normal_unit("{cells}/uL")
    ('10^9/l', 'tsd/ul', '/ul')
    """
    text = _ANNOTATION.sub("", unit.translate(_SUPERSCRIPTS)).lower().replace(" ", "").replace("\u00a0", "")
    text = text.replace("mm^3", "mm3").replace("mm*3", "mm3").replace("cmm", "mm3")
    return _POWER.sub(r"10^\1", text)


def is_unit(text: str) -> bool:
    """Whether a text is a unit: one that results of some analyte may have, or a plain one.

    >>> is_unit("mg/dL"), is_unit("kg"), is_unit("{Mustermann}/uL")
    (True, True, False)
    """
    return "{" not in text and (normal_unit(text) in _units() or text.strip().lower() in _PLAIN_UNITS)


_PLAIN_UNITS = ("%", "g", "kg", "mg", "ng", "ug", "l", "ml", "dl", "mol", "mmol", "u", "iu", "cm", "mm", "gy", "/l")
"""Units that are none of an analyte and may yet stand in a cell of units."""


@functools.cache
def _units() -> frozenset[str]:
    return frozenset(normal_unit(one) for analyte in all_analytes() for one, _ in analyte.factors)


def _scaled(value: float, factor: float) -> float:
    """`value` x `factor` without the tail that binary fractions leave (twelve significant digits)."""
    return value if factor == 1 else float(f"{value * factor:.12g}")


@functools.cache
def all_analytes() -> tuple[Analyte, ...]:
    """All analytes of the vocabulary, in its order."""
    document = read_document(Path(__file__).parent / "data" / "analytes.yaml", _Analytes)
    return tuple(_analyte(entry, document) for entry in document.analytes)


def _analyte(entry: _Analyte, document: _Analytes) -> Analyte:
    factors = dict(document.families[entry.family]) if entry.family is not None else {}
    factors.update(entry.units or {})
    if entry.molar_mass_g_mol is not None:
        grams_per_unit = {"g/dl": 10.0, "mg/dl": 1e-2, "ng/dl": 1e-8}[entry.unit.lower()]
        for unit, moles_per_litre in (entry.molar_units or {}).items():
            factors[unit] = _scaled(moles_per_litre, entry.molar_mass_g_mol / grams_per_unit)
    return Analyte(
        entry.name,
        entry.title,
        entry.loinc,
        entry.unit,
        tuple(sorted(factors.items())),
        entry.low,
        entry.high,
        entry.synonyms,
        tuple(sorted(entry.molar_units or {})),
    )


@functools.cache
def _factors(name: str) -> dict[str, float]:
    return next(dict(analyte.factors) for analyte in all_analytes() if analyte.name == name)


@functools.cache
def _by_name() -> dict[str, Analyte]:
    return {
        name.lower(): analyte for analyte in all_analytes() for name in (analyte.name, analyte.title, *analyte.synonyms)
    }


@functools.cache
def _by_loinc() -> dict[str, Analyte]:
    return {code: analyte for analyte in all_analytes() for code in analyte.loinc}
