"""Rows of a REDCap export as forms: one entry for each form that somebody filled, per record, event and instance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lutrace.ehr.redcap_columns import (
    EVENT,
    REPEAT_FORM,
    REPEAT_INSTANCE,
    complete_column,
    form_columns,
    timestamp_column,
)
from lutrace.ehr.redcap_dictionary import Dictionary, checkbox_column, form_name

_EMPTY_STATUS = (None, "0")


@dataclass(frozen=True)
class ExportRow:
    """One row of an export: its number as a spreadsheet counts it, and its cells by raw name."""

    number: int
    cells: Mapping[str, str | None]


@dataclass(frozen=True)
class Entry:
    """One form as it was filled: `cells` by column, unknown ones None; `record` names the patient's record."""

    form: str
    number: int
    record: str
    event: str | None
    instance: str | None
    cells: Mapping[str, str | None]

    @property
    def key(self) -> tuple[str | None, ...]:
        """What tells this entry from all others of the project."""
        return (self.record, self.event, self.form, self.instance)


def find_entries(
    row: ExportRow, dictionary: Dictionary, missing: Iterable[str] = (), labels: Mapping[str, str] | None = None
) -> tuple[list[Entry], list[str]]:
    """The forms that were filled in one row, and in words what hinders reading the row.

    A form counts as filled when it has a status beyond 0, a survey time, a box that is ticked, or a value that is not
    computed: exports write the status 0 and unticked boxes for forms that nobody opened. `missing` are the codes that
    mean that a value is not known, `labels` the names of forms by a label that was changed.
    """
    record = row.cells.get(dictionary.record_field)
    if record is None:
        return [], ["the record has no name"]
    forms: Sequence[str] = dictionary.forms
    if (stated := row.cells.get(REPEAT_FORM)) is not None:
        named = (labels or {}).get(stated) or form_name(stated)
        forms = [form for form in dictionary.forms if form == named]
        if not forms:
            return [], ["the repeating form is not in the dictionary; state forms: {label: name} in the mapping"]
    codes = frozenset(missing)
    entries = []
    for form in forms:
        cells = {name: row.cells.get(name) for name in form_columns(dictionary, form)}
        if _is_filled(cells, form, dictionary):
            known = _without_unasked(cells, form, dictionary, codes)
            at = (row.cells.get(EVENT), row.cells.get(REPEAT_INSTANCE))
            entries.append(Entry(form, row.number, record, *at, known))
    return entries, []


def rows_of_values(rows: Sequence[ExportRow], dictionary: Dictionary) -> list[ExportRow]:
    """The flat rows of an export with one value per row (EAV): a row per record, event, repeating form and instance.

    Each has the number of its first value. A box stands there only when it is ticked.
    """
    place = [dictionary.record_field, EVENT, REPEAT_FORM, REPEAT_INSTANCE]
    flat: dict[tuple[Any, ...], tuple[int, dict[str, str | None]]] = {}
    for row in rows:
        at = {name: row.cells.get(name) for name in place}
        at[dictionary.record_field] = at[dictionary.record_field] or row.cells.get("record")
        _, cells = flat.setdefault(tuple(at.values()), (row.number, dict(at)))
        name, value = row.cells.get("field_name"), row.cells.get("value")
        field = dictionary.by_name.get(name or "")
        if field is not None and field.type == "checkbox":
            if value is not None:
                cells.update({box: cells.get(box) or "0" for box in field.columns})
                cells[checkbox_column(field.name, value)] = "1"
        elif name is not None and name != dictionary.record_field:
            cells[name] = value
    return [ExportRow(number, cells) for number, cells in flat.values()]


def _is_filled(cells: Mapping[str, str | None], form: str, dictionary: Dictionary) -> bool:
    for name, text in cells.items():
        if text is None:
            continue
        if name == complete_column(form):
            if text not in _EMPTY_STATUS:
                return True
        elif name == timestamp_column(form):
            return True
        else:
            field, box = dictionary.by_column[name]
            if box is None and field.type != "calc" and name != dictionary.record_field:
                return True
            if box is not None and text != "0":
                return True
    return False


def _without_unasked(
    cells: Mapping[str, str | None], form: str, dictionary: Dictionary, missing: frozenset[str]
) -> dict[str, str | None]:
    """The cells without the zeros of boxes that nobody was asked about, or whose group is stated as missing.

    A group of boxes without a tick says no only where its form has a status and nothing can have hidden the group; with
    a branching logic, hidden and unticked look the same.
    """
    known = dict(cells)
    status = complete_column(form)
    for field in dictionary.fields:
        if field.form != form or field.type != "checkbox":
            continue
        ticked = [code for name, code in field.columns.items() if cells.get(name) not in (None, "0")]
        unasked = not ticked and (bool(field.branching) or cells.get(status) is None)
        stated_missing = any(code in missing for code in ticked)
        if unasked or stated_missing:
            known.update(dict.fromkeys(field.columns))
    return known
