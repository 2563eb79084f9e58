"""The data dictionary of a REDCap project: its fields, forms and choices, from a file or from the API's metadata."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from lutrace.core import UnusableInputError, read_rows, tell_file
from lutrace.terms import tell

COMPLETE = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}
"""Codes of a form's status and their labels."""
_HEADERS = {
    "variable / field name": "field_name",
    "form name": "form_name",
    "section header": "section_header",
    "field type": "field_type",
    "field label": "field_label",
    "choices, calculations, or slider labels": "select_choices_or_calculations",
    "choices or calculations": "select_choices_or_calculations",
    "field note": "field_note",
    "text validation type or show slider number": "text_validation_type_or_show_slider_number",
    "identifier?": "identifier",
    "branching logic (show field only if...)": "branching_logic",
    "field annotation": "field_annotation",
}
"""The API's name of a column, by its heading in a dictionary that was downloaded as CSV (lower case)."""
_CHOICE_TYPES = ("radio", "dropdown", "checkbox")
_YES_NO = {"1": "Yes", "0": "No"}
_TRUE_FALSE = {"1": "True", "0": "False"}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_LONG_NUMBER = re.compile(r"\d{5}")
_TAG = re.compile(r"<[^>]+>")
_DECIMALS = re.compile(r"^number(_[1-4]dp)?(_comma_decimal)?$")
_DATES = re.compile(r"^(date|datetime|datetime_seconds)_(ymd|dmy|mdy)$")


@dataclass(frozen=True)
class Field:
    """One field: `choices` by code; `validation` as the dictionary writes it; `is_identifier` flags a person's data."""

    name: str
    form: str
    type: str
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)
    validation: str = ""
    is_identifier: bool = False
    branching: str = ""
    note: str = ""
    annotation: str = ""

    @property
    def date_order(self) -> str | None:
        """`ymd`, `dmy` or `mdy` for a date or date-time, None for other fields."""
        found = _DATES.match(self.validation)
        return found.group(2) if found else None

    @property
    def is_number(self) -> bool:
        """Whether REDCap lets only numbers without grouping into it."""
        return (
            self.type in ("calc", "slider")
            or _DECIMALS.match(self.validation) is not None
            or self.validation == "integer"
        )

    @property
    def columns(self) -> dict[str, str | None]:
        """The export's columns of this field, and the code that each stands for (None but for checkboxes)."""
        if self.type == "descriptive":
            return {}
        if self.type == "checkbox":
            return {checkbox_column(self.name, code): code for code in self.choices}
        return {self.name: None}


@dataclass(frozen=True)
class Dictionary:
    """All fields in the order of the project; the first one holds the record's name."""

    fields: tuple[Field, ...]

    @property
    def record_field(self) -> str:
        """Name of the field that names the record."""
        return self.fields[0].name

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by name."""
        return {one.name: one for one in self.fields}

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """The instruments in their order."""
        return tuple(dict.fromkeys(one.form for one in self.fields))

    @cached_property
    def columns_of(self) -> dict[str, tuple[str, ...]]:
        """The columns of the fields of each form, in their order."""
        return {
            form: tuple(name for one in self.fields if one.form == form for name in one.columns) for form in self.forms
        }

    def tell(self, column: str) -> str:
        """A column for a message: its field by name, a box by the place of its choice; else the shape."""
        field, code = self.by_column.get(column, (self.by_name.get(column), None))
        if field is None:
            return column if column in self._own_columns else tell(column)
        return tell_name(field.name) + ("" if code is None else f" (choice {1 + [*field.choices].index(code)})")

    @cached_property
    def _own_columns(self) -> frozenset[str]:
        """The columns that REDCap adds for each form, and those of the place of a row."""
        ends = ("complete", "timestamp")
        ours = (
            "event_name",
            "repeat_instrument",
            "repeat_instance",
            "event_date",
            "data_access_group",
            "survey_identifier",
        )
        return frozenset(
            {*(f"redcap_{one}" for one in ours), *(f"{form}_{end}" for form in self.forms for end in ends)}
        )

    @cached_property
    def by_column(self) -> dict[str, tuple[Field, str | None]]:
        """The field of each column of a raw export, and the code that a column of a checkbox stands for."""
        return {name: (one, code) for one in self.fields for name, code in one.columns.items()}


def checkbox_column(field_name: str, code: str) -> str:
    """The export's column of one box: the code in lower case, other signs than letters and digits as underscores."""
    return f"{field_name}___{re.sub(r'[^a-z0-9_]', '_', code.lower())}"


def read_dictionary(path: Path) -> Dictionary:
    """The dictionary in a CSV file as REDCap's online designer downloads it.

    Raises UnusableInputError when the file is no data dictionary or has a field of no type.
    """
    return make_dictionary(read_rows(path), tell_file(path))


def is_dictionary(names: Iterable[str]) -> bool:
    """Whether these column names are those of a data dictionary."""
    known = {_api_name(name) for name in names}
    return {"field_name", "form_name", "field_type"} <= known


def make_dictionary(rows: Iterable[Mapping[str, Any]], name: str) -> Dictionary:
    """The dictionary of rows with the headings of a downloaded file or the names of the API's metadata.

    `name` names the source in errors, which give the row as a spreadsheet counts it.
    """
    fields: list[Field] = []
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        cells = {_api_name(key): str(value).strip() for key, value in row.items() if value is not None}
        if not is_dictionary(row):
            raise UnusableInputError(
                f"{name}: no data dictionary: expected the columns field name, form name and field type; "
                "download it in REDCap's Designer, or with the API's content=metadata"
            )
        found = _field(cells, name, number)
        if found.name in seen:
            raise UnusableInputError(
                f"{name}: row {number}: field {tell_name(found.name)} stands twice; keep one of the rows"
            )
        seen.add(found.name)
        fields.append(found)
    if not fields:
        raise UnusableInputError(f"{name}: the data dictionary is empty; download it anew")
    return Dictionary(tuple(fields))


def parse_choices(text: str) -> dict[str, str]:
    """The labels of a choice field by code, from `1, one | 2, two`; a label may hold commas and HTML."""
    pairs = (part.partition(",") for part in text.split("|") if part.strip())
    return {code.strip(): plain_text(label) for code, _, label in pairs}


def tell_name(name: str) -> str:
    """The name of a field or form for a message, where it has the form that REDCap gives names; else the shape."""
    return name if _NAME.fullmatch(name) and _LONG_NUMBER.search(name) is None else tell(name)


def form_name(text: str) -> str:
    """The unique name of an instrument: REDCap makes it of a title in this way when a dictionary is uploaded."""
    return re.sub(r"[^a-z0-9_]+", "_", text.strip().lower()).strip("_")


def plain_text(text: str) -> str:
    """A label without HTML and with single spaces."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


def _field(cells: Mapping[str, str], name: str, number: int) -> Field:
    missing = [one for one in ("field_name", "form_name", "field_type") if not cells.get(one)]
    if missing:
        raise UnusableInputError(f"{name}: row {number}: {', '.join(missing)} is empty; correct the data dictionary")
    kind = cells["field_type"].lower()
    choices = {"yesno": _YES_NO, "truefalse": _TRUE_FALSE}.get(kind, {})
    if kind in _CHOICE_TYPES:
        choices = parse_choices(cells.get("select_choices_or_calculations", ""))
    return Field(
        name=cells["field_name"],
        form=form_name(cells["form_name"]),
        type=kind,
        label=plain_text(cells.get("field_label", "")),
        choices=choices,
        validation=cells.get("text_validation_type_or_show_slider_number", "").lower(),
        is_identifier=cells.get("identifier", "").lower() == "y",
        branching=cells.get("branching_logic", ""),
        note=plain_text(cells.get("field_note", "")),
        annotation=plain_text(cells.get("field_annotation", "")),
    )


def _api_name(heading: str) -> str:
    name = heading.strip().strip('"').lower()
    return _HEADERS.get(name, name)
