"""Residuals of a Cox model: martingale, deviance, score, Schoenfeld, dfbeta."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import xlogy

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, label_codes, sum_by

if TYPE_CHECKING:
    from lutrace.stats.cox.result import CoxFit

RowResidual = Literal["martingale", "deviance", "score", "dfbeta", "dfbetas"]


@dataclass(frozen=True, eq=False)
class SchoenfeldResiduals:
    """Per event, by stratum and time: its row, its time, and covariates less their mean in the risk set, (events, p).

    Scaled residuals estimate the coefficient at that time.
    """

    rows: IntArray
    time: FloatArray
    values: FloatArray


def compute_row_residuals(fit: CoxFit, kind: RowResidual, *, by: Any = None) -> FloatArray:
    """Residuals per row: martingale and deviance (n,); score, dfbeta and dfbetas (n, p), per unit of a covariate.

    `dfbeta` is about the change of each coefficient that the row makes, times its case weight; `dfbetas` that in
    standard errors of the model; `score` is not weighted, as in R.

    Args:
        fit: a fitted model.
        kind: which residual.
        by: label of each row; residuals are then summed over rows of one label, in sorted order of labels.

    Raises:
        UnusableInputError: an unknown kind.

    Source: Therneau, Grambsch and Fleming 1990; Cain and Lange 1984; as R survival `residuals.coxph`.

    >>> from lutrace.stats import fit_cox, survival_of
    >>> fit = fit_cox(survival_of([1, 2, 3, 4], [1, 1, 0, 1]), [1, 0, 1, 0], terms=["x"])
    >>> round(float(compute_row_residuals(fit, "martingale").sum()), 9) + 0.0
    0.0
    """
    basis = fit.basis
    codes = None if by is None else label_codes(by, "by", fit.n)
    if kind in ("martingale", "deviance"):
        residual, event = basis.martingale, basis.given.survival.event.astype(np.float64)
        if codes is not None:
            residual, event = sum_by(residual, codes), sum_by(event, codes)
        return residual if kind == "martingale" else _deviance(residual, event)
    match kind:
        case "score":
            found = basis.weighted_score if basis.weights is None else basis.weighted_score / basis.weights[:, None]
        case "dfbeta":
            found = basis.dfbeta
        case "dfbetas":
            found = basis.dfbeta / np.asarray(fit.se)
        case _:
            raise UnusableInputError(f"kind must be martingale, deviance, score, dfbeta or dfbetas, got {kind}")
    return found if codes is None else sum_by(found, codes)


def _deviance(residual: FloatArray, event: FloatArray) -> FloatArray:
    left = -2 * (residual + xlogy(event, event - residual))
    return np.asarray(np.sign(residual) * np.sqrt(np.maximum(left, 0)), dtype=np.float64)


def compute_schoenfeld(fit: CoxFit, *, scaled: bool = False) -> SchoenfeldResiduals:
    """Schoenfeld residuals per event, per unit of a covariate; scaled by the model's covariance when asked for.

    Source: Schoenfeld 1982; Grambsch and Therneau 1994; as R survival `residuals.coxph`.

    >>> from lutrace.stats import fit_cox, survival_of
    >>> fit = fit_cox(survival_of([1, 2, 3, 4], [1, 1, 0, 1]), [1, 0, 1, 0], terms=["x"])
    >>> compute_schoenfeld(fit).time
    array([1., 2., 4.])
    """
    basis, order = fit.basis, fit.basis.sums.order
    groups = order.groups
    group = np.repeat(np.arange(groups.n), groups.n_events)
    values = (order.covariates[groups.event_rows] - basis.sums.mean_covariates[group]) * basis.given.scale
    rows = order.rows[groups.event_rows]
    place = np.lexsort((rows, groups.time[group], groups.stratum[group]))
    if scaled:
        values = values @ fit.covariance * rows.size + np.asarray(fit.coef)
    return SchoenfeldResiduals(rows[place], groups.time[group][place], values[place])
