"""Scores with a lowest and a highest value: the logistic model of their mean, for questionnaires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, as_ratios, check_level, finite_vector, label_codes, refuse_rows
from lutrace.stats.doubts import find_cluster_doubts, has_robust_interval
from lutrace.stats.regression.design import design_of
from lutrace.stats.regression.logistic_likelihood import LogisticRows, climb, compute_robust_covariance, evaluate


@dataclass(frozen=True, eq=False)
class FractionalFit:
    """A fitted model of the mean of a bounded score; tuples run over `terms`, the intercept first.

    `coef` and robust `se` are on the logit of the mean's place between lowest and highest value; `low` and `high`
    bound the odds ratio of that place. `mean_change` is the change of the score, in its own points, for one unit more
    of the covariate, averaged over the rows (NaN for the intercept).
    """

    terms: tuple[str, ...]
    coef: tuple[float, ...]
    se: tuple[float, ...]
    odds_ratio: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    z: tuple[float, ...]
    p: tuple[float, ...]
    mean_change: tuple[float, ...]
    covariance: FloatArray
    n: int
    n_clusters: int
    level: float
    method: str
    warnings: tuple[str, ...] = ()


def fit_fractional(
    score: Any,
    covariates: Any,
    *,
    terms: Sequence[str],
    bounds: tuple[float, float],
    clusters: Any = None,
    level: float = 0.95,
) -> FractionalFit:
    """The fractional logit model of a score between two bounds, with robust errors.

    A sensitivity analysis of a linear model whose predictions may leave the scale: only the mean is modelled, no
    distribution is assumed, and values at the bounds are as good as others.

    Args:
        score: n values within the bounds.
        covariates: shape (n, p), without gaps.
        terms: the p names.
        bounds: lowest and highest possible score.
        clusters: label of each row's patient where patients have several rows, else None.
        level: confidence level.

    Raises:
        UnusableInputError: shapes differ, a value is missing, or a score outside the bounds.
        EstimationError: all scores equal, or a covariate that does not vary or repeats others.

    Source: Papke and Wooldridge 1996, J Appl Econometrics 11:619.

    >>> fit = fit_fractional([20, 40, 60, 80, 50, 90], [0, 0, 0, 1, 1, 1], terms=["treated"], bounds=(0, 100))
    >>> round(fit.odds_ratio[1], 4)
    4.125
    """
    check_level(level)
    values = finite_vector(score, "score")
    lowest, highest = bounds
    if not lowest < highest:
        raise UnusableInputError(f"bounds must be the lowest and the highest score, got {bounds}")
    refuse_rows((values < lowest) | (values > highest), f"score must lie between {lowest} and {highest}")
    design = design_of(covariates, terms, values.size)
    share = (values - lowest) / (highest - lowest)
    if np.ptp(share) == 0:
        raise EstimationError(f"all scores are {values[0]:g}: there is nothing to model")
    codes = None if clusters is None else label_codes(clusters, "clusters", values.size)
    scale = np.abs(design.matrix).max(axis=0)
    ones = np.ones(values.size)
    rows = LogisticRows(design.matrix / scale, share, ones, 0 * ones, is_firth=False)
    best = climb(evaluate(rows, np.zeros(design.p)), np.arange(design.p))
    inverse = np.asarray(np.linalg.inv(best.information), dtype=np.float64)
    covariance = compute_robust_covariance(best, inverse, codes) / np.outer(scale, scale)
    n_clusters = None if codes is None else int(codes.max()) + 1
    coef, se = best.coef / scale, np.sqrt(np.diag(covariance))
    if not has_robust_interval(n_clusters, design.p - 1):
        se = np.full_like(se, np.nan)
    half = float(ndtri(0.5 + level / 2)) * se
    steepness = float(np.mean(best.probability * (1 - best.probability))) * (highest - lowest)
    return FractionalFit(
        terms=design.terms,
        coef=tuple(coef.tolist()),
        se=tuple(se.tolist()),
        odds_ratio=as_ratios(coef),
        low=as_ratios(coef - half),
        high=as_ratios(coef + half),
        z=tuple((coef / se).tolist()),
        p=tuple((2 * ndtr(-np.abs(coef / se))).tolist()),
        mean_change=(float("nan"), *(coef[1:] * steepness).tolist()),
        covariance=covariance,
        n=design.n,
        n_clusters=n_clusters or design.n,
        level=level,
        method="fractional logit model, Wald interval, robust errors",
        warnings=find_cluster_doubts(n_clusters, design.p - 1),
    )
