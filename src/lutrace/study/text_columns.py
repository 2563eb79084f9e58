"""A table on disk as columns of text, each row with its number in the file; each distinct cell is read once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from lutrace.core import PartialDate, UnusableInputError, check_is_table_file, parse_partial_date, read_numbered_rows

INPUT_ROW = "input_row"
"""The number of a row in its file, as a spreadsheet counts it: the header is row 1."""
_BLOCK_BYTES = 1 << 24
_BATCH_ROWS = 1 << 16
_PORTION_ROWS = 1 << 21
_NEEDS_CARE = (b'"', b"\n\n", b"\n\r\n")
_MEANT_AS_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}")


def read_text_columns(path: Path) -> pa.Table:
    """The columns of a CSV, TSV, XLSX or Parquet file as stripped text (empty cells null), and `input_row`.

    A column of the file that is called `input_row` itself becomes `input_row_given`. Raises UnusableInputError for a
    file that cannot be read, or that has both.
    """
    return pa.concat_tables(read_text_portions(path))


def read_text_portions(path: Path, n_rows: int = _PORTION_ROWS) -> Iterator[pa.Table]:
    """What `read_text_columns` gives, some `n_rows` rows at a time: no more of a Parquet, CSV or TSV file is held.

    At least one portion, if without rows. A workbook, and a delimited file with quotes, are held as a whole.
    """
    check_is_table_file(path)
    ending = path.suffix.lower()
    opened = (
        _open_parquet(path, n_rows)
        if ending == ".parquet"
        else _open_plain(path)
        if ending in (".csv", ".tsv")
        else None
    )
    if opened is None:
        yield _read_with_care(path)
        return
    schema, batches = opened
    names = _free_names(path, schema.names)
    begin = 2
    for given in _gather(schema, batches, n_rows):
        table = pa.table([_stripped(_as_text(column)) for column in given.columns], names=names)
        yield table.append_column(INPUT_ROW, pa.array(np.arange(begin, begin + len(table), dtype=np.int64)))
        begin += len(table)


def _gather(schema: pa.Schema, batches: Iterable[pa.RecordBatch], n_rows: int) -> Iterator[pa.Table]:
    """Tables of at least so many rows, the last with what is left."""
    held: list[pa.RecordBatch] = []
    begun = False
    for batch in batches:
        held.append(batch)
        if sum(one.num_rows for one in held) >= n_rows:
            yield pa.Table.from_batches(held, schema)
            held, begun = [], True
    if held or not begun:
        yield pa.Table.from_batches(held, schema)


def read_each_once(column: pa.ChunkedArray, read: Callable[[str], tuple[Any, ...]], kinds: list[pa.DataType]) -> Any:
    """Arrays of what `read` makes of each cell, which it is asked once per distinct text; null cells give nulls."""
    encoded = column.combine_chunks().dictionary_encode()
    found = [read(text) for text in encoded.dictionary.to_pylist()]
    return [pa.array([parts[place] for parts in found], kind).take(encoded.indices) for place, kind in enumerate(kinds)]


def read_date(text: str) -> tuple[PartialDate | None, str | None]:
    """The date of a cell, or what is wrong with it; a cell that does not look like a date is not repeated."""
    try:
        return parse_partial_date(text.split(" ")[0]), None
    except UnusableInputError:
        found = f", got {text}" if _MEANT_AS_DATE.fullmatch(text) else ""
        return None, f"expected a date like 2023-05-17{found}"


def find_empty_cells(table: pa.Table, column: str) -> Any:
    """`no <column>` for each row whose cell is empty, else null."""
    return pc.if_else(pc.is_null(table[column]), f"no {column}", pa.scalar(None, pa.string()))


def _open_parquet(path: Path, n_rows: int) -> tuple[pa.Schema, Iterable[pa.RecordBatch]]:
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise UnusableInputError(f"{path.name}: not a readable Parquet file") from error
    return file.schema_arrow, file.iter_batches(min(n_rows, _BATCH_ROWS))


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32(), safe=False)
    return column.cast(pa.string())


def _open_plain(path: Path) -> tuple[pa.Schema, Iterable[pa.RecordBatch]] | None:
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
        for _ in _read_plain(path, names, mark):  # a ragged row may come last
            pass
        reader = _read_plain(path, names, mark)
    except pa.ArrowInvalid:
        return None
    return reader.schema, reader


def _read_plain(path: Path, names: list[str], mark: str) -> pa_csv.CSVStreamingReader:
    return pa_csv.open_csv(
        path,
        read_options=pa_csv.ReadOptions(column_names=names, skip_rows=1, block_size=_BLOCK_BYTES),
        parse_options=pa_csv.ParseOptions(delimiter=mark, quote_char=False),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        ),
    )


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
