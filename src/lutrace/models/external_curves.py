"""Published curves beside a study's cohorts: what their times give, and what was printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import ProtocolError, Row
from lutrace.models.curves import DAYS_OF, as_unit, curve_rows, median_row
from lutrace.models.results import AnalysisResult, Cell, ModelWarning
from lutrace.protocol import ComparisonAnalysis, External, PublishedArm
from lutrace.stats import Survival, compute_kaplan_meier, fit_cox, reconstruct_curve, survival_of

_DAYS_OF = {**DAYS_OF, "years": 365.25}
_INDIVIDUAL = "individual times rebuilt from the published curve by others"


@dataclass(frozen=True, eq=False)
class _Arm:
    """One arm in days, how it was made, and what speaks against it."""

    published: PublishedArm
    survival: Survival
    method: str
    warnings: tuple[str, ...]


def set_beside(analysis: ComparisonAnalysis, externals: Sequence[External], endpoint: str) -> AnalysisResult:
    """Medians and curves of each published arm beside the medians as printed, and ratios within a publication.

    Raises ProtocolError for a published curve whose file was not read with the study.
    """
    estimates: list[Row] = []
    curves: list[Row] = []
    warnings: list[ModelWarning] = []
    for external in externals:
        arms = [_read_arm(external, one) for one in external.arms]
        for arm in arms:
            term = external.term(arm.published.arm)
            cell = Cell(analysis.name, analysis.pair, endpoint, term, "median", unit=analysis.time_unit)
            curve = compute_kaplan_meier(arm.survival)
            row = median_row(cell, curve, {})
            estimates.append({**row, "method": f"{row['method']}; {arm.method}"})
            if arm.published.median is not None:
                estimates.append(_printed_median(cell, external, arm.published))
            curves += curve_rows(cell, curve)
            warnings += [ModelWarning(f"{analysis.name}, {term}", text, "note") for text in arm.warnings]
        estimates += _ratios(analysis, external, arms, endpoint)
    return AnalysisResult(tuple(estimates), tuple(curves), warnings=tuple(warnings))


def _read_arm(external: External, published: PublishedArm) -> _Arm:
    points = external.points_of(published.arm)
    if not points:
        raise ProtocolError(
            f"external.{external.name}: the rows of {external.file} are not here; run the study from its file, which "
            "stands in one folder with it"
        )
    scale = _DAYS_OF[external.time_unit]
    if external.holds == "individual":
        times = [point[1] * scale for point in points]
        return _Arm(published, survival_of(times, [point[2] for point in points]), _INDIVIDUAL, ())
    on_curve = [(point[1] * scale, point[2]) for point in points if point[2] is not None]
    at_risk = [(point[1] * scale, point[3]) for point in points if point[3] is not None]
    found = reconstruct_curve(
        [time for time, _ in on_curve],
        [share for _, share in on_curve],
        risk_times=[time for time, _ in at_risk],
        n_at_risk=[n for _, n in at_risk],
        n_events=published.events,
    )
    return _Arm(published, found.survival, found.method, found.warnings)


def _printed_median(cell: Cell, external: External, published: PublishedArm) -> Row:
    """The row with the median as it stands in the publication."""
    scale = _DAYS_OF[external.time_unit]
    numbers: dict[str, Any] = {
        name: None if value is None else as_unit(value * scale, cell.unit)
        for name, value in (("estimate", published.median), ("low", published.low), ("high", published.high))
    }
    place = f", {published.place}" if published.place else ""
    printed = Cell(cell.analysis, cell.population, cell.endpoint, f"{cell.term}, printed", "median", unit=cell.unit)
    method = f"as printed: {external.citation}{place}"
    return printed.fill(n=published.n or 0, events=published.events, method=method, **numbers)


def _ratios(analysis: ComparisonAnalysis, external: External, arms: Sequence[_Arm], endpoint: str) -> list[Row]:
    """The hazard ratio of two arms of one publication from their times, and as printed; none without a printed one."""
    ratio = external.hazard_ratio
    if ratio is None:
        return []
    by_name = {arm.published.arm: arm for arm in arms}
    first, second = by_name[ratio.arm], by_name[ratio.against]
    labels = f"{first.published.label} against {second.published.label}"
    term = f"{external.term(ratio.arm)} against {ratio.against}"
    cells = [
        Cell(analysis.name, analysis.pair, endpoint, name, "hazard_ratio", covariate_unit=labels)
        for name in (term, f"{term}, printed")
    ]
    times = np.concatenate([first.survival.time, second.survival.time])
    events = np.concatenate([first.survival.event, second.survival.event])
    group = np.repeat([1.0, 0.0], [first.survival.n, second.survival.n])
    fit = fit_cox(survival_of(times, events), group, terms=["arm"])
    place = f", {ratio.place}" if ratio.place else ""
    return [
        cells[0].fill(
            n=fit.n, events=fit.n_events, method=f"{fit.method}; {first.method}; arms of one publication",
            coef=fit.coef[0], se=fit.se[0], estimate=fit.hazard_ratio[0], low=fit.low[0], high=fit.high[0], p=fit.p[0],
        ),
        cells[1].fill(
            n=sum(arm.published.n or 0 for arm in (first, second)),
            method=f"as printed: {external.citation}{place}",
            estimate=ratio.estimate, low=ratio.low, high=ratio.high,
        ),
    ]  # fmt: skip
