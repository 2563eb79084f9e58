"""Hazard ratios: one Cox model per population, endpoint and term, alone and adjusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lutrace.core import EstimationError, Row, UnsupportedError
from lutrace.models.collinearity import check_inflation
from lutrace.models.cox_beside import find_e_values, find_increment
from lutrace.models.cox_checks import describe_checks, find_doubts
from lutrace.models.cox_spline import fit_spline
from lutrace.models.outcome import count_events, follow_up_of
from lutrace.models.regression import Model, beside_rows, cells_of, explain_late, numbers_of, refuse_model
from lutrace.models.results import AnalysisResult, ModelWarning, finite_or_none, join_results, rows_of
from lutrace.protocol import CoxAnalysis, Protocol, TimeZero
from lutrace.stats import (
    CoxFit,
    CoxRows,
    Survival,
    compute_cox_optimism,
    fit_cox,
    fit_cox_or_firth,
    fit_firth_cox,
    fit_ridge_cox,
)

_FEW_EVENTS = 10


@dataclass(frozen=True, eq=False)
class CoxData:
    """What one model is fitted to: follow-up, covariates (n, p), strata, and the patients where they form clusters."""

    survival: Survival
    matrix: Any
    terms: tuple[str, ...]
    strata: Any
    patients: tuple[str, ...]

    @property
    def rows(self) -> CoxRows | None:
        """The clusters of a population in which a patient has several rows, None where each has one."""
        return CoxRows(None, list(self.patients)) if len(set(self.patients)) < len(self.patients) else None

    @property
    def options(self) -> dict[str, Any]:
        """What every fit of these data is given by name."""
        return {"terms": self.terms, "strata": self.strata, "rows": self.rows}


def fit_cox_analysis(analysis: CoxAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """The models of the analysis on rows of the analysis set, each on its own complete cases."""
    parts = [AnalysisResult(warnings=_warn_of_time_zero(analysis, name, protocol)) for name in analysis.populations]
    for cell in cells_of(analysis, analysis.endpoints, protocol, measure="hazard_ratio"):
        strata = tuple(f"{name}_category" for name in analysis.strata)
        needed = (f"{cell.endpoint}_days", f"{cell.endpoint}_event", *strata)
        parts.append(_fit_model(Model(cell, needed, tuple(rows_of(rows, cell.population))), analysis, protocol))
    return join_results(parts)


def _fit_model(model: Model, analysis: CoxAnalysis, protocol: Protocol) -> AnalysisResult:
    used = model.used
    n, events = len(used), count_events(used, model.cell.endpoint)
    late = explain_late(model, used, protocol)
    if late:
        return refuse_model(model, late, n=n, events=events, severity="blocking")
    if not used:
        return refuse_model(model, "no patient has outcome and covariates", n=0, events=0)
    data = _gather(model, analysis, used)
    try:
        inflation = check_inflation(data.matrix, data.terms, analysis.most_vif)
        fit = _fit(analysis, data)
    except (EstimationError, UnsupportedError) as error:
        return refuse_model(model, str(error), n=n, events=events)
    checks = {
        **describe_checks(fit, model.cell.term),
        "n_missing": len(model.rows) - n,
        "sparse_firth": _compare_firth(fit, data),
        **({"variance_inflation": {name: finite_or_none(one) for name, one in inflation.items()}} if inflation else {}),
        **_measure_optimism(analysis, data),
    }
    numbers = {name: numbers_of(fit, place, fit.hazard_ratio, fit.z) for place, name in enumerate(fit.terms)}
    stratified = f", strata by {', '.join(analysis.strata)}" if analysis.strata else ""
    common: dict[str, Any] = {"n": fit.n, "events": fit.n_events, "method": f"{fit.method}{stratified}"}
    rows = [model.cell.fill(**common, **numbers[model.cell.term], checks=checks)]
    sd = float(data.matrix[:, 0].std(ddof=1)) if n > 1 else 0.0
    rows += beside_rows(model, analysis, protocol, numbers=numbers, sd=sd, common=common)
    if analysis.increment is not None and model.cell.adjusted_for:
        rows.append(find_increment(model.cell, data, analysis))
    if analysis.e_value:
        rows += find_e_values(model.cell, fit)
    curved = AnalysisResult() if analysis.spline is None else fit_spline(model.cell, data, analysis, protocol)
    name = f"{model.where}, {'adjusted' if model.cell.adjusted_for else 'unadjusted'}"
    doubts = tuple(ModelWarning(name, text, "warning") for text in find_doubts(fit, model.cell.term))
    own = AnalysisResult(tuple(rows), warnings=doubts, influences=_influences(model, fit, data))
    return join_results([own, curved])


def _gather(model: Model, analysis: CoxAnalysis, used: Sequence[Row]) -> CoxData:
    strata = [" / ".join(str(row[f"{name}_category"]) for name in analysis.strata) for row in used]
    return CoxData(
        follow_up_of(used, model.cell.endpoint),
        model.matrix(used),
        model.terms,
        strata if analysis.strata else None,
        tuple(row["patient_id"] for row in used),
    )


def _fit(analysis: CoxAnalysis, data: CoxData) -> CoxFit:
    if analysis.ridge is not None:
        return fit_ridge_cox(data.survival, data.matrix, theta=analysis.ridge, ties=analysis.ties, **data.options)
    sparse = data.survival.n_events < _FEW_EVENTS * len(data.terms)
    if analysis.firth == "always" or (analysis.firth == "few" and sparse):
        return fit_firth_cox(data.survival, data.matrix, **data.options)
    fit = fit_cox if analysis.firth == "never" else fit_cox_or_firth
    return fit(data.survival, data.matrix, ties=analysis.ties, **data.options)


def _measure_optimism(analysis: CoxAnalysis, data: CoxData) -> dict[str, Any]:
    """What the bootstrap that the protocol asks for says of the concordance; nothing where it asks for none."""
    asked = analysis.bootstrap
    if asked is None:
        return {}
    try:
        found = compute_cox_optimism(
            data.survival, data.matrix, ties=analysis.ties, seed=asked.seed, n_samples=asked.samples, **data.options
        )
    except EstimationError as error:
        return {"optimism": {"reason": str(error)}}
    told = {"apparent": found.apparent, "optimism": found.optimism, "corrected": found.corrected}
    return {"optimism": {**told, "n_failed": found.n_failed, "method": found.method}}


def _warn_of_time_zero(analysis: CoxAnalysis, population: str, protocol: Protocol) -> tuple[ModelWarning, ...]:
    landmark = protocol.landmark(population)
    if landmark.origin != "first_cycle":
        return ()
    return (ModelWarning(f"{analysis.name}, {population}", describe_immortal_time(landmark), "blocking"),)


def describe_immortal_time(landmark: TimeZero) -> str:
    """What a reader must be told when time runs from cycle 1 to outcomes of those who reached a later landmark."""
    return (
        f"immortal time: time runs from cycle 1, the covariates are of cycle {landmark.cycle}: every patient had to "
        "live until then, and the hazard ratios are biased; set the origin of the landmark to spect"
    )


def _compare_firth(fit: CoxFit, data: CoxData) -> dict[str, Any] | None:
    """Firth's answer beside one that rests on few events; None where there are enough, or none to be had."""
    if fit.penalty != "none" or not fit.warnings or data.rows is not None:
        return None
    try:
        penalised = fit_firth_cox(data.survival, data.matrix, **data.options)
    except EstimationError:
        return None
    return {
        "hazard_ratio": finite_or_none(penalised.hazard_ratio[0]),
        "low": finite_or_none(penalised.low[0]),
        "high": finite_or_none(penalised.high[0]),
        "p": finite_or_none(penalised.p[0]),
    }


def _influences(model: Model, fit: CoxFit, data: CoxData) -> tuple[Row, ...]:
    """Rows of INFLUENCES: the patients without whom the term's coefficient would be another, the strongest first."""
    cell = model.cell
    return tuple(
        {
            "patient_id": data.patients[one.row],
            "analysis": cell.analysis,
            "population": cell.population,
            "endpoint": cell.endpoint,
            "term": cell.term,
            "adjusted": bool(cell.adjusted_for),
            "dfbetas": one.dfbetas,
        }
        for one in fit.influence
        if one.term == cell.term
    )
