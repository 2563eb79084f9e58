"""The same analyses as reference.R, by lutrace."""

from __future__ import annotations

from typing import Any

import numpy as np
from validation.stats.comparison import STATS, Numbers, floats_of

from lutrace.core import Row, read_rows
from lutrace.stats import (
    Denominator,
    Effect,
    Estimand,
    PropensityScores,
    Ties,
    compute_augmented_effect,
    compute_balance,
    compute_weighted_effect,
    compute_weighted_hazard_ratio,
    compute_weights,
    fit_propensity,
    match_nearest,
    survival_of,
)

TERMS = ("age", "educ", "black", "hispan", "married", "nodegree", "re74", "re75")
ESTIMANDS: tuple[Estimand, ...] = ("ATE", "ATT", "ATC", "ATO", "ATM")
TIES: tuple[Ties, ...] = ("efron", "breslow")
DENOMINATORS: tuple[Denominator, ...] = ("pooled", "treated", "controls")
BINARY = {"black", "hispan", "married", "nodegree"}


def tolerance_of(case: str) -> float:
    """Rounding (differences of overlap weights are 0 but for it, therefore 1 is added to differences)."""
    return 1e-8


def read_lalonde() -> tuple[list[Row], Any]:
    """The rows, and the covariates of the propensity score."""
    rows = read_rows(STATS / "propensity" / "inputs" / "lalonde.csv")
    columns = [
        np.array([float(row["race"] == name) for row in rows])
        if name in ("black", "hispan")
        else np.array(floats_of(rows, name))
        for name in TERMS
    ]
    return rows, np.column_stack(columns)


def compute_all() -> Numbers:
    """All numbers."""
    rows, covariates = read_lalonde()
    treated, earned = floats_of(rows, "treat"), floats_of(rows, "re78")
    worked = [float(value > 0) for value in earned]
    scores = fit_propensity(treated, covariates, terms=TERMS)
    numbers: Numbers = {
        ("lalonde", "coef"): list(scores.coef),
        ("lalonde", "se"): list(np.sqrt(np.diag(scores.covariance))),
        ("lalonde", "score"): list(scores.score),
    }
    for estimand in ESTIMANDS:
        found = compute_weights(scores, estimand=estimand)
        numbers[(estimand, "weights")] = list(found.weights)
        numbers[(estimand, "effective")] = [found.effective_treated, found.effective_controls]
        numbers[(estimand, "mean outcome")] = _six(compute_weighted_effect(scores, earned, estimand=estimand))
        numbers[(estimand, "risk")] = _six(compute_weighted_effect(scores, worked, estimand=estimand))
        balances = [
            compute_balance(treated, covariates, terms=TERMS, weights=found.weights, denominator=one).terms
            for one in DENOMINATORS
        ]
        for same in zip(*balances, strict=True):
            name = f"{estimand} {same[0].term}"
            numbers[(name, "1 + standardised")] = [1 + one.after.standardised for one in same]
            if same[0].after.variance_ratio is not None:
                numbers[(name, "ratio")] = [same[0].after.variance_ratio]
        for ties in TIES:
            numbers |= _hazard_ratio(scores, earned, ages=floats_of(rows, "age"), estimand=estimand, ties=ties)
    for model, outcome, places in (("linear", earned, list(range(8))), ("logistic", worked, [0, 1, 5, 6])):
        numbers[("augmented", model)] = [
            value
            for estimand in ("ATE", "ATT")
            for one in [_augment(scores, outcome, covariates, places, estimand=estimand, model=model)]
            for value in (one.difference, one.se)
        ]
    near = 1e8 * (scores.design @ scores.coef + np.arange(1, scores.n + 1) * np.sqrt(2) * 1e-4)
    numbers |= _match("match 1", treated, near, covariates)
    numbers |= _match("match smallest", treated, near, covariates, order="smallest")
    numbers |= _match("match data", treated, near, covariates, order="data")
    numbers |= _match("match caliper", treated, near, covariates, caliper_sd=0.2)
    numbers |= _match("match 2", treated, near, covariates, n_controls=2)
    numbers |= _match("match 2 caliper", treated, near, covariates, n_controls=2, caliper_sd=0.05)
    return numbers | _match("match replace", treated, near, covariates, replace=True)


def _six(found: Effect) -> list[float]:
    means = [found.mean_treated, found.mean_control, found.difference]
    return [*means, found.se_treated, found.se_control, found.se]


def _hazard_ratio(
    scores: PropensityScores, earned: list[float], *, ages: list[float], estimand: Estimand, ties: Ties
) -> Numbers:
    steps = survival_of(1 + np.ceil(np.array(earned) / 500), np.array(earned) > 0)
    found = compute_weighted_hazard_ratio(scores, steps, estimand=estimand, ties=ties)
    by_age = compute_weighted_hazard_ratio(scores, steps, estimand=estimand, ties=ties, clusters=ages)
    case = f"{estimand} {ties}"
    return {
        (case, "hazard ratio"): [found.coef, found.known_se, found.se],
        (case, "clusters of age"): [by_age.se],
    }


def _augment(scores: Any, outcome: list[float], covariates: Any, places: list[int], **given: Any) -> Effect:
    terms = [TERMS[place] for place in places]
    return compute_augmented_effect(scores, outcome, covariates[:, places], terms=terms, **given)


def _match(case: str, treated: list[float], near: Any, covariates: Any, **given: Any) -> Numbers:
    found = match_nearest(treated, near, **given)
    table = np.full((int(sum(treated)), given.get("n_controls", 1)), np.nan)
    filled: dict[int, int] = {}
    places = {row: place for place, row in enumerate(np.flatnonzero(np.array(treated) == 1))}
    for row, control in zip(found.treated_rows.tolist(), found.control_rows.tolist(), strict=True):
        table[places[row], filled.get(row, 0)] = control + 1
        filled[row] = filled.get(row, 0) + 1
    balance = compute_balance(treated, covariates, terms=TERMS, weights=found.weights, denominator="treated")
    return {
        (case, "weights"): list(found.weights),
        (case, "controls"): list(table.ravel()),
        (case, "standardised"): [one.after.standardised for one in balance.terms],
    }
