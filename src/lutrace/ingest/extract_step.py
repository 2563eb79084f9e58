"""`lutrace extract`: facts in letters, on a plain table or a folder of text files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lutrace.core import Row, TableError, UnusableInputError, tell_file
from lutrace.ehr import Letter
from lutrace.ingest.labelled import compare_facts
from lutrace.ingest.letter_files import day_of_letter, read_letter_files
from lutrace.ingest.letter_rows import PROPOSED
from lutrace.notes import LABELS, LetterFact, find_letter_facts
from lutrace.terms import ASSERTION_LANGUAGES

FACT_COLUMNS = ("note_id", "patient_id", "note_date", "fact", "value", "unit", "date", "date_told", "begin", "end",
                "quote", "heading", *LABELS, "trigger")  # fmt: skip


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
    batch = read_letter_files(letters)
    if batch.faults:
        raise TableError(tell_file(letters), [f"{fault.locator}: {fault.rule}" for fault in batch.faults])
    rows: list[Row] = []
    for letter in batch.letters:
        spoken = letter.language or language
        found = find_letter_facts(letter.text, language=spoken, written=day_of_letter(letter.date))
        rows += [_row(letter, fact) for fact in found]
    agreement = () if labels is None else compare_facts(labels, rows, [one.key for one in batch.letters])
    return ExtractResult(tuple(rows), len(batch.letters), (PROPOSED,), agreement)


def _row(letter: Letter, found: LetterFact) -> Row:
    triggers = found.assertion.triggers
    return {
        "note_id": letter.key,
        "patient_id": letter.patient_id or None,
        "note_date": letter.date,
        "fact": found.fact,
        "value": found.value,
        "unit": found.unit,
        "date": None if found.date is None else str(found.date.date),
        "date_told": None if found.date is None else found.date.told,
        "begin": found.begin,
        "end": found.end,
        "quote": letter.text[found.begin : found.end],
        "heading": found.sentence.heading,
        **{label: "yes" if found.assertion.says(label) else "no" for label in LABELS},
        "trigger": "; ".join(dict.fromkeys(phrase for told in triggers.values() for phrase in told)) or None,
    }
