"""Hazard ratios: one Cox model per population, endpoint and term, alone and adjusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lutrace.core import EstimationError, Row
from lutrace.models.cox_checks import describe_checks, find_doubts
from lutrace.models.outcome import count_events, count_late, covariate_of, follow_up_of, select_complete
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, finite_or_none, join_results, rows_of
from lutrace.protocol import CoxAnalysis, Landmark, Protocol
from lutrace.stats import CoxFit, Survival, compute_cox_optimism, fit_cox, fit_cox_or_firth, fit_firth_cox


def fit_cox_analysis(analysis: CoxAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """The models of the analysis on rows of the analysis set, each on its own complete cases."""
    parts = []
    for population in analysis.populations:
        here = rows_of(rows, population)
        parts.append(AnalysisResult(warnings=_warn_of_time_zero(analysis, population, protocol)))
        for endpoint in analysis.endpoints:
            for term in analysis.terms:
                for others in _adjustments(analysis, term):
                    cell = Cell(
                        analysis=analysis.name,
                        population=population,
                        endpoint=endpoint,
                        term=term,
                        measure="hazard_ratio",
                        covariate_unit=covariate_of(protocol, term).unit,
                        adjusted_for=others,
                    )
                    parts.append(_fit_cell(cell, analysis, here, protocol))
    return join_results(parts)


def _adjustments(analysis: CoxAnalysis, term: str) -> list[tuple[str, ...]]:
    others = tuple(name for name in analysis.adjust_for if name != term)
    alone: list[tuple[str, ...]] = [()] if analysis.unadjusted_too or not others else []
    return alone + ([others] if others else [])


def _fit_cell(cell: Cell, analysis: CoxAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    terms = (cell.term, *cell.adjusted_for)
    where = f"{cell.analysis}, {cell.population}, {cell.endpoint}, {cell.term}"
    used = select_complete(rows, cell.endpoint, terms)
    n, events = len(used), count_events(used, cell.endpoint)
    late = {term: count_late(used, term) for term in terms}
    landmark = protocol.landmark(cell.population)
    if landmark.origin != "first_cycle" and any(late.values()):
        names = ", ".join(f"{name} ({count} patients)" for name, count in late.items() if count)
        reason = (
            f"measured after time zero: {names}; take a value from before, or a later landmark (a value without a date "
            "counts as late)"
        )
        return _refused(cell, where, reason, n=n, events=events, severity="blocking")
    if not used:
        return _refused(cell, where, "no patient has outcome and covariates", n=0, events=0)
    survival = follow_up_of(used, cell.endpoint)
    matrix = np.array([[float(row[term]) for term in terms] for row in used])
    try:
        fit = _fit(analysis, survival, matrix, terms)
    except EstimationError as error:
        return _refused(cell, where, str(error), n=n, events=events)
    beside = {
        "n_missing": len(rows) - n,
        "sparse_firth": _compare_firth(fit, survival, matrix),
        **_measure_optimism(analysis, survival, matrix, terms),
    }
    row = cell.fill(
        n=fit.n,
        events=fit.n_events,
        method=fit.method,
        coef=fit.coef[0],
        se=fit.se[0],
        estimate=fit.hazard_ratio[0],
        low=fit.low[0],
        high=fit.high[0],
        statistic=fit.z[0],
        p=fit.p[0],
        checks={**describe_checks(fit, cell.term), **beside},
    )
    name = f"{where}, {'adjusted' if cell.adjusted_for else 'unadjusted'}"
    doubts = tuple(ModelWarning(name, text, "warning") for text in find_doubts(fit, cell.term))
    return AnalysisResult((row,), warnings=doubts)


def _fit(analysis: CoxAnalysis, survival: Survival, matrix: Any, terms: Sequence[str]) -> CoxFit:
    match analysis.firth:
        case "always":
            return fit_firth_cox(survival, matrix, terms=terms)
        case "never":
            return fit_cox(survival, matrix, terms=terms, ties=analysis.ties)
        case "auto":
            return fit_cox_or_firth(survival, matrix, terms=terms, ties=analysis.ties)


def _measure_optimism(analysis: CoxAnalysis, survival: Survival, matrix: Any, terms: Sequence[str]) -> dict[str, Any]:
    """What the bootstrap that the protocol asks for says of the concordance; nothing where it asks for none."""
    asked = analysis.bootstrap
    if asked is None:
        return {}
    try:
        found = compute_cox_optimism(
            survival, matrix, terms=terms, ties=analysis.ties, seed=asked.seed, n_samples=asked.samples
        )
    except EstimationError as error:
        return {"optimism": {"reason": str(error)}}
    told = {"apparent": found.apparent, "optimism": found.optimism, "corrected": found.corrected}
    return {"optimism": {**told, "n_failed": found.n_failed, "method": found.method}}


def _refused(cell: Cell, where: str, reason: str, *, n: int, events: int, severity: Any = "warning") -> AnalysisResult:
    row = cell.refuse(n=n, events=events, reason=reason)
    return AnalysisResult((row,), warnings=(ModelWarning(where, f"no hazard ratio: {reason}", severity),))


def _warn_of_time_zero(analysis: CoxAnalysis, population: str, protocol: Protocol) -> tuple[ModelWarning, ...]:
    landmark = protocol.landmark(population)
    if landmark.origin != "first_cycle":
        return ()
    return (ModelWarning(f"{analysis.name}, {population}", describe_immortal_time(landmark), "blocking"),)


def describe_immortal_time(landmark: Landmark) -> str:
    """What a reader must be told when time runs from cycle 1 to outcomes of those who reached a later landmark."""
    return (
        f"immortal time: time runs from cycle 1, the covariates are of cycle {landmark.cycle}: every patient had to "
        "live until then, and the hazard ratios are biased; set the origin of the landmark to spect"
    )


def _compare_firth(fit: CoxFit, survival: Survival, matrix: Any) -> dict[str, Any] | None:
    """Firth's answer beside one that rests on few events; None where there are enough, or none to be had."""
    if fit.firth or not fit.warnings:
        return None
    try:
        penalised = fit_firth_cox(survival, matrix, terms=fit.terms)
    except EstimationError:
        return None
    return {
        "hazard_ratio": finite_or_none(penalised.hazard_ratio[0]),
        "low": finite_or_none(penalised.low[0]),
        "high": finite_or_none(penalised.high[0]),
        "p": finite_or_none(penalised.p[0]),
    }
