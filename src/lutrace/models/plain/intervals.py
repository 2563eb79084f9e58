"""Interval-censored times of a plain table: accelerated failure times."""

from __future__ import annotations

import numpy as np

from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import PlainTable
from lutrace.models.plain.complete import need, prepare
from lutrace.models.plain.results import INTERCEPT_UNIT, PlainFit, check_row, coefficient_rows
from lutrace.stats import fit_aft, intervals_of


def fit_aft_model(table: PlainTable, call: FitCall) -> PlainFit:
    """A row per term, the intercept first: the log of time and its ratio, from times known to lie between two days.

    `low` is the last time free of the event, `high` the first with it; where `high` is empty the event was not seen
    (right-censored), where `low` is empty it had come before (left-censored). Raises what `prepare` raises, TableError
    for `low` above `high`, EstimationError without an answer.
    """
    need(call, "low", "high")
    found = prepare(table, call, numbers=("low", "high", "weights"), gaps_allowed=("low", "high"))
    low, high = found.numbers["low"], found.numbers["high"]
    found.table.refuse(np.isnan(low) & np.isnan(high), f"{call.low} and {call.high} are both empty")
    found.table.refuse(low > high, f"{call.low} is above {call.high}")
    fit = fit_aft(
        intervals_of(low, high),
        found.matrix,
        terms=found.term_names,
        distribution=call.distribution,
        weights=found.numbers.get("weights"),
        level=call.level,
    )
    rows = coefficient_rows(
        fit.terms,
        ["intercept", *["time_ratio"] * len(found.design)],
        [INTERCEPT_UNIT, *found.units],
        n=fit.n,
        events=fit.n_events,
        method=fit.method,
        coef=fit.coef,
        se=fit.se,
        estimate=fit.time_ratio,
        low=fit.low,
        high=fit.high,
        statistic=fit.z,
        p=fit.p,
    )
    checks = (
        check_row("scale", "model", value=fit.scale),
        check_row("log_likelihood", "model", value=fit.loglik),
        check_row("likelihood ratio", "model", statistic=fit.statistic, df=fit.df, p=fit.model_p),
    )
    return PlainFit(rows, checks, (*found.warnings, *fit.warnings))
