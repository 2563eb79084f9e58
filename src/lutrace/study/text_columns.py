"""A table on disk as columns of text, each row with its number in the file; each distinct cell is read once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from lutrace.core import UnusableInputError, check_is_table_file, read_numbered_rows

INPUT_ROW = "input_row"
"""The number of a row in its file, as a spreadsheet counts it: the header is row 1."""
_BLOCK_BYTES = 1 << 24
_NEEDS_CARE = (b'"', b"\n\n", b"\n\r\n")


def read_text_columns(path: Path) -> pa.Table:
    """The columns of a CSV, TSV, XLSX or Parquet file as stripped text (empty cells null), and `input_row`.

    A column of the file that is called `input_row` itself becomes `input_row_given`. Raises UnusableInputError for a
    file that cannot be read, or that has both.
    """
    check_is_table_file(path)
    ending = path.suffix.lower()
    table = _read_parquet(path) if ending == ".parquet" else _read_plain(path) if ending in (".csv", ".tsv") else None
    if table is None:
        return _read_with_care(path)
    table = table.rename_columns(_free_names(path, table.column_names))
    return table.append_column(INPUT_ROW, pa.array(np.arange(table.num_rows, dtype=np.int64) + 2))


def read_each_once(column: pa.ChunkedArray, read: Callable[[str], tuple[Any, ...]], kinds: list[pa.DataType]) -> Any:
    """Arrays of what `read` makes of each cell, which it is asked once per distinct text; null cells give nulls."""
    encoded = column.combine_chunks().dictionary_encode()
    found = [read(text) for text in encoded.dictionary.to_pylist()]
    return [pa.array([parts[place] for parts in found], kind).take(encoded.indices) for place, kind in enumerate(kinds)]


def _read_parquet(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise UnusableInputError(f"{path.name}: not a readable Parquet file") from error
    return pa.table({name: _stripped(_as_text(table[name])) for name in table.column_names})


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32(), safe=False)
    return column.cast(pa.string())


def _read_plain(path: Path) -> pa.Table | None:
    """A delimited file by Arrow's reader, when no quote, blank line or ragged row asks for more care; else None."""
    with path.open("rb") as file:
        head = file.readline().removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
        blocks = iter(lambda: file.read(_BLOCK_BYTES), b"")
        if '"' in head or any(mark in block for block in blocks for mark in _NEEDS_CARE):
            return None
    mark = "\t" if path.suffix.lower() == ".tsv" else ";" if head.count(";") > head.count(",") else ","
    names = [name.strip() for name in head.strip("\r\n").split(mark)]
    if len(set(names)) != len(names) or "" in names:
        return None
    try:
        table = pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(column_names=names, skip_rows=1),
            parse_options=pa_csv.ParseOptions(delimiter=mark, quote_char=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowInvalid:
        return None
    return pa.table({name: _stripped(table[name]) for name in names})


def _stripped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _read_with_care(path: Path) -> pa.Table:
    numbered = read_numbered_rows(path)
    names = list(dict.fromkeys(name for _, row in numbered for name in row))
    columns = {
        free: pa.array([None if row.get(name) is None else str(row[name]) for _, row in numbered], pa.string())
        for free, name in zip(_free_names(path, names), names, strict=True)
    }
    return pa.table({**columns, INPUT_ROW: pa.array([number for number, _ in numbered], pa.int64())})


def _free_names(path: Path, names: list[str]) -> list[str]:
    free = [f"{name}_given" if name == INPUT_ROW else name for name in names]
    if len(set(free)) != len(free):
        raise UnusableInputError(f"{path.name}: has {INPUT_ROW} and {INPUT_ROW}_given; rename one of them")
    return free


def write_table(path: Path, table: pa.Table) -> None:
    """Write an Arrow table to a Parquet file as it stands, without making rows of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
