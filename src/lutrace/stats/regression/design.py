"""The covariates of a model with an intercept, checked: columns of full rank, or the ones that repeat others named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import EstimationError
from lutrace.stats.arrays import FloatArray, covariate_matrix

INTERCEPT = "intercept"
_REPEATED = 1e-9
"""Share of a column's own length that the columns before it leave over, below which it counts as a repetition."""


@dataclass(frozen=True, eq=False)
class Design:
    """A column of ones and the covariates, (n, p), and as an orthonormal basis times a triangle, `basis @ turn`."""

    terms: tuple[str, ...]
    matrix: FloatArray
    basis: FloatArray
    turn: FloatArray

    @property
    def n(self) -> int:
        """Rows."""
        return int(self.matrix.shape[0])

    @property
    def p(self) -> int:
        """Coefficients, the intercept's with them."""
        return int(self.matrix.shape[1])


def design_of(covariates: Any, terms: Sequence[str], n: int) -> Design:
    """The design of n rows on the covariates, (n, k), named by `terms`, behind an intercept.

    Raises:
        UnusableInputError: shapes differ, a term is named twice, or a value is missing.
        EstimationError: a covariate does not vary, or repeats others, or there are no more rows than coefficients.
    """
    columns = covariate_matrix(covariates, terms, n) if terms else np.empty((n, 0))
    matrix = np.column_stack([np.ones(n), columns])
    if n <= matrix.shape[1]:
        raise EstimationError(f"{n} rows cannot carry {matrix.shape[1]} coefficients; use fewer covariates")
    basis, turn = np.linalg.qr(matrix)
    for name, column, left in zip(terms, columns.T, np.abs(np.diag(turn))[1:], strict=True):
        if (column == column[0]).all():
            raise EstimationError(f"{name} does not vary over the {n} rows; leave it out")
        if left <= _REPEATED * float(np.linalg.norm(column)):
            raise EstimationError(f"{name} is a combination of the intercept and the terms before it; leave one out")
    return Design((INTERCEPT, *terms), matrix, np.asarray(basis), np.asarray(turn))
