"""Two cohorts side by side: means, shares, standardised differences of their covariates, before and after weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import Row
from lutrace.models.outcome import covariate_of
from lutrace.models.results import finite_or_none, rows_of
from lutrace.protocol import ComparisonAnalysis, Protocol
from lutrace.stats import Denominator, compute_balance

UNBALANCED = 0.1
"""Absolute standardised difference above which a covariate is marked (Austin 2009, Stat Med 28:3083)."""
NO_WEIGHTS = "none"


@dataclass(frozen=True, eq=False)
class Cohorts:
    """Rows of the analysis set of two cohorts, those of the first before those of the second, all complete.

    `treated` marks the first cohort; `n_missing` are the patients of each who lack a value and are left out.
    """

    rows: tuple[Row, ...]
    treated: Any
    n_missing: tuple[int, int]

    @property
    def sizes(self) -> tuple[int, int]:
        """Patients of the first and of the second cohort."""
        return int(self.treated.sum()), int((~self.treated).sum())

    def is_yes_or_no(self, term: str) -> bool:
        """Whether a covariate has no other values than 1 and 0."""
        return {float(row[term]) for row in self.rows} <= {0.0, 1.0}

    def matrix(self, terms: Sequence[str]) -> Any:
        """The covariates as numbers, (n, p)."""
        return np.array([[float(row[term]) for term in terms] for row in self.rows]).reshape(-1, len(terms))


@dataclass(frozen=True, eq=False)
class Weighted:
    """Weights of the rows of two cohorts, the name that readers know them by, and what differences are divided by."""

    name: str
    weights: Any
    denominator: Denominator


def join_cohorts(analysis: ComparisonAnalysis, rows: Sequence[Row], needed: Sequence[str]) -> Cohorts:
    """The patients of both populations of a comparison who have all that is `needed`."""
    whole = [rows_of(rows, population) for population in analysis.populations]
    known = [[row for row in cohort if all(row.get(name) is not None for name in needed)] for cohort in whole]
    missing = [len(cohort) - len(found) for cohort, found in zip(whole, known, strict=True)]
    treated = np.repeat([True, False], [len(found) for found in known])
    return Cohorts((*known[0], *known[1]), treated, (missing[0], missing[1]))


def balance_cohorts(analysis: ComparisonAnalysis, rows: Sequence[Row], protocol: Protocol) -> list[Row]:
    """Rows of BALANCES of each covariate of the analysis, unweighted, over the patients of each cohort who have it."""
    made = []
    for name in analysis.balance:
        cohorts = join_cohorts(analysis, rows, (name,))
        if all(cohorts.sizes):
            made += balance_rows(analysis, cohorts, (name,), protocol=protocol)
        else:
            place = _place(analysis, cohorts, name, protocol=protocol, weights=NO_WEIGHTS)
            told = {"unbalanced": True, "method": "one cohort has no patient with a value"}
            made.append(place | dict.fromkeys(_NUMBERS) | told)
    return made


_NUMBERS = ("mean_first", "mean_second", "difference", "variance_ratio")


def balance_rows(
    analysis: ComparisonAnalysis,
    cohorts: Cohorts,
    terms: Sequence[str],
    *,
    protocol: Protocol,
    weighted: Weighted | None = None,
) -> list[Row]:
    """Rows of BALANCES of complete covariates: before weighting, and with weights also after."""
    weights = np.ones(len(cohorts.rows)) if weighted is None else weighted.weights
    denominator: Denominator = "pooled" if weighted is None else weighted.denominator
    found = compute_balance(
        cohorts.treated, cohorts.matrix(terms), terms=terms, weights=weights, denominator=denominator
    )
    made = []
    for one in found.terms:
        name = NO_WEIGHTS if weighted is None else weighted.name
        place = _place(analysis, cohorts, one.term, protocol=protocol, weights=name)
        for stage in ("before",) if weighted is None else ("before", "after"):
            side = one.before if stage == "before" else one.after
            numbers = (side.mean_treated, side.mean_controls, side.standardised, side.variance_ratio)
            made.append(
                {
                    **place,
                    "stage": stage,
                    **dict(zip(_NUMBERS, map(finite_or_none, numbers), strict=True)),
                    "unbalanced": not abs(side.standardised) <= UNBALANCED,
                    "method": found.method,
                }
            )
    return made


def _place(analysis: ComparisonAnalysis, cohorts: Cohorts, term: str, *, protocol: Protocol, weights: str) -> Row:
    """Which row of BALANCES, and of how many patients it is."""
    return {
        "analysis": analysis.name,
        "population": analysis.pair,
        "term": term,
        "unit": covariate_of(protocol, term).unit,
        "is_share": cohorts.is_yes_or_no(term),
        "weights": weights,
        "stage": "before",
        "n_first": cohorts.sizes[0],
        "n_second": cohorts.sizes[1],
        "missing_first": cohorts.n_missing[0],
        "missing_second": cohorts.n_missing[1],
        "ascertainment": analysis.ascertainment_differs.get(term),
    }
