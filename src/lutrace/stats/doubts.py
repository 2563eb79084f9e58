"""What speaks against robust errors and ratios, the same for each model, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

FEW_CLUSTERS = 20
"""Cameron and Miller 2015, J Hum Resour 50:317: too few are less than 20, of unequal size less than 50."""


def has_robust_interval(n_clusters: int | None, n_terms: int) -> bool:
    """Whether robust errors tell of chance: more clusters than coefficients (None: each row stands alone).

    The intercept counts as one, and so does the baseline hazard: the scores of all clusters sum to zero.
    """
    return n_clusters is None or n_clusters > n_terms + 1


def find_cluster_doubts(n_clusters: int | None, n_terms: int) -> tuple[str, ...]:
    """What to say of few clusters; empty when there are enough, or none were given."""
    if n_clusters is None or n_clusters >= FEW_CLUSTERS:
        return ()
    if not has_robust_interval(n_clusters, n_terms):
        return (
            f"{n_clusters} clusters for {n_terms + 1} coefficients (the intercept or baseline counts): "
            "no robust interval and p are given; use fewer terms, or smaller clusters",
        )
    return (f"{n_clusters} clusters, below {FEW_CLUSTERS}: robust errors and p values are likely too small",)


def find_unit_doubts(terms: Sequence[str], *ratios: Any) -> tuple[str, ...]:
    """The terms of which a ratio, or a bound of it, is beyond what a number can hold (0 or infinite)."""
    beyond = (np.isinf(ratios) | (np.asarray(ratios) == 0)).any(axis=0)
    return tuple(
        f"{term}: its ratio or a limit is too large or too small for a number: give the term in another unit"
        for term, is_beyond in zip(terms, beyond, strict=True)
        if is_beyond
    )
