"""What changed between two runs, as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import lutrace
from lutrace.core import Row
from lutrace.report import AnswerPage, AnswerTable, write_answer_page
from lutrace.study.diff import RunDiff

PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "head": ("What the numbers hang on", ("what", "old", "new")),
    "protocol": ("Keys of the study file", ("key", "old", "new")),
    "reasons": ("Why patients are left out or not evaluable", ("where", "reason", "old", "new", "difference")),
    "patients": (
        "Patients, by the study numbers of either report",
        ("change", "population", "patient_old", "patient_new", "endpoint", "old", "new"),
    ),
    "numbers": ("Numbers", ("key", "change", "old", "new", "difference", "also")),
    "warnings": ("Warnings", ("change", "severity", "where", "text")),
}
"""The parts of a comparison in order: title and columns of each."""
NOTHING = "nothing changed"


def write_diff_page(path: Path, diff: RunDiff) -> None:
    """Write the page: each part that changed as a table; what could not be compared is said first."""
    sections = [(title, (), (_table(title, columns, rows),)) for title, columns, rows in list_parts(diff) if rows]
    opening = tuple(text for text in (NOTHING.capitalize() + "." if diff.is_empty else "", diff.note) if text)
    page = AnswerPage(
        title="What changed between two runs",
        subtitle="From the first to the second",
        sections=(*((("Summary", opening, ()),) if opening else ()), *sections),
        synthetic=diff.synthetic,
        lutrace_version=lutrace.__version__,
    )
    write_answer_page(path, page)


def list_parts(diff: RunDiff) -> list[tuple[str, tuple[str, ...], tuple[Row, ...]]]:
    """Title, columns and rows of each part of a comparison, in order."""
    return [(title, columns, getattr(diff, name)) for name, (title, columns) in PARTS.items()]


def _table(title: str, columns: Sequence[str], rows: Sequence[Row]) -> AnswerTable:
    lines = tuple(tuple(_text(row[name]) for name in columns) for row in rows)
    return AnswerTable(f"{title}: {len(rows)}", tuple(columns), lines, tuple(range(1, len(columns))))


def _text(value: object) -> str:
    if value is None:
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("-", "−") if isinstance(value, int | float) else text
