"""How far two classifications of the same patients agree: confusion matrix, share of agreement, Cohen's kappa."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import IntArray
from lutrace.stats.description.proportions import Proportion, compute_proportion

_NO_SPREAD = 1e-9
KappaWeights = Literal["none", "linear", "quadratic"]


@dataclass(frozen=True)
class Agreement:
    """Two classifications compared: `matrix[i][j]` patients have class i by the first and class j by the second.

    Kappa is None where chance alone gives full agreement (both use one class only); its interval is None, too, where
    the large-sample variance is zero (full agreement, or one of them uses one class only).
    """

    classes: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]
    agreement: Proportion
    kappa: float | None
    se: float | None
    low: float | None
    high: float | None
    n: int
    level: float
    method: str


def compute_agreement(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    *,
    classes: Sequence[Hashable],
    weights: KappaWeights = "none",
    level: float = 0.95,
) -> Agreement:
    """The agreement of two classifications: confusion matrix, exact interval of the share, Cohen's kappa.

    Args:
        first: class of each patient by the first method.
        second: class of each patient by the second, same order and length.
        classes: all classes, in the order of the matrix.
        weights: disagreements count alike, or in ordered classes by the steps between them or their square.
        level: confidence level.

    Raises:
        UnusableInputError: no patients, different lengths, or a class that `classes` does not list.

    Source: Cohen 1960, 1968; standard error of Fleiss, Cohen and Everitt 1969.
    """
    if len(first) != len(second) or not first:
        raise UnusableInputError(
            f"agreement needs two classes for each of one or more patients, got {len(first)} and {len(second)}"
        )
    place = {name: number for number, name in enumerate(classes)}
    unknown = sorted({str(name) for name in (*first, *second) if name not in place})
    if unknown:
        raise UnusableInputError(f"classes must list every class used; it lacks {', '.join(unknown)}")
    table = np.zeros((len(place), len(place)), dtype=np.int64)
    np.add.at(table, ([place[name] for name in first], [place[name] for name in second]), 1)
    share = compute_proportion(int(np.trace(table)), len(first), level=level)
    used = np.flatnonzero(table.sum(axis=0) + table.sum(axis=1))
    kept = table[np.ix_(used, used)] if weights == "none" else table
    kappa, se, low, high = _compute_kappa(kept, weights, level) if used.size > 1 else (None,) * 4
    kind = "unweighted" if weights == "none" else f"{weights} weights"
    return Agreement(
        classes=tuple(str(name) for name in classes),
        matrix=tuple(tuple(int(cell) for cell in line) for line in table),
        agreement=share,
        kappa=kappa,
        se=se,
        low=low,
        high=high,
        n=len(first),
        level=level,
        method=f"Cohen's kappa, {kind}, large-sample interval (Fleiss, Cohen and Everitt)",
    )


def _compute_kappa(
    table: IntArray, weights: KappaWeights, level: float
) -> tuple[float, float | None, float | None, float | None]:
    from statsmodels.stats.inter_rater import cohens_kappa

    with np.errstate(invalid="ignore", divide="ignore"):
        found = cohens_kappa(table, wt=None if weights == "none" else weights)
    kappa, se = float(found.kappa), float(found.std_kappa)
    if not se > _NO_SPREAD:
        return kappa, None, None, None
    half = float(ndtri(0.5 + level / 2)) * se
    return kappa, se, kappa - half, kappa + half
