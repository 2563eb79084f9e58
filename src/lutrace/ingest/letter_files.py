"""Letters from files: a table with a row per letter, or a folder of text files, of Word and of web pages."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lutrace.core import (
    Row,
    Source,
    TableError,
    UnusableInputError,
    digest_of,
    digest_of_file,
    parse_partial_date,
    read_numbered_rows,
    tell_file,
)
from lutrace.ehr import Fault, Letter, RecordBatch
from lutrace.ingest.repeated_rows import find_repeated
from lutrace.notes import TEXT_ENDINGS, read_text
from lutrace.tables import TEXT_FINDINGS
from lutrace.terms import ASSERTION_LANGUAGES

COLUMNS = ("note_id", "text")
LIST_NAME = "notes.csv"
_DATE_IN_NAME = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_LANGUAGE_IN_NAME = re.compile(r"[_.-](de|en)\Z", re.IGNORECASE)
_CELL_REMEDY = "correct the cell and add the table again"


@dataclass
class _Found:
    """Letters and faults of one source, and the files that are not read, by ending."""

    letters: list[Letter] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)


def read_letter_files(source: Path, *, names: re.Pattern[str] | None = None) -> RecordBatch:
    """The letters of a table (`note_id patient_id date text [language]`) or of a folder of text files.

    Of a file its name is the `note_id`; its patient, day and language stand in `notes.csv` of the folder
    (`file patient_id [date language]`), else in its name by the pattern `names` (groups patient_id, date, language),
    else an ISO date in the name is the day and `_de` or `_en` at its end the language. A letter without patient has an
    empty `patient_id`. What is no letter is a fault with its row or the number of its file by name.

    Raises UnusableInputError for a table without the columns and for a folder without text files, TableError for rows
    of `notes.csv` that name no file of the folder, or one that an earlier row names.
    """
    found = _read_folder(source, names) if source.is_dir() else _read_table(source)
    digest = _digest_of_folder(source) if source.is_dir() else digest_of_file(source)
    unread = {f"files {ending}": count for ending, count in found.unread.items()}
    return RecordBatch(Source("notes", digest), {}, faults=found.faults, unread=unread, letters=found.letters)


def day_of_letter(date: str | None) -> dt.date | None:
    """The day of a letter, where its date is known to the day: "two months ago" counts from it."""
    told = None if date is None else parse_partial_date(date)
    return told.first_day() if told is not None and told.precision == "day" else None


def date_as_told(row: Row) -> str | None:
    """The date of a finding, no more precise than its letter tells it."""
    cut = {"day": 10, "month": 7, "year": 4, None: 10}[row["date_precision"]]
    return None if row["date"] is None else str(row["date"])[:cut]


def _read_table(path: Path) -> _Found:
    numbered = read_numbered_rows(path)
    header = list(numbered[0][1]) if numbered else []
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise UnusableInputError(
            f"{tell_file(path)}: expected the columns {', '.join(COLUMNS)}; {', '.join(missing)} is missing"
        )
    found = _Found()
    for number, row in numbered:
        faults = [(column, f"{column} is empty") for column in COLUMNS if not str(row[column] or "").strip()]
        faults += _told_faults(row)
        for column, rule in faults:
            found.faults.append(Fault(TEXT_FINDINGS.name, f"row {number}", column, rule, _CELL_REMEDY))
        if not faults:
            key, text = str(row["note_id"]).strip(), str(row["text"])
            found.letters.append(_letter(key, text, f"row {number}", row))
    return found


def _told_faults(row: Mapping[str, object]) -> list[tuple[str, str]]:
    faults = []
    date, spoken = row.get("date"), str(row.get("language") or "").strip().lower()[:2]
    if date:
        try:
            parse_partial_date(str(date))
        except UnusableInputError:
            faults.append(("date", "date: expected a day, as 2023-05-17"))
    if spoken and spoken not in ASSERTION_LANGUAGES:
        faults.append(("language", f"language: expected {' or '.join(ASSERTION_LANGUAGES)} or nothing"))
    return faults


def _letter(key: str, text: str, place: str, told: Mapping[str, object]) -> Letter:
    date, kind = told.get("date"), told.get("kind")
    return Letter(
        key,
        str(told.get("patient_id") or "").strip(),
        text,
        place,
        str(parse_partial_date(str(date))) if date else None,
        str(told.get("language") or "").strip().lower()[:2] or None,
        str(kind) if kind else None,
    )


def _read_folder(folder: Path, names: re.Pattern[str] | None) -> _Found:
    files = _files_of(folder)
    if not any(path.suffix.lower() in TEXT_ENDINGS for path in files):
        raise UnusableInputError(f"{tell_file(folder)}: no text files ({', '.join(TEXT_ENDINGS)}) in this folder")
    listed = _read_list(folder, files)
    found = _Found()
    for number, path in enumerate(files, start=1):
        if path.suffix.lower() not in TEXT_ENDINGS:
            found.unread[_told_ending(path)] += 1
            continue
        place = f"file {number} by name"
        told = _told_by_name(path.stem, names) | listed.get(path, {})
        faults = _told_faults(told)
        try:
            text = read_text(path.name, path.read_bytes())
        except UnusableInputError as error:
            faults.append(("text", str(error)))
            text = ""
        for column, rule in faults:
            found.faults.append(Fault(TEXT_FINDINGS.name, place, column, rule, "correct it and add the folder again"))
        if not faults:
            key = path.relative_to(folder).with_suffix("").as_posix()
            found.letters.append(_letter(key, text, place, told))
    return found


def _told_ending(path: Path) -> str:
    """The ending of a file that is not read, where it is one of files; a name may end in anything."""
    name = tell_file(Path(f"file{path.suffix}"))
    return path.suffix.lower() if path.suffix and name.startswith("file.") else "without a known ending"


def _files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != LIST_NAME)


def _read_list(folder: Path, files: Sequence[Path]) -> dict[Path, Row]:
    """What `notes.csv` says of each file that it names, by its name with or without ending."""
    path = folder / LIST_NAME
    if not path.is_file():
        return {}
    rows = read_numbered_rows(path)
    if rows and not {"file", "patient_id"} <= rows[0][1].keys():
        raise UnusableInputError(f"{LIST_NAME}: expected the columns file, patient_id [date language]")
    called: dict[str, list[Path]] = defaultdict(list)
    for one in files:
        for name in {one.name, one.stem}:
            called[name].append(one)
    named = [
        (number, row, called.get(str(row["file"]), [])) for number, row in rows if row["file"] or row["patient_id"]
    ]
    faults = [
        f"row {number}: file: no file of this folder is called so; correct the name, or take the row out"
        for number, _row, found in named
        if not found
    ]
    told = ((number, one) for number, _row, found in named for one in found)
    faults += find_repeated(told, "name each file once, with its one patient")
    if faults:
        raise TableError(LIST_NAME, faults)
    return {one: row for _number, row, found in named for one in found}


def _told_by_name(stem: str, names: re.Pattern[str] | None) -> Row:
    dated, spoken = _DATE_IN_NAME.search(stem), _LANGUAGE_IN_NAME.search(stem)
    told: Row = {"date": dated[1] if dated else None, "language": spoken[1] if spoken else None}
    match = names.fullmatch(stem) if names is not None else None
    return told | ({name: value for name, value in match.groupdict().items() if value} if match else {})


def _digest_of_folder(folder: Path) -> str:
    files: Sequence[Path] = [*_files_of(folder), *([folder / LIST_NAME] if (folder / LIST_NAME).is_file() else [])]
    return digest_of([[path.relative_to(folder).as_posix(), digest_of_file(path)] for path in files])
