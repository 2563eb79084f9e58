"""Estimates, p values and curves of others, as a plain table holds them: a row per study, test or point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lutrace.core import Row, UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import BoolArray, FloatArray, PlainTable, label_of
from lutrace.models.plain.complete import Prepared, need, prepare
from lutrace.models.plain.results import PlainFit, check_row, estimate_row
from lutrace.models.plain.survival import each_group
from lutrace.stats import (
    Adjustment,
    PooledStudies,
    adjust_p_values,
    compute_e_value,
    compute_log_errors,
    find_tipping_ratio,
    pool_studies,
    reconstruct_curve,
)

_ADJUSTMENTS: Mapping[str, Adjustment] = {"holm": "Holm", "bh": "Benjamini-Hochberg"}


def fit_meta(table: PlainTable, call: FitCall) -> PlainFit:
    """One estimate of those of several studies (`estimate`, `error`), with how far they disagree.

    With `ratio` the estimates are ratios with intervals `low` to `high` of `level`; they are pooled as logarithms.
    Raises what `prepare` raises; TableError for an error that is not above 0.
    """
    is_ratio = call.ratio is not None
    need(call, "estimate", *(("low", "high") if is_ratio else ("error",)))
    found = prepare(table, call, numbers=("estimate", *(("low", "high") if is_ratio else ("error",))))
    values, errors = _log_estimates(found, call) if is_ratio else _plain_estimates(found, call)
    one = pool_studies(
        values, errors, heterogeneity=call.heterogeneity, knapp_hartung=call.knapp_hartung, level=call.level
    )
    scale = np.exp if is_ratio else np.asarray
    bounds = np.array([one.estimate, one.low, one.high, one.prediction_low, one.prediction_high])
    estimate, low, high, further_low, further_high = scale(bounds).tolist()
    told: dict[str, Any] = {
        "unit": "ratio" if is_ratio else "as the studies'",
        "n": one.n_studies,
        "events": None,
        "method": one.method,
    }
    measure = str(call.ratio).replace(" ", "_") if is_ratio else "mean"
    rows = (
        estimate_row(
            "all studies",
            measure,
            **told,
            coef=one.estimate,
            se=one.se,
            estimate=estimate,
            low=low,
            high=high,
            p=one.p,
        ),
        estimate_row("a further study", measure, **told, estimate=estimate, low=further_low, high=further_high),
    )
    return PlainFit(rows, _heterogeneity(one, found, call), (*found.warnings, *one.warnings))


def _plain_estimates(found: Prepared, call: FitCall) -> tuple[FloatArray, FloatArray]:
    errors = found.numbers["error"]
    found.table.refuse(errors <= 0, f"{call.error} is not above 0: a standard error must be")
    return found.numbers["estimate"], errors


def _log_estimates(found: Prepared, call: FitCall) -> tuple[FloatArray, FloatArray]:
    low, high = _check_ratios(found, call)
    return compute_log_errors(found.numbers["estimate"], low, high, level=call.level)


def _check_ratios(found: Prepared, call: FitCall) -> tuple[FloatArray, FloatArray]:
    estimate, low, high = (found.numbers[name] for name in ("estimate", "low", "high"))
    found.table.refuse(
        ~((low > 0) & (low <= estimate) & (estimate <= high) & (low < high)),
        f"{call.low}, {call.estimate}, {call.high}: a ratio must be above 0 and lie within its interval",
    )
    return low, high


def _heterogeneity(one: PooledStudies, found: Prepared, call: FitCall) -> tuple[Row, ...]:
    names = _names_of(found, call)
    return (
        check_row("heterogeneity", "model", statistic=one.q, df=one.n_studies - 1, p=one.q_p, told="Cochran's Q"),
        check_row("tau2", "model", value=one.tau2, told="variance between studies"),
        check_row("i2", "model", value=one.i2, told="share of the spread that is not chance"),
        *(check_row("weight", name, value=weight) for name, weight in zip(names, one.weights, strict=True)),
    )


def fit_adjust(table: PlainTable, call: FitCall) -> PlainFit:
    """The p values of one family of tests, adjusted for its size; `made` is the table with `p_adjusted`.

    Rows without a p are no tests; `family` says how many tests there were where the table does not hold all.
    """
    need(call, "p")
    found = prepare(table, call, numbers=("p",))
    given = found.numbers["p"]
    found.table.refuse((given < 0) | (given > 1), f"{call.p} lies outside 0 to 1")
    one = adjust_p_values(given, adjustment=_ADJUSTMENTS[call.adjustment], n_tests=call.family)
    names = _names_of(found, call)
    rows = tuple(
        estimate_row(
            name,
            "adjusted_p",
            unit="1",
            n=one.n_tests,
            events=None,
            method=one.method,
            p=adjusted,
            p_given=float(before),
        )
        for name, adjusted, before in zip(names, one.p, given, strict=True)
    )
    made = tuple({**row, "p_adjusted": p} for row, p in zip(found.table.rows, one.p, strict=True))
    return PlainFit(rows, warnings=found.warnings, made=made)


def fit_e_value(table: PlainTable, call: FitCall) -> PlainFit:
    """Per ratio how strong an unmeasured confounder must be to explain it, and its interval, away.

    `made` is the table with `e_value` and `e_value_limit`. `common` says whether more than 15 % have the event.
    """
    need(call, "estimate", "low", "high", "ratio", "common")
    assert call.ratio is not None
    found = prepare(table, call, numbers=("estimate", "low", "high"))
    low, high = _check_ratios(found, call)
    names = _names_of(found, call)
    rows, made = [], []
    for place, (name, row) in enumerate(zip(names, found.table.rows, strict=True)):
        ratio = float(found.numbers["estimate"][place])
        one = compute_e_value(
            ratio,
            measure=call.ratio,
            is_common=bool(call.common),
            low=float(low[place]),
            high=float(high[place]),
        )
        counts = {column: _count_of(row.get(column)) for column in ("n", "events")}
        told: dict[str, Any] = {"unit": "risk ratio", "method": one.method, **counts}
        rows.append(estimate_row(name, "e_value", **told, estimate=one.estimate, of=ratio))
        rows.append(estimate_row(name, "e_value_of_limit", **told, estimate=one.limit, of=ratio))
        rows += _tipping_row(one.risk_ratio, name, call, told)
        made.append({**row, "e_value": one.estimate, "e_value_limit": one.limit})
    return PlainFit(tuple(rows), warnings=found.warnings, made=tuple(made))


def _tipping_row(ratio: float, name: str, call: FitCall, told: dict[str, Any]) -> list[Row]:
    """The risk ratio of a confounder with the outcome that alone would make this ratio, from its share in each arm."""
    if call.share_treated is None and call.share_control is None:
        return []
    if call.share_treated is None or call.share_control is None:
        raise UnusableInputError("--share-treated and --share-control go together: how common the confounder is")
    shares = {"share_treated": call.share_treated, "share_control": call.share_control}
    method = "ratio of a binary confounder that alone would make this one (Lin, Psaty and Kronmal 1998)"
    tipping = find_tipping_ratio(ratio, **shares)
    numbers: dict[str, Any] = {**told, **shares, "method": method, "estimate": tipping, "of": ratio}
    return [estimate_row(name, "confounder_ratio", **numbers)]


def _count_of(cell: Any) -> int | None:
    label = label_of(cell)
    return int(label) if label is not None and label.isdecimal() else None


def _names_of(found: Prepared, call: FitCall) -> list[str]:
    """What each row is called: by the column `label`, or by its number in the file."""
    names = found.table.read_labels(call.label) if call.label else [None] * found.n
    return [name or f"row {number}" for name, number in zip(names, found.table.numbers, strict=True)]


def fit_reconstruct(table: PlainTable, call: FitCall) -> PlainFit:
    """Synthetic patients who have a published curve: `made` holds their times; rows say how well they meet it.

    `time` and `curve` are points of the curve, `at_risk` the printed numbers at risk in the rows where there are any;
    a row may be either or both. With `by` each group is a curve of its own. Raises what `reconstruct_curve` raises.
    """
    need(call, "time", "curve", "at_risk")
    if call.by is not None and call.n_events is not None:
        raise UnusableInputError("--events is of one curve; with --by leave it out, or give each curve its own table")
    given = replace(call, time=None)
    found = prepare(table, given, numbers=("curve", "at_risk"), labels=("by",), gaps_allowed=("curve", "at_risk"))
    time = found.table.read_numbers(str(call.time))
    found.table.refuse(~(time >= 0), f"{call.time} is empty or below 0")
    rows, made, checks, told = list[Row](), list[Row](), list[Row](), list[str]()
    for term, here in each_group(found, call):
        one = reconstruct_curve(*_points(found, time, here), **_risk_table(found, time, here), n_events=call.n_events)
        label = {} if call.by is None else {call.by: term.partition("=")[2]}
        made += [
            {**label, "time": float(end), "event": int(happened), "origin": "reconstructed from a published curve"}
            for end, happened in zip(one.survival.time, one.survival.event, strict=True)
        ]
        rows.append(
            estimate_row(
                term,
                "largest_difference_from_curve",
                unit="share",
                n=one.n,
                events=one.n_events,
                method=one.method,
                estimate=one.largest_difference,
            )
        )
        off = max((abs(number) for number in one.risk_differences), default=0)
        checks.append(check_row("largest_difference_at_risk", term, value=off, told="patients"))
        told += [warning if term == "all" else f"{term}: {warning}" for warning in one.warnings]
    return PlainFit(tuple(rows), tuple(checks), (*found.warnings, *told), tuple(made))


def _points(found: Prepared, time: FloatArray, here: BoolArray) -> tuple[FloatArray, FloatArray]:
    curve = found.numbers["curve"]
    rows = here & ~np.isnan(curve)
    return time[rows], curve[rows]


def _risk_table(found: Prepared, time: FloatArray, here: BoolArray) -> dict[str, FloatArray]:
    at_risk = found.numbers["at_risk"]
    rows = here & ~np.isnan(at_risk)
    return {"risk_times": time[rows], "n_at_risk": at_risk[rows]}
