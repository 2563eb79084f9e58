"""Differences between treated and controls, with errors that know where the weights came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import expit, ndtr, ndtri

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import (
    FloatArray,
    check_level,
    covariate_matrix,
    finite_vector,
    label_codes,
    refuse_rows,
    sum_by,
)
from lutrace.stats.logit import maximise_logit
from lutrace.stats.propensity.scores import INTERCEPT, PropensityScores
from lutrace.stats.propensity.weights import Estimand, compute_influence, compute_weights, tilt

OutcomeModel = Literal["linear", "logistic"]


@dataclass(frozen=True)
class Effect:
    """A mean outcome under treatment, under control, and their difference (a risk difference for outcomes 0 and 1).

    `se`, `low`, `high` and `p` are the difference's. `n_events` counts outcomes of 1, and is None for other outcomes.
    """

    estimand: Estimand
    mean_treated: float
    mean_control: float
    se_treated: float
    se_control: float
    difference: float
    se: float
    low: float
    high: float
    p: float
    n: int
    n_treated: int
    n_events: int | None
    level: float
    warnings: tuple[str, ...]
    method: str


def compute_weighted_effect(
    scores: PropensityScores, outcome: Any, *, estimand: Estimand = "ATE", clusters: Any = None, level: float = 0.95
) -> Effect:
    """The weighted difference of means, with the error of stacked estimating equations: scores count as estimated.

    Taking the weights as known gives too large an error for ATE, and too large or too small a one for the others.

    Args:
        scores: of `fit_propensity`.
        outcome: shape (n,), any number; 0 and 1 for a risk difference.
        estimand: whose effect it is, see `compute_weights`.
        clusters: label of each patient's cluster (centre, matched set), or None.
        level: confidence level.

    Raises:
        UnusableInputError: a length differs, or a value is missing.

    Source: Stefanski and Boos 2002, Am Stat 56:29; Lunceford and Davidian 2004, Stat Med 23:2937.

    >>> from lutrace.stats.propensity.scores import fit_propensity
    >>> scores = fit_propensity([1, 0, 1, 0, 1, 0], [1, 1, 1, 0, 0, 0], terms=["x"])
    >>> round(compute_weighted_effect(scores, [1, 0, 1, 0, 0, 1], estimand="ATE").difference, 4)
    0.25
    """
    check_level(level)
    values = finite_vector(outcome, "outcome", size=scores.n)
    weights = compute_weights(scores, estimand=estimand)
    arms = []
    for group in (scores.treated, ~scores.treated):
        case = np.where(group, weights.weights, 0.0)
        mean = float(case @ values / case.sum())
        arms.append((mean, compute_influence(scores, estimand, np.where(group, values - mean, 0.0)) / case.sum()))
    return _complete(
        scores,
        values,
        arms,
        estimand=estimand,
        clusters=clusters,
        level=level,
        said=f"{weights.method}; errors by stacked estimating equations, with the score's",
        warnings=weights.warnings,
    )


def compute_augmented_effect(
    scores: PropensityScores,
    outcome: Any,
    covariates: Any,
    *,
    terms: Sequence[str],
    model: OutcomeModel,
    estimand: Literal["ATE", "ATT"] = "ATE",
    clusters: Any = None,
    level: float = 0.95,
) -> Effect:
    """Augmented inverse probability weighting: right where the score's model or the outcome's is right.

    The outcome is modelled in each group on `covariates` (n, p); errors are those of the influence function, which
    hold where both models are right or nearly so. Other arguments and errors are those of `compute_weighted_effect`.

    Source: Robins, Rotnitzky and Zhao 1994, JASA 89:846; ATT: Mercatanti and Li 2014, Ann Appl Stat 8:2485.

    >>> from lutrace.stats.propensity.scores import fit_propensity
    >>> group, x = [1, 0, 1, 0, 1, 0], [1, 1, 2, 0, 0, 3]
    >>> scores = fit_propensity(group, x, terms=["x"])
    >>> found = compute_augmented_effect(scores, [3, 1, 5, -1, 1, 5], x, terms=["x"], model="linear")
    >>> round(found.difference, 9)
    2.0
    """
    check_level(level)
    if estimand not in ("ATE", "ATT") or model not in ("linear", "logistic"):
        raise UnusableInputError(f"estimand must be ATE or ATT and model linear or logistic, got {estimand}, {model}")
    values = finite_vector(outcome, "outcome", size=scores.n)
    design = np.column_stack([np.ones(scores.n), covariate_matrix(covariates, terms, scores.n)])
    share = tilt(scores.score, estimand)
    weights = share / np.where(scores.treated, scores.score, 1 - scores.score)
    target = scores.treated.astype(np.float64) if estimand == "ATT" else np.ones(scores.n)
    arms = []
    for group in (scores.treated, ~scores.treated):
        predicted = _predict(design, values, group, terms, model)
        parts = target * predicted + np.where(group, weights * (values - predicted), 0.0)
        mean = float(parts.sum() / target.sum())
        arms.append((mean, (parts - target * mean) / target.sum()))
    return _complete(
        scores,
        values,
        arms,
        estimand=estimand,
        clusters=clusters,
        level=level,
        said=f"augmented inverse probability weighting, {estimand}, {model} outcome model in each group; "
        "errors by the influence function",
        warnings=scores.warnings,
    )


def _predict(
    design: FloatArray, values: FloatArray, group: Any, terms: Sequence[str], model: OutcomeModel
) -> FloatArray:
    """The outcome that the model of one group foresees for everybody."""
    names = (INTERCEPT, *terms)
    if model == "logistic":
        refuse_rows(~np.isin(values, (0.0, 1.0)), "outcome must be 0 or 1 for a logistic model")
        return np.asarray(expit(design @ maximise_logit(design[group], values[group], names).coef))
    scale = np.sqrt((design[group] ** 2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    coef, _, rank, _ = np.linalg.lstsq(design[group] / scale, values[group], rcond=1e-10)
    if rank < len(names):
        raise UnusableInputError(f"within a group {', '.join(terms)} repeat one another or do not vary; drop one")
    return np.asarray(design @ (coef / scale))


def _complete(
    scores: PropensityScores,
    values: FloatArray,
    arms: list[tuple[float, FloatArray]],
    *,
    estimand: Estimand,
    clusters: Any,
    level: float,
    said: str,
    warnings: tuple[str, ...],
) -> Effect:
    codes = None if clusters is None else label_codes(clusters, "clusters", scores.n)
    means, influences = zip(*arms, strict=True)
    parts = [*influences, influences[0] - influences[1]]
    summed = parts if codes is None else [sum_by(part, codes) for part in parts]
    errors = [float(np.sqrt(part @ part)) for part in summed]
    difference, z = means[0] - means[1], float(ndtri(0.5 + level / 2))
    is_binary = bool(np.isin(values, (0.0, 1.0)).all())
    return Effect(
        estimand,
        means[0],
        means[1],
        errors[0],
        errors[1],
        difference,
        errors[2],
        difference - z * errors[2],
        difference + z * errors[2],
        float(2 * ndtr(-abs(difference) / errors[2])) if errors[2] > 0 else float("nan"),
        scores.n,
        scores.n_treated,
        int(values.sum()) if is_binary else None,
        level,
        warnings,
        said if codes is None else f"{said}, summed within clusters",
    )
