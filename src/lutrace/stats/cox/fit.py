"""The Cox model: fit, tests, checks, in one result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from lutrace.core import EstimationError
from lutrace.stats.arrays import FloatArray, check_level, covariate_matrix
from lutrace.stats.cox.diagnostics import Influence, PhTest, compute_dfbeta, compute_ph_tests, select_influential
from lutrace.stats.cox.likelihood import Maximum, Ties, find_strata, maximise
from lutrace.stats.survival.concordance import Concordance, compute_concordance
from lutrace.stats.survival.observations import Survival

MIN_EVENTS_PER_TERM = 10
"""Peduzzi et al. 1995: below ten events per variable estimates are biased and intervals too narrow."""
MIN_EXPOSED_EVENTS = 5


@dataclass(frozen=True)
class ModelTest:
    """A test that all coefficients are zero."""

    name: str
    statistic: float
    df: int
    p: float


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A fitted proportional hazards model; tuples run over `terms`.

    `coef` and `se` are on the log hazard scale per unit of each covariate; `low` and `high` bound the hazard ratio.
    `robust_se` (Lin and Wei 1989, each row on its own) stays right where hazards are not proportional; where it is well
    above `se`, the interval is too narrow. `z` is coef / se (Firth: the signed root of the penalised likelihood ratio),
    `p` belongs to it. `n_exposed_events` counts, for a covariate of two values, the events in the value with fewer of
    them, None else.
    `warnings` say in words what speaks against the fit.
    """

    terms: tuple[str, ...]
    coef: tuple[float, ...]
    se: tuple[float, ...]
    robust_se: tuple[float, ...]
    hazard_ratio: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    z: tuple[float, ...]
    p: tuple[float, ...]
    covariance: FloatArray
    n: int
    n_events: int
    n_strata: int
    events_per_term: float
    n_exposed_events: tuple[int | None, ...]
    ties: Ties
    level: float
    loglik_null: float
    loglik: float
    tests: tuple[ModelTest, ...]
    """Likelihood ratio, score and Wald test of the whole model."""
    ph_tests: tuple[PhTest, ...]
    """Proportional hazards: one test per term, then `global`."""
    influence: tuple[Influence, ...]
    """Rows that move a coefficient by more than 2 / sqrt(n) standard errors, strongest first."""
    dfbeta: FloatArray
    concordance: Concordance | None
    """None where no pair of patients is comparable."""
    firth: bool
    warnings: tuple[str, ...]
    method: str


def fit_cox(
    survival: Survival,
    covariates: Any,
    *,
    terms: Sequence[str],
    strata: Any = None,
    ties: Ties = "efron",
    level: float = 0.95,
) -> CoxFit:
    """The Cox model of the covariates, with Wald intervals, tests and checks.

    Args:
        survival: follow-up of n patients, in (entry, time] when entry is given.
        covariates: shape (n, p), without gaps; a hazard ratio is per unit of its column.
        terms: the p names.
        strata: label of each patient's stratum (own baseline hazard), or None.
        ties: Efron's or Breslow's rule for tied events.
        level: confidence level.

    Raises:
        UnusableInputError: shapes differ, or a value is missing.
        EstimationError: no events, or a covariate that does not vary or repeats others.
        MonotoneLikelihoodError: the covariates separate the events; `fit_firth_cox` still has an answer.

    Source: Cox 1972; Efron 1977; defaults and tests as R survival `coxph`.

    >>> from lutrace.stats import survival_of
    >>> follow_up = survival_of([4, 3, 1, 1, 2, 2, 3], [1, 1, 1, 0, 1, 1, 0])
    >>> fit = fit_cox(follow_up, [0, 2, 1, 1, 1, 0, 0], terms=["x"], strata=[0, 0, 0, 0, 1, 1, 1])
    >>> round(fit.coef[0], 4)
    0.8023
    """
    check_level(level)
    matrix = covariate_matrix(covariates, terms, survival.n)
    standard, scale = standardise(matrix)
    parts = find_strata(survival, standard, strata=strata, ties=ties)
    found = maximise(parts, terms)
    covariance = np.asarray(np.linalg.inv(found.at_maximum.information), dtype=np.float64)
    dfbeta = compute_dfbeta(parts, found.coef, covariance=covariance, n=survival.n) / scale
    coef, covariance = found.coef / scale, covariance / np.outer(scale, scale)
    se = np.sqrt(np.diag(covariance))
    z = coef / se
    half = float(ndtri(0.5 + level / 2)) * se
    events_per_term, exposed = survival.n_events / len(terms), count_exposed_events(survival, matrix)
    return CoxFit(
        terms=tuple(terms),
        coef=as_floats(coef),
        se=as_floats(se),
        robust_se=as_floats(np.sqrt((dfbeta**2).sum(axis=0))),
        hazard_ratio=hazard_ratios(coef),
        low=hazard_ratios(coef - half),
        high=hazard_ratios(coef + half),
        z=as_floats(z),
        p=as_floats(2 * ndtr(-np.abs(z))),
        covariance=covariance,
        n=survival.n,
        n_events=survival.n_events,
        n_strata=len(parts),
        events_per_term=events_per_term,
        n_exposed_events=exposed,
        ties=ties,
        level=level,
        loglik_null=found.at_zero.loglik,
        loglik=found.at_maximum.loglik,
        tests=_test_model(found),
        ph_tests=compute_ph_tests(survival, parts, found.coef, terms=terms),
        influence=select_influential(dfbeta, se, terms),
        dfbeta=dfbeta,
        concordance=find_concordance(survival, standard @ found.coef, strata),
        firth=False,
        warnings=warn_of_sparsity(terms, events_per_term, exposed),
        method=f"Cox partial likelihood, {ties.capitalize()} ties, Wald interval",
    )


def find_concordance(survival: Survival, risk: FloatArray, strata: Any) -> Concordance | None:
    """The concordance of a fit, or None where no pair of patients is comparable (all events at one last time)."""
    try:
        return compute_concordance(survival, risk, strata=strata)
    except EstimationError:
        return None


def count_exposed_events(survival: Survival, covariates: FloatArray) -> tuple[int | None, ...]:
    """For each covariate of two values the events in the value that has fewer of them; None for any other."""
    counts: list[int | None] = []
    for column in covariates.T:
        values = np.unique(column)
        events = [int(survival.event[column == value].sum()) for value in values[:2]]
        counts.append(min(events) if values.size == 2 else None)
    return tuple(counts)


def warn_of_sparsity(terms: Sequence[str], events_per_term: float, exposed: Sequence[int | None]) -> tuple[str, ...]:
    """What to say of too few events for the model, in words; empty when there are enough."""
    warnings = []
    if events_per_term < MIN_EVENTS_PER_TERM:
        warnings.append(f"{events_per_term:.1f} events per term, below {MIN_EVENTS_PER_TERM}: estimates may be biased")
    for term, count in zip(terms, exposed, strict=True):
        if count is not None and count < MIN_EXPOSED_EVENTS:
            warnings.append(
                f"{term}: {count} events in its rarer group, below {MIN_EXPOSED_EVENTS}: too few for a Wald interval"
            )
    return tuple(warnings)


def hazard_ratios(coef: FloatArray) -> tuple[float, ...]:
    """The hazard ratios of log hazard ratios; infinite beyond what a number can hold."""
    with np.errstate(over="ignore"):
        return as_floats(np.exp(coef))


def as_floats(values: FloatArray) -> tuple[float, ...]:
    """An array as a tuple of plain numbers."""
    return tuple(float(value) for value in values)


def standardise(covariates: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The covariates with mean 0 and standard deviation 1, and the standard deviations taken out (1 where it is 0)."""
    scale = covariates.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    return (covariates - covariates.mean(axis=0)) / scale, scale


def _test_model(found: Maximum) -> tuple[ModelTest, ...]:
    start, end = found.at_zero, found.at_maximum
    df = found.coef.size
    statistics = {
        "likelihood ratio": 2 * (end.loglik - start.loglik),
        "score": float(start.gradient @ np.linalg.solve(start.information, start.gradient)),
        "Wald": float(found.coef @ end.information @ found.coef),
    }
    return tuple(ModelTest(name, value, df, float(chdtrc(df, value))) for name, value in statistics.items())
