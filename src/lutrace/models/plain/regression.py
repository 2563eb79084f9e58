"""Logistic, ordered and mixed models of a plain table."""

from __future__ import annotations

from dataclasses import replace

from lutrace.core import UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import PlainTable, sort_labels
from lutrace.models.plain.complete import Prepared, need, outcome_unit, prepare
from lutrace.models.plain.imputed import ModelOf, fit_complete
from lutrace.models.plain.optimism import check_optimism
from lutrace.models.plain.results import (
    INTERCEPT_UNIT,
    PlainFit,
    check_row,
    cluster_rows,
    coefficient_rows,
    influence_rows,
    mean_rows,
)
from lutrace.models.plain.terms import Column
from lutrace.stats import (
    CaseRows,
    RandomEffects,
    compute_logistic_optimism,
    fit_firth_logistic,
    fit_logistic_or_firth,
    fit_mixed,
    fit_ordinal,
    split_within_between,
)


def fit_logistic_model(table: PlainTable, call: FitCall) -> PlainFit:
    """A row per term, the intercept first: log odds, odds ratio with its interval; separation among the checks.

    `intercept` flic or flac: Firth's penalty without its pull of probabilities towards one half. Raises what
    `fit_complete` raises, and EstimationError where the model has no answer.
    """
    need(call, "event", "terms")
    model = ModelOf(_fit_logistic, outcome=lambda found: found.numbers["event"], is_ratio=True)
    return fit_complete(table, call, model, numbers=("event", "weights", "offset"), labels=("cluster",))


def _fit_logistic(found: Prepared, call: FitCall) -> PlainFit:
    rows = CaseRows(found.numbers.get("weights"), found.numbers.get("offset"), found.labels.get("cluster"))
    data = (found.numbers["event"], found.matrix)
    if call.firth or call.intercept != "plain":
        fit = fit_firth_logistic(*data, terms=found.term_names, intercept=call.intercept, level=call.level, rows=rows)
    else:
        fit = fit_logistic_or_firth(*data, terms=found.term_names, level=call.level, rows=rows)
    is_robust = "robust" in fit.method
    estimates = coefficient_rows(
        fit,
        ["odds", *["odds_ratio"] * len(found.design)],
        [INTERCEPT_UNIT, *found.units],
        events=fit.n_events,
        se=None if is_robust else fit.se,
        robust_se=fit.se if is_robust else None,
        estimate=fit.odds_ratio,
        statistic=fit.z,
    )
    rarer = min(fit.n_events, fit.n - fit.n_events)
    optimism = check_optimism(
        call,
        lambda seed, n: compute_logistic_optimism(*data, terms=found.term_names, seed=seed, n_samples=n, rows=rows),
    )
    checks = (
        check_row("separation", "model", told=str(fit.separation or "none")),
        check_row("events_per_term", "model", value=rarer / max(len(found.design), 1)),
        *cluster_rows(fit.n_clusters),
        *influence_rows(fit),
        check_row("log_likelihood", "model", value=fit.loglik),
        *optimism,
    )
    return PlainFit(estimates, checks, (*found.warnings, *fit.warnings))


def fit_ordinal_model(table: PlainTable, call: FitCall) -> PlainFit:
    """A row per term: the odds ratio of a higher class of `outcome`; classes in the order of `classes`, or sorted.

    Raises what `prepare` raises, and EstimationError where the model has no answer.
    """
    need(call, "outcome", "terms")
    found = prepare(table, call, numbers=(), labels=("outcome",))
    outcome = found.labels["outcome"]
    classes = list(call.classes) or sort_labels(outcome)
    fit = fit_ordinal(outcome, found.matrix, terms=found.term_names, classes=classes, level=call.level)
    estimates = coefficient_rows(
        fit,
        ["odds_ratio_of_a_higher_class"] * len(fit.terms),
        found.units,
        events=None,
        se=fit.se,
        estimate=fit.odds_ratio,
        statistic=fit.z,
    )
    names = [f"{low}|{high}" for low, high in zip(fit.classes, fit.classes[1:], strict=False)]
    checks = [check_row("cut_point", name, value=cut) for name, cut in zip(names, fit.cut_points, strict=True)]
    counts = [check_row("rows_in_class", name, value=n) for name, n in zip(fit.classes, fit.n_by_class, strict=True)]
    return PlainFit(estimates, (*checks, *counts), found.warnings)


def fit_mixed_model(table: PlainTable, call: FitCall) -> PlainFit:
    """A row per term, the intercept first, in the outcome's unit; standard deviations of random effects as checks.

    `random` names the terms that have a slope per group, after the intercept; `split` those that count as two: their
    mean in the group, and the deviation from it. Raises what `prepare` raises, and
    EstimationError where the model has no answer.
    """
    need(call, "outcome", "terms", "group")
    found = _split_terms(prepare(table, call, numbers=("outcome",), labels=("group",)), call)
    slopes = tuple(name.strip() for name in (call.random or "").split(",") if name.strip())
    unknown = [name for name in slopes if name not in found.term_names]
    if unknown:
        raise UnusableInputError(f"--random names {', '.join(unknown)}; expected terms: {', '.join(found.term_names)}")
    fit = fit_mixed(
        found.numbers["outcome"],
        found.matrix,
        terms=found.term_names,
        random=RandomEffects(found.labels["group"], slopes, correlated=not call.uncorrelated),
        level=call.level,
        df_method=call.df_method,
    )
    estimates = mean_rows(fit, outcome_unit(call), found.units, se=fit.se, df=fit.df)
    spread = zip(fit.random_terms, fit.random_sd, strict=True)
    checks = [check_row("groups", "model", value=fit.n_groups)]
    checks += [check_row("random_sd", term, value=sd) for term, sd in spread]
    checks.append(check_row("residual_sd", "model", value=fit.residual_sd))
    if len(fit.random_terms) == 2:
        checks.append(check_row("random_correlation", "model", value=float(fit.random_correlation[0, 1])))
    checks.append(check_row("log_likelihood", "model", value=fit.loglik))
    checks.append(check_row("singular", "model", told="yes" if fit.is_singular else "no"))
    return PlainFit(estimates, tuple(checks), (*found.warnings, *fit.warnings))


def _split_terms(found: Prepared, call: FitCall) -> Prepared:
    """Each term of `split` as two columns: what differs between groups, and what changes within one."""
    unknown = [name for name in call.split if name not in found.term_names]
    if unknown:
        raise UnusableInputError(f"--split names {', '.join(unknown)}; expected terms: {', '.join(found.term_names)}")
    design = list[Column]()
    for column in found.design:
        if column.name not in call.split:
            design.append(column)
            continue
        parts = zip(("between", "within"), split_within_between(column.values, found.labels["group"]), strict=True)
        design += [replace(column, name=f"{column.name} {side}", values=part) for side, part in parts]
    return replace(found, design=tuple(design))
