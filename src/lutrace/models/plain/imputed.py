"""A model of a plain table by its complete rows, or by several completions of its covariates, pooled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lutrace.core import EstimationError, Row, UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import FloatArray, PlainTable
from lutrace.models.plain.complete import Prepared, prepare
from lutrace.models.plain.results import PlainFit, check_row
from lutrace.stats import ImputationPlan, ImputedSets, Pooled, impute_covariates, pool_estimates

_KEPT_CHECKS = ("events_per_term", "events_in_rarer_group", "clusters")
"""Checks that are the same in every completed set."""


@dataclass(frozen=True)
class ModelOf:
    """A model that can be fitted to completed covariates.

    `outcome` gives the columns by which gaps are imputed, `is_ratio` says that estimates are exponentials of the
    coefficients, `by_events` that events, not rows, are what the coefficients are spent on.
    """

    fit: Callable[[Prepared, FitCall], PlainFit]
    outcome: Callable[[Prepared], FloatArray]
    is_ratio: bool
    by_events: bool = False


def fit_complete(
    table: PlainTable, call: FitCall, model: ModelOf, *, numbers: Sequence[str], labels: Sequence[str] = ()
) -> PlainFit:
    """The model of the complete rows; with `call.impute` of all rows whose outcome is known, gaps in terms imputed.

    Raises what `prepare` raises; UnusableInputError without a seed, with Firth's penalty, or for gaps in a term of
    several columns; EstimationError where the model has no answer, or needs Firth's penalty in a completed set.
    """
    if call.impute is None:
        return model.fit(prepare(table, call, numbers=numbers, labels=labels), call)
    if call.seed is None or call.firth:
        raise UnusableInputError("--impute needs --seed, so that the answer can be had again, and no --firth")
    found = prepare(table, call, numbers=numbers, labels=labels, gaps_allowed=("terms",))
    _refuse_several_columns(found)
    columns = [model.outcome(found)]
    if "strata" in found.labels:
        columns.append(_indicators(found.labels["strata"]))
    sets = impute_covariates(
        found.matrix,
        terms=found.term_names,
        predictors=np.column_stack(columns),
        plan=ImputationPlan(seed=call.seed, n_sets=call.impute),
    )
    fits = [model.fit(_complete(found, one), call) for one in sets.sets]
    return _pool(fits, found, sets, call, model)


def _refuse_several_columns(found: Prepared) -> None:
    with_gaps = [column.source for column in found.design if np.isnan(column.values).any()]
    several = sorted({one for one in with_gaps if [column.source for column in found.design].count(one) > 1})
    if several:
        raise UnusableInputError(
            f"{', '.join(several)} has gaps and makes several columns: splines and groups of more than two levels are "
            "not imputed; leave it out, or merge levels"
        )


def _indicators(labels: Sequence[str]) -> FloatArray:
    names = np.unique(np.array(labels))[1:]
    return np.asarray(np.array(labels)[:, None] == names, dtype=np.float64)


def _complete(found: Prepared, matrix: FloatArray) -> Prepared:
    design = tuple(replace(column, values=values) for column, values in zip(found.design, matrix.T, strict=True))
    return replace(found, design=design)


def _pool(fits: Sequence[PlainFit], found: Prepared, sets: ImputedSets, call: FitCall, model: ModelOf) -> PlainFit:
    n_firth = sum("Firth" in fit.rows[0]["method"] for fit in fits)
    if n_firth:
        raise EstimationError(
            f"in {n_firth} of {len(fits)} completed sets the covariates separate the events; use fewer terms"
        )
    first = fits[0]
    shared = [told for told in first.warnings if all(told in fit.warnings for fit in fits)]
    if any(row["p"] is None for row in first.rows):
        raise EstimationError(f"the completed sets have no p to pool: {'; '.join(shared)}")
    n_spent = first.rows[0]["events" if model.by_events else "n"]
    rows, checks, told = list[Row](), list[Row](), list[str]()
    for place, row in enumerate(first.rows):
        is_robust = row["robust_se"] is not None and ("robust" in row["method"] or row["se"] is None)
        error = "robust_se" if is_robust else "se"
        pooled = pool_estimates(
            [fit.rows[place]["coef"] for fit in fits],
            [fit.rows[place][error] for fit in fits],
            df_complete=n_spent - len(first.rows),
            level=call.level,
        )
        rows.append(_pooled_row(row, pooled, error, sets, model))
        checks.append(
            check_row("missing_information", row["term"], value=pooled.missing_information, told="share of the whole")
        )
        told += pooled.warnings
    counts = zip(sets.terms, sets.n_missing, strict=True)
    checks += [check_row("values_imputed", term, value=count) for term, count in counts if count]
    checks += [check for check in first.checks if check["check"] in _KEPT_CHECKS]
    warnings = dict.fromkeys((*found.warnings, *shared, *sets.warnings, *told))
    return PlainFit(tuple(rows), (*checks, *found.checks), tuple(warnings))


def _pooled_row(row: Row, pooled: Pooled, error: str, sets: ImputedSets, model: ModelOf) -> Row:
    bounds = np.array([pooled.estimate, pooled.low, pooled.high])
    with np.errstate(over="ignore"):
        estimate, low, high = (np.exp(bounds) if model.is_ratio else bounds).tolist()
    method = f"{pooled.method}, t interval and p; in each set: {row['method']}; {sets.method}"
    told = {"method": method, "coef": pooled.estimate}
    test = {"statistic": pooled.estimate / pooled.se, "df": pooled.df, "p": pooled.p}
    errors = {"se": None, "robust_se": None, error: pooled.se}
    return {**row, **told, **errors, "estimate": estimate, "low": low, "high": high, **test}
