"""Time zero of patients who are eligible more than once: at the first line, the last, a random one, or each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray, IntArray, finite_vector, label_codes, refuse_rows

IndexStrategy = Literal["first", "last", "all", "random"]
_METHOD: dict[IndexStrategy, str] = {
    "first": "first eligible line of each patient",
    "last": "last eligible line of each patient",
    "all": "every eligible line, a patient's lines as one cluster",
    "random": "one eligible line of each patient at random",
}
_WARNING: dict[IndexStrategy, str] = {
    "last": "which line is the last is known only afterwards: it is the one soonest followed by death, so that these "
    "patients' survival is too short",
    "all": "the lines of a patient are not independent: give `clusters` to the model",
}


@dataclass(frozen=True, eq=False)
class IndexDates:
    """The rows (from 0) of the lines at which follow-up starts, and the cluster of each: its patient."""

    rows: IntArray
    clusters: IntArray
    strategy: IndexStrategy
    n_patients: int
    n_never_eligible: int
    warnings: tuple[str, ...]
    method: str


def choose_index_dates(
    patients: Any, starts: Any, *, eligible: Any, strategy: IndexStrategy, seed: int | None = None
) -> IndexDates:
    """Which of each patient's lines is time zero, among the eligible ones.

    Args:
        patients: label of the patient of each line, shape (n,).
        starts: when the line starts, in any one unit; of equal starts the earlier row is the earlier line.
        eligible: 1 where the criteria are met at that start, else 0.
        strategy: `first`, `last` (a demonstration of bias: see the warning), `all` or `random`.
        seed: for `random`, and only for it.

    Raises:
        UnusableInputError: lengths differ, a value is missing, a seed missing or not asked for, an unknown strategy.
        EstimationError: no line is eligible.

    Source: Hernan and Robins 2016, Am J Epidemiol 183:758; Backenroth 2021, Pharm Stat 20:578 (several lines).

    >>> found = choose_index_dates(["a", "a", "b"], [0, 90, 10], eligible=[1, 1, 1], strategy="first")
    >>> found.rows.tolist()
    [0, 2]
    """
    if strategy not in _METHOD:
        raise UnusableInputError(f"strategy must be one of {', '.join(_METHOD)}, got {strategy}")
    if (seed is None) == (strategy == "random"):
        raise UnusableInputError("a seed belongs to the strategy random, and to it alone")
    begin = finite_vector(starts, "starts")
    codes = label_codes(patients, "patients", begin.size)
    given = finite_vector(eligible, "eligible", size=begin.size)
    refuse_rows(~np.isin(given, (0.0, 1.0)), "eligible must be 0 or 1")
    if not given.any():
        raise EstimationError("no line is eligible; check the criteria")
    rows = _choose(codes, begin, given.astype(np.bool_), strategy=strategy, seed=seed)
    chosen = np.unique(codes[rows]).size
    return IndexDates(
        rows,
        codes[rows],
        strategy,
        chosen,
        np.unique(codes).size - chosen,
        (_WARNING[strategy],) if strategy in _WARNING else (),
        _METHOD[strategy] + ("" if seed is None else f", seed {seed}"),
    )


def _choose(
    codes: IntArray, begin: FloatArray, eligible: BoolArray, *, strategy: IndexStrategy, seed: int | None
) -> IntArray:
    """Rows, by patient and start."""
    order = np.lexsort((np.arange(begin.size), begin, codes))
    order = order[eligible[order]]
    first = np.flatnonzero(np.diff(codes[order], prepend=-1))
    counts = np.diff(first, append=order.size)
    if strategy == "all":
        return order
    if strategy == "first":
        return np.asarray(order[first])
    if strategy == "last":
        return np.asarray(order[first + counts - 1])
    return np.asarray(order[first + np.random.default_rng(seed).integers(0, counts)])
