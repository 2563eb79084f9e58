"""The grades of CTCAE as bands of a figure, where their limits are one number for all patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lutrace.core import Row
from lutrace.terms import Clause, CtcaeTerm, analyte_named, ctcae_version

Limits = Mapping[str, tuple[float | None, float | None]]


def find_grade_bands(analytes: Sequence[str], criteria: str, limits: Limits) -> list[Row]:
    """Rows of GRADE_BANDS of each analyte's terms in that version, in its canonical unit.

    `limits` gives the lower and upper limit of normal of an analyte where all results name the same one. A grade whose
    clause needs another limit, or the patient's baseline, has no band, and neither has one above it without a number.
    """
    rows: list[Row] = []
    for name in analytes:
        known = analyte_named(name)
        terms = [term for term in ctcae_version(criteria).terms if name in term.analytes]
        for term in terms if known is not None else ():
            edges = _edges(term, name, limits.get(name, (None, None)))
            rows += [
                {"series": name, "unit": known.unit if known else "", "criteria": criteria, **band}
                for band in _bands(term, edges)
            ]
    return rows


def _edges(term: CtcaeTerm, analyte: str, limits: tuple[float | None, float | None]) -> dict[int, tuple[float, str]]:
    """Where each grade begins, with its clause."""
    known = analyte_named(analyte)
    assert known is not None  # asked by the caller
    normal = limits[0] if term.direction == "low" else limits[1]
    edges = {}
    for grade, clause in term.clauses().items():
        at = _edge(clause, normal, known.factor(term.unit) if term.unit else 1.0)
        if at is not None:
            edges[grade] = (
                at,
                clause.text if term.unit is None or clause.of != "number" else f"{clause.text} {term.unit}",
            )
    return edges


def _edge(clause: Clause, normal: float | None, factor: float) -> float | None:
    if clause.of == "number":
        return clause.plus * factor
    if clause.of == "limit" and normal is not None:
        return clause.factor * normal + clause.plus * factor
    return None


def _bands(term: CtcaeTerm, edges: Mapping[int, tuple[float, str]]) -> list[Row]:
    """From each edge to that of the next worse grade; the worst is open."""
    ordered = sorted(edges)
    bands: list[Row] = []
    for grade, worse in zip(ordered, [*ordered[1:], None], strict=True):
        begin, rule = edges[grade]
        end = None if worse is None else edges[worse][0]
        low, high = (end, begin) if term.direction == "low" else (begin, end)
        bands.append(
            {"term": term.term, "direction": term.direction, "grade": grade, "low": low, "high": high, "rule": rule}
        )
    return bands
