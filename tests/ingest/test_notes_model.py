"""A language model proposes: what stands in the letter and is known is stored unreviewed, all else is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lutrace.cli.app import run
from lutrace.core import UnusableInputError, write_rows
from lutrace.ingest import run_add_notes, run_init, run_propose
from lutrace.registry import Registry
from lutrace.tables import TEXT_FINDINGS

LETTER = "ECOG 1. Marker bei 12,5 ng/ml am 03.05.2022. Szintigraphisch keine Herde im Gebein. Pflege im Haus am See."


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    command = [sys.executable, str(Path(__file__).with_name("model_double.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        process.terminate()


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    run_init(tmp_path / "registry")
    letters = [
        {"note_id": "1", "patient_id": "4711", "date": "2022-06-01", "text": LETTER},
        {"note_id": "2", "patient_id": "4711", "date": "2022-06-02", "text": "Nichts Neues."},
    ]
    write_rows(tmp_path / "letters.csv", letters)
    run_add_notes(tmp_path / "registry", [tmp_path / "letters.csv"])
    return tmp_path / "registry"


def test_only_what_stands_in_the_letter_is_stored_and_never_as_reviewed(registry: Path, address: str) -> None:
    result = run_propose(registry, address, "small")
    assert (result.letters, result.report.added) == (2, 3)
    assert dict(result.refused) == {
        "quote not in the letter": 1,
        "fact or value unknown": 2,
        "answer that is no list of facts": 1,
    }
    with Registry.open(registry, write=False) as opened:
        rows = {row["fact"]: row for row in opened.rows(TEXT_FINDINGS, proposer="model")}
        by_rules = opened.rows(TEXT_FINDINGS, proposer="rules")
    assert set(rows) == {"hospice", "metastasis_site", "psa"}
    assert {(row["reviewed"], row["confidence"], row["proposer_version"]) for row in rows.values()} == {
        (False, "low", "small")
    }
    assert LETTER[rows["psa"]["begin"] : rows["psa"]["end"]] == "Marker bei 12,5 ng/ml"
    assert str(rows["psa"]["date"]) == "2022-05-03"
    assert [row["fact"] for row in by_rules] == ["ecog"]


def test_asking_twice_changes_nothing(registry: Path, address: str) -> None:
    run_propose(registry, address, "small")
    again = run_propose(registry, address, "small")
    assert (again.report.added, again.report.updated, again.report.unchanged, again.report.removed) == (0, 0, 3, 0)


def test_letters_go_to_no_other_machine_that_the_profile_does_not_name(registry: Path) -> None:
    with pytest.raises(UnusableInputError, match="this machine only"):
        run_propose(registry, "https://models.example.org/v1", "small")


def test_an_address_that_does_not_answer_so_is_refused(registry: Path, address: str) -> None:
    with pytest.raises(UnusableInputError, match="status 404"):
        run_propose(registry, address, "another")


def test_the_command_tells_what_was_not_taken(registry: Path, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["extract", "--registry", str(registry), "--propose-with", address, "--model", "small", "--json"]
    assert run(words) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rows"]["added"] == 3
    assert "not taken: quote not in the letter (1 times)" in answer["warnings"]
