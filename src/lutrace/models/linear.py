"""Differences of the mean of a value that is a number, per unit of each covariate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lutrace.core import EstimationError, Row
from lutrace.models.collinearity import check_inflation
from lutrace.models.regression import Model, beside_rows, cells_of, explain_late, numbers_of, refuse_model
from lutrace.models.results import AnalysisResult, finite_or_none, join_results, rows_of
from lutrace.protocol import LinearAnalysis, Protocol
from lutrace.stats import fit_linear


def fit_linear_analysis(analysis: LinearAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """The models of the analysis on rows of the analysis set, each on its own complete cases; a row per term."""
    cells = cells_of(analysis, analysis.outcomes, protocol, measure="mean_difference", unit=analysis.unit)
    models = [Model(cell, (cell.endpoint,), tuple(rows_of(rows, cell.population))) for cell in cells]
    return join_results([_fit_model(model, analysis, protocol) for model in models])


def _fit_model(model: Model, analysis: LinearAnalysis, protocol: Protocol) -> AnalysisResult:
    used = [row for row in model.used if analysis.transform == "identity" or row[model.cell.endpoint] > 0]
    n = len(used)
    late = explain_late(model, used, protocol)
    if late:
        return refuse_model(model, late, n=n, severity="blocking")
    if not used:
        return refuse_model(model, "no patient has outcome and covariates", n=0)
    values = [float(row[model.cell.endpoint]) for row in used]
    if analysis.transform == "log2":
        values = [math.log2(value) for value in values]
    matrix = model.matrix(used)
    try:
        inflation = check_inflation(matrix, model.terms, analysis.most_vif)
        fit = fit_linear(values, matrix, terms=model.terms, is_robust=analysis.robust)
    except EstimationError as error:
        return refuse_model(model, str(error), n=n)
    checks = {
        "r_squared": fit.r_squared,
        "residual_sd": fit.residual_sd,
        "n_missing": len(model.rows) - n,
        "variance_inflation": {name: finite_or_none(value) for name, value in inflation.items()},
    }
    numbers = {name: numbers_of(fit, fit.terms.index(name), fit.coef, fit.t) for name in model.terms}
    common: dict[str, Any] = {
        "n": n,
        "method": f"{fit.method}{' of log2 of the value' if analysis.transform == 'log2' else ''}",
    }
    sd = float(matrix[:, 0].std(ddof=1))
    row = model.cell.fill(**common, **numbers[model.cell.term], checks=checks)
    return AnalysisResult((row, *beside_rows(model, analysis, protocol, numbers=numbers, sd=sd, common=common)))
