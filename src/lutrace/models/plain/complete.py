"""The rows of a plain table in which nothing that a model needs is empty, and the follow-up in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import FloatArray, PlainTable
from lutrace.models.plain.results import say_left_out
from lutrace.models.plain.terms import Column, build_columns, parse_terms
from lutrace.stats import Survival, survival_of


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a model is fitted to: complete rows, their design, and what was left out."""

    table: PlainTable
    design: tuple[Column, ...]
    numbers: dict[str, FloatArray]
    labels: dict[str, list[str]]
    warnings: tuple[str, ...]

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
        """What one unit of each column of the design is."""
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

    `event` among the numbers is read as 0/1. Rows stay whose cell is empty in a column of `gaps_allowed`. Raises
    TableError for cells that are neither a value nor empty, UnusableInputError for a column that is not there or
    where no row is complete.
    """
    if not table.rows:
        raise UnusableInputError(f"{table.name}: no rows; expected a row per patient under the header")
    read: dict[str, FloatArray] = {}
    for option in numbers:
        column = getattr(call, option)
        if column is not None:
            read[option] = table.read_events(column) if option == "event" else table.read_numbers(column)
    words = {option: table.read_labels(getattr(call, option)) for option in labels if getattr(call, option) is not None}
    design = () if call.terms is None else build_columns(parse_terms(call.terms, table), table, call.units)
    empty = [(getattr(call, option), np.isnan(values)) for option, values in read.items() if option not in gaps_allowed]
    empty += [(getattr(call, option), np.array([one is None for one in cells])) for option, cells in words.items()]
    empty += list({column.source: (column.source, np.isnan(column.values)) for column in design}.values())
    lost = np.any([gap for _, gap in empty], axis=0) if empty else np.zeros(len(table.rows), dtype=np.bool_)
    kept = ~lost
    if not kept.any():
        columns = ", ".join(name for name, gap in empty if gap.any())
        raise UnusableInputError(f"{table.name}: no row is complete; look at {columns}")
    if "weights" in read:
        table.refuse(read["weights"] <= 0, f"{call.weights} is not above 0; leave the row out, or mend its weight")
    counted = [(name, int(gap.sum())) for name, gap in empty if gap.any()]
    return Prepared(
        table=table.take(kept),
        design=tuple(Column(one.name, one.unit, one.values[kept], one.source) for one in design),
        numbers={option: values[kept] for option, values in read.items()},
        labels={option: _known(cells, kept) for option, cells in words.items()},
        warnings=say_left_out(table.name, len(table.rows), counted),
    )


def _known(cells: Sequence[str | None], kept: NDArray[np.bool_]) -> list[str]:
    return [cell for cell, keep in zip(cells, kept, strict=True) if keep and cell is not None]


def follow_up(prepared: Prepared) -> Survival:
    """The follow-up of the complete rows. Raises TableError, by row of the file, for times that cannot be."""
    refuse_times(prepared)
    numbers = prepared.numbers
    return survival_of(numbers["time"], numbers["event"], entry=numbers.get("entry"))


def refuse_times(prepared: Prepared) -> None:
    """Raise TableError, by row of the file, for times below 0 and for entries that are not before the end."""
    time, entry = prepared.numbers["time"], prepared.numbers.get("entry")
    if entry is None:
        prepared.table.refuse(time < 0, "time is below 0: follow-up would end before it starts")
    else:
        prepared.table.refuse(entry >= time, "entry is not before time: nobody can be at risk for no time")


def need(call: FitCall, *options: str) -> None:
    """Raise UnusableInputError where the call lacks an option that its model needs."""
    missing = [f"--{option}" for option in options if getattr(call, option) is None]
    if missing:
        raise UnusableInputError(f"lutrace fit {call.kind} needs {', '.join(missing)}")
