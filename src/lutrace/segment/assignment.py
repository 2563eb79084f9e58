"""Which row goes with which column: the cheapest one-to-one assignment, and how probable each pair is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 200
_CONVERGED = 1e-6


def assign(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (row, column) of least total cost; every row or every column is used, whichever are fewer.

    Shortest augmenting paths with potentials, O(n^2 m) (Kuhn 1955; Jonker and Volgenant 1987). Costs must be finite.
    """
    if 0 in cost.shape:
        return []
    if cost.shape[0] > cost.shape[1]:
        return sorted((row, column) for column, row in assign(cost.T))
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    row_of = np.full(columns, -1)
    for row in range(rows):
        _augment(cost, row, row_of, row_price, column_price)
    return sorted((int(row_of[column]), column) for column in range(columns) if row_of[column] >= 0)


def assign_gains(gain: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (row, column) of greatest total gain; who gains nothing (0 or less) by any pair stays single.

    Two who gain by each other and by nobody else are a pair; only the others compete.
    """
    useful = gain > 0
    alone = useful & (useful.sum(axis=1) == 1)[:, None] & (useful.sum(axis=0) == 1)[None]
    rows = np.flatnonzero(useful.any(axis=1) & ~alone.any(axis=1))
    columns = np.flatnonzero(useful.any(axis=0) & ~alone.any(axis=0))
    rest = np.maximum(gain[np.ix_(rows, columns)], 0.0)
    found = [(int(rows[i]), int(columns[j])) for i, j in assign(-rest) if rest[i, j] > 0]
    return sorted([*found, *((int(row), int(column)) for row, column in np.argwhere(alone))])


def compute_pair_probabilities(gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability (n, m) that row and column belong together, given that each has one partner or none.

    `gain` holds the logarithm of how much likelier a pair is than both staying single. Belief propagation on the
    assignment graph (Williams and Lau, IEEE Trans Aerosp Electron Syst 2014;50:2942), which converges and is exact
    without cycles.
    """
    if 0 in gain.shape:
        return np.zeros(gain.shape)
    weight = np.exp(np.clip(gain, -60.0, 60.0))
    message = np.ones_like(weight)
    for _ in range(_ROUNDS):
        held = weight * message
        offer = weight / (1.0 + held.sum(axis=1, keepdims=True) - held)
        answer = 1.0 / (1.0 + offer.sum(axis=0, keepdims=True) - offer)
        moved = float(np.abs(answer - message).max())
        message = answer
        if moved < _CONVERGED:
            break
    held = weight * message
    return np.asarray(held / (1.0 + held.sum(axis=1, keepdims=True)))


def _augment(
    cost: NDArray[np.float64],
    start: int,
    row_of: NDArray[np.int64],
    row_price: NDArray[np.float64],
    column_price: NDArray[np.float64],
) -> None:
    """Give row `start` a column along the cheapest alternating path; prices stay feasible."""
    columns = cost.shape[1]
    shortest = np.full(columns, np.inf)
    came_from = np.full(columns, -1)
    done = np.zeros(columns, np.bool_)
    row, column, reached = start, -1, 0.0
    while True:
        step = reached + cost[row] - row_price[row] - column_price
        better = ~done & (step < shortest)
        shortest[better] = step[better]
        came_from[better] = column
        column = int(np.argmin(np.where(done, np.inf, shortest)))
        reached = float(shortest[column])
        done[column] = True
        if row_of[column] < 0:
            break
        row = int(row_of[column])
    row_price[start] += reached
    settled = done & (row_of >= 0)
    row_price[row_of[settled]] += reached - shortest[settled]
    column_price[done] -= reached - shortest[done]
    while column >= 0:
        previous = int(came_from[column])
        row_of[column] = start if previous < 0 else row_of[previous]
        column = previous
