"""Covariates that tell the same: how much of each is told by the others of its model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lutrace.core import EstimationError


def compute_inflation(matrix: Any, terms: Sequence[str]) -> dict[str, float]:
    """The variance inflation of each covariate, shape (n, p): 1 / (1 - R2) of its regression on the others.

    Infinite where others tell all of it; empty for one covariate alone, and for one that does not vary.

    Source: Marquardt 1970, Technometrics 12:591; as R `car::vif` of a linear model.
    """
    columns = np.asarray(matrix, dtype=np.float64)
    centred = columns - columns.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    if len(terms) < 2 or columns.shape[0] <= len(terms) or not (length > 0).all():
        return {}
    scaled = centred / length
    found = {}
    for place, name in enumerate(terms):
        others = np.delete(scaled, place, axis=1)
        left = scaled[:, place] - others @ np.linalg.lstsq(others, scaled[:, place], rcond=None)[0]
        rest = float(left @ left)
        found[name] = 1 / rest if rest > 1e-12 else float("inf")
    return found


def check_inflation(matrix: Any, terms: Sequence[str], most: float) -> dict[str, float]:
    """The variance inflation of each covariate. Raises EstimationError where it is above `most`, with the numbers."""
    found = compute_inflation(matrix, terms)
    high = {name: value for name, value in found.items() if value > most}
    if high:
        told = ", ".join(
            f"{name} {value:.1f}" if value < 1000 else f"{name} above 1000" for name, value in high.items()
        )
        raise EstimationError(
            f"covariates that tell the same stand in one model (variance inflation {told}; at most {most:g}): their "
            "coefficients cannot be told apart; put each into a model of its own"
        )
    return found
