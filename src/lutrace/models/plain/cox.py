"""The Cox model of a plain table: hazard ratios with their units, and what speaks for or against the model."""

from __future__ import annotations

from typing import Any

from lutrace.core import Row, UnusableInputError
from lutrace.models.cox_checks import describe_separation, find_doubts
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import PlainTable
from lutrace.models.plain.complete import Prepared, follow_up, need
from lutrace.models.plain.imputed import ModelOf, fit_complete
from lutrace.models.plain.optimism import check_optimism
from lutrace.models.plain.results import PlainFit, check_row, cluster_rows, coefficient_rows, influence_rows
from lutrace.stats import (
    CoxFit,
    CoxRows,
    Optimism,
    compute_cox_optimism,
    compute_outcome_predictors,
    fit_cox_or_firth,
    fit_firth_cox,
    fit_ridge_cox,
)

_MEANING_OF_TESTS = {
    **dict.fromkeys(("likelihood ratio", "score"), "of the model: takes rows as independent"),
    **dict.fromkeys(("Wald", "robust score"), "by the robust errors"),
}
"""What a test counts on where errors are robust."""


def fit_cox_model(table: PlainTable, call: FitCall) -> PlainFit:
    """A row per term: coefficient (log hazard ratio), its errors, the hazard ratio with its interval; and checks.

    With clusters, or weights that are not whole numbers, intervals and p values go by the robust errors. Raises what
    `fit_complete` and `follow_up` raise, and EstimationError where the model has no answer.
    """
    need(call, "time", "event", "terms")
    model = ModelOf(
        _fit_rows, outcome=lambda found: compute_outcome_predictors(follow_up(found)), is_ratio=True, by_events=True
    )
    numbers = ("time", "event", "entry", "weights", "offset")
    return fit_complete(table, call, model, numbers=numbers, labels=("strata", "cluster"))


def _fit_rows(found: Prepared, call: FitCall) -> PlainFit:
    fit = _fit(found, call)
    rows = coefficient_rows(
        fit,
        ["hazard_ratio"] * len(fit.terms),
        found.units,
        events=fit.n_events,
        se=fit.se,
        robust_se=None if fit.firth else fit.robust_se,
        estimate=fit.hazard_ratio,
        statistic=fit.z,
    )
    optimism = check_optimism(call, lambda seed, n: _measure_optimism(found, call, seed, n))
    return PlainFit(rows, (*_checks(fit), *optimism, *found.checks), (*found.warnings, *find_doubts(fit)))


def _fit(found: Prepared, call: FitCall) -> CoxFit:
    if call.ridge is not None:
        if call.firth:
            raise UnusableInputError("--ridge and --firth are two penalties; choose one")
        return fit_ridge_cox(
            follow_up(found), found.matrix, **_options(found, call), theta=call.ridge, level=call.level
        )
    fit = fit_firth_cox if call.firth else fit_cox_or_firth
    return fit(follow_up(found), found.matrix, **_options(found, call), level=call.level)


def _measure_optimism(found: Prepared, call: FitCall, seed: int, n_samples: int) -> Optimism:
    options = _options(found, call)
    return compute_cox_optimism(follow_up(found), found.matrix, **options, seed=seed, n_samples=n_samples)


def _options(found: Prepared, call: FitCall) -> dict[str, Any]:
    labels = found.labels
    return {
        "terms": found.term_names,
        "strata": labels.get("strata"),
        "ties": call.ties or ("breslow" if call.firth else "efron"),
        "rows": CoxRows(found.numbers.get("weights"), labels.get("cluster"), found.numbers.get("offset")),
    }


def _checks(fit: CoxFit) -> tuple[Row, ...]:
    rows = [
        check_row("proportional_hazards", test.term, statistic=test.statistic, df=test.df, p=test.p)
        for test in fit.ph_tests
    ]
    for test in fit.tests:
        told = _MEANING_OF_TESTS.get(test.name, "") if fit.is_robust else ""
        rows.append(check_row(test.name, "model", statistic=test.statistic, df=test.df, p=test.p, told=told))
    rows += cluster_rows(fit.basis.n_clusters)
    rows.append(check_row("events_per_term", "model", value=fit.events_per_term))
    rows.append(check_row("log_likelihood", "model", value=fit.loglik))
    if fit.concordance is not None:
        rows.append(check_row("concordance", "model", value=fit.concordance.estimate))
    counts = zip(fit.terms, fit.n_exposed_events, strict=True)
    rows += [check_row("events_in_rarer_group", term, value=count) for term, count in counts if count is not None]
    rows += influence_rows(fit)
    rows.append(check_row("separation", "model", told=describe_separation(fit)))
    return tuple(rows)
