"""The digest of a table's content: the same on every machine, whatever file format or library version holds it."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lutrace.core import Table, Type


def table_digest(declared: Table, rows: pa.Table) -> str:
    """SHA-256 of the names, types and values of a table's rows in their order.

    Each column gives which values are empty, then the values: text as lengths and UTF-8 bytes, numbers little-endian,
    minus zero as zero, dates as days and date-times as microseconds since 1970.
    """
    sha = hashlib.sha256()
    sha.update(f"{declared.name}\0{rows.num_rows}\0".encode())
    for column in declared.columns:
        sha.update(f"{column.name}\0{column.type}\0".encode())
        values = rows.column(column.name).combine_chunks()
        sha.update(np.packbits(pc.is_null(values).to_numpy(zero_copy_only=False)).tobytes())
        if column.type in (Type.TEXT, Type.JSON):
            filled = pc.fill_null(values, "")
            sha.update(pc.binary_length(filled).to_numpy(zero_copy_only=False).astype("<i8").tobytes())
            sha.update("".join(filled.to_pylist()).encode())
        else:
            sha.update(_number_bytes(column.type, values))
    return sha.hexdigest()


def _number_bytes(kind: Type, values: pa.Array) -> bytes:
    match kind:
        case Type.FLOAT:
            numbers = pc.fill_null(values, 0.0).to_numpy(zero_copy_only=False).astype("<f8") + 0.0
        case Type.BOOL:
            numbers = pc.fill_null(values, False).to_numpy(zero_copy_only=False).astype("u1")
        case Type.DATE:
            numbers = pc.fill_null(values.cast(pa.int32()), 0).to_numpy(zero_copy_only=False).astype("<i8")
        case _:
            numbers = pc.fill_null(values.cast(pa.int64()), 0).to_numpy(zero_copy_only=False).astype("<i8")
    return bytes(numbers.tobytes())
