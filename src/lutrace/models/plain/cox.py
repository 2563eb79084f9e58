"""The Cox model of a plain table: hazard ratios with their units, and what speaks for or against the model."""

from __future__ import annotations

from lutrace.core import Row
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import PlainTable
from lutrace.models.plain.complete import Prepared, follow_up, need, prepare
from lutrace.models.plain.results import PlainFit, check_row, coefficient_rows
from lutrace.stats import CoxFit, CoxRows, fit_cox_or_firth, fit_firth_cox

PH_ALARM = 0.05
"""p of the test of proportional hazards below which the model is called into doubt."""
ROBUST_ALARM = 1.1
"""Robust over model standard error from which on the interval is called too narrow."""


def fit_cox_model(table: PlainTable, call: FitCall) -> PlainFit:
    """A row per term: coefficient (log hazard ratio), its errors, the hazard ratio with its interval; and checks.

    With clusters, or weights that are not whole numbers, intervals and p values go by the robust errors. Raises what
    `prepare` and `follow_up` raise, and EstimationError where the model has no answer.
    """
    need(call, "time", "event", "terms")
    found = prepare(table, call, numbers=("time", "event", "entry", "weights", "offset"), labels=("strata", "cluster"))
    fit = _fit(found, call)
    rows = coefficient_rows(
        fit.terms,
        ["hazard_ratio"] * len(fit.terms),
        found.units,
        n=fit.n,
        events=fit.n_events,
        method=fit.method,
        coef=fit.coef,
        se=fit.se,
        robust_se=None if fit.firth else fit.robust_se,
        estimate=fit.hazard_ratio,
        low=fit.low,
        high=fit.high,
        statistic=fit.z,
        p=fit.p,
    )
    return PlainFit(rows, (*_checks(fit), *found.checks), (*found.warnings, *fit.warnings, *_doubts(fit)))


def _fit(found: Prepared, call: FitCall) -> CoxFit:
    survival, labels = follow_up(found), found.labels
    fit = fit_firth_cox if call.firth else fit_cox_or_firth
    return fit(
        survival,
        found.matrix,
        terms=found.term_names,
        strata=labels.get("strata"),
        ties=call.ties or ("breslow" if call.firth else "efron"),
        level=call.level,
        rows=CoxRows(found.numbers.get("weights"), labels.get("cluster"), found.numbers.get("offset")),
    )


def _checks(fit: CoxFit) -> tuple[Row, ...]:
    rows = [
        check_row("proportional_hazards", test.term, statistic=test.statistic, df=test.df, p=test.p)
        for test in fit.ph_tests
    ]
    rows += [check_row(test.name, "model", statistic=test.statistic, df=test.df, p=test.p) for test in fit.tests]
    rows.append(check_row("events_per_term", "model", value=fit.events_per_term))
    rows.append(check_row("log_likelihood", "model", value=fit.loglik))
    if fit.concordance is not None:
        rows.append(check_row("concordance", "model", value=fit.concordance.estimate))
    counts = zip(fit.terms, fit.n_exposed_events, strict=True)
    rows += [check_row("events_in_rarer_group", term, value=count) for term, count in counts if count is not None]
    told = "the covariates separate the events: Firth's penalty" if fit.firth else "none"
    rows.append(check_row("separation", "model", told=told))
    return tuple(rows)


def _doubts(fit: CoxFit) -> list[str]:
    told = [
        f"hazards are not proportional ({test.term}: p = {test.p:.3f}): the hazard ratio is an average over follow-up"
        for test in fit.ph_tests
        if test.p < PH_ALARM
    ]
    if fit.firth or fit.is_robust:
        return told
    for term, robust, se in zip(fit.terms, fit.robust_se, fit.se, strict=True):
        if robust > ROBUST_ALARM * se:
            told.append(
                f"{term}: the robust standard error is {robust / se:.2f} times the model's: interval too narrow"
            )
    return told
