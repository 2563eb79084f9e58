"""Times to an event of one group of patients, checked once: what every survival method of this room starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray, IntArray, finite_vector, refuse_rows

_ROUNDING = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True, eq=False)
class Survival:
    """Follow-up of n patients: each is at risk in (entry, time], and `event` says whether the event came at `time`.

    `time` and `entry` share one unit, which results carry on (days in lutrace). Without `entry` everybody is at risk
    from time zero on. Of an event and a censoring at one time the event comes first. Build it with `survival_of`,
    which checks and makes times that differ by rounding alone one time.
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

    def select(self, rows: BoolArray | IntArray) -> Survival:
        """The follow-up of some rows, by mask or by number."""
        return Survival(self.time[rows], self.event[rows], None if self.entry is None else self.entry[rows])


def survival_of(time: Any, event: Any, *, entry: Any = None) -> Survival:
    """The follow-up given by array-likes, checked; times that differ by rounding alone are one (`join_near_times`).

    Args:
        time: end of follow-up, shape (n,), any one unit, at or after 0 (without `entry`).
        event: true (1) for an event at `time`, false (0) for censoring, shape (n,).
        entry: start of being at risk, shape (n,), before `time`; None when everybody starts at 0.

    Raises:
        UnusableInputError: a length differs, a number is missing or infinite, an event is not yes or no, or follow-up
            ends before it starts, or lasts for no more than rounding. Rows are counted from 1.

    >>> survival_of([5, 8], [True, False]).n_events
    1
    """
    times = finite_vector(time, "time")
    if times.size == 0:
        raise UnusableInputError("time must hold at least one patient, got none; check the selection of the cohort")
    events = finite_vector(event, "event", size=times.size)
    refuse_rows(~np.isin(events, (0.0, 1.0)), "event must be 0 (censored) or 1 (event)")
    if entry is None:
        refuse_rows(times < 0, "time must be at or after 0: follow-up must not end before time zero")
        (times,) = join_near_times(times)
        return Survival(times, events.astype(np.bool_))
    times, entries = join_near_times(times, finite_vector(entry, "entry", size=times.size))
    refuse_rows(entries >= times, "entry must lie before time, by more than rounding: nobody is at risk for no time")
    return Survival(times, events.astype(np.bool_), entries)


def join_near_times(*times: FloatArray) -> tuple[FloatArray, ...]:
    """The times of one table, ends and entries, in which those that differ by rounding alone are the earliest of them.

    Neighbours are one time where they differ by no more than the root of the machine's precision (1.5e-8), as they are
    or as a share of the mean of all distinct times. Source: R survival 3.5-3, `aeqSurv` (`timefix`).

    >>> join_near_times(np.array([0.1 + 0.2, 0.3, 0.4]))[0].tolist()
    [0.3, 0.3, 0.4]
    """
    distinct = np.unique(np.concatenate(times))
    gaps = np.diff(distinct)
    apart = (gaps > _ROUNDING) & (gaps / np.abs(distinct).mean() > _ROUNDING)
    if apart.all():
        return times
    starts = distinct[np.concatenate([[True], apart])]
    moved = distinct[1:][~apart]
    onto = starts[np.searchsorted(starts, moved, side="right") - 1]
    places = [np.minimum(np.searchsorted(moved, values), moved.size - 1) for values in times]
    return tuple(np.where(moved[at] == values, onto[at], values) for at, values in zip(places, times, strict=True))


def row_weights(weights: Any, n: int) -> FloatArray:
    """The case weights of n rows, all above 0; ones when `weights` is None.

    Raises:
        UnusableInputError: a wrong length, or a weight that is missing or not above 0.
    """
    if weights is None:
        return np.ones(n)
    case = finite_vector(weights, "weights", size=n)
    refuse_rows(case <= 0, "a weight must be above 0; exclude rows of no weight first")
    return case


def stratum_rows(strata: Any, n: int) -> tuple[IntArray, ...]:
    """The rows of each stratum, strata in sorted order; one stratum of all rows when `strata` is None."""
    if strata is None:
        return (np.arange(n),)
    labels = np.asarray(strata)
    if labels.shape != (n,):
        raise UnusableInputError(f"strata must hold one label per patient ({n}), got shape {labels.shape}")
    distinct, codes = np.unique(labels, return_inverse=True)
    return tuple(np.flatnonzero(codes == code) for code in range(distinct.size))
