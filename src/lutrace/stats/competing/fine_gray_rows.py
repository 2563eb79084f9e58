"""Weighted (start, stop] rows that turn a subdistribution model into a weighted Cox model, with delayed entry too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.stats.arrays import BoolArray, FloatArray, IntArray
from lutrace.stats.competing.observations import CompetingRisks
from lutrace.stats.survival.observations import Survival


@dataclass(frozen=True, eq=False)
class FineGrayRows:
    """Rows for `fit_cox(survival, x[patient], rows=CoxRows(weights=weights, clusters=patient))`.

    `patient` is the number (from 0) of the patient in the follow-up that the rows were made from.
    """

    patient: IntArray
    survival: Survival
    weights: FloatArray
    n: int
    n_events: int
    method: str


@dataclass(frozen=True, eq=False)
class _Periods:
    """Periods (end of the one before, end] of constant weight, and whether an event of the cause lies in each."""

    end: FloatArray
    weight: FloatArray
    used: BoolArray


def make_fine_gray_rows(follow_up: CompetingRisks, *, cause: str) -> FineGrayRows:
    """The rows of a weighted Cox model whose hazard ratio is the subdistribution's.

    A patient with another event stays at risk with weight G(t) H(t) over its value at that event: G the curve of
    censoring, with events leaving before the censorings of the same time, H the curve of entry in reversed time (only
    with delayed entry). The convention of R survival `finegray`: weights start anew at every censoring, rows in which
    no event of the cause lies are left out. Tied times make G differ from that of `fit_fine_gray` (cmprsk).

    Args:
        follow_up: one row per patient, with or without delayed entry.
        cause: the cause that is modelled.

    Raises:
        UnusableInputError: an unknown cause.
        EstimationError: no events of the cause.

    Source: Geskus 2011, Biometrics 67:39; Fine and Gray 1999.

    >>> from lutrace.stats.competing.observations import competing_of
    >>> seen = competing_of([1, 2, 3, 4], ["y", "no", "x", "x"], censored="no")
    >>> make_fine_gray_rows(seen, cause="x").weights.round(3).tolist()
    [1.0, 0.667, 1.0, 1.0, 1.0]
    """
    event = follow_up.events_of(cause)
    entry = np.zeros(follow_up.n) if follow_up.entry is None else follow_up.entry
    periods = _find_periods(follow_up, entry, event_times=follow_up.time[event])
    waits = np.flatnonzero((follow_up.cause > 0) & ~event)
    own = np.searchsorted(periods.end, follow_up.time[waits], side="left")
    first_end = follow_up.time.copy()
    first_end[waits] = periods.end[own]
    used = np.flatnonzero(periods.used)
    start = np.searchsorted(used, own, side="right")
    n_more = used.size - start
    patient = np.repeat(waits, n_more)
    offset = np.arange(patient.size) - np.repeat(np.cumsum(n_more) - n_more, n_more)
    period = used[np.repeat(start, n_more) + offset]
    everyone = np.concatenate([np.arange(follow_up.n), patient])
    order = np.argsort(everyone, kind="stable")
    begins = np.concatenate([entry, periods.end[period - 1]])[order]
    ends = np.concatenate([first_end, periods.end[period]])[order]
    happens = np.concatenate([event, np.zeros(patient.size, dtype=np.bool_)])[order]
    more = periods.weight[period] / periods.weight[np.repeat(own, n_more)]
    return FineGrayRows(
        patient=everyone[order],
        survival=Survival(ends, happens, begins),
        weights=np.concatenate([np.ones(follow_up.n), more])[order],
        n=follow_up.n,
        n_events=int(event.sum()),
        method="weighted rows of Fine and Gray (as R survival finegray)",
    )


def _find_periods(follow_up: CompetingRisks, entry: FloatArray, *, event_times: FloatArray) -> _Periods:
    times = np.unique(follow_up.time)
    censored = _count_at(follow_up.time[follow_up.cause == 0], times)
    failed = _count_at(follow_up.time[follow_up.cause > 0], times)
    not_left = follow_up.n - np.searchsorted(np.sort(follow_up.time), times, side="left")
    not_entered = follow_up.n - np.searchsorted(np.sort(entry), times, side="left")
    at_risk = not_left - not_entered - failed
    changes = times[censored > 0]
    censoring = np.cumprod(1 - censored[censored > 0] / at_risk[censored > 0])
    weight = np.concatenate([[1.0], censoring])
    if (entry > times[0]).any():
        entries, curve = _entry_curve(follow_up.time, entry)
        both = np.unique(np.concatenate([entries, changes]))
        place = np.searchsorted(entries, both, side="right")
        weight = np.concatenate(
            [[1.0], curve[np.maximum(place - 1, 0)] * weight[np.searchsorted(changes, both, side="right")]]
        )
        changes = both
    end = np.append(changes, times[-1])
    used = np.zeros(end.size, dtype=np.bool_)
    used[np.searchsorted(end, event_times, side="left")] = True
    return _Periods(end, weight, used)


def _entry_curve(time: FloatArray, entry: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distinct entry times and, from each on, the probability to have entered: Kaplan-Meier in reversed time."""
    entries, entering = np.unique(entry, return_counts=True)
    began = np.searchsorted(np.sort(entry), entries, side="right")
    ended = np.searchsorted(np.sort(time), entries, side="right")
    steps = 1 - entering / (began - ended)
    later = np.cumprod(steps[::-1])[::-1]
    return entries, np.append(later[1:], 1.0)


def _count_at(times: FloatArray, distinct: FloatArray) -> IntArray:
    return np.bincount(np.searchsorted(distinct, times), minlength=distinct.size)
