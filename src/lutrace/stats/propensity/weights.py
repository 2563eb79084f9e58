"""Weights that make treated and controls alike in their covariates, for each of five populations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray
from lutrace.stats.propensity.scores import PropensityScores

Estimand = Literal["ATE", "ATT", "ATC", "ATO", "ATM"]
POPULATION: dict[Estimand, str] = {
    "ATE": "all patients",
    "ATT": "patients like the treated",
    "ATC": "patients like the controls",
    "ATO": "patients whom either treatment might have been given (overlap)",
    "ATM": "patients whom one-to-one matching would pair",
}


@dataclass(frozen=True, eq=False)
class PropensityWeights:
    """One weight per patient (n,), 0 for those left out, and what of the sample they leave.

    `effective_treated` and `effective_controls` are Kish's: how many equally weighted patients tell as much.
    """

    estimand: Estimand
    weights: FloatArray
    kept: BoolArray
    effective_treated: float
    effective_controls: float
    n: int
    n_left_out: int
    n_capped: int
    warnings: tuple[str, ...]
    method: str


def compute_weights(
    scores: PropensityScores,
    *,
    estimand: Estimand = "ATE",
    stabilised: bool = False,
    trim: float | None = None,
    cap: float | None = None,
) -> PropensityWeights:
    """Weights from propensity scores.

    Args:
        scores: of `fit_propensity`.
        estimand: whom the effect is for: ATE everybody, ATT the treated, ATC the controls, ATO the overlap,
            ATM the matched.
        stabilised: ATE weights times the share of the patient's own group, so that their mean is about 1.
        trim: leaves out patients with a score below `trim` or above 1 - `trim` (0.1: Crump et al. 2009); the
            population is then another, and the scores should be fitted anew in it.
        cap: quantile (0.99, say) of the weights of those kept above which a weight is set to it; this biases towards
            the unweighted difference.

    Raises:
        UnusableInputError: another estimand, or a choice that it does not have; nobody of a group is left.

    Source: Li, Morgan and Zaslavsky 2018, JASA 113:390 (overlap); Li and Greene 2013, Int J Biostat 9:215 (matching);
    Crump et al. 2009, Biometrika 96:187; Robins, Hernan and Brumback 2000 (stabilised).

    >>> from lutrace.stats.propensity.scores import fit_propensity
    >>> scores = fit_propensity([1, 0, 1, 0, 1, 0], [1, 1, 1, 0, 0, 0], terms=["x"])
    >>> compute_weights(scores, estimand="ATT").weights.round(4).tolist()
    [1.0, 2.0, 1.0, 0.5, 1.0, 0.5]
    """
    if estimand not in POPULATION:
        raise UnusableInputError(f"estimand must be one of {', '.join(POPULATION)}, got {estimand}")
    if stabilised and estimand != "ATE":
        raise UnusableInputError(f"only ATE weights are stabilised, got {estimand}; its weights are bounded already")
    tilted, treated = tilt(scores.score, estimand), scores.treated
    weights = tilted / np.where(treated, scores.score, 1 - scores.score)
    if stabilised:
        weights = weights * np.where(treated, treated.mean(), 1 - treated.mean())
    kept = _keep(scores, trim)
    weights, n_capped = _cap(np.where(kept, weights, 0.0), kept, cap)
    effective = [_effective(weights[group]) for group in (treated, ~treated)]
    said = [f"{estimand} weights ({POPULATION[estimand]})"]
    said += ["stabilised"] if stabilised else []
    said += [f"scores outside {trim:g} to {1 - trim:g} left out"] if trim is not None else []
    said += [f"capped at the {cap:g} quantile"] if cap is not None else []
    return PropensityWeights(
        estimand,
        weights,
        kept,
        effective[0],
        effective[1],
        scores.n,
        int((~kept).sum()),
        n_capped,
        (*scores.warnings, *_warn(weights, treated, effective)),
        ", ".join(said),
    )


def tilt(score: FloatArray, estimand: Estimand) -> FloatArray:
    """How much of the estimand's population has each score, relative to all patients."""
    if estimand == "ATE":
        return np.ones_like(score)
    if estimand == "ATT":
        return score
    if estimand == "ATC":
        return 1 - score
    return score * (1 - score) if estimand == "ATO" else np.minimum(score, 1 - score)


def compute_slopes(score: FloatArray, treated: BoolArray, estimand: Estimand) -> FloatArray:
    """The derivative of each patient's weight (not stabilised) by the score, (n,)."""
    nearer_treated, nearer_control = -1 / score**2, 1 / (1 - score) ** 2
    none = np.zeros_like(score)
    of_treated, of_control = {
        "ATE": (nearer_treated, nearer_control),
        "ATT": (none, nearer_control),
        "ATC": (nearer_treated, none),
        "ATO": (none - 1, none + 1),
        "ATM": (np.where(score <= 0.5, 0, nearer_treated), np.where(score <= 0.5, nearer_control, 0)),
    }[estimand]
    return np.where(treated, of_treated, of_control)


def compute_influence(scores: PropensityScores, estimand: Estimand, weighted: FloatArray) -> FloatArray:
    """Each patient's influence (n,) on the sum of weight times `weighted` (n,): its own part, and that by the scores.

    The scores count as estimated: a patient moves the model of the score, and with it everybody's weight.

    Source: Stefanski and Boos 2002, Am Stat 56:29 (stacked estimating equations).
    """
    slopes = compute_slopes(scores.score, scores.treated, estimand) * scores.score * (1 - scores.score)
    drift = scores.design.T @ (slopes * weighted)
    influence: FloatArray = compute_weights(scores, estimand=estimand).weights * weighted
    return influence + scores.model_scores @ scores.covariance @ drift


def _keep(scores: PropensityScores, trim: float | None) -> BoolArray:
    if trim is None:
        return np.ones(scores.n, dtype=np.bool_)
    if not 0 <= trim < 0.5:
        raise UnusableInputError(f"trim must lie between 0 and 0.5, got {trim}")
    kept = (scores.score >= trim) & (scores.score <= 1 - trim)
    for name, group in (("treated", scores.treated), ("control", ~scores.treated)):
        if not (kept & group).any():
            raise UnusableInputError(f"no {name} patient has a score from {trim:g} to {1 - trim:g}; trim less")
    return kept


def _cap(weights: FloatArray, kept: BoolArray, cap: float | None) -> tuple[FloatArray, int]:
    if cap is None:
        return weights, 0
    if not 0.5 < cap <= 1:
        raise UnusableInputError(f"cap must be a quantile above 0.5 and at most 1, got {cap}")
    most = float(np.quantile(weights[kept], cap))
    return np.minimum(weights, most), int((weights > most).sum())


def _effective(weights: FloatArray) -> float:
    return float(weights.sum() ** 2 / (weights**2).sum())


def _warn(weights: FloatArray, treated: BoolArray, effective: list[float]) -> tuple[str, ...]:
    warnings = []
    for name, group, size in zip(("treated", "controls"), (treated, ~treated), effective, strict=True):
        count, share = int((weights[group] > 0).sum()), float(weights[group].max() / weights[group].sum())
        if size < count / 2:
            warnings.append(f"the {count} {name} weigh as {size:.1f} would: few patients carry the result")
        if share > 0.1:
            warnings.append(f"one of the {name} carries {100 * share:.0f} % of their weight")
    return tuple(warnings)
