"""`lutrace extract`: letters in, a row per fact out; refusals by row; precision and recall against labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lutrace.cli.app import run
from lutrace.core import Row, read_rows, write_rows

NOTES = [
    {
        "note_id": "n1",
        "patient_id": "P-1",
        "date": "2022-06-01",
        "text": "Lebermetastasen. Kein Anhalt für Hirnmetastasen.",
    },
    {"note_id": "n2", "patient_id": "P-2", "date": "2022-06-02", "text": "Bone metastases. PSA 12.5 ng/mL. ECOG 1."},
]


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Extract from a table or a folder, and give status, answer and what was said."""

    def asked(notes: list[Row] | Path, *options: str, labels: list[Row] | None = None) -> tuple[int, Any, str]:
        source = notes if isinstance(notes, Path) else tmp_path / "notes.csv"
        if not isinstance(notes, Path):
            write_rows(source, notes)
        if labels is not None:
            write_rows(tmp_path / "labels.csv", labels)
            options = (*options, "--labels", str(tmp_path / "labels.csv"))
        status = run(["extract", str(source), "--json", *options])
        told = capsys.readouterr()
        return status, json.loads(told.out) if told.out else None, told.err

    return asked


def test_each_fact_names_its_letter_and_its_place(ask: Any, tmp_path: Path) -> None:
    status, answer, _ = ask(NOTES, "--out", str(tmp_path / "facts.csv"))
    assert status == 0
    found = {(row["note_id"], row["fact"], row["value"]): row for row in answer["facts"]}
    assert set(found) == {
        ("n1", "metastasis_site", "liver"),
        ("n1", "metastasis_site", "brain"),
        ("n2", "metastasis_site", "bone"),
        ("n2", "psa", "12.5"),
        ("n2", "ecog", "1"),
    }
    brain = found["n1", "metastasis_site", "brain"]
    assert (brain["negated"], brain["trigger"], brain["patient_id"]) == ("yes", "Kein Anhalt für", "P-1")
    assert NOTES[0]["text"][brain["begin"] : brain["end"]] == brain["quote"] == "Hirnmetastasen"
    assert len(read_rows(tmp_path / "facts.csv")) == 5


def test_folder_of_text_files_gives_dates_and_languages_by_name(ask: Any, tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "a_2022-06-01_de.txt").write_text("Bluttransfusion vor 2 Monaten.", encoding="utf-8")
    _, answer, _ = ask(folder)
    (row,) = answer["facts"]
    assert (row["note_id"], row["date"], row["date_told"]) == ("a_2022-06-01_de", "2022-04", "relative")


def test_labels_give_precision_and_recall_per_fact(ask: Any) -> None:
    labels = [
        {"note_id": "n1", "fact": "metastasis_site", "value": "liver"},
        {"note_id": "n1", "fact": "metastasis_site", "value": "lung"},
        {"note_id": "n2", "fact": "psa", "value": "12.5"},
    ]
    _, answer, _ = ask(NOTES, labels=labels)
    found = {row["fact"]: row for row in answer["agreement"]}
    assert (found["metastasis_site"]["tp"], found["metastasis_site"]["fp"], found["metastasis_site"]["fn"]) == (1, 1, 1)
    assert (found["psa"]["precision"], found["psa"]["recall"]) == (1.0, 1.0)
    assert found["ecog"]["recall"] is None


@pytest.mark.parametrize(
    ("notes", "options", "labels", "told"),
    [
        ([{"note_id": "n1"}], (), None, "text is missing"),
        ([{**NOTES[0], "text": " "}, NOTES[1]], (), None, "row 2: text is empty"),
        ([{**NOTES[0], "date": "June"}], (), None, "row 2: date: expected a day"),
        ([{**NOTES[0], "language": "fr"}], (), None, "row 2: language"),
        (NOTES, ("--language", "fr"), None, "--language en or de"),
        (NOTES, (), [{"note_id": "n9", "fact": "psa", "value": "1"}], "row 2: note_id: no such letter"),
        (NOTES, (), [{"note_id": "n1", "value": "1"}], "expected the columns note_id, fact, value"),
    ],
)
def test_refusals_name_row_and_remedy(ask: Any, notes: Any, options: Any, labels: Any, told: str) -> None:
    status, answer, said = ask(notes, *options, labels=labels)
    assert (status, answer) == (1 if told.startswith("row") else 2, None)
    assert told in said


def test_a_date_in_a_name_that_is_none_is_refused(ask: Any, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a_2022-13-01.txt").write_text("ECOG 1.", encoding="utf-8")
    status, _, said = ask(tmp_path / "letters")
    assert (status, "Traceback" in said) == (1, False)
    assert "file 1 by name: date" in said


def test_folder_without_letters_is_refused(ask: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no text files" in ask(tmp_path / "empty")[2]
