"""(start, stop] rows from covariates that change during follow-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray, IntArray, finite_vector, refuse_rows
from lutrace.stats.survival.observations import Survival


@dataclass(frozen=True, eq=False)
class Measurements:
    """Values of one covariate, each of a patient (row number in the follow-up, from 0) and from a time on."""

    patient: IntArray
    time: FloatArray
    value: FloatArray


@dataclass(frozen=True, eq=False)
class TimeVaryingRows:
    """Rows of constant covariates; `patient` is the row's number (from 0) in the follow-up, and its cluster.

    `n_unknown` counts the patients with a time before their first measurement that was left out, `n_never` those who
    have no row at all because of that, `n_unused` the measurements at or after the end of follow-up.
    """

    patient: IntArray
    survival: Survival
    covariates: FloatArray
    terms: tuple[str, ...]
    n: int
    n_events: int
    n_unknown: int
    n_never: int
    n_unused: int
    method: str


def measurements_of(patient: Any, time: Any, value: Any, *, n: int) -> Measurements:
    """The measurements given by array-likes, checked; `patient` numbers the rows of the follow-up from 0.

    Raises:
        UnusableInputError: a length differs, a value is missing, a patient is not in the follow-up, or a patient has
            two different values at one time. Rows are counted from 1.

    >>> measurements_of([0, 0], [0, 5], [1.0, 3.0], n=2).value.tolist()
    [1.0, 3.0]
    """
    times, values = finite_vector(time, "time"), finite_vector(value, "value")
    owners = finite_vector(patient, "patient", size=times.size)
    if values.size != times.size:
        raise UnusableInputError(f"value must hold one number per time ({times.size}), got {values.size}")
    refuse_rows(~np.isin(owners, np.arange(n)), f"patient must be a row of the follow-up, 0 to {n - 1}")
    order = np.lexsort((times, owners))
    rows, times, values = owners[order].astype(np.intp), times[order], values[order]
    same = np.zeros(times.size, dtype=np.bool_)
    same[1:] = (rows[1:] == rows[:-1]) & (times[1:] == times[:-1])
    clash = np.zeros(times.size, dtype=np.bool_)
    clash[order] = same & (values != np.roll(values, 1))
    refuse_rows(clash, "a patient must have one value at one time")
    return Measurements(rows[~same], times[~same], values[~same])


def make_time_varying_rows(survival: Survival, changes: Mapping[str, Measurements]) -> TimeVaryingRows:
    """Rows in which no covariate changes: a value holds from its time on, until the next, over (start, stop].

    So a value measured at the time of the event tells nothing of that event. Time before the first value of any
    covariate is left out, and counted; nothing is carried backwards (no immortal time).

    Args:
        survival: follow-up, one row per patient, with or without delayed entry.
        changes: per covariate its measurements.

    Raises:
        UnusableInputError: no covariate is given.
        EstimationError: no patient has all covariates known at some time of follow-up.

    Source: Therneau, Crowson and Atkinson, vignette on time-dependent covariates (R survival `tmerge`).

    >>> from lutrace.stats import survival_of
    >>> rows = make_time_varying_rows(survival_of([9], [1]), {"psa": measurements_of([0, 0], [0, 5], [1, 3], n=1)})
    >>> rows.survival.entry.tolist(), rows.survival.time.tolist(), rows.covariates[:, 0].tolist()
    ([0.0, 5.0], [5.0, 9.0], [1.0, 3.0])
    """
    if not changes:
        raise UnusableInputError("changes must hold at least one covariate")
    entry = np.zeros(survival.n) if survival.entry is None else survival.entry
    owners = np.concatenate([one.patient for one in changes.values()])
    moments = np.concatenate([one.time for one in changes.values()])
    inside = (moments > entry[owners]) & (moments < survival.time[owners])
    patient = np.concatenate([np.arange(survival.n), owners[inside]])
    start = np.concatenate([entry, moments[inside]])
    order = np.lexsort((start, patient))
    patient, start = patient[order], start[order]
    is_new = np.concatenate([[True], (patient[1:] != patient[:-1]) | (start[1:] != start[:-1])])
    patient, start = patient[is_new], start[is_new]
    is_last = np.append(patient[1:] != patient[:-1], True)
    stop = np.where(is_last, survival.time[patient], np.append(start[1:], 0.0))
    event = is_last & survival.event[patient]
    columns, known = [], np.ones(patient.size, dtype=np.bool_)
    for one in changes.values():
        value, is_known = _last_values(one, patient, start)
        columns.append(value)
        known &= is_known
    if not known.any():
        raise EstimationError("no patient has all covariates measured before the end of follow-up")
    used = Survival(stop[known], event[known], start[known])
    waiting = np.unique(patient[~known])
    return TimeVaryingRows(
        patient=patient[known],
        survival=used,
        covariates=np.column_stack(columns)[known],
        terms=tuple(changes),
        n=survival.n,
        n_events=used.n_events,
        n_unknown=int(waiting.size),
        n_never=int(np.setdiff1d(waiting, patient[known]).size),
        n_unused=int((moments >= survival.time[owners]).sum()),
        method="last value carried forward over (start, stop], nothing carried backwards",
    )


def _last_values(one: Measurements, patient: IntArray, start: FloatArray) -> tuple[FloatArray, BoolArray]:
    """The last value of each row's patient at or before the row's start, and whether there is one."""
    times = np.unique(np.concatenate([one.time, start]))
    step = np.int64(times.size)
    keys = one.patient * step + np.searchsorted(times, one.time)
    place = np.searchsorted(keys, patient * step + np.searchsorted(times, start), side="right") - 1
    found = np.maximum(place, 0)
    is_known = (place >= 0) & (one.patient[found] == patient) if one.patient.size else np.zeros(patient.size, np.bool_)
    value = np.full(patient.size, np.nan)
    value[is_known] = one.value[found[is_known]]
    return value, is_known
