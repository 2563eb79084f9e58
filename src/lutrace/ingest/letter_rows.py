"""Letters into the registry: the text to the identities file, its facts to `text_findings`; reviews hold on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lutrace.core import Row, Source, UnusableInputError, parse_partial_date
from lutrace.ehr import Letter
from lutrace.ingest.letter_files import date_as_told, day_of_letter
from lutrace.ingest.letter_reviews import carry_reviews, find_reviewed
from lutrace.notes import LetterFact, find_letter_facts, rules_version
from lutrace.registry import AddReport, FactBatch, RefusedRow, Registry, Replacement, StoredLetter
from lutrace.tables import TEXT_FINDINGS

BY_RULES = "rules"
PROPOSED = (
    "facts are proposed by rules, not read by a person: dates of stop, progression and death count in no endpoint "
    "unreviewed"
)
_NAME = TEXT_FINDINGS.name


@dataclass(frozen=True)
class _ReadLetters:
    """Letters that are new or changed, those that cannot be taken, and how many there are of each kind."""

    changed: Sequence[StoredLetter]
    earlier: Mapping[str, StoredLetter]
    faults: Sequence[RefusedRow]
    counts: Counter[str] = field(default_factory=Counter)


def add_letters(
    registry: Registry, facts: FactBatch, letters: Sequence[Letter], *, path: Path | None = None
) -> tuple[AddReport, Counter[str]]:
    """Store the facts of letters together with the rows of their source; also `new changed unchanged refused` letters.

    A letter that stands as it was changes nothing. A changed one gives its facts anew: those that it no longer states
    leave, and what a person said of a statement that still stands in the same words holds on.
    """
    if not letters:
        return registry.add(facts, path=path), Counter()
    read = _read(registry, facts.source, letters)
    rows = [row for letter in read.changed for row in finding_rows(registry, letter)]
    whole = replace(
        facts,
        rows={**facts.rows, _NAME: [*facts.rows.get(_NAME, ()), *rows]},
        faults=[*facts.faults, *read.faults],
        replaces=[*facts.replaces, *_replacements(read.changed)],
    )
    return store_findings(registry, whole, read.changed, read.earlier, path=path), read.counts


def store_findings(
    registry: Registry,
    batch: FactBatch,
    letters: Sequence[StoredLetter],
    earlier: Mapping[str, StoredLetter],
    *,
    path: Path | None = None,
) -> AddReport:
    """Add a batch with the findings of letters, keep the letters, and carry over what a person said of them."""
    said = find_reviewed(registry, earlier)
    report = registry.add(batch, path=path)
    registry.identities.letters.keep(letters)
    carry_reviews(registry, said, {letter.note_id: letter.text for letter in letters})
    return report


def read_again(registry: Registry) -> tuple[AddReport, int]:
    """Find the facts of all letters anew that another version of the rules has read; the report, and how many."""
    version = rules_version()
    old = registry.identities.letters.not_read_by(version)
    if not old:
        return AddReport(), 0
    letters = [replace(one, read_by=version) for one in old]
    rows = [row for letter in letters for row in finding_rows(registry, letter)]
    batch = FactBatch(Source("notes", f"rules {version}"), {_NAME: rows}, replaces=_replacements(letters))
    return store_findings(registry, batch, letters, {one.note_id: one for one in old}), len(letters)


def finding_rows(registry: Registry, letter: StoredLetter) -> list[Row]:
    """The rows of TEXT_FINDINGS of one letter; one that was found so before keeps the version that found it."""
    found = find_letter_facts(letter.text, language=letter.language, written=day_of_letter(letter.note_date))
    rows = [finding_row(letter, one) for one in found]
    held = registry.rows(TEXT_FINDINGS, note_id=letter.note_id, proposer=BY_RULES)
    versions = {_said({**row, "date": date_as_told(row)}): row["proposer_version"] for row in held}
    return [{**row, "proposer_version": versions.get(_said(row), letter.read_by)} for row in rows]


def told_of_letters(counts: Mapping[str, int]) -> list[str]:
    """How many letters were new, changed, unchanged and refused, in a line; none where there was no letter."""
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return [f"letters: {told}; {PROPOSED}"] if told else []


def _said(row: Row) -> tuple[str, ...]:
    names = ("fact", "value", "unit", "date", "begin", "end", "negated", "uncertain", "historical", "hypothetical")
    return tuple(str(row[name]) for name in names)


def finding_row(letter: StoredLetter, one: LetterFact) -> Row:
    """The row of one fact that the rules found, not reviewed."""
    says = one.assertion.says
    return {
        "patient_id": letter.patient_id,
        "note_id": letter.note_id,
        "note_date": letter.note_date,
        "fact": one.fact,
        "value": one.value,
        "unit": one.unit,
        "date": None if one.date is None else str(one.date.date),
        "date_told": None if one.date is None else one.date.told,
        "begin": one.begin,
        "end": one.end,
        "negated": says("negated"),
        "uncertain": says("uncertain"),
        "historical": says("historical"),
        "hypothetical": says("hypothetical"),
        "other_person": says("other"),
        "rule": one.assertion.rule or None,
        "confidence": one.confidence,
        "proposer": BY_RULES,
        "reviewed": False,
        "source_locator": letter.source_locator,
    }


def _replacements(letters: Sequence[StoredLetter]) -> list[Replacement]:
    return [Replacement(_NAME, (("note_id", one.note_id), ("proposer", BY_RULES))) for one in letters]


def _read(registry: Registry, source: Source, letters: Sequence[Letter]) -> _ReadLetters:
    faults: list[RefusedRow] = []
    given: dict[str, StoredLetter] = {}
    for letter in letters:
        fault = _fault(letter)
        if fault is not None:
            faults.append(_refused(letter, *fault))
            continue
        stored = _stored(registry, source, letter)
        twin = given.setdefault(stored.note_id, stored)
        if twin.content != stored.content:
            faults.append(_refused(letter, "note_id", "another text of this source has the same name", _ONE_NAME))
    store = registry.identities.letters
    held = store.find(list(given))
    strange = {key for key, one in given.items() if key in held and held[key].patient_id != one.patient_id}
    by_key = {registry.pseudonym("note", one.key): one for one in letters if one.key}
    faults += [
        _refused(by_key[key], "patient_id", "the text is known as another patient's", _ONE_NAME) for key in strange
    ]
    had = store.had(list(given.values()))
    changed = [
        one
        for key, one in given.items()
        if key not in strange and (key not in held or (held[key].content != one.content and key not in had))
    ]
    earlier = {one.note_id: held[one.note_id] for one in changed if one.note_id in held}
    counts = Counter(
        {
            "new": len(changed) - len(earlier),
            "changed": len(earlier),
            "unchanged": len(given) - len(strange) - len(changed),
            "refused": len(faults),
        }
    )
    return _ReadLetters(changed, earlier, faults, counts)


_ONE_NAME = "give every letter a name of its own at its source (note_id), the same whenever it is added"


def _fault(letter: Letter) -> tuple[str | None, str, str] | None:
    if not letter.text.strip():
        return "text", "the text is empty", "give the text of the letter, or leave its row out"
    if not letter.key or not letter.patient_id:
        name = "patient_id" if letter.key else "note_id"
        return name, f"{name} is missing", "say whose letter it is and what it is called"
    if letter.date is not None:
        try:
            parse_partial_date(letter.date)
        except UnusableInputError:
            return "date", "the date is none", "write it as 2023-05-17, 2023-05 or 2023"
    return None


def _refused(letter: Letter, column: str | None, rule: str, remedy: str) -> RefusedRow:
    return RefusedRow(_NAME, letter.source_locator, column, rule, remedy, {})


def _stored(registry: Registry, source: Source, letter: Letter) -> StoredLetter:
    return StoredLetter(
        registry.pseudonym("note", letter.key),
        registry.pseudonym("patient", letter.patient_id),
        letter.text,
        source.digest,
        letter.source_locator,
        None if letter.date is None else str(parse_partial_date(letter.date)),
        letter.language,
        letter.kind,
        rules_version(),
    )
