"""The clauses of CTCAE versions as one small table of numbers, to be joined to laboratory rows by their analyte.

Everything that points low is mirrored (multiplied by -1), so that one comparison, "beyond", serves both directions.
Numbers are in the analyte's canonical unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.core import Row
from lutrace.terms import (
    Analyte,
    Clause,
    CtcaeTerm,
    CtcaeVersion,
    analyte_named,
    ctcae_version,
    parse_clause,
)

GRADES = (4, 3, 2, 1)
TOLERANCE = 1e-9
"""Relative distance below which a value stands at a cutoff: far above the error of a conversion of units, and far below
what a laboratory can tell apart."""
TOTAL_CALCIUM = ("calcium", "calcium_corrected")
"""Total calcium is graded by the terms of calcium corrected for albumin, once it has been corrected."""

_LIMIT = ("number", "limit_factor", "limit_plus", "limit_side", "other")
_BASE = ("base_factor", "base_plus", "base_side", "base_top")
_NUMBERS = (*_LIMIT, *_BASE)
_TEXTS = ("limit_text", "base_text")
_SCHEMA = pa.schema(
    [
        ("criteria", pa.string()),
        ("place", pa.int64()),
        ("analyte", pa.string()),
        ("molar", pa.bool_()),
        ("term", pa.string()),
        ("direction", pa.string()),
        ("sense", pa.float64()),
        ("baseline_rule", pa.string()),
        ("beyond", pa.float64()),
        ("refused", pa.string()),
        ("has_other", pa.bool_()),
        *[(f"{name}_{grade}", pa.float64()) for grade in GRADES for name in _NUMBERS],
        *[(f"{name}_{grade}", pa.string()) for grade in GRADES for name in _TEXTS],
    ]
)


def criteria_table(versions: Sequence[str], *, with_symptoms: bool = False) -> ir.Table:
    """One row per version, term, analyte and kind of unit (mass or amount of substance), with the clauses as numbers.

    Of each grade: `number` (an absolute cutoff), or `limit_factor` and `limit_plus`; `base_factor` and `base_plus`;
    `*_side` is the tolerance, signed by whether equality meets the clause; `other` is the cutoff as the standard prints
    it in the other kind of unit; `base_top` is the multiple of ULN up to which a baseline clause is printed.

    Raises UnusableInputError for a version that is not known.
    """
    rows: list[Row] = []
    for version in (ctcae_version(name) for name in versions):
        for place, term in enumerate(version.terms):
            for analyte in _graded(term.analytes):
                rows += [_row(version, place, term, analyte, molar, with_symptoms) for molar in (False, True)]
        for place, refused in enumerate(version.refused, start=len(version.terms)):
            for name, molar in ((name, molar) for name in _graded((refused.analyte,)) for molar in (False, True)):
                rows.append(
                    {
                        "criteria": version.name,
                        "place": place,
                        "analyte": name,
                        "molar": molar,
                        "term": refused.term,
                        "direction": refused.direction,
                        "refused": f"not graded by {version.name}: {refused.reason}",
                        "has_other": False,
                    }
                )
    return ibis.memtable(pa.Table.from_pylist(rows, schema=_SCHEMA))


def _graded(analytes: Sequence[str]) -> list[str]:
    total, corrected = TOTAL_CALCIUM
    return [*analytes, *([total] if corrected in analytes else [])]


def _row(
    version: CtcaeVersion, place: int, term: CtcaeTerm, analyte: str, molar: bool, with_symptoms: bool
) -> dict[str, Any]:
    known = analyte_named(analyte)
    assert known is not None  # the data were checked when they were read
    sense = 1.0 if term.direction == "high" else -1.0
    baseline = term.baseline.grades if term.baseline is not None else {}
    row: dict[str, Any] = {
        "criteria": version.name,
        "place": place,
        "analyte": analyte,
        "molar": molar,
        "term": term.term,
        "direction": term.direction,
        "sense": sense,
        "baseline_rule": term.baseline.rule if term.baseline is not None else None,
        "beyond": None if term.none_beyond is None else _cutoff(term.none_beyond, term.unit, known, sense),
        "has_other": term.also is not None and not with_symptoms,
    }
    for grade, clause in term.clauses(with_symptoms=with_symptoms).items():
        row |= _limit_clause(grade, clause, term, known, sense)
        if term.also is not None and grade in term.also.grades:
            here = _cutoff(clause.text, term.unit, known, sense)
            there = _cutoff(term.also.grades[grade], term.also.unit, known, sense)
            row[f"number_{grade}"], row[f"other_{grade}"] = (there, here) if molar else (here, there)
            row[f"limit_text_{grade}"] = f"{term.also.grades[grade]} {term.also.unit}" if molar else _text(clause, term)
    for grade, text in baseline.items():
        clause = parse_clause(text)
        row[f"base_factor_{grade}"] = clause.factor
        row[f"base_plus_{grade}"] = _plus(clause, term, known)
        row[f"base_side_{grade}"] = -TOLERANCE if clause.inclusive else TOLERANCE
        row[f"base_text_{grade}"] = _text(clause, term)
        row[f"base_top_{grade}"] = term.baseline.printed_to_uln.get(grade) if term.baseline is not None else None
    return row


def _limit_clause(grade: int, clause: Clause, term: CtcaeTerm, known: Analyte, sense: float) -> dict[str, Any]:
    shared = {f"limit_text_{grade}": _text(clause, term)}
    if clause.of == "number":
        return {**shared, f"number_{grade}": _cutoff(clause.text, term.unit, known, sense)}
    return {
        **shared,
        f"limit_factor_{grade}": clause.factor,
        f"limit_plus_{grade}": _plus(clause, term, known) * sense,
        f"limit_side_{grade}": -TOLERANCE if clause.inclusive else TOLERANCE,
    }


def _cutoff(text: str, unit: str | None, known: Analyte, sense: float) -> float:
    """The mirrored cutoff in the canonical unit, moved by the tolerance so that "beyond" is right at equality."""
    clause = parse_clause(text)
    at = sense * clause.plus * known.factor(unit)
    return at + abs(at) * (-TOLERANCE if clause.inclusive else TOLERANCE)


def _plus(clause: Clause, term: CtcaeTerm, known: Analyte) -> float:
    return clause.plus * known.factor(term.unit) if clause.plus else 0.0


def _text(clause: Clause, term: CtcaeTerm) -> str:
    return f"{clause.text} {term.unit}" if clause.of == "number" or clause.plus else clause.text
