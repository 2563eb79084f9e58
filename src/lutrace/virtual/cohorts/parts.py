"""Rows of declared tables as columns, made in parts and written part by part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Dates = NDArray[np.datetime64]
Texts = NDArray[Any]
Column = NDArray[Any]

PART_SIZE = 20_000
"""Patients that are drawn and written at a time."""


@dataclass(frozen=True, eq=False)
class TablePart:
    """Some rows of one table: its file's name without ending, and the columns; NaN, NaT and None are empty cells."""

    table: str
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values())))


def days_after(start: Dates, days: Column) -> Dates:
    """The calendar days so many days after `start`; NaT where days are not finite."""
    known = np.isfinite(days)
    moved = start + np.where(known, np.floor(np.where(known, days, 0.0)), 0).astype("timedelta64[D]")
    return np.asarray(np.where(known, moved, np.datetime64("NaT")))


def constant(text: str, n: int) -> Texts:
    """A column that says the same in each of `n` rows."""
    return np.full(n, text)


def text_where(there: Bools, text: str) -> Texts:
    """A column that says `text` where `there`, and nothing else."""
    return np.where(there, np.array(text, dtype=object), np.array(None, dtype=object))


class TableWriter:
    """Writes parts to one CSV file per table in `folder`, each with its header once; a context manager."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._open: dict[str, csv.CSVWriter] = {}
        self.rows: dict[str, int] = {}
        """Rows written so far, by table."""

    def write(self, part: TablePart) -> None:
        """Append the rows of a part; the columns of a table are the same in each part."""
        arrays = {name: _array(values) for name, values in part.columns.items()}
        table = pa.table(arrays)
        if part.table not in self._open:
            options = csv.WriteOptions(quoting_style="needed")
            self._open[part.table] = csv.CSVWriter(
                self._folder / f"{part.table}.csv", table.schema, write_options=options
            )
        self._open[part.table].write_table(table)
        self.rows[part.table] = self.rows.get(part.table, 0) + len(part)

    def __enter__(self) -> TableWriter:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all files."""
        for one in self._open.values():
            one.close()


def _array(values: Column) -> pa.Array:
    if values.dtype.kind in "UO":
        return pa.array(values, type=pa.string())
    if values.dtype.kind == "M":
        return pa.array(values.astype("datetime64[D]"), type=pa.date32())
    return pa.array(values, from_pandas=True)
