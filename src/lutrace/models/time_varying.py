"""Hazard ratios of what changes during follow-up: doses received so far, and what has been reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lutrace.core import EstimationError, Row
from lutrace.models.outcome import count_events, count_late, covariate_of, follow_up_of, select_complete
from lutrace.models.regression import adjustments, numbers_of
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, Severity, join_results, rows_of
from lutrace.protocol import CYCLES_RECEIVED, DOSE, Protocol, TimeVaryingCoxAnalysis
from lutrace.stats import (
    Measurements,
    Survival,
    fit_cox_or_firth,
    make_time_varying_rows,
    measurements_of,
)


def fit_time_varying_cox(analysis: TimeVaryingCoxAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """A row per population, outcome and term, alone and adjusted; `n` counts patients, not rows of constant values.

    An outcome that is itself not evaluable for a patient (reached before time zero, no baseline) leaves that patient
    out. Covariates must be known at time zero.
    """
    parts = []
    for cell in _cells(analysis, protocol):
        parts.append(_fit(cell, rows_of(rows, cell.population), protocol))
    return join_results(parts)


def _cells(analysis: TimeVaryingCoxAnalysis, protocol: Protocol) -> Iterator[Cell]:
    for population in analysis.populations:
        for endpoint in analysis.endpoints:
            for term in analysis.terms:
                unit = "per dose received so far"
                if term != CYCLES_RECEIVED:
                    unit = f"{protocol.outcome(term).label}: reached against not yet"
                for others in adjustments(analysis, term):
                    yield Cell(analysis.name, population, endpoint, term, "hazard_ratio", "1", unit, others)


def _fit(cell: Cell, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    for name in cell.adjusted_for:
        covariate_of(protocol, name)
    needed = cell.adjusted_for if cell.term == CYCLES_RECEIVED else (f"{cell.term}_days", *cell.adjusted_for)
    used = [row for row in select_complete(rows, cell.endpoint, needed) if row[f"{cell.endpoint}_days"] > 0]
    where = f"{cell.analysis}, {cell.population}, {cell.endpoint}, {cell.term}"
    late = [name for name in cell.adjusted_for if count_late(used, name)]
    try:
        if late:
            raise EstimationError(f"measured after time zero: {', '.join(late)}; adjust for values from before")
        if not used:
            raise EstimationError("no patient has outcome and covariates")
        survival = follow_up_of(used, cell.endpoint)
        made = make_time_varying_rows(survival, _changes(cell, used, survival))
        fit = fit_cox_or_firth(made.survival, made.covariates, terms=made.terms)
    except EstimationError as error:
        row = cell.refuse(n=len(used), events=count_events(used, cell.endpoint), reason=str(error))
        severity: Severity = "blocking" if late else "warning"
        return AnalysisResult((row,), warnings=(ModelWarning(where, f"no hazard ratio: {error}", severity),))
    n_rows = np.unique(made.patient, return_counts=True)[1]
    row = cell.fill(
        n=len(used),
        events=fit.n_events,
        method=f"{fit.method}; changes with time: {made.method}",
        **numbers_of(fit, 0, fit.hazard_ratio, fit.z),
        checks={"n_rows": int(n_rows.sum()), "n_changed": int((n_rows > 1).sum())},
    )
    return AnalysisResult((row,), warnings=tuple(ModelWarning(where, text, "warning") for text in fit.warnings))


def _changes(cell: Cell, used: Sequence[Row], survival: Survival) -> dict[str, Measurements]:
    """The term as it changes, and the covariates of time zero."""
    starts = [0.0] * len(used) if survival.entry is None else survival.entry.tolist()
    of_term = _doses if cell.term == CYCLES_RECEIVED else _reached
    moving = [
        (number, day, value)
        for number, (row, start) in enumerate(zip(used, starts, strict=True))
        for day, value in of_term(row, cell.term, start)
    ]
    changes = {cell.term: _measured(moving, len(used))}
    for name in cell.adjusted_for:
        fixed = [(number, start, float(used[number][name])) for number, start in enumerate(starts)]
        changes[name] = _measured(fixed, len(used))
    return changes


def _measured(values: Sequence[tuple[int, float, float]], n: int) -> Measurements:
    patient, day, value = zip(*values, strict=True)
    return measurements_of(patient, day, value, n=n)


def _doses(row: Row, term: str, start: float) -> list[tuple[float, float]]:
    """The number of doses from the day of each on; none before the first."""
    days = [
        (float(value), float(name.removeprefix(DOSE).removesuffix("_days")))
        for name, value in row.items()
        if name.startswith(DOSE) and name.endswith("_days") and value is not None
    ]
    before = [] if any(day <= start for day, _ in days) else [(start, 0.0)]
    return [*before, *sorted(days)]


def _reached(row: Row, term: str, start: float) -> list[tuple[float, float]]:
    """0 until the day of the event of the term, 1 from it on."""
    if not row[f"{term}_event"]:
        return [(start, 0.0)]
    day = float(row[f"{term}_days"])
    return [(start, 1.0)] if day <= start else [(start, 0.0), (day, 1.0)]
