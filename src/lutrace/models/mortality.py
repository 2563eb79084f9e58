"""Medians and hazard ratios if deaths are missing from the records: quantitative bias analysis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lutrace.core import DAYS_PER_MONTH, EstimationError, Row
from lutrace.models.balance import join_cohorts
from lutrace.models.curves import as_unit
from lutrace.models.outcome import follow_up_of, select_complete
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, join_results, rows_of
from lutrace.protocol import Capture, ComparisonAnalysis, MissedDeathsAnalysis, OverallSurvival, Protocol
from lutrace.stats import draw_missed_deaths, draw_missed_medians, find_tipping_deaths


def fit_missed_deaths(analysis: MissedDeathsAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """The median of each population as recorded, and the band of medians that the capture of deaths leaves open.

    With a comparison whose checklist is signed also the hazard ratio over draws, and how many missed deaths undo it.
    """
    parts = [AnalysisResult(warnings=_warn_of_carried(analysis, protocol))]
    for capture in analysis.capture:
        parts.append(_fit_one(analysis, capture, rows))
    if analysis.comparison is not None:
        pair = next(one for one in protocol.analyses if one.name == analysis.comparison)
        assert isinstance(pair, ComparisonAnalysis)
        parts.append(_fit_pair(analysis, pair, rows))
    return join_results(parts)


def _warn_of_carried(analysis: MissedDeathsAnalysis, protocol: Protocol) -> tuple[ModelWarning, ...]:
    """Whoever is carried to the data cut would die there: the outcome must end at the last sign of life."""
    outcome = protocol.outcome(analysis.endpoint)
    if not isinstance(outcome, OverallSurvival) or outcome.censor_at != "data_cut":
        return ()
    text = (
        f"{outcome.name} carries everybody alive to the data cut (censor_at: data_cut): deaths missed would be dated "
        "there, and the corrected median is too long; name an outcome with censor_at: last_activity"
    )
    return (ModelWarning(analysis.name, text, "warning"),)


def _fit_one(analysis: MissedDeathsAnalysis, capture: Capture, rows: Sequence[Row]) -> AnalysisResult:
    known = select_complete(rows_of(rows, capture.population), analysis.endpoint)
    cell = _cell(analysis, capture.population, "corrected", "median", analysis.time_unit)
    if not known:
        return _refused(cell, analysis, "no patient has this outcome")
    try:
        found = draw_missed_medians(
            follow_up_of(known, analysis.endpoint),
            sensitivity=capture.sensitivity,
            specificity=capture.specificity,
            seed=analysis.seed,
            n_draws=analysis.draws,
        )
    except EstimationError as error:
        return _refused(cell, analysis, str(error))
    counts: dict[str, Any] = {"n": found.n, "events": found.n_events}
    unit, long = analysis.time_unit, _long(analysis.time_unit)
    recorded = _cell(analysis, capture.population, "recorded", "median", unit).fill(
        **counts,
        method=f"Kaplan-Meier, log-log interval, deaths as recorded{long}",
        **_in_unit(found, unit, ("observed", "observed_low", "observed_high")),
    )
    told = (
        f"sensitivity {_range(capture.sensitivity)}, specificity {_range(capture.specificity)} ({capture.source}); "
        "the interval holds 95 % of the draws and no error by chance"
    )
    corrected = cell.fill(
        **counts,
        method=f"{found.method}; {told}{long}",
        **_in_unit(found, unit, ("median", "low", "high")),
        checks={"mean_missed": found.mean_missed, "mean_false": found.mean_false},
    )
    return AnalysisResult((recorded, corrected))


def _in_unit(found: Any, unit: str, names: Sequence[str]) -> dict[str, Any]:
    return {
        name: as_unit(getattr(found, of), unit) for name, of in zip(("estimate", "low", "high"), names, strict=True)
    }


def _long(unit: str) -> str:
    return f"; months of {DAYS_PER_MONTH:g} days" if unit == "months" else ""


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g}" if ends[0] == ends[1] else f"{ends[0]:g} to {ends[1]:g}"


def _cell(analysis: MissedDeathsAnalysis, population: str, term: str, measure: str, unit: str) -> Cell:
    return Cell(analysis.name, population, analysis.endpoint, term, measure, unit=unit)


def _refused(cell: Cell, analysis: MissedDeathsAnalysis, reason: str) -> AnalysisResult:
    warning = ModelWarning(f"{analysis.name}, {cell.population}", f"no corrected median: {reason}", "warning")
    return AnalysisResult((cell.refuse(n=0, events=0, reason=reason),), warnings=(warning,))


def _fit_pair(analysis: MissedDeathsAnalysis, pair: ComparisonAnalysis, rows: Sequence[Row]) -> AnalysisResult:
    """The hazard ratio of a signed comparison over draws of missed deaths; nothing while its checklist is open."""
    captures = {one.population: one.sensitivity for one in analysis.capture}
    if pair.open_items or not set(pair.populations) <= set(captures):
        return AnalysisResult()
    cohorts = join_cohorts(pair, rows, (f"{analysis.endpoint}_days",))
    survival = follow_up_of(cohorts.rows, analysis.endpoint)
    first, second = pair.populations
    against = f"{first} against {second}"
    cell = Cell(analysis.name, pair.pair, analysis.endpoint, "missed deaths", "hazard_ratio", covariate_unit=against)
    try:
        tipping = find_tipping_deaths(survival, cohorts.treated)
        drawn = draw_missed_deaths(
            survival, cohorts.treated, recorded=(captures[second], captures[first]), seed=analysis.seed,
            n_draws=analysis.draws,
        )  # fmt: skip
    except EstimationError as error:
        return _refused(cell, analysis, str(error))
    told = {
        "recorded": drawn.observed,
        "share_reversed": drawn.share_reversed,
        "better_cohort": first if tipping.arm else second,
        "missed_deaths_until_interval_holds_1": tipping.to_interval,
        "missed_deaths_until_ratio_is_1": tipping.to_null,
        "missed_deaths_until_medians_cross": tipping.to_median,
    }
    numbers = {"estimate": drawn.median, "low": drawn.low, "high": drawn.high}
    row = cell.fill(n=drawn.n, events=drawn.n_events, method=f"{drawn.method}; unadjusted", checks=told, **numbers)
    return AnalysisResult((row,))
