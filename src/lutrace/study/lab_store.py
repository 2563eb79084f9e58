"""The rows of a laboratory table on their way to grades, in files of their own: a table need not fit into memory."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lutrace.study.lab_file import read_lab_portions
from lutrace.study.text_columns import INPUT_ROW


class Scratch:
    """A folder for rows under way, removed with the last object that holds it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lutrace-grades-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


class LabStore:
    """The rows of a file as given and as read (`read` is the path), and the `analytes` found.

    Raises UnusableInputError for a file that cannot be read or lacks a column.
    """

    def __init__(self, path: Path, scratch: Scratch) -> None:
        self._given, self.read = (scratch.folder / f"{name}.parquet" for name in ("given", "read"))
        portions = read_lab_portions(path)
        first = next(portions)
        analytes = set(first.analytes)
        with (
            pq.ParquetWriter(self._given, first.given.schema) as given,
            pq.ParquetWriter(self.read, first.read.schema) as read,
        ):
            _write_group(given, first.given)
            _write_group(read, first.read)
            for portion in portions:
                _write_group(given, portion.given)
                _write_group(read, portion.read)
                analytes |= portion.analytes
        self.analytes = frozenset(analytes)

    def portions(self) -> Iterator[tuple[pa.Table, ir.Table]]:
        """The rows as given, and an expression of the same rows as read, a portion at a time."""
        rows = ibis.read_parquet(self.read)
        with pq.ParquetFile(self._given) as given:
            for number in range(given.num_row_groups):
                table = given.read_row_group(number)
                span = pc.min_max(table[INPUT_ROW])
                yield table, rows.filter(rows[INPUT_ROW].between(span["min"].as_py(), span["max"].as_py()))


def _write_group(writer: pq.ParquetWriter, table: pa.Table) -> None:
    writer.write_table(table, row_group_size=max(len(table), 1))
