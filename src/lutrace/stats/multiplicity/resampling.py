"""How much a result owes to its own data: optimism by bootstrap, and each patient left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray

Model = TypeVar("Model")
FitTogether = Callable[[Sequence[IntArray]], Sequence[Model | None]]
_LEAST_FITTED = 0.9
"""Share of the bootstrap samples in which the model must be estimable for the optimism to be given."""


@dataclass(frozen=True)
class Optimism:
    """A measure of a model in its own data (`apparent`), by how much that flatters, and what is left in new data."""

    apparent: float
    optimism: float
    corrected: float
    n: int
    n_samples: int
    n_failed: int
    seed: int
    warnings: tuple[str, ...]
    method: str


@dataclass(frozen=True, eq=False)
class LeftOut:
    """An estimate with each row left out in turn (n,), NaN where it then cannot be made.

    `most_influential` is the row (from 0) whose absence moves it most, `reversed_by` the rows whose absence changes
    its sign.
    """

    estimate: float
    without: FloatArray
    low: float
    high: float
    most_influential: int
    reversed_by: tuple[int, ...]
    n: int
    n_failed: int
    method: str


def compute_optimism(
    fit: Callable[[IntArray], Model],
    score: Callable[[Model, IntArray], float],
    *,
    n: int,
    seed: int,
    n_samples: int = 200,
    fit_together: FitTogether[Model] | None = None,
) -> Optimism:
    """Harrell's optimism: how much better a model scores in the sample it was fitted to than in the patients at large.

    Args:
        fit: makes the model from rows (numbers from 0, repeated where drawn twice), every step of selection included.
        score: its measure (concordance, say) in rows.
        n: patients.
        seed: of the samples.
        n_samples: bootstrap samples.
        fit_together: makes the models of all samples at once; None among them for one that `fit` is to make.

    Raises:
        UnusableInputError: fewer than 2 patients or samples.
        EstimationError: the model cannot be estimated in the data, or in more than a tenth of the samples.

    Source: Harrell, Lee and Mark 1996, Stat Med 15:361.

    >>> values = np.array([0.0, 1.0, 5.0, 2.0])
    >>> found = compute_optimism(
    ...     lambda rows: values[rows].mean(), lambda mean, rows: -((values[rows] - mean) ** 2).mean(), n=4, seed=1
    ... )
    >>> found.corrected < found.apparent == -3.5
    True
    """
    if n < 2 or n_samples < 2:
        raise UnusableInputError(f"the bootstrap needs at least 2 patients and 2 samples, got {n} and {n_samples}")
    everybody = np.arange(n)
    apparent = float(score(fit(everybody), everybody))
    random = np.random.default_rng(seed)
    samples = [random.integers(0, n, n) for _ in range(n_samples)]
    gains = []
    for rows, made in zip(samples, fit_together(samples) if fit_together else [None] * n_samples, strict=True):
        try:
            model = fit(rows) if made is None else made
            gains.append(score(model, rows) - score(model, everybody))
        except EstimationError:
            continue
    n_failed = n_samples - len(gains)
    if len(gains) < _LEAST_FITTED * n_samples:
        raise EstimationError(f"the model cannot be estimated in {n_failed} of {n_samples} samples; use fewer terms")
    optimism = float(np.mean(gains))
    return Optimism(
        apparent,
        optimism,
        apparent - optimism,
        n,
        n_samples,
        n_failed,
        seed,
        (f"{n_failed} of {n_samples} samples could not be fitted and are left out",) if n_failed else (),
        f"Harrell's optimism, {n_samples} bootstrap samples, seed {seed}",
    )


def leave_one_out(estimate: Callable[[IntArray], float], *, n: int) -> LeftOut:
    """An estimate with each of n rows left out in turn.

    Args:
        estimate: the estimate from rows (numbers from 0).
        n: rows.

    Raises:
        UnusableInputError: fewer than 3 rows.
        EstimationError: no estimate from all rows, or from none of the subsets.

    >>> found = leave_one_out(lambda rows: float(np.mean(np.array([1.0, -1.0, 6.0])[rows])), n=3)
    >>> found.without.tolist(), found.most_influential, found.reversed_by
    ([2.5, 3.5, 0.0], 2, ())
    """
    if n < 3:
        raise UnusableInputError(f"leaving one out needs at least 3 rows, got {n}")
    everybody = np.arange(n)
    full = estimate(everybody)
    without = np.full(n, np.nan)
    for row in range(n):
        try:
            without[row] = estimate(np.delete(everybody, row))
        except EstimationError:
            continue
    if np.isnan(without).all():
        raise EstimationError("no estimate with one row left out; there are too few rows for it")
    return LeftOut(
        full,
        without,
        float(np.nanmin(without)),
        float(np.nanmax(without)),
        int(np.nanargmax(np.abs(without - full))),
        tuple(np.flatnonzero(without * full < 0).tolist()),
        n,
        int(np.isnan(without).sum()),
        "each row left out in turn",
    )
