"""How well facts are read in letters: precision and recall per fact, and how many dates are right.

    python -m validation.notes.letters.measure development|test

The letters were written and labelled by the author of the rules: "author-written, not clinical text".
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from lutrace.core import read_rows
from lutrace.ingest import run_extract

HERE = Path(__file__).parent


def measure(half: str) -> tuple[tuple[dict[str, Any], ...], tuple[int, int]]:
    """A row per fact for that half, and of the labelled dates of facts found how many are right, of how many."""
    labels = HERE / f"{half}_labels.tsv"
    result = run_extract(HERE / half, labels=labels)
    dates: dict[tuple[str, ...], set[str]] = {}
    for row in result.rows:
        dates.setdefault(_key(row), set()).add(str(row["date"]))
    dated = [row for row in read_rows(labels) if row["date"] and _key(row) in dates]
    return result.agreement, (sum(row["date"] in dates[_key(row)] for row in dated), len(dated))


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in ("note_id", "fact", "value", "negated"))


if __name__ == "__main__":
    rows, (right, dated) = measure(sys.argv[1])
    totals = {name: sum(row[name] for row in rows) for name in ("positives", "found", "tp", "fp", "fn")}
    for row in (*rows, {"fact": "all", **totals}):
        precision = row["tp"] / row["found"] if row["found"] else float("nan")
        recall = row["tp"] / row["positives"] if row["positives"] else float("nan")
        print(f"{row['fact']:24} tp {row['tp']:3} fp {row['fp']:3} fn {row['fn']:3}  {precision:.3f} {recall:.3f}")
    print(f"dates: {right} of {dated} right")
