"""Rows of a registry as a REDCap project: data dictionary, data in raw codes, repeating forms, and the mapping back."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lutrace.core import Column, Disclosure, Row, Table, Type, UnusableInputError
from lutrace.ehr.mapping import known_columns
from lutrace.ehr.redcap_columns import REPEAT_FORM, REPEAT_INSTANCE, complete_column
from lutrace.tables import (
    ADVERSE_EVENTS,
    CONTACTS,
    CYCLE_STATEMENTS,
    CYCLES,
    DIAGNOSES,
    DISEASE_EVENTS,
    DISPOSITIONS,
    FOLLOW_UP,
    LABS,
    MEDICATIONS,
    PATIENTS,
    QUESTIONNAIRES,
    READER_FINDINGS,
    SUPPORT,
    TREATMENTS,
    TUMOUR_BURDENS,
    VITALS,
)
from lutrace.terms import analyte_named, canonical_limit, parse_reported_value

REDCAP_FORMS = (
    PATIENTS,
    DIAGNOSES,
    VITALS,
    CYCLES,
    CYCLE_STATEMENTS,
    TREATMENTS,
    MEDICATIONS,
    LABS,
    QUESTIONNAIRES,
    ADVERSE_EVENTS,
    SUPPORT,
    DISEASE_EVENTS,
    READER_FINDINGS,
    DISPOSITIONS,
    CONTACTS,
    FOLLOW_UP,
    TUMOUR_BURDENS,
)
"""The tables that are written, one form each; all but the first are repeating forms."""
RECORD = "record_id"
REDCAP_HEADINGS = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
"""The columns of a data dictionary as REDCap's Designer writes and reads them."""
_MEASURED = (TUMOUR_BURDENS,)
"""Tables that images give: written, and not read back."""
_LEFT_OUT = ("patient_id", "record_key", "row_id", "source_id", "source_locator", "changed_by")
_VALIDATION = {
    Type.DATE: "date_ymd",
    Type.DATETIME: "datetime_seconds_ymd",
    Type.INT: "integer",
    Type.FLOAT: "number",
}
_DIGITS = 12


@dataclass(frozen=True)
class RedcapProject:
    """What is written: rows of the dictionary and of the data by heading, and the mapping that reads them back."""

    dictionary: tuple[Row, ...]
    data: tuple[Row, ...]
    repeating: tuple[Row, ...]
    mapping: Mapping[str, Any]


def make_redcap_project(tables: Mapping[str, Sequence[Row]]) -> RedcapProject:
    """The project of rows by table name: records are named by pseudonyms, codes are numbered as the dictionary says.

    A result keeps its text where a decimal point is its only reading, else it is written as a plain number in its own
    unit. Limits of normal are in the unit of the result.
    """
    columns = {table.name: _columns(table) for table in REDCAP_FORMS}
    record = {
        REDCAP_HEADINGS[0]: RECORD,
        REDCAP_HEADINGS[1]: PATIENTS.name,
        REDCAP_HEADINGS[3]: "text",
        REDCAP_HEADINGS[4]: "Pseudonym",
    }
    fields = [_field(table, column) for table in REDCAP_FORMS for column in columns[table.name]]
    return RedcapProject(
        tuple({name: row.get(name) for name in REDCAP_HEADINGS} for row in (record, *fields)),
        tuple(_data(tables, columns)),
        tuple({"form_name": table.name, "custom_form_label": None} for table in REDCAP_FORMS if table is not PATIENTS),
        _mapping(columns),
    )


def _columns(table: Table) -> tuple[Column, ...]:
    """The columns that have a field: those that a mapping can read back, and no free text."""
    if table is LABS:
        value = Column("value", Type.TEXT, "the result, in its own unit")
        names = ("date", "time", "analyte", "loinc", "unit", "lln", "uln")
        return (*(LABS.by_name[name] for name in names[:4]), value, *(LABS.by_name[name] for name in names[4:]))
    allowed = known_columns(table)
    return tuple(
        column
        for column in table.columns
        if column.name in allowed
        and column.name not in _LEFT_OUT
        and column.disclosure is not Disclosure.FREE_TEXT
        and column.type is not Type.JSON
    )


def _field(table: Table, column: Column) -> Row:
    kind = "dropdown" if column.codes else "yesno" if column.type is Type.BOOL else "text"
    unit = None if column.unit in (None, "1") or table is LABS else column.unit
    return {
        REDCAP_HEADINGS[0]: _name(table, column),
        REDCAP_HEADINGS[1]: table.name,
        REDCAP_HEADINGS[3]: kind,
        REDCAP_HEADINGS[4]: f"{column.name.replace('_', ' ')}: {column.meaning}",
        REDCAP_HEADINGS[5]: " | ".join(f"{number}, {code}" for number, code in enumerate(column.codes or (), start=1))
        or None,
        REDCAP_HEADINGS[6]: unit,
        REDCAP_HEADINGS[7]: None if kind != "text" else _VALIDATION.get(column.type),
        REDCAP_HEADINGS[8]: None if column.low is None else _plain(column.low),
        REDCAP_HEADINGS[9]: None if column.high is None else _plain(column.high),
        REDCAP_HEADINGS[10]: "y" if column.type in (Type.DATE, Type.DATETIME) else None,
    }


def _name(table: Table, column: Column) -> str:
    return f"{table.name}_{column.name}"


def _data(tables: Mapping[str, Sequence[Row]], columns: Mapping[str, Sequence[Column]]) -> Iterable[Row]:
    """The rows of the export: of each patient the one of the patient's form, then every entry of a repeating form."""
    by_patient: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for table in REDCAP_FORMS:
        for row in tables.get(table.name, ()):
            by_patient[row["patient_id"]][table.name].append(row)
    names = [
        RECORD,
        REPEAT_FORM,
        REPEAT_INSTANCE,
        *(
            name
            for table in REDCAP_FORMS
            for name in (*(_name(table, one) for one in columns[table.name]), complete_column(table.name))
        ),
    ]
    for patient in sorted(by_patient):
        for table in REDCAP_FORMS:
            rows = by_patient[patient][table.name] or ([{}] if table is PATIENTS else [])
            for instance, row in enumerate(rows, start=1):
                filled: Row = {RECORD: patient, **_cells(table, columns[table.name], row)}
                filled[complete_column(table.name)] = "2" if row else "0"
                if table is not PATIENTS:
                    filled |= {REPEAT_FORM: table.name, REPEAT_INSTANCE: instance}
                yield {name: filled.get(name) for name in names}


def _cells(table: Table, columns: Sequence[Column], row: Row) -> Row:
    given = _as_reported(row) if table is LABS and row else row
    return {_name(table, column): _cell(column, given.get(column.name)) for column in columns}


def _as_reported(row: Row) -> Row:
    """A result with its limits in its own unit."""
    analyte = analyte_named(row["analyte"])
    if analyte is None:
        return {**row, "value": row["value_text"]}
    per_unit = canonical_limit(analyte, 1.0, row["unit"])
    limits = {name: None if row[name] is None else _rounded(row[name] / per_unit) for name in ("lln", "uln")}
    plain = (row["comparator"] or "") + _plain(_rounded(row["value"] / per_unit))
    return {**row, **limits, "value": row["value_text"] if _reads_alike(row, per_unit) else plain}


def _reads_alike(row: Row, per_unit: float) -> bool:
    """Whether the result's text, read with a decimal point, is the value that is stored."""
    try:
        read = parse_reported_value(row["value_text"], decimal=".")
    except UnusableInputError:
        return False
    return read.comparator == row["comparator"] and _rounded(read.value * per_unit) == _rounded(row["value"])


def _cell(column: Column, value: Any) -> str | None:
    if value is None:
        return None
    if column.codes:
        return str(column.codes.index(value) + 1)
    match value:
        case bool():
            return "1" if value else "0"
        case dt.datetime():
            return value.isoformat(" ", "seconds")
        case dt.date():
            return value.isoformat()
        case float():
            return _plain(value)
    return str(value)


def _plain(value: float) -> str:
    """A number without an exponent, which REDCap does not take."""
    text = f"{Decimal(repr(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _mapping(columns: Mapping[str, Sequence[Column]]) -> dict[str, Any]:
    """The mapping that reads the project back: a rule for each form."""
    rules = [
        {
            "table": table.name,
            "sheet": table.name,
            "columns": {column.name: _cell_rule(table, column) for column in columns[table.name]},
        }
        for table in REDCAP_FORMS
        if table not in _MEASURED
    ]
    not_read = {_name(table, one): "measured in images" for table in _MEASURED for one in columns[table.name]}
    return {
        "source": "written by lutrace export redcap",
        "decimal": ".",
        "dates": "iso",
        "patient_id": RECORD,
        "rules": rules,
        "not_read": not_read,
    }


def _cell_rule(table: Table, column: Column) -> Any:
    if column.codes:
        numbered = {str(number): code for number, code in enumerate(column.codes, start=1)}
        return {"column": _name(table, column), "values": numbered}
    return _name(table, column)
