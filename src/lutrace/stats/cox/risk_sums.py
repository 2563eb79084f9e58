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
class TiedHazards:
    """Per tied group, over its events l with the tied share f_l and the weight D_l of the reduced risk set.

    `first` is the sum of f / D; `second` and `third` those of f / D^2 and f^2 / D^2; all times the mean case weight.
    """

    first: FloatArray
    second: FloatArray
    third: FloatArray


@dataclass(frozen=True, eq=False)
class RiskSums:
    """A Cox model at one vector of coefficients.

    `risk` is the case weight times the relative hazard of each row, up to one factor per stratum; `hazard` the step of
    the baseline hazard at each group, `squared` the sum of one over the squared weight of the risk set. A point that
    all but empties a risk set of weight has a log likelihood of minus infinity: a search must step back from it.
    """

    order: RiskOrder
    coef: FloatArray
    risk: FloatArray
    loglik: float
    hazard: FloatArray
    squared: FloatArray
    tied: TiedHazards

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
        slope: FloatArray = self.residual @ self.order.covariates
        return slope

    @cached_property
    def information(self) -> FloatArray:
        """Minus the curvature of the log likelihood, (p, p)."""
        return self.sum_variances()

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
        means[groups.tied] -= self.tied_sums * self.tied.first[:, None]
        means /= (groups.event_weight * groups.n_events)[:, None]
        return means

    @cached_property
    def hazard_moments(self) -> FloatArray:
        """The step of the baseline hazard times the mean covariates at each group, (groups, p)."""
        moments: FloatArray = self.sums * self.squared[:, None]
        moments[self.order.groups.tied] -= self.tied_sums * self.tied.second[:, None]
        return moments

    def exposure(self, factor: FloatArray | None = None) -> FloatArray:
        """The cumulative baseline hazard that each row met, each step times `factor` of its group, (m,)."""
        groups = self.order.groups
        steps, own = self.hazard, self.tied.first
        if factor is not None:
            steps, own = steps * factor, own * factor[groups.tied]
        met = self.order.collect(steps)
        met[groups.tied_event] -= np.repeat(own, groups.n_events[groups.tied])
        return met

    def sum_variances(self, factor: FloatArray | None = None) -> FloatArray:
        """The covariance of the covariates within the risk sets, summed over events, times `factor` of each group."""
        second, (cross, square) = self.squared, (self.tied.second, self.tied.third)
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
    eta = order.covariates @ coef
    if order.offset is not None:
        eta += order.offset
    _centre(eta, order)
    risk = np.exp(eta)
    event_weights = None if order.weights is None else order.weights[groups.event_rows]
    gained = float(eta[groups.event_rows].sum() if event_weights is None else eta[groups.event_rows] @ event_weights)
    if order.weights is not None:
        risk *= order.weights
    total = order.sum_over_groups(risk)
    # A step that is far too long all but empties a risk set of weight: such a point counts as impossible.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        weight = groups.event_weight * groups.n_events
        logs, lowest = weight * np.log(total), total.min()
        hazard = weight / total
        squared = hazard / total
        tied = TiedHazards(*np.zeros((3, groups.tied.size)))
        if groups.tied.size:
            n_tied = groups.n_events[groups.tied]
            out = np.repeat(np.add.reduceat(risk[groups.tied_event], groups.tied_first), n_tied)
            left = np.repeat(total[groups.tied], n_tied) - groups.tied_share * out
            mean_weight = np.repeat(groups.event_weight[groups.tied], n_tied)
            lowest = min(lowest, left.min())
            logs[groups.tied] = np.add.reduceat(mean_weight * np.log(left), groups.tied_first)
            step = mean_weight / left
            terms = [step, step / left, groups.tied_share * step, groups.tied_share * step / left]
            terms.append(groups.tied_share * terms[-1])
            hazard[groups.tied], squared[groups.tied], *own = (np.add.reduceat(one, groups.tied_first) for one in terms)
            tied = TiedHazards(*own)
    loglik = gained - float(logs.sum()) if lowest > _EMPTY else -np.inf
    return RiskSums(order, coef, risk, loglik, hazard, squared, tied)


def _centre(eta: FloatArray, order: RiskOrder) -> None:
    """Take the largest linear predictor of each stratum out, in place: hazards then cannot overflow."""
    if order.stratum_rows.size == 1:
        eta -= eta.max()
    else:
        highest = np.maximum.reduceat(eta, order.stratum_rows)
        eta -= np.repeat(highest, np.diff(order.stratum_rows, append=eta.size))


def _gram(columns: FloatArray, weights: FloatArray) -> FloatArray:
    """The weighted sum of products of the columns, (k, k)."""
    summed = np.zeros((columns.shape[1], columns.shape[1]))
    for start in range(0, columns.shape[0], BLOCK):
        part = columns[start : start + BLOCK]
        summed += (part * weights[start : start + BLOCK, None]).T @ part
    return summed
