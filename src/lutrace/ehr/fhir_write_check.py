"""A FHIR export read again: which rows, and which of their columns, it does not give back as they were."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from lutrace.core import Row, parse_partial_date
from lutrace.ehr.fhir import read_fhir
from lutrace.ehr.fhir_writing import partial
from lutrace.tables import FACT_TABLES, PROVENANCE

_APART = frozenset({"record_key", *(column.name for column in PROVENANCE)})
_DAYS = ("date", "begin_date", "administered_date")


def find_changes(
    folder: Path, tables: Mapping[str, Sequence[Row]], unwritten: Container[str]
) -> Counter[tuple[str, str, str]]:
    """Table, column and how it differs, with the number of rows; the column is empty of a row that is lost or added.

    Compared are the rows of `tables`, without those that are `unwritten` (by `row_id`), with those of the files.
    """
    again: dict[str, list[Row]] = defaultdict(list)
    for batch in read_fhir(folder):
        for name, rows in batch.rows.items():
            again[name] += rows
    changes: Counter[tuple[str, str, str]] = Counter()
    for name in sorted(tables.keys() | again.keys()):
        written = [row for row in tables.get(name, ()) if row["row_id"] not in unwritten]
        changes.update(_changes_of_table(name, written, again[name]))
    return changes


def _changes_of_table(name: str, rows: Sequence[Row], again: Sequence[Row]) -> Counter[tuple[str, str, str]]:
    columns = [column.name for column in FACT_TABLES[name].columns if column.name not in _APART]
    given = Counter(tuple(_as_known(row, column) for column in columns) for row in rows)
    read = Counter(tuple(row.get(column) for column in columns) for row in again)
    apart = [columns.index(one) for one in ("patient_id", *_DAYS) if one in columns]
    lost, more = (_by_parts(side, apart) for side in (given - read, read - given))
    changes: Counter[tuple[str, str, str]] = Counter()
    for place, missing in lost.items():
        for row in missing:
            others = more.get(place, [])
            if not others:
                changes[name, "", "the row is not read back"] += 1
                continue
            nearest = min(others, key=lambda other: sum(a != b for a, b in zip(row, other, strict=True)))
            others.remove(nearest)
            for column, before, after in zip(columns, row, nearest, strict=True):
                if before != after:
                    changes[name, column, _difference(before, after)] += 1
    added = sum(len(others) for others in more.values())
    if added:
        changes[name, "", "a row is read that was none"] = added
    return changes


def _difference(before: Any, after: Any) -> str:
    if before is None:
        return "was empty, and reads back filled"
    return "reads back empty" if after is None else "reads back as another value"


def _as_known(row: Row, column: str) -> Any:
    """The value of a column; of a partial date the first day that it can mean, also where its day was moved."""
    precision = row.get(f"{column}_precision")
    written = partial(row[column], precision) if precision is not None else None
    return parse_partial_date(written).first_day() if written is not None else row.get(column)


def _by_parts(rows: Counter[tuple[Any, ...]], parts: Sequence[int]) -> dict[tuple[Any, ...], list[tuple[Any, ...]]]:
    found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows.elements():
        found[tuple(row[part] for part in parts)].append(row)
    return found
