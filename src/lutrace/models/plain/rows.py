"""The rows of a study from a plain table: which line is time zero, and rows in which no covariate changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import FloatArray, PlainTable, find_number_columns
from lutrace.models.plain.complete import Prepared, need, prepare, refuse_times
from lutrace.models.plain.results import PlainFit, check_row, estimate_row
from lutrace.models.plain.time_zero import read_dates
from lutrace.stats import (
    Measurements,
    choose_index_dates,
    join_near_times,
    make_time_varying_rows,
    measurements_of,
    survival_of,
)

_CLOCK = ("at", "time", "entry")


def fit_index_dates(table: PlainTable, call: FitCall) -> PlainFit:
    """The line of each patient `group` at which follow-up starts; `made` holds those rows.

    A row is a line; `at` says when it starts (a number or a date), `eligible` whether the criteria are met then. Raises
    what `prepare` raises, UnusableInputError for a seed without the strategy random, or the other way round.
    """
    need(call, "group", "at", "eligible")
    found = prepare(table, call, numbers=("eligible",), labels=("group", "at"))
    column = str(call.at)
    is_number = column in find_number_columns(found.table.rows)
    starts = found.table.read_numbers(column) if is_number else read_dates(found.table, column)
    chosen = choose_index_dates(
        found.labels["group"], starts, eligible=found.numbers["eligible"], strategy=call.strategy, seed=call.seed
    )
    told: dict[str, Any] = {"unit": "lines", "n": chosen.n_patients, "events": None, "method": chosen.method}
    row = estimate_row("all", "lines_with_time_zero", **told, estimate=chosen.rows.size)
    checks = (
        check_row("patients", "model", value=chosen.n_patients),
        check_row("patients_never_eligible", "model", value=chosen.n_never_eligible),
    )
    made = tuple(found.table.rows[place] for place in sorted(chosen.rows.tolist()))
    return PlainFit((row,), checks, (*found.warnings, *chosen.warnings), made)


def fit_time_varying(table: PlainTable, call: FitCall) -> PlainFit:
    """Rows (start, stop] in which no value changes, from a row per measurement; `made` holds them.

    `at` says when the row's `terms` were measured; `time`, `event` and `entry` are the patient's and stand in each of
    its rows. A value holds from then on until the next; time before the first is left out and counted. Columns that are
    the same in all rows of a patient are kept. Raises what `prepare` raises; TableError for a patient whose follow-up
    differs between rows.
    """
    need(call, "group", "at", "time", "event", "terms")
    found = prepare(table, call, numbers=(*_CLOCK, "event"), labels=("group",), gaps_allowed=("terms",))
    found = _join_clock(found)
    refuse_times(found)
    _, first, owner = np.unique(np.array(found.labels["group"]), return_index=True, return_inverse=True)
    for name in ("time", "event", "entry"):
        if name in found.numbers:
            values = found.numbers[name]
            found.table.refuse(values != values[first][owner], f"{name} is not that of the patient's other rows")
    survival = survival_of(
        *(found.numbers[name][first] for name in ("time", "event")), entry=_first_entry(found, first)
    )
    changes = _find_changes(found, owner, first.size)
    rows = make_time_varying_rows(survival, changes)
    kept, dropped = _find_constant(found, owner, call)
    made = [
        {
            **{name: found.table.rows[first[patient]][name] for name in kept},
            "start": float(rows.survival.entry[place]) if rows.survival.entry is not None else 0.0,
            "stop": float(rows.survival.time[place]),
            "event": int(rows.survival.event[place]),
            **dict(zip(rows.terms, rows.covariates[place].tolist(), strict=True)),
        }
        for place, patient in enumerate(rows.patient)
    ]
    told: dict[str, Any] = {"unit": "rows", "n": rows.n, "events": rows.n_events, "method": rows.method}
    row = estimate_row("all", "rows_of_constant_values", **told, estimate=len(made))
    checks = (
        check_row("patients_with_time_left_out", "model", value=rows.n_unknown, told="before their first measurement"),
        check_row("patients_left_out", "model", value=rows.n_never),
        check_row("measurements_after_the_end", "model", value=rows.n_unused),
    )
    lost = (f"{', '.join(dropped)}: not the same in all rows of a patient, left out",) if dropped else ()
    return PlainFit((row,), checks, (*found.warnings, *lost), tuple(made))


def _join_clock(found: Prepared) -> Prepared:
    """The rows in which a measurement and an end of follow-up that differ by rounding alone are at one time."""
    names = [name for name in _CLOCK if name in found.numbers]
    joined = join_near_times(*(found.numbers[name] for name in names))
    return replace(found, numbers={**found.numbers, **dict(zip(names, joined, strict=True))})


def _first_entry(found: Prepared, first: NDArray[np.intp]) -> FloatArray | None:
    return found.numbers["entry"][first] if "entry" in found.numbers else None


def _find_changes(found: Prepared, owner: NDArray[np.intp], n: int) -> Mapping[str, Measurements]:
    """The known values of each column, with when they were measured."""
    changes = {}
    for column in found.design:
        known = np.isfinite(column.values)
        changes[column.name] = measurements_of(owner[known], found.numbers["at"][known], column.values[known], n=n)
    return changes


def _find_constant(found: Prepared, owner: NDArray[np.intp], call: FitCall) -> tuple[list[str], list[str]]:
    """The other columns that are the same in all rows of a patient, and those that are not."""
    used = {call.at, call.time, str(call.event).partition("=")[0], call.event, call.entry, "start", "stop", "event"}
    used |= {column.source for column in found.design}
    kept, dropped = list[str](), list[str]()
    for name in found.table.columns:
        if name not in used:
            pairs = {(int(who), row.get(name)) for who, row in zip(owner, found.table.rows, strict=True)}
            (kept if len(pairs) == len(set(owner.tolist())) else dropped).append(name)
    return kept, dropped
