"""Restricted means and survival at a milestone in a plain table: per group, and what groups differ by."""

from __future__ import annotations

from typing import Any

from lutrace.core import Row
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import PlainTable
from lutrace.models.plain.complete import Prepared, follow_up, need, prepare, time_unit
from lutrace.models.plain.results import PlainFit, estimate_row, interval_row
from lutrace.models.plain.survival import ALL
from lutrace.stats import GroupComparison, compute_milestone, compute_restricted_mean


def fit_rmst(table: PlainTable, call: FitCall) -> PlainFit:
    """The restricted mean time of each group up to `tau`, in the unit of the times, with differences and ratios.

    Raises what `prepare` and `follow_up` raise, and EstimationError for a `tau` beyond the follow-up of a group.
    """
    found = _prepare(table, call)
    result = compute_restricted_mean(
        follow_up(found), found.labels.get("by"), horizon=float(call.tau or 0.0), **_rows(found), level=call.level
    )
    return _describe(result, found, call, measure="rmst", unit=time_unit(call))


def fit_milestone(table: PlainTable, call: FitCall) -> PlainFit:
    """Survival (a share) of each group at `tau`, with differences and ratios. Raises what `fit_rmst` raises."""
    found = _prepare(table, call)
    result = compute_milestone(
        follow_up(found), found.labels.get("by"), time=float(call.tau or 0.0), **_rows(found), level=call.level
    )
    return _describe(result, found, call, measure="survival", unit="share")


def _prepare(table: PlainTable, call: FitCall) -> Prepared:
    need(call, "time", "event", "tau")
    return prepare(table, call, numbers=("time", "event", "entry", "weights"), labels=("by", "cluster"))


def _rows(found: Prepared) -> dict[str, Any]:
    return {"weights": found.numbers.get("weights"), "cluster": found.labels.get("cluster")}


def _describe(result: GroupComparison, found: Prepared, call: FitCall, *, measure: str, unit: str) -> PlainFit:
    rows: list[Row] = [
        interval_row(
            ALL if call.by is None else f"{call.by}={one.group}",
            measure,
            one,
            unit=unit,
            events=one.n_events,
            coef=one.estimate,
            se=one.se,
        )
        for one in result.estimates
    ]
    of_group = {one.group: one for one in result.estimates}
    for one in result.contrasts:
        pair = (of_group[one.group], of_group[one.reference])
        counts = {"n": sum(each.n for each in pair), "events": sum(each.n_events for each in pair)}
        term = f"{call.by}={one.group} vs {one.reference}"
        gap: dict[str, Any] = {"coef": one.difference, "estimate": one.difference, "se": one.se, "p": one.p}
        rows.append(interval_row(term, f"{measure}_difference", one, unit=unit, **counts, **gap))
        ratio: dict[str, Any] = {"estimate": one.ratio, "low": one.ratio_low, "high": one.ratio_high, "p": one.ratio_p}
        rows.append(estimate_row(term, f"{measure}_ratio", unit="1", **counts, method=one.method, **ratio))
    return PlainFit(tuple(rows), found.checks, (*found.warnings, *result.warnings))
