"""Odds ratios: logistic models of a yes or no, each term alone, adjusted, or all together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lutrace.core import EstimationError, Row
from lutrace.models.collinearity import check_inflation
from lutrace.models.outcome import covariate_of
from lutrace.models.regression import Model, beside_rows, cells_of, explain_late, numbers_of, refuse_model
from lutrace.models.results import AnalysisResult, ModelWarning, finite_or_none, join_results, rows_of
from lutrace.protocol import LogisticAnalysis, Protocol
from lutrace.stats import (
    LogisticFit,
    compute_left_out_auc,
    fit_firth_logistic,
    fit_logistic,
    fit_logistic_or_firth,
)

AUC = "auc"


def fit_logistic_analysis(analysis: LogisticAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """The models of the analysis on rows of the analysis set, each on its own complete cases.

    A row per term with its odds ratio, and `<term>/auc` (`auc` of all terms together), the area under the curve with
    each pair of a yes and a no left out.
    """
    return join_results([_fit_model(model, analysis, protocol) for model in _models(analysis, rows, protocol)])


def _models(analysis: LogisticAnalysis, rows: Sequence[Row], protocol: Protocol) -> Iterator[Model]:
    cells = list(cells_of(analysis, analysis.outcomes, protocol, measure="odds_ratio"))
    first, *others = analysis.terms
    together = [replace(cell, adjusted_for=tuple(others)) for cell in cells if cell.term == first]
    for cell in (*cells, *(together if analysis.together and others else ())):
        yield Model(cell, (cell.endpoint,), tuple(rows_of(rows, cell.population)))


def _fit_model(model: Model, analysis: LogisticAnalysis, protocol: Protocol) -> AnalysisResult:
    used = model.used
    answers = np.array([float(row[model.cell.endpoint] > 0) for row in used])
    n, events = len(used), int(answers.sum())
    late = explain_late(model, used, protocol)
    if late:
        return refuse_model(model, late, n=n, events=events, severity="blocking")
    if not used:
        return refuse_model(model, "no patient has outcome and covariates", n=0, events=0)
    matrix = model.matrix(used)
    try:
        few = _check_size(analysis, answers, model.terms)
        inflation = check_inflation(matrix, model.terms, analysis.most_vif)
        fit = _fit(analysis, answers, matrix, model.terms)
        auc = compute_left_out_auc(answers, matrix, terms=model.terms, is_firth=fit.penalty == "firth")
    except EstimationError as error:
        return refuse_model(model, str(error), n=n, events=events)
    checks = {
        **_describe(fit, model, n_missing=len(model.rows) - n),
        "variance_inflation": {name: finite_or_none(value) for name, value in inflation.items()},
        "area_under_curve": {
            "apparent": auc.apparent,
            "left_one_out": auc.left_one_out,
            "left_pair_out": auc.left_pair_out,
        },
    }
    common = {"n": n, "events": events, "method": f"{fit.method}{few}"}
    made = _rows(model, analysis, protocol, fit=fit, common=common, checks=checks)
    together = analysis.together and bool(model.cell.adjusted_for)
    area = replace(model.cell, term=AUC if together else f"{model.cell.term}/{AUC}", measure=AUC, covariate_unit="1")
    made.append(area.fill(n=n, events=events, method=auc.method, estimate=auc.left_pair_out))
    told = (f"more covariates than {events} events carry{few}", *fit.warnings) if few else fit.warnings
    return AnalysisResult(tuple(made), warnings=tuple(ModelWarning(model.where, text, "warning") for text in told))


def _check_size(analysis: LogisticAnalysis, answers: Any, terms: Sequence[str]) -> str:
    """What the method must say of too few answers for the covariates; EstimationError where no reason allows it."""
    events = int(answers.sum())
    rarer = min(events, answers.size - events)
    if rarer >= analysis.events_per_covariate * len(terms):
        return ""
    if analysis.allow_overfit:
        return (
            f"; {rarer / len(terms):.1f} of the rarer answer per covariate, allowed because: {analysis.allow_overfit}"
        )
    which = "yes" if events == rarer else "no"
    raise EstimationError(
        f"{rarer} of {answers.size} patients have the rarer answer ({which}), which carries "
        f"{int(rarer // analysis.events_per_covariate)} covariate(s) at {analysis.events_per_covariate:g} each; the "
        f"model has {len(terms)}: leave covariates out, or state in allow_overfit why it is fitted all the same"
    )


def _fit(analysis: LogisticAnalysis, answers: Any, matrix: Any, terms: Sequence[str]) -> LogisticFit:
    rarer = min(answers.sum(), answers.size - answers.sum())
    if analysis.firth == "always" or (analysis.firth == "auto" and 0 < rarer < analysis.few_events):
        return fit_firth_logistic(answers, matrix, terms=terms)
    return (fit_logistic if analysis.firth == "never" else fit_logistic_or_firth)(answers, matrix, terms=terms)


def _rows(
    model: Model, analysis: LogisticAnalysis, protocol: Protocol, *, fit: LogisticFit, common: Any, checks: Any
) -> list[Row]:
    numbers = {name: numbers_of(fit, fit.terms.index(name), fit.odds_ratio, fit.z) for name in model.terms}
    cells = [model.cell]
    if analysis.together and model.cell.adjusted_for:
        for name in model.cell.adjusted_for:
            others = tuple(other for other in model.terms if other != name)
            unit = covariate_of(protocol, name).unit
            cells.append(replace(model.cell, term=name, covariate_unit=unit, adjusted_for=others))
    sds = model.matrix(model.used).std(axis=0, ddof=1)
    made = []
    for place, cell in enumerate(cells):
        own = replace(model, cell=cell)
        made.append(cell.fill(**common, **numbers[cell.term], checks=checks))
        made += beside_rows(own, analysis, protocol, numbers=numbers, sd=float(sds[place]), common=common)
    return made


def _describe(fit: LogisticFit, model: Model, *, n_missing: int) -> dict[str, Any]:
    rarer = min(fit.n_events, fit.n - fit.n_events)
    return {
        "separation": str(fit.separation or "none"),
        "firth": fit.penalty == "firth",
        "events_per_term": rarer / len(model.terms),
        "intercept": finite_or_none(fit.coef[0]),
        "influential_patients": len({one.row for one in fit.influence if one.term == model.cell.term}),
        "n_missing": n_missing,
        "warnings": list(fit.warnings),
    }
