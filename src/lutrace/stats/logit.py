"""The binomial likelihood with a logit link: its sums at given coefficients, and where it is largest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import expit

from lutrace.stats.arrays import FloatArray
from lutrace.stats.newton import Maximum, Sums, maximise_sums


def compute_logit_sums(
    matrix: FloatArray,
    outcome: FloatArray,
    coef: FloatArray,
    *,
    weights: FloatArray | None = None,
    offset: FloatArray | float = 0.0,
) -> Sums:
    """Log likelihood, gradient and information at `coef` of outcomes 0 to 1 (n,) on the columns of `matrix` (n, p).

    `weights` (n,) are case weights, `offset` (n,) is the known part of the log odds.

    >>> sums = compute_logit_sums(np.ones((4, 1)), np.array([1.0, 0, 0, 0]), np.zeros(1))
    >>> [round(float(value), 4) for value in (sums.loglik, sums.gradient[0], sums.information[0, 0])]
    [-2.7726, -1.0, 1.0]
    """
    score = matrix @ coef + offset
    probability = expit(score)
    case = np.ones(outcome.size) if weights is None else weights
    loglik = float(case @ (outcome * score - np.logaddexp(0.0, score)))
    spread = case * probability * expit(-score)
    return Sums(loglik, matrix.T @ (case * (outcome - probability)), (matrix * spread[:, None]).T @ matrix)


def maximise_logit(
    matrix: FloatArray, outcome: FloatArray, terms: Sequence[str], *, weights: FloatArray | None = None
) -> Maximum:
    """The most likely coefficients of outcomes 0 or 1 on the columns of `matrix`.

    Raises:
        EstimationError: a column is a combination of others, or the columns separate the outcomes.

    >>> found = maximise_logit(np.ones((4, 1)), np.array([1.0, 0, 0, 0]), ["intercept"])
    >>> round(float(expit(found.coef[0])), 12)
    0.25
    """
    return maximise_sums(lambda coef: compute_logit_sums(matrix, outcome, coef, weights=weights), terms)
