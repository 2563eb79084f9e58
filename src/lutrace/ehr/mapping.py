"""A mapping: what a centre states about its own table, so that each row of it becomes rows of declared fact tables."""

from __future__ import annotations

import functools
import re
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from lutrace.core import (
    AfterValidator,
    BeforeValidator,
    Column,
    Field,
    FrozenModel,
    Table,
    Type,
    UnusableInputError,
    convert,
    is_slip_of,
    parse_document,
    read_document,
    suggest,
)
from lutrace.tables import FACT_TABLES, LABS, PATIENTS, PROVENANCE, REGION_STATISTICS
from lutrace.terms import (
    analyte_named,
    analyte_names,
    analyte_spellings,
    table_mapping_names,
    table_mapping_text,
    tell,
)

OPEN = "?"
"""What stands in a proposed mapping where a person must decide; a mapping that still holds it is refused."""
IDENTITY_COLUMNS = ("family", "given", "birth_date")
"""Columns of a row of patients that go to the identities file only."""
LAB_COLUMNS = ("date", "time", "analyte", "loinc", "value", "unit", "lln", "uln")
"""What a rule for labs may state: the result as reported; the canonical columns are computed."""

Decimal = Literal[".", ","]
DateOrder = Literal["iso", "dmy", "mdy", "ymd", "excel", "excel1904"]
"""How dates are written; `excel` are the days that a spreadsheet counts (from 1899-12-30, or from 1904-01-01)."""
Scalar = str | int | float | bool
_VITAL_UNITS = {"height_cm": "cm", "weight_kg": "kg", "bmi_kg_m2": "kg/m^2"}
_COMPUTED = ("record_key", *(column.name for column in PROVENANCE))
_NOT_FROM_TABLES = ("overrides", "reviews")


class CellRule(FrozenModel):
    """Where the value of one declared column comes from: a column, several joined by a blank, or a constant.

    `values` gives, by the code in the cell, the word of the vocabulary (empty: no value); a code that is not listed is
    refused, unless `others` says to keep it or to leave it empty. `unit` is that of the numbers in the cells, which are
    converted to the unit of the declared column. `part` is a pattern whose group is the part of the cell to read.
    """

    column: str | None = None
    join: tuple[str, ...] = ()
    constant: Scalar | None = None
    values: dict[str, Scalar | None] | None = None
    others: Literal["refuse", "keep", "empty"] = "refuse"
    part: str | None = None
    unit: str | None = None
    dates: DateOrder | None = None
    decimal: Decimal | None = None
    pad_zeros_to: int | None = Field(default=None, ge=1, le=64)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the source that it reads."""
        return self.join if self.column is None else (self.column,)


def _as_cell_rule(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _as_words(value: Any) -> Any:
    return [str(one) for one in value] if isinstance(value, list | tuple) else (str(value),)


def _checked_cell(cell: CellRule) -> CellRule:
    if OPEN in (*cell.columns, cell.constant, cell.unit, cell.dates):
        raise ValueError(f"is open ({OPEN}); state it, or take the line out")
    given = [cell.column is not None, bool(cell.join), cell.constant is not None]
    if sum(given) != 1:
        raise ValueError("expected one of column, join and constant")
    if cell.part is not None and not _is_pattern(cell.part):
        raise ValueError("part is no regular expression; close its brackets, write \\. for a point")
    if cell.values and any(value == OPEN for value in cell.values.values()):
        raise ValueError(f"values that are open ({OPEN}); state what each code means, or leave it empty")
    return cell


Cell = Annotated[CellRule, BeforeValidator(_as_cell_rule), AfterValidator(_checked_cell)]
Cells = dict[str, Cell]
Words = Annotated[tuple[str, ...], BeforeValidator(_as_words)]
Filter = dict[str, Words]
"""By a column of the source, the cells that it may hold; upper and lower case do not matter."""


class Item(FrozenModel):
    """One of several rows that a wide row gives: one analyte, one cycle, one item of a questionnaire."""

    columns: Cells
    where: Filter = Field(default_factory=dict)


class RowRule(FrozenModel):
    """Rows of one fact table: one for each row of the source, or one for each entry of `each`.

    `columns` are shared by all entries. An entry gives no row where none of its own columns holds anything; `only_with`
    names declared columns that must all hold something instead. `where` and `unless` choose rows of the source.
    `sheet` and `header_rows` are those of the mapping where the rule states none.
    """

    table: str
    sheet: str | None = None
    header_rows: tuple[Annotated[int, Field(ge=1)], ...] = ()
    columns: Cells = Field(default_factory=dict)
    each: tuple[Item, ...] = ()
    only_with: Words = ()
    where: Filter = Field(default_factory=dict)
    unless: Filter = Field(default_factory=dict)

    @property
    def declared(self) -> Table:
        """The fact table of the rows."""
        return FACT_TABLES[self.table]

    def items(self) -> tuple[Item, ...]:
        """The entries, each with all its columns: those of the rule and its own."""
        if not self.each:
            return (Item(columns=self.columns),)
        return tuple(Item(columns={**self.columns, **one.columns}, where=one.where) for one in self.each)

    def own_columns(self, number: int) -> Cells:
        """The columns that decide whether entry `number` gives a row."""
        return self.each[number].columns if self.each else self.columns


def _checked_rule(rule: RowRule) -> RowRule:
    if rule.table == OPEN:
        raise ValueError(f"table is open ({OPEN}); {_expected(FACT_TABLES)}")
    if rule.table not in FACT_TABLES or rule.table in _NOT_FROM_TABLES:
        meant = suggest(rule.table, FACT_TABLES)
        raise ValueError(f"no fact table is called {tell_key(rule.table)}; {meant or _expected(FACT_TABLES)}")
    faults = []
    for number, item in enumerate(rule.items(), start=1):
        place = f"each {number}: " if rule.each else ""
        faults += [place + words for words in _faults_of(rule, item.columns)]
    if faults:
        raise ValueError("; ".join(dict.fromkeys(faults)))
    return rule


def _faults_of(rule: RowRule, cells: Cells) -> list[str]:
    table, allowed = rule.declared, known_columns(rule.declared, cells)
    faults = []
    for name in [*cells, *rule.only_with]:
        if name not in allowed:
            meant = suggest(name, allowed)
            faults.append(f"{rule.table} has no column {tell_key(name)}; {meant or _expected(allowed)}")
    missing = [name for name in needed_columns(table, cells) if name not in cells]
    if is_short_lab(table, cells) and not {"analyte", "loinc"} & set(cells):
        missing.append("analyte (or loinc)")
    if missing:
        faults.append(f"{rule.table} needs {', '.join(missing)}")
    for name, cell in cells.items():
        if name in table.by_name and (fault := _constant_fault(table.by_name[name], cell)) is not None:
            faults.append(fault)
        if table is REGION_STATISTICS and cell.unit is None and unit_of(table, name, cells) is not None:
            faults.append(f"{name}: no unit is stated, and software differs; add unit (g/mL, mL, cm^3, g)")
        if name in allowed and cell.unit is not None and (fault := _unit_fault(table, name, cells)) is not None:
            faults.append(fault)
    return faults


def _expected(names: Iterable[str]) -> str:
    return f"expected one of {', '.join(names)}"


def _constant_fault(column: Column, cell: CellRule) -> str | None:
    said = [cell.constant] if cell.constant is not None else list((cell.values or {}).values())
    if column is LABS.by_name["analyte"]:
        others = [one for one in said if one is not None and analyte_named(str(one)) is None]
        meant = suggest(str(others[0]), analyte_spellings()) if others else None
        return (
            f"no analyte is called {tell_key(str(others[0]))}; {meant or _expected(analyte_names())}"
            if others
            else None
        )
    unknown = [one for one in said if one is not None and column.codes is not None and str(one) not in column.codes]
    if not unknown:
        return None
    return (
        f"{column.name} cannot be {', '.join(tell_key(str(one)) for one in unknown)}; {_expected(column.codes or ())}"
    )


def _unit_fault(table: Table, name: str, cells: Cells) -> str | None:
    target = unit_of(table, name, cells)
    if target is None:
        return f"{name} has no unit of its own; take the key unit out"
    try:
        convert(1.0, cells[name].unit or "", target)
    except UnusableInputError as error:
        return f"{name}: {error}"
    return None


def unit_of(table: Table, name: str, cells: Mapping[str, CellRule]) -> str | None:
    """The unit of a declared column of numbers; of vitals it is that of the measure, where it is a constant."""
    if table.name == "vitals" and name == "value":
        return _VITAL_UNITS.get(str(cells["measure"].constant)) if "measure" in cells else None
    column = table.by_name.get(name)
    if column is None or column.type not in (Type.FLOAT, Type.INT) or column.unit in (None, "canonical_unit"):
        return None
    return column.unit.replace(" x ", "*") if column.unit is not None else None


def is_short_lab(table: Table, names: Container[str]) -> bool:
    """Whether a row with these columns is a result as reported, without the canonical columns."""
    return table is LABS and "canonical_unit" not in names


def known_columns(table: Table, names: Container[str] = ()) -> tuple[str, ...]:
    """The columns that a rule for this table may state beside `names`."""
    if is_short_lab(table, names):
        return (*LAB_COLUMNS, "record_key")
    own = [column.name for column in table.columns if column.name not in ("patient_id", *_COMPUTED)]
    keyed = ["record_key"] if "record_key" in table.by_name else []
    return (*own, *keyed, *(IDENTITY_COLUMNS if table is PATIENTS else ()))


def needed_columns(table: Table, names: Container[str] = ()) -> tuple[str, ...]:
    """The columns that every row with the columns `names` must fill, and nothing but the source can."""
    if is_short_lab(table, names):
        return ("date", "value")
    return tuple(
        column.name
        for column in table.columns
        if column.null is None and column.name not in ("patient_id", *_COMPUTED) and not is_derived(table, column.name)
    )


def is_derived(table: Table, name: str) -> bool:
    """Whether the column is filled from another one or has a meaning when absent."""
    return name.endswith("_precision") or (table is PATIENTS and name == "synthetic")


def _checked_left_out(given: dict[str, str]) -> dict[str, str]:
    undecided = [name for name, reason in given.items() if reason == OPEN]
    if undecided:
        raise ValueError(
            f"open ({OPEN}): {', '.join(map(tell_key, undecided))}; write a rule for each, or why it is not read"
        )
    return given


class TableMapping(FrozenModel):
    """What a centre states about one kind of table: how it is written, and which rows it gives.

    `header_rows` are the rows that name the columns (joined by ` | ` where there are several). `missing` are the cells
    that mean that nothing is known. `short_years_from` is the first year that two digits can mean. `not_read` gives,
    for each column that is left out on purpose, why. `untested` says of a shipped mapping that no real export was met.
    """

    source: str = ""
    untested: str | None = None
    encoding: str | None = None
    separator: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | None = None
    header_rows: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(1,), min_length=1)
    dates: DateOrder | None = None
    short_years_from: int | None = Field(default=None, ge=1900, le=2000)
    decimal: Decimal | None = None
    missing: Words = ()
    patient_id: Cell
    rules: Annotated[tuple[Annotated[RowRule, AfterValidator(_checked_rule)], ...], Field(min_length=1)]
    not_read: Annotated[dict[str, str], AfterValidator(_checked_left_out)] = Field(default_factory=dict)

    def rules_of(self, sheet: str | None) -> tuple[RowRule, ...]:
        """The rules for one sheet of a workbook (None: the only or first one)."""
        return tuple(rule for rule in self.rules if (rule.sheet or self.sheet) == sheet)

    def header_rows_of(self, sheet: str | None) -> tuple[int, ...]:
        """The rows that name the columns of a sheet: as its first rule says, else as the mapping."""
        return next((rule.header_rows for rule in self.rules_of(sheet) if rule.header_rows), self.header_rows)

    def columns_read(self) -> frozenset[str]:
        """Every column of the source that some rule reads or filters by."""
        cells = [
            self.patient_id,
            *(cell for rule in self.rules for item in rule.items() for cell in item.columns.values()),
        ]
        filters = [one for rule in self.rules for one in (rule.where, rule.unless, *(item.where for item in rule.each))]
        return frozenset([name for cell in cells for name in cell.columns] + [name for one in filters for name in one])


@functools.cache
def _declared_names() -> frozenset[str]:
    columns = (name for table in FACT_TABLES.values() for name in table.by_name)
    codes = (code for table in FACT_TABLES.values() for column in table.columns for code in column.codes or ())
    return frozenset({*FACT_TABLES, *columns, *codes, *LAB_COLUMNS, *IDENTITY_COLUMNS})


def tell_key(text: str) -> str:
    """What a message repeats of a mapping: names declared here, slips of them, words of vocabularies; else shapes."""
    return repr(text) if is_slip_of(text, _declared_names()) else tell(text)


def read_mapping(path: Path) -> TableMapping:
    """The mapping in a YAML file; raises ProtocolError with every fault and its line, open ones (`?`) included.

    A name such as `lifex` that is no file is a shipped mapping.
    """
    if not path.exists() and str(path) in table_mapping_names():
        return parse_mapping(table_mapping_text(str(path)), f"{path}.yaml")
    return read_document(path, TableMapping, tell=tell_key)


def parse_mapping(text: str, name: str) -> TableMapping:
    """The mapping in a YAML text that errors call `name`; raises what `read_mapping` raises."""
    return parse_document(text, name, TableMapping, tell=tell_key)
