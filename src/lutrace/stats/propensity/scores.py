"""The probability of being treated given covariates, by logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from lutrace.core import EstimationError
from lutrace.stats.arrays import BoolArray, FloatArray, covariate_matrix, finite_vector, refuse_rows
from lutrace.stats.logit import maximise_logit

INTERCEPT = "intercept"
_EXTREME = 0.02
"""Scores within this of 0 or 1 are counted in the warnings: few comparable patients stand for many."""


@dataclass(frozen=True, eq=False)
class PropensityScores:
    """Each of n patients' probability of being treated, `score` (n,), and the model that gave it.

    `coef` runs over `terms`, the intercept first; `design` (n, p) holds the columns they multiply.
    """

    treated: BoolArray
    score: FloatArray
    terms: tuple[str, ...]
    coef: FloatArray
    covariance: FloatArray
    design: FloatArray
    warnings: tuple[str, ...]
    method: str

    @property
    def n(self) -> int:
        """Patients."""
        return int(self.treated.size)

    @property
    def n_treated(self) -> int:
        """Treated patients."""
        return int(self.treated.sum())

    @property
    def model_scores(self) -> FloatArray:
        """Each patient's part of the score equations of the model, (n, p)."""
        return self.design * (self.treated - self.score)[:, None]


def treated_of(treated: Any, n: int | None = None) -> BoolArray:
    """Treatment as yes or no, one entry per patient, both present.

    Raises:
        UnusableInputError: an entry is not 0 or 1.
        EstimationError: nobody, or everybody, is treated.
    """
    given = finite_vector(treated, "treated", size=n)
    refuse_rows(~np.isin(given, (0.0, 1.0)), "treated must be 0 or 1")
    if not 0 < given.sum() < given.size:
        raise EstimationError(
            f"{int(given.sum())} of {given.size} patients are treated: there is nobody to compare with"
        )
    return given.astype(np.bool_)


def fit_propensity(treated: Any, covariates: Any, *, terms: Sequence[str]) -> PropensityScores:
    """Propensity scores: the probability of being treated, by logistic regression on covariates from before treatment.

    Args:
        treated: 1 for treated, 0 for control, shape (n,).
        covariates: shape (n, p), without gaps; quadratic terms or splines are columns of their own.
        terms: the p names.

    Raises:
        UnusableInputError: shapes differ, or a value is missing.
        EstimationError: one group is empty, covariates repeat one another, or they separate the groups (then some
            patients have no counterpart, and no weight can make one).

    Source: Rosenbaum and Rubin 1983, Biometrika 70:41.

    >>> fit_propensity([1, 0, 1, 0, 1, 0], [1, 1, 1, 0, 0, 0], terms=["x"]).score.round(4)[[0, 3]].tolist()
    [0.6667, 0.3333]
    """
    group = treated_of(treated)
    matrix = covariate_matrix(covariates, terms, group.size)
    design = np.column_stack([np.ones(group.size), matrix])
    names = (INTERCEPT, *terms)
    found = maximise_logit(design, group.astype(np.float64), names)
    score = np.asarray(expit(design @ found.coef), dtype=np.float64)
    fewer = min(group.sum(), group.size - group.sum())
    warnings = []
    if fewer < 10 * len(terms):
        warnings.append(f"{fewer / len(terms):.1f} patients of the smaller group per covariate, below 10")
    n_extreme = int(((score < _EXTREME) | (score > 1 - _EXTREME)).sum())
    if n_extreme:
        warnings.append(
            f"{n_extreme} of {group.size} scores are below {_EXTREME} or above {1 - _EXTREME}: weak overlap"
        )
    return PropensityScores(
        group,
        score,
        names,
        found.coef,
        found.covariance,
        design,
        tuple(warnings),
        "propensity score by logistic regression, maximum likelihood",
    )
