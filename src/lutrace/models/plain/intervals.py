"""Interval-censored times of a plain table: the curve that assumes nothing, and accelerated failure times."""

from __future__ import annotations

from typing import Any

import numpy as np

from lutrace.core import Row
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import PlainTable
from lutrace.models.plain.complete import Prepared, need, prepare
from lutrace.models.plain.results import INTERCEPT_UNIT, PlainFit, check_row, coefficient_rows, estimate_row
from lutrace.models.plain.survival import each_group
from lutrace.stats import compute_turnbull, fit_aft, intervals_of


def fit_aft_model(table: PlainTable, call: FitCall) -> PlainFit:
    """A row per term, the intercept first: the log of time and its ratio, from times known to lie between two days.

    `low` is the last time free of the event, `high` the first with it; where `high` is empty the event was not seen
    (right-censored), where `low` is empty it had come before (left-censored). Raises what `prepare` raises, TableError
    for `low` above `high`, EstimationError without an answer.
    """
    found = _prepare(table, call)
    fit = fit_aft(
        intervals_of(found.numbers["low"], found.numbers["high"]),
        found.matrix,
        terms=found.term_names,
        distribution=call.distribution,
        weights=found.numbers.get("weights"),
        level=call.level,
    )
    rows = coefficient_rows(
        fit,
        ["intercept", *["time_ratio"] * len(found.design)],
        [INTERCEPT_UNIT, *found.units],
        events=fit.n_events,
        se=fit.se,
        estimate=fit.time_ratio,
        statistic=fit.z,
    )
    checks = (
        check_row("scale", "model", value=fit.scale),
        check_row("log_likelihood", "model", value=fit.loglik),
        check_row("likelihood ratio", "model", statistic=fit.statistic, df=fit.df, p=fit.model_p),
    )
    return PlainFit(rows, checks, (*found.warnings, *fit.warnings))


def fit_turnbull(table: PlainTable, call: FitCall) -> PlainFit:
    """Turnbull's curve of all or of each group: the interval that holds the median, and what survival can be at times.

    Where in an interval the event came the data do not say: `low` and `high` of a row are the least and the most that
    survival can be, no confidence interval. Raises what `fit_aft_model` raises.
    """
    found = _prepare(table, call)
    weights = found.numbers.get("weights")
    rows, checks = list[Row](), list[Row]()
    for term, here in each_group(found, call):
        curve = compute_turnbull(
            intervals_of(found.numbers["low"][here], found.numbers["high"][here]),
            weights=None if weights is None else weights[here],
        )
        told: dict[str, Any] = {"n": curve.n, "events": curve.n_events, "method": curve.method}
        low, high = curve.median()
        rows.append(estimate_row(term, "median_lies_in", unit=f"unit of {call.low}", low=low, high=high, **told))
        times = np.array(call.times) if call.times else np.unique(curve.high[np.isfinite(curve.high)])
        least, most = curve.at(times)
        rows += [
            estimate_row(term, "survival_lies_in", unit="share", low=low, high=high, time=float(time), **told)
            for time, low, high in zip(times, least, most, strict=True)
        ]
        checks.append(check_row("log_likelihood", term, value=curve.loglik, told=f"maximum to {curve.gap:.0e}"))
    told_of = ("low and high bound what survival can be, they are no confidence interval: take a bootstrap",)
    return PlainFit(tuple(rows), tuple(checks), (*found.warnings, *told_of))


def _prepare(table: PlainTable, call: FitCall) -> Prepared:
    need(call, "low", "high")
    found = prepare(table, call, numbers=("low", "high", "weights"), labels=("by",), gaps_allowed=("low", "high"))
    low, high = found.numbers["low"], found.numbers["high"]
    for column, times in ((call.low, low), (call.high, high)):
        found.table.refuse(times < 0, f"{column} is below 0")
    found.table.refuse(np.isnan(low) & np.isnan(high), f"{call.low} and {call.high} are both empty")
    found.table.refuse(low > high, f"{call.low} is above {call.high}")
    return found
