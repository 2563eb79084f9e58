"""Ordered classes on covariates: the proportional odds model."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, ndtr, ndtri

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, as_ratios, check_level
from lutrace.stats.regression.design import design_of

_MAX_STEPS = 60
_SETTLED = 1e-11
_FARTHEST = 30.0
"""Coefficient, per largest value of its covariate, above which classes count as separated."""


@dataclass(frozen=True, eq=False)
class OrdinalFit:
    """A fitted proportional odds model; tuples run over `terms` (no intercept: the cut points stand for it).

    `coef` is the log odds of a higher class per unit of the covariate; `low` and `high` bound the odds ratio.
    """

    terms: tuple[str, ...]
    coef: tuple[float, ...]
    se: tuple[float, ...]
    odds_ratio: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    z: tuple[float, ...]
    p: tuple[float, ...]
    classes: tuple[str, ...]
    n_by_class: tuple[int, ...]
    cut_points: tuple[float, ...]
    """Log odds of each class but the last, or a lower one, where all covariates are 0."""
    cut_se: tuple[float, ...]
    covariance: FloatArray
    """Of coefficients, then cut points."""
    n: int
    loglik: float
    level: float
    method: str


def fit_ordinal(
    outcome: Sequence[Hashable],
    covariates: Any,
    *,
    terms: Sequence[str],
    classes: Sequence[Hashable],
    level: float = 0.95,
) -> OrdinalFit:
    """The proportional odds model of n ordered classes by maximum likelihood, with Wald intervals.

    Args:
        outcome: class of each row.
        covariates: shape (n, p), without gaps.
        terms: the p names.
        classes: all classes, from the lowest; each must occur.
        level: confidence level.

    Raises:
        UnusableInputError: shapes differ, a value is missing, a class is not listed or does not occur.
        EstimationError: a covariate does not vary, repeats others, or separates the classes.

    Source: McCullagh 1980, J R Stat Soc B 42:109; as R `MASS::polr`.

    >>> fit = fit_ordinal("aabbacbcca", [0, 0, 0, 0, 0, 1, 1, 1, 1, 1], terms=["x"], classes="abc")
    >>> fit.n_by_class, fit.odds_ratio[0] > 1
    ((4, 3, 3), True)
    """
    check_level(level)
    place = {name: number for number, name in enumerate(classes)}
    unknown = sorted({str(name) for name in outcome if name not in place})
    if len(place) < 2:
        raise UnusableInputError(f"the outcome needs two or more classes, got {', '.join(map(str, classes)) or 'none'}")
    if unknown:
        raise UnusableInputError(f"classes must list every class used; it lacks {', '.join(unknown)}")
    codes = np.array([place[name] for name in outcome], dtype=np.intp)
    counts = np.bincount(codes, minlength=len(place))
    if not counts.all():
        raise UnusableInputError(f"no row has class {list(classes)[int(np.argmin(counts))]}; leave it out of classes")
    matrix = design_of(covariates, terms, codes.size).matrix[:, 1:]
    scale = np.concatenate([np.abs(matrix).max(axis=0), np.ones(len(place) - 1)])
    cut = np.log(np.cumsum(counts)[:-1] / (codes.size - np.cumsum(counts)[:-1]))
    p = len(terms)
    found, loglik, information = _climb(np.concatenate([np.zeros(p), cut]), matrix / scale[:p], codes, terms)
    covariance = np.linalg.inv(information) / np.outer(scale, scale)
    coef, se = found / scale, np.sqrt(np.diag(covariance))
    half, z = float(ndtri(0.5 + level / 2)) * se[:p], coef[:p] / se[:p]
    return OrdinalFit(
        terms=tuple(terms),
        coef=tuple(coef[:p].tolist()),
        se=tuple(se[:p].tolist()),
        odds_ratio=as_ratios(coef[:p]),
        low=as_ratios(coef[:p] - half),
        high=as_ratios(coef[:p] + half),
        z=tuple(z.tolist()),
        p=tuple((2 * ndtr(-np.abs(z))).tolist()),
        classes=tuple(str(name) for name in classes),
        n_by_class=tuple(counts.tolist()),
        cut_points=tuple(coef[p:].tolist()),
        cut_se=tuple(se[p:].tolist()),
        covariance=covariance,
        n=codes.size,
        loglik=loglik,
        level=level,
        method="proportional odds model, maximum likelihood, Wald interval",
    )


def _climb(
    start: FloatArray, matrix: FloatArray, codes: IntArray, terms: Sequence[str]
) -> tuple[FloatArray, float, FloatArray]:
    """Coefficients then cut points at the maximum (the likelihood is concave), its height and observed information."""
    found = start
    value, gradient, information = _evaluate(found, matrix, codes)
    for _ in range(_MAX_STEPS):
        step = np.linalg.solve(information, gradient)
        moved = _evaluate(found + step, matrix, codes)
        while not moved[0] >= value - 1e-10 * (1 + abs(value)):
            step = step / 2
            moved = _evaluate(found + step, matrix, codes)
        found, (value, gradient, information) = found + step, moved
        if np.abs(found[: len(terms)]).max() > _FARTHEST:
            break
        if np.abs(step).max() < _SETTLED:
            return found, value, information
    largest = terms[int(np.argmax(np.abs(found[: len(terms)])))]
    raise EstimationError(f"the odds ratio of {largest} has no finite estimate: it separates the classes")


def _evaluate(values: FloatArray, matrix: FloatArray, codes: IntArray) -> tuple[float, FloatArray, FloatArray]:
    """Log likelihood, slope and observed information; minus infinity where cut points are not in order."""
    n, p = matrix.shape
    cuts = values[p:]
    if (np.diff(cuts) <= 0).any():
        return -np.inf, values, np.eye(values.size)
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    line = matrix @ values[:p]
    above, below = edges[codes + 1] - line, edges[codes] - line
    share = np.where(above + below > 0, expit(-below) - expit(-above), expit(above) - expit(below))
    upper, lower = expit(above) * expit(-above) / share, expit(below) * expit(-below) / share
    arm = np.zeros((2, n, values.size))
    arm[:, :, :p] = -matrix
    rows, last = np.arange(n), cuts.size - 1
    arm[0, rows, p + np.minimum(codes, last)] = codes <= last
    arm[1, rows, p + np.maximum(codes - 1, 0)] = codes > 0
    gradient = arm[0].T @ upper - arm[1].T @ lower
    bends = (
        (0, 0, upper * (expit(-above) - expit(above)) - upper**2),
        (1, 1, -lower * (expit(-below) - expit(below)) - lower**2),
        (0, 1, upper * lower),
        (1, 0, upper * lower),
    )
    curvature = sum((arm[a].T @ (arm[b] * bend[:, None]) for a, b, bend in bends), np.zeros((values.size,) * 2))
    return float(np.log(share).sum()), gradient, -curvature
