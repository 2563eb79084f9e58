"""The binomial likelihood with a logit link: its sums at given coefficients, and where it is largest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from lutrace.core import EstimationError
from lutrace.stats.arrays import FloatArray

_MAX_STEPS = 60
_SETTLED = 1e-11
"""Last step, in standard deviations of each column, at which the maximum counts as found."""
_SPENT = 1e-9
"""Share of the information at zero below which a direction is one in which the likelihood only grows."""
_REPEATED = 1e-10
"""Smallest eigenvalue of the scaled information at which columns count as combinations of one another."""


@dataclass(frozen=True, eq=False)
class LogitSums:
    """The log likelihood at given coefficients, its gradient (p,) and its information (p, p): sums over rows."""

    loglik: float
    gradient: FloatArray
    information: FloatArray


@dataclass(frozen=True, eq=False)
class LogitMaximum:
    """The most likely coefficients (p,), their sums, and the probabilities that they give the rows (n,)."""

    coef: FloatArray
    sums: LogitSums
    probability: FloatArray

    @property
    def covariance(self) -> FloatArray:
        """The inverse information, (p, p)."""
        scale = np.sqrt(np.diag(self.sums.information))
        return np.asarray(np.linalg.inv(self.sums.information / np.outer(scale, scale)) / np.outer(scale, scale))


def compute_logit_sums(
    matrix: FloatArray, outcome: FloatArray, coef: FloatArray, *, weights: FloatArray | None = None
) -> LogitSums:
    """Log likelihood, gradient and information at `coef` of outcomes 0 or 1 (n,) on the columns of `matrix` (n, p).

    `weights` (n,) are case weights. The sums of rows in several places add up to those of all rows.

    >>> sums = compute_logit_sums(np.ones((4, 1)), np.array([1.0, 0, 0, 0]), np.zeros(1))
    >>> [round(float(value), 4) for value in (sums.loglik, sums.gradient[0], sums.information[0, 0])]
    [-2.7726, -1.0, 1.0]
    """
    score = matrix @ coef
    probability = expit(score)
    case = np.ones(outcome.size) if weights is None else weights
    loglik = float(case @ (outcome * score - np.logaddexp(0.0, score)))
    spread = case * probability * expit(-score)
    return LogitSums(loglik, matrix.T @ (case * (outcome - probability)), (matrix * spread[:, None]).T @ matrix)


def maximise_logit(
    matrix: FloatArray, outcome: FloatArray, terms: Sequence[str], *, weights: FloatArray | None = None
) -> LogitMaximum:
    """The most likely coefficients, by Newton's method with halved steps.

    Raises:
        EstimationError: a column is a combination of others, or the columns separate the outcomes.

    >>> found = maximise_logit(np.ones((4, 1)), np.array([1.0, 0, 0, 0]), ["intercept"])
    >>> round(float(found.probability[0]), 12)
    0.25
    """
    spread = matrix.std(axis=0)
    scale = np.where(spread > 0, spread, np.abs(matrix).max(axis=0))
    columns = matrix / scale
    coef = np.zeros(columns.shape[1])
    found = compute_logit_sums(columns, outcome, coef, weights=weights)
    reference = np.sqrt(np.diag(found.information))
    _check(found.information, reference, terms, least=_REPEATED, fault="are combinations of one another; drop one")
    for _ in range(_MAX_STEPS):
        step = np.asarray(np.linalg.solve(found.information, found.gradient), dtype=np.float64)
        tried = compute_logit_sums(columns, outcome, coef + step, weights=weights)
        while not tried.loglik >= found.loglik - 1e-12 * abs(found.loglik):
            step = step / 2
            tried = compute_logit_sums(columns, outcome, coef + step, weights=weights)
        coef, found = coef + step, tried
        _check(found.information, reference, terms, least=_SPENT, fault="separate the outcomes; use Firth's penalty")
        if float(np.abs(step).max()) < _SETTLED:
            sums = LogitSums(found.loglik, found.gradient * scale, found.information * np.outer(scale, scale))
            return LogitMaximum(coef / scale, sums, expit(columns @ coef))
    raise EstimationError(f"the logistic model of {', '.join(terms)} does not settle; standardise or drop covariates")


def _check(information: FloatArray, reference: FloatArray, terms: Sequence[str], *, least: float, fault: str) -> None:
    """Refuse a direction that has (almost) no information, by the terms that have a part in it."""
    if (reference <= 0).any():
        missing = [term for term, size in zip(terms, reference, strict=True) if size <= 0]
        raise EstimationError(f"{', '.join(missing)} is 0 in every row; drop it")
    values, vectors = np.linalg.eigh(information / np.outer(reference, reference))
    if not values[0] > least:
        involved = [term for term, part in zip(terms, np.abs(vectors[:, 0]), strict=True) if part > 1e-3]
        raise EstimationError(f"covariates {', '.join(involved)} {fault}")
