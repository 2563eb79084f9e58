"""What changed between two runs: results and rows of persons written out by hand; nobody in them exists."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lutrace.cli.app import run
from lutrace.core import UnusableInputError
from lutrace.study import RunResult, run_diff

NUMBERS: dict[str, Any] = {
    "attrition/C2/1": {"value": 3, "excluded": 1, "reason": "no SPECT", "rule": "SPECT done", "unit": "patients"},
    "cox/C2/os/ttv/adjusted": {"value": 2.0, "low": 1.1, "high": 3.6, "p": 0.02, "n": 3, "unit": "1"},
    "psa50/C2/psa50/psa50/unadjusted": {"value": 0.5, "low": 0.1, "high": 0.9, "p": None, "n": 3, "unit": "1"},
}
PROTOCOL = {
    "study": "small",
    "endpoints": [{"kind": "os", "name": "os", "censor_at": "last_contact"}],
    "population": {"agents": ["lu177_psma_617"]},
}
COLUMNS = ("patient", "population", "endpoint", "days", "value", "event", "category", "source_row", "rule", "reason")
Persons = Sequence[tuple[str, str, dict[str, Any]]]
PERSONS: Persons = (
    ("S001", "a", {"psa50": "1"}),
    ("S002", "b", {"psa50": "0"}),
    ("S003", "d", {"psa50": ""}),
)
"""Study number, the record that the values came from, and the values."""


def write_run(folder: Path, persons: Persons | None = PERSONS, **changed: Any) -> Path:
    folder.mkdir(parents=True)
    results = {
        "study": "small",
        "synthetic": True,
        "protocol_version": "1",
        "protocol_digest": "a" * 64,
        "snapshot_digest": "b" * 64,
        "data_cut": None,
        "lutrace_version": "0",
        "versions": {"numpy": "2"},
        "protocol": PROTOCOL,
        "numbers": NUMBERS,
        "warnings": [],
    }
    (folder / "results.json").write_text(json.dumps(results | changed), encoding="utf-8")
    if persons is not None:
        with (folder / "evidence.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS, restval="")
            writer.writeheader()
            for number, record, values in persons:
                base = {"patient": number, "population": "C2"}
                writer.writerow({**base, "endpoint": "cohort", "days": "0.0", "source_row": f"cycles:{record}"})
                for name, value in values.items():
                    reason = "" if value else "no PSA after cycle 1"
                    row = {"endpoint": name, "value": value, "source_row": f"labs:{record}", "reason": reason}
                    writer.writerow({**base, **row})
    return folder


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    return write_run(tmp_path / "earlier")


def later(tmp_path: Path, persons: Persons | None = PERSONS, **changed: Any) -> Path:
    return write_run(tmp_path / "later", persons, **changed)


def test_a_run_beside_itself_says_that_nothing_changed(earlier: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_diff(earlier, earlier).is_empty
    assert run(["diff", str(earlier), str(earlier)]) == 0
    assert capsys.readouterr().out == "nothing changed\n"


def test_a_number_that_changed_came_or_went_is_told_with_its_difference(earlier: Path, tmp_path: Path) -> None:
    numbers = {
        "attrition/C2/1": NUMBERS["attrition/C2/1"],
        "cox/C2/os/ttv/adjusted": NUMBERS["cox/C2/os/ttv/adjusted"] | {"value": 2.5, "n": 4},
        "psa90/C2/psa90/psa90/unadjusted": {"value": 0.25},
    }
    rows = run_diff(earlier, later(tmp_path, numbers=numbers)).numbers
    told = [(row["key"].split("/")[0], row["change"], row["old"], row["new"], row["difference"]) for row in rows]
    assert told == [
        ("cox", "changed", 2.0, 2.5, 0.5),
        ("psa50", "went", 0.5, None, None),
        ("psa90", "came", None, 0.25, None),
    ]
    assert rows[0]["also"] == "n: 3 to 4"


def test_what_the_numbers_hang_on_and_the_keys_of_the_study_file_are_compared(earlier: Path, tmp_path: Path) -> None:
    protocol = {**PROTOCOL, "endpoints": [{"kind": "os", "name": "os", "censor_at": "data_cut"}]}
    changed = {"snapshot_digest": "c" * 64, "data_cut": "2024-06-30", "versions": {"numpy": "3"}, "protocol": protocol}
    found = run_diff(earlier, later(tmp_path, **changed))
    assert [(row["what"], row["old"], row["new"]) for row in found.head] == [
        ("snapshot_digest", "b" * 64, "c" * 64),
        ("data_cut", None, "2024-06-30"),
        ("numpy", "2", "3"),
    ]
    assert found.protocol == ({"key": "endpoints.os.censor_at", "old": "last_contact", "new": "data_cut"},)


def test_patients_are_recognised_by_their_records_when_their_numbers_shift(earlier: Path, tmp_path: Path) -> None:
    persons = (
        ("S001", "a", {"psa50": "1"}),
        ("S002", "new", {"psa50": "1"}),
        ("S003", "b", {"psa50": "1"}),
    )
    rows = run_diff(earlier, later(tmp_path, persons)).patients
    assert [(row["change"], row["patient_old"], row["patient_new"], row["old"], row["new"]) for row in rows] == [
        ("entered", None, "S002", "not in this run", "in"),
        ("left", "S003", None, "in", "not in this run"),
        ("value", "S002", "S003", "value 0", "value 1"),
    ]


def test_reasons_are_counted_for_steps_of_selection_and_for_values(earlier: Path, tmp_path: Path) -> None:
    numbers = NUMBERS | {"attrition/C2/1": NUMBERS["attrition/C2/1"] | {"excluded": 2, "value": 2}}
    persons = (*PERSONS[:1], ("S002", "b", {"psa50": ""}), PERSONS[2])
    rows = run_diff(earlier, later(tmp_path, persons, numbers=numbers)).reasons
    assert [(row["where"], row["reason"], row["old"], row["new"]) for row in rows] == [
        ("attrition/C2/1", "no SPECT", 1, 2),
        ("C2/psa50", "no PSA after cycle 1", 1, 2),
    ]


def test_warnings_that_came_or_went_are_told(tmp_path: Path) -> None:
    def warnings(*texts: str) -> list[dict[str, str]]:
        return [{"where": "cox", "text": text, "severity": "warning"} for text in texts]

    first = write_run(tmp_path / "first", warnings=warnings("few events", "same"))
    second = write_run(tmp_path / "second", warnings=warnings("same", "separation"))
    told = [(row["change"], row["text"]) for row in run_diff(first, second).warnings]
    assert told == [("came", "separation"), ("went", "few events")]


def test_without_rows_of_persons_only_counts_are_compared_and_that_is_said(earlier: Path, tmp_path: Path) -> None:
    found = run_diff(earlier, later(tmp_path, None))
    assert found.patients == ()
    assert "only counts" in found.note


def test_the_page_and_json_hold_the_same_rows(
    earlier: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = later(tmp_path, PERSONS[:2])
    page = tmp_path / "changes.html"
    assert run(["diff", str(earlier), str(second), "--json", "--out", str(page)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["changed"] is True
    assert [row["patient_old"] for row in told["patients"]] == ["S003"]
    text = page.read_text(encoding="utf-8")
    assert all(words in text for words in ("S003", "SYNTHETIC DATA", "not a medical device", "no PSA after cycle 1"))


def test_a_page_of_another_kind_and_a_folder_without_results_are_refused(earlier: Path, tmp_path: Path) -> None:
    assert run(["diff", str(earlier), str(earlier), "--out", str(tmp_path / "changes.csv")]) == 2
    with pytest.raises(UnusableInputError, match="expected the folder of a run"):
        run_diff(earlier, tmp_path)


def test_of_two_equal_runs_of_the_first_study_nothing_differs(first_study: RunResult) -> None:
    found = run_diff(first_study.results.parent, first_study.results.parent)
    assert found.is_empty
    assert found.note == ""
