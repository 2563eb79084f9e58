"""Outcomes after a landmark by what had been reached on it: no time to live is given to those who responded later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lutrace.core import EstimationError, Row
from lutrace.models.causes import say_time
from lutrace.models.curves import compare_groups, curve_rows, median_row
from lutrace.models.outcome import follow_up_of, select_complete
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, join_results, rows_of
from lutrace.protocol import DOSE, LandmarkAnalysis, Protocol
from lutrace.stats import compute_kaplan_meier, fit_cox_or_firth


def fit_landmark(analysis: LandmarkAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """Curves and medians of those who had reached `by` and who had not, their hazard ratio, and who was left out.

    Time runs from the landmark. Left out and counted: who never had the dose of the landmark, who had the outcome or
    was lost on or before it, and of whom it is not known whether they had reached `by`.
    """
    parts = [
        _fit(Cell(analysis.name, population, endpoint, analysis.by, "hazard_ratio"), analysis, rows, protocol)
        for population in analysis.populations
        for endpoint in analysis.endpoints
    ]
    return join_results(parts)


def _fit(cell: Cell, analysis: LandmarkAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    label = protocol.outcome(analysis.by).label
    here = rows_of(rows, cell.population)
    complete = select_complete(here, cell.endpoint)
    judged = [row for row in complete if row[f"{analysis.by}_days"] is not None]
    dated = [(row, at) for row in judged if (at := _landmark(row, analysis)) is not None]
    used = [
        _from_landmark(row, at, cell.endpoint, analysis.by) for row, at in dated if row[f"{cell.endpoint}_days"] > at
    ]
    early = [row for row, at in dated if row[f"{cell.endpoint}_days"] <= at]
    n_events = sum(bool(row[f"{cell.endpoint}_event"]) for row in early)
    left_out = {
        "outcome not evaluable": len(here) - len(complete),
        f"{label} not evaluable": len(complete) - len(judged),
        "no landmark": len(judged) - len(dated),
        "event by the landmark": n_events,
        "end of follow-up by the landmark": len(early) - n_events,
    }
    where = f"{cell.analysis}, {cell.population}, {cell.endpoint}"
    counted = ", ".join(f"{name}: {number} patients" for name, number in left_out.items() if number) or "nobody"
    noted = ModelWarning(where, f"left out at the landmark of {_say(analysis)}: {counted}", "note")
    if not used:
        row = cell.refuse(n=0, events=0, reason="nobody is at risk after the landmark")
        return AnalysisResult((row,), warnings=(noted, ModelWarning(where, f"no curves: {row['method']}", "warning")))
    groups = [f"{label} by {_say(analysis)}: {'yes' if row['reached'] else 'no'}" for row in used]
    test = compare_groups(used, cell.endpoint, groups)
    curves, estimates = [], []
    for group in sorted(set(groups)):
        members = [row for row, own in zip(used, groups, strict=True) if own == group]
        curve = compute_kaplan_meier(follow_up_of(members, cell.endpoint))
        own = replace(cell, term=group, measure="median", unit="weeks")
        estimates.append(median_row(own, curve, {**test, "left_out": left_out}))
        curves += curve_rows(own, curve)
    ratio = _hazard_ratio(replace(cell, covariate_unit=f"{label} by {_say(analysis)}, yes against no"), used)
    return join_results([AnalysisResult(tuple(estimates), tuple(curves), warnings=(noted,)), ratio])


def _landmark(row: Row, analysis: LandmarkAnalysis) -> float | None:
    """The day of the landmark from time zero; None when the patient never had the dose."""
    if analysis.dose is None:
        return analysis.at
    day: float | None = row.get(f"{DOSE}{analysis.dose}_days")
    return day


def _say(analysis: LandmarkAnalysis) -> str:
    return f"dose {analysis.dose}" if analysis.at is None else say_time(analysis.at)


def _from_landmark(row: Row, at: float, endpoint: str, by: str) -> Row:
    """The follow-up of a patient from the landmark on, and whether `by` had been reached on it."""
    entry = max((row.get("entry_days") or 0.0) - at, 0.0)
    return {
        f"{endpoint}_days": row[f"{endpoint}_days"] - at,
        f"{endpoint}_event": row[f"{endpoint}_event"],
        "entry_days": entry,
        "reached": bool(row[f"{by}_event"]) and row[f"{by}_days"] <= at,
    }


def _hazard_ratio(cell: Cell, used: Sequence[Row]) -> AnalysisResult:
    """Of those who had reached it against those who had not."""
    events = sum(bool(row[f"{cell.endpoint}_event"]) for row in used)
    matrix = np.array([[float(row["reached"])] for row in used])
    where = f"{cell.analysis}, {cell.population}, {cell.endpoint}"
    try:
        fit = fit_cox_or_firth(follow_up_of(used, cell.endpoint), matrix, terms=[cell.term])
    except EstimationError as error:
        row = cell.refuse(n=len(used), events=events, reason=str(error))
        return AnalysisResult((row,), warnings=(ModelWarning(where, f"no hazard ratio: {error}", "warning"),))
    row = cell.fill(
        n=fit.n,
        events=fit.n_events,
        method=f"{fit.method}; time from the landmark",
        coef=fit.coef[0],
        se=fit.se[0],
        estimate=fit.hazard_ratio[0],
        low=fit.low[0],
        high=fit.high[0],
        statistic=fit.z[0],
        p=fit.p[0],
        checks={"events_per_term": fit.events_per_term},
    )
    return AnalysisResult((row,), warnings=tuple(ModelWarning(where, text, "warning") for text in fit.warnings))
