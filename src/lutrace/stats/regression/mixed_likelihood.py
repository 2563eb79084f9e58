"""The likelihood of a linear mixed model with one grouping factor, from the cross-products of its groups.

With random columns Z of a group and relative covariance L L', the group's variance is sigma^2 (I + Z L L' Z'), and
all that is needed of its inverse W0 = I - Z N Z' are products with Z: memory and time grow with the rows only once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.stats.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class GroupSums:
    """Cross-products: of the random columns by group, `zz` (g, q, q) and `zf` (g, q, p + 1), and in all, `ff`.

    The p fixed columns are orthonormal; behind them stands the outcome less its least-squares fit.
    """

    zz: FloatArray
    zf: FloatArray
    ff: FloatArray
    n: int
    p: int
    is_diagonal: bool
    """Whether random effects are uncorrelated."""
    is_reml: bool

    @property
    def n_groups(self) -> int:
        """Groups."""
        return int(self.zz.shape[0])

    @property
    def q(self) -> int:
        """Random effects of a group."""
        return int(self.zz.shape[1])

    @property
    def df(self) -> int:
        """What the residual sum of squares is divided by."""
        return self.n - self.p if self.is_reml else self.n

    @property
    def places(self) -> list[tuple[int, int]]:
        """Row and column of each free entry of L, column by column."""
        if self.is_diagonal:
            return [(i, i) for i in range(self.q)]
        return [(i, j) for j in range(self.q) for i in range(j, self.q)]


def sum_groups(
    random: FloatArray, fixed: FloatArray, codes: IntArray, *, is_diagonal: bool, is_reml: bool
) -> GroupSums:
    """The cross-products of (n, q) random and (n, p + 1) fixed columns, the outcome last, over groups from 0."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    z, f = random[order], fixed[order]
    products = z[:, :, None] * np.concatenate([z, f], axis=1)[:, None, :]
    sums = np.add.reduceat(products, starts, axis=0)
    q = z.shape[1]
    return GroupSums(sums[:, :, :q], sums[:, :, q:], f.T @ f, f.shape[0], f.shape[1] - 1, is_diagonal, is_reml)


@dataclass(frozen=True, eq=False)
class MixedPoint:
    """The model at a relative factor L, with coefficients and residual variance at their best for it."""

    sums: GroupSums
    factor: FloatArray
    coef: FloatArray
    """Of the orthonormal columns, (p,)."""
    inverse: FloatArray
    """(X' W0 X)^-1, (p, p): the coefficients' covariance over sigma^2."""
    sigma2: float
    inner: FloatArray
    """N of each group, (g, q, q)."""
    loglik: float

    @property
    def covariance(self) -> FloatArray:
        """Of the random effects, (q, q)."""
        return self.sigma2 * (self.factor @ self.factor.T)


def evaluate(sums: GroupSums, factor: FloatArray) -> MixedPoint:
    """The point of the profiled (restricted) log likelihood at a lower triangular relative factor."""
    q, p = sums.q, sums.p
    lower = np.linalg.cholesky(np.eye(q) + factor.T @ sums.zz @ factor)
    half = np.linalg.solve(lower, np.broadcast_to(factor.T, lower.shape))
    inner = np.einsum("gki,gkj->gij", half, half)
    turned = half @ sums.zf
    left = sums.ff - np.einsum("gki,gkj->ij", turned, turned)
    inverse = np.linalg.inv(left[:p, :p])
    coef = inverse @ left[:p, p]
    sigma2 = float(left[p, p] - left[:p, p] @ coef) / sums.df
    deviance = sums.df * (1 + np.log(2 * np.pi * sigma2))
    deviance += 2 * np.log(np.einsum("gii->gi", lower)).sum()
    if sums.is_reml:
        deviance += np.linalg.slogdet(left[:p, :p])[1]
    return MixedPoint(sums, factor, coef, inverse, sigma2, inner, -float(deviance) / 2)


@dataclass(frozen=True, eq=False)
class Turned:
    """Products of the groups with W0: `s` = Z' W0 Z, `t` = Z' W0 [X, e], and the same with W0 W0."""

    s: FloatArray
    t: FloatArray
    s2: FloatArray
    t2: FloatArray
    ze: FloatArray
    """Z' [X, e]."""


def turn(point: MixedPoint) -> Turned:
    """The groups' products at a point, e being the residuals of the fixed effects."""
    sums = point.sums
    to_residual = np.eye(sums.p + 1)
    to_residual[: sums.p, sums.p] = -point.coef
    ze = sums.zf @ to_residual
    rest = np.eye(sums.q) - sums.zz @ point.inner
    s, t = rest @ sums.zz, rest @ ze
    return Turned(s, t, rest @ s, rest @ t, ze)


def compute_slope(point: MixedPoint, turned: Turned) -> FloatArray:
    """The slope of the (restricted) log likelihood in the random effects' covariance, as a symmetric (q, q) matrix."""
    p, sigma2 = point.sums.p, point.sigma2
    fixed, residual = turned.t[:, :, :p], turned.t[:, :, p]
    slope = residual.T @ residual / sigma2**2 - turned.s.sum(axis=0) / sigma2
    if point.sums.is_reml:
        slope += np.einsum("gia,ab,gjb->ij", fixed, point.inverse, fixed, optimize=True) / sigma2
    return np.asarray(slope / 2, dtype=np.float64)
