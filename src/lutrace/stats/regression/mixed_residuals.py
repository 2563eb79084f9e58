"""What a linear mixed model leaves unexplained: deviations of the groups and residuals, and what they tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, finite_vector, label_codes
from lutrace.stats.description.correlation import Correlation, compute_spearman
from lutrace.stats.regression.mixed import MixedFit

_FEW = 8


@dataclass(frozen=True, eq=False)
class MixedResiduals:
    """Best linear unbiased predictions of a fitted model, (groups, q), and what is left of each row, (n,).

    `fitted` holds fixed and random effects, `residuals` the outcome less it, in the outcome's unit.
    """

    group_effects: FloatArray
    fitted: FloatArray
    residuals: FloatArray
    skewness: float
    excess_kurtosis: float
    share_beyond_two: float
    """Rows farther than two residual standard deviations from their prediction; of normal errors 4.6 %."""
    spread_with_level: Correlation | None
    """Spearman's correlation of the absolute residual with the fitted value; None where it cannot be formed."""


def compute_mixed_residuals(fit: MixedFit, outcome: Any, covariates: Any, groups: Any) -> MixedResiduals:
    """Predicted deviations of the groups and residuals of the rows that a mixed model was fitted to.

    Args:
        fit: of these rows.
        outcome: n numbers, as they were fitted.
        covariates: shape (n, p), the same.
        groups: label of each row's group, the same.

    Raises:
        UnusableInputError: not the rows of the fit.

    Source: Robinson 1991, Stat Sci 6:15 (prediction of random effects).

    >>> from lutrace.stats import RandomEffects, fit_mixed
    >>> patient, pain, cycle = [1, 1, 1, 2, 2, 2, 3, 3, 3], [5, 4, 4, 7, 6, 4, 3, 3, 2], [0, 1, 2] * 3
    >>> fit = fit_mixed(pain, cycle, terms=["cycle"], random=RandomEffects(patient))
    >>> found = compute_mixed_residuals(fit, pain, cycle, patient)
    >>> bool(abs(found.residuals.sum()) < 1e-9), len(found.group_effects)
    (True, 3)
    """
    y = finite_vector(outcome, "outcome", size=fit.n)
    matrix = np.column_stack([np.ones(fit.n), np.asarray(covariates, dtype=np.float64).reshape(fit.n, -1)])
    if matrix.shape[1] != len(fit.terms):
        raise UnusableInputError(f"expected the columns of the fit ({', '.join(fit.terms)})")
    codes = label_codes(groups, "groups", fit.n)
    rest = y - matrix @ np.asarray(fit.coef)
    random = matrix[:, [fit.terms.index(name) for name in fit.random_terms]]
    effects = np.zeros((fit.n_groups, random.shape[1]))
    for group in range(fit.n_groups):
        own = codes == group
        z = random[own]
        inner = z @ fit.random_covariance @ z.T + np.eye(int(own.sum())) * fit.residual_sd**2
        effects[group] = fit.random_covariance @ z.T @ np.linalg.solve(inner, rest[own])
    residuals = rest - (random * effects[codes]).sum(axis=1)
    centred = residuals - residuals.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    return MixedResiduals(
        effects,
        y - residuals,
        residuals,
        float(np.mean(centred**3)) / spread**3,
        float(np.mean(centred**4)) / spread**4 - 3,
        float(np.mean(np.abs(residuals) > 2 * fit.residual_sd)),
        _correlate_spread(residuals, y - residuals),
    )


def _correlate_spread(residuals: FloatArray, fitted: FloatArray) -> Correlation | None:
    size = np.abs(residuals)
    if size.size < _FEW or np.ptp(size) == 0 or np.ptp(fitted) == 0:
        return None
    return compute_spearman(fitted, size)
