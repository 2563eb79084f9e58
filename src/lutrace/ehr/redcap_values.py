"""Cells of a REDCap export in one spelling: codes for labels, ISO dates, decimal points, 1 and 0 for boxes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from lutrace.core import UnusableInputError
from lutrace.ehr.fhir_elements import RecordError
from lutrace.ehr.mapping_dates import DateReader
from lutrace.ehr.redcap_columns import complete_column, timestamp_column
from lutrace.ehr.redcap_dictionary import COMPLETE, Dictionary, Field

NOT_COMPLETED = "[not completed]"
"""What REDCap writes as the time of a survey that was opened and not sent."""
_TICKED = {"checked": "1", "unchecked": "0"}
_WORDS = {"yes": "1", "ja": "1", "true": "1", "wahr": "1", "no": "0", "nein": "0", "false": "0", "falsch": "0"}
"""Labels of yes and no, in the languages that a project may have."""
_NUMBER = re.compile(r"^[-+]?\d*[.,]?\d+$|^[-+]?\d+[.,]$")

Cells = Mapping[str, str | None]


@dataclass(frozen=True)
class Spelling:
    """How an export writes the choices of its fields: by code, or by label."""

    dictionary: Dictionary
    labelled: bool

    def normal(self, cells: Cells) -> dict[str, str | None]:
        """The cells of one row in one spelling; what fits no rule of its field is left as it is, to be refused."""
        return {name: None if text is None else self._cell(name, text) for name, text in cells.items()}

    def _cell(self, name: str, text: str) -> str | None:
        if name in self._times:
            return None if text.casefold() == NOT_COMPLETED else text.replace(" ", "T", 1)
        if name in self._status:
            return _code(text, COMPLETE) if self.labelled else text
        field, box = self.dictionary.by_column.get(name, (None, None))
        if field is None:
            return text
        if box is not None:
            return self._box(field, box, text)
        if field.type in ("yesno", "truefalse"):
            return _WORDS.get(text.casefold(), text)
        if field.choices:
            return _code(text, field.choices) if self.labelled else text
        if field.is_number and _NUMBER.match(text):
            return text.replace(",", ".")
        if field.date_order is not None:
            return _iso(field, text)
        return text

    def _box(self, field: Field, code: str, text: str) -> str:
        """1 or 0; an export may write the label of a box that is ticked."""
        if self.labelled:
            return _TICKED.get(text.casefold(), "1" if text == field.choices[code] else text)
        return text

    @cached_property
    def _times(self) -> frozenset[str]:
        return frozenset(timestamp_column(form) for form in self.dictionary.forms)

    @cached_property
    def _status(self) -> frozenset[str]:
        return frozenset(complete_column(form) for form in self.dictionary.forms)


def find_spelling(rows: Sequence[Cells], dictionary: Dictionary, name: str) -> Spelling:
    """Whether the file `name` holds codes or labels, told by all its choices together.

    Raises UnusableInputError where both readings are possible and mean different things.
    """
    raw = labelled = differing = 0
    choices = _choice_columns(dictionary)
    found: dict[str, set[str]] = {column: set() for column in choices}
    for row in rows:
        for column, seen in found.items():
            if (text := row.get(column)) is not None:
                seen.add(text)
    for column, texts in found.items():
        codes = choices[column]
        labels = set(codes.values())
        raw += len(texts & set(codes))
        labelled += len(texts & labels)
        differing += sum(1 for text in texts if text in codes and text in labels and codes[text] != text)
    if raw == labelled and differing:
        raise UnusableInputError(
            f"{name}: its choices can be codes or labels, as labels of the dictionary are codes of other choices; "
            "export raw data"
        )
    return Spelling(dictionary, labelled > raw)


def _choice_columns(dictionary: Dictionary) -> dict[str, Mapping[str, str]]:
    """The labels by code of every column whose cells are choices."""
    columns: dict[str, Mapping[str, str]] = {complete_column(form): COMPLETE for form in dictionary.forms}
    for name, (field, box) in dictionary.by_column.items():
        if box is not None:
            columns[name] = {"1": "Checked", "0": "Unchecked"}
        elif field.choices:
            columns[name] = field.choices
    return columns


def _code(text: str, choices: Mapping[str, str]) -> str:
    """The code of a label; the label itself where no choice, or more than one, is called so."""
    codes = [code for code, label in choices.items() if label.casefold() == " ".join(text.split()).casefold()]
    return codes[0] if len(codes) == 1 else text


def _iso(field: Field, text: str) -> str:
    """The date in ISO 8601: exports write it so; a spreadsheet turns it into the order that the field states."""
    try:
        return DateReader("dmy" if field.date_order == "dmy" else "mdy", "the dictionary").iso(text, field.name)
    except RecordError:
        return text


def known_columns(dictionary: Dictionary, columns: Iterable[str | None]) -> frozenset[str]:
    """Those of the columns that the dictionary explains."""
    known = {*dictionary.by_column}
    for form in dictionary.forms:
        known |= {complete_column(form), timestamp_column(form)}
    return frozenset(one for one in columns if one in known)
