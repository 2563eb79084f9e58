"""How well a Cox or logistic model tells patients apart, corrected for what it owes to its own data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, label_codes
from lutrace.stats.cox.firth import fit_cox_or_firth
from lutrace.stats.cox.fit import fit_cox
from lutrace.stats.cox.likelihood import MonotoneLikelihoodError
from lutrace.stats.cox.refits import refit_cox
from lutrace.stats.cox.risk_order import CoxRows, Ties
from lutrace.stats.multiplicity.resampling import Optimism, compute_optimism
from lutrace.stats.regression.logistic import CaseRows, fit_firth_logistic, fit_logistic
from lutrace.stats.regression.separation import SeparationError
from lutrace.stats.survival.concordance import compute_concordance
from lutrace.stats.survival.observations import Survival


def compute_cox_optimism(
    survival: Survival,
    covariates: Any,
    *,
    terms: Sequence[str],
    seed: int,
    n_samples: int = 200,
    strata: Any = None,
    ties: Ties = "efron",
    rows: CoxRows | None = None,
) -> Optimism:
    """Harrell's concordance of a Cox model, apparent and corrected for optimism by bootstrap.

    Rows of one cluster are drawn together. A sample whose events are separated is fitted with Firth's penalty, as
    `fit_cox_or_firth` does. Arguments are those of `fit_cox`, and `seed` and `n_samples` of `compute_optimism`.

    Raises:
        UnusableInputError, EstimationError: what `fit_cox` and `compute_optimism` raise.

    Source: Harrell, Lee and Mark 1996, Stat Med 15:361.

    >>> from lutrace.stats import survival_of
    >>> follow_up = survival_of([4, 3, 1, 1, 2, 2, 3, 5, 6, 7], [1, 1, 1, 0, 1, 1, 0, 1, 1, 0])
    >>> x = [0, 2, 1, 1, 1, 0, 0, 0, 1, 0]
    >>> found = compute_cox_optimism(follow_up, x, terms=["x"], seed=1, n_samples=20)
    >>> found.corrected < found.apparent
    True
    """
    matrix, known = _as_matrix(covariates, survival.n), rows or CoxRows()
    groups = None if strata is None else np.asarray(strata)
    n_units, rows_of = _find_units(known.clusters, survival.n)

    def fit(drawn: IntArray) -> FloatArray:
        taken = rows_of(drawn)
        here = CoxRows(_at(known.weights, taken), None, _at(known.offset, taken))
        strata_here = _at(groups, taken)
        found = fit_cox_or_firth(
            survival.select(taken), matrix[taken], terms=terms, strata=strata_here, ties=ties, rows=here
        )
        return np.array(found.coef)

    def fit_together(samples: Sequence[IntArray]) -> Sequence[FloatArray | None]:
        try:
            whole = fit_cox(survival, matrix, terms=terms, strata=strata, ties=ties, rows=known)
        except MonotoneLikelihoodError:
            return [None] * len(samples)
        return [
            None if np.isnan(coef).any() else coef for coef in refit_cox(whole, [rows_of(drawn) for drawn in samples])
        ]

    def score(coef: FloatArray, drawn: IntArray) -> float:
        taken = rows_of(drawn)
        risk = matrix[taken] @ coef
        here = survival.select(taken)
        return compute_concordance(here, risk, strata=_at(groups, taken), weights=_at(known.weights, taken)).estimate

    return compute_optimism(fit, score, n=n_units, seed=seed, n_samples=n_samples, fit_together=fit_together)


def compute_logistic_optimism(
    outcome: Any,
    covariates: Any,
    *,
    terms: Sequence[str],
    seed: int,
    n_samples: int = 200,
    rows: CaseRows | None = None,
) -> Optimism:
    """The area under the curve of a logistic model, apparent and corrected for optimism by bootstrap.

    Rows of one cluster are drawn together. A sample whose events are separated is fitted with Firth's penalty.
    Arguments are those of `fit_logistic`, and `seed` and `n_samples` of `compute_optimism`.

    Raises:
        UnusableInputError, EstimationError: what `fit_logistic` and `compute_optimism` raise.

    Source: Harrell, Lee and Mark 1996, Stat Med 15:361.

    >>> found = compute_logistic_optimism([0, 0, 1, 0, 1, 1], [1, 2, 3, 4, 5, 6], terms=["x"], seed=1, n_samples=20)
    >>> round(found.apparent, 3)  # 8 of 9 pairs
    0.889
    """
    event, known = np.asarray(outcome, dtype=np.float64), rows or CaseRows()
    matrix = _as_matrix(covariates, event.size)
    n_units, rows_of = _find_units(known.clusters, event.size)
    # Events at one time and the rest after it: the pairs that concordance compares are those of the area.
    order = Survival(np.where(event == 1, 1.0, 2.0), event == 1, None)

    def fit(drawn: IntArray) -> FloatArray:
        taken = rows_of(drawn)
        here = CaseRows(_at(known.weights, taken), _at(known.offset, taken))
        try:
            found = fit_logistic(event[taken], matrix[taken], terms=terms, interval="wald", rows=here)
        except SeparationError:
            found = fit_firth_logistic(event[taken], matrix[taken], terms=terms, rows=here)
        return np.array(found.coef[1:])

    def score(coef: FloatArray, drawn: IntArray) -> float:
        taken = rows_of(drawn)
        here = order.select(taken)
        return compute_concordance(here, matrix[taken] @ coef, weights=_at(known.weights, taken)).estimate

    return compute_optimism(fit, score, n=n_units, seed=seed, n_samples=n_samples)


def _find_units(clusters: Any, n: int) -> tuple[int, Callable[[IntArray], IntArray]]:
    """How many rows or clusters are drawn from, and the rows of those drawn."""
    if clusters is None:
        return n, lambda drawn: drawn
    codes = label_codes(clusters, "clusters", n)
    order = np.argsort(codes, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    return len(members), lambda drawn: np.concatenate([members[number] for number in drawn])


def _as_matrix(covariates: Any, n: int) -> FloatArray:
    matrix = np.asarray(covariates, dtype=np.float64)
    if matrix.ndim not in (1, 2) or matrix.shape[0] != n:
        raise UnusableInputError(f"covariates must hold {n} rows, got an array of shape {matrix.shape}")
    return matrix.reshape(n, -1)


def _at(column: Any, taken: IntArray) -> Any:
    return None if column is None else np.asarray(column)[taken]
