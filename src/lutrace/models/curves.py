"""Kaplan-Meier curves with medians, of all patients or by a covariate, and median follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from lutrace.core import DAYS_PER_MONTH, EstimationError, Row
from lutrace.models.outcome import count_late, covariate_of, follow_up_of, select_complete
from lutrace.models.results import AnalysisResult, Cell, ModelWarning, finite_or_none, join_results, rows_of
from lutrace.protocol import Covariate, FollowUpAnalysis, GroupedAnalysis, KaplanMeierAnalysis, Protocol
from lutrace.stats import (
    SurvivalCurve,
    SurvivalQuantile,
    compute_kaplan_meier,
    compute_log_rank,
    compute_reverse_kaplan_meier,
    compute_summary,
)

ALL = "all"
DAYS_OF: dict[str, float] = {"days": 1, "weeks": 7, "months": DAYS_PER_MONTH}
"""Days in each unit that times are given in."""
_QUARTILES = {"lower_quartile": 0.25, "upper_quartile": 0.75}


def fit_kaplan_meier(analysis: KaplanMeierAnalysis, rows: Sequence[Row], protocol: Protocol) -> AnalysisResult:
    """A curve and a median per population, endpoint and group; the log-rank test of the groups in their medians."""
    parts = []
    for population in analysis.populations:
        for endpoint in analysis.endpoints:
            parts.append(_fit_groups(analysis, rows, population, endpoint, protocol=protocol))
    return join_results(parts)


def fit_follow_up(analysis: FollowUpAnalysis, rows: Sequence[Row]) -> AnalysisResult:
    """The median follow-up of each population by each method asked for, in the unit of the analysis, with quartiles."""
    estimates: list[Row] = []
    for population in analysis.populations:
        used = select_complete(rows_of(rows, population), analysis.endpoint)
        for method in analysis.methods:
            term = "follow_up" if method == "reverse" else "follow_up_without_event"
            cell = Cell(analysis.name, population, analysis.endpoint, term, "median", unit=analysis.time_unit)
            find = _reverse_follow_up if method == "reverse" else _plain_follow_up
            found = find(cell, used)
            estimates += found if analysis.quartiles else found[:1]
    return AnalysisResult(tuple(estimates))


def _reverse_follow_up(cell: Cell, used: Sequence[Row]) -> list[Row]:
    """Median, then quartiles; a row with the reason where there is nobody."""
    if not used:
        return [cell.refuse(n=0, events=0, reason="no patient has this outcome")]
    curve = compute_reverse_kaplan_meier(follow_up_of(used, cell.endpoint))
    quartiles = (replace(cell, measure=measure) for measure in _QUARTILES)
    parts = zip((cell, *quartiles), (0.5, *_QUARTILES.values()), strict=True)
    return [median_row(one, curve, {}, probability=probability) for one, probability in parts]


def _plain_follow_up(cell: Cell, used: Sequence[Row]) -> list[Row]:
    days = [row[f"{cell.endpoint}_days"] for row in used if not row[f"{cell.endpoint}_event"]]
    if not days:
        return [cell.refuse(n=0, events=0, reason="every patient has had the event, or none has this outcome")]
    found = compute_summary(days)
    values = {cell.measure: found.median, "lower_quartile": found.q1, "upper_quartile": found.q3}
    method = f"{found.method} of the follow-up of those without the event; who has had it is not in it"
    return [
        replace(cell, measure=measure).fill(n=len(days), method=method, estimate=as_unit(value, cell.unit))
        for measure, value in values.items()
    ]


def fit_times(analysis: str, population: str, endpoint: str, times: Sequence[Row]) -> AnalysisResult:
    """The Kaplan-Meier curve of evaluable rows of SURVIVAL_TIMES, and its median in weeks.

    A row is at risk from its `entry_days` on. Where a patient has several, their error goes by patient.
    """
    cell = Cell(analysis, population, endpoint, ALL, "median", unit="weeks")
    if not times:
        return AnalysisResult((cell.refuse(n=0, events=0, reason="no patient has this time"),))
    named = [{"t_days": row["days"], "t_event": row["event"], "entry_days": row["entry_days"]} for row in times]
    patients = [row["patient_id"] for row in times]
    n_patients = len(set(patients))
    several = n_patients < len(times)
    curve = compute_kaplan_meier(follow_up_of(named, "t"), cluster=patients if several else None)
    row = median_row(cell, curve, {})
    counted = f"; {len(times)} times of {n_patients} patients, each a cluster" if several else ""
    entered = "; delayed entry" if any(one["entry_days"] for one in times) else ""
    return AnalysisResult(({**row, "method": f"{row['method']}{entered}{counted}"},), tuple(curve_rows(cell, curve)))


@dataclass(frozen=True)
class Grouped:
    """The patients of an outcome and the group of each, in words; with a `warning` instead there is nobody."""

    rows: tuple[Row, ...] = ()
    labels: tuple[str, ...] = ()
    warning: ModelWarning | None = None

    @property
    def names(self) -> list[str]:
        """The groups, sorted."""
        return sorted(set(self.labels))

    def members(self, name: str) -> list[Row]:
        """The patients of a group."""
        return [row for row, own in zip(self.rows, self.labels, strict=True) if own == name]


def find_groups(
    analysis: GroupedAnalysis, rows: Sequence[Row], protocol: Protocol, *, population: str, endpoint: str
) -> Grouped:
    """Who of a population has the outcome, in the groups of the analysis; groups formed by the future are refused."""
    here = rows_of(rows, population)
    used = select_complete(here, endpoint, () if analysis.by is None else (analysis.by,))
    where = f"{analysis.name}, {population}, {endpoint}"
    if analysis.by is None:
        labels = [ALL] * len(used)
    else:
        covariate = covariate_of(protocol, analysis.by)
        late = count_late(used, covariate.name)
        if late and protocol.landmark(population).origin != "first_cycle":
            text = f"no curves: {covariate.name} was measured after time zero in {late} patients"
            return Grouped(warning=ModelWarning(where, text, "blocking"))
        labels = _split(analysis, covariate, used)
    if not used:
        text = "no curves: no patient has outcome and covariate"
        return Grouped(warning=ModelWarning(where, text, "warning"))
    return Grouped(tuple(used), tuple(labels))


def _fit_groups(
    analysis: KaplanMeierAnalysis, rows: Sequence[Row], population: str, endpoint: str, *, protocol: Protocol
) -> AnalysisResult:
    found = find_groups(analysis, rows, protocol, population=population, endpoint=endpoint)
    if found.warning is not None:
        return AnalysisResult(warnings=(found.warning,))
    test = compare_groups(found.rows, endpoint, found.labels)
    estimates, curves = [], []
    for group in found.names:
        curve = compute_kaplan_meier(follow_up_of(found.members(group), endpoint))
        cell = Cell(analysis.name, population, endpoint, group, "median", unit=analysis.time_unit)
        estimates.append(median_row(cell, curve, test))
        curves += curve_rows(cell, curve)
    return AnalysisResult(tuple(estimates), tuple(curves))


def group_patients(
    analysis: GroupedAnalysis, rows: Sequence[Row], protocol: Protocol, *, population: str, endpoint: str
) -> list[tuple[str, str]]:
    """Patient and group of all who enter the curves of an analysis, as (patient_id, group); none without `by`."""
    if analysis.by is None:
        return []
    used = select_complete(rows_of(rows, population), endpoint, (analysis.by,))
    groups = _split(analysis, covariate_of(protocol, analysis.by), used)
    return [(row["patient_id"], group) for row, group in zip(used, groups, strict=True)]


def _split(analysis: GroupedAnalysis, covariate: Covariate, rows: Sequence[Row]) -> list[str]:
    """The group of each patient, in words that the legend of a figure can show."""
    values = [float(row[covariate.name]) for row in rows]
    if analysis.split == "present":
        return [f"{covariate.label}: {'yes' if value > 0 else 'no'}" for value in values]
    cut = median(values) if values else 0.0
    return [f"{covariate.label}: {'above median' if value > cut else 'up to median'}" for value in values]


def compare_groups(rows: Sequence[Row], endpoint: str, groups: Sequence[str]) -> dict[str, Any]:
    """The log-rank test of the groups of complete rows, as checks hold it; nothing where there is none to be had."""
    if len(set(groups)) < 2:
        return {}
    try:
        test = compute_log_rank(follow_up_of(rows, endpoint), groups)
    except EstimationError:
        return {}
    return {"log_rank": {"statistic": test.statistic, "df": test.df, "p": test.p}}


def median_row(cell: Cell, curve: SurvivalCurve, checks: dict[str, Any], *, probability: float = 0.5) -> Row:
    """The row of ESTIMATES with the median of a curve in days, or another quantile, in the unit of the cell."""
    found: SurvivalQuantile = curve.quantile(probability)
    test = checks.get("log_rank", {})
    long = f"; months of {DAYS_PER_MONTH:g} days" if cell.unit == "months" else ""
    return cell.fill(
        n=found.n,
        events=found.n_events,
        method=f"{found.method}{long}{'; p by the log-rank test of the groups' if test else ''}",
        **{name: as_unit(getattr(found, name), cell.unit) for name in ("estimate", "low", "high")},
        statistic=test.get("statistic"),
        p=test.get("p"),
        checks=checks,
    )


def as_unit(days: float | None, unit: str) -> float | None:
    """A time in days in another unit; None stays None."""
    return None if days is None else days / DAYS_OF[unit]


def curve_rows(cell: Cell, curve: SurvivalCurve) -> list[Row]:
    """The rows of CURVES of a curve in days; its group is the term of the cell."""
    return [
        {
            "analysis": cell.analysis,
            "population": cell.population,
            "endpoint": cell.endpoint,
            "group": cell.term,
            "time_days": float(curve.time[step]),
            "at_risk": int(curve.at_risk[step]),
            "events": int(curve.events[step]),
            "censored": int(curve.censored[step]),
            "survival": float(curve.survival[step]),
            "low": finite_or_none(curve.low[step]),
            "high": finite_or_none(curve.high[step]),
        }
        for step in range(curve.time.size)
    ]
