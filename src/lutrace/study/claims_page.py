"""What became of an abstract's numbers, as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import lutrace
from lutrace.core import Row
from lutrace.report import AnswerPage, AnswerTable, write_answer_page
from lutrace.study.claim_verdict import DIFFERS, NO_RESULT
from lutrace.study.claims import ClaimsResult, verdicts_of

CLAIM_COLUMNS = ("sentence", "claim", "run", "difference", "verdict", "held against", "quote")
FAULT_COLUMNS = ("sentence", "severity", "rule", "arithmetic", "consistent", "quote")


def write_claims_page(path: Path, result: ClaimsResult) -> None:
    """Write the page: how many numbers have each verdict, the faults of arithmetic, each number beside the run's."""
    counted = "; ".join(f"{verdict}: {n}" for verdict, n in verdicts_of(result.claims).items())
    compared = [_shown(row) for row in result.claims if row["verdict"] != NO_RESULT]
    others = [row for row in result.claims if row["verdict"] == NO_RESULT]
    page = AnswerPage(
        title="The numbers of a text beside those of a run",
        subtitle=f"Study {result.study}, {_of_run(result.head)}",
        sections=(
            ("Arithmetic", (_intro(result.faults),), _tables("Contradictions", FAULT_COLUMNS, result.faults)),
            ("Numbers", (f"{counted}.",), _tables("Each number that is a result", CLAIM_COLUMNS, compared)),
            (
                "Other numbers",
                ("Days, thresholds, names of steps: no result is looked for.",),
                _tables("Numbers that are no result", ("sentence", "role", "claim", "quote"), others),
            ),
        ),
        synthetic=result.synthetic,
        lutrace_version=lutrace.__version__,
    )
    write_answer_page(path, page)


def _shown(row: Row) -> Row:
    """A row as the page has it: key and note in one column, and no difference where rounding explains it."""
    against = "; ".join(str(row[name]) for name in ("key", "note") if row[name])
    return {**row, "held against": against, "difference": row["difference"] if row["verdict"] == DIFFERS else None}


def _intro(faults: Sequence[Row]) -> str:
    if not faults:
        return "No contradiction was found between the numbers of the text."
    return (
        "Certain: the numbers cannot all be right. To look at: a fact that the text does not tell could explain them."
    )


def _of_run(head: Mapping[str, object]) -> str:
    return f"protocol {str(head['protocol_digest'])[:12]}, snapshot {str(head['snapshot_digest'])[:12]}"


def _tables(caption: str, columns: Sequence[str], rows: Sequence[Row]) -> tuple[AnswerTable, ...]:
    if not rows:
        return ()
    lines = tuple(tuple(_text(row[name]) for name in columns) for row in rows)
    wordy = tuple(place for place, name in enumerate(columns) if name not in ("sentence", "difference"))
    return (AnswerTable(caption, tuple(columns), lines, wordy),)


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:+.2f}".replace("-", "−") if isinstance(value, float) else str(value)
