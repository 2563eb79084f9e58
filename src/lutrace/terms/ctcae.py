"""CTCAE for laboratory values as versioned data: terms, clauses of each grade, what is refused and why."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lutrace.core import Field, FrozenModel, UnusableInputError, read_document
from lutrace.terms.analytes import analyte_named

_FOLDER = Path(__file__).parent / "data" / "ctcae"
CTCAE_VERSIONS = ("ctcae-4.0", "ctcae-5.0", "ctcae-6.0")
"""The versions that are known, by the name that `--criteria` takes; 4.0 is 4.03."""

Direction = Literal["low", "high"]
BaselineRule = Literal["or", "or_if_low", "and", "instead_if_high", "instead_by_value"]
_CLAUSE = re.compile(
    r"^(?P<sign>[<>]=?) (?:(?P<number>\d+(?:\.\d+)?)|(?:(?P<factor>\d+(?:\.\d+)?) x )?(?P<of>LLN|ULN|baseline)"
    r"(?: \+ (?P<plus>\d+(?:\.\d+)?))?)$"
)


@dataclass(frozen=True)
class Clause:
    """One comparison: the value beyond `factor` x (limit or baseline) + `plus`, or beyond the number `plus` alone.

    `inclusive` is whether equality meets it; `text` is the clause as written.
    """

    of: Literal["number", "limit", "baseline"]
    factor: float
    plus: float
    inclusive: bool
    text: str


class AlsoPrinted(FrozenModel):
    """The same cutoffs as the standard prints them, rounded, in another unit."""

    unit: str
    grades: dict[int, str]


class BaselineClauses(FrozenModel):
    """Clauses against the patient's own baseline, and when they count.

    rule: `or` = a grade is met by its limit clause or its baseline clause; `or_if_low` = so, but only with a baseline
    below LLN; `and` = both are needed; `instead_if_high` = they replace the limit clauses when the baseline was
    abnormal (flagged, or above ULN); `instead_by_value` = so, but by the baseline's value alone.
    printed_to_uln: the clause of that grade is printed for a baseline up to so many times ULN; it is used beyond that
    too, with a note.
    """

    rule: BaselineRule
    grades: dict[int, str]
    printed_to_uln: dict[int, float] = Field(default_factory=dict)


class CtcaeTerm(FrozenModel):
    """One term of one version: `grades` by grade, in `unit` where a clause holds a number."""

    term: str
    formerly: tuple[str, ...] = ()
    analytes: tuple[str, ...] = Field(min_length=1)
    direction: Direction
    unit: str | None = None
    grades: dict[int, str] = Field(min_length=1)
    also: AlsoPrinted | None = None
    baseline: BaselineClauses | None = None
    with_symptoms: dict[int, str] | None = None
    none_beyond: str | None = None
    clinical: str = ""
    read: Literal["quoted", "quoted_twice"]

    def clauses(self, *, with_symptoms: bool = False) -> dict[int, Clause]:
        """The limit clauses by grade; those for a patient with symptoms when asked and when there are such."""
        chosen = self.with_symptoms if with_symptoms and self.with_symptoms is not None else self.grades
        return {grade: parse_clause(text) for grade, text in chosen.items()}


class RefusedTerm(FrozenModel):
    """A term that no grade is given for, and why."""

    term: str
    analyte: str
    direction: Direction
    reason: str


class CtcaeVersion(FrozenModel):
    """The laboratory terms of one version, and what was read of its text."""

    name: str
    version: str
    source: str
    checked: str
    terms: tuple[CtcaeTerm, ...]
    refused: tuple[RefusedTerm, ...] = ()


def parse_clause(text: str) -> Clause:
    """The comparison in `< 8.0`, `> ULN`, `>= 1.5 x baseline` or `> ULN + 2`; UnusableInputError for other text.

    >>> parse_clause("> 1.5 x ULN")
    Clause(of='limit', factor=1.5, plus=0.0, inclusive=False, text='> 1.5 x ULN')
    """
    match = _CLAUSE.match(text)
    if match is None:
        raise UnusableInputError(f"expected a clause such as '< 8.0', '> 1.5 x ULN' or '>= baseline', got {text!r}")
    inclusive = match["sign"].endswith("=")
    if match["number"] is not None:
        return Clause("number", 0.0, float(match["number"]), inclusive, text)
    of: Literal["limit", "baseline"] = "baseline" if match["of"] == "baseline" else "limit"
    return Clause(of, float(match["factor"] or 1), float(match["plus"] or 0), inclusive, text)


@functools.cache
def ctcae_version(name: str) -> CtcaeVersion:
    """The version of that name (`ctcae-5.0`). Raises UnusableInputError for another name, or for data that contradict.

    >>> ctcae_version("ctcae-6.0").terms[2].term
    'Thrombocytopenia'
    """
    if name not in CTCAE_VERSIONS:
        raise UnusableInputError(f"criteria: expected one of {', '.join(CTCAE_VERSIONS)}, got {name[:40]!r}")
    version = read_document(_FOLDER / f"{name}.yaml", CtcaeVersion)
    _check(version)
    return version


@functools.cache
def ctcae_term_names() -> dict[str, tuple[tuple[str, Direction], ...]]:
    """Analytes and direction that each term of any version grades, by the term's name in lower case."""
    found: dict[str, dict[tuple[str, Direction], None]] = {}
    for version in map(ctcae_version, CTCAE_VERSIONS):
        for term in version.terms:
            for name in (term.term, *term.formerly):
                for analyte in term.analytes:
                    found.setdefault(name.lower(), {})[analyte, term.direction] = None
        for refused in version.refused:
            found.setdefault(refused.term.lower(), {})[refused.analyte, refused.direction] = None
    return {name: tuple(pairs) for name, pairs in found.items()}


def _check(version: CtcaeVersion) -> None:
    """Refuse data whose clauses point the wrong way, name no analyte, or stand for a grade that there is not."""
    seen: set[tuple[str, Direction]] = set()
    for term in version.terms:
        place = f"{version.name}, {term.term}"
        against = term.baseline.grades if term.baseline is not None else {}
        given = [term.grades, term.with_symptoms or {}, term.also.grades if term.also is not None else {}]
        sign, limit = ("<", "LLN") if term.direction == "low" else (">", "ULN")
        other = "ULN" if limit == "LLN" else "LLN"
        for text in (text for clauses in (*given, against) for text in clauses.values()):
            if not text.startswith(sign) or other in text:
                raise UnusableInputError(f"{place}: {text!r} does not point {term.direction}")
        if not {grade for clauses in given for grade in clauses} <= {1, 2, 3, 4} or not set(against) <= set(
            term.grades
        ):
            raise UnusableInputError(f"{place}: a clause stands for a grade that the term has not")
        for analyte in term.analytes:
            if analyte_named(analyte) is None or (analyte, term.direction) in seen:
                raise UnusableInputError(f"{place}: {analyte!r} is unknown or graded twice")
            seen.add((analyte, term.direction))
