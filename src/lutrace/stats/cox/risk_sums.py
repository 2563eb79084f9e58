"""Sums over risk sets at given coefficients: hazards, scores and information of a Cox model, computed as asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lutrace.stats.arrays import FloatArray
from lutrace.stats.cox.risk_order import BLOCK, RiskOrder

_EMPTY = 1e-150
"""Weight of a risk set, relative to the heaviest row, below which rounding decides."""


@dataclass(frozen=True, eq=False)
class Squares:
    """Sums of the mean case weight over the squared weight of the risk set, per group.

    `whole` of all groups; of a tied group, with the tied share f of each event l, `share` is the sum with f and
    `square` that with f^2.
    """

    whole: FloatArray
    share: FloatArray
    square: FloatArray


@dataclass(frozen=True, eq=False)
class RiskSums:
    """A Cox model at one vector of coefficients.

    `risk` is the case weight times the relative hazard of each row, up to one factor per stratum; `hazard` the step of
    the baseline hazard at each group, `tied_hazard` the part of it that the tied events themselves do not meet; `left`
    is the weight of the risk set less the tied share, at each tied event. A point that all but empties a risk set of
    weight has a log likelihood of minus infinity: a search must step back from it.
    """

    order: RiskOrder
    coef: FloatArray
    centre: FloatArray
    """Logarithm of the factor taken out of `risk`, per stratum."""
    risk: FloatArray
    loglik: float
    total: FloatArray
    left: FloatArray
    hazard: FloatArray
    tied_hazard: FloatArray

    @cached_property
    def residual(self) -> FloatArray:
        """Martingale residual of each row times its case weight, (m,)."""
        groups, weights = self.order.groups, self.order.weights
        expected = self.risk * self.exposure()
        residual: FloatArray = -expected
        residual[groups.event_rows] += 1.0 if weights is None else weights[groups.event_rows]
        return residual

    @cached_property
    def gradient(self) -> FloatArray:
        """The slope of the log likelihood, (p,)."""
        expected = np.einsum("i,ij->j", self.risk * self.exposure(), self.order.covariates)
        slope: FloatArray = self.order.event_sum - expected
        return slope

    @cached_property
    def information(self) -> FloatArray:
        """Minus the curvature of the log likelihood, (p, p)."""
        return self.sum_variances()

    @cached_property
    def squares(self) -> Squares:
        """Sums over the squared weight of the risk set."""
        groups = self.order.groups
        whole = self.hazard / self.total
        if not groups.tied.size:
            return Squares(whole, self.tied_hazard, self.tied_hazard)
        inverse = _tied_weight(self.order) / self.left**2
        whole[groups.tied] = np.add.reduceat(inverse, groups.tied_first)
        inverse *= groups.tied_share
        share = np.add.reduceat(inverse, groups.tied_first)
        return Squares(whole, share, np.add.reduceat(inverse * groups.tied_share, groups.tied_first))

    @cached_property
    def sums(self) -> FloatArray:
        """The weighted sum of the covariates over each risk set, (groups, p)."""
        return self.order.sum_columns(self.risk, self.order.covariates)

    @cached_property
    def tied_sums(self) -> FloatArray:
        """The weighted sum of the covariates over the events of each tied group, (tied groups, p)."""
        return self.order.sum_tied(self.risk, self.order.covariates)

    @cached_property
    def mean_covariates(self) -> FloatArray:
        """The mean covariates of the risk set at each group (with ties the mean over its events), (groups, p)."""
        groups = self.order.groups
        means: FloatArray = self.sums * self.hazard[:, None]
        means[groups.tied] -= self.tied_sums * self.tied_hazard[:, None]
        means /= groups.weight[:, None]
        return means

    @cached_property
    def hazard_moments(self) -> FloatArray:
        """The step of the baseline hazard times the mean covariates at each group, (groups, p)."""
        moments: FloatArray = self.sums * self.squares.whole[:, None]
        moments[self.order.groups.tied] -= self.tied_sums * self.squares.share[:, None]
        return moments

    def exposure(self, factor: FloatArray | None = None) -> FloatArray:
        """The cumulative baseline hazard that each row met, each step times `factor` of its group, (m,)."""
        groups = self.order.groups
        steps, own = self.hazard, self.tied_hazard
        if factor is not None:
            steps, own = steps * factor, own * factor[groups.tied]
        met = self.order.collect(steps)
        met[groups.tied_event] -= np.repeat(own, groups.n_tied)
        return met

    def sum_variances(self, factor: FloatArray | None = None) -> FloatArray:
        """The covariance of the covariates within the risk sets, summed over events, times `factor` of each group."""
        second, cross, square = self.squares.whole, self.squares.share, self.squares.square
        if factor is not None:
            own = factor[self.order.groups.tied]
            second, cross, square = second * factor, cross * own, square * own
        summed = _gram(self.order.covariates, self.risk * self.exposure(factor)) - _gram(self.sums, second)
        if cross.size:
            mixed = (self.sums[self.order.groups.tied] * cross[:, None]).T @ self.tied_sums
            summed += mixed + mixed.T - _gram(self.tied_sums, square)
        return (summed + summed.T) / 2


def compute_risk_sums(order: RiskOrder, coef: FloatArray) -> RiskSums:
    """The model at `coef`, log hazard ratios per standard deviation of the covariates."""
    groups = order.groups
    eta: FloatArray = np.einsum("ij,j->i", order.covariates, coef)
    if order.offset is not None:
        eta += order.offset
    centre = _centre(eta, order)
    gained = float(order.event_sum @ coef) + order.event_offset - float(centre @ order.stratum_event_weight)
    risk = np.exp(eta, out=eta)
    if order.weights is not None:
        risk *= order.weights
    total = order.sum_over_groups(risk)
    left = np.zeros(0)
    tied_hazard = np.zeros(groups.tied.size)
    # A step that is far too long all but empties a risk set of weight: such a point counts as impossible.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        logs, lowest = groups.weight * np.log(total), total.min()
        hazard = groups.weight / total
        if groups.tied.size:
            out = np.add.reduceat(risk[groups.tied_event], groups.tied_first)
            left = np.repeat(total[groups.tied], groups.n_tied) - groups.tied_share * np.repeat(out, groups.n_tied)
            lowest = min(lowest, left.min())
            tied_weight = _tied_weight(order)
            logs[groups.tied] = np.add.reduceat(tied_weight * np.log(left), groups.tied_first)
            step = tied_weight / left
            hazard[groups.tied] = np.add.reduceat(step, groups.tied_first)
            tied_hazard = np.add.reduceat(groups.tied_share * step, groups.tied_first)
    loglik = gained - float(logs.sum()) if lowest > _EMPTY else -np.inf
    return RiskSums(order, coef, centre, risk, loglik, total, left, hazard, tied_hazard)


def _tied_weight(order: RiskOrder) -> FloatArray | float:
    """Mean case weight of its group at each tied event; 1 where all weights are."""
    groups = order.groups
    if order.weights is None:
        return 1.0
    return np.repeat(groups.event_weight[groups.tied], groups.n_tied)


def _centre(eta: FloatArray, order: RiskOrder) -> FloatArray:
    """Take the largest linear predictor of each stratum out, in place, so that hazards cannot overflow; gives them."""
    if order.stratum_rows.size == 1:
        highest = np.array([eta.max()])
        eta -= highest
        return highest
    highest = np.maximum.reduceat(eta, order.stratum_rows)
    eta -= np.repeat(highest, np.diff(order.stratum_rows, append=eta.size))
    return highest


def _gram(columns: FloatArray, weights: FloatArray) -> FloatArray:
    """The weighted sum of products of the columns, (k, k)."""
    summed = np.zeros((columns.shape[1], columns.shape[1]))
    for start in range(0, columns.shape[0], BLOCK):
        part = columns[start : start + BLOCK]
        summed += (part * weights[start : start + BLOCK, None]).T @ part
    return summed
