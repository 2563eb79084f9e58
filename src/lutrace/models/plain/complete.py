"""The rows of a plain table in which nothing that a model needs is empty, and the follow-up in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lutrace.core import Row, UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import FloatArray, PlainTable
from lutrace.models.plain.results import say_left_out
from lutrace.models.plain.terms import Column, build_columns, parse_terms
from lutrace.models.plain.time_zero import check_known, start_at_landmark
from lutrace.models.plain.units import find_unit, warn_without_unit
from lutrace.stats import Survival, join_near_times, survival_of

_NO_ESTIMATE_PER_UNIT = ("accuracy", "correlation", "icc", "propensity", "time-varying")
_YES_OR_NO = ("event", "treated", "eligible")
_NOT_TERMS = ("time", "event", "outcome", "treated")
_IDENTIFIERS = ("group", "cluster")
"""Labels of whom a row is of: rows of nobody known must not be joined, so `none` is empty there."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a model is fitted to: complete rows, their design, what was left out, and what was checked of time zero."""

    table: PlainTable
    design: tuple[Column, ...]
    numbers: dict[str, FloatArray]
    labels: dict[str, list[str]]
    warnings: tuple[str, ...]
    checks: tuple[Row, ...] = ()

    @property
    def n(self) -> int:
        """The number of rows."""
        return len(self.table.rows)

    @property
    def matrix(self) -> FloatArray:
        """The design, shape (n, p)."""
        return np.array([column.values for column in self.design], dtype=np.float64).reshape(len(self.design), self.n).T

    @property
    def units(self) -> tuple[str, ...]:
        """What the estimate of each column of the design is per."""
        return tuple(column.unit for column in self.design)

    @property
    def term_names(self) -> tuple[str, ...]:
        """The names of the columns of the design."""
        return tuple(column.name for column in self.design)


def prepare(
    table: PlainTable,
    call: FitCall,
    *,
    numbers: Sequence[str],
    labels: Sequence[str] = (),
    gaps_allowed: Sequence[str] = (),
) -> Prepared:
    """The complete rows for a call: `numbers` and `labels` name the options of the call whose columns it needs.

    `event`, `treated` and `eligible` among the numbers are read as 0/1. Rows stay whose cell is empty in a column of
    `gaps_allowed`, which may name `terms`. Raises TableError for cells that are neither a value nor empty,
    UnusableInputError for a column that is not there or where no row is complete.
    """
    if not table.rows:
        raise UnusableInputError(f"{table.name}: no rows; expected a row per patient under the header")
    read: dict[str, FloatArray] = {}
    for option in numbers:
        column = getattr(call, option)
        if column is not None:
            read[option] = table.read_events(column) if option in _YES_OR_NO else table.read_numbers(column)
    words = {
        option: table.read_labels(getattr(call, option), none_is_empty=option in _IDENTIFIERS)
        for option in labels
        if getattr(call, option) is not None
    }
    design = _build_design(table, call)
    empty = [(getattr(call, option), np.isnan(values)) for option, values in read.items() if option not in gaps_allowed]
    empty += [
        (getattr(call, option), np.array([one is None for one in cells]))
        for option, cells in words.items()
        if option not in gaps_allowed
    ]
    if "terms" not in gaps_allowed:
        empty += list({column.source: (column.source, np.isnan(column.values)) for column in design}.values())
    lost = np.any([gap for _, gap in empty], axis=0) if empty else np.zeros(len(table.rows), dtype=np.bool_)
    kept = ~lost
    if not kept.any():
        columns = ", ".join(name for name, gap in empty if gap.any())
        raise UnusableInputError(f"{table.name}: no row is complete; look at {columns}")
    if "weights" in read:
        table.refuse(read["weights"] <= 0, f"{call.weights} is not above 0; leave the row out, or mend its weight")
    counted = [(name, int(gap.sum())) for name, gap in empty if gap.any()]
    complete = {option: [cell or "" for cell in cells] for option, cells in words.items()}
    unstated = [column.source for column in design if not column.is_stated and call.kind not in _NO_ESTIMATE_PER_UNIT]
    if "outcome" in read and find_unit(str(call.outcome), call.units) is None:
        unstated.append(str(call.outcome))
    left_out = say_left_out(table.name, len(table.rows), counted)
    warnings = (*table.told, *left_out, *_warn_of_none(table, call), *warn_without_unit(table.name, unstated))
    return _from_time_zero(_take(Prepared(table, design, read, complete, warnings), kept), call)


def _build_design(table: PlainTable, call: FitCall) -> tuple[Column, ...]:
    """The design of the call's terms. Raises UnusableInputError for a term that is what the model explains."""
    if call.terms is None:
        return ()
    terms = parse_terms(call.terms, table)
    for option in _NOT_TERMS:
        column = _column_of(table, getattr(call, option))
        if column in {term.column for term in terms}:
            raise UnusableInputError(
                f"{table.name}: {column} is --{option} and a term: it would explain itself; drop the term"
            )
    return build_columns(terms, table, call.units)


def _column_of(table: PlainTable, said: str | None) -> str | None:
    """The column of an option that may also say which value is meant, `status=2`."""
    return said if said is None or said in table.columns else said.partition("=")[0].strip()


def _warn_of_none(table: PlainTable, call: FitCall) -> tuple[str, ...]:
    """What to say where the call names a value as the event and `none` stands beside it."""
    column = _column_of(table, call.event)
    if column is None or column == call.event or str(call.event).partition("=")[2].strip().lower() == "none":
        return ()
    n = [(label or "").lower() for label in table.read_labels(column)].count("none")
    return (f"{table.name}: {column}: none is read as no event ({n} rows); empty it where it is unknown",) if n else ()


def _take(prepared: Prepared, kept: NDArray[np.bool_]) -> Prepared:
    return replace(
        prepared,
        table=prepared.table.take(kept),
        design=tuple(replace(one, values=one.values[kept]) for one in prepared.design),
        numbers={option: values[kept] for option, values in prepared.numbers.items()},
        labels={
            option: [cell for cell, keep in zip(cells, kept, strict=True) if keep]
            for option, cells in prepared.labels.items()
        },
    )


def _from_time_zero(prepared: Prepared, call: FitCall) -> Prepared:
    """The rows at risk from time zero, or the landmark, on, and whether their covariates were known by then."""
    if call.time is None:
        return prepared
    if call.landmark is not None:
        refuse_times(prepared)
        numbers = prepared.numbers
        causes = prepared.labels.get("event", ())
        is_event = numbers["event"] > 0 if "event" in numbers else np.array([one != call.censored for one in causes])
        start = start_at_landmark(numbers["time"], is_event, numbers.get("entry"), landmark=call.landmark)
        later = {"time": start.time} | ({} if start.entry is None else {"entry": start.entry})
        rest = _take(prepared, start.kept)
        prepared = replace(rest, numbers={**rest.numbers, **later}, warnings=(*rest.warnings, *start.told))
    sources = [*(column.source for column in prepared.design)]
    sources += [getattr(call, option) for option in ("by", "strata") if option in prepared.labels]
    checks = check_known(prepared.table, call, sources, entry=prepared.numbers.get("entry"))
    return replace(prepared, checks=checks)


def follow_up(prepared: Prepared) -> Survival:
    """The follow-up of the complete rows. Raises TableError, by row of the file, for times that cannot be."""
    refuse_times(prepared)
    numbers = prepared.numbers
    return survival_of(numbers["time"], numbers["event"], entry=numbers.get("entry"))


def refuse_times(prepared: Prepared) -> None:
    """Raise TableError, by row of the file, for times below 0 and for entries not before the end, but for rounding."""
    time, entry = prepared.numbers["time"], prepared.numbers.get("entry")
    if entry is None:
        prepared.table.refuse(time < 0, "time is below 0: follow-up would end before it starts")
    else:
        time, entry = join_near_times(time, entry)
        told = "entry is not before time by more than rounding: nobody can be at risk for no time"
        prepared.table.refuse(entry >= time, told)


def outcome_unit(call: FitCall) -> str:
    """The unit of the outcome, in which its means and differences are, as it is said, or else in words."""
    return find_unit(str(call.outcome), call.units) or f"unit of {call.outcome}"


def time_unit(call: FitCall) -> str:
    """The unit of times, as it is said, or else in words."""
    return find_unit(str(call.time), call.units) or f"unit of {call.time}"


def need(call: FitCall, *options: str) -> None:
    """Raise UnusableInputError where the call lacks an option that its model needs."""
    missing = [f"--{option}" for option in options if getattr(call, option) is None]
    if missing:
        raise UnusableInputError(f"lutrace fit {call.kind} needs {', '.join(missing)}")
