"""What errors and degrees of freedom of a mixed model need: how its variance reacts to the variance components.

The components are the entries of the random effects' covariance (the upper triangle, row by row; the diagonal alone
where they are uncorrelated) and, last, the residual variance; the variance of the outcome is linear in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.stats.arrays import FloatArray
from lutrace.stats.regression.mixed_likelihood import GroupSums, MixedPoint, compute_slope, turn

_ABSENT = 1e-6
"""Relative standard deviation below which a diagonal entry of the factor counts as on the boundary."""


@dataclass(frozen=True, eq=False)
class Moments:
    """With V_r the derivative of the outcome's variance V in component r, and e the residuals of the fixed effects.

    `single[r]` = [X, e]' V^-1 V_r V^-1 [X, e]; `double[r][s]` = [X, e]' V^-1 V_r V^-1 V_s V^-1 [X, e];
    `traces[r, s]` = tr(V^-1 V_r V^-1 V_s).
    """

    covariance: FloatArray
    """Of the fixed effects, (p, p)."""
    single: FloatArray
    double: FloatArray
    traces: FloatArray
    is_reml: bool

    @property
    def p(self) -> int:
        """Fixed effects."""
        return int(self.covariance.shape[0])

    @property
    def slopes(self) -> FloatArray:
        """X' V^-1 V_r V^-1 X by component, (r, p, p): minus the derivative of the inverse covariance."""
        return self.single[:, : self.p, : self.p]

    @property
    def expected(self) -> FloatArray:
        """Twice the expected restricted information of the components, (r, r)."""
        products = np.einsum("rab,bc->rac", self.slopes, self.covariance)
        crossed = np.einsum("rab,sba->rs", products, products)
        inner = np.einsum("ab,rsba->rs", self.covariance, self.double[:, :, : self.p, : self.p])
        return np.asarray(self.traces - 2 * inner + crossed, dtype=np.float64)

    @property
    def observed(self) -> FloatArray:
        """The observed (restricted) information of the components, (r, r)."""
        arm = self.single[:, : self.p, self.p]
        bend = self.double[:, :, self.p, self.p] - arm @ self.covariance @ arm.T
        return np.asarray(bend - (self.expected if self.is_reml else self.traces) / 2, dtype=np.float64)


def component_places(sums: GroupSums) -> list[tuple[int, int]]:
    """Row and column, i <= j, of each entry of the covariance that is a component."""
    return [(i, j) for i in range(sums.q) for j in range(i, sums.q) if i == j or not sums.is_diagonal]


def free_places(point: MixedPoint) -> list[tuple[int, int]]:
    """The entries of the factor that are free at a point: those of columns that are not on the boundary."""
    size = np.diag(point.factor)
    return [(i, j) for i, j in point.sums.places if i != j or size[i] > _ABSENT]


def compute_moments(point: MixedPoint) -> Moments:
    """The moments at a point."""
    sums, turned = point.sums, turn(point)
    s, t = turned.s, turned.t
    directions = [_direction(sums.q, place) for place in component_places(sums)]
    r, width = len(directions) + 1, sums.p + 1
    single, double, traces = np.zeros((r, width, width)), np.zeros((r, r, width, width)), np.zeros((r, r))
    for a, e in enumerate(directions):
        single[a] = np.einsum("gia,ij,gjb->ab", t, e, t, optimize=True)
        single_end = np.einsum("gia,ij,gjb->ab", t, e, turned.t2, optimize=True)
        double[a, -1], double[-1, a] = single_end, single_end.T
        traces[a, -1] = traces[-1, a] = np.einsum("ij,gji->", e, turned.s2)
        for b, f in enumerate(directions):
            double[a, b] = np.einsum("gia,ij,gjk,kl,glb->ab", t, e, s, f, t, optimize=True)
            traces[a, b] = np.einsum("gij,jk,gkl,li->", s, e, s, f, optimize=True)
    to_residual = np.eye(width)
    to_residual[: sums.p, sums.p] = -point.coef
    plain = to_residual.T @ sums.ff @ to_residual - _bracket(turned.ze, point.inner, turned.ze)
    single[-1] = plain - _bracket(t, point.inner, turned.ze)
    double[-1, -1] = single[-1] - _bracket(turned.t2, point.inner, turned.ze)
    turns = point.inner @ sums.zz
    traces[-1, -1] = sums.n - 2 * np.einsum("gii->", turns) + np.einsum("gij,gji->", turns, turns)
    scale = point.sigma2
    return Moments(point.inverse * scale, single / scale**2, double / scale**3, traces / scale**2, sums.is_reml)


def compute_curvature(point: MixedPoint, free: list[tuple[int, int]]) -> tuple[FloatArray, FloatArray]:
    """Slope and observed information in free entries of the absolute factor K (covariance K K') and sigma^2, last."""
    slope = compute_slope(point, turn(point))
    absolute = point.factor * np.sqrt(point.sigma2)
    jacobian = compute_jacobian(point, free)
    information = jacobian.T @ compute_moments(point).observed @ jacobian
    for a, (i, j) in enumerate(free):
        for b, (k, m) in enumerate(free):
            if j == m:
                information[a, b] -= 2 * slope[i, k]
    gradient = 2 * slope @ absolute
    return np.array([*(gradient[place] for place in free), 0.0]), information


def compute_jacobian(point: MixedPoint, free: list[tuple[int, int]]) -> FloatArray:
    """The derivatives of the components in the free entries of the absolute factor and in sigma^2, last."""
    q, places = point.sums.q, component_places(point.sums)
    absolute = point.factor * np.sqrt(point.sigma2)
    jacobian = np.zeros((len(places) + 1, len(free) + 1))
    jacobian[-1, -1] = 1.0
    for column, (i, j) in enumerate(free):
        change = np.zeros((q, q))
        change[i, :] += absolute[:, j]
        change[:, i] += absolute[:, j]
        jacobian[:-1, column] = [change[place] for place in places]
    return jacobian


def _direction(q: int, place: tuple[int, int]) -> FloatArray:
    direction = np.zeros((q, q))
    direction[place] = direction[place[::-1]] = 1.0
    return direction


def _bracket(left: FloatArray, inner: FloatArray, right: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("gia,gij,gjb->ab", left, inner, right, optimize=True), dtype=np.float64)
