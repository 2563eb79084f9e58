"""Columns of a plain table as numbers, events and labels: each cell understood, missing, or refused by its row."""

from __future__ import annotations

import datetime as dt
import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.core import Row, TableError, UnusableInputError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
_NO_LABEL = frozenset({"", "na", "n/a", "nan", "null", "."})
_MISSING = _NO_LABEL | {"none"}
"""Cells that say nothing; `none` is an empty number, but a group can be called so."""
_NO, _YES = frozenset({"0", "no", "false"}), frozenset({"1", "yes", "true"})
_MOST_NAMED = 5
_LEAST = 1e-100
"""Numbers nearer to 0, or farther from it than its inverse, are no measurements."""
_NUMERIC = re.compile(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class PlainTable:
    """A table as read: its name, the number of each row in the file, and the rows; cells are text or typed.

    `told` is what there is to say of how it was read.
    """

    name: str
    numbers: tuple[int, ...]
    rows: tuple[Row, ...]
    told: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the order of the file."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))

    def check_columns(self, *wanted: str | None) -> None:
        """Raise UnusableInputError where a column that the call names is not in the table."""
        missing = [name for name in wanted if name is not None and name not in self.columns]
        if missing:
            raise UnusableInputError(
                f"{self.name}: no column is called {', '.join(missing)}; its columns are {', '.join(self.columns)}"
            )

    def read_numbers(self, column: str) -> FloatArray:
        """The column as numbers, NaN where the cell is empty, NA or none. Raises TableError for what is no number."""
        self.check_columns(column)
        faults, values = [], np.full(len(self.rows), math.nan)
        for place, (number, row) in enumerate(zip(self.numbers, self.rows, strict=True)):
            cell = row.get(column)
            if is_missing(cell):
                continue
            try:
                values[place] = _number(cell)
            except ValueError as error:
                faults.append(f"row {number}, {column}: expected a number, {error}")
        if faults:
            raise TableError(self.name, faults)
        return values

    def read_labels(self, column: str, *, none_is_empty: bool = False) -> list[str | None]:
        """The column as text, None where the cell is empty or NA; whole numbers without a decimal point.

        `none` is a label like another, the name of a group say, unless `none_is_empty`.
        """
        self.check_columns(column)
        return [label_of(row.get(column), none_is_empty=none_is_empty) for row in self.rows]

    def read_events(self, column: str) -> FloatArray:
        """1 for an event, 0 for none, NaN where empty. `column` may say which value is the event: `status=2`.

        Raises UnusableInputError where a column named alone holds anything but 0/1, yes/no or true/false.
        """
        if column not in self.columns and "=" in column:
            name, _, value = column.partition("=")
            labels = self.read_labels(name.strip())
            if value.strip() not in labels:
                known = ", ".join(sorted({label for label in labels if label is not None})[:_MOST_NAMED])
                raise UnusableInputError(f"{self.name}: {name.strip()} is never {value.strip()}; it is {known}")
            return np.array([math.nan if one is None else float(one == value.strip()) for one in labels])
        labels = self.read_labels(column, none_is_empty=True)
        wrong = [(number, one) for number, one in zip(self.numbers, labels, strict=True) if _event(one) is None]
        if wrong:
            places = ", ".join(str(number) for number, _ in wrong[:_MOST_NAMED])
            more = f" and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
            raise UnusableInputError(
                f"{self.name}: {column} holds {_shown(wrong[0][1])} in row {places}{more}; expected 0 (censored) or "
                f"1 (event), or say which value is the event, as in --event {shlex.quote(f'{column}=2')} or "
                f"--event {shlex.quote(f'{column}=dead')}"
            )
        return np.array([_event(one) for one in labels], dtype=np.float64)

    def take(self, kept: BoolArray) -> PlainTable:
        """The table of the rows that are kept."""
        pairs = [pair for pair, keep in zip(zip(self.numbers, self.rows, strict=True), kept, strict=True) if keep]
        return PlainTable(self.name, tuple(number for number, _ in pairs), tuple(row for _, row in pairs), self.told)

    def refuse(self, faulty: BoolArray, rule: str) -> None:
        """Raise TableError with the rows (as the file counts them) that break a rule."""
        faults = [f"row {number}: {rule}" for number, fault in zip(self.numbers, faulty, strict=True) if fault]
        if faults:
            raise TableError(self.name, faults)


def find_number_columns(rows: Sequence[Row]) -> list[str]:
    """The columns in which most cells that say something look like a number, with a decimal point or comma."""
    found = []
    for name in dict.fromkeys(name for row in rows for name in row):
        cells = [row[name] for row in rows if not is_missing(row.get(name))]
        n_numbers = sum(isinstance(cell, Number) or _NUMERIC.fullmatch(str(cell)) is not None for cell in cells)
        if 2 * n_numbers > len(cells):
            found.append(name)
    return found


def is_missing(cell: Any, words: frozenset[str] = _MISSING) -> bool:
    """Whether a cell says nothing: empty, NaN, or one of the `words` for that."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return True
    return isinstance(cell, str) and cell.strip().lower() in words


def label_of(cell: Any, *, none_is_empty: bool = False) -> str | None:
    """A cell as the label of a group; None where it says nothing."""
    if is_missing(cell, _MISSING if none_is_empty else _NO_LABEL):
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell).strip()
    return text.partition(".")[0] if re.fullmatch(r"\d+\.0+", text) else text


def sort_labels(labels: Sequence[str]) -> list[str]:
    """Distinct labels, numbers by size before words by letter."""

    def order(label: str) -> tuple[int, float, str]:
        try:
            return (0, float(label), label)
        except ValueError:
            return (1, 0.0, label)

    return sorted(set(labels), key=order)


def _number(cell: Any) -> float:
    """The number of a cell. Raises ValueError, with what it is instead, for none or one beyond measure."""
    if isinstance(cell, dt.date):
        raise ValueError("got a date; write the days, months or years since the start of follow-up")
    if isinstance(cell, (dt.time, dt.timedelta)):
        raise ValueError("got a duration; write it as a number of days, months or years")
    try:
        if isinstance(cell, str) and ("_" in cell or not cell.strip().isascii()):
            raise ValueError
        value = float(cell)
    except (TypeError, ValueError):
        raise ValueError(f"got {_shown(cell)}") from None
    if not math.isfinite(value):
        raise ValueError("got one that is infinite or too large for a computer; mend it, or leave the cell empty")
    if value != 0 and not _LEAST < abs(value) < 1 / _LEAST:
        raise ValueError(
            f"got one whose size is not between {_LEAST:g} and {1 / _LEAST:g}; mend it, or use another unit"
        )
    return value


def _event(label: str | None) -> float | None:
    """1 or 0; NaN where the cell says nothing, None where it is neither."""
    if label is None:
        return math.nan
    text = label.lower()
    return 1.0 if text in _YES else 0.0 if text in _NO else None


def _shown(cell: Any) -> str:
    text = str(cell)
    return text if re.fullmatch(r"[+-]?[\d.,_]{1,12}", text) else "a text"
