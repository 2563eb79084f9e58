"""What people said of findings: carried over where a changed letter still says the same in the same words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from lutrace.core import Row
from lutrace.notes import split_letter
from lutrace.registry import Registry, StoredLetter
from lutrace.tables import TEXT_FINDINGS

_SAME = ("fact", "value", "unit", "date", "date_precision", "negated", "uncertain", "historical", "hypothetical",
         "other_person")  # fmt: skip
_Statement = tuple[object, ...]


@dataclass(frozen=True)
class ReviewedStatement:
    """The statement that a person saw, which one of equal ones of its letter it is, and the acts on its row."""

    note_id: str
    row_id: str
    statement: _Statement
    acts: tuple[Row, ...]


def find_reviewed(registry: Registry, letters: Mapping[str, StoredLetter]) -> list[ReviewedStatement]:
    """The reviewed statements of letters, before these are read anew."""
    acts: dict[str, list[Row]] = defaultdict(list)
    if letters:
        for act in registry.standing_reviews(TEXT_FINDINGS, applied=True):
            acts[act["target_row_id"]].append(act)
    if not acts:
        return []
    return [
        ReviewedStatement(note_id, row_id, statement, tuple(acts[row_id]))
        for note_id, letter in letters.items()
        for row_id, statement in _statements(registry, note_id, letter.text).items()
        if row_id in acts
    ]


def carry_reviews(registry: Registry, reviewed: list[ReviewedStatement], texts: Mapping[str, str]) -> None:
    """Repeat what a person said of a statement on the row of the same words in the new letter, where it has moved.

    A statement whose words, value, date or assertion have changed is not carried over: it waits in the queue again.
    """
    for note_id in sorted({one.note_id for one in reviewed}):
        rows = {statement: row_id for row_id, statement in _statements(registry, note_id, texts[note_id]).items()}
        for one in reviewed:
            target = rows.get(one.statement) if one.note_id == note_id else None
            if target is not None and target != one.row_id:
                for act in one.acts:
                    _move(registry, act, target)


def _move(registry: Registry, act: Row, target: str) -> None:
    """Repeat an act on another row and take it back on its own, which is gone."""
    told = {name: act[name] for name in ("patient_id", "table", "made_by", "made_at")}
    words = "the same words in the changed letter"
    reason = f"carried over from {act['review_id']}: {words}"
    registry.append_review(
        {**told, "act": act["act"], "changes": act["changes"], "target_row_id": target, "reason": reason}
    )
    taken_back = {"act": "undo", "undoes": act["review_id"], "target_row_id": act["target_row_id"]}
    registry.append_review({**told, **taken_back, "reason": f"carried over: {words}"})


def _statements(registry: Registry, note_id: str, text: str) -> dict[str, _Statement]:
    """What each finding of a letter says and in which words, and the how-many-eth of its kind it is, by row."""
    sentences = split_letter(text)
    met: dict[_Statement, int] = defaultdict(int)
    found: dict[str, _Statement] = {}
    for row in sorted(registry.rows(TEXT_FINDINGS, note_id=note_id), key=lambda row: (row["begin"], row["fact"])):
        words = next((one.text for one in sentences if one.begin <= row["begin"] < one.end), "")
        said = (*(row[name] for name in _SAME), text[row["begin"] : row["end"]], words)
        met[said] += 1
        found[row["row_id"]] = (*said, met[said])
    return found
