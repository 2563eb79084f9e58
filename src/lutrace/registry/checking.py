"""Rows against their declaration: types, codes, null rule, bounds, unknown columns, one row per key."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lutrace.core import Column, Row, Table, Type, UnusableInputError, canonical_json, parse_partial_date, tell_cell
from lutrace.registry.batch import RefusedRow

OWN = ("row_id", "source_id", "changed_by")
"""Provenance that the registry writes itself."""

_PLAIN: dict[Type, set[type]] = {
    Type.TEXT: {str},
    Type.INT: {int},
    Type.FLOAT: {float, int},
    Type.BOOL: {bool},
    Type.DATE: {dt.date},
    Type.DATETIME: {dt.datetime},
    Type.JSON: set(),
}
"""Python types that need no parsing, by column type."""


@dataclass(frozen=True)
class Breach:
    """One rule that one row broke."""

    column: str | None
    rule: str
    remedy: str


@dataclass(frozen=True)
class CheckedRows:
    """The rows that obey their declaration, typed and with provenance, and the others with the rules they broke."""

    table: Table
    good: pa.Table
    refused: tuple[RefusedRow, ...]


class BadValueError(Exception):
    """A value that its column cannot hold; the text is the rule."""


def check_rows(table: Table, rows: Sequence[Row], source_id: str) -> CheckedRows:
    """Check rows of one table and give them their provenance.

    Text dates are parsed; a partial one becomes its first day with its precision. Identical rows of one key become
    one, contradicting ones are all refused.
    """
    breaches: dict[int, list[Breach]] = defaultdict(list)
    _find_unknown_columns(table, rows, breaches)
    columns: dict[str, list[Any]] = {}
    precisions: dict[str, dict[int, str]] = {}
    for column in table.columns:
        if column.name in OWN:
            continue
        given = [row.get(column.name) for row in rows]
        if column.name in precisions:
            stated = precisions[column.name]
            given = [stated.get(index) if value is None else value for index, value in enumerate(given)]
        if column.type is Type.DATE:
            values, known = _parse_dates(table, column, given, breaches)
            precisions[f"{column.name}_precision"] = known
        else:
            values = _parse_values(column, given, breaches)
        _find_broken_rules(column, values, breaches)
        columns[column.name] = values
    row_ids = _row_ids(table, columns, len(rows))
    kept = _one_per_key(table, rows, columns, row_ids, breaches)
    refused = tuple(_refused(table, rows[index], found) for index, found in sorted(breaches.items()))
    columns["row_id"] = row_ids
    columns["source_id"] = [source_id] * len(rows)
    columns["changed_by"] = [None] * len(rows)
    arrays = {}
    for column in table.columns:
        values = columns[column.name]
        chosen = values if len(kept) == len(rows) else [values[index] for index in kept]
        arrays[column.name] = pa.array(chosen, column.arrow_type)
    return CheckedRows(table, pa.table(arrays), refused)


def parse_value(column: Column, value: Any) -> Any:
    """One value in the column's type, its codes and bounds checked; raises UnusableInputError with the rule broken.

    A text is read as the column's type: this is how an override's new value is understood.
    """
    if isinstance(value, str) and column.type is not Type.TEXT:
        value = _from_text(column, value)
    breaches: dict[int, list[Breach]] = defaultdict(list)
    values = _parse_values(column, [value], breaches)
    _find_broken_rules(column, values, breaches)
    if breaches:
        found = breaches[0][0]
        raise UnusableInputError(f"{column.name}: {found.rule}; {found.remedy}")
    return values[0]


def _from_text(column: Column, text: str) -> Any:
    try:
        match column.type:
            case Type.INT:
                return int(text)
            case Type.FLOAT:
                return float(text)
            case Type.BOOL:
                return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]
            case Type.DATE:
                return dt.date.fromisoformat(text)
    except (ValueError, KeyError) as error:
        raise UnusableInputError(f"{column.name}: expected {_expected(column)}, got {tell_cell(text)}") from error
    return text


def _find_unknown_columns(table: Table, rows: Sequence[Row], breaches: Mapping[int, list[Breach]]) -> None:
    allowed = set(table.by_name) - set(OWN)
    for index, row in enumerate(rows):
        if not row.keys() <= allowed:
            unknown = sorted(str(name) for name in row.keys() - allowed)
            rule = f"{table.name} has no column {', '.join(unknown)}"
            breaches[index].append(Breach(None, rule, "name the columns as `lutrace schema` lists them"))


def _parse_values(column: Column, given: list[Any], breaches: Mapping[int, list[Breach]]) -> list[Any]:
    kinds = set(map(type, given)) - {type(None)}
    if kinds <= _PLAIN[column.type]:
        if column.type is Type.FLOAT:
            return _finite(column, given, breaches)
        plain = column.type in (Type.BOOL, Type.DATE) or (column.type is Type.TEXT and "" not in given)
        if plain:
            return given
    parse = _PARSERS[column.type]
    return [
        None if value is None else _checked(column, index, value, parse, breaches) for index, value in enumerate(given)
    ]


def _finite(column: Column, given: list[Any], breaches: Mapping[int, list[Breach]]) -> list[Any]:
    values = [None if value is None else float(value) for value in given]
    for index, value in enumerate(values):
        if value is not None and not math.isfinite(value):
            values[index] = None
            breaches[index].append(_type_breach(column, given[index]))
    return values


def _checked(
    column: Column,
    index: int,
    value: Any,
    parse: Callable[[Any], Any],
    breaches: Mapping[int, list[Breach]],
) -> Any:
    if value is None:
        return None
    try:
        return parse(value.item() if hasattr(value, "item") else value)
    except (BadValueError, ValueError):
        breaches[index].append(_type_breach(column, value))
        return None


def _type_breach(column: Column, value: Any) -> Breach:
    return Breach(
        column.name,
        f"{column.name} must be {_expected(column)}, got {type(value).__name__}",
        f"correct {column.name} at the source",
    )


def _expected(column: Column) -> str:
    words = {
        Type.TEXT: "text",
        Type.INT: "a whole number",
        Type.FLOAT: "a finite number",
        Type.BOOL: "true or false",
        Type.DATE: "a date like 2023-05-17",
        Type.DATETIME: "a date-time without zone like 2023-05-17T10:30:00",
        Type.JSON: "JSON",
    }
    unit = f" in {column.unit}" if column.unit not in (None, "1") else ""
    return words[column.type] + unit


def _as_text(value: Any) -> str | None:
    if not isinstance(value, str):
        raise BadValueError
    return value or None


def _as_int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
        raise BadValueError
    if abs(value) >= 2**63:
        raise BadValueError
    return int(value)


def _as_float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadValueError
    return float(value)


def _as_bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValueError
    return value


def _as_datetime(value: Any) -> dt.datetime:
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    if not isinstance(value, dt.datetime) or value.tzinfo is not None:
        raise BadValueError
    return value


def _as_json(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return canonical_json(value)
    except TypeError as error:
        raise BadValueError from error


def _as_date(value: Any) -> dt.date:
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        raise BadValueError
    return value


_PARSERS: dict[Type, Callable[[Any], Any]] = {
    Type.TEXT: _as_text,
    Type.INT: _as_int,
    Type.FLOAT: _as_float,
    Type.BOOL: _as_bool,
    Type.DATE: _as_date,
    Type.DATETIME: _as_datetime,
    Type.JSON: _as_json,
}


def _parse_dates(
    table: Table, column: Column, given: list[Any], breaches: Mapping[int, list[Breach]]
) -> tuple[list[Any], dict[int, str]]:
    has_precision = f"{column.name}_precision" in table.by_name
    kinds = set(map(type, given))
    if kinds <= {dt.date, type(None)}:
        known = {index: "day" for index, value in enumerate(given) if value is not None} if has_precision else {}
        return given, known
    values: list[Any] = []
    precisions: dict[int, str] = {}
    for index, value in enumerate(given):
        parsed, precision, breach = _parse_date(column, value, has_precision=has_precision)
        values.append(parsed)
        if precision is not None:
            precisions[index] = precision
        if breach is not None:
            breaches[index].append(breach)
    return values, precisions


def _parse_date(column: Column, value: Any, *, has_precision: bool) -> tuple[dt.date | None, str | None, Breach | None]:
    if value is None:
        return None, None, None
    if isinstance(value, str):
        try:
            partial = parse_partial_date(value)
        except UnusableInputError:
            return None, None, _type_breach(column, value)
        if partial.precision != "day" and not has_precision:
            rule = f"{column.name} must be known to the day, got a {partial.precision}"
            return None, None, Breach(column.name, rule, f"give the day of {column.name}")
        return partial.first_day(), partial.precision, None
    try:
        return _as_date(value), "day", None
    except BadValueError:
        return None, None, _type_breach(column, value)


def _find_broken_rules(column: Column, values: list[Any], breaches: Mapping[int, list[Breach]]) -> None:
    array = pa.array(values, column.arrow_type)
    if column.null is None and array.null_count:
        told = {index for index, found in breaches.items() if any(breach.column == column.name for breach in found)}
        for index in _where(pc.is_null(array)):
            if index not in told:
                rule = f"{column.name} may not be empty"
                breaches[index].append(Breach(column.name, rule, f"give {column.name} at the source"))
    if column.codes is not None:
        allowed = pa.array(column.codes, pa.string())
        outside = pc.and_(pc.is_valid(array), pc.invert(pc.is_in(array, allowed)))
        for index in _where(outside):
            rule = f"{column.name} must be one of {', '.join(column.codes)}"
            breaches[index].append(Breach(column.name, rule, f"map {column.name} to one of these codes"))
    for bound, outside, words in (
        (column.low, pc.less, "at least"),
        (column.high, pc.greater, "at most"),
    ):
        if bound is None:
            continue
        for index in _where(outside(array, pa.scalar(bound, pa.float64()))):
            unit = f" {column.unit}" if column.unit not in (None, "1") else ""
            rule = f"{column.name} must be {words} {bound:g}{unit}, got {tell_cell(values[index])}"
            breaches[index].append(Breach(column.name, rule, f"correct {column.name} or its unit at the source"))


def _where(flags: pa.Array) -> list[int]:
    found: list[int] = pc.indices_nonzero(pc.fill_null(flags, False)).to_pylist()
    return found


def _row_ids(table: Table, columns: Mapping[str, list[Any]], n: int) -> list[str]:
    if not n:
        return []
    keys = [columns[name] for name in table.key]
    return [table.row_id(dict(zip(table.key, values, strict=True))) for values in zip(*keys, strict=True)]


def _one_per_key(
    table: Table,
    rows: Sequence[Row],
    columns: Mapping[str, list[Any]],
    row_ids: Sequence[str],
    breaches: dict[int, list[Breach]],
) -> list[int]:
    """The indices of the rows to keep; contradicting rows of one key are added to the breaches."""
    names = [column.name for column in table.columns if column.name not in (*OWN, "source_locator")]
    first: dict[str, int] = {}
    twins: dict[str, list[int]] = {}
    kept: list[int] = []
    for index, row_id in enumerate(row_ids):
        if index in breaches:
            continue
        if row_id in first:
            twins.setdefault(row_id, [first[row_id]]).append(index)
            continue
        first[row_id] = index
        kept.append(index)
    contradicting: set[int] = set()
    for indices in twins.values():
        if len({tuple(columns[name][index] for name in names) for index in indices}) == 1:
            continue
        contradicting.update(indices)
        for index in indices:
            others = ", ".join(str(rows[other].get("source_locator")) for other in indices if other != index)
            rule = f"another row of the same {' + '.join(table.key)} says otherwise (at {others})"
            breaches[index].append(Breach(None, rule, "correct one of the rows at the source"))
    return [index for index in kept if index not in contradicting] if contradicting else kept


def _refused(table: Table, row: Row, breaches: Sequence[Breach]) -> RefusedRow:
    names = dict.fromkeys(breach.column for breach in breaches if breach.column is not None)
    locator = row.get("source_locator")
    return RefusedRow(
        table.name,
        str(locator) if locator is not None else None,
        "; ".join(names) or None,
        "; ".join(breach.rule for breach in breaches),
        "; ".join(dict.fromkeys(breach.remedy for breach in breaches)),
        {name: value for name, value in row.items() if name in table.by_name and name not in OWN},
    )
