"""One covariate drawn given the others: predictive mean matching, a linear and a logistic model, with their doubt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from lutrace.stats.arrays import FloatArray
from lutrace.stats.logit import maximise_logit

N_DONORS = 5
"""Observed values from which predictive mean matching takes one (Morris, White and Royston 2014)."""
_RIDGE = 1e-5
"""Share of each column's own sum of squares added to it, so that columns that repeat one another do no harm."""


@dataclass(frozen=True, eq=False)
class _Line:
    """A linear model's coefficients: the best, and a draw from what the data leave possible, with its spread."""

    best: FloatArray
    drawn: FloatArray
    sigma: float


def draw_linear(known: FloatArray, values: FloatArray, wanted: FloatArray, random: np.random.Generator) -> FloatArray:
    """Values for the rows `wanted` (k, p) from a linear model of `values` (n,) on `known` (n, p), with its residuals.

    Source: Rubin 1987, p. 167; Van Buuren 2018, Flexible Imputation of Missing Data, algorithm 3.1.
    """
    line = _draw_line(known, values, random)
    return np.asarray(wanted @ line.drawn + line.sigma * random.standard_normal(wanted.shape[0]))


def draw_matched(known: FloatArray, values: FloatArray, wanted: FloatArray, random: np.random.Generator) -> FloatArray:
    """Observed values for the rows `wanted`: each from one of the five rows whose predicted value is nearest.

    Rows that are known are predicted by the best coefficients, those wanted by drawn ones (type 1 matching); rows
    that are equally near have equal chances.

    Source: Little 1988; Van Buuren 2018, algorithm 3.3.
    """
    line = _draw_line(known, values, random)
    shuffled = random.permutation(values.size)
    predicted = (known @ line.best)[shuffled]
    order = np.argsort(predicted, kind="stable")
    ordered, donors = predicted[order], values[shuffled][order]
    target = np.asarray(wanted @ line.drawn)
    width = min(2 * N_DONORS, values.size)
    start = np.clip(np.searchsorted(ordered, target) - N_DONORS, 0, values.size - width)
    window = start[:, None] + np.arange(width)
    nearest = np.argsort(np.abs(ordered[window] - target[:, None]), axis=1, kind="stable")
    chosen = random.integers(0, min(N_DONORS, values.size), target.size)
    rows = np.arange(target.size)
    return np.asarray(donors[window[rows, nearest[rows, chosen]]])


def draw_logistic(known: FloatArray, values: FloatArray, wanted: FloatArray, random: np.random.Generator) -> FloatArray:
    """Values 0 or 1 for the rows `wanted` from a logistic model of `values` on `known`.

    A few rows of small weight, for and against at each covariate's mean and one standard deviation off it, keep the
    coefficients finite where covariates separate the values.

    Source: Rubin 1987, p. 169; White, Daniel and Royston 2010, Comput Stat Data Anal 54:2267.
    """
    rows, outcome, weights = _augment(known, values)
    used = rows.std(axis=0) > 0
    used[0] = True
    names = [f"covariate {number}" for number in range(int(used.sum()))]
    found = maximise_logit(rows[:, used], outcome, names, weights=weights)
    drawn = found.coef + np.linalg.cholesky(found.covariance) @ random.standard_normal(found.coef.size)
    probability = np.asarray(expit(wanted[:, used] @ drawn), dtype=np.float64)
    return (random.random(probability.size) < probability).astype(np.float64)


def _draw_line(known: FloatArray, values: FloatArray, random: np.random.Generator) -> _Line:
    penalty = np.sqrt(_RIDGE) * np.sqrt((known**2).sum(axis=0))
    penalty[0] = 0.0
    penalty[1:][penalty[1:] == 0] = 1.0
    basis, turn = np.linalg.qr(np.vstack([known, np.diag(penalty)]))
    toward = basis.T @ np.concatenate([values, np.zeros(penalty.size)])
    best = np.asarray(np.linalg.solve(turn, toward))
    residual = values - known @ best
    sigma = float(np.sqrt(residual @ residual / random.chisquare(max(values.size - penalty.size, 1))))
    drawn = np.linalg.solve(turn, toward + sigma * random.standard_normal(penalty.size))
    return _Line(best, np.asarray(drawn), sigma)


def _augment(known: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    mean, spread = known.mean(axis=0), known.std(axis=0)
    off = np.diag(spread)[1:]
    added = np.repeat(np.concatenate([mean + off, mean - off]), 2, axis=0) if off.size else np.repeat(mean[None], 2, 0)
    small = np.full(added.shape[0], known.shape[1] / added.shape[0])
    outcome = np.concatenate([values, np.tile([0.0, 1.0], added.shape[0] // 2)])
    return np.vstack([known, added]), outcome, np.concatenate([np.ones(values.size), small])
