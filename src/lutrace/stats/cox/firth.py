"""The Cox model with Firth's penalty: finite estimates where events are few or separated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import chdtrc

from lutrace.core import EstimationError, UnsupportedError
from lutrace.stats.arrays import FloatArray, IntArray, as_floats, as_ratios, check_level
from lutrace.stats.cox.basis import CoxBasis, prepare_cox
from lutrace.stats.cox.fit import fit_cox
from lutrace.stats.cox.likelihood import MonotoneLikelihoodError, check_separate
from lutrace.stats.cox.result import CoxFit
from lutrace.stats.cox.risk_order import CoxRows, RiskOrder, Ties
from lutrace.stats.cox.risk_sums import RiskSums, compute_risk_sums
from lutrace.stats.profile import find_profile_bounds
from lutrace.stats.survival.observations import Survival

_MAX_STEPS = 500
_SETTLED = 1e-10
"""Last step, in standard deviations of each covariate, below which the maximum counts as found."""
_SETTLED_HELD = 1e-6
"""The same where a coefficient is held, in standard errors: the height then errs by about the square of that."""
_LONGEST = 5.0
"""Longest step, in standard deviations: hazards change by e^5 at most before the slope is looked at again."""


def fit_firth_cox(
    survival: Survival,
    covariates: Any,
    *,
    terms: Sequence[str],
    strata: Any = None,
    ties: Ties = "breslow",
    level: float = 0.95,
    rows: CoxRows | None = None,
) -> CoxFit:
    """The Cox model with Firth's penalty, profile-likelihood intervals and likelihood-ratio p values.

    The penalty is half the log determinant of the information, within strata, with delayed entry and with weights that
    count equal rows alike.

    Args:
        survival: follow-up of n rows.
        covariates: shape (n, p), without gaps; a hazard ratio is per unit of its column.
        terms: the p names.
        strata: label of each row's stratum, or None.
        ties: Breslow's rule for tied events, as published, or Efron's.
        level: confidence level.
        rows: whole case weights and offsets, or None.

    Returns:
        A `CoxFit` with penalised log likelihoods. `se` is of the information at the estimate and only describes:
        intervals and p values come from the profile. There are no tests of proportional hazards. A bound that the
        profile does not reach is NaN, with a warning.

    Raises:
        UnusableInputError: shapes differ, or a value is missing.
        UnsupportedError: clusters, or weights that are not whole numbers: these have no likelihood to penalise.
        EstimationError: no events, a covariate that does not vary or repeats others, or no convergence.

    Source: Firth 1993; Heinze and Schemper 2001, Biometrics 57:114; Venzon and Moolgavkar 1988.

    >>> from lutrace.stats import survival_of
    >>> fit = fit_firth_cox(survival_of([1, 2, 3, 4], [1, 1, 1, 0]), [1, 1, 0, 0], terms=["x"])
    >>> 0 < fit.low[0] < fit.hazard_ratio[0] < fit.high[0] < 1e6
    True
    """
    check_level(level)
    given = prepare_cox(survival, covariates, terms=terms, strata=strata, ties=ties, rows=rows)
    _refuse_pseudo_likelihood(given.rows)
    order, p = given.order, len(terms)
    null = _at(order, np.zeros(p))
    check_separate(null.sums.information, terms, n_events=order.groups.event_rows.size)
    best = _climb(null, np.arange(p))
    basis = CoxBasis(given, best.sums, null.sums, best.inverse)
    se = np.sqrt(np.diag(best.inverse))
    ratios = np.array([max(2 * (best.value - _profile(best, number, 0.0).value), 0.0) for number in range(p)])
    bounds = find_profile_bounds(
        lambda number, value, near: _profile(best, number, value, near),
        best.sums.coef,
        se,
        top=best.value,
        level=level,
    )
    bounds /= given.scale[:, None]
    unscaled = float(np.log(given.scale).sum())
    return CoxFit(
        terms=tuple(terms),
        coef=as_floats(best.sums.coef / given.scale),
        se=as_floats(se / given.scale),
        hazard_ratio=as_ratios(best.sums.coef / given.scale),
        low=as_ratios(bounds[:, 0]),
        high=as_ratios(bounds[:, 1]),
        z=as_floats(np.sign(best.sums.coef) * np.sqrt(ratios)),
        p=as_floats(chdtrc(1, ratios)),
        covariance=best.inverse / np.outer(given.scale, given.scale),
        n=survival.n,
        n_events=survival.n_events,
        ties=ties,
        level=level,
        loglik_null=null.value + unscaled,
        loglik=best.value + unscaled,
        penalty="firth",
        notes=_warn_of_bounds(terms, bounds),
        method=(
            f"Cox partial likelihood with Firth's penalty, {ties.capitalize()} ties, profile-likelihood interval and p"
        ),
        basis=basis,
    )


def fit_cox_or_firth(
    survival: Survival,
    covariates: Any,
    *,
    terms: Sequence[str],
    strata: Any = None,
    ties: Ties = "efron",
    level: float = 0.95,
    rows: CoxRows | None = None,
) -> CoxFit:
    """The Cox model, or Firth's (with Breslow's ties) where the likelihood is monotone; then the first warning says so.

    Arguments and errors are those of `fit_cox`; a monotone likelihood of clusters or of weights that are not whole
    numbers stays an error.
    """
    try:
        return fit_cox(survival, covariates, terms=terms, strata=strata, ties=ties, level=level, rows=rows)
    except MonotoneLikelihoodError as error:
        try:
            fit = fit_firth_cox(survival, covariates, terms=terms, strata=strata, level=level, rows=rows)
        except UnsupportedError:
            raise error from None
        switched = f"the covariates separate the events in {', '.join(error.terms)}: Firth's penalty was used"
        return replace(fit, notes=(switched, *fit.notes))


def _refuse_pseudo_likelihood(rows: CoxRows) -> None:
    if rows.clusters is not None:
        raise UnsupportedError(
            "Firth's Cox model takes no clusters: it has no robust errors; fit without Firth's penalty"
        )
    if rows.weights is not None and (np.asarray(rows.weights, dtype=np.float64) % 1 != 0).any():
        raise UnsupportedError(
            "Firth's Cox model takes whole case weights only: other weights have no likelihood to penalise; "
            "fit without Firth's penalty"
        )


@dataclass(frozen=True, eq=False)
class _Point:
    """The penalised likelihood at one vector of coefficients; minus infinity where no information is left."""

    sums: RiskSums
    value: float
    inverse: FloatArray


def _at(order: RiskOrder, coef: FloatArray) -> _Point:
    sums = compute_risk_sums(order, coef)
    if not np.isfinite(sums.loglik):
        return _Point(sums, -np.inf, np.zeros((coef.size, coef.size)))
    sign, size = np.linalg.slogdet(sums.information)
    if not (sign > 0 and np.isfinite(size)):
        return _Point(sums, -np.inf, np.zeros((coef.size, coef.size)))
    return _Point(sums, sums.loglik + 0.5 * float(size), np.asarray(np.linalg.inv(sums.information), dtype=np.float64))


def _climb(point: _Point, free: IntArray) -> _Point:
    """The highest point reached by changing the free coefficients alone."""
    is_held = free.size < point.sums.coef.size
    if free.size == 0:
        return point
    for _ in range(_MAX_STEPS):
        slope = (point.sums.gradient + _penalty_slope(point))[free]
        information = point.sums.information[np.ix_(free, free)]
        step: FloatArray = np.asarray(np.linalg.solve(information, slope), dtype=np.float64)
        step *= min(1.0, _LONGEST / max(float(np.abs(step).max()), 1e-300))
        last = is_held and float((step**2 * np.diag(information)).max()) < _SETTLED_HELD**2
        tried = _move(point, free, step)
        while not tried.value >= point.value - 1e-12 * abs(point.value):
            step = step / 2
            if np.abs(step).max() < _SETTLED:
                return point
            tried = _move(point, free, step)
        point = tried
        if last or np.abs(step).max() < _SETTLED:
            return point
    raise EstimationError(
        f"Firth's Cox model did not converge with {point.sums.order.groups.event_rows.size} events; "
        "use fewer covariates"
    )


def _move(point: _Point, free: IntArray, step: FloatArray) -> _Point:
    coef = point.sums.coef.copy()
    coef[free] += step
    return _at(point.sums.order, coef)


def _penalty_slope(point: _Point) -> FloatArray:
    """The slope of half the log determinant of the information: third moments of the covariates in the risk sets."""
    sums, inverse = point.sums, point.inverse
    order, groups, x = sums.order, sums.order.groups, sums.order.covariates
    p = x.shape[1]
    spread = np.einsum("ij,ij->i", x @ inverse, x)
    columns = np.concatenate([np.ones((x.shape[0], 1)), spread[:, None], x, x * spread[:, None],
                              (x[:, :, None] * x[:, None, :]).reshape(-1, p * p)], axis=1)  # fmt: skip
    at_risk = order.sum_columns(sums.risk, columns)
    alone = np.delete(np.arange(groups.n), groups.tied)
    n_tied = groups.n_tied
    group = np.concatenate([alone, np.repeat(groups.tied, n_tied)])
    weight = groups.event_weight[group]
    weight[: alone.size] *= groups.n_events[alone]
    moments = at_risk[group]
    out = np.repeat(order.sum_tied(sums.risk, columns), n_tied, axis=0)
    moments[alone.size :] -= groups.tied_share[:, None] * out
    moments /= moments[:, :1]
    spreads, means, mixed = moments[:, 1], moments[:, 2 : 2 + p], moments[:, 2 + p : 2 + 2 * p]
    products = moments[:, 2 + 2 * p :].reshape(-1, p, p)
    turned = means @ inverse
    crossed = np.einsum("tij,tj->ti", products, turned) - means * np.einsum("ti,ti->t", means, turned)[:, None]
    slope: FloatArray = 0.5 * weight @ (mixed - means * spreads[:, None] - 2 * crossed)
    return slope


def _profile(best: _Point, number: int, value: float, near: _Point | None = None) -> _Point:
    """The highest point with one coefficient held at a value, looked for on the line from the best to a near one."""
    free = np.setdiff1d(np.arange(best.sums.coef.size), [number])
    away = best.inverse[:, number] if near is None else near.sums.coef - best.sums.coef
    coef = best.sums.coef + (value - best.sums.coef[number]) / away[number] * away
    coef[number] = value
    started = _at(best.sums.order, coef)
    if not np.isfinite(started.value):
        started = _move(best, np.array([number]), np.array([value - best.sums.coef[number]]))
    if not np.isfinite(started.value):
        return started
    return _climb(started, free)


def _warn_of_bounds(terms: Sequence[str], bounds: FloatArray) -> tuple[str, ...]:
    return tuple(
        f"{term}: the profile likelihood gives no {side} bound"
        for term, pair in zip(terms, bounds, strict=True)
        for side, bound in zip(("lower", "upper"), pair, strict=True)
        if not np.isfinite(bound)
    )
