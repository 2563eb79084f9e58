"""From a plain table to a fitted model: the file read, its numbers understood, the model by its name."""

from __future__ import annotations

from pathlib import Path

from lutrace.core import read_numbered_rows, with_decimal_points
from lutrace.models import FitCall, PlainFit, PlainTable, find_number_columns, fit_plain


def run_fit(source: Path, call: FitCall) -> PlainFit:
    """The estimates of one model on a CSV, TSV, XLSX or Parquet table, with its checks and warnings.

    Raises UnusableInputError for a file or a call that cannot be used, TableError with the rows that are wrong, and
    EstimationError where the data have no answer.
    """
    numbered = read_numbered_rows(source)
    numbers = find_number_columns([row for _, row in numbered])
    numbered = with_decimal_points(source, numbered, numbers)
    table = PlainTable(source.name, tuple(number for number, _ in numbered), tuple(row for _, row in numbered))
    return fit_plain(table, call)
