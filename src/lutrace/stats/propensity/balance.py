"""How alike two groups are in their covariates, before and after weighting or matching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, covariate_matrix, finite_vector, refuse_rows
from lutrace.stats.propensity.scores import treated_of

Denominator = Literal["pooled", "treated", "controls"]
_DENOMINATOR: dict[Denominator, str] = {
    "pooled": "the root of the mean of both groups' unweighted variances",
    "treated": "the unweighted standard deviation of the treated",
    "controls": "the unweighted standard deviation of the controls",
}
UNBALANCED = 0.1
"""Absolute standardised difference above which a covariate counts as unbalanced (Austin 2009)."""


@dataclass(frozen=True)
class Difference:
    """One comparison: weighted means, their standardised difference, and the ratio of variances (treated / controls).

    `standardised` is NaN where the groups' means differ and nothing varies; `variance_ratio` is None for a covariate
    of 0 and 1, whose variance follows from its mean.
    """

    mean_treated: float
    mean_controls: float
    standardised: float
    variance_ratio: float | None


@dataclass(frozen=True)
class TermBalance:
    """One covariate before (each patient counts once) and after (each by its weight)."""

    term: str
    before: Difference
    after: Difference


@dataclass(frozen=True)
class Balance:
    """The balance of all covariates; `denominator` says in words what differences are divided by, before and after."""

    terms: tuple[TermBalance, ...]
    largest_before: float
    largest_after: float
    n_treated: int
    n_controls: int
    denominator: str
    warnings: tuple[str, ...]
    method: str


def compute_balance(
    treated: Any, covariates: Any, *, terms: Sequence[str], weights: Any, denominator: Denominator = "pooled"
) -> Balance:
    """Standardised mean differences and variance ratios before and after weighting (or matching, by its weights).

    One standard deviation serves before and after, that of the unweighted sample: pooled, or, for the effect in the
    treated (controls), theirs. The variance of a covariate of 0 and 1 is p (1 - p); of any other it has n - 1, and
    with weights w that sum to 1 it is sum w (x - mean)^2 / (1 - sum w^2).

    Raises:
        UnusableInputError: shapes differ, a value is missing, a weight is below 0, or a group has no weight.

    Source: Austin 2009, Stat Med 28:3083; definitions as R MatchIt `summary` (treated) and cobalt (pooled).

    >>> found = compute_balance([1, 1, 0, 0], [3, 5, 1, 5], terms=["x"], weights=[1, 1, 0, 1])
    >>> [round(one.standardised, 4) for one in (found.terms[0].before, found.terms[0].after)]
    [0.4472, -0.4472]
    """
    if denominator not in _DENOMINATOR:
        raise UnusableInputError(f"denominator must be one of {', '.join(_DENOMINATOR)}, got {denominator}")
    group = treated_of(treated)
    matrix = covariate_matrix(covariates, terms, group.size)
    case = finite_vector(weights, "weights", size=group.size)
    refuse_rows(case < 0, "a weight must be at or above 0")
    for name, rows in (("treated", group), ("control", ~group)):
        if not case[rows].sum() > 0:
            raise UnusableInputError(f"no {name} patient has a weight above 0; there is nothing to compare")
    found = tuple(
        _compare(term, column, group, case, denominator) for term, column in zip(terms, matrix.T, strict=True)
    )
    largest = [max(abs(getattr(one, side).standardised) for one in found) for side in ("before", "after")]
    unbalanced = [one.term for one in found if not abs(one.after.standardised) <= UNBALANCED]
    said = f"{', '.join(unbalanced)}: standardised difference above {UNBALANCED} after weighting"
    return Balance(
        found,
        largest[0],
        largest[1],
        int(group.sum()),
        int((~group).sum()),
        _DENOMINATOR[denominator],
        (said,) if unbalanced else (),
        f"standardised mean differences by {_DENOMINATOR[denominator]}, the same before and after",
    )


def _compare(term: str, column: FloatArray, group: Any, case: FloatArray, denominator: Denominator) -> TermBalance:
    is_binary = bool(np.isin(column, (0.0, 1.0)).all())
    once = np.ones_like(case)
    variance = [_variance(column[rows], once[rows], is_binary) for rows in (group, ~group)]
    divisor = {"pooled": (variance[0] + variance[1]) / 2, "treated": variance[0], "controls": variance[1]}[denominator]
    return TermBalance(
        term,
        _differ(column, group, once, is_binary=is_binary, divisor=divisor),
        _differ(column, group, case, is_binary=is_binary, divisor=divisor),
    )


def _differ(column: FloatArray, group: Any, case: FloatArray, *, is_binary: bool, divisor: float) -> Difference:
    means = [float(np.average(column[rows], weights=case[rows])) for rows in (group, ~group)]
    difference = means[0] - means[1]
    standardised = difference / float(np.sqrt(divisor)) if divisor > 0 else (0.0 if difference == 0 else float("nan"))
    spread = [_variance(column[rows], case[rows], is_binary) for rows in (group, ~group)]
    ratio = None if is_binary or not spread[1] > 0 else spread[0] / spread[1]
    return Difference(means[0], means[1], standardised, ratio)


def _variance(values: FloatArray, case: FloatArray, is_binary: bool) -> float:
    share = case / case.sum()
    mean = float(share @ values)
    if is_binary:
        return mean * (1 - mean)
    left = 1 - float(share @ share)
    return float(share @ (values - mean) ** 2) / left if left > 0 else float("nan")
