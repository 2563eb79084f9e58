"""Findings of letters that wait for a person, the weightiest first, and what a person says of them."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from lutrace.core import Row, TableError, UnusableInputError, parse_partial_date, read_numbered_rows, tell_file
from lutrace.ingest.letter_files import date_as_told
from lutrace.ingest.repeated_rows import find_repeated
from lutrace.notes import check_value, split_letter
from lutrace.registry import Registry
from lutrace.tables import TEXT_FINDINGS

DECISIVE = ("death", "stop_reason", "progression", "hospice")
"""Facts that decide an endpoint once a person has confirmed them."""
LABELS = ("negated", "uncertain", "historical", "hypothetical", "other_person")
QUEUE_COLUMNS = ("row_id", "patient_id", "note_id", "note_date", "fact", "value", "unit", "date", *LABELS, "confidence",
                 "proposer", "why", "quote", "sentence", "decision", "reason")  # fmt: skip
CORRECTABLE = ("value", "unit", "date", *LABELS)
_DECISIONS = {"accept": "accept", "reject": "reject", "correct": "edit", "undo": "undo"}
_WORDS = {act: word for word, act in _DECISIONS.items()}
_TOLD = {True: "yes", False: "no", None: None}
_RANKS = ("contradicts", "decides", "low confidence", "medium confidence", "")
_NAME = TEXT_FINDINGS.name


@dataclass(frozen=True)
class ReviewResult:
    """How many acts were written to the review log, and how many rows said what the log says already."""

    counts: Mapping[str, int]


def run_queue(registry_folder: Path) -> list[Row]:
    """The findings that nobody has reviewed: rows of QUEUE_COLUMNS, for the screen of the person who reviews.

    First those that a record contradicts (`why` says in what), then those that decide an endpoint, then by confidence.
    `quote` and `sentence` are words of the letter and may name people. `decision` and `reason` are to be filled in:
    accept, reject, correct (with the other cells as they should be), undo.
    """
    with Registry.open(registry_folder, write=False) as registry:
        seen = {act["target_row_id"] for act in registry.standing_reviews(TEXT_FINDINGS, applied=True)}
        conflicts: dict[str, str] = {}
        for one in registry.check():
            if one.table == _NAME and one.check != "rows_in_quarantine":
                conflicts.setdefault(one.row_id, one.found)
        rows = [row for row in registry.rows(TEXT_FINDINGS) if row["row_id"] not in seen and not row["reviewed"]]
        letters = registry.letters(sorted({row["note_id"] for row in rows}))
    waiting = []
    for row in rows:
        why = _why(row, conflicts)
        text = letters[row["note_id"]].text if row["note_id"] in letters else None
        order = (_rank(why), row["fact"] not in DECISIVE, row["patient_id"], row["note_id"], row["begin"], row["fact"])
        waiting.append((order, {**_shown(row), "why": why or None, **_words(row, text)}))
    return [{name: row.get(name) for name in QUEUE_COLUMNS} for _order, row in sorted(waiting, key=itemgetter(0))]


def run_reviewed(registry_folder: Path, table: Path, *, by: str, at: dt.datetime) -> ReviewResult:
    """Write what a person said of findings to the review log, from a table as `run_queue` gives it.

    Of each row only `row_id`, `decision`, `reason` and, with the decision correct, the cells of CORRECTABLE are read;
    rows without a decision are left. What the log says already is not written again. `by` is who read the letters (kept
    as a pseudonym), `at` when. Raises UnusableInputError for missing columns, TableError with rows for an unknown
    finding or decision, a second decision on a finding, and a value, unit or date that its fact cannot have; nothing is
    written then.
    """
    numbered = read_numbered_rows(table)
    if not numbered or not {"row_id", "decision"} <= numbered[0][1].keys():
        raise UnusableInputError(
            f"{tell_file(table)}: expected the columns row_id, decision [{', '.join(CORRECTABLE)}, reason]"
        )
    counts: Counter[str] = Counter()
    with Registry.open(registry_folder, write=True) as registry:
        held = {row["row_id"]: row for row in registry.rows(TEXT_FINDINGS)}
        standing = {act["target_row_id"]: act for act in registry.standing_reviews(TEXT_FINDINGS, applied=True)}
        decided = ((number, str(row["row_id"])) for number, row in numbered if str(row["decision"] or "").strip())
        acts, faults = [], find_repeated(decided, "decide on a finding once")
        for number, row in numbered:
            try:
                wanted = _acts(row, held, standing, today=at.date())
            except UnusableInputError as error:
                faults.append(f"row {number}: {error}")
                continue
            acts += wanted
            counts["unchanged"] += bool(row["decision"]) and not wanted
        if faults:
            raise TableError(tell_file(table), faults)
        who = registry.pseudonym("user", by)
        for act in acts:
            registry.append_review({**act, "made_by": who, "made_at": at})
            counts[_WORDS[act["act"]]] += 1
    return ReviewResult({word: count for word, count in counts.items() if count})


def _acts(row: Row, held: Mapping[str, Row], standing: Mapping[str, Row], *, today: dt.date) -> list[Row]:
    """The acts that a row of the table asks for; none where it has no decision or the log says so already.

    A decision takes the one before it on the same finding back.
    """
    word = str(row["decision"] or "").strip().lower()
    if not word:
        return []
    if word not in _DECISIONS:
        raise UnusableInputError(f"decision: expected {', '.join(_DECISIONS)} or nothing")
    target = held.get(str(row["row_id"]))
    if target is None:
        raise UnusableInputError("row_id: no finding has it; the letter was read anew: ask for the queue again")
    act = _DECISIONS[word]
    before = standing.get(target["row_id"])
    changes = _changes(row, target, today) if act == "edit" else None
    if act == "edit" and set(changes or ()) == {"reviewed"}:
        raise UnusableInputError("decision: correct needs a cell that differs from the finding; else accept")
    if before is not None and act == before["act"] and changes == _changes_of(before):
        return []
    told = {
        "patient_id": target["patient_id"],
        "table": _NAME,
        "target_row_id": target["row_id"],
        "reason": str(row["reason"]) if row.get("reason") else None,
    }
    undone = [] if before is None else [{**told, "act": "undo", "undoes": before["review_id"]}]
    return undone if act == "undo" else [*undone, {**told, "act": act, "changes": changes}]


def _changes(row: Row, target: Row, today: dt.date) -> dict[str, Any]:
    """The cells that differ from the finding, and that it is reviewed; what the fact cannot say is refused."""
    shown = _shown(target)
    changes: dict[str, Any] = {"reviewed": True}
    for name in CORRECTABLE:
        given = None if row.get(name) is None else str(row[name]).strip().lower() if name in LABELS else str(row[name])
        if name not in row or given == (None if shown[name] is None else str(shown[name])):
            continue
        if name == "date":
            changes |= _date(given, today)
        elif name in LABELS:
            if given not in ("yes", "no"):
                raise UnusableInputError(f"{name}: expected yes or no")
            changes[name] = given == "yes"
        elif name == "value" and not given:
            raise UnusableInputError("value: a finding has a value; reject it where there is none")
        else:
            changes[name] = given
    if changes.keys() & {"value", "unit"}:
        stated = {**target, **changes}
        check_value(target["fact"], stated["value"], stated["unit"])
    return changes


def _date(given: str | None, today: dt.date) -> dict[str, Any]:
    if given is None:
        return {"date": None, "date_precision": None}
    date = parse_partial_date(given)
    if date.first_day() > today:
        raise UnusableInputError(f"date: expected one up to today ({today}), got {date}")
    return {"date": date.first_day().isoformat(), "date_precision": date.precision}


def _changes_of(act: Row) -> dict[str, Any] | None:
    return json.loads(act["changes"]) if act["changes"] else None


def _shown(row: Row) -> Row:
    """A finding as a person sees it: dates no more precise than known, yes and no."""
    told = {name: _TOLD[row[name]] for name in LABELS}
    return {**row, "date": date_as_told(row), **told}


def _why(row: Row, conflicts: Mapping[str, str]) -> str:
    if row["row_id"] in conflicts:
        return f"contradicts: {conflicts[row['row_id']]}"
    if row["fact"] in DECISIVE and not any(row[name] for name in ("negated", "hypothetical", "other_person")):
        return "decides an endpoint"
    return f"{row['confidence']} confidence" if row["confidence"] in ("low", "medium") else ""


def _rank(why: str) -> int:
    return next(rank for rank, start in enumerate(_RANKS) if why.startswith(start))


def _words(row: Row, text: str | None) -> Row:
    if text is None:
        return {"quote": None, "sentence": None}
    sentence: Sequence[str] = [one.text for one in split_letter(text) if one.begin <= row["begin"] < one.end]
    return {"quote": text[row["begin"] : row["end"]], "sentence": " ".join(" ".join(sentence).split()) or None}
