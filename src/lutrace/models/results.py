"""What an analysis gives: rows of the result tables, and what a reader must be told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lutrace.core import Row, canonical_json

Severity = Literal["note", "warning", "blocking"]


@dataclass(frozen=True)
class ModelWarning:
    """What speaks against a number: where, in words, how badly. `blocking`: the number must not be published."""

    where: str
    text: str
    severity: Severity


@dataclass(frozen=True)
class AnalysisResult:
    """Rows of the result tables of one analysis, each table in a fixed order, and its warnings."""

    estimates: tuple[Row, ...] = ()
    curves: tuple[Row, ...] = ()
    incidences: tuple[Row, ...] = ()
    occupancies: tuple[Row, ...] = ()
    agreements: tuple[Row, ...] = ()
    balances: tuple[Row, ...] = ()
    validations: tuple[Row, ...] = ()
    effects: tuple[Row, ...] = ()
    influences: tuple[Row, ...] = ()
    warnings: tuple[ModelWarning, ...] = ()


def join_results(parts: Sequence[AnalysisResult]) -> AnalysisResult:
    """The parts after one another; a warning that several of them give is kept once."""
    return AnalysisResult(
        estimates=tuple(row for part in parts for row in part.estimates),
        curves=tuple(row for part in parts for row in part.curves),
        incidences=tuple(row for part in parts for row in part.incidences),
        occupancies=tuple(row for part in parts for row in part.occupancies),
        agreements=tuple(row for part in parts for row in part.agreements),
        balances=tuple(row for part in parts for row in part.balances),
        validations=tuple(row for part in parts for row in part.validations),
        effects=tuple(row for part in parts for row in part.effects),
        influences=tuple(row for part in parts for row in part.influences),
        warnings=tuple(dict.fromkeys(warning for part in parts for warning in part.warnings)),
    )


@dataclass(frozen=True)
class Cell:
    """Which row of ESTIMATES: its key, and what is the same in every row of its kind."""

    analysis: str
    population: str
    endpoint: str
    term: str
    measure: str
    unit: str = "1"
    covariate_unit: str = "1"
    adjusted_for: tuple[str, ...] = ()

    def fill(self, *, n: int, method: str, **numbers: Any) -> Row:
        """The row with its numbers; those not given are empty, an infinite number or NaN too."""
        names = ("coef", "se", "estimate", "low", "high", "statistic", "p", "q")
        return {
            "analysis": self.analysis,
            "population": self.population,
            "endpoint": self.endpoint,
            "term": self.term,
            "covariate_unit": self.covariate_unit,
            "adjusted_for": ", ".join(self.adjusted_for) or "none",
            "adjusted": bool(self.adjusted_for),
            "measure": self.measure,
            **{name: finite_or_none(numbers.get(name)) for name in names},
            "unit": self.unit,
            "n": n,
            "events": numbers.get("events"),
            "method": method,
            "checks": canonical_json(numbers.get("checks") or {}),
        }

    def refuse(self, *, n: int, events: int | None, reason: str) -> Row:
        """The row without an estimate, its method saying why."""
        return self.fill(n=n, events=events, method=f"not estimable: {reason}", checks={"reason": reason})


def finite_or_none(value: Any) -> float | None:
    """A number as a plain one; None for none, NaN and infinity."""
    return None if value is None or not math.isfinite(value) else float(value)


def rows_of(rows: Sequence[Row], population: str) -> list[Row]:
    """The rows of the analysis set of one population."""
    return [row for row in rows if row["population"] == population]
