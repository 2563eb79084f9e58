"""Cumulative incidence of competing events by group, and the two models of what it depends on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lutrace.core import EstimationError, Row
from lutrace.models.causes import CENSORED, causes_of, competing_follow_up, name_cause, say_time
from lutrace.models.curves import ALL, Grouped, find_groups
from lutrace.models.regression import Model, cells_of, explain_late, numbers_of, refuse_model
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, finite_or_none, join_results, rows_of
from lutrace.protocol import CumulativeIncidenceAnalysis, FineGrayAnalysis, Outcome, Protocol
from lutrace.stats import (
    CompetingRisks,
    CoxRows,
    IncidenceCurve,
    compute_cumulative_incidence,
    compute_gray_test,
    fit_cox,
    fit_cox_or_firth,
    fit_fine_gray,
    make_fine_gray_rows,
)

SUBDISTRIBUTION, CAUSE_SPECIFIC = "subdistribution_hazard_ratio", "cause_specific_hazard_ratio"


def fit_cumulative_incidence(
    analysis: CumulativeIncidenceAnalysis, rows: Sequence[Row], protocol: Protocol
) -> AnalysisResult:
    """The curves of each cause by group, and a row per group, cause and time asked for, with Gray's test of the groups.

    `events` are those of the cause up to the time.
    """
    parts = []
    for population in analysis.populations:
        for endpoint in analysis.endpoints:
            found = find_groups(analysis, rows, protocol, population=population, endpoint=endpoint)
            if found.warning is not None:
                parts.append(AnalysisResult(warnings=(found.warning,)))
            else:
                cell = Cell(analysis.name, population, endpoint, ALL, "cumulative_incidence")
                parts.append(_fit_incidence(cell, analysis, found, protocol.outcome(endpoint)))
    return join_results(parts)


def _fit_incidence(
    cell: Cell, analysis: CumulativeIncidenceAnalysis, found: Grouped, outcome: Outcome
) -> AnalysisResult:
    causes = causes_of(found.rows, outcome, separate=analysis.components == "separate")
    if set(causes) == {CENSORED}:
        row = cell.refuse(n=len(causes), events=0, reason="nobody had the event or one that competes with it")
        where = f"{cell.analysis}, {cell.population}, {cell.endpoint}"
        return AnalysisResult((row,), warnings=(ModelWarning(where, f"no incidence: {row['method']}", "warning"),))
    follow_up = competing_follow_up(found.rows, outcome, causes)
    tests = {cause: _compare(follow_up, found, cause) for cause in follow_up.causes}
    estimates, incidences = [], []
    for group in found.names:
        part = follow_up.select(np.array([label == group for label in found.labels]))
        for curve in compute_cumulative_incidence(part):
            here = replace(cell, term=group)
            incidences += incidence_rows(here, curve, part)
            name = name_cause(curve.cause, outcome) if group == ALL else f"{group}, {name_cause(curve.cause, outcome)}"
            at = {f"{name}, {say_time(time)}": time for time in analysis.times}
            estimates += point_rows(here, curve, at, test=tests[curve.cause])
    return AnalysisResult(tuple(estimates), incidences=tuple(incidences))


def _compare(follow_up: CompetingRisks, found: Grouped, cause: str) -> dict[str, Any]:
    """Gray's test, as checks hold it; nothing for one group, and the reason where it cannot be had."""
    if len(found.names) < 2:
        return {}
    if follow_up.entry is not None:
        return {"gray": {"reason": "Gray's test takes no delayed entry"}}
    try:
        test = compute_gray_test(follow_up, list(found.labels), cause=cause)
    except EstimationError as error:
        return {"gray": {"reason": str(error)}}
    return {"gray": {"statistic": test.statistic, "df": test.df, "p": test.p}}


def point_rows(
    cell: Cell,
    curve: IncidenceCurve,
    times: Mapping[str, float],
    *,
    test: dict[str, Any] | None = None,
    unit: str = "days",
) -> list[Row]:
    """The rows of ESTIMATES of a curve, a term and its time each; the term of the cell is the group."""
    points = curve.at(list(times.values()))
    gray = (test or {}).get("gray", {})
    compared = "; p by Gray's test of the groups over the whole follow-up" if "p" in gray else ""
    rows = []
    for place, (term, time) in enumerate(times.items()):
        beyond = f"; follow-up ends at {curve.time[-1]:g} {unit}" if time > curve.time[-1] else ""
        rows.append(
            replace(cell, term=term).fill(
                n=curve.n,
                events=int(curve.events[curve.time <= time].sum()),
                method=f"{curve.method}{beyond}{compared}",
                estimate=points.incidence[place],
                se=points.std_error[place],
                low=points.low[place],
                high=points.high[place],
                statistic=gray.get("statistic"),
                p=gray.get("p"),
                checks={"group": cell.term, "cause": curve.cause, unit: time, **(test or {})},
            )
        )
    return rows


def incidence_rows(cell: Cell, curve: IncidenceCurve, follow_up: CompetingRisks, unit: str = "days") -> list[Row]:
    """The rows of INCIDENCES of a curve; its group is the term of the cell."""
    censored = np.bincount(np.searchsorted(curve.time, follow_up.time[follow_up.cause == 0]), minlength=curve.time.size)
    return [
        {
            "analysis": cell.analysis,
            "population": cell.population,
            "endpoint": cell.endpoint,
            "group": cell.term,
            "cause": curve.cause,
            "time": float(curve.time[step]),
            "time_unit": unit,
            "at_risk": int(curve.at_risk[step]),
            "events": int(curve.events[step]),
            "censored": int(censored[step]),
            "incidence": float(curve.incidence[step]),
            "low": finite_or_none(curve.low[step]),
            "high": finite_or_none(curve.high[step]),
        }
        for step in range(curve.time.size)
    ]


def fit_fine_gray_analysis(analysis: FineGrayAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """Two rows per model: the subdistribution hazard ratio of the cause, and the cause-specific one."""
    parts = []
    for measure in (SUBDISTRIBUTION, CAUSE_SPECIFIC):
        for cell in cells_of(analysis, analysis.endpoints, protocol, measure=measure):
            needed = tuple(f"{cell.endpoint}_{part}" for part in ("days", "event"))
            model = Model(cell, needed, tuple(rows_of(rows, cell.population)))
            parts.append(_fit_model(model, analysis, protocol))
    return join_results(parts)


def _fit_model(model: Model, analysis: FineGrayAnalysis, protocol: Protocol) -> AnalysisResult:
    used, outcome = model.used, protocol.outcome(model.cell.endpoint)
    causes = causes_of(used, outcome)
    cause = outcome.name if analysis.cause == "event" else analysis.cause
    events = causes.count(cause)
    late = explain_late(model, used, protocol)
    if late:
        return refuse_model(model, late, n=len(used), events=events, severity="blocking")
    if not events:
        return refuse_model(model, f"no patient has {name_cause(cause, outcome)}", n=len(used), events=0)
    follow_up = competing_follow_up(used, outcome, causes)
    try:
        fit = _fit(
            follow_up, model.matrix(used), model.terms, cause, subdistribution=model.cell.measure == SUBDISTRIBUTION
        )
    except EstimationError as error:
        return refuse_model(model, str(error), n=len(used), events=events)
    competing = sum(one not in (cause, CENSORED) for one in causes)
    row = model.cell.fill(
        n=len(used),
        events=events,
        method=fit.method,
        **numbers_of(fit, 0, fit.hazard_ratio, fit.z)
        | {"se": (fit.robust_se if getattr(fit, "is_robust", False) else fit.se)[0]},
        checks={"cause": cause, "n_competing": competing, "events_per_term": fit.events_per_term},
    )
    doubts = tuple(ModelWarning(model.where, text, "warning") for text in fit.warnings)
    return AnalysisResult((row,), warnings=doubts)


def _fit(follow_up: CompetingRisks, matrix: Any, terms: Sequence[str], cause: str, *, subdistribution: bool) -> Any:
    """Fine and Gray's model (with delayed entry as a weighted Cox model), or Cox's of the cause alone."""
    if not subdistribution:
        return fit_cox_or_firth(follow_up.cause_specific(cause), matrix, terms=terms)
    if follow_up.entry is None:
        return fit_fine_gray(follow_up, matrix, terms=terms, cause=cause)
    made = make_fine_gray_rows(follow_up, cause=cause)
    return fit_cox(
        made.survival, matrix[made.patient], terms=terms, rows=CoxRows(weights=made.weights, clusters=made.patient)
    )
