"""`lutrace assert`: a table of sentences in, what they say out; refusals by row; measured on real sentences."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from validation.notes.german.measure import THRESHOLDS, measure

from lutrace.cli.app import run
from lutrace.core import Row, read_rows, write_rows

ROWS = [
    {"id": "1", "sentence": "No evidence of liver metastases.", "concept": "liver metastases", "ward": "A"},
    {"id": "2", "sentence": "V.a. Lebermetastase, Z.n. Resektion.", "concept": "Lebermetastase", "ward": "B"},
    {"id": "3", "sentence": "Mother with breast cancer.", "concept": "breast cancer", "ward": "A"},
]


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Write sentences (and labels) to files, assert them, and give status, answer and what was said."""

    def asked(rows: list[Row], *options: str, labels: list[Row] | None = None) -> tuple[int, Any, str]:
        write_rows(tmp_path / "sentences.csv", rows)
        if labels is not None:
            write_rows(tmp_path / "labels.csv", labels)
            options = (*options, "--labels", str(tmp_path / "labels.csv"))
        status = run(["assert", str(tmp_path / "sentences.csv"), "--json", *options])
        told = capsys.readouterr()
        return status, json.loads(told.out) if told.out else None, told.err

    return asked


def test_each_row_says_what_and_why(ask: Any) -> None:
    status, answer, _ = ask(ROWS)
    assert status == 0
    first, second, third = answer["assertions"]
    assert (first["negated"], first["trigger"], first["language"], first["ward"]) == (
        "yes",
        "No evidence of",
        "en",
        "A",
    )
    assert (second["uncertain"], second["historical"], second["language"]) == ("yes", "no", "de")
    assert (third["experiencer"], third["negated"]) == ("other", "no")


def test_file_gets_the_same_rows(ask: Any, tmp_path: Path) -> None:
    _, answer, _ = ask(ROWS, "--out", str(tmp_path / "out.tsv"))
    assert [row["trigger"] for row in read_rows(tmp_path / "out.tsv")] == [
        row["trigger"] or None for row in answer["assertions"]
    ]


def test_concept_elsewhere_leaves_its_row_unanswered(ask: Any) -> None:
    status, answer, _ = ask([*ROWS, {**ROWS[0], "id": "4", "concept": "cough"}])
    assert status == 1
    assert answer["assertions"][3]["negated"] is None
    assert "rows 5" in answer["warnings"][1]


def test_labels_give_precision_and_recall(ask: Any) -> None:
    labels = [{"id": "1", "negated": "yes"}, {"id": "2", "negated": "yes"}, {"id": "3", "negated": "no"}]
    _, answer, _ = ask(ROWS, labels=labels)
    (row,) = answer["agreement"]
    assert (row["tp"], row["fp"], row["fn"], row["precision"], row["recall"]) == (1, 0, 1, 1.0, 0.5)
    assert row["f1"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("rows", "options", "labels", "told"),
    [
        ([{"id": "1", "sentence": "No fever."}], (), None, "concept is missing"),
        ([{**ROWS[0], "concept": None}, ROWS[1]], (), None, "row 2: concept is empty"),
        ([{**ROWS[0], "language": "fr"}], (), None, "row 2, language"),
        ([{**ROWS[0], "negated": "yes"}], (), None, "give it another name"),
        (ROWS, ("--language", "fr"), None, "--language en or de"),
        (ROWS, (), [{"id": "9", "negated": "yes"}], "row 2, id: no sentence has it"),
        (ROWS, (), [{"id": "1", "negated": "maybe"}], "row 2, negated: expected yes or no"),
        (ROWS, (), [{"id": "1", "mood": "good"}], "any of negated"),
        ([*ROWS, ROWS[0]], (), [{"id": "1", "negated": "yes"}], "an id occurs twice"),
    ],
)
def test_refusals_name_row_and_remedy(ask: Any, rows: Any, options: Any, labels: Any, told: str) -> None:
    status, answer, said = ask(rows, *options, labels=labels)
    assert (status, answer) == (1 if told.startswith("row") else 2, None)
    assert told in said
    assert "Traceback" not in said


@pytest.mark.real_data
def test_real_sentences_are_read_as_people_labelled_them(ask: Any, real_data: Path) -> None:
    with (real_data / "negation_en" / "sentences.tsv").open(encoding="utf-8", newline="") as file:
        found = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    assert len(found) == 1188
    rows = [{"id": row[0], "sentence": row[2], "concept": row[1]} for row in found]
    labels = [
        {"id": row[0], "negated": "yes" if row[3] == "Negated" else "no",
         "historical": "yes" if row[4] == "Historical" else "no"}
        for row in found
    ]  # fmt: skip
    status, answer, _ = ask(rows, labels=labels)
    assert status == 0
    negated, historical = answer["agreement"]
    assert negated["f1"] >= 0.95
    assert historical["f1"] >= 0.75
    assert negated["unanswered"] == 0


def test_german_development_sentences_are_read_as_labelled() -> None:
    found = {row["answer"]: row for row in measure("development")}
    for answer, least in THRESHOLDS.items():
        assert found[answer]["f1"] >= least, answer
