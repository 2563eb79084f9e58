"""`lutrace extract`: facts in letters, on a plain table or a folder of text files."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import Row, TableError, UnusableInputError, parse_partial_date, read_numbered_rows
from lutrace.ingest.labelled import compare_facts
from lutrace.notes import LABELS, LetterFact, find_letter_facts
from lutrace.terms import ASSERTION_LANGUAGES

COLUMNS = ("note_id", "text")
FACT_COLUMNS = ("note_id", "patient_id", "note_date", "fact", "value", "unit", "date", "date_told", "begin", "end",
                "quote", "heading", *LABELS, "trigger")  # fmt: skip
PROPOSED = (
    "proposed by rules, not read by a person: dates of stop, progression and death count in no endpoint unreviewed"
)
_DATE_IN_NAME = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_LANGUAGE_IN_NAME = re.compile(r"[_.-](de|en)\Z", re.IGNORECASE)


@dataclass(frozen=True)
class ExtractResult:
    """A row per fact, in the order of the letters, and what a reader must know of them."""

    rows: tuple[Row, ...]
    letters: int
    warnings: tuple[str, ...]
    agreement: tuple[Row, ...] = ()


def run_extract(letters: Path, *, language: str | None = None, labels: Path | None = None) -> ExtractResult:
    """The facts of letters: a table (`note_id text [patient_id date language]`) or a folder of text files.

    Of a text file the name is the `note_id`; an ISO date in it is its date, `_de` or `_en` at its end its language.
    Rows hold the columns of `FACT_COLUMNS`: `begin`, `end` are characters of the letter, `quote` is what stands there,
    `date` is that of the fact as precise as told (`date_told`: written, or relative to the letter), the labels are yes
    or no (`other`: another person's). `labels` is a table `note_id fact value [negated]` of all facts that people found
    in the labelled letters: `agreement` holds a row per fact with precision, recall and F1. Raises UnusableInputError
    for missing columns, a folder without text files or an unknown language, TableError with rows for letters without
    text, for a date that is none, and for labels of a letter that is not there.
    """
    if language is not None and language not in ASSERTION_LANGUAGES:
        raise UnusableInputError(f"expected --language {' or '.join(ASSERTION_LANGUAGES)}, got {language!r}")
    notes = _read_folder(letters) if letters.is_dir() else _read_table(letters)
    rows: list[Row] = []
    for note in notes:
        written = dt.date.fromisoformat(str(note["date"])) if note.get("date") else None
        found = find_letter_facts(str(note["text"]), language=note.get("language") or language, written=written)
        rows += [_row(note, fact) for fact in found]
    ids = [str(note["note_id"]) for note in notes]
    agreement = () if labels is None else compare_facts(labels, rows, ids)
    return ExtractResult(tuple(rows), len(notes), (PROPOSED,), agreement)


def _read_folder(folder: Path) -> list[Row]:
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise UnusableInputError(f"{folder.name}: no text files (*.txt) in this folder")
    notes: list[Row] = []
    for path in paths:
        dated, spoken = _DATE_IN_NAME.search(path.stem), _LANGUAGE_IN_NAME.search(path.stem)
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise UnusableInputError(f"letter {len(notes) + 1}: no UTF-8 text; convert it, and run again") from error
        notes.append(
            {
                "note_id": path.stem,
                "text": text,
                "date": str(parse_partial_date(dated[1])) if dated else None,
                "language": spoken[1].lower() if spoken else None,
            }
        )
    return notes


def _read_table(path: Path) -> list[Row]:
    numbered = read_numbered_rows(path)
    header = list(numbered[0][1]) if numbered else []
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise UnusableInputError(
            f"{path.name}: expected the columns {', '.join(COLUMNS)}; {', '.join(missing)} is missing"
        )
    faults = [f"row {number}: {fault}" for number, row in numbered for fault in _faults(row)]
    if faults:
        raise TableError(path.name, faults)
    return [_note(row) for _number, row in numbered]


def _faults(row: Row) -> list[str]:
    faults = [f"{column} is empty" for column in COLUMNS if not str(row[column] or "").strip()]
    if row.get("date"):
        try:
            if parse_partial_date(str(row["date"])).precision != "day":
                faults.append("date: expected a day, as 2023-05-17")
        except UnusableInputError:
            faults.append("date: expected a day, as 2023-05-17")
    spoken = str(row.get("language") or "").strip().lower()[:2]
    if spoken and spoken not in ASSERTION_LANGUAGES:
        faults.append(f"language: expected {' or '.join(ASSERTION_LANGUAGES)} or nothing")
    return faults


def _note(row: Row) -> Row:
    day = str(parse_partial_date(str(row["date"]))) if row.get("date") else None
    return {**row, "date": day, "language": str(row.get("language") or "").strip().lower()[:2] or None}


def _row(note: Row, found: LetterFact) -> Row:
    triggers = found.assertion.triggers
    return {
        "note_id": note["note_id"],
        "patient_id": note.get("patient_id"),
        "note_date": note.get("date"),
        "fact": found.fact,
        "value": found.value,
        "unit": found.unit,
        "date": None if found.date is None else str(found.date.date),
        "date_told": None if found.date is None else "relative" if found.date.relative else "written",
        "begin": found.begin,
        "end": found.end,
        "quote": str(note["text"])[found.begin : found.end],
        "heading": found.sentence.heading,
        **{label: "yes" if found.assertion.says(label) else "no" for label in LABELS},
        "trigger": "; ".join(dict.fromkeys(phrase for told in triggers.values() for phrase in told)) or None,
    }
