"""A covariate whose effect may be curved: a restricted cubic spline in the Cox model, its curve and its test."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from lutrace.core import EstimationError, Row, UnusableInputError
from lutrace.models.results import AnalysisResult, Cell, ModelWarning
from lutrace.protocol import Covariate, CoxAnalysis, Protocol
from lutrace.stats import CoxFit, SplineBasis, compare_cox, compute_spline_basis, fit_cox

if TYPE_CHECKING:
    from lutrace.models.cox import CoxData

NONLINEAR = "nonlinear"
_POINTS = 41
_ENDS = (0.05, 0.95)


def fit_spline(cell: Cell, data: CoxData, analysis: CoxAnalysis, protocol: Protocol) -> AnalysisResult:
    """Rows of EFFECTS, and the row `<term>/nonlinear` of ESTIMATES: the likelihood ratio of curve against line.

    The curve runs from the 5th to the 95th percentile; each point stands against the median, in the value's own unit.
    """
    own = replace(cell, term=f"{cell.term}/{NONLINEAR}", measure="nonlinearity", covariate_unit="1")
    common: dict[str, Any] = {"n": data.survival.n, "events": data.survival.n_events}
    knots = analysis.spline or 0
    try:
        basis = compute_spline_basis(data.matrix[:, 0], cell.term, knots=knots)
        options = {**data.options, "ties": analysis.ties}
        line = fit_cox(data.survival, data.matrix, **options)
        terms = (*basis.terms, *data.terms[1:])
        curve = fit_cox(
            data.survival, np.column_stack([basis.columns, data.matrix[:, 1:]]), **{**options, "terms": terms}
        )
    except (EstimationError, UnusableInputError) as error:
        where = f"{cell.analysis}, {cell.population}, {cell.endpoint}, {cell.term}"
        warning = ModelWarning(where, f"no curved effect: {error}", "warning")
        return AnalysisResult((own.refuse(**common, reason=str(error)),), warnings=(warning,))
    test = compare_cox(curve, line)
    row = own.fill(
        **common,
        method=f"likelihood ratio of a restricted cubic spline of {knots} knots against a straight effect, "
        f"{test.df} degree{'' if test.df == 1 else 's'} of freedom",
        estimate=test.statistic,
        statistic=test.statistic,
        p=test.p,
        checks={"knots": [_own_unit(knot, protocol.covariate(cell.term)) for knot in basis.knots]},
    )
    return AnalysisResult((row,), effects=_points(cell, data, basis, curve, protocol.covariate(cell.term)))


def _points(cell: Cell, data: CoxData, basis: SplineBasis, fit: CoxFit, covariate: Covariate) -> tuple[Row, ...]:
    values = data.matrix[:, 0]
    middle = float(np.median(values))
    low, high = (float(np.quantile(values, end)) for end in _ENDS)
    asked = np.linspace(low, high, _POINTS)
    columns = compute_spline_basis([*asked, middle], cell.term, knots=basis.knots).columns
    away = columns[:-1] - columns[-1]
    width = len(basis.terms)
    coef, covariance = np.asarray(fit.coef)[:width], _covariance(fit)[:width, :width]
    log_ratio = away @ coef
    half = NormalDist().inv_cdf(0.975) * np.sqrt(np.einsum("ij,jk,ik->i", away, covariance, away))
    return tuple(
        {
            "analysis": cell.analysis,
            "population": cell.population,
            "endpoint": cell.endpoint,
            "term": cell.term,
            "adjusted": bool(cell.adjusted_for),
            "point": point,
            "value": _own_unit(float(asked[point]), covariate),
            "reference": _own_unit(middle, covariate),
            "estimate": math.exp(log_ratio[point]),
            "low": math.exp(log_ratio[point] - half[point]),
            "high": math.exp(log_ratio[point] + half[point]),
        }
        for point in range(_POINTS)
    )


def _covariance(fit: CoxFit) -> Any:
    return fit.robust_covariance if fit.is_robust else fit.covariance


def _own_unit(value: float, covariate: Covariate) -> float:
    """A covariate as it enters the model, back in the unit of its value."""
    match covariate.transform:
        case "log2":
            return float(2**value)
        case "log":
            return math.exp(value)
        case "per":
            return value * covariate.per
        case _:
            return value
