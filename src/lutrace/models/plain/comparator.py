"""Groups of a plain table made comparable, and how wrong the data would have to be."""

from __future__ import annotations

from typing import Any

from lutrace.core import Row, UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import FloatArray, PlainTable
from lutrace.models.plain.complete import Prepared, follow_up, need, outcome_unit, prepare
from lutrace.models.plain.results import PlainFit, check_row, estimate_row, interval_row
from lutrace.stats import (
    Balance,
    Denominator,
    Effect,
    PropensityScores,
    compute_augmented_effect,
    compute_balance,
    compute_weighted_effect,
    compute_weighted_hazard_ratio,
    compute_weights,
    draw_missed_deaths,
    find_tipping_deaths,
    fit_propensity,
    match_nearest,
)

_DENOMINATOR: dict[str, Denominator] = {"ATT": "treated", "ATC": "controls"}


def fit_propensity_model(table: PlainTable, call: FitCall) -> PlainFit:
    """The balance of each term before and after weighting or matching; with an outcome the effect of treatment.

    The outcome is a number or 0/1 (`outcome`: a difference of means), or follow-up (`time`, `event`: a hazard ratio).
    `made` is the table with `propensity_score`, `propensity_weight` (empty where a row is left out) and, matched,
    `matched_set`. Raises what `prepare` raises, and EstimationError where terms separate the groups.
    """
    need(call, "treated", "terms")
    if call.time is not None:
        need(call, "event")
    numbers = ("treated", "outcome", "time", "event", "entry") if call.time is not None else ("treated", "outcome")
    found = prepare(table, call, numbers=numbers, labels=("cluster",))
    scores = fit_propensity(found.numbers["treated"], found.matrix, terms=found.term_names)
    weights, added, checks, warnings = _match(scores, call) if call.match else _weigh(scores, call)
    denominator = _DENOMINATOR.get("ATT" if call.match else call.estimand, "pooled")
    balance = compute_balance(
        found.numbers["treated"], found.matrix, terms=found.term_names, weights=weights, denominator=denominator
    )
    rows = _balance_rows(balance, found)
    if call.outcome is not None:
        rows += _effect_rows(_find_effect(scores, found, call), found, call)
    if call.time is not None:
        rows.append(_hazard_ratio_row(scores, found, call))
    columns = {"propensity_score": scores.score.tolist(), **added}
    made = tuple(
        {**row, **{name: values[place] for name, values in columns.items()}}
        for place, row in enumerate(found.table.rows)
    )
    warnings = tuple(dict.fromkeys((*found.warnings, *scores.warnings, *warnings, *balance.warnings)))
    return PlainFit(tuple(rows), (*checks, *found.checks), warnings, made)


def _weigh(
    scores: PropensityScores, call: FitCall
) -> tuple[FloatArray, dict[str, list[Any]], list[Row], tuple[str, ...]]:
    found = compute_weights(scores, estimand=call.estimand, stabilised=call.stabilised, trim=call.trim, cap=call.cap)
    checks = [
        check_row("effective_sample_size", "treated", value=found.effective_treated, told=found.method),
        check_row("effective_sample_size", "controls", value=found.effective_controls, told=found.method),
        check_row("rows_left_out", "model", value=found.n_left_out),
        check_row("weights_capped", "model", value=found.n_capped),
    ]
    return found.weights, {"propensity_weight": _above_zero(found.weights)}, checks, found.warnings


def _match(
    scores: PropensityScores, call: FitCall
) -> tuple[FloatArray, dict[str, list[Any]], list[Row], tuple[str, ...]]:
    found = match_nearest(
        scores.treated, scores.score, n_controls=call.match or 1, replace=call.replace, caliper_sd=call.caliper
    )
    checks = [
        check_row("treated_matched", "model", value=found.n_matched, told=found.method),
        check_row("treated_unmatched", "model", value=found.n_unmatched),
        check_row("controls_used", "model", value=found.n_controls),
        check_row("ties_by_earlier_row", "model", value=found.n_ties),
    ]
    added: dict[str, list[Any]] = {"propensity_weight": _above_zero(found.weights)}
    if found.set_of is not None:
        added["matched_set"] = [int(one) + 1 if one >= 0 else None for one in found.set_of]
    return found.weights, added, checks, found.warnings


def _above_zero(weights: FloatArray) -> list[Any]:
    return [weight if weight > 0 else None for weight in weights.tolist()]


def _balance_rows(balance: Balance, found: Prepared) -> list[Row]:
    n = balance.n_treated + balance.n_controls
    return [
        estimate_row(
            one.term,
            f"standardised_difference_{when}",
            unit="standard deviations",
            n=n,
            events=None,
            method=balance.method,
            estimate=side.standardised,
            mean_treated=side.mean_treated,
            mean_controls=side.mean_controls,
            variance_ratio=side.variance_ratio,
        )
        for one in balance.terms
        for when, side in (("before", one.before), ("after", one.after))
    ]


def _find_effect(scores: PropensityScores, found: Prepared, call: FitCall) -> Effect:
    outcome, clusters = found.numbers["outcome"], found.labels.get("cluster")
    _refuse_changed_weights(call)
    if call.augmented is None:
        return compute_weighted_effect(scores, outcome, estimand=call.estimand, clusters=clusters, level=call.level)
    if call.estimand not in ("ATE", "ATT"):
        raise UnusableInputError(f"--augmented is for --estimand ATE or ATT, got {call.estimand}")
    return compute_augmented_effect(
        scores,
        outcome,
        found.matrix,
        terms=found.term_names,
        model=call.augmented,
        estimand="ATT" if call.estimand == "ATT" else "ATE",
        clusters=clusters,
        level=call.level,
    )


def _refuse_changed_weights(call: FitCall) -> None:
    if call.match or call.stabilised or call.trim is not None or call.cap is not None:
        raise UnusableInputError(
            "effects are of plain weights, whose errors count the score as estimated; of matched, stabilised, trimmed "
            "or capped rows write the table (--table) and fit the outcome to it with --weights propensity_weight"
        )


def _hazard_ratio_row(scores: PropensityScores, found: Prepared, call: FitCall) -> Row:
    _refuse_changed_weights(call)
    if call.augmented is not None:
        raise UnusableInputError("--augmented is for --outcome; a hazard ratio is weighted only")
    one = compute_weighted_hazard_ratio(
        scores,
        follow_up(found),
        estimand=call.estimand,
        clusters=found.labels.get("cluster"),
        ties=call.ties or "efron",
        level=call.level,
    )
    return interval_row(
        str(call.treated),
        f"hazard_ratio_{one.estimand}",
        one,
        unit="treated vs controls",
        events=one.n_events,
        coef=one.coef,
        estimate=one.hazard_ratio,
        robust_se=one.se,
        p=one.p,
    )


def _effect_rows(effect: Effect, found: Prepared, call: FitCall) -> list[Row]:
    unit = "share" if effect.n_events is not None else outcome_unit(call)
    told: dict[str, Any] = {"unit": unit, "n": effect.n, "events": effect.n_events, "method": effect.method}
    term = str(call.treated)
    return [
        estimate_row(term, "mean_treated", **told, estimate=effect.mean_treated, se=effect.se_treated),
        estimate_row(term, "mean_controls", **told, estimate=effect.mean_control, se=effect.se_control),
        estimate_row(
            term,
            f"difference_{effect.estimand}",
            **told,
            coef=effect.difference,
            se=effect.se,
            estimate=effect.difference,
            low=effect.low,
            high=effect.high,
            p=effect.p,
        ),
    ]


def fit_missed_deaths(table: PlainTable, call: FitCall) -> PlainFit:
    """What unrecorded deaths would do to the hazard ratio of `treated`: how many undo it, and draws of how many.

    With `recorded` (lowest and highest share of deaths recorded in the controls, then in the treated) and `seed`: the
    median hazard ratio over draws with the interval that holds 95 % of them.
    """
    need(call, "time", "event", "treated")
    found = prepare(table, call, numbers=("time", "event", "entry", "treated"))
    survival, group, term = follow_up(found), found.numbers["treated"], str(call.treated)
    unit = "treated vs controls"
    tipping = find_tipping_deaths(survival, group)
    told: dict[str, Any] = {"n": tipping.n, "events": tipping.n_events}
    rows = [estimate_row(term, "hazard_ratio", unit=unit, method="Cox model", estimate=tipping.hazard_ratio, **told)]
    of, impossible = "treated" if tipping.arm else "controls", list[str]()
    for measure in ("to_interval", "to_null", "to_median"):
        count = getattr(tipping, measure)
        name = f"missed_deaths_{measure}"
        if count is None:
            impossible.append(f"{name}: not even all {tipping.n_censored} censored {of}")
        rows.append(estimate_row(term, name, unit=f"deaths among {of}", method=tipping.method, estimate=count, **told))
    checks = [check_row("censored", of, value=tipping.n_censored)]
    if call.recorded:
        rows.append(_draw(found, call, told))
    return PlainFit(tuple(rows), (*checks, *found.checks), (*found.warnings, *tipping.warnings, *impossible))


def _draw(found: Prepared, call: FitCall, told: dict[str, Any]) -> Row:
    if len(call.recorded) != 4 or call.seed is None:
        raise UnusableInputError(
            "--recorded takes four shares, lowest and highest of the controls, then of the treated, and --seed: "
            "--recorded 0.8,0.95,0.95,1 --seed 1"
        )
    low, high, treated_low, treated_high = call.recorded
    drawn = draw_missed_deaths(
        follow_up(found),
        found.numbers["treated"],
        recorded=((low, high), (treated_low, treated_high)),
        seed=call.seed,
        n_draws=call.draws,
    )
    return estimate_row(
        str(call.treated),
        "hazard_ratio_with_missed_deaths",
        unit="treated vs controls",
        method=drawn.method,
        estimate=drawn.median,
        low=drawn.low,
        high=drawn.high,
        share_reversed=drawn.share_reversed,
        **told,
    )
