"""Competing risks of a plain table: cumulative incidence per cause, Gray's test, Fine and Gray's model."""

from __future__ import annotations

import numpy as np

from lutrace.core import Row, UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import PlainTable
from lutrace.models.plain.complete import Prepared, need, prepare, refuse_times
from lutrace.models.plain.results import PlainFit, check_row, coefficient_rows, estimate_row
from lutrace.models.plain.survival import each_group, is_compared, say_unreached
from lutrace.stats import (
    CompetingRisks,
    IncidenceCurve,
    competing_of,
    compute_cumulative_incidence,
    compute_gray_test,
    fit_fine_gray,
)


def fit_cif(table: PlainTable, call: FitCall) -> PlainFit:
    """The cumulative incidence (a share) of each cause, of all or of each group, and Gray's test between groups.

    `event` is the column of causes, `censored` its label of censoring. Rows at the times asked for, or else at every
    event of the cause. Raises what `prepare` raises, and UnusableInputError for a cause that never occurs.
    """
    need(call, "time", "event")
    found = _prepare(table, call)
    follow_up, compared = _follow_up(found, call), is_compared(found, call)
    rows: list[Row] = []
    told: list[str] = []
    for term, here in each_group(found, call):
        weights, cluster = found.numbers.get("weights"), found.labels.get("cluster")
        curves = compute_cumulative_incidence(
            follow_up.select(here),
            weights=None if weights is None else weights[here],
            cluster=None if cluster is None else np.array(cluster)[here],
            interval=call.interval,
            level=call.level,
        )
        for curve in curves:
            if call.cause in (None, curve.cause):
                points = _points(term, curve, call)
                late = [float(row["time"]) for row in points if row["estimate"] is None]
                told += (*curve.warnings, *say_unreached(term, "incidence", late, end=curve.time[-1]))
                rows += points
    if compared:
        if found.numbers.keys() & {"entry", "weights"} or "cluster" in found.labels:
            told.append("no Gray's test: it takes no delayed entry, weights or clusters")
        else:
            rows += _gray_rows(follow_up, found, call)
    return PlainFit(tuple(rows), found.checks, (*found.warnings, *dict.fromkeys(told)))


def fit_fine_gray_model(table: PlainTable, call: FitCall) -> PlainFit:
    """A row per term: the subdistribution hazard ratio of one cause, with the sandwich of Fine and Gray.

    Raises what `prepare` raises, UnusableInputError for no or an unknown cause, EstimationError without an answer.
    """
    need(call, "time", "event", "terms", "cause")
    found = _prepare(table, call)
    cause = str(call.cause)
    fit = fit_fine_gray(_follow_up(found, call), found.matrix, terms=found.term_names, cause=cause, level=call.level)
    rows = coefficient_rows(
        fit,
        ["subdistribution_hazard_ratio"] * len(fit.terms),
        found.units,
        events=fit.n_events,
        se=fit.naive_se,
        robust_se=fit.se,
        estimate=fit.hazard_ratio,
        statistic=fit.z,
    )
    checks = (
        check_row("events_per_term", "model", value=fit.events_per_term),
        check_row("competing_events", "model", value=fit.n_competing),
        check_row("log_likelihood", "model", value=fit.loglik),
        *found.checks,
    )
    return PlainFit(tuple({**row, "cause": cause} for row in rows), checks, (*found.warnings, *fit.warnings))


def _prepare(table: PlainTable, call: FitCall) -> Prepared:
    labels = ("event", "by", "strata", "cluster")
    return prepare(table, call, numbers=("time", "entry", "weights"), labels=labels)


def _follow_up(found: Prepared, call: FitCall) -> CompetingRisks:
    causes = found.labels["event"]
    known = sorted(set(causes) - {call.censored})
    if call.censored not in causes and len(set(causes)) > 1:
        raise UnusableInputError(
            f"{found.table.name}: {call.event} is never {call.censored}; say which value means censored: "
            f"--censored VALUE; it is {', '.join(sorted(set(causes)))}"
        )
    if call.cause is not None and call.cause not in known:
        raise UnusableInputError(f"{found.table.name}: {call.event} is never {call.cause}; it is {', '.join(known)}")
    refuse_times(found)
    return competing_of(found.numbers["time"], causes, censored=call.censored, entry=found.numbers.get("entry"))


def _points(term: str, curve: IncidenceCurve, call: FitCall) -> list[Row]:
    times = np.array(call.times) if call.times else curve.time[curve.events > 0]
    if times.size == 0:
        return []
    points = curve.at(times)
    return [
        estimate_row(
            term,
            "cumulative_incidence",
            unit="share",
            n=curve.n,
            events=curve.n_events,
            method=curve.method,
            coef=points.incidence[place],
            estimate=points.incidence[place],
            se=points.std_error[place],
            low=points.low[place],
            high=points.high[place],
            time=float(time),
            cause=curve.cause,
        )
        for place, time in enumerate(times)
    ]


def _gray_rows(follow_up: CompetingRisks, found: Prepared, call: FitCall) -> list[Row]:
    rows = []
    for cause in follow_up.causes:
        if call.cause not in (None, cause):
            continue
        test = compute_gray_test(follow_up, found.labels["by"], cause=cause, strata=found.labels.get("strata"))
        rows.append(
            estimate_row(
                str(call.by),
                "gray_test",
                unit="1",
                n=test.n,
                events=test.n_events,
                method=test.method,
                statistic=test.statistic,
                df=test.df,
                p=test.p,
                cause=cause,
            )
        )
    return rows
