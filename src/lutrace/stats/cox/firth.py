"""The Cox model with Firth's penalty: finite estimates where events are few or separated."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from lutrace.core import EstimationError, UnsupportedError
from lutrace.stats.arrays import FloatArray, check_level, covariate_matrix
from lutrace.stats.cox.diagnostics import compute_dfbeta, select_influential
from lutrace.stats.cox.fit import (
    CoxFit,
    ModelTest,
    as_floats,
    count_exposed_events,
    find_concordance,
    fit_cox,
    hazard_ratios,
    standardise,
    warn_of_sparsity,
)
from lutrace.stats.cox.likelihood import (
    MonotoneLikelihoodError,
    Stratum,
    Ties,
    check_separate,
    find_strata,
    score_stratum,
    sum_scores,
)
from lutrace.stats.survival.observations import Survival

if TYPE_CHECKING:
    from firthmodels import FirthCoxPH

_PROFILE_STEPS = 500
_PROFILE_TOLERANCE = 1e-8
"""In log likelihood. The fit keeps firthmodels' own tolerances: with tighter ones its tests often fail."""


def fit_firth_cox(survival: Survival, covariates: Any, *, terms: Sequence[str], level: float = 0.95) -> CoxFit:
    """The Cox model with Firth's penalty, profile-likelihood intervals and likelihood-ratio p values.

    Args:
        survival: follow-up of n patients, without delayed entry.
        covariates: shape (n, p), without gaps; a hazard ratio is per unit of its column.
        terms: the p names.
        level: confidence level.

    Returns:
        A `CoxFit` with Breslow's ties and penalised log likelihoods. `se` is of the information at the estimate and
        only describes: intervals and p values come from the profile. There are no tests of proportional hazards. A
        bound that the profile does not reach is NaN, with a warning.

    Raises:
        UnusableInputError: shapes differ, or a value is missing.
        UnsupportedError: delayed entry.
        EstimationError: no events, a covariate that does not vary or repeats others, or no convergence.

    Source: Firth 1993; Heinze and Schemper 2001, Biometrics 57:114; Venzon and Moolgavkar 1988; package firthmodels.
    """
    check_level(level)
    if survival.entry is not None:
        raise UnsupportedError("Firth's Cox model takes no delayed entry; fit it without entry, or use fit_cox")
    matrix = covariate_matrix(covariates, terms, survival.n)
    standard, scale = standardise(matrix)
    parts = find_strata(survival, standard, strata=None, ties="breslow")
    null = _penalised_null(parts, terms)
    model, bounds = _solve(survival, standard, level)
    unscaled = float(np.log(scale).sum())
    coef, se = model.coef_ / scale, model.bse_ / scale
    covariance = np.asarray(
        np.linalg.inv(sum_scores([score_stratum(part, model.coef_) for part in parts]).information), dtype=np.float64
    )
    dfbeta = compute_dfbeta(parts, model.coef_, covariance=covariance, n=survival.n) / scale
    statistic = max(2 * (float(model.loglik_) - null), 0.0)
    events_per_term, exposed = survival.n_events / len(terms), count_exposed_events(survival, matrix)
    return CoxFit(
        terms=tuple(terms),
        coef=as_floats(coef),
        se=as_floats(se),
        robust_se=as_floats(np.sqrt((dfbeta**2).sum(axis=0))),
        hazard_ratio=hazard_ratios(coef),
        low=hazard_ratios(bounds[:, 0] / scale),
        high=hazard_ratios(bounds[:, 1] / scale),
        z=as_floats(model.coef_ / model.lrt_bse_),
        p=as_floats(model.lrt_pvalues_),
        covariance=covariance / np.outer(scale, scale),
        n=survival.n,
        n_events=survival.n_events,
        n_strata=1,
        events_per_term=events_per_term,
        n_exposed_events=exposed,
        ties="breslow",
        level=level,
        loglik_null=null + unscaled,
        loglik=float(model.loglik_) + unscaled,
        tests=(ModelTest("penalised likelihood ratio", statistic, len(terms), float(chdtrc(len(terms), statistic))),),
        ph_tests=(),
        influence=select_influential(dfbeta, se, terms),
        dfbeta=dfbeta,
        concordance=find_concordance(survival, standard @ model.coef_, None),
        firth=True,
        warnings=(*warn_of_sparsity(terms, events_per_term, exposed), *_warn_of_bounds(terms, bounds)),
        method="Cox partial likelihood with Firth's penalty, Breslow ties, profile-likelihood interval and p",
    )


def fit_cox_or_firth(
    survival: Survival,
    covariates: Any,
    *,
    terms: Sequence[str],
    strata: Any = None,
    ties: Ties = "efron",
    level: float = 0.95,
) -> CoxFit:
    """The Cox model, or Firth's where the likelihood is monotone; then the first warning says so.

    Arguments and errors are those of `fit_cox`; a monotone likelihood with strata or entry stays an error.
    """
    try:
        return fit_cox(survival, covariates, terms=terms, strata=strata, ties=ties, level=level)
    except MonotoneLikelihoodError as error:
        if strata is not None or survival.entry is not None:
            raise
        fit = fit_firth_cox(survival, covariates, terms=terms, level=level)
        switched = f"the covariates separate the events in {', '.join(error.terms)}: Firth's penalty was used"
        return CoxFit(**{**vars(fit), "warnings": (switched, *fit.warnings)})


def _penalised_null(parts: Sequence[Stratum], terms: Sequence[str]) -> float:
    """The penalised log likelihood with all coefficients zero."""
    at_zero = sum_scores([score_stratum(part, np.zeros(len(terms))) for part in parts])
    check_separate(at_zero.information, terms, n_events=sum(part.sets.group.size for part in parts))
    return at_zero.loglik + 0.5 * float(np.linalg.slogdet(at_zero.information).logabsdet)


def _solve(survival: Survival, standard: FloatArray, level: float) -> tuple[FirthCoxPH, FloatArray]:
    """The fitted model with its likelihood-ratio tests, and its profile bounds, on the standardised scale."""
    from firthmodels import FirthCoxPH

    model = FirthCoxPH(backend="numpy", max_iter=500)
    with warnings.catch_warnings():
        # What did not converge is read off the results: a flag for the fit, NaN for tests and bounds.
        warnings.simplefilter("ignore")
        try:
            model.fit(standard, (survival.event, survival.time)).lrt()
            solved = model.converged_ and bool(np.isfinite(model.lrt_pvalues_).all())
        except np.linalg.LinAlgError:
            solved = False
        if not solved:
            raise EstimationError(
                f"Firth's Cox model did not converge with {survival.n_events} events; use fewer covariates"
            )
        return model, np.array([_profile(model, number, level) for number in range(standard.shape[1])])


def _profile(model: FirthCoxPH, number: int, level: float) -> FloatArray:
    """The two bounds of one coefficient; NaN where the profile does not reach one."""
    try:
        bounds = model.conf_int(
            alpha=1 - level, method="pl", features=[number], max_iter=_PROFILE_STEPS, tol=_PROFILE_TOLERANCE
        )
    except np.linalg.LinAlgError:
        return np.full(2, np.nan)
    return np.asarray(bounds[number], dtype=np.float64)


def _warn_of_bounds(terms: Sequence[str], bounds: FloatArray) -> tuple[str, ...]:
    return tuple(
        f"{term}: the profile likelihood gives no {side} bound"
        for term, pair in zip(terms, bounds, strict=True)
        for side, bound in zip(("lower", "upper"), pair, strict=True)
        if not np.isfinite(bound)
    )
