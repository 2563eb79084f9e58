"""How well a risk, in a plain table or by a Cox model of it, tells who has the event by a time."""

from __future__ import annotations

import numpy as np

from lutrace.core import Row, UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import FloatArray, PlainTable
from lutrace.models.plain.complete import Prepared, follow_up, need, prepare
from lutrace.models.plain.results import PlainFit, estimate_row, interval_row
from lutrace.stats import compute_auc, compute_brier, compute_concordance, fit_cox, predict_survival

_APPARENT = "the model was fitted to these patients: in others it does worse; predict from other data, or say so"
_ROWS_AT_ONCE = 200
"""Patients predicted in one go: the error of each prediction needs an array of events by covariates."""


def fit_accuracy(table: PlainTable, call: FitCall) -> PlainFit:
    """Concordance, and AUC and Brier score at each of `times`, of a risk known at time zero.

    `risk` is a column, higher meaning earlier events; `predicted` one with the probability of an event by the single
    time asked for (Brier score). With `terms` instead, both come from a Cox model of the same rows. Raises what
    `prepare` and `follow_up` raise, and EstimationError for a time beyond the follow-up.
    """
    need(call, "time", "event")
    if not call.times or (call.risk is None and call.predicted is None) == (call.terms is None):
        raise UnusableInputError("lutrace fit accuracy needs --times, and either --risk, --predicted or --terms")
    if call.predicted is not None and len(call.times) > 1:
        raise UnusableInputError("--predicted is the probability of an event by one time: give one in --times")
    found = prepare(table, call, numbers=("time", "event", "risk", "predicted"))
    survival, told = follow_up(found), list[str]()
    risk, chances = found.numbers.get("risk"), {}
    if "predicted" in found.numbers:
        chances = {call.times[0]: _check_share(found, call)}
        risk = chances[call.times[0]] if risk is None else risk
    if call.terms is not None:
        risk, chances = _predict(found, call)
        told.append(_APPARENT)
    assert risk is not None
    name = call.risk or call.predicted or "Cox model"
    whole = compute_concordance(survival, risk)
    counts = {"n": survival.n, "events": survival.n_events}
    rows: list[Row] = [
        estimate_row(
            name,
            "concordance",
            unit="share of pairs",
            **counts,
            method=whole.method,
            estimate=whole.estimate,
            se=whole.se,
        )
    ]
    for time in call.times:
        for measure, one in (
            ("auc", compute_auc(survival, risk, time=time, level=call.level)),
            ("brier_score", compute_brier(survival, chances[time], time=time, level=call.level) if chances else None),
        ):
            if one is not None:
                rows.append(interval_row(name, measure, one, unit="1", events=one.n_cases, se=one.se, time=time))
    return PlainFit(tuple(rows), found.checks, (*found.warnings, *told))


def _check_share(found: Prepared, call: FitCall) -> FloatArray:
    predicted = found.numbers["predicted"]
    found.table.refuse((predicted < 0) | (predicted > 1), f"{call.predicted} lies outside 0 to 1")
    return predicted


def _predict(found: Prepared, call: FitCall) -> tuple[FloatArray, dict[float, FloatArray]]:
    """The linear predictor of a Cox model of the rows, and the probability of an event by each time."""
    fit = fit_cox(follow_up(found), found.matrix, terms=found.term_names, level=call.level)
    parts = np.array_split(found.matrix, 1 + found.n // _ROWS_AT_ONCE)
    survival = np.concatenate([predict_survival(fit, part).at(np.array(call.times)) for part in parts], axis=1)
    chances = {time: np.asarray(1 - survival[place]) for place, time in enumerate(call.times)}
    return found.matrix @ np.asarray(fit.coef), chances
