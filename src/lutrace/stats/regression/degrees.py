"""Degrees of freedom and errors of contrasts of fixed effects: Satterthwaite's, and Kenward and Roger's."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from lutrace.stats.arrays import FloatArray
from lutrace.stats.regression.mixed_likelihood import MixedPoint
from lutrace.stats.regression.mixed_moments import (
    Moments,
    compute_curvature,
    compute_jacobian,
    compute_moments,
    free_places,
)

DfMethod = Literal["kenward-roger", "satterthwaite"]
_NULL = 1e-10
"""Share of the largest below which an eigenvalue counts as zero."""


@dataclass(frozen=True)
class FTest:
    """Wald's F of several contrasts together on `df_numerator` and `df` degrees of freedom."""

    statistic: float
    df_numerator: int
    df: float
    p: float
    method: str


@dataclass(frozen=True, eq=False)
class MixedBasis:
    """A fitted model in its orthonormal columns; `turn` (p, p) carries their coefficients to the covariates'."""

    point: MixedPoint = field(repr=False)
    turn: FloatArray = field(repr=False)

    @cached_property
    def moments(self) -> Moments:
        """How the outcome's variance reacts to the variance components."""
        return compute_moments(self.point)

    @cached_property
    def component_covariance(self) -> FloatArray:
        """Of the variance components, by the observed information; nothing for what is on the boundary."""
        free = free_places(self.point)
        information = compute_curvature(self.point, free)[1]
        scale = np.sqrt(np.abs(np.diag(information)))
        values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
        kept = values > _NULL * values[-1]
        half = vectors[:, kept] / np.sqrt(values[kept]) / scale[:, None]
        turned = compute_jacobian(self.point, free) @ half
        return np.asarray(turned @ turned.T, dtype=np.float64)

    @cached_property
    def kenward_roger_weights(self) -> FloatArray:
        """The components' covariance by the expected information, (r, r)."""
        return np.asarray(2 * np.linalg.inv(self.moments.expected), dtype=np.float64)

    @cached_property
    def adjusted(self) -> FloatArray:
        """Kenward and Roger's covariance of the fixed effects, in the orthonormal columns."""
        moments, p = self.moments, self.moments.p
        slopes, covariance = moments.slopes, moments.covariance
        bend = moments.double[:, :, :p, :p] - np.einsum("rab,bc,scd->rsad", slopes, covariance, slopes, optimize=True)
        excess = np.einsum("rs,rsab->ab", self.kenward_roger_weights, bend)
        added = covariance @ excess @ covariance
        return np.asarray(covariance + added + added.T, dtype=np.float64)

    def covariance(self, df_method: DfMethod) -> FloatArray:
        """The covariance that a method's tests use, in the orthonormal columns."""
        return self.adjusted if df_method == "kenward-roger" else self.moments.covariance

    def compute_df(self, row: FloatArray, df_method: DfMethod) -> float:
        """The degrees of freedom of one contrast of the orthonormal columns."""
        if df_method == "kenward-roger":
            return self._kenward_roger(row[None, :])[0]
        turned = self.moments.covariance @ row
        change = np.einsum("a,rab,b->r", turned, self.moments.slopes, turned)
        return float(2 * (row @ turned) ** 2 / (change @ self.component_covariance @ change))

    def compute_f(self, rows: FloatArray, difference: FloatArray, df_method: DfMethod) -> tuple[float, float]:
        """F and its denominator's degrees of freedom of q independent contrasts that differ from zero so much."""
        q = rows.shape[0]
        spread = rows @ self.covariance(df_method) @ rows.T
        wald = float(difference @ np.linalg.solve(spread, difference)) / q
        if df_method == "kenward-roger":
            df, scaling = self._kenward_roger(rows)
            return wald * scaling, df
        vectors = np.linalg.eigh(spread)[1]
        each = np.array([self.compute_df(row, df_method) for row in vectors.T @ rows])
        if np.ptp(each) < 1e-8:
            return wald, float(each.mean())
        expected = float((each / (each - 2)).sum()) if (each > 2).all() else np.inf
        return wald, 2.0 if np.isinf(expected) else 2 * expected / (expected - q)

    def _kenward_roger(self, rows: FloatArray) -> tuple[float, float]:
        """Degrees of freedom and scaling of F, by the moments of F to second order (their section 3)."""
        covariance, weights, q = self.moments.covariance, self.kenward_roger_weights, rows.shape[0]
        projected = rows.T @ np.linalg.solve(rows @ covariance @ rows.T, rows) @ covariance
        turned = np.einsum("ab,rbc,cd->rad", projected, self.moments.slopes, covariance, optimize=True)
        traces = np.einsum("raa->r", turned)
        first = float(traces @ weights @ traces)
        second = float(np.einsum("rs,rab,sba->", weights, turned, turned, optimize=True))
        b = (first + 6 * second) / (2 * q)
        g = ((q + 1) * first - (q + 4) * second) / ((q + 2) * second)
        bottom = 3 * q + 2 * (1 - g)
        top = 1 + g / bottom * b
        under, last = 1 - (q - g) / bottom * b, 1 - (q + 2 - g) / bottom * b
        left = 1 - second / q
        ratio = 1.0 if abs(left) < 1e-10 and abs(under) < 1e-10 else left / under
        rho = ratio**2 * (0.0 if abs(top) < 1e-10 else top) / last / q
        df = float(4 + (q + 2) / (q * rho - 1))
        return df, 1.0 if abs(df - 2) < 0.01 else float(df * left / (df - 2))
