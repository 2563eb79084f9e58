"""Worsening between two visits as what it is, an interval: the sensitivity of times dated at the visit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from lutrace.core import EstimationError, Row
from lutrace.models.causes import say_time
from lutrace.models.curves import ALL, as_unit
from lutrace.models.outcome import select_complete
from lutrace.models.regression import Model, cells_of, explain_late, numbers_of, refuse_model
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, join_results, rows_of
from lutrace.protocol import IntervalCensoredAnalysis, Protocol, TimeToWorsening
from lutrace.stats import IntervalTimes, compute_kaplan_meier, compute_turnbull, fit_aft, intervals_of, survival_of

_UNIT = "weeks"


def fit_interval_censored(
    analysis: IntervalCensoredAnalysis, rows: Sequence[Row], protocol: Protocol
) -> AnalysisResult:
    """Turnbull's median and shares, the median with the middle of each interval, and a time ratio per term.

    A worsening lies after the last visit that was not worse, up to the visit that was; a death that competes ends
    follow-up at the last visit. Who has no visit after the landmark says nothing and is left out.
    """
    parts = []
    for population in analysis.populations:
        for endpoint in analysis.endpoints:
            cell = Cell(analysis.name, population, endpoint, ALL, "median", unit=_UNIT)
            parts.append(_fit_curve(cell, rows_of(rows, population), _outcome(protocol, endpoint), analysis.times))
    cells = cells_of(analysis, analysis.endpoints, protocol, measure="time_ratio")
    parts += [_fit_model(cell, rows_of(rows, cell.population), protocol) for cell in cells]
    return join_results(parts)


def _outcome(protocol: Protocol, endpoint: str) -> TimeToWorsening:
    outcome = protocol.outcome(endpoint)
    assert isinstance(outcome, TimeToWorsening)  # checked when the protocol was read
    return outcome


def _bounds(row: Row, outcome: TimeToWorsening) -> tuple[float, float]:
    """The last day known to be free and the first known not to be; infinite without an event."""
    free = float(row[f"{outcome.last_free}_days"])
    return free, float(row[f"{outcome.name}_days"]) if row[f"{outcome.name}_event"] else math.inf


def _informative(rows: Sequence[Row], outcome: TimeToWorsening) -> list[Row]:
    complete = select_complete(rows, outcome.name, (f"{outcome.last_free}_days",))
    return [row for row in complete if _bounds(row, outcome) != (0.0, math.inf)]


def _intervals(rows: Sequence[Row], outcome: TimeToWorsening) -> IntervalTimes:
    bounds = [_bounds(row, outcome) for row in rows]
    return intervals_of([low for low, _ in bounds], [high for _, high in bounds])


def _fit_curve(cell: Cell, rows: Sequence[Row], outcome: TimeToWorsening, times: Sequence[float]) -> AnalysisResult:
    used = _informative(rows, outcome)
    where = f"{cell.analysis}, {cell.population}, {cell.endpoint}"
    try:
        if not used:
            raise EstimationError("no patient has a visit after the landmark")
        intervals = _intervals(used, outcome)
        curve = compute_turnbull(intervals)
    except EstimationError as error:
        row = cell.refuse(n=len(used), events=None, reason=str(error))
        return AnalysisResult((row,), warnings=(ModelWarning(where, f"no curve: {error}", "warning"),))
    common = {"n": curve.n, "events": curve.n_events}
    low, high = curve.median()
    reached = math.isfinite(high)
    told = [
        replace(cell, term="Turnbull").fill(
            **common,
            method=f"{curve.method}; from and to are the ends of the interval that holds the median, in its middle",
            estimate=as_unit((low + high) / 2, _UNIT) if reached else None,
            low=as_unit(low, _UNIT),
            high=as_unit(high, _UNIT) if reached else None,
            checks={"n_left_out": len(rows) - len(used)},
        ),
        _middle_row(replace(cell, term="middle of the interval"), intervals),
    ]
    least, most = curve.at(list(times))
    for place, time in enumerate(times):
        told.append(
            replace(cell, term=f"Turnbull, {say_time(time)}", measure="survival", unit="1").fill(
                **common,
                method=f"{curve.method}; from and to are the least and the most that the share can be, in its middle",
                estimate=(least[place] + most[place]) / 2,
                low=least[place],
                high=most[place],
                checks={"days": time},
            )
        )
    return AnalysisResult(tuple(told))


def _middle_row(cell: Cell, intervals: IntervalTimes) -> Row:
    """The Kaplan-Meier median with each event in the middle of its interval."""
    event = [math.isfinite(high) for high in intervals.high]
    ends = zip(intervals.low, intervals.high, event, strict=True)
    days = [(low + high) / 2 if happened else low for low, high, happened in ends]
    found = compute_kaplan_meier(survival_of(days, event)).quantile()
    return cell.fill(
        n=found.n,
        events=found.n_events,
        method=f"{found.method}; events in the middle of their intervals",
        **{name: as_unit(getattr(found, name), _UNIT) for name in ("estimate", "low", "high")},
    )


def _fit_model(cell: Cell, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    outcome = _outcome(protocol, cell.endpoint)
    needed = tuple(f"{cell.endpoint}_{part}" for part in ("days", "event"))
    model = Model(cell, needed, tuple(_informative(rows, outcome)))
    used = model.used
    late = explain_late(model, used, protocol)
    if late:
        return refuse_model(model, late, n=len(used), severity="blocking")
    try:
        if not used:
            raise EstimationError("no patient has outcome and covariates")
        fit = fit_aft(_intervals(used, outcome), model.matrix(used), terms=model.terms, distribution="weibull")
    except EstimationError as error:
        return refuse_model(model, str(error), n=len(used))
    row = cell.fill(
        n=fit.n,
        events=fit.n_events,
        method=f"{fit.method}; a time ratio above 1 is a later event",
        **numbers_of(fit, 1, fit.time_ratio, fit.z),
        checks={"shape": 1 / fit.scale, "n_exact": fit.n_exact},
    )
    return AnalysisResult((row,), warnings=tuple(ModelWarning(model.where, text, "warning") for text in fit.warnings))
