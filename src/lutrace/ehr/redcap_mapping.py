"""A mapping of a REDCap project: the rules of a table's mapping, per form, with letters and planned days of events."""

from __future__ import annotations

from typing import Annotated, Literal

from lutrace.core import AfterValidator, Field, FrozenModel, ProtocolError, Table, Type, suggest
from lutrace.ehr.mapping import IDENTITY_COLUMNS, OPEN, RowRule, TableMapping
from lutrace.ehr.redcap_columns import SURVEY_IDENTIFIER, SYSTEM, complete_column, timestamp_column
from lutrace.ehr.redcap_dictionary import Dictionary, tell_name
from lutrace.terms import tell

EVENT_DATE = "redcap_event_date"
"""The column that `event_days` fills."""
_NO_VALUES = ("file", "descriptive")
_PERSONAL = ("patient_id", "record_key", *IDENTITY_COLUMNS)


class LetterRule(FrozenModel):
    """A text field whose content is a letter: where it stands, and what tells its day, language and kind."""

    text: str
    date: str | None = None
    language: Literal["en", "de"] | None = None
    kind: str | None = None


class EventDays(FrozenModel):
    """Planned days of events, counted from the date in the field `since`: by unique event name."""

    since: str
    days: Annotated[dict[str, int], Field(min_length=1)]


def _checked_letter(rule: LetterRule) -> LetterRule:
    if OPEN in (rule.text, rule.date):
        raise ValueError(f"is open ({OPEN}); state it, or take the line out")
    return rule


class RedcapMapping(TableMapping):
    """What a centre states about its own project; `sheet` of a rule names the form whose entries give rows.

    `forms` gives the names of forms by their labels, for labelled exports whose labels were changed later.
    """

    forms: dict[str, str] = Field(default_factory=dict)
    letters: tuple[Annotated[LetterRule, AfterValidator(_checked_letter)], ...] = ()
    event_days: EventDays | None = None

    def needed_columns(self) -> frozenset[str]:
        """Every column of the export that the mapping reads."""
        letters = {one for rule in self.letters for one in (rule.text, rule.date) if one is not None}
        anchor = {self.event_days.since} if self.event_days is not None else set()
        return (self.columns_read() | letters | anchor) - {EVENT_DATE}


def form_of_rule(rule: RowRule, dictionary: Dictionary) -> str | None:
    """The form whose entries give the rows of a rule: as it says, else that of the columns it reads."""
    if rule.sheet is not None:
        return rule.sheet
    columns = (one for item in rule.items() for cell in item.columns.values() for one in cell.columns)
    forms = {dictionary.by_column[one][0].form for one in columns if one in dictionary.by_column}
    return forms.pop() if len(forms) == 1 else None


def check_mapping(mapping: RedcapMapping, dictionary: Dictionary, name: str) -> None:
    """Raise ProtocolError with every rule of the mapping `name` that does not fit the project's dictionary.

    A field that the dictionary flags as an identifier may give the patient's identifier, names, birth date and dates,
    and nothing that is stored in plain.
    """
    columns = _allowed_columns(mapping, dictionary)
    faults = [_unknown(column, columns) for column in sorted(mapping.needed_columns() - columns)]
    for number, rule in enumerate(mapping.rules, start=1):
        form = form_of_rule(rule, dictionary)
        if form is None:
            faults.append(f"rules {number}: reads several forms; name the form whose entries give rows as its sheet")
        elif form not in dictionary.forms:
            meant = suggest(form, dictionary.forms) or f"expected {', '.join(map(tell_name, dictionary.forms))}"
            faults.append(f"rules {number}: no form is called {tell_name(form)}; {meant}")
        faults += [f"rules {number}, {words}" for words in _exposed(rule, dictionary)]
    for form in mapping.forms.values():
        if form not in dictionary.forms:
            expected = ", ".join(map(tell_name, dictionary.forms))
            faults.append(f"forms: no form is called {tell_name(form)}; expected {expected}")
    valueless = {one.name for one in dictionary.fields if one.type in _NO_VALUES} & mapping.needed_columns()
    faults += [f"{tell_name(one)}: an export holds no value of a file or a description" for one in sorted(valueless)]
    if faults:
        raise ProtocolError(f"{name}: " + "; ".join(dict.fromkeys(faults)))


def _allowed_columns(mapping: RedcapMapping, dictionary: Dictionary) -> frozenset[str]:
    forms = {one for form in dictionary.forms for one in (complete_column(form), timestamp_column(form))}
    virtual = {EVENT_DATE} if mapping.event_days is not None else set()
    return frozenset({*dictionary.by_column, *SYSTEM, *forms, *virtual, *(one.name for one in dictionary.fields)})


def _unknown(column: str, allowed: frozenset[str]) -> str:
    meant = suggest(column, allowed) or "boxes are called field___code"
    return f"the project has no column {tell(column)}; {meant}"


def _exposed(rule: RowRule, dictionary: Dictionary) -> list[str]:
    """The columns of a rule that would hold a person's data in plain."""
    flagged = {name for name, (one, _) in dictionary.by_column.items() if one.is_identifier} | {SURVEY_IDENTIFIER}
    return [
        f"{declared}: {dictionary.tell(column)} is flagged as an identifier in the dictionary, and {declared} would "
        "hold it in plain; take the line out, or the flag off where it is none"
        for item in rule.items()
        for declared, cell in item.columns.items()
        for column in cell.columns
        if column in flagged and not _keeps_private(rule.declared, declared)
    ]


def _keeps_private(table: Table, declared: str) -> bool:
    if declared in _PERSONAL:
        return True
    column = table.by_name.get(declared)
    return column is not None and column.type in (Type.DATE, Type.DATETIME)
