"""What a model of a plain table gives: a row per estimate, the checks of the model, and what a reader must know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lutrace.core import Row, canonical_json
from lutrace.models.cox_checks import measure_influence
from lutrace.models.results import finite_or_none

INTERCEPT_UNIT = "all covariates 0"
NUMBERS = ("coef", "se", "robust_se", "estimate", "low", "high", "statistic", "df", "p")


@dataclass(frozen=True)
class PlainFit:
    """Rows as `estimate_row` makes them (curves have `time` beside them), checks with a name each, and warnings.

    `made` is a table for a next step (weights beside the patients, say), where the model makes one.
    """

    rows: tuple[Row, ...]
    checks: tuple[Row, ...] = ()
    warnings: tuple[str, ...] = ()
    made: tuple[Row, ...] = ()

    @property
    def records(self) -> tuple[Row, ...]:
        """Each estimate with the checks of its term and of its model, as JSON text: a row that stands for itself."""
        of_terms = {row["term"] for row in self.rows}
        return tuple(
            {
                **row,
                "checks": canonical_json(
                    [one for one in self.checks if one["term"] == row["term"] or one["term"] not in of_terms]
                ),
            }
            for row in self.rows
        )


def estimate_row(
    term: str, measure: str, *, unit: str, n: int | None, events: int | None, method: str, **numbers: Any
) -> Row:
    """One row: its numbers, empty where not given, not finite or not defined; further columns pass through."""
    known = {name: finite_or_none(numbers.pop(name, None)) for name in NUMBERS}
    return {
        "term": term,
        "measure": measure,
        **known,
        "unit": unit,
        "n": n,
        "events": events,
        "method": method,
        **numbers,
    }


def interval_row(term: str, measure: str, found: Any, *, unit: str, events: int | None = None, **more: Any) -> Row:
    """The row of a result that has `estimate`, `low`, `high`, `n` and `method`; `more` as of `estimate_row`."""
    for name in ("n", "method", "estimate", "low", "high"):
        more.setdefault(name, getattr(found, name, None))
    return estimate_row(term, measure, unit=unit, events=events, **more)


def coefficient_rows(
    fit: Any, measures: Sequence[str], units: Sequence[str], *, events: int | None, method: str = "", **numbers: Any
) -> tuple[Row, ...]:
    """A row per term of a model, which has `terms`, `n`, `method` (unless given), `coef`, `low`, `high` and `p`.

    Each of `numbers` runs over the terms, or is None for what there is not.
    """
    given = {name: values for name, values in numbers.items() if values is not None}
    given |= {name: getattr(fit, name) for name in ("coef", "low", "high", "p")}
    return tuple(
        estimate_row(
            term,
            measures[place],
            unit=units[place],
            n=fit.n,
            events=events,
            method=method or fit.method,
            **{name: values[place] for name, values in given.items()},
        )
        for place, term in enumerate(fit.terms)
    )


def mean_rows(fit: Any, unit: str, units: Sequence[str], **numbers: Any) -> tuple[Row, ...]:
    """The rows of a model of means in the unit of the outcome: the intercept, and differences per `units`."""
    measures = ["mean", *["mean_difference"] * len(units)]
    told = [f"{unit}, {INTERCEPT_UNIT}", *(f"{unit} {per}" for per in units)]
    return coefficient_rows(fit, measures, told, events=None, estimate=fit.coef, statistic=fit.t, **numbers)


def check_row(check: str, term: str, *, told: str = "", **numbers: Any) -> Row:
    """One check: what was checked, of which term (`model` for all), its numbers, and in words what it says."""
    return {
        "check": check,
        "term": term,
        "value": finite_or_none(numbers.get("value")),
        "statistic": finite_or_none(numbers.get("statistic")),
        "df": finite_or_none(numbers.get("df")),
        "p": finite_or_none(numbers.get("p")),
        "told": told,
    }


def cluster_rows(n_clusters: int | None) -> list[Row]:
    """How many clusters robust errors rest on; no row where there are none."""
    return [] if n_clusters is None else [check_row("clusters", "model", value=n_clusters)]


def influence_rows(fit: Any) -> list[Row]:
    """Per term of a fit with `influence`: how many rows move its coefficient much (value), and by how many errors."""
    rows = []
    for term in fit.terms:
        n, largest = measure_influence(fit, term)
        told = "no row moves it by more than 2 / sqrt(n) standard errors"
        if largest is not None:
            told = f"rows that move it by more than 2 / sqrt(n) standard errors; the largest by {largest:.2f}"
        rows.append(check_row("influential_rows", term, value=n, told=told))
    return rows


def say_left_out(name: str, n_all: int, missing: Sequence[tuple[str, int]]) -> tuple[str, ...]:
    """One warning on rows that are left out because a column that the model needs is empty in them."""
    if not missing:
        return ()
    told = ", ".join(f"{column} ({count})" for column, count in missing)
    return (f"{name}: of {n_all} rows these are left out for an empty cell: {told}",)
