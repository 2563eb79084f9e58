"""`lutrace add notes` and the queue: letters in, findings listed by weight, reviewed in a table, told by check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lutrace.cli.app import run
from lutrace.core import Row, read_rows, write_rows
from lutrace.registry import Registry
from lutrace.tables import TEXT_FINDINGS

LETTERS: list[Row] = [
    {
        "note_id": "1",
        "patient_id": "4711",
        "date": "2022-06-01",
        "text": "Gleason 4+5=9. Knochenmetastasen. Mundtrockenheit vor 2 Monaten.",
    },
    {
        "note_id": "2",
        "patient_id": "4711",
        "date": "2023-01-10",
        "text": "Der Patient ist am 3. Januar 2023 verstorben. Sein Vater ist verstorben.",
    },
]


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command with the registry filled from letters and records, and give status, answer and what was said."""
    registry = tmp_path / "registry"

    def asked(*words: str) -> tuple[int, Any, str]:
        status = run([*words, "--registry", str(registry), "--json"])
        told = capsys.readouterr()
        return status, json.loads(told.out) if told.out else None, told.err

    assert run(["init", str(registry)]) == 0
    write_rows(tmp_path / "letters.csv", LETTERS)
    diagnosis = {"patient_id": "4711", "milestone": "initial", "date": "2015-03-02", "method": "physician"}
    write_rows(tmp_path / "diagnoses.csv", [{**diagnosis, "gleason_primary": "3", "gleason_secondary": "4"}])
    write_rows(tmp_path / "patients.csv", [{"patient_id": "4711", "synthetic": "yes"}])
    capsys.readouterr()
    assert asked("add", "notes", str(tmp_path / "letters.csv"))[0] == 0
    tables = [str(tmp_path / f"{name}.csv") for name in ("patients", "diagnoses")]
    assert asked("add", "table", *tables)[0] == 0
    return asked


def queue(ask: Any) -> list[Row]:
    status, answer, _ = ask("extract", "--queue")
    assert status == 0
    return list(answer["facts"])


def test_the_queue_gives_conflicts_first_then_what_decides_an_endpoint(ask: Any) -> None:
    rows = queue(ask)
    assert [(row["fact"], row["value"]) for row in rows] == [
        ("death", "died"),
        ("gleason", "4+5"),
        ("death", "died"),
        ("toxicity", "xerostomia"),
        ("isup", "5"),
        ("metastasis_site", "bone"),
    ]
    assert rows[0]["why"] == "contradicts: a letter says that the patient died, and no record does"
    assert rows[1]["why"].startswith("contradicts: Gleason 4+5 in a letter, 3+4 on record (diagnoses:")
    assert rows[0]["sentence"] == "Der Patient ist am 3. Januar 2023 verstorben."
    assert rows[2]["other_person"] == "yes"
    assert (rows[3]["date"], rows[3]["why"]) == ("2022-04", "medium confidence")


def test_check_tells_both_rows_of_a_contradiction_and_rejecting_answers_it(ask: Any, tmp_path: Path) -> None:
    checks = ask("check")[1]["findings"]
    assert {row["check"] for row in checks} == {
        "letter_tells_a_death_without_record",
        "letter_and_record_differ_in_gleason",
    }
    rows = [row | {"decision": "reject" if row["why"] else None} for row in queue(ask)]
    write_rows(tmp_path / "reviewed.csv", rows)
    status, answer, _ = ask("extract", "--reviewed", str(tmp_path / "reviewed.csv"), "--by", "Dr. Example")
    assert (status, answer["acts"]) == (0, {"reject": 4})
    assert ask("check")[1]["findings"] == []


def test_decisions_from_a_table_enter_the_log_once_and_say_who(ask: Any, tmp_path: Path) -> None:
    rows = queue(ask)
    decisions = {"gleason": "correct", "toxicity": "accept", "metastasis_site": "reject"}
    told = [{**row, "decision": decisions.get(row["fact"])} for row in rows]
    told = [{**row, "value": "3+4"} if row["fact"] == "gleason" else row for row in told]
    write_rows(tmp_path / "reviewed.xlsx", told)
    status, answer, _ = ask("extract", "--reviewed", str(tmp_path / "reviewed.xlsx"), "--by", "Dr. Example")
    assert (status, answer["acts"]) == (0, {"correct": 1, "accept": 1, "reject": 1})
    again = ask("extract", "--reviewed", str(tmp_path / "reviewed.xlsx"), "--by", "Dr. Example")
    assert again[1]["acts"] == {"unchanged": 3}
    assert {row["fact"] for row in queue(ask)} == {"death", "isup"}
    with Registry.open(tmp_path / "registry", write=False) as registry:
        frozen = registry.freeze().table(TEXT_FINDINGS).execute()
        acts = registry.standing_reviews(TEXT_FINDINGS)
    held = {row["fact"]: row for row in frozen.to_dict("records")}
    assert (held["gleason"]["value"], held["gleason"]["reviewed"], held["toxicity"]["reviewed"]) == ("3+4", True, True)
    assert "metastasis_site" not in held
    assert held["gleason"]["changed_by"] in {act["review_id"] for act in acts}
    assert {act["made_by"][:2] for act in acts} == {"U-"}


def test_a_later_decision_takes_the_earlier_one_back(ask: Any, tmp_path: Path) -> None:
    (row,) = (row for row in queue(ask) if row["fact"] == "toxicity")
    for decision, left in (("reject", 0), ("accept", 1), ("undo", 1)):
        write_rows(tmp_path / "reviewed.csv", [{"row_id": row["row_id"], "decision": decision}])
        assert ask("extract", "--reviewed", str(tmp_path / "reviewed.csv"), "--by", "Dr. Example")[0] == 0
        with Registry.open(tmp_path / "registry", write=False) as registry:
            frozen = registry.freeze().table(TEXT_FINDINGS).execute()
        held = frozen[frozen.fact == "toxicity"]
        assert len(held) == left
        assert all(held.reviewed == (decision == "accept"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"decision": "perhaps"}, "row 2: decision: expected accept, reject, correct, undo"),
        ({"decision": "correct"}, "row 2: decision: correct needs a cell that differs"),
        ({"decision": "correct", "date": "in May"}, "row 2: expected a date like"),
        ({"decision": "accept", "row_id": "text_findings:0"}, "row 2: row_id: no finding has it"),
    ],
)
def test_a_table_with_a_fault_writes_nothing(ask: Any, tmp_path: Path, change: Row, told: str) -> None:
    rows = [row | {"decision": "accept"} for row in queue(ask)]
    write_rows(tmp_path / "reviewed.csv", [rows[0] | change, *rows[1:]])
    status, _, said = ask("extract", "--reviewed", str(tmp_path / "reviewed.csv"), "--by", "Dr. Example")
    assert status == 1 and told in said
    assert len(queue(ask)) == len(rows)


def test_corrections_that_a_fact_cannot_have_are_refused_by_row_and_none_is_written(ask: Any, tmp_path: Path) -> None:
    text = "PSA 12,5 ng/ml. ECOG 1. Lebermetastasen. Therapie beendet wegen Progress. PSA 8,1 ng/ml."
    write_rows(tmp_path / "more.csv", [{"note_id": "3", "patient_id": "4711", "date": "2023-02-01", "text": text}])
    assert ask("add", "notes", str(tmp_path / "more.csv"))[0] == 0
    wrong = {
        ("psa", "12.5"): {"value": "abc"},
        ("psa", "8.1"): {"unit": "xx"},
        ("ecog", "1"): {"value": "9"},
        ("metastasis_site", "liver"): {"value": "elbow"},
        ("stop_reason", "progression"): {"value": "bored"},
        ("toxicity", "xerostomia"): {"date": "2099-01-01"},
        ("gleason", "4+5"): {"value": "3+4"},
    }
    held = {(row["fact"], row["value"]): row for row in queue(ask)}
    rows = [held[key] | change | {"decision": "correct"} for key, change in wrong.items()]
    write_rows(tmp_path / "reviewed.csv", [*rows, rows[-1] | {"decision": "reject"}])
    status, _, said = ask("extract", "--reviewed", str(tmp_path / "reviewed.csv"), "--by", "Dr. Example")
    assert status == 1
    for told in (
        "row 2: value: expected of psa: a number",
        "row 3: psa: unknown unit a text like 'aa'",
        "row 4: value: expected of ecog: 0 to 5",
        "row 5: value: expected of metastasis_site one of bone, lymph_node, liver",
        "row 6: value: expected of stop_reason one of decision, completed, progression, toxicity",
        "row 7: date: expected one up to today",
        "row 9: the same as row 8; decide on a finding once",
    ):
        assert told in said
    assert "row 8:" not in said
    assert {(row["fact"], row["value"]) for row in queue(ask)} == held.keys()


def test_letters_are_read_anew_only_after_the_rules_have_changed(
    ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask("extract")[1]["letters"] == 0
    monkeypatch.setattr("lutrace.ingest.letter_rows.rules_version", lambda: "3.new")
    status, answer, _ = ask("extract")
    assert (status, answer["letters"]) == (0, 2)
    assert answer["rows"] == {"added": 0, "updated": 0, "unchanged": 6, "quarantined": 0}
    assert ask("extract")[1]["letters"] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("letters.csv",), "and not both"),
        (("--reviewed", "reviewed.csv"), "--reviewed needs --by"),
        (("--labels", "labels.csv"), "go with letters"),
    ],
)
def test_calls_that_mean_nothing_are_refused(ask: Any, words: tuple[str, ...], told: str) -> None:
    status, _, said = ask("extract", *words)
    assert status == 2 and told in said


def test_the_queue_as_a_file_holds_what_the_screen_shows(ask: Any, tmp_path: Path) -> None:
    rows = queue(ask)
    ask("extract", "--queue", "--out", str(tmp_path / "queue.csv"))
    assert [row["sentence"] for row in read_rows(tmp_path / "queue.csv")] == [row["sentence"] for row in rows]
