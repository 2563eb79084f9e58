"""What all regression models of a study share: which models there are, who enters them, and the rows of their terms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lutrace.core import Row, UnusableInputError
from lutrace.models.outcome import count_late, covariate_of
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, Severity
from lutrace.protocol import Adjusted, Protocol, Regression

PER_SD = "per_sd"
Numbers = Mapping[str, Any]
"""Of one term, as `Cell.fill` takes them: coef, se, estimate, low, high, statistic, p."""
_RATIOS = ("hazard_ratio", "odds_ratio")


@dataclass(frozen=True)
class Model:
    """One model to fit: the cell of its term, the columns that it needs, and the patients of its population."""

    cell: Cell
    needed: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """The term, then what it is adjusted for."""
        return (self.cell.term, *self.cell.adjusted_for)

    @property
    def where(self) -> str:
        """The model in a warning."""
        cell = self.cell
        return f"{cell.analysis}, {cell.population}, {cell.endpoint}, {cell.term}"

    @property
    def used(self) -> list[Row]:
        """The rows in which nothing that the model needs is unknown. Raises UnusableInputError for no such column."""
        lacking = [name for name in (*self.needed, *self.terms) if self.rows and name not in self.rows[0]]
        if lacking:
            raise UnusableInputError(f"the analysis set lacks the column {', '.join(lacking)}")
        return [row for row in self.rows if all(row[name] is not None for name in (*self.needed, *self.terms))]

    def matrix(self, used: Sequence[Row]) -> Any:
        """The covariates of these rows, (n, p)."""
        return np.array([[float(row[term]) for term in self.terms] for row in used]).reshape(-1, len(self.terms))


def cells_of(
    analysis: Adjusted, outcomes: Sequence[str], protocol: Protocol, *, measure: str, unit: str = "1"
) -> Iterator[Cell]:
    """The cell of every model of an analysis: by population, outcome and term, alone first, then adjusted."""
    for population in analysis.populations:
        for outcome in outcomes:
            for term in analysis.terms:
                for others in adjustments(analysis, term):
                    per = covariate_of(protocol, term).unit
                    yield Cell(analysis.name, population, outcome, term, measure, unit, per, others)


def adjustments(analysis: Adjusted, term: str) -> list[tuple[str, ...]]:
    """What the models of a term are adjusted for: nothing, and the covariates of the analysis but the term itself."""
    others = tuple(name for name in analysis.adjust_for if name != term)
    alone: list[tuple[str, ...]] = [()] if analysis.unadjusted_too or not others else []
    return alone + ([others] if others else [])


def explain_late(model: Model, used: Sequence[Row], protocol: Protocol) -> str:
    """Which covariates were not known yet at time zero, in words; empty when all were, or time runs from cycle 1."""
    if protocol.landmark(model.cell.population).origin == "first_cycle":
        return ""
    late = {term: count_late(used, term) for term in model.terms}
    names = ", ".join(f"{name} ({count} patients)" for name, count in late.items() if count)
    if not names:
        return ""
    return (
        f"measured after time zero: {names}; take a value from before, or a later landmark (a value without a date "
        "counts as late)"
    )


def refuse_model(
    model: Model, reason: str, *, n: int, events: int | None = None, severity: Severity = "warning"
) -> AnalysisResult:
    """The model's row without an estimate, and a warning that says why."""
    what = model.cell.measure.replace("_", " ")
    row = model.cell.refuse(n=n, events=events, reason=reason)
    return AnalysisResult((row,), warnings=(ModelWarning(model.where, f"no {what}: {reason}", severity),))


def numbers_of(fit: Any, place: int, estimates: Sequence[float], statistics: Sequence[float]) -> dict[str, Any]:
    """What a fit says of the coefficient at one place."""
    return {
        "coef": fit.coef[place],
        "se": fit.se[place],
        "estimate": estimates[place],
        "low": fit.low[place],
        "high": fit.high[place],
        "statistic": statistics[place],
        "p": fit.p[place],
    }


def beside_rows(
    model: Model,
    analysis: Regression,
    protocol: Protocol,
    *,
    numbers: Mapping[str, Numbers],
    sd: float,
    common: Mapping[str, Any],
) -> list[Row]:
    """The rows that the analysis asks for beside the term's own: per standard deviation, and of the covariates.

    `numbers` are those of each term, `sd` the term's standard deviation, `common` what all rows of the model share.
    """
    cell, rows = model.cell, []
    if analysis.standardised:
        per_sd = replace(cell, term=f"{cell.term}/{PER_SD}", covariate_unit="per standard deviation")
        told = {"standard_deviation": sd, "of": cell.covariate_unit}
        rows.append(per_sd.fill(**common, **scale_numbers(numbers[cell.term], sd, cell.measure), checks=told))
    if analysis.show_covariates:
        for name in cell.adjusted_for:
            others = tuple(other for other in model.terms if other != name)
            unit = covariate_of(protocol, name).unit
            beside = replace(cell, term=f"{cell.term}/{name}", covariate_unit=unit, adjusted_for=others)
            rows.append(beside.fill(**common, **numbers[name]))
    return rows


def scale_numbers(numbers: Numbers, times: float, measure: str) -> dict[str, Any]:
    """The same estimate for `times` units of the covariate."""
    scaled = dict(numbers)
    for name in ("coef", "se"):
        scaled[name] = _times(numbers[name], times)
    for name in ("estimate", "low", "high"):
        scaled[name] = (_power if measure in _RATIOS else _times)(numbers[name], times)
    return scaled


def _times(value: float | None, times: float) -> float | None:
    return None if value is None else value * times


def _power(value: float | None, times: float) -> float | None:
    return None if value is None or not value >= 0 or math.isinf(value) else value**times
