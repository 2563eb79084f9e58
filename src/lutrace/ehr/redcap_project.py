"""A REDCap project as it was exported: its dictionary and its rows, from files or from the answers of the API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lutrace.core import Source, UnusableInputError, digest_of_file, read_lines, tell_file
from lutrace.ehr.redcap_columns import SYSTEM, raw_columns
from lutrace.ehr.redcap_dictionary import Dictionary, is_dictionary, plain_text, read_dictionary, tell_name
from lutrace.ehr.redcap_forms import ExportRow, rows_of_values
from lutrace.ehr.redcap_values import find_spelling, known_columns
from lutrace.terms import tell

_EAV = ("field_name", "value")
_COMPANIONS = ("custom_form_label", "unique_event_name", "arm_num")
"""Columns of the other files of a project's setup: repeating forms, events, arms; they say nothing of a patient."""


@dataclass(frozen=True)
class ExportedRows:
    """The rows of one file or of one fetch, by raw column names in one spelling; `unread` counts what is no field."""

    name: str
    source: Source
    rows: tuple[ExportRow, ...]
    unread: Mapping[str, int] = field(default_factory=dict)
    path: Path | None = None


@dataclass(frozen=True)
class Project:
    """A project with all its rows; `missing` are the codes of the whole project for values that are not known."""

    dictionary: Dictionary
    exports: tuple[ExportedRows, ...]
    missing: tuple[str, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)


def read_project(paths: Sequence[Path]) -> Project:
    """The project in a folder, or in the files named: one data dictionary and one or more exports of data, as CSV.

    Exports may be flat or one value per row, raw or labelled, separated by comma, semicolon or tab. Raises
    UnusableInputError without a dictionary or data, with two dictionaries, or for an export that can be read in two
    ways.
    """
    files = [file for path in paths for file in _csv_files(path)]
    heads = {file: _head(file) for file in files}
    dictionaries = [file for file, head in heads.items() if is_dictionary(head)]
    if len(dictionaries) != 1:
        raise UnusableInputError(
            f"expected one data dictionary (CSV with the columns field name, form name, field type), found "
            f"{', '.join(tell_file(file) for file in dictionaries) or 'none'} among {len(files)} files; "
            "name a folder with the project's dictionary and its data"
        )
    dictionary = read_dictionary(dictionaries[0])
    record = dictionary.fields[0]
    first = {record.name, "record", record.label.casefold()}
    data = [file for file, head in heads.items() if head and {head[0], plain_text(head[0]).casefold()} & first]
    if not data:
        raise UnusableInputError(
            f"no export of data whose first column is {tell_name(record.name)} (or its label) beside "
            f"{tell_file(dictionaries[0])}; export all data of the project as CSV into the same folder"
        )
    known = {*data, *dictionaries, *(file for file, head in heads.items() if set(head) & set(_COMPANIONS))}
    others = [file for file in files if file not in known]
    return Project(
        dictionary,
        tuple(read_export(file, dictionary) for file in data),
        unread={"file that is neither data nor data dictionary": len(others)} if others else {},
    )


def read_export(path: Path, dictionary: Dictionary) -> ExportedRows:
    """The rows of one exported file; raises UnusableInputError for lines of another length than the heading's."""
    header, *lines = read_lines(path)
    made = make_export(header, lines, dictionary, name=tell_file(path), source=Source("redcap", digest_of_file(path)))
    return replace(made, path=path)


def make_export(
    header: Sequence[str], lines: Sequence[Sequence[str]], dictionary: Dictionary, *, name: str, source: Source
) -> ExportedRows:
    """The rows of an export given as a heading and lines of cells; empty lines are left out."""
    heads = [one.strip() for one in header]
    if len(heads) > 1 and set(_EAV) <= set(heads):
        columns: Sequence[str | None] = [dictionary.record_field if one == "record" else one for one in heads]
    else:
        columns = raw_columns(heads, dictionary, name)
    rows = []
    for number, line in enumerate(lines, start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) != len(columns):
            raise UnusableInputError(
                f"{name}: row {number} has {len(line)} cells, expected {len(columns)}; export the data anew"
            )
        cells = {key: cell.strip() or None for key, cell in zip(columns, line, strict=True) if key is not None}
        rows.append(ExportRow(number, cells))
    if set(_EAV) <= set(columns):
        rows = rows_of_values(rows, dictionary)
    return _in_one_spelling(rows, dictionary, name, source)


def _in_one_spelling(rows: Sequence[ExportRow], dictionary: Dictionary, name: str, source: Source) -> ExportedRows:
    spelling = find_spelling([row.cells for row in rows], dictionary, name)
    unread: Counter[str] = Counter()
    known = known_columns(dictionary, {column for row in rows for column in row.cells}) | set(SYSTEM)
    for row in rows:
        unread.update(
            f"column {tell(column)} (not in the dictionary)"
            for column, cell in row.cells.items()
            if cell is not None and column not in known
        )
    normal = tuple(ExportRow(row.number, spelling.normal(row.cells)) for row in rows)
    return ExportedRows(name, source, normal, dict(unread))


def _csv_files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix.lower() in (".csv", ".tsv", ".txt"))
    if not path.is_file():
        raise UnusableInputError(f"{tell_file(path)}: no such file or folder; check the path")
    return [path]


def _head(path: Path) -> list[str]:
    lines = read_lines(path)
    return [cell.strip() for cell in lines[0]] if lines else []
