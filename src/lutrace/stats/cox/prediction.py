"""The baseline hazard of a Cox model, and the survival it predicts for given covariates, with errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, covariate_matrix, finite_vector
from lutrace.stats.cox.result import CoxFit
from lutrace.stats.survival.intervals import IntervalType, compute_limits


@dataclass(frozen=True, eq=False)
class PredictedSurvival:
    """Survival at the event times of one stratum, (times,), for k sets of covariates, (times, k).

    `std_error` is that of the cumulative hazard, and so of the logarithm of survival. What is predicted is the
    survival of a patient with these covariates throughout, not the mean over patients.
    """

    time: FloatArray
    cumulative_hazard: FloatArray
    survival: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray
    n: int
    n_events: int
    interval: IntervalType
    level: float
    method: str

    def at(self, times: Any) -> FloatArray:
        """Survival at the given times, (asked, k); NaN after the last event time, where nothing is known."""
        asked = finite_vector(times, "times")
        start = np.ones((1, self.survival.shape[1]))
        found: FloatArray = np.concatenate([start, self.survival])[np.searchsorted(self.time, asked, side="right")]
        found[asked > self.time[-1]] = np.nan
        return found


def predict_survival(
    fit: CoxFit,
    covariates: Any,
    *,
    stratum: Any = None,
    offset: float = 0.0,
    interval: IntervalType = "log",
    level: float = 0.95,
) -> PredictedSurvival:
    """The survival that the model predicts for k sets of covariates, with pointwise intervals.

    The baseline hazard goes with the model's ties (Breslow's or Efron's steps); the error holds that of the baseline
    and that of the coefficients, robust where the model's errors are.

    Args:
        fit: a fitted model.
        covariates: shape (k, p) in the order of the fit's terms; zeros give the baseline itself.
        stratum: whose baseline hazard, for a model with strata.
        offset: the patients' known part of the log hazard.
        interval: scale on which the interval is symmetric.
        level: confidence level.

    Raises:
        UnusableInputError: a wrong shape, a missing value, or a stratum that the model does not know.

    Source: Tsiatis 1981; Therneau and Grambsch 2000, section 10; as R survival `survfit.coxph`.

    >>> from lutrace.stats import fit_cox, survival_of
    >>> fit = fit_cox(survival_of([1, 2, 3, 4], [1, 1, 0, 1]), [1, 0, 1, 0], terms=["x"])
    >>> predict_survival(fit, [[0.0]]).time
    array([1., 2., 4.])
    """
    given, sums = fit.basis.given, fit.basis.sums
    order, p = sums.order, len(fit.terms)
    matrix = np.atleast_2d(np.asarray(covariates, dtype=np.float64))
    matrix = covariate_matrix(matrix, fit.terms, matrix.shape[0])
    chosen, place = _groups_of(fit, stratum)
    standard = (matrix - given.mean) / given.scale
    risk = np.exp(standard @ sums.coef + offset - sums.centre[place])
    hazard = np.cumsum(sums.hazard[chosen])
    moments = np.cumsum(sums.hazard_moments[chosen], axis=0)
    covariance = fit.basis.inverse
    if fit.is_robust:
        covariance = fit.robust_covariance * np.outer(given.scale, given.scale)
    # The gradient of each cumulative hazard in the coefficients, (times, k, p).
    slope = hazard[:, None, None] * standard - moments[:, None, :]
    variance = np.cumsum(sums.squares.whole[chosen])[:, None] + np.einsum("tkp,pq,tkq->tk", slope, covariance, slope)
    cumulative = hazard[:, None] * risk
    survival, std_error = np.exp(-cumulative), np.sqrt(variance) * risk
    low, high = compute_limits(survival, std_error, interval=interval, level=level)
    return PredictedSurvival(
        time=order.groups.time[chosen],
        cumulative_hazard=cumulative,
        survival=survival,
        std_error=std_error,
        low=low,
        high=high,
        n=fit.n,
        n_events=int(order.groups.n_events[chosen].sum()),
        interval=interval,
        level=level,
        method=f"survival by a Cox model of {p} covariates, {fit.ties.capitalize()} baseline, {interval} interval",
    )


def _groups_of(fit: CoxFit, stratum: Any) -> tuple[IntArray, int]:
    """The event times of a stratum in ascending order, and its place among the strata with events."""
    groups, strata = fit.basis.sums.order.groups, fit.basis.given.strata
    if (strata is None) != (stratum is None):
        wanted = "the model has no strata; leave stratum out" if strata is None else "the model has strata; name one"
        raise UnusableInputError(f"stratum must be as in the model, got {stratum}: {wanted}")
    code = 0
    if strata is not None:
        labels = np.unique(np.asarray(strata))
        found = np.flatnonzero(labels == stratum)
        code = int(found[0]) if found.size else -1
    chosen = np.flatnonzero(groups.stratum == code)[::-1]
    if not chosen.size:
        raise UnusableInputError(f"stratum must be one in which the model saw an event, got {stratum}")
    return chosen, int(np.searchsorted(np.unique(groups.stratum), code))
