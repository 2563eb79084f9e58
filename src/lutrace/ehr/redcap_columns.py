"""Columns of a REDCap export by the names of its dictionary, whether they are headed by names or by labels."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import UnusableInputError
from lutrace.ehr.redcap_dictionary import Dictionary, plain_text, tell_name

EVENT = "redcap_event_name"
REPEAT_FORM = "redcap_repeat_instrument"
REPEAT_INSTANCE = "redcap_repeat_instance"
ACCESS_GROUP = "redcap_data_access_group"
SURVEY_IDENTIFIER = "redcap_survey_identifier"
SYSTEM = {
    EVENT: "Event Name",
    REPEAT_FORM: "Repeat Instrument",
    REPEAT_INSTANCE: "Repeat Instance",
    ACCESS_GROUP: "Data Access Group",
    SURVEY_IDENTIFIER: "Survey Identifier",
}
"""Columns that REDCap adds behind the record's name, and their labels."""


def complete_column(form: str) -> str:
    """The column of a form's status."""
    return f"{form}_complete"


def timestamp_column(form: str) -> str:
    """The column that says when a form was sent as a survey."""
    return f"{form}_timestamp"


def form_columns(dictionary: Dictionary, form: str) -> tuple[str, ...]:
    """The columns of one form in the order of an export: survey time, fields, status."""
    return (timestamp_column(form), *dictionary.columns_of[form], complete_column(form))


def raw_columns(header: Sequence[str], dictionary: Dictionary, name: str) -> tuple[str | None, ...]:
    """The raw name of each column; None for one of which the dictionary knows nothing.

    Labels may stand twice (every form ends with `Complete?`), so labelled columns are told by their order, that
    of the dictionary. Raises UnusableInputError when the file `name` has no column of the record's name, or when the
    order leaves several readings.
    """
    if dictionary.record_field in header:
        return tuple(header)
    labels = [_plain(text) for text in header]
    expected = _labelled(dictionary, frozenset(labels))
    known = {label for _, label in expected}
    asked = [label for label in labels if label in known]
    forwards = _matched(asked, expected)
    backwards = [len(expected) - 1 - place for place in reversed(_matched(asked[::-1], expected[::-1]))]
    if not forwards or forwards[0] != 0:
        raise UnusableInputError(
            f"{name}: expected a column {tell_name(dictionary.record_field)} (or its label) with the record's name; "
            "export all data of the project, with the dictionary of the same day"
        )
    if forwards != backwards:
        raise UnusableInputError(
            f"{name}: its labels can stand for several fields, as columns were left out or moved; export raw headers"
        )
    places = iter(forwards)
    return tuple(expected[next(places)][0] if label in known else None for label in labels)


def _labelled(dictionary: Dictionary, found: frozenset[str]) -> list[tuple[str, str]]:
    """All columns that an export can have, in their order, each with its label; of forms with a field among `found`."""
    record = dictionary.fields[0]
    columns = [(record.name, _plain(record.label)), *((name, _plain(label)) for name, label in SYSTEM.items())]
    for form in dictionary.forms:
        fields = []
        for name, (field, code) in dictionary.by_column.items():
            if field.form == form:
                label = field.label if code is None else f"{field.label} (choice={field.choices[code]})"
                fields.append((name, _plain(label)))
        if any(label in found for _, label in fields):
            own = [one for one in fields if one[0] != record.name]
            times = (timestamp_column(form), _plain("Survey Timestamp"))
            columns += [times, *own, (complete_column(form), _plain("Complete?"))]
    return columns


def _matched(labels: Sequence[str], expected: Sequence[tuple[str, str]]) -> list[int]:
    """The first places in `expected` at which the labels stand one after the other; empty when they do not."""
    places: list[int] = []
    for label in labels:
        start = places[-1] + 1 if places else 0
        found = next((place for place in range(start, len(expected)) if expected[place][1] == label), None)
        if found is None:
            return []
        places.append(found)
    return places


def _plain(label: str) -> str:
    return plain_text(label).casefold()
