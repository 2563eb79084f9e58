"""`lutrace assert`: what each sentence says of its concept, on a plain table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import Row, TableError, UnusableInputError, read_numbered_rows
from lutrace.ingest.labelled import compare_labels
from lutrace.notes import LABELS, Assertion, assert_concept, find_language
from lutrace.terms import ASSERTION_LANGUAGES

COLUMNS = ("id", "sentence", "concept")
ANSWERS = ("negated", "uncertain", "historical", "hypothetical", "experiencer", "trigger")
_POSITIVE = {
    **dict.fromkeys(("negated", "uncertain", "historical", "hypothetical"), ("yes", "no")),
    "experiencer": ("other", "patient"),
}
RULES_NOTE = "found by rules, not read by a person: a sample labelled by your own centre says how often they err"


@dataclass(frozen=True)
class AssertResult:
    """A row per sentence, in the order of the file, and what a reader must know of them."""

    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    unanswered: int
    agreement: tuple[Row, ...] = ()


def run_assert(sentences: Path, *, language: str | None = None, labels: Path | None = None) -> AssertResult:
    """What each sentence of a table (`id sentence concept [language]`) says of its concept.

    To the columns of the file come `language` (en, de), `negated uncertain historical hypothetical` (yes, no),
    `experiencer` (patient, other) and `trigger` (the phrases that say so; empty where none does). `language` says it
    for rows that do not; without it each row's words tell, and where they do not, those of the whole file. A concept
    that does not stand in its sentence leaves its row unanswered and is warned of. `labels` is a table of what people
    found (`id` and any of the answers): `agreement` then holds a row per answer, with precision, recall and F1.
    Raises UnusableInputError for missing columns or an unknown language, TableError with rows for cells without
    sentence or concept, and for labels that are none or whose id has no sentence.
    """
    if language is not None and language not in ASSERTION_LANGUAGES:
        raise UnusableInputError(f"expected --language {' or '.join(ASSERTION_LANGUAGES)}, got {language!r}")
    numbered = read_numbered_rows(sentences)
    _check(sentences.name, numbered)
    languages = _languages(numbered, language)
    found = [
        assert_concept(str(row["sentence"]), str(row["concept"]), spoken)
        for (_number, row), spoken in zip(numbered, languages, strict=True)
    ]
    rows = [
        {**row, "language": spoken, **_answers(assertion)}
        for (_number, row), spoken, assertion in zip(numbered, languages, found, strict=True)
    ]
    missing = [number for (number, _row), assertion in zip(numbered, found, strict=True) if assertion is None]
    told = [] if not missing else [_told(missing)]
    agreement = () if labels is None else compare_labels(labels, rows, _POSITIVE)
    return AssertResult(tuple(rows), (RULES_NOTE, *told), len(missing), agreement)


def _check(name: str, numbered: Sequence[tuple[int, Row]]) -> None:
    if not numbered:
        raise UnusableInputError(f"{name}: no sentences; expected a row per sentence and concept under the header")
    header = numbered[0][1]
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise UnusableInputError(f"{name}: expected the columns {', '.join(COLUMNS)}; {', '.join(missing)} is missing")
    taken = [column for column in ANSWERS if column in header]
    if taken:
        raise UnusableInputError(f"{name}: {', '.join(taken)} is a column of the answer; give it another name")
    faults = [
        f"row {number}: {column} is empty"
        for number, row in numbered
        for column in ("sentence", "concept")
        if not str(row[column] if row[column] is not None else "").strip()
    ]
    faults += [
        f"row {number}, language: expected {' or '.join(ASSERTION_LANGUAGES)} or nothing, got another"
        for number, row in numbered
        if row.get("language") is not None and _language_of(row) is None
    ]
    if faults:
        raise TableError(name, faults)


def _language_of(row: Row) -> str | None:
    said = str(row.get("language") or "").strip().lower()[:2]
    return said if said in ASSERTION_LANGUAGES else None


def _languages(numbered: Sequence[tuple[int, Row]], given: str | None) -> list[str]:
    told = [_language_of(row) or given or find_language(str(row["sentence"])) for _number, row in numbered]
    counts = Counter(one for one in told if one is not None)
    most = counts.most_common(1)[0][0] if counts else ASSERTION_LANGUAGES[0]
    return [one or most for one in told]


def _answers(assertion: Assertion | None) -> Row:
    if assertion is None:
        return dict.fromkeys(ANSWERS)
    said: Row = {label: "yes" if assertion.says(label) else "no" for label in LABELS if label != "other"}
    phrases = dict.fromkeys(phrase for told in assertion.triggers.values() for phrase in told)
    return {**said, "experiencer": "other" if assertion.says("other") else "patient", "trigger": "; ".join(phrases)}


def _told(missing: Sequence[int]) -> str:
    shown = ", ".join(str(number) for number in missing[:10]) + (", ..." if len(missing) > 10 else "")
    return (
        f"{len(missing)} concepts do not stand in their sentences and are unanswered (rows {shown}); "
        "write them as they stand there"
    )
