"""Restricted means and shares without the event at milestones: of each group, and what groups differ by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from lutrace.core import EstimationError, Row
from lutrace.models.causes import say_time
from lutrace.models.curves import ALL, Grouped, as_unit, find_groups
from lutrace.models.outcome import follow_up_of
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, join_results
from lutrace.protocol import MilestonesAnalysis, Protocol, RestrictedMeanAnalysis
from lutrace.stats import GroupComparison, Survival, compute_milestone, compute_restricted_mean

Measure = Callable[[Survival, Sequence[str] | None, float], GroupComparison]


def fit_restricted_mean(analysis: RestrictedMeanAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """A row per horizon and group in the unit of the analysis (`rmst`), and per difference (`rmst_difference`)."""

    def measure(survival: Survival, labels: Sequence[str] | None, horizon: float) -> GroupComparison:
        return compute_restricted_mean(survival, labels, horizon=horizon)

    cell = Cell(analysis.name, "", "", ALL, "rmst", analysis.time_unit)
    return _fit_all(cell, analysis, analysis.horizons, measure, rows=rows, protocol=protocol)


def fit_milestones(analysis: MilestonesAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """A row per time and group (`survival`, a share from 0 to 1), and per difference (`survival_difference`)."""

    def measure(survival: Survival, labels: Sequence[str] | None, time: float) -> GroupComparison:
        return compute_milestone(survival, labels, time=time)

    return _fit_all(
        Cell(analysis.name, "", "", ALL, "survival"), analysis, analysis.times, measure, rows=rows, protocol=protocol
    )


def _fit_all(
    cell: Cell,
    analysis: RestrictedMeanAnalysis | MilestonesAnalysis,
    times: Sequence[float],
    measure: Measure,
    *,
    rows: Sequence[Row],
    protocol: Protocol,
) -> AnalysisResult:
    parts = []
    for population in analysis.populations:
        for endpoint in analysis.endpoints:
            found = find_groups(analysis, rows, protocol, population=population, endpoint=endpoint)
            own = replace(cell, population=population, endpoint=endpoint)
            if found.warning is not None:
                parts.append(AnalysisResult(warnings=(found.warning,)))
                continue
            parts += [_fit(own, found, time, measure) for time in times]
    return join_results(parts)


def _fit(cell: Cell, found: Grouped, time: float, measure: Measure) -> AnalysisResult:
    where = f"{cell.analysis}, {cell.population}, {cell.endpoint}, {say_time(time)}"
    try:
        labels = found.labels if len(found.names) > 1 else None
        told = measure(follow_up_of(found.rows, cell.endpoint), labels, time)
    except EstimationError as error:
        rows = [
            replace(cell, term=_term(name, time)).refuse(n=len(found.members(name)), events=None, reason=str(error))
            for name in found.names
        ]
        return AnalysisResult(tuple(rows), warnings=(ModelWarning(where, f"not estimable: {error}", "warning"),))
    warnings = tuple(ModelWarning(where, text, "warning") for text in told.warnings)
    return AnalysisResult((*_group_rows(cell, found, told), *_contrast_rows(cell, told)), warnings=warnings)


def _group_rows(cell: Cell, found: Grouped, told: GroupComparison) -> list[Row]:
    return [
        replace(cell, term=_term(name, told.horizon)).fill(
            n=one.n,
            events=one.n_events,
            method=f"{one.method}; time in days",
            **{part: _scaled(getattr(one, part), cell) for part in ("estimate", "se", "low", "high")},
            checks={"group": name, "days": told.horizon},
        )
        for name, one in zip(found.names, told.estimates, strict=True)
    ]


def _contrast_rows(cell: Cell, told: GroupComparison) -> list[Row]:
    """Each group less the first; the ratio stands in the checks."""
    n = {one.group: (one.n, one.n_events) for one in told.estimates}
    rows = []
    for one in told.contrasts:
        term = _term(f"{one.group} less {one.reference}", told.horizon)
        n_both, events = (sum(n[group][place] for group in (one.group, one.reference)) for place in (0, 1))
        ratio = {"ratio": one.ratio, "ratio_low": one.ratio_low, "ratio_high": one.ratio_high, "ratio_p": one.ratio_p}
        rows.append(
            replace(cell, term=term, measure=f"{cell.measure}_difference").fill(
                n=n_both,
                events=events,
                method=one.method,
                estimate=_scaled(one.difference, cell),
                **{name: _scaled(getattr(one, name), cell) for name in ("se", "low", "high")},
                p=one.p,
                checks={"days": told.horizon, **ratio},
            )
        )
    return rows


def _term(group: str, time: float) -> str:
    return say_time(time) if group == ALL else f"{group}, {say_time(time)}"


def _scaled(value: float, cell: Cell) -> float | None:
    """Times in the unit of the cell; shares as they are."""
    return value if cell.unit == "1" else as_unit(value, cell.unit)
