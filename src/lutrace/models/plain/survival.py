"""Curves of a plain table: medians, survival at each time, the test between groups, restricted means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lutrace.core import EstimationError, Row, UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import BoolArray, PlainTable, sort_labels
from lutrace.models.plain.complete import Prepared, follow_up, need, prepare, time_unit
from lutrace.models.plain.results import PlainFit, estimate_row
from lutrace.stats import (
    GEHAN,
    LOG_RANK,
    PETO,
    TARONE_WARE,
    EventWeights,
    Survival,
    SurvivalCurve,
    compute_kaplan_meier,
    compute_log_rank,
    compute_reverse_kaplan_meier,
    fleming_harrington,
)

ALL = "all"
_TESTS: Mapping[str, EventWeights] = {"log-rank": LOG_RANK, "gehan": GEHAN, "tarone-ware": TARONE_WARE, "peto": PETO}


def fit_km(table: PlainTable, call: FitCall) -> PlainFit:
    """The Kaplan-Meier curve of the table or of each group, medians first; with groups the log-rank test.

    Rows: `median` and `median_follow_up` (reverse curve: its events are the censorings) in the unit of the times,
    `survival` (a share) at the times asked for or else at every event; empty once follow-up has ended of patients
    without the event. Groups that cannot be tested keep their curves. Raises what `prepare` and `follow_up` raise.
    """
    need(call, "time", "event")
    found = prepare(table, call, numbers=("time", "event", "entry", "weights"), labels=("by", "strata", "cluster"))
    everyone, compared = follow_up(found), is_compared(found, call)
    rows, told = list[Row](), list[str]()
    for term, here in each_group(found, call):
        survival, kept = everyone.select(here), _kept(found, here)
        curve = compute_kaplan_meier(survival, **kept, interval=call.interval, level=call.level)
        reverse = compute_reverse_kaplan_meier(survival, **kept, interval=call.interval, level=call.level)
        rows += _medians(term, curve, reverse, call)
        rows += _points(term, curve, call)
        late = [time for time in call.times if _is_unknown(curve, time)]
        told += say_unreached(term, "survival", late, end=curve.time[-1])
    if compared:
        if "weights" in found.numbers or "cluster" in found.labels:
            told.append("no log-rank test: it takes no weights or clusters; `lutrace fit cox` does, with robust errors")
        else:
            try:
                rows.append(_log_rank(found, everyone, call))
            except EstimationError as error:
                told.append(f"{table.name}: no test between groups: {error}")
    return PlainFit(tuple(rows), found.checks, (*found.warnings, *told))


def is_compared(found: Prepared, call: FitCall) -> bool:
    """Whether the call has groups to compare. Raises UnusableInputError for strata of a comparison that is not made."""
    if "strata" in found.labels and "by" not in found.labels:
        raise UnusableInputError(f"lutrace fit {call.kind}: --strata needs --by: strata are of the test between groups")
    return "by" in found.labels and len(set(found.labels["by"])) > 1


def each_group(found: Prepared, call: FitCall) -> Iterator[tuple[str, BoolArray]]:
    """The name and the rows of each group, in the order of the labels; all rows where the call names no group."""
    if "by" not in found.labels:
        yield ALL, np.ones(found.n, dtype=np.bool_)
        return
    labels = np.array(found.labels["by"])
    for label in sort_labels(found.labels["by"]):
        yield f"{call.by}={label}", labels == label


def _kept(found: Prepared, here: BoolArray) -> dict[str, Any]:
    weights, cluster = found.numbers.get("weights"), found.labels.get("cluster")
    return {
        "weights": None if weights is None else weights[here],
        "cluster": None if cluster is None else np.array(cluster)[here],
    }


def _medians(term: str, curve: SurvivalCurve, reverse: SurvivalCurve, call: FitCall) -> list[Row]:
    return [
        estimate_row(
            term,
            measure,
            unit=time_unit(call),
            n=one.n,
            events=events,
            method=one.method,
            estimate=one.estimate,
            low=one.low,
            high=one.high,
        )
        for measure, one, events in (
            ("median", curve.quantile(), curve.n_events),
            ("median_follow_up", reverse.quantile(), reverse.n_events),
        )
    ]


def _points(term: str, curve: SurvivalCurve, call: FitCall) -> list[Row]:
    times = np.array(call.times) if call.times else curve.time[curve.events > 0]
    if times.size == 0:
        return []
    points = curve.at(times)
    place = np.searchsorted(curve.time, times, side="right") - 1
    of_log = np.where(place < 0, 0.0, curve.std_error[place])
    errors = np.full(times.size, np.nan)
    np.multiply(of_log, points.survival, out=errors, where=points.survival > 0)
    next_place = np.minimum(np.searchsorted(curve.time, times, side="left"), curve.time.size - 1)
    return [
        estimate_row(
            term,
            "survival",
            unit="share",
            n=curve.n,
            events=curve.n_events,
            method=f"{curve.method}; {_say_end(curve)}" if _is_unknown(curve, time) else curve.method,
            estimate=points.survival[number],
            se=errors[number],
            low=points.low[number],
            high=points.high[number],
            time=float(time),
            at_risk=int(curve.at_risk[next_place[number]]) if time <= curve.time[-1] else 0,
        )
        for number, time in enumerate(times)
    ]


def _is_unknown(curve: SurvivalCurve, time: float) -> bool:
    """Whether follow-up does not reach `time`; where nobody is left without the event, survival is 0 from then on."""
    return bool(time > curve.time[-1] and curve.survival[-1] > 0)


def say_unreached(term: str, measure: str, late: Sequence[float], *, end: float) -> tuple[str, ...]:
    """What to say of times asked for after `end`, where the follow-up of `term` ends; nothing where there are none."""
    if not late:
        return ()
    times = ", ".join(f"{time:g}" for time in late)
    return (f"{term}: follow-up ends at {end:g}, so {measure} at {times} is not known",)


def _say_end(curve: SurvivalCurve) -> str:
    return f"follow-up ends at {curve.time[-1]:g}"


def _log_rank(found: Prepared, survival: Survival, call: FitCall) -> Row:
    labels = found.labels["by"]
    event_weights = fleming_harrington(*_rho_gamma(call)) if call.test == "fleming-harrington" else _TESTS[call.test]
    test = compute_log_rank(
        survival,
        labels,
        strata=found.labels.get("strata"),
        event_weights=event_weights,
        trend=_trend_scores(labels, call) if call.trend else None,
    )
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


def _rho_gamma(call: FitCall) -> tuple[float, float]:
    if len(call.rho_gamma) != 2:
        raise UnusableInputError("--rho-gamma takes two numbers such as 0,1 (late differences count more)")
    return call.rho_gamma[0], call.rho_gamma[1]


def _trend_scores(labels: Sequence[str], call: FitCall) -> list[float]:
    """The labels as numbers, in the order in which the test sorts groups."""
    try:
        return [float(label) for label in sorted(set(labels))]
    except ValueError:
        raise UnusableInputError(f"--trend takes the values of {call.by} as scores; expected numbers") from None
