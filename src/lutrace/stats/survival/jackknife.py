"""The infinitesimal jackknife of a curve: the sum, at each step, of the squared influence of each cluster."""

from __future__ import annotations

from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray


def cluster_codes(cluster: Any, n: int) -> IntArray:
    """The clusters as numbers from 0 on; every row its own when `cluster` is None.

    Raises:
        UnusableInputError: a wrong length.
    """
    if cluster is None:
        return np.arange(n)
    labels = np.asarray(cluster)
    if labels.shape != (n,):
        raise UnusableInputError(f"cluster must hold one label per row ({n}), got shape {labels.shape}")
    return np.unique(labels, return_inverse=True)[1].astype(np.intp, copy=False)


def sum_squared_influence(cluster: IntArray, step: IntArray, *, change: FloatArray, basis: FloatArray) -> FloatArray:
    """Per step the sum over clusters of (sum over b of coefficient_b x basis_b) squared.

    A cluster's coefficients start at 0 and are changed, from a step on, by a row of `change`; between changes its
    influence follows the basis functions. So a curve on n patients costs one sort, not n times the steps.

    Args:
        cluster: cluster of each change, shape (changes,).
        step: first step at which each change holds; beyond the last step it is of no effect.
        change: shape (changes, functions).
        basis: value of each function at each step, shape (steps, functions).
    """
    order = np.lexsort((step, cluster))
    owner, place = cluster[order], step[order]
    running = np.cumsum(change[order], axis=0)
    is_first = np.concatenate([[True], owner[1:] != owner[:-1]])
    first = np.flatnonzero(is_first)[np.cumsum(is_first) - 1]
    before_first = np.where((first > 0)[:, None], running[np.maximum(first - 1, 0)], 0.0)
    after = running - before_first
    before = np.where(is_first[:, None], 0.0, np.roll(after, 1, axis=0))
    total = np.zeros(basis.shape[0])
    for left in range(basis.shape[1]):
        for right in range(left + 1):
            gain = after[:, left] * after[:, right] - before[:, left] * before[:, right]
            sums = np.cumsum(np.bincount(place, weights=gain, minlength=basis.shape[0] + 1))[: basis.shape[0]]
            total += (1 if left == right else 2) * sums * basis[:, left] * basis[:, right]
    return np.maximum(total, 0.0)
