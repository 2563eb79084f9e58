"""The Cox model: fit, tests, checks, in one result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import as_floats, as_ratios, check_level
from lutrace.stats.cox.basis import CoxBasis, CoxInput, prepare_cox
from lutrace.stats.cox.maximum import Maximum, Start, maximise
from lutrace.stats.cox.result import CoxFit
from lutrace.stats.cox.risk_order import CoxRows, Ties, find_risk_order
from lutrace.stats.doubts import has_robust_interval
from lutrace.stats.survival.observations import Survival

_LARGE = 20_000
"""Rows from which on the search starts where a sixteenth of them has its maximum."""
_THINNED = 16


def fit_cox(
    survival: Survival,
    covariates: Any,
    *,
    terms: Sequence[str],
    strata: Any = None,
    ties: Ties = "efron",
    level: float = 0.95,
    rows: CoxRows | None = None,
) -> CoxFit:
    """The Cox model of the covariates, with Wald intervals, tests and checks.

    Args:
        survival: follow-up of n rows, in (entry, time] when entry is given; a patient may have several rows.
        covariates: shape (n, p), without gaps; a hazard ratio is per unit of its column.
        terms: the p names.
        strata: label of each row's stratum (own baseline hazard), or None.
        ties: Efron's or Breslow's rule for tied events.
        level: confidence level.
        rows: case weights, clusters and offsets, or None. With clusters, or weights that are not whole numbers,
            intervals, z, p, the Wald and the robust score test use the robust errors; there are none (NaN) where
            clusters are no more than the terms and one.

    Raises:
        UnusableInputError: shapes differ, or a value is missing.
        EstimationError: no events, or a covariate that does not vary or repeats others.
        MonotoneLikelihoodError: the covariates separate the events; `fit_firth_cox` still has an answer.

    Source: Cox 1972; Efron 1977; Lin and Wei 1989; defaults and tests as R survival `coxph`.

    >>> from lutrace.stats import survival_of
    >>> follow_up = survival_of([4, 3, 1, 1, 2, 2, 3], [1, 1, 1, 0, 1, 1, 0])
    >>> fit = fit_cox(follow_up, [0, 2, 1, 1, 1, 0, 0], terms=["x"], strata=[0, 0, 0, 0, 1, 1, 1])
    >>> round(fit.coef[0], 4)
    0.8023
    """
    check_level(level)
    given = prepare_cox(survival, covariates, terms=terms, strata=strata, ties=ties, rows=rows)
    start = _start_from_sample(given, terms, ties) if given.order.rows.size >= _LARGE else None
    found = maximise(given.order, terms, start=start)
    return _complete(given, found, terms=terms, ties=ties, level=level)


def fit_ridge_cox(
    survival: Survival,
    covariates: Any,
    *,
    terms: Sequence[str],
    theta: Any,
    strata: Any = None,
    ties: Ties = "efron",
    level: float = 0.95,
    rows: CoxRows | None = None,
) -> CoxFit:
    """The Cox model with the penalty theta / 2 times the sum of squared coefficients per standard deviation.

    Arguments and errors are those of `fit_cox`, and `theta`, at or above 0: one number, or one per term (0 leaves a
    term free). The standard deviation is the sample's (n - 1). `covariance` and intervals are of the penalised
    information, as R prints them; the estimate is shrunken, so an interval has not its nominal coverage. The tests'
    degrees of freedom are those that the penalty leaves (Gray 1992), and there is no test of proportional hazards.

    Source: Gray 1992, JASA 87:942; as R survival `coxph` with `ridge(..., theta = theta, scale = TRUE)`.

    >>> from lutrace.stats import survival_of
    >>> follow_up = survival_of([1, 2, 3, 4], [1, 1, 0, 1])
    >>> free, held = (fit_ridge_cox(follow_up, [1, 0, 1, 0], terms=["x"], theta=size).coef[0] for size in (0, 5))
    >>> abs(held) < abs(free)
    True
    """
    check_level(level)
    penalty = np.asarray(theta, dtype=np.float64)
    if penalty.shape not in ((), (len(terms),)) or not (np.isfinite(penalty) & (penalty >= 0)).all():
        raise UnusableInputError(f"theta must be one number at or above 0, or one per term ({len(terms)}), got {theta}")
    given = prepare_cox(survival, covariates, terms=terms, strata=strata, ties=ties, rows=rows)
    spread = given.covariates.var(axis=0, ddof=1) if survival.n > 1 else np.zeros(len(terms))
    ridge = penalty * spread / given.scale**2
    found = maximise(given.order, terms, ridge=ridge)
    return _complete(given, found, terms=terms, ties=ties, level=level, ridge=True)


def _start_from_sample(given: CoxInput, terms: Sequence[str], ties: Ties) -> Start | None:
    """Where a sixteenth of the rows, evenly over time, has its maximum; None when it has none."""
    taken = given.order.rows[_THINNED // 2 :: _THINNED]
    survival, covariates, strata, rows = given.select(taken)
    try:
        order, _, scale = find_risk_order(survival, covariates, strata=strata, ties=ties, rows=rows)
        found = maximise(order, terms)
    except EstimationError:
        return None
    ratio = given.scale / scale
    times = given.order.groups.event_rows.size / order.groups.event_rows.size * np.outer(ratio, ratio)
    return Start(found.coef * ratio, found.information * times, found.at_zero.information * times)


def _complete(
    given: CoxInput, found: Maximum, *, terms: Sequence[str], ties: Ties, level: float, ridge: bool = False
) -> CoxFit:
    """The result of a maximum: estimates, intervals, tests."""
    basis = CoxBasis(
        given, found.at_maximum, found.at_zero, np.asarray(np.linalg.inv(found.information), dtype=np.float64)
    )
    coef, covariance = found.coef / given.scale, basis.inverse / np.outer(given.scale, given.scale)
    spread = basis.robust_covariance if basis.is_robust else covariance
    errors = np.sqrt(np.diag(spread))
    if not has_robust_interval(basis.n_clusters, len(terms)):
        errors = np.full(len(terms), np.nan)
    z = coef / errors
    half = float(ndtri(0.5 + level / 2)) * errors
    method = f"Cox partial likelihood{' with a ridge' if ridge else ''}, {ties.capitalize()} ties, Wald interval"
    return CoxFit(
        terms=tuple(terms),
        coef=as_floats(coef),
        se=as_floats(np.sqrt(np.diag(covariance))),
        hazard_ratio=as_ratios(coef),
        low=as_ratios(coef - half),
        high=as_ratios(coef + half),
        z=as_floats(z),
        p=as_floats(2 * ndtr(-np.abs(z))),
        covariance=covariance,
        n=given.survival.n,
        n_events=given.survival.n_events,
        ties=ties,
        level=level,
        loglik_null=found.at_zero.loglik,
        loglik=found.at_maximum.loglik,
        penalty="ridge" if ridge else "none",
        notes=(),
        method=f"{method}, robust errors" if basis.is_robust else method,
        basis=basis,
    )
