"""How well the German rules read sentences that were written and labelled apart from them.

    python -m validation.notes.german.measure development|test

The test half is read by this script alone, and each reading of it is counted in readings.md.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from lutrace.core import read_rows, write_rows
from lutrace.ingest import run_assert

HERE = Path(__file__).parent
ANSWERS = ("negated", "uncertain", "historical", "hypothetical", "experiencer")
THRESHOLDS = {"negated = yes": 0.90, "uncertain = yes": 0.80}
DEVELOPMENT = (
    ("development_sentences.tsv", "development_labels.tsv"),
    ("development_sentences_2.tsv", "development_labels_2.tsv"),
)
SEEN = frozenset({"S001", "S002", "S003"})
"""Rows of the first sample that the author of the rules saw by accident: they count as development."""


def read_half(half: str) -> list[dict[str, Any]]:
    """The rows of `development` or `test`, with the first labels; sentences go to a half whole, by their digest."""
    rows = read_rows(HERE / "sentences.tsv")
    first = {row["id"]: row for row in read_rows(HERE / "labels_a.tsv")}
    chosen = [{**row, **first[row["id"]]} for row in rows if _half_of(row) == half]
    if half == "development":
        for sentences, labels in DEVELOPMENT:
            labelled = {row["id"]: row for row in read_rows(HERE / labels)}
            chosen += [{**row, **labelled[row["id"]]} for row in read_rows(HERE / sentences)]
    return chosen


def _half_of(row: dict[str, Any]) -> str:
    is_even = hashlib.sha256(str(row["sentence"]).encode()).digest()[0] % 2 == 0
    return "development" if is_even or row["id"] in SEEN else "test"


def measure(half: str) -> tuple[dict[str, Any], ...]:
    """A row per answer: precision, recall and F1 of the rules against the labels of that half."""
    rows = read_half(half)
    with tempfile.TemporaryDirectory() as folder:
        sentences, labels = Path(folder) / "sentences.csv", Path(folder) / "labels.csv"
        write_rows(
            sentences, [{"id": row["id"], "sentence": row["sentence"], "concept": row["concept"]} for row in rows]
        )
        write_rows(labels, [{"id": row["id"], **{answer: row[answer] for answer in ANSWERS}} for row in rows])
        return run_assert(sentences, language="de", labels=labels).agreement


def agreement() -> list[tuple[str, int, int, float]]:
    """Of each answer: rows, rows on which the two people agree, and Cohen's kappa."""
    one, other = ({row["id"]: row for row in read_rows(HERE / f"labels_{which}.tsv")} for which in "ab")
    found = []
    for answer in ANSWERS:
        pairs = [(one[key][answer], other[key][answer]) for key in one]
        same = sum(a == b for a, b in pairs)
        values = {value for pair in pairs for value in pair}
        n = len(pairs)
        chance = sum(
            sum(a == value for a, _ in pairs) * sum(b == value for _, b in pairs) for value in values
        ) / n**2  # fmt: skip
        found.append((answer, n, same, (same / n - chance) / (1 - chance)))
    return found


if __name__ == "__main__":
    for row in measure(sys.argv[1]):
        print({key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()})
    for answer, n, same, kappa in agreement():
        print(f"two people, {answer}: {same} of {n} the same, kappa {kappa:.3f}")
