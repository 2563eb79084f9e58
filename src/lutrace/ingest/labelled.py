"""How often rules and people agree: answers held against a labelled sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lutrace.core import Row, TableError, UnusableInputError, read_numbered_rows, tell_file

_FOUND = {"true": "yes", "1": "yes", "y": "yes", "false": "no", "0": "no", "n": "no"}


def compare_labels(labels: Path, rows: Sequence[Row], answers: Mapping[str, tuple[str, str]]) -> tuple[Row, ...]:
    """A row per answer that the labels hold: `answer n positives found tp fp fn precision recall f1 unanswered`.

    `answers` gives for each answer its positive and its negative value. Rows that got no answer count as negative.
    A share whose denominator is zero is empty. Raises UnusableInputError where no column is an answer, TableError with
    row and column for a label that is none, for an id that occurs twice and for one that no sentence has.
    """
    numbered = read_numbered_rows(labels)
    header = list(numbered[0][1]) if numbered else []
    told = [answer for answer in answers if answer in header]
    if "id" not in header or not told:
        raise UnusableInputError(f"{tell_file(labels)}: expected the columns id and any of {', '.join(answers)}")
    found = {str(row["id"]): row for row in rows}
    if len(found) < len(rows):
        raise UnusableInputError("sentences: an id occurs twice; labels need one id per sentence and concept")
    faults: list[str] = []
    pairs: dict[str, list[tuple[str, str | None]]] = {answer: [] for answer in told}
    seen: set[str] = set()
    for number, row in numbered:
        key = str(row["id"])
        if key in seen or key not in found:
            faults.append(f"row {number}, id: {'stands twice' if key in seen else 'no sentence has it'}")
            continue
        seen.add(key)
        for answer in told:
            label = str(row[answer] if row[answer] is not None else "").strip().lower()
            label = _FOUND.get(label, label)
            if label not in answers[answer]:
                faults.append(f"row {number}, {answer}: expected {' or '.join(answers[answer])}")
            pairs[answer].append((label, found[key][answer]))
    if faults:
        raise TableError(labels.name, faults)
    return tuple(_agreement(answer, pairs[answer], answers[answer][0]) for answer in told)


def compare_facts(labels: Path, rows: Sequence[Row], notes: Sequence[str]) -> tuple[Row, ...]:
    """A row per fact: how the facts found in the labelled letters agree with those that people found there.

    `labels` is a table `note_id fact value [negated]`; a letter without any fact has one row with an empty fact. A fact
    found several times in a letter counts once, one that is another person's not at all. Raises UnusableInputError for
    missing columns, TableError for a letter that is not there and for a fact without a value.
    """
    numbered = read_numbered_rows(labels)
    header = list(numbered[0][1]) if numbered else []
    if not {"note_id", "fact", "value"} <= set(header):
        raise UnusableInputError(f"{tell_file(labels)}: expected the columns note_id, fact, value [negated]")
    faults = [
        f"row {number}: {'note_id: no such letter' if str(row['note_id']) not in notes else 'a fact needs a value'}"
        for number, row in numbered
        if str(row["note_id"]) not in notes or (row["fact"] and row["value"] is None)
    ]
    if faults:
        raise TableError(labels.name, faults)
    read = {str(row["note_id"]) for _number, row in numbered}
    compared = ("note_id", "fact", "value", *(("negated",) if "negated" in header else ()))
    stated = {_key(row, compared) for _number, row in numbered if row["fact"]}
    counted = [row for row in rows if str(row["note_id"]) in read and row["other"] == "no"]
    found = {_key(row, compared) for row in counted if "negated" in header or row["negated"] == "no"}
    return tuple(
        _shares(fact, len(read), *({key for key in keys if key[1] == fact} for keys in (stated, found)))
        for fact in sorted({key[1] for key in stated | found})
    )


def _key(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(row[column] if row[column] is not None else "no").strip() for column in columns)


def _shares(fact: str, letters: int, stated: set[tuple[str, ...]], found: set[tuple[str, ...]]) -> Row:
    counts = _counted(len(stated & found), len(stated), len(found))
    return {"fact": fact, "letters": letters, **counts}


def _agreement(answer: str, pairs: Sequence[tuple[str, str | None]], positive: str) -> Row:
    tp = sum(label == positive and found == positive for label, found in pairs)
    positives = sum(label == positive for label, _found in pairs)
    found = sum(one == positive for _label, one in pairs)
    counts = _counted(tp, positives, found)
    unanswered = sum(one is None for _label, one in pairs)
    return {"answer": f"{answer} = {positive}", "n": len(pairs), **counts, "unanswered": unanswered}


def _counted(tp: int, positives: int, found: int) -> Row:
    return {
        "positives": positives,
        "found": found,
        "tp": tp,
        "fp": found - tp,
        "fn": positives - tp,
        "precision": tp / found if found else None,
        "recall": tp / positives if positives else None,
        "f1": 2 * tp / (positives + found) if positives + found else None,
    }
