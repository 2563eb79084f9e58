"""p values adjusted for the number of tests of a family: declared families, and every screen of a logistic analysis."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from lutrace.core import Row, canonical_json
from lutrace.models.results import AnalysisResult, ModelWarning
from lutrace.protocol import Family, LogisticAnalysis, Protocol
from lutrace.stats import Adjustment, adjust_p_values

_METHODS: dict[str, Adjustment] = {"bh": "Benjamini-Hochberg", "holm": "Holm"}
Key = tuple[str, str, str, str]


def adjust_families(results: Sequence[AnalysisResult], protocol: Protocol) -> list[AnalysisResult]:
    """The results with `q`, the adjusted p value, of every test that belongs to a family, and its size in `checks`.

    A model that could not be fitted counts as a test made. A note tells the number of tests of each family.
    """
    rows = [row for result in results for row in result.estimates]
    q: dict[int, tuple[float | None, dict[str, object]]] = {}
    notes = []
    for family in families_of(protocol):
        tests = list(_tests(rows, family))
        known = [row for row in tests if row["p"] is not None]
        found = adjust_p_values(
            [row["p"] for row in known], adjustment=_METHODS[family.method], n_tests=len(tests)
        ) if known else None  # fmt: skip
        told = {"family": family.name, "n_tests": len(tests), "n_estimated": len(known), "method": family.method}
        q |= {id(row): (None, told) for row in tests}
        if found is not None:
            q |= {id(row): (value, told) for row, value in zip(known, found.p, strict=True)}
        notes.append(_note(family, len(tests), len(known)))
    adjusted = [replace(one, estimates=tuple(_with_q(row, q) for row in one.estimates)) for one in results]
    return [*adjusted, AnalysisResult(warnings=tuple(notes))]


def families_of(protocol: Protocol) -> tuple[Family, ...]:
    """The families that the study declares, and one for each logistic screen of several terms that is in none."""
    taken = {name for family in protocol.multiplicity for name in family.analyses}
    screens = tuple(
        Family(name=f"screen_{number}", label=f"{one.label}: screen", analyses=(one.name,))
        for number, one in enumerate(protocol.analyses, start=1)
        if isinstance(one, LogisticAnalysis) and one.name not in taken and len(one.terms) * len(one.outcomes) > 1
    )
    return (*protocol.multiplicity, *screens)


def _tests(rows: Sequence[Row], family: Family) -> Iterator[Row]:
    """One row per model: the adjusted one of a term where there is one; of a screen the unadjusted."""
    is_screen = family.name.startswith("screen_")
    chosen: dict[Key, Row] = {}
    for row in rows:
        if row["analysis"] not in family.analyses or "/" in row["term"]:
            continue
        key = (row["analysis"], row["population"], row["endpoint"], row["term"])
        if key not in chosen or row["adjusted"] is not is_screen:
            chosen[key] = row
    yield from chosen.values()


def _with_q(row: Row, q: dict[int, tuple[float | None, dict[str, object]]]) -> Row:
    if id(row) not in q:
        return row
    value, told = q[id(row)]
    return {**row, "q": value, "checks": canonical_json({**json.loads(row["checks"]), "multiplicity": told})}


def _note(family: Family, n_tests: int, n_known: int) -> ModelWarning:
    lacking = f", {n_tests - n_known} of which could not be fitted" if n_known < n_tests else ""
    text = (
        f"{family.label}: {n_tests} tests were made{lacking}; q: p adjusted for that number by "
        f"{_METHODS[family.method]}"
    )
    return ModelWarning(", ".join(family.analyses), text, "note")
