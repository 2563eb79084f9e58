"""The hazard ratio of treated against controls under weights, with an error that knows where the weights came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import check_level, label_codes, sum_by
from lutrace.stats.cox.fit import fit_cox
from lutrace.stats.cox.risk_order import CoxRows, Ties
from lutrace.stats.propensity.scores import PropensityScores
from lutrace.stats.propensity.weights import Estimand, compute_influence, compute_weights
from lutrace.stats.survival.observations import Survival


@dataclass(frozen=True)
class WeightedHazardRatio:
    """The marginal hazard ratio of treated against controls in the estimand's population.

    `se` (of the logarithm, `coef`), interval and `p` count the scores as estimated; `known_se` is the robust error that
    takes the weights as known.
    """

    estimand: Estimand
    hazard_ratio: float
    low: float
    high: float
    p: float
    coef: float
    se: float
    known_se: float
    n: int
    n_treated: int
    n_events: int
    level: float
    warnings: tuple[str, ...]
    method: str


def compute_weighted_hazard_ratio(
    scores: PropensityScores,
    survival: Survival,
    *,
    estimand: Estimand = "ATE",
    clusters: Any = None,
    ties: Ties = "efron",
    level: float = 0.95,
) -> WeightedHazardRatio:
    """Cox's model of treatment alone under propensity weights, errors by stacked estimating equations.

    The usual robust error takes the weights as known, which for ATE is too large by a third and more where the
    covariates matter for survival.

    Args:
        scores: of `fit_propensity`.
        survival: follow-up of the same patients, in the same order, one row each.
        estimand: whose hazard ratio it is, see `compute_weights`.
        clusters: label of each patient's cluster (centre, matched set), or None.
        ties: Efron's or Breslow's rule for tied events.
        level: confidence level.

    Raises:
        UnusableInputError: the follow-up has not one row per patient, or a length differs.
        EstimationError: as `fit_cox`.

    Source: Lin and Wei 1989; Stefanski and Boos 2002; Hajage, Chauvet, Belin and others 2018, Biom J 60:1151; Shu,
    Young, Toh and Wang 2021, Biometrics 77:117.

    >>> from lutrace.stats import survival_of
    >>> from lutrace.stats.propensity.scores import fit_propensity
    >>> scores = fit_propensity([1, 0, 1, 0, 1, 0], [1, 1, 1, 0, 0, 0], terms=["x"])
    >>> found = compute_weighted_hazard_ratio(scores, survival_of([3, 1, 5, 2, 4, 6], [1, 1, 0, 1, 1, 0]))
    >>> found.n, found.n_events, found.se < found.known_se
    (6, 4, True)
    """
    check_level(level)
    if survival.n != scores.n:
        raise UnusableInputError(f"survival must hold one row per patient of the scores ({scores.n}), got {survival.n}")
    weights = compute_weights(scores, estimand=estimand)
    known = CoxRows(weights=weights.weights, clusters=np.arange(scores.n) if clusters is None else clusters)
    fit = fit_cox(survival, scores.treated, terms=["treated"], ties=ties, rows=known)
    influence = compute_influence(scores, estimand, fit.dfbeta[:, 0] / weights.weights)
    if clusters is not None:
        influence = sum_by(influence, label_codes(clusters, "clusters", scores.n))
    coef, se = fit.coef[0], float(np.sqrt(influence @ influence))
    half = float(ndtri(0.5 + level / 2)) * se
    return WeightedHazardRatio(
        estimand,
        fit.hazard_ratio[0],
        float(np.exp(coef - half)),
        float(np.exp(coef + half)),
        float(2 * ndtr(-abs(coef) / se)),
        coef,
        se,
        fit.robust_se[0],
        scores.n,
        scores.n_treated,
        survival.n_events,
        level,
        weights.warnings,
        f"Cox model of treatment under {weights.method}, {ties.capitalize()} ties; errors by stacked estimating "
        f"equations, with the score's{'' if clusters is None else ', summed within clusters'}",
    )
