"""What a Cox model rests on: its rows in order and the sums at the estimate, for residuals, errors and checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lutrace.stats.arrays import FloatArray, IntArray, covariate_matrix, label_codes, sum_by
from lutrace.stats.cox.risk_order import CoxRows, RiskOrder, Ties, find_risk_order
from lutrace.stats.cox.risk_sums import RiskSums
from lutrace.stats.survival.observations import Survival


@dataclass(frozen=True, eq=False)
class CoxInput:
    """The n rows of a model as given, the same in order, and the mean and scale taken out of each covariate."""

    survival: Survival
    covariates: FloatArray
    strata: Any
    rows: CoxRows
    order: RiskOrder
    mean: FloatArray
    scale: FloatArray

    def select(self, taken: IntArray) -> tuple[Survival, FloatArray, Any, CoxRows]:
        """Follow-up, covariates, strata, and weights and offsets of some rows, by number."""
        strata, weights, offset = (
            None if column is None else np.asarray(column)[taken]
            for column in (self.strata, self.rows.weights, self.rows.offset)
        )
        return self.survival.select(taken), self.covariates[taken], strata, CoxRows(weights=weights, offset=offset)


def prepare_cox(
    survival: Survival, covariates: Any, *, terms: Sequence[str], strata: Any, ties: Ties, rows: CoxRows | None
) -> CoxInput:
    """The checked input of a Cox model; errors are those of `fit_cox`."""
    matrix = covariate_matrix(covariates, terms, survival.n)
    order, mean, scale = find_risk_order(survival, matrix, strata=strata, ties=ties, rows=rows)
    return CoxInput(survival, matrix, strata, rows or CoxRows(), order, mean, scale)


@dataclass(frozen=True, eq=False)
class CoxBasis:
    """A model's input, its sums at the estimate, and the inverse of its (penalised) information.

    `inverse` is per standard deviation of the covariates, all that the properties give is per unit.
    """

    given: CoxInput
    sums: RiskSums
    at_zero: RiskSums
    inverse: FloatArray

    @cached_property
    def weights(self) -> FloatArray | None:
        """Case weights (n,), None where all are 1."""
        return None if self.given.order.weights is None else np.asarray(self.given.rows.weights, dtype=np.float64)

    @cached_property
    def clusters(self) -> IntArray | None:
        """Cluster of each row as a number from 0, None when each row stands alone."""
        labels = self.given.rows.clusters
        return None if labels is None else label_codes(labels, "clusters", self.given.survival.n)

    @cached_property
    def n_clusters(self) -> int | None:
        """Clusters, None when each row stands alone."""
        return None if self.clusters is None else int(self.clusters.max()) + 1

    @property
    def is_robust(self) -> bool:
        """Whether errors must be robust: rows form clusters, or weights are not whole numbers."""
        return self.clusters is not None or (self.weights is not None and bool((self.weights % 1 != 0).any()))

    @cached_property
    def martingale(self) -> FloatArray:
        """Events less expected events of each row, (n,)."""
        residual = self.spread_over_rows(self.sums.residual)
        return residual if self.weights is None else residual / self.weights

    @cached_property
    def weighted_score(self) -> FloatArray:
        """Score residuals times case weights, (n, p)."""
        return self.spread_over_rows(compute_weighted_score(self.sums)) * self.given.scale

    @cached_property
    def dfbeta(self) -> FloatArray:
        """About the change of each coefficient by each row, times its case weight, (n, p)."""
        changes: FloatArray = self.weighted_score / self.given.scale @ self.inverse / self.given.scale
        return changes

    @cached_property
    def robust_covariance(self) -> FloatArray:
        """The sandwich covariance of the coefficients, by clusters (Lin and Wei 1989), (p, p)."""
        parts = self.sum_clusters(self.dfbeta)
        return np.asarray(parts.T @ parts, dtype=np.float64)

    @cached_property
    def risk_score(self) -> FloatArray:
        """The linear predictor, (n,), equal where covariates are equal."""
        score = np.zeros(self.given.survival.n)
        for column, coef in zip(self.given.covariates.T, self.sums.coef / self.given.scale, strict=True):
            score += column * coef
        return score if self.given.rows.offset is None else score + np.asarray(self.given.rows.offset)

    def compute_robust_score(self) -> float:
        """The score statistic at zero coefficients against the spread of the clusters' scores."""
        parts = self.sum_clusters(self.spread_over_rows(compute_weighted_score(self.at_zero)))
        total = parts.sum(axis=0)
        return float(total @ np.linalg.solve(parts.T @ parts, total))

    def spread_over_rows(self, values: FloatArray) -> FloatArray:
        """Values of the ordered rows, (m,) or (m, p), put where the rows were given; 0 for rows never at risk."""
        spread = np.zeros((self.given.survival.n, *values.shape[1:]))
        spread[self.given.order.rows] = values
        return spread

    def sum_clusters(self, values: FloatArray) -> FloatArray:
        """The sums of row values (n, p) over clusters; the values where each row stands alone."""
        return values if self.clusters is None else sum_by(values, self.clusters)


def compute_weighted_score(found: RiskSums) -> FloatArray:
    """Score residuals times case weights, (m, p), in the order and the scale of the model's rows.

    Source: Lin and Wei 1989; with Efron's ties the mean over the tied events' reduced risk sets.
    """
    order, groups = found.order, found.order.groups
    drift = order.collect(found.hazard_moments)
    own = found.sums[groups.tied] * found.squares.share[:, None] - found.tied_sums * found.squares.square[:, None]
    drift[groups.tied_event] -= np.repeat(own, groups.n_tied, axis=0)
    drift *= found.risk[:, None]
    residuals: FloatArray = order.covariates * found.residual[:, None] + drift
    means = np.repeat(found.mean_covariates, groups.n_events, axis=0)
    if order.weights is not None:
        means = means * order.weights[groups.event_rows, None]
    residuals[groups.event_rows] -= means
    return residuals
