"""Records of any table by a mapping: the one way from cells of a centre to rows of declared fact tables."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lutrace.core import Column, Row, Source, Table, Type, UnusableInputError, column_letter, convert, has_decimal_comma
from lutrace.ehr.fhir_elements import RecordError
from lutrace.ehr.mapping import IDENTITY_COLUMNS, CellRule, Decimal, Filter, RowRule, TableMapping, unit_of
from lutrace.ehr.mapping_dates import DateReader, find_date_order
from lutrace.ehr.records import Fault, Identity, RecordBatch
from lutrace.ehr.table_cells import parse_cell
from lutrace.ehr.table_records import make_fact_rows, make_identity
from lutrace.tables import LABS, PATIENTS, TREATMENTS
from lutrace.terms import headings, plain_words, tell, tell_column

Records = Sequence[tuple[int, Row]]
"""Records by their number in the source; every record names the same columns."""
_BIRTH_DATE = "birth_date"
_HIDDEN = ("patient_id", "record_key")
_NO_MAP = "add the code to values of that line in the mapping, or say others: keep"
_NUMBERS = (Type.FLOAT, Type.INT)


@dataclass(frozen=True)
class _Plan:
    """One kind of row: its rule, all its columns, which records it takes, and the cells that decide on a row."""

    rule: RowRule
    cells: Mapping[str, CellRule]
    where: Filter
    column: str
    decisive: Sequence[CellRule]
    own: Sequence[CellRule]


@dataclass
class _Reading:
    """What is known of the source as a whole, and what it has given so far."""

    mapping: TableMapping
    records: Records
    name: str
    place: str
    missing: frozenset[str]
    told: Callable[[str], str]
    decimal: Decimal | None = None
    dates: dict[tuple[str, ...], DateReader] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    identities: dict[str, Identity] = field(default_factory=dict)
    persons: dict[str, Row] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    rowless: list[tuple[str, str]] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)


def rows_by_mapping(
    mapping: TableMapping,
    records: Records,
    source: Source,
    *,
    name: str,
    place: str = "row",
    sheet: str | None = None,
    told: Callable[[str], str] | None = None,
) -> RecordBatch:
    """The rows, faults and identities that a mapping makes of records, each with its place such as `row 7`.

    `name` is the name of the file in errors of the whole, `place` what a number counts, `sheet` the sheet of a workbook
    that the records are of, `told` how messages call a column (default: by its letter). Of an entry of `each` the place
    names the column too (`row 7, column E`). Records that no rule takes, and columns that no rule reads, are counted in
    `unread`; what was found out of the whole table (decimal sign, order of dates) stands in `notes`.

    Raises UnusableInputError where a rule reads a column that is not there, or the decimal sign is not one.
    """
    names = list(records[0][1]) if records else []
    rules = mapping.rules_of(sheet)
    if names:
        _check_columns(mapping, rules, names, name)
    missing = frozenset(_code(one) for one in mapping.missing)
    reading = _Reading(mapping, records, name, place, missing, told or functools.partial(tell_column, names))
    if mapping.untested is not None:
        reading.notes[f"the mapping is untested: {mapping.untested}"] = None
    plans = _plans(rules, names) if names else []
    reading.decimal = _decimal(reading, plans)
    for number, record in records:
        _read_record(reading, plans, number, record)
    read = mapping.columns_read()
    left = [one for one in names if one not in read and one not in mapping.not_read]
    for one in left:
        reading.unread[reading.told(one)] += sum(record[one] is not None for _, record in records)
    reading.unread.update(f"rows: {why}" for _, why in reading.rowless)
    return RecordBatch(
        source,
        {table: tuple(rows) for table, rows in reading.rows.items()},
        tuple(reading.identities.values()),
        tuple(reading.faults),
        dict(sorted((+reading.unread).items())),
        tuple(reading.notes),
        rowless=tuple(reading.rowless),
    )


def _check_columns(mapping: TableMapping, rules: Sequence[RowRule], names: Sequence[str], name: str) -> None:
    wanted = TableMapping.model_copy(mapping, update={"rules": tuple(rules)}).columns_read()
    missing = sorted(wanted - set(names))
    if missing:
        raise UnusableInputError(
            f"{name}: the mapping reads the columns {', '.join(map(tell, missing))}, which the table has not; "
            f"found {', '.join(tell_column(names, one) for one in names)}; correct the mapping"
        )


def _decimal(reading: _Reading, plans: Sequence[_Plan]) -> Decimal | None:
    if reading.mapping.decimal is not None:
        return reading.mapping.decimal
    columns = {
        one
        for plan in plans
        for declared, cell in plan.cells.items()
        if cell.decimal is None and _is_number(plan.rule.declared, declared)
        for one in cell.columns
    }
    if not has_decimal_comma(reading.name, reading.records, columns):
        return None
    reading.notes["numbers have a decimal comma, as those that can be read in one way only show"] = None
    return ","


def _is_number(table: Table, name: str) -> bool:
    return name in table.by_name and table.by_name[name].type in _NUMBERS


def _read_record(reading: _Reading, plans: Sequence[_Plan], number: int, record: Row) -> None:
    place = f"{reading.place} {number}"
    if plain_words(str(_cell_value(reading, reading.mapping.patient_id, record) or "")) in headings().footers:
        reading.rowless.append((place, "the row is a sum or another footer"))
        return
    met = [plan for plan in plans if _passes(plan.where, record) and not _holds_any(plan.rule.unless, record)]
    if not met:
        reading.rowless.append((place, "no rule of the mapping takes the row"))
        return
    told = [plan for plan in met if _has_content(reading, plan, record)]
    if not told:
        reading.rowless.append((place, "no value stands in the columns that the mapping reads"))
    for plan in told:
        _read_item(reading, plan, record, place + plan.column)


def _plans(rules: Sequence[RowRule], names: Sequence[str]) -> list[_Plan]:
    """One plan for each kind of row: a rule without entries, or an entry of a rule with what all of them share."""
    plans = []
    for rule in rules:
        for item, own in zip(rule.items(), [one.columns for one in rule.each] or [rule.columns], strict=True):
            first = next((one for cell in own.values() for one in cell.columns), None)
            column = f", column {column_letter(names.index(first))}" if rule.each and first is not None else ""
            decisive = [item.columns[name] for name in rule.only_with if name in item.columns]
            plans.append(_Plan(rule, item.columns, {**rule.where, **item.where}, column, decisive, list(own.values())))
    return plans


def _passes(wanted: Filter, record: Row) -> bool:
    return all(_code(record[name]) in {_code(one) for one in words} for name, words in wanted.items())


def _holds_any(unwanted: Filter, record: Row) -> bool:
    return any(_code(record[name]) in {_code(one) for one in words} for name, words in unwanted.items())


def _code(cell: Any) -> str:
    """A cell as a code: in small letters, without blanks around it; 1.0 is the code 1."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return "" if cell is None else str(cell).strip().casefold()


def _has_content(reading: _Reading, plan: _Plan, record: Row) -> bool:
    if plan.decisive:
        return all(_filled(reading, cell, record) for cell in plan.decisive)
    read = [cell for cell in plan.own if cell.constant is None]
    return not read or plan.rule.declared is PATIENTS or any(_filled(reading, cell, record) for cell in read)


def _filled(reading: _Reading, cell: CellRule, record: Row) -> bool:
    if cell.constant is not None:
        return True
    return any(_known(reading, record.get(name)) is not None for name in cell.columns)


def _known(reading: _Reading, cell: Any) -> Any:
    """The cell, None where it is one of those that mean that nothing is known."""
    return None if cell is None or (reading.missing and _code(cell) in reading.missing) else cell


def _read_item(reading: _Reading, plan: _Plan, record: Row, place: str) -> None:
    table, cells = plan.rule.declared, Row()
    faults: list[RecordError] = []
    made: list[Row] = []
    try:
        cells["patient_id"] = _value(reading, table, "patient_id", reading.mapping.patient_id, record)
        faults = _fill(reading, plan, record, cells)
        if not (faults and table in (LABS, TREATMENTS)):  # these read several cells as one statement
            made = make_fact_rows(table, cells, reading.decimal, reading.unread)
    except RecordError as error:
        faults.append(error)
    if faults:
        readable = {name: cells[name] for name in cells if name in table.by_name and name not in _HIDDEN}
        rule = "; ".join(one.rule for one in faults)
        reading.faults.append(Fault(table.name, place, faults[0].column, rule, faults[0].remedy, readable))
        return
    kept = reading.rows.setdefault(table.name, [])
    for row in made:
        stored = row | {"source_locator": place}
        if table is not PATIENTS or not _joins_person(reading, stored, make_identity(cells)):
            kept.append(stored)


def _joins_person(reading: _Reading, row: Row, identity: Identity) -> bool:
    """Whether a row of a person only adds to what an earlier row says of him; what it adds is then put there.

    A table may name a person in each of its rows, with cells left empty. Rows that contradict each other both stay, and
    the registry says so.
    """
    name = str(row["patient_id"])
    earlier = reading.identities.setdefault(name, identity)
    added = {key: vars(identity)[key] for key in IDENTITY_COLUMNS if vars(earlier)[key] is None}
    reading.identities[name] = replace(earlier, **added)
    known = reading.persons.setdefault(name, row)
    told = {key: value for key, value in row.items() if value is not None and key != "source_locator"}
    if known is row or any(known.get(key) not in (None, value) for key, value in told.items()):
        return False
    known.update(told)
    return True


def _fill(reading: _Reading, plan: _Plan, record: Row, cells: Row) -> list[RecordError]:
    """Put the value of every column of the plan into `cells`; the faults of those that cannot be read."""
    faults = []
    for name, cell in plan.cells.items():
        target = None if cell.unit is None else unit_of(plan.rule.declared, name, plan.cells)
        try:
            cells[name] = _value(reading, plan.rule.declared, name, cell, record, target)
        except RecordError as error:
            faults.append(error)
            cells[name] = None
    return faults


def _value(
    reading: _Reading, table: Table, name: str, cell: CellRule, record: Row, target_unit: str | None = None
) -> Any:
    """The value of one declared column: constant, or cell with its codes, dates and units brought to ours."""
    if cell.constant is not None:
        return cell.constant
    value = _cell_value(reading, cell, record)
    if value is None:
        return None
    if cell.part is not None:
        found = re.search(cell.part, str(value))
        if found is None:
            raise RecordError(name, f"{name} holds no part of the form {cell.part}", "correct part in the mapping")
        value = found.group(1) if found.groups() else found.group(0)
    if cell.values is not None:
        return _mapped(cell, name, value)
    if cell.pad_zeros_to is not None:
        return str(value).strip().zfill(cell.pad_zeros_to)
    column = table.by_name.get(name)
    if name == _BIRTH_DATE or (column is not None and column.type in (Type.DATE, Type.DATETIME)):
        return _dates(reading, cell).iso(value, name)
    if column is not None and column.type in _NUMBERS and (cell.unit or cell.decimal):
        return _number(reading, column, cell, value, target_unit)
    return value


def _cell_value(reading: _Reading, cell: CellRule, record: Row) -> Any:
    if cell.column is not None:
        return _known(reading, record[cell.column])
    parts = [_known(reading, record[name]) for name in cell.join]
    told = [one.isoformat() if hasattr(one, "isoformat") else str(one).strip() for one in parts if one is not None]
    return " ".join(told) or None


def _mapped(cell: CellRule, name: str, value: Any) -> Any:
    assert cell.values is not None
    known = {_code(code): word for code, word in cell.values.items()}
    if _code(value) in known:
        return known[_code(value)]
    if cell.others == "refuse":
        raise RecordError(name, f"{name} holds a code that the mapping does not list", _NO_MAP)
    return value if cell.others == "keep" else None


def _dates(reading: _Reading, cell: CellRule) -> DateReader:
    reader = reading.dates.get(cell.columns)
    if reader is None:
        stated = cell.dates or reading.mapping.dates
        if stated is not None:
            reader = DateReader(stated, "as the mapping says", reading.mapping.short_years_from)
        else:
            told = (_cell_value(reading, cell, record) for _, record in reading.records)
            order, why = find_date_order(told)
            reader = DateReader(order, why, reading.mapping.short_years_from)
            if order is not None:
                columns = " + ".join(map(reading.told, cell.columns))
                reading.notes[f"dates of {columns} are {order}: {why}"] = None
        reading.dates[cell.columns] = reader
    return reader


def _number(reading: _Reading, column: Column, cell: CellRule, value: Any, target_unit: str | None) -> Any:
    number, _ = parse_cell(value, Column(column.name, Type.FLOAT, column.meaning), cell.decimal or reading.decimal)
    if cell.unit is None or target_unit is None:
        return number
    return float(f"{convert(number, cell.unit, target_unit):.12g}")
