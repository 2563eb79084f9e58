"""Logistic regression: plain where odds ratios exist, with Firth's penalty where events are separated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtrc, expit, ndtr, ndtri

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, check_level, finite_vector, label_codes, refuse_rows
from lutrace.stats.cox.diagnostics import Influence, select_influential
from lutrace.stats.doubts import find_cluster_doubts, find_unit_doubts, has_robust_interval
from lutrace.stats.regression.design import Design, design_of
from lutrace.stats.regression.logistic_likelihood import (
    LogisticPoint,
    LogisticRows,
    climb,
    compute_ratios,
    compute_robust_covariance,
    evaluate,
    find_bounds,
)
from lutrace.stats.regression.separation import Separation, SeparationError, find_separation

Interval = Literal["profile", "wald"]
Intercept = Literal["plain", "flic", "flac"]
MIN_EVENTS_PER_TERM = 10
"""Peduzzi et al. 1996: below ten events (or non-events, the rarer) per variable estimates are biased."""


@dataclass(frozen=True)
class CaseRows:
    """What rows weigh, their offset (log odds) and the clusters they form, n each; None for what there is not."""

    weights: Any = None
    offset: Any = None
    clusters: Any = None


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """A fitted logistic model; tuples run over `terms`, the intercept first.

    `coef` and `se` are on the log odds scale per unit of the covariate; `low` and `high` bound the odds ratio. `z` and
    `p` belong to the interval: Wald's, or the signed root of the (penalised) likelihood ratio. `se` of Firth's fit
    counts the penalty's pseudo-rows too, as logistf has it (brglm2's, without them, is larger), and only describes.
    With clusters, or weights that are not whole, `se` and all that follows from it is robust; `low`, `high`, `z` and
    `p` are NaN where clusters are no more than coefficients.
    """

    terms: tuple[str, ...]
    coef: tuple[float, ...]
    se: tuple[float, ...]
    odds_ratio: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    z: tuple[float, ...]
    p: tuple[float, ...]
    covariance: FloatArray
    n: int
    n_events: int
    n_clusters: int | None
    level: float
    loglik_null: float
    loglik: float
    """The penalised one with Firth's penalty, of the augmented rows with FLAC."""
    penalty: str
    """none or firth."""
    separation: Separation | None
    method: str
    warnings: tuple[str, ...]
    probability: FloatArray
    """Fitted, of each row."""
    best: LogisticPoint = field(repr=False)
    scale: FloatArray = field(repr=False)

    @cached_property
    def dfbeta(self) -> FloatArray:
        """About the change of each coefficient by each row, (n, p): one Newton step without it (Pregibon 1981)."""
        rows, n, p = self.best.rows, self.n, len(self.terms)
        probability = self.best.probability
        inverse = np.linalg.inv(self.best.curvature)
        leverage = np.einsum("ij,ij->i", rows.matrix @ inverse, rows.matrix)
        leverage *= rows.weights * probability * (1 - probability)
        pull = rows.weights * (rows.outcome - probability) / (1 - leverage)
        return np.asarray(((pull[:, None] * rows.matrix) @ inverse)[:n, :p] / self.scale, dtype=np.float64)

    @cached_property
    def influence(self) -> tuple[Influence, ...]:
        """Rows that move a coefficient by more than 2 / sqrt(n) standard errors, strongest first."""
        return select_influential(self.dfbeta, np.sqrt(np.diag(self.covariance)), self.terms)


def fit_logistic(
    outcome: Any,
    covariates: Any,
    *,
    terms: Sequence[str],
    interval: Interval = "profile",
    level: float = 0.95,
    rows: CaseRows | None = None,
) -> LogisticFit:
    """The logistic model by maximum likelihood, with an intercept.

    Args:
        outcome: n values 0 or 1.
        covariates: shape (n, p), without gaps; an odds ratio is per unit of its column.
        terms: the p names.
        interval: profile likelihood with likelihood-ratio p, or Wald's (always, where errors are robust).
        level: confidence level.
        rows: weights, offset, clusters.

    Raises:
        UnusableInputError: shapes differ, a value is missing, an outcome is neither 0 nor 1, a weight is negative.
        SeparationError: the covariates separate events from non-events; found before fitting, covariates named.
        EstimationError: events or non-events only, a covariate that does not vary or repeats others.

    Source: McCullagh and Nelder 1989; Venzon and Moolgavkar 1988 (profile); Liang and Zeger 1986 (clusters, times
    g / (g - 1) for g clusters).

    >>> fit = fit_logistic([0, 0, 1, 0, 1, 1], [0, 0, 0, 1, 1, 1], terms=["x"], interval="wald")
    >>> round(fit.odds_ratio[1], 6)
    4.0
    """
    given = _prepare(outcome, covariates, terms, rows, level)
    separation = _find(given)
    if separation is not None:
        raise SeparationError(separation)
    best = climb(evaluate(given.rows, np.zeros(given.design.p)), np.arange(given.design.p))
    covariance = np.asarray(np.linalg.inv(best.information), dtype=np.float64)
    if given.is_robust:
        covariance = compute_robust_covariance(best, covariance, given.clusters)
    use: Interval = "wald" if given.is_robust or interval == "wald" else "profile"
    method = "logistic model, maximum likelihood, " + (
        "profile-likelihood interval and p" if use == "profile" else "Wald interval"
    )
    return _complete(given, best, covariance, interval=use, method=method + ", robust errors" * given.is_robust)


def fit_firth_logistic(
    outcome: Any,
    covariates: Any,
    *,
    terms: Sequence[str],
    intercept: Intercept = "plain",
    level: float = 0.95,
    rows: CaseRows | None = None,
) -> LogisticFit:
    """The logistic model with Firth's penalty, profile-likelihood intervals and likelihood-ratio p values.

    Arguments and errors are those of `fit_logistic`, but separated events are no error, weights must be whole, and
    there are no clusters. Firth's penalty draws predicted probabilities towards one half; `intercept="flic"` estimates
    the intercept anew so that they sum to the events (odds ratios stay; no interval for the intercept), and "flac"
    refits with the penalty's pseudo-rows told apart by a covariate of their own (odds ratios change a little).

    Source: Firth 1993, Biometrika 80:27; Heinze and Schemper 2002, Stat Med 21:2409; Puhr, Heinze, Nold, Lusa and
    Geroldinger 2017, Stat Med 36:2302 (FLIC, FLAC).

    >>> fit = fit_firth_logistic([0, 0, 1, 1], [0, 0, 1, 1], terms=["x"])
    >>> round(fit.odds_ratio[1], 6), str(fit.separation)
    (25.0, 'x separates events from non-events completely')
    """
    given = _prepare(outcome, covariates, terms, rows, level, is_firth=True)
    if given.is_robust:
        raise UnusableInputError("Firth's penalty needs whole weights and no clusters: else there is no likelihood")
    best = climb(evaluate(given.rows, np.zeros(given.design.p)), np.arange(given.design.p))
    method = "logistic model with Firth's penalty, profile-likelihood interval and p"
    if intercept == "flac":
        return _fit_flac(given, best, method)
    fit = _complete(
        given, best, np.asarray(np.linalg.inv(best.curvature), dtype=np.float64), interval="profile", method=method
    )
    return _correct_intercept(given, best, fit) if intercept == "flic" else fit


def fit_logistic_or_firth(
    outcome: Any,
    covariates: Any,
    *,
    terms: Sequence[str],
    level: float = 0.95,
    rows: CaseRows | None = None,
) -> LogisticFit:
    """The logistic model by maximum likelihood, or with Firth's penalty where events are separated; see the two.

    >>> fit_logistic_or_firth([0, 0, 1, 1], [0, 0, 1, 1], terms=["x"]).penalty
    'firth'
    """
    try:
        return fit_logistic(outcome, covariates, terms=terms, level=level, rows=rows)
    except SeparationError:
        return fit_firth_logistic(outcome, covariates, terms=terms, level=level, rows=rows)


@dataclass(frozen=True, eq=False)
class _Given:
    design: Design
    scale: FloatArray
    rows: LogisticRows
    clusters: IntArray | None
    level: float

    @property
    def n_clusters(self) -> int | None:
        """Clusters, None when each row stands alone."""
        return None if self.clusters is None else int(self.clusters.max()) + 1

    @property
    def is_robust(self) -> bool:
        """Whether rows form clusters, or weigh other than in whole numbers."""
        return self.clusters is not None or bool((self.rows.weights % 1 != 0).any())


def _prepare(
    outcome: Any, covariates: Any, terms: Sequence[str], rows: CaseRows | None, level: float, *, is_firth: bool = False
) -> _Given:
    check_level(level)
    y = finite_vector(outcome, "outcome")
    refuse_rows((y != 0) & (y != 1), "outcome must be 0 or 1")
    design = design_of(covariates, terms, y.size)
    known = rows or CaseRows()
    weights = np.ones(y.size) if known.weights is None else finite_vector(known.weights, "weights", size=y.size)
    refuse_rows(weights < 0, "weights must be at or above 0")
    offset = np.zeros(y.size) if known.offset is None else finite_vector(known.offset, "offset", size=y.size)
    events = y[weights > 0]
    if events.size == 0 or events.min() == events.max():
        raise EstimationError(f"a logistic model needs events and non-events, got {int(events.sum())} of {events.size}")
    scale = np.abs(design.matrix).max(axis=0)
    clusters = None if known.clusters is None else label_codes(known.clusters, "clusters", y.size)
    return _Given(design, scale, LogisticRows(design.matrix / scale, y, weights, offset, is_firth), clusters, level)


def _find(given: _Given) -> Separation | None:
    used = given.rows.weights > 0
    return find_separation(given.rows.outcome[used] == 1, given.design.matrix[used], given.design.terms)


def _complete(
    given: _Given, best: LogisticPoint, covariance: FloatArray, *, interval: Interval, method: str
) -> LogisticFit:
    """The result of a maximum: estimates, intervals, tests, of as many coefficients as there are terms."""
    p, design, y = given.design.p, given.design, given.rows.outcome
    se = np.sqrt(np.diag(covariance))
    separation = _find(given) if given.rows.is_firth else None
    if interval == "wald":
        error = se if has_robust_interval(given.n_clusters, p - 1) else np.full(p, np.nan)
        z = best.coef / error
        bounds = best.coef[:, None] + np.outer(error, [-1, 1]) * float(ndtri(0.5 + given.level / 2))
        p_values = 2 * ndtr(-np.abs(z))
    else:
        ratios = compute_ratios(best)
        z, p_values, bounds = (
            np.sign(best.coef) * np.sqrt(ratios),
            chdtrc(1, ratios),
            find_bounds(best, se, given.level),
        )
    with np.errstate(over="ignore"):
        ratio, limits = np.exp(best.coef[:p] / given.scale), np.exp(bounds[:p] / given.scale[:, None])
    return LogisticFit(
        terms=design.terms,
        coef=tuple((best.coef[:p] / given.scale).tolist()),
        se=tuple((se[:p] / given.scale).tolist()),
        odds_ratio=tuple(ratio.tolist()),
        low=tuple(limits[:, 0].tolist()),
        high=tuple(limits[:, 1].tolist()),
        z=tuple(z[:p].tolist()),
        p=tuple(p_values[:p].tolist()),
        covariance=covariance[:p, :p] / np.outer(given.scale, given.scale),
        n=design.n,
        n_events=int(y.sum()),
        n_clusters=given.n_clusters,
        level=given.level,
        loglik_null=_fit_null(best.rows) + _unscaled(given, best),
        loglik=best.value + _unscaled(given, best),
        penalty="firth" if given.rows.is_firth else "none",
        separation=separation,
        method=method,
        warnings=(
            *find_unit_doubts(design.terms[1:], ratio[1:], *limits[1:].T),
            *find_cluster_doubts(given.n_clusters, p - 1),
            *_warn(given, separation, bounds[:p]),
        ),
        probability=best.probability[: design.n],
        best=best,
        scale=given.scale,
    )


def _unscaled(given: _Given, best: LogisticPoint) -> float:
    """What the scaling of columns takes from half the log determinant of the information."""
    return float(np.log(given.scale).sum()) if best.rows.is_firth else 0.0


def _fit_null(rows: LogisticRows) -> float:
    """The highest (penalised) log likelihood with the intercept alone free."""
    return climb(evaluate(rows, np.zeros(rows.matrix.shape[1])), np.array([0])).value


def _correct_intercept(given: _Given, best: LogisticPoint, fit: LogisticFit) -> LogisticFit:
    """FLIC: the intercept at which probabilities sum to the events."""
    rows = given.rows
    line = rows.matrix @ best.coef + rows.offset

    def excess(shift: float) -> float:
        return float(rows.weights @ (expit(line + shift) - rows.outcome))

    shift = float(brentq(excess, -50, 50, xtol=1e-13, rtol=1e-14))
    none = float("nan")
    intercept = fit.coef[0] + shift
    return replace(
        fit,
        coef=(intercept, *fit.coef[1:]),
        odds_ratio=(float(np.exp(intercept)), *fit.odds_ratio[1:]),
        probability=expit(line + shift),
        method=f"{fit.method}, intercept corrected (FLIC)",
        se=(none, *fit.se[1:]),
        low=(none, *fit.low[1:]),
        high=(none, *fit.high[1:]),
        z=(none, *fit.z[1:]),
        p=(none, *fit.p[1:]),
    )


def _fit_flac(given: _Given, best: LogisticPoint, method: str) -> LogisticFit:
    """FLAC: maximum likelihood of the rows and the penalty's pseudo-rows, which have a covariate of their own."""
    rows, n = given.rows, given.design.n
    pseudo = np.repeat([0.0, 1.0, 1.0], n)
    half = best.leverage / 2
    augmented = LogisticRows(
        np.column_stack([np.tile(rows.matrix, (3, 1)), pseudo]),
        np.concatenate([rows.outcome, np.ones(n), np.zeros(n)]),
        np.concatenate([rows.weights, half, half]),
        np.tile(rows.offset, 3),
        is_firth=False,
    )
    p = given.design.p + 1
    found = climb(evaluate(augmented, np.zeros(p)), np.arange(p))
    words = method.replace("penalty", "penalty and added covariate (FLAC)")
    covariance = np.asarray(np.linalg.inv(found.information), dtype=np.float64)
    return _complete(given, found, covariance, interval="profile", method=words)


def _warn(given: _Given, separation: Separation | None, bounds: FloatArray) -> tuple[str, ...]:
    warnings = [] if separation is None else [str(separation)]
    n_events = int(given.rows.outcome.sum())
    rarer, terms = min(n_events, given.design.n - n_events), given.design.p - 1
    if terms and rarer < MIN_EVENTS_PER_TERM * terms:
        warnings.append(f"{rarer / terms:.1f} events (or non-events, the rarer) per covariate: fewer than 10")
    warnings += [
        f"{term}: the profile likelihood gives no {side} bound"
        for term, pair in zip(given.design.terms, bounds, strict=True)
        for side, bound in zip(("lower", "upper"), pair, strict=True)
        if not (given.is_robust or np.isfinite(bound))
    ]
    return tuple(warnings)
