"""Linear models of a plain table, and those of scores with a lowest and a highest value."""

from __future__ import annotations

from lutrace.core import UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import PlainTable
from lutrace.models.plain.complete import Prepared, need, outcome_unit, prepare
from lutrace.models.plain.imputed import ModelOf, fit_complete
from lutrace.models.plain.results import INTERCEPT_UNIT, PlainFit, check_row, coefficient_rows, mean_rows
from lutrace.stats import fit_fractional, fit_linear


def fit_linear_model(table: PlainTable, call: FitCall) -> PlainFit:
    """A row per term, the intercept first: mean differences in the outcome's unit, by least squares.

    Errors are robust by `cluster`, or row by row (HC1) with `robust`. Raises what `prepare` raises, and EstimationError
    where the model has no answer.
    """
    need(call, "outcome", "terms")
    model = ModelOf(_fit_linear, outcome=lambda found: found.numbers["outcome"], is_ratio=False)
    return fit_complete(table, call, model, numbers=("outcome",), labels=("cluster",))


def _fit_linear(found: Prepared, call: FitCall) -> PlainFit:
    fit = fit_linear(
        found.numbers["outcome"],
        found.matrix,
        terms=found.term_names,
        clusters=found.labels.get("cluster"),
        is_robust=call.robust,
        level=call.level,
    )
    errors = {"robust_se" if call.robust or call.cluster is not None else "se": fit.se}
    rows = mean_rows(fit, outcome_unit(call), found.units, df=[fit.df] * len(fit.terms), **errors)
    checks = (
        check_row("residual_sd", "model", value=fit.residual_sd),
        check_row("r_squared", "model", value=fit.r_squared),
    )
    return PlainFit(rows, checks, found.warnings)


def fit_fractional_model(table: PlainTable, call: FitCall) -> PlainFit:
    """A row per term: the odds ratio of the place between the lowest and the highest score, and what it is in points.

    A score bounded on both sides (a questionnaire, 0 to 100); robust errors, by `cluster` where a patient has several
    rows. Raises what `prepare` raises, UnusableInputError without two bounds, TableError for a score outside them.
    """
    need(call, "outcome", "terms")
    if len(call.bounds) != 2:
        raise UnusableInputError("lutrace fit fractional needs --bounds LOWEST,HIGHEST such as --bounds 0,100")
    found = prepare(table, call, numbers=("outcome",), labels=("cluster",))
    score, (lowest, highest) = found.numbers["outcome"], call.bounds
    found.table.refuse((score < lowest) | (score > highest), f"{call.outcome} lies outside {lowest:g} to {highest:g}")
    fit = fit_fractional(
        score,
        found.matrix,
        terms=found.term_names,
        bounds=(lowest, highest),
        clusters=found.labels.get("cluster"),
        level=call.level,
    )
    rows = coefficient_rows(
        fit,
        ["odds", *["odds_ratio"] * len(found.design)],
        [INTERCEPT_UNIT, *found.units],
        events=None,
        robust_se=fit.se,
        estimate=fit.odds_ratio,
        statistic=fit.z,
    )
    changes = zip(fit.terms[1:], fit.mean_change[1:], found.units, strict=True)
    checks = [
        check_row("mean_change", term, value=change, told=f"points of {call.outcome} {unit}, averaged over the rows")
        for term, change, unit in changes
    ]
    checks.append(check_row("clusters", "model", value=fit.n_clusters))
    return PlainFit(rows, tuple(checks), (*found.warnings, *fit.warnings))
