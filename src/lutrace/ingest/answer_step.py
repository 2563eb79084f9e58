"""`lutrace check --answer`: what people say of findings goes into the registry, where the queries see it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import Row, TableError, UnusableInputError, read_numbered_rows, tell_cell, tell_file
from lutrace.ingest.registry_steps import ITEMS
from lutrace.ingest.repeated_rows import find_repeated
from lutrace.registry import QualityFinding, Registry
from lutrace.tables import FACT_TABLES

ANSWER_COLUMNS = ("finding_id", "answer", "reason")
ANSWERS = ("acknowledge", "correct", "reject")
GONE = "no longer found"


@dataclass(frozen=True)
class _Answer:
    """One row of the table of answers, understood."""

    finding: QualityFinding
    act: str
    reason: str
    column: str | None
    value: str | None


def run_answers(registry_folder: Path, table: Path, *, by: str, at: dt.datetime) -> dict[str, int]:
    """Apply a table of answers (`finding_id answer reason [column new_value]`); how many of each kind were applied.

    `acknowledge`: the row may stay as it is. `correct`: `column` of the row is `new_value` (an override). `reject`: the
    row is wrong and counts no more (an act of the review log). Rows without an answer are passed over, so that the file
    of `lutrace check --out` can be filled in; findings that are no longer found, being corrected, are counted. `by` is
    kept as a pseudonym.

    Raises UnusableInputError for missing columns, TableError with every row that cannot be applied or answers a finding
    again; then none is.
    """
    numbered = read_numbered_rows(table)
    missing = [name for name in ANSWER_COLUMNS if numbered and name not in numbered[0][1]]
    if missing:
        raise UnusableInputError(
            f"{tell_file(table)}: needs the columns {', '.join(missing)}; write the findings with "
            "`lutrace check --out` and fill them in"
        )
    answered = ((number, str(row["finding_id"])) for number, row in numbered if str(row["answer"] or "").strip())
    repeated = find_repeated(answered, "a finding has one answer: leave all other rows of it without one")
    if repeated:
        raise TableError(tell_file(table), repeated)
    for dry_run in (True, False):
        with Registry.open(registry_folder, write=True, dry_run=dry_run) as registry:
            applied = _apply_all(registry, tell_file(table), numbered, by=by, at=at)
    return applied


def _apply_all(
    registry: Registry, name: str, numbered: list[tuple[int, Row]], *, by: str, at: dt.datetime
) -> dict[str, int]:
    """Apply every row, or raise with all faults; called on a dry run first."""
    known = {finding.finding_id: finding for finding in registry.check(ITEMS)}
    who = registry.pseudonym("user", by)
    counts: Counter[str] = Counter()
    faults = []
    for number, row in numbered:
        try:
            answer = _understood(row, known)
            if isinstance(answer, _Answer):
                _apply(registry, answer, who=who, at=at)
            if answer is not None:
                counts[answer if isinstance(answer, str) else answer.act] += 1
        except TableError as error:
            faults.append(f"row {number}: {'; '.join(error.faults)}")
        except UnusableInputError as error:
            faults.append(f"row {number}: {error}")
    if faults:
        raise TableError(name, faults)
    return dict(sorted(counts.items()))


def _understood(row: Row, known: Mapping[str, QualityFinding]) -> _Answer | str | None:
    """What a row asks for; None where it says nothing, GONE where its finding is no longer found."""
    act, reason = (str(row.get(name) or "").strip() for name in ("answer", "reason"))
    if not act:
        return None
    if act not in ANSWERS:
        raise UnusableInputError(f"answer: expected {', '.join(ANSWERS)}, got {tell_cell(act)}")
    if not reason:
        raise UnusableInputError("reason: may not be empty; say why")
    column, value = (None if row.get(name) is None else str(row[name]) for name in ("column", "new_value"))
    if (act == "correct") != (column is not None and value is not None):
        raise UnusableInputError("column and new_value: needed by the answer correct, and by no other")
    finding_id = str(row.get("finding_id") or "")
    if ":" not in finding_id:
        raise UnusableInputError("finding_id: expected one that `lutrace check` gives")
    return _Answer(known[finding_id], act, reason, column, value) if finding_id in known else GONE


def _apply(registry: Registry, answer: _Answer, *, who: str, at: dt.datetime) -> None:
    finding = answer.finding
    if answer.act == "acknowledge":
        registry.answer(finding, reason=answer.reason, made_by=who, made_at=at)
        return
    target = registry.stored_row_id(finding)
    stored = registry.rows(FACT_TABLES[finding.table], row_id=target)[0]
    act = {
        "patient_id": stored["patient_id"],
        "table": finding.table,
        "target_row_id": target,
        "reason": answer.reason,
        "made_by": who,
        "made_at": at,
    }
    if answer.act == "reject":
        registry.append_review({**act, "act": "reject"})
        return
    old = stored.get(answer.column or "")
    registry.override(
        {**act, "column": answer.column, "old_value": None if old is None else str(old), "new_value": answer.value}
    )
