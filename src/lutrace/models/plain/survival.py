"""Kaplan-Meier curves of a plain table: medians, survival at each time, and the test between groups."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lutrace.core import Row
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import PlainTable, sort_labels
from lutrace.models.plain.complete import Prepared, follow_up, need, prepare
from lutrace.models.plain.results import PlainFit, estimate_row
from lutrace.stats import Survival, SurvivalCurve, compute_kaplan_meier, compute_log_rank, compute_reverse_kaplan_meier

ALL = "all"


def fit_km(table: PlainTable, call: FitCall) -> PlainFit:
    """The Kaplan-Meier curve of the table or of each group, medians first; with groups the log-rank test.

    Rows: `median` and `median_follow_up` (reverse curve) in the unit of the times, `survival` (a share) at the times
    asked for or else at every event. Raises what `prepare` and `follow_up` raise.
    """
    need(call, "time", "event")
    found = prepare(table, call, numbers=("time", "event", "entry", "weights"), labels=("by", "strata"))
    everyone = follow_up(found)
    rows: list[Row] = []
    for term, survival in each_group(found, everyone, call):
        curve = compute_kaplan_meier(survival, interval=call.interval, level=call.level)
        rows += _medians(term, survival, curve, call)
        rows += _points(term, curve, call)
    if "by" in found.labels and len(set(found.labels["by"])) > 1:
        rows.append(_log_rank(found, everyone, call))
    return PlainFit(tuple(rows), warnings=found.warnings)


def each_group(found: Prepared, survival: Survival, call: FitCall) -> Iterator[tuple[str, Survival]]:
    """The name and follow-up of each group, in the order of the labels; of all where the call names no group."""
    if "by" not in found.labels:
        yield ALL, survival
        return
    labels = np.array(found.labels["by"])
    for label in sort_labels(found.labels["by"]):
        here = labels == label
        entry = None if survival.entry is None else survival.entry[here]
        yield f"{call.by}={label}", Survival(survival.time[here], survival.event[here], entry)


def _medians(term: str, survival: Survival, curve: SurvivalCurve, call: FitCall) -> list[Row]:
    reverse = compute_reverse_kaplan_meier(survival, interval=call.interval, level=call.level)
    return [
        estimate_row(
            term,
            measure,
            unit=f"unit of {call.time}",
            n=one.n,
            events=survival.n_events,
            method=one.method,
            estimate=one.estimate,
            low=one.low,
            high=one.high,
        )
        for measure, one in (("median", curve.quantile()), ("median_follow_up", reverse.quantile()))
    ]


def _points(term: str, curve: SurvivalCurve, call: FitCall) -> list[Row]:
    times = np.array(call.times) if call.times else curve.time[curve.events > 0]
    if times.size == 0:
        return []
    points = curve.at(times)
    place = np.searchsorted(curve.time, times, side="right") - 1
    errors = np.where(place < 0, 0.0, curve.std_error[place])
    next_place = np.minimum(np.searchsorted(curve.time, times, side="left"), curve.time.size - 1)
    return [
        estimate_row(
            term,
            "survival",
            unit="share",
            n=curve.n,
            events=curve.n_events,
            method=curve.method,
            estimate=points.survival[number],
            se=errors[number] * points.survival[number],
            low=points.low[number],
            high=points.high[number],
            time=float(time),
            at_risk=int(curve.at_risk[next_place[number]]) if time <= curve.time[-1] else 0,
        )
        for number, time in enumerate(times)
    ]


def _log_rank(found: Prepared, survival: Survival, call: FitCall) -> Row:
    test = compute_log_rank(survival, found.labels["by"], strata=found.labels.get("strata"))
    return estimate_row(
        str(call.by),
        "log_rank",
        unit="1",
        n=test.n,
        events=test.n_events,
        method=test.method,
        statistic=test.statistic,
        df=test.df,
        p=test.p,
    )
