"""How well a logistic model tells patients apart whom it was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray, IntArray, finite_vector, refuse_rows
from lutrace.stats.regression.design import design_of

_MOST_PAIRS = 2_000
_AT_ONCE = 500
_STEPS = 100
_LONGEST = 5.0
_SETTLED = 1e-10


@dataclass(frozen=True)
class LeftOutAuc:
    """The area under the curve in the patients of the fit (`apparent`), and in patients left out of it.

    left_one_out: the n predictions of fits without the patient are ranked together. left_pair_out: of each pair of an
    event and a non-event the order by the fit without both; `n_pairs` of them, evenly taken where there are very many.
    """

    apparent: float
    left_one_out: float
    left_pair_out: float
    n: int
    n_events: int
    n_pairs: int
    method: str


def compute_left_out_auc(outcome: Any, covariates: Any, *, terms: Sequence[str], is_firth: bool) -> LeftOutAuc:
    """The area under the curve of a logistic model, apparent, with one patient left out, and with a pair left out.

    Leaving one out ranks predictions of different fits, each of which has one of the patient's own kind less: where
    there is little to predict that area is far below a half, down to 0. Leaving a pair out has no such bias.

    Args:
        outcome: n values 0 or 1.
        covariates: shape (n, p), without gaps.
        terms: the p names.
        is_firth: whether the model has Firth's penalty.

    Raises:
        UnusableInputError: shapes differ, a value is missing, or an outcome is neither 0 nor 1.
        EstimationError: fewer than two events or non-events, or a covariate that does not vary or repeats others.

    Source: Stone 1974, J R Stat Soc B 36:111 (one left out); Airola, Pahikkala, Waegeman, De Baets and Salakoski 2011,
    Comput Stat Data Anal 55:1828 (bias, and pairs).

    >>> found = compute_left_out_auc([0, 0, 1, 0, 1, 1], [1, 2, 3, 4, 5, 6], terms=["x"], is_firth=False)
    >>> round(found.apparent, 3), round(found.left_pair_out, 3), found.n_pairs
    (0.889, 0.889, 9)
    """
    y = finite_vector(outcome, "outcome")
    refuse_rows((y != 0) & (y != 1), "outcome must be 0 or 1")
    events, others = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    if min(events.size, others.size) < 2:
        raise EstimationError(f"leaving patients out needs two of each answer, got {events.size} of {y.size}")
    if y.size < 4:
        raise UnusableInputError(f"leaving patients out needs at least 4 rows, got {y.size}")
    design = design_of(covariates, terms, y.size)
    matrix = design.matrix / np.abs(design.matrix).max(axis=0)
    whole = _fit_many(matrix, y, np.ones((1, y.size), dtype=bool), is_firth=is_firth)[0]
    alone = _fit_many(matrix, y, ~np.eye(y.size, dtype=bool), is_firth=is_firth)
    pairs = np.array([(one, other) for one in events for other in others])
    pairs = pairs[:: -(-len(pairs) // _MOST_PAIRS)]
    return LeftOutAuc(
        _area(y, matrix @ whole),
        _area(y, (matrix * alone).sum(axis=1)),
        _order_pairs(matrix, y, pairs, is_firth=is_firth),
        y.size,
        events.size,
        len(pairs),
        "area under the curve, each pair of a yes and a no left out in turn",
    )


def _order_pairs(matrix: FloatArray, outcome: FloatArray, pairs: IntArray, *, is_firth: bool) -> float:
    """The share of pairs that the fit without them puts into their order, ties counting half."""
    right = 0.0
    for start in range(0, len(pairs), _AT_ONCE):
        here = pairs[start : start + _AT_ONCE]
        kept = np.ones((len(here), outcome.size), dtype=bool)
        kept[np.arange(len(here))[:, None], here] = False
        coef = _fit_many(matrix, outcome, kept, is_firth=is_firth)
        away = np.einsum("ij,ij->i", matrix[here[:, 0]] - matrix[here[:, 1]], coef)
        right += float((np.sign(np.where(np.abs(away) < 1e-12, 0.0, away)) + 1).sum() / 2)
    return right / len(pairs)


def _fit_many(matrix: FloatArray, outcome: FloatArray, kept: BoolArray, *, is_firth: bool) -> FloatArray:
    """The coefficients of several logistic models at once, (m, p), each of the rows `kept`, (m, n).

    Steps are bounded: where events are separated the coefficients are merely large, in the right direction.
    """
    weights, p = kept.astype(np.float64), matrix.shape[1]
    coef = np.zeros((len(kept), p))
    small = np.eye(p) * 1e-12
    for _ in range(_STEPS):
        probability = expit(coef @ matrix.T)
        spread = weights * probability * (1 - probability)
        information = np.einsum("mn,ni,nj->mij", spread, matrix, matrix, optimize=True) + small
        pull = weights * (outcome - probability)
        if is_firth:
            leverage = spread * np.einsum("ni,mij,nj->mn", matrix, np.linalg.inv(information), matrix, optimize=True)
            pull = pull + leverage * (0.5 - probability)
            spread = spread + leverage * probability * (1 - probability)
            information = np.einsum("mn,ni,nj->mij", spread, matrix, matrix, optimize=True) + small
        step = np.linalg.solve(information, (pull @ matrix)[:, :, None])[:, :, 0]
        longest = np.abs(step).max(axis=1, keepdims=True)
        coef = coef + step * np.minimum(1.0, _LONGEST / np.maximum(longest, 1e-300))
        if longest.max() < _SETTLED:
            break
    return coef


def _area(outcome: FloatArray, line: FloatArray) -> float:
    away = line[outcome == 1][:, None] - line[outcome == 0][None, :]
    return float((np.sign(np.where(np.abs(away) < 1e-12, 0.0, away)) + 1).mean() / 2)
