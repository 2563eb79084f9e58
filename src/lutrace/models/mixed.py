"""Scores over the cycles: a linear mixed model per term, its variance components, checks and sensitivity analyses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lutrace.core import EstimationError, Row
from lutrace.models.collinearity import check_inflation
from lutrace.models.mixed_sensitivity import sensitivity_rows
from lutrace.models.regression import Model, Numbers, beside_rows, cells_of, explain_late, numbers_of, refuse_model
from lutrace.models.results import AnalysisResult, ModelWarning, finite_or_none, join_results, rows_of
from lutrace.protocol import BASELINE_SCORE, BY_CYCLE, CYCLES, CYCLES_BETWEEN, MixedAnalysis, Protocol
from lutrace.stats import (
    MixedFit,
    MixedResiduals,
    RandomEffects,
    compute_mixed_residuals,
    fit_mixed,
    split_within_between,
)

SCORE, IS_BASELINE = "score", "is_baseline"
POINTS = "points"
_SKEWED = 1.0
_ALARM = 0.05
_UNITS = {
    CYCLES: ("slope", "per further cycle of a patient"),
    CYCLES_BETWEEN: ("mean_difference", "per cycle more in the mean of a patient"),
    BY_CYCLE: ("slope", "change of the slope per unit"),
    BASELINE_SCORE: ("mean_difference", "per point of the baseline"),
}


@dataclass(frozen=True, eq=False)
class Design:
    """The columns of one model by name, its scores and the patients that they are of, one entry per score."""

    columns: Mapping[str, Any]
    scores: Any
    patients: tuple[str, ...]
    used: tuple[Row, ...]

    @property
    def matrix(self) -> Any:
        """The covariates, (n, p)."""
        return np.column_stack(list(self.columns.values()))

    @property
    def n_patients(self) -> int:
        """Patients."""
        return len(set(self.patients))


def fit_mixed_analysis(analysis: MixedAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """The models of the analysis on one row per score; its columns are those of the analysis set and four more.

    `score`; `cycles` (given before its day); `is_baseline`; `baseline_score` (None where there is none). A row per term
    in points of the scale; `<term>/cycles` and the others of the model's own terms; `<term>/sd_patients`, `/sd_slopes`,
    `/sd_residual` and `/icc`; `<term>/<contrast>`; `<term>/fractional` and `/ordinal`.
    """
    kept = [row for row in rows if analysis.baseline == "row" or not row[IS_BASELINE]]
    needed = (SCORE, CYCLES, *((BASELINE_SCORE,) if analysis.baseline == "covariate" else ()))
    cells = cells_of(analysis, (analysis.outcome,), protocol, measure="mean_difference", unit=POINTS)
    models = [Model(cell, needed, tuple(rows_of(kept, cell.population))) for cell in cells]
    return join_results([_fit_model(model, analysis, protocol) for model in models])


def _fit_model(model: Model, analysis: MixedAnalysis, protocol: Protocol) -> AnalysisResult:
    used = model.used
    patients = {row["patient_id"]: row for row in used}
    late = explain_late(model, list(patients.values()), protocol)
    if late:
        return refuse_model(model, late, n=len(patients), severity="blocking")
    if not used:
        return refuse_model(model, "no patient has scores and covariates", n=0)
    try:
        design = _design(model, analysis, used)
        # Of what does not change within a patient each patient tells once, however many scores.
        inflation = check_inflation(model.matrix(list(patients.values())), model.terms, analysis.most_vif)
        slopes = (CYCLES,) if analysis.slope else ()
        random = RandomEffects(design.patients, slopes)
        fit = fit_mixed(design.scores, design.matrix, terms=list(design.columns), random=random, df_method=analysis.df)
    except EstimationError as error:
        return refuse_model(model, str(error), n=len(patients))
    found = compute_mixed_residuals(fit, design.scores, design.matrix, design.patients)
    lacking = len({row["patient_id"] for row in model.rows}) - len(patients)
    checks = {
        **_describe(fit, found, analysis, design),
        "n_missing": lacking,
        "variance_inflation": {name: finite_or_none(value) for name, value in inflation.items()},
    }
    rows = _rows(model, analysis, protocol, fit=fit, design=design, checks=checks)
    told = (*fit.warnings, *_doubts(found, checks))
    return AnalysisResult(tuple(rows), warnings=tuple(ModelWarning(model.where, text, "warning") for text in told))


def _design(model: Model, analysis: MixedAnalysis, used: Sequence[Row]) -> Design:
    patients = tuple(row["patient_id"] for row in used)
    matrix = model.matrix(used)
    columns: dict[str, Any] = {name: matrix[:, place] for place, name in enumerate(model.terms)}
    cycles = np.array([float(row[CYCLES]) for row in used])
    columns[CYCLES] = cycles
    if analysis.cycles == "split":
        columns[CYCLES_BETWEEN], columns[CYCLES] = split_within_between(cycles, patients)
    if analysis.by_cycle:
        per_patient = {row["patient_id"]: float(row[model.cell.term]) for row in used}
        columns[BY_CYCLE] = (matrix[:, 0] - np.mean(list(per_patient.values()))) * columns[CYCLES]
    if analysis.baseline == "covariate":
        columns[BASELINE_SCORE] = np.array([float(row[BASELINE_SCORE]) for row in used])
    return Design(columns, np.array([float(row[SCORE]) for row in used]), patients, tuple(used))


def _rows(
    model: Model, analysis: MixedAnalysis, protocol: Protocol, *, fit: MixedFit, design: Design, checks: Any
) -> list[Row]:
    cell = model.cell
    numbers = {name: numbers_of(fit, fit.terms.index(name), fit.coef, fit.t) for name in design.columns}
    method = f"{fit.method}; {fit.n} scores of {design.n_patients} patients"
    common: dict[str, Any] = {"n": design.n_patients, "method": method}
    one_each = {row["patient_id"]: float(row[cell.term]) for row in design.used}
    sd = float(np.std(list(one_each.values()), ddof=1))
    rows = [cell.fill(**common, **numbers[cell.term], checks=checks)]
    rows += beside_rows(model, analysis, protocol, numbers=numbers, sd=sd, common=common)
    for name in design.columns:
        if name in _UNITS:
            measure, unit = _UNITS[name]
            own = replace(cell, term=f"{cell.term}/{name}", measure=measure, covariate_unit=unit)
            rows.append(own.fill(**common, **numbers[name]))
    rows += [
        replace(cell, term=f"{cell.term}/{name}", measure=measure, unit=unit, covariate_unit="1").fill(
            **common, estimate=value
        )
        for name, measure, unit, value in _components(fit)
    ]
    rows += _contrasts(model, analysis, fit, common)
    return [*rows, *sensitivity_rows(model, analysis, design)]


def _components(fit: MixedFit) -> Iterator[tuple[str, str, str, float]]:
    """Standard deviations of patients, of their slopes and of scores about them, and how alike a patient's scores are.

    With slopes the intraclass correlation is that at the mean of a patient's cycles.
    """
    between, within = fit.random_sd[0] ** 2, fit.residual_sd**2
    yield "sd_patients", "standard_deviation", POINTS, fit.random_sd[0]
    if len(fit.random_sd) > 1:
        yield "sd_slopes", "standard_deviation", f"{POINTS} per cycle", fit.random_sd[1]
    yield "sd_residual", "standard_deviation", POINTS, fit.residual_sd
    yield "icc", "icc", "1", between / (between + within)


def _contrasts(model: Model, analysis: MixedAnalysis, fit: MixedFit, common: Mapping[str, Any]) -> list[Row]:
    rows = []
    for one in analysis.contrasts:
        if not set(one.weights) <= set(fit.terms):
            continue
        found = fit.compute_contrast([one.weights.get(name, 0.0) for name in fit.terms])
        told: Numbers = {
            "coef": found.estimate, "se": found.se, "estimate": found.estimate,
            "low": found.low, "high": found.high, "statistic": found.t, "p": found.p,
        }  # fmt: skip
        cell = replace(model.cell, term=f"{model.cell.term}/{one.name}", covariate_unit="1")
        rows.append(cell.fill(**common, **told, checks={"weights": one.weights, "df": found.df}))
    return rows


def _describe(fit: MixedFit, found: MixedResiduals, analysis: MixedAnalysis, design: Design) -> dict[str, Any]:
    lowest, highest = analysis.ends
    spread = found.spread_with_level
    return {
        "n_scores": fit.n,
        "df": dict(zip(fit.terms, map(finite_or_none, fit.df), strict=True)),
        "singular": fit.is_singular,
        "log_likelihood": fit.loglik,
        "share_at_an_end_of_the_scale": float(np.mean((design.scores <= lowest) | (design.scores >= highest))),
        "share_predicted_outside_the_scale": float(np.mean((found.fitted < lowest) | (found.fitted > highest))),
        "residuals": {
            "skewness": finite_or_none(found.skewness),
            "excess_kurtosis": finite_or_none(found.excess_kurtosis),
            "share_beyond_two_sd": found.share_beyond_two,
            "spread_with_level": None if spread is None else {"spearman": spread.estimate, "p": spread.p},
        },
        "warnings": list(fit.warnings),
    }


def _doubts(found: MixedResiduals, checks: Mapping[str, Any]) -> Iterator[str]:
    """What the residuals say against the model, in words."""
    if abs(found.skewness) > _SKEWED:
        yield (
            f"the residuals are skewed (skewness {found.skewness:.1f}): the model of equal, symmetric errors does not "
            "describe these scores well; compare sensitivity: [fractional]"
        )
    spread = found.spread_with_level
    if spread is not None and spread.p < _ALARM:
        yield (
            f"the spread of the residuals changes with the level of the score (Spearman {spread.estimate:.2f}); "
            "intervals may be too narrow or too wide"
        )
    outside = checks["share_predicted_outside_the_scale"]
    if outside > 0:
        yield f"{100 * outside:.0f} % of the predictions lie outside the scale; compare sensitivity: [fractional]"
