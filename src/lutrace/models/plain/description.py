"""Shares, correlations and agreement in a plain table, and groups compared without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.core import Row, UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import FloatArray, PlainTable, sort_labels
from lutrace.models.plain.complete import Prepared, need, outcome_unit, prepare
from lutrace.models.plain.results import PlainFit, check_row, estimate_row, interval_row
from lutrace.models.plain.survival import each_group
from lutrace.stats import (
    Correlation,
    GroupTest,
    compute_agreement,
    compute_chi_square,
    compute_fisher,
    compute_icc,
    compute_kruskal_wallis,
    compute_limits_of_agreement,
    compute_partial,
    compute_pearson,
    compute_proportion,
    compute_proportion_difference,
    compute_rank_sum,
    compute_spearman,
    compute_summary,
    compute_welch,
    compute_wilson,
)


def fit_proportion(table: PlainTable, call: FitCall) -> PlainFit:
    """The share of rows with the event, of all or of each group; with groups differences from the first and Fisher.

    Raises what `prepare` raises.
    """
    need(call, "event")
    found = prepare(table, call, numbers=("event",), labels=("by",))
    compute = compute_wilson if call.wilson else compute_proportion
    rows, counts = [], []
    for term, here in each_group(found, call):
        counts.append((int(found.numbers["event"][here].sum()), int(here.sum())))
        one = compute(*counts[-1], level=call.level)
        rows.append(interval_row(term, "proportion", one, unit="share", events=one.n_events))
    terms = [row["term"] for row in rows]
    for term, count in zip(terms[1:], counts[1:], strict=True):
        gap = compute_proportion_difference(count, counts[0], level=call.level)
        events, n = (sum(pair) for pair in zip(count, counts[0], strict=True))
        name = f"{term} vs {terms[0].partition('=')[2]}"
        rows.append(interval_row(name, "difference_of_proportions", gap, unit="share", events=events, n=n))
    told = _add_fisher(rows, np.array([[yes, n - yes] for yes, n in counts]), call) if len(counts) > 1 else ()
    return PlainFit(tuple(rows), warnings=(*found.warnings, *told))


def fit_compare(table: PlainTable, call: FitCall) -> PlainFit:
    """What each group of `by` has of `outcome`, and tests that the groups do not differ.

    A number: median with quartiles and mean per group; of two groups the difference of means (Welch) and the rank-sum
    test, of more Kruskal and Wallis's. With `categories`: the share of each, chi-square and Fisher's test.
    """
    need(call, "outcome", "by")
    if call.categories:
        return _compare_categories(prepare(table, call, numbers=(), labels=("outcome", "by")), call)
    found = prepare(table, call, numbers=("outcome",), labels=("by",))
    unit, rows, checks, groups = outcome_unit(call), list[Row](), list[Row](), list[FloatArray]()
    for term, here in each_group(found, call):
        values = found.numbers["outcome"][here]
        one = compute_summary(values)
        told: dict[str, Any] = {"unit": unit, "n": one.n, "events": None}
        middle: dict[str, Any] = {"method": f"median with quartiles ({one.method})", "low": one.q1, "high": one.q3}
        rows.append(estimate_row(term, "median", **told, **middle, estimate=one.median))
        rows.append(estimate_row(term, "mean", **told, method="mean", estimate=one.mean))
        checks.append(check_row("standard_deviation", term, value=one.sd))
        groups.append(values)
    if len(groups) < 2:
        raise UnusableInputError(f"{found.table.name}: {call.by} has one value only; there is nothing to compare")
    if len(groups) == 2:
        rows += _compare_two(groups, found, call, unit=unit)
    if len(groups) > 2:
        test = compute_kruskal_wallis(found.numbers["outcome"], found.labels["by"])
        rows.append(_test_row(call, "kruskal_wallis", test))
    return PlainFit(tuple(rows), tuple(checks), found.warnings)


def _compare_two(groups: Sequence[FloatArray], found: Prepared, call: FitCall, *, unit: str) -> list[Row]:
    first, second = sort_labels(found.labels["by"])
    rows = []
    if min(len(group) for group in groups) > 1:
        gap = compute_welch(groups[1], groups[0], level=call.level)
        test: dict[str, Any] = {name: getattr(gap.test, name) for name in ("n", "method", "statistic", "df", "p")}
        rows.append(interval_row(f"{call.by}={second} vs {first}", "mean_difference", gap, unit=unit, **test))
    return [*rows, _test_row(call, "rank_sum", compute_rank_sum(groups[1], groups[0]))]


def _compare_categories(found: Prepared, call: FitCall) -> PlainFit:
    outcome = found.labels["outcome"]
    names, groups = sort_labels(outcome), sort_labels(found.labels["by"])
    if min(len(names), len(groups)) < 2:
        raise UnusableInputError(f"{found.table.name}: {call.outcome} or {call.by} has one value only")
    rows, counts = list[Row](), np.zeros((len(groups), len(names)), dtype=np.int64)
    np.add.at(counts, ([groups.index(one) for one in found.labels["by"]], [names.index(one) for one in outcome]), 1)
    for group, line in zip(groups, counts, strict=True):
        for name, count in zip(names, line, strict=True):
            one = compute_proportion(int(count), int(line.sum()), level=call.level)
            term = f"{call.by}={group}: {name}"
            rows.append(interval_row(term, "proportion", one, unit="share", events=one.n_events))
    rows.append(_test_row(call, "chi_square", compute_chi_square(counts)))
    told = _add_fisher(rows, counts, call)
    return PlainFit(tuple(rows), warnings=(*found.warnings, *told))


def _add_fisher(rows: list[Row], counts: NDArray[np.int64], call: FitCall) -> tuple[str, ...]:
    """Fisher's test as a row; or why there is none."""
    if not (counts.sum(axis=0).all() and counts.sum(axis=1).all()):
        return ("no Fisher's test: all groups have the same outcome throughout",)
    test = compute_fisher(counts, level=call.level)
    rows.append(
        estimate_row(
            str(call.by),
            "fisher",
            unit="1" if test.odds_ratio is None else "odds ratio of the first group and the first outcome",
            n=test.n,
            events=None,
            method=test.method,
            estimate=test.odds_ratio,
            low=test.low,
            high=test.high,
            p=test.p,
        )
    )
    return ()


def _test_row(call: FitCall, measure: str, test: GroupTest) -> Row:
    return estimate_row(
        str(call.by),
        measure,
        unit="1",
        n=test.n,
        events=None,
        method=test.method,
        statistic=test.statistic,
        df=test.df,
        p=test.p,
    )


def fit_correlation(table: PlainTable, call: FitCall) -> PlainFit:
    """The correlation of `first` and `second`: Pearson's or Spearman's; with `terms` what these leave of both."""
    need(call, "first", "second")
    found = prepare(table, call, numbers=("first", "second"))
    if found.design and call.correlation == "spearman":
        raise UnusableInputError("--terms takes covariates out of Pearson's correlation; leave --method spearman out")
    one = _correlate(found, call)
    df = one.n - len(found.design) - 2
    term = f"{call.first}, {call.second}"
    row = interval_row(term, "correlation", one, unit="1", statistic=one.statistic, df=df, p=one.p)
    return PlainFit((row,), warnings=found.warnings)


def _correlate(found: Prepared, call: FitCall) -> Correlation:
    x, y = found.numbers["first"], found.numbers["second"]
    if found.design:
        return compute_partial(x, y, found.matrix, terms=found.term_names, level=call.level)
    return (compute_spearman if call.correlation == "spearman" else compute_pearson)(x, y, level=call.level)


def fit_kappa(table: PlainTable, call: FitCall) -> PlainFit:
    """How far two classifications agree: the exact share, Cohen's kappa, and how often each pair of classes occurs."""
    need(call, "first", "second")
    found = prepare(table, call, numbers=(), labels=("first", "second"))
    first, second = found.labels["first"], found.labels["second"]
    one = compute_agreement(
        first,
        second,
        classes=call.classes or sort_labels([*first, *second]),
        weights=call.kappa_weights,
        level=call.level,
    )
    term, share = f"{call.first}, {call.second}", one.agreement
    rows = (
        interval_row(term, "agreement", share, unit="share", events=share.n_events),
        estimate_row(
            term,
            "kappa",
            unit="1",
            n=one.n,
            events=None,
            method=one.method,
            se=one.se,
            estimate=one.kappa,
            low=one.low,
            high=one.high,
        ),
    )
    pairs = [
        check_row("rows_with_classes", f"{left}, {right}", value=count)
        for left, line in zip(one.classes, one.matrix, strict=True)
        for right, count in zip(one.classes, line, strict=True)
    ]
    told = () if one.low is not None else ("kappa has no interval: the classes do not vary, or all agree",)
    return PlainFit(rows, tuple(pairs), (*found.warnings, *told))


def fit_icc(table: PlainTable, call: FitCall) -> PlainFit:
    """The intraclass correlation of single measurements; a row per patient, a column per rater (`terms`)."""
    need(call, "terms")
    found = prepare(table, call, numbers=())
    one = compute_icc(found.matrix, kind=call.icc, level=call.level)
    row = interval_row(", ".join(found.term_names), "intraclass_correlation", one, unit="1")
    return PlainFit((row,), (check_row("raters", "model", value=one.n_raters),), found.warnings)


def fit_bland_altman(table: PlainTable, call: FitCall) -> PlainFit:
    """The mean of `first` less `second` and the limits that hold 95 % of such differences, in their unit.

    `group` names the patient where patients have several rows.
    """
    need(call, "first", "second")
    found = prepare(table, call, numbers=("first", "second"), labels=("group",))
    one = compute_limits_of_agreement(
        found.numbers["first"], found.numbers["second"], patients=found.labels.get("group"), level=call.level
    )
    unit = outcome_unit(replace(call, outcome=call.first))
    rows = tuple(
        estimate_row(
            f"{call.first} - {call.second}",
            measure,
            unit=unit,
            n=one.n,
            events=None,
            method=one.method,
            estimate=estimate,
            low=low,
            high=high,
        )
        for measure, (estimate, low, high) in (
            ("mean_difference", one.bias),
            ("lower_limit", one.lower),
            ("upper_limit", one.upper),
        )
    )
    checks = (
        check_row("sd_of_differences", "model", value=one.sd),
        check_row("patients", "model", value=one.n_patients),
    )
    return PlainFit(rows, checks, found.warnings)
