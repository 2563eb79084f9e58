"""How often rules and people agree: answers held against a labelled sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from lutrace.core import Row, TableError, UnusableInputError, read_numbered_rows

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
        raise UnusableInputError(f"{labels.name}: expected the columns id and any of {', '.join(answers)}")
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


def _agreement(answer: str, pairs: Sequence[tuple[str, str | None]], positive: str) -> Row:
    tp = sum(label == positive and found == positive for label, found in pairs)
    positives = sum(label == positive for label, _found in pairs)
    found = sum(one == positive for _label, one in pairs)
    return {
        "answer": f"{answer} = {positive}",
        "n": len(pairs),
        "positives": positives,
        "found": found,
        "tp": tp,
        "fp": found - tp,
        "fn": positives - tp,
        "precision": tp / found if found else None,
        "recall": tp / positives if positives else None,
        "f1": 2 * tp / (positives + found) if positives + found else None,
        "unanswered": sum(one is None for _label, one in pairs),
    }
