"""The start of follow-up in a plain table: a landmark, and the guard that every covariate was known by then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import Row, UnusableInputError, convert, parse_partial_date
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import BoolArray, FloatArray, PlainTable, is_missing
from lutrace.models.plain.results import check_row
from lutrace.models.plain.units import find_unit, say_unit
from lutrace.stats import make_landmark_set, survival_of

_TIME_UNITS = ("days", "weeks", "months", "years")


@dataclass(frozen=True, eq=False)
class Start:
    """Who is at risk after the start of follow-up, their times counted from it, and what there is to say of that."""

    kept: BoolArray
    time: FloatArray
    entry: FloatArray | None
    told: tuple[str, ...]


def start_at_landmark(time: FloatArray, is_event: BoolArray, entry: FloatArray | None, *, landmark: float) -> Start:
    """The follow-up from the landmark on. Raises UnusableInputError for one below 0, EstimationError for an empty set.

    Times must have been checked.
    """
    found = make_landmark_set(survival_of(time, is_event, entry=entry), landmark=landmark)
    kept = np.zeros(time.size, dtype=np.bool_)
    kept[found.rows] = True
    told = (
        f"{found.method}; left out: {found.n_event_before} with the event and {found.n_censored_before} censored at or "
        f"before it, of {found.n}"
    )
    return Start(kept, found.survival.time, found.survival.entry, (told,))


def check_known(
    table: PlainTable, call: FitCall, sources: Iterable[str], *, entry: FloatArray | None
) -> tuple[Row, ...]:
    """A check per column that the model uses: when it was measured, and that this was not after time zero.

    A value counts as known when it was measured at or before time 0, the landmark, or the start of its own row where
    `entry` gives one. `call.measured` names, per column, the column that says when: a number on the clock of `time`,
    or a date where `call.index` names the column with the date of time zero.

    Raises TableError with the rows in which a value is from after that (who is measured later had to live until
    then: immortal time) or has no date, UnusableInputError for a name that the model does not use.
    """
    used = tuple(dict.fromkeys(sources))
    unknown = [name for name in call.measured if name not in used]
    if unknown:
        raise UnusableInputError(
            f"--measured names {', '.join(unknown)}; expected a column of --terms, --by or --strata: {', '.join(used)}"
        )
    limit: FloatArray | float = call.landmark or 0.0
    where = f"the landmark {limit:g}" if call.landmark is not None else "time zero"
    if call.landmark is None and entry is not None:
        limit, where = entry, "the start of its row (--entry)"
    checks = []
    for name in used:
        if name not in call.measured:
            told = "when it was measured is not said (--measured)"
        else:
            day = _read_days(table, call, call.measured[name])
            remedy = "start at --landmark, or give rows (start, stop] with --entry"
            table.refuse(np.isnan(day), f"{call.measured[name]} is empty: when {name} was measured is not known")
            table.refuse(day > limit, f"{name} was measured after {where}, so it tells of the future; {remedy}")
            told = f"known by {where}"
        checks.append(check_row("known_at_start", name, told=told))
    return tuple(checks)


def _read_days(table: PlainTable, call: FitCall, column: str) -> FloatArray:
    """When a value was measured, on the clock of `time`; NaN where the cell is empty."""
    if call.index is None:
        return table.read_numbers(column)
    days = read_dates(table, column) - read_dates(table, call.index)
    if call.landmark is None and call.entry is None:
        return days
    unit = find_unit(str(call.time), call.units)
    if unit not in _TIME_UNITS:
        raise UnusableInputError(
            f"dates can be set beside {call.time} only where its unit is known; say {say_unit(str(call.time), 'days')} "
            f"(or {', '.join(_TIME_UNITS[1:])})"
        )
    return days / convert(1.0, unit, "days")


def read_dates(table: PlainTable, column: str) -> FloatArray:
    """The column as days, NaN where the cell is empty. Raises TableError for what is no day of the calendar."""
    table.check_columns(column)
    cells: Sequence[Any] = [row.get(column) for row in table.rows]
    days = [_day_of(cell) for cell in cells]
    table.refuse(
        np.array([day is None for day in days]), f"{column}: expected a day such as 2024-05-17, got something else"
    )
    return np.array(days, dtype=np.float64)


def _day_of(cell: Any) -> float | None:
    """A day as a number; NaN where the cell says nothing, None where it is no day."""
    if is_missing(cell):
        return float("nan")
    if isinstance(cell, dt.date):
        return float(cell.toordinal())
    try:
        date = parse_partial_date(str(cell))
    except UnusableInputError:
        return None
    return float(date.first_day().toordinal()) if date.precision == "day" else None
