"""Sums over risk sets at given coefficients: hazards, scores and information of a Cox model, computed as asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from lutrace.stats.arrays import FloatArray
from lutrace.stats.cox.risk_order import BLOCK, RiskOrder

_EMPTY = 1e-150
"""Weight of a risk set, relative to the heaviest row, below which rounding decides."""


class Part(NamedTuple):
    """Some strata of an order that follow one another: their rows, groups and tied groups."""

    rows: slice
    groups: slice
    tied: slice

    @classmethod
    def whole(cls, order: RiskOrder) -> Part:
        """All strata."""
        return cls(slice(0, order.rows.size), slice(0, order.groups.n), slice(0, order.groups.tied.size))


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
class RiskSets:
    """The risk sets of all strata at given log hazards of the rows.

    `risk` is the case weight times the relative hazard of each row, up to one factor per stratum; `hazard` the step of
    the baseline hazard at each group, `tied_hazard` the part of it that the tied events themselves do not meet; `left`
    is the weight of the risk set less the tied share, at each tied event.
    """

    order: RiskOrder
    centre: FloatArray
    """Logarithm of the factor taken out of `risk`, per stratum."""
    risk: FloatArray
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
        summed: FloatArray = self.split_variances([Part.whole(self.order)], factor)[0]
        return summed

    def split_variances(self, parts: Sequence[Part], factor: FloatArray | None = None) -> FloatArray:
        """The same for each part of the order, whole strata each: (parts, p, p)."""
        tied = self.order.groups.tied
        # Of a tied group second S'S - cross (S'T + T'S) + square T'T, in squares alone.
        shift = self.squares.share / self.squares.whole[tied]
        second, square = self.squares.whole, self.squares.square - self.squares.share * shift
        if factor is not None:
            second, square = second * factor, square * factor[tied]
        expected, sums = self.risk * self.exposure(factor), self.sums
        if tied.size:
            sums = sums.copy()
            sums[tied] -= self.tied_sums * shift[:, None]
        summed = np.array(
            [
                _gram(self.order.covariates[part.rows], expected[part.rows])
                - _gram(sums[part.groups], second[part.groups])
                - _gram(self.tied_sums[part.tied], square[part.tied])
                for part in parts
            ]
        )
        return np.asarray(summed + summed.swapaxes(1, 2)) / 2


@dataclass(frozen=True, eq=False)
class RiskSums(RiskSets):
    """A Cox model at one vector of coefficients.

    A point that all but empties a risk set of weight has a log likelihood of minus infinity: a search must step back
    from it.
    """

    coef: FloatArray
    loglik: float

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


def compute_risk_sums(order: RiskOrder, coef: FloatArray) -> RiskSums:
    """The model at `coef`, log hazard ratios per standard deviation of the covariates."""
    sets = compute_risk_sets(order, np.einsum("ij,j->i", order.covariates, coef))
    loglik = float(order.event_sum @ coef) + order.event_offset - float(sets.centre @ order.stratum_event_weight)
    # A step that is far too long all but empties a risk set of weight: such a point counts as impossible.
    if not min(sets.total.min(), sets.left.min(initial=np.inf)) > _EMPTY:
        return RiskSums(**vars(sets), coef=coef, loglik=-np.inf)
    logs = order.groups.weight * np.log(sets.total)
    logs[order.groups.tied] = 0.0
    loglik -= float(logs.sum()) + float(np.sum(_tied_weight(order) * np.log(sets.left)))
    return RiskSums(**vars(sets), coef=coef, loglik=loglik)


def compute_risk_sets(order: RiskOrder, eta: FloatArray) -> RiskSets:
    """The risk sets where `eta` (m,) is the log hazard of each row less its offset; `eta` is written over."""
    groups = order.groups
    if order.offset is not None:
        eta += order.offset
    centre = _centre(eta, order)
    risk = np.exp(eta, out=eta)
    if order.weights is not None:
        risk *= order.weights
    total = order.sum_over_groups(risk)
    left = np.zeros(0)
    tied_hazard = np.zeros(groups.tied.size)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        hazard = groups.weight / total
        if groups.tied.size:
            out = np.add.reduceat(risk[groups.tied_event], groups.tied_first)
            left = np.repeat(total[groups.tied], groups.n_tied) - groups.tied_share * np.repeat(out, groups.n_tied)
            step = _tied_weight(order) / left
            hazard[groups.tied] = np.add.reduceat(step, groups.tied_first)
            tied_hazard = np.add.reduceat(groups.tied_share * step, groups.tied_first)
    return RiskSets(order, centre, risk, total, left, hazard, tied_hazard)


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
    summed: FloatArray = (columns[:BLOCK] * weights[:BLOCK, None]).T @ columns[:BLOCK]
    for start in range(BLOCK, len(columns), BLOCK):
        part = columns[start : start + BLOCK]
        summed += (part * weights[start : start + BLOCK, None]).T @ part
    return summed
