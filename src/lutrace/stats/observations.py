"""Times to an event of one group of patients, checked once: what every survival method of this room starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Survival:
    """Follow-up of n patients: each is at risk in (entry, time], and `event` says whether the event came at `time`.

    `time` and `entry` share one unit, which results carry on (days in lutrace). Without `entry` everybody is at risk
    from time zero on. Of an event and a censoring at one time the event comes first; times that differ, however
    little, are different. Build it with `survival_of`, which checks.
    """

    time: FloatArray
    event: BoolArray
    entry: FloatArray | None = None

    @property
    def n(self) -> int:
        """The number of rows."""
        return int(self.time.size)

    @property
    def n_events(self) -> int:
        """The number of events."""
        return int(self.event.sum())


def survival_of(time: Any, event: Any, *, entry: Any = None) -> Survival:
    """The follow-up given by array-likes, checked.

    Args:
        time: end of follow-up, shape (n,), any one unit, at or after 0 (without `entry`).
        event: true (1) for an event at `time`, false (0) for censoring, shape (n,).
        entry: start of being at risk, shape (n,), before `time`; None when everybody starts at 0.

    Raises:
        UnusableInputError: a length differs, a number is missing or infinite, an event is not yes or no, or follow-up
            ends before it starts. Rows are counted from 1.

    >>> survival_of([5, 8], [True, False]).n_events
    1
    """
    times = _vector(time, "time")
    if times.size == 0:
        raise UnusableInputError("time must hold at least one patient, got none; check the selection of the cohort")
    events = _vector(event, "event", size=times.size)
    _refuse(~np.isin(events, (0.0, 1.0)), "event must be 0 (censored) or 1 (event)")
    if entry is None:
        _refuse(times < 0, "time must be at or after 0: follow-up must not end before time zero")
        return Survival(times, events.astype(np.bool_))
    entries = _vector(entry, "entry", size=times.size)
    _refuse(entries >= times, "entry must lie before time: a patient must be at risk for some time")
    return Survival(times, events.astype(np.bool_), entries)


def stratum_rows(strata: Any, n: int) -> tuple[IntArray, ...]:
    """The rows of each stratum, strata in sorted order; one stratum of all rows when `strata` is None."""
    if strata is None:
        return (np.arange(n),)
    labels = np.asarray(strata)
    if labels.shape != (n,):
        raise UnusableInputError(f"strata must hold one label per patient ({n}), got shape {labels.shape}")
    distinct, codes = np.unique(labels, return_inverse=True)
    return tuple(np.flatnonzero(codes == code) for code in range(distinct.size))


def covariate_matrix(covariates: Any, terms: Sequence[str], n: int) -> FloatArray:
    """The covariates as an (n, p) matrix without gaps, p named by `terms`.

    Raises:
        UnusableInputError: another shape, no or doubled terms, a missing or infinite value.
    """
    matrix = np.asarray(covariates, dtype=np.float64)
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if not terms or len(set(terms)) != len(terms):
        raise UnusableInputError(f"terms must name each covariate once, got {list(terms)}")
    if matrix.shape != (n, len(terms)):
        raise UnusableInputError(f"covariates must have shape ({n}, {len(terms)}), got {matrix.shape}")
    for name, column in zip(terms, matrix.T, strict=True):
        _refuse(~np.isfinite(column), f"covariate {name} must be a number; exclude or impute the patient first")
    return matrix


def check_level(level: float) -> None:
    """Refuse a confidence level that is not a share above 0 and below 1."""
    if not 0 < level < 1:
        raise UnusableInputError(f"level must lie between 0 and 1 (0.95 for 95 %), got {level}")


def finite_vector(values: Any, name: str) -> FloatArray:
    """The values as a one-dimensional array of finite numbers; `name` is used in the message of a refusal."""
    return _vector(values, name)


def _vector(values: Any, name: str, *, size: int | None = None) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or (size is not None and array.size != size):
        expected = "one-dimensional" if size is None else f"of length {size}"
        raise UnusableInputError(f"{name} must be {expected}, got shape {array.shape}")
    _refuse(~np.isfinite(array), f"{name} must be a finite number")
    return array


def _refuse(faulty: BoolArray, rule: str) -> None:
    if faulty.any():
        rows = np.flatnonzero(faulty) + 1
        more = f" and {rows.size - 5} more" if rows.size > 5 else ""
        raise UnusableInputError(f"{rule}; not so in row {', '.join(map(str, rows[:5]))}{more}")
