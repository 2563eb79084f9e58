"""`lutrace check`: sources that contradict, identifiers of one person, and findings that are answered by a table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from lutrace.cli.app import run

Captured = pytest.CaptureFixture[str]
CYCLES = (
    "patient_id,cycle,administered_date,agent,administered_mbq,weight_kg\n"
    "{},1,2024-01-08,lu177_psma_617,7400,80\n{},2,2024-01-15,lu177_psma_617,{},80\n"
)


@pytest.fixture
def registry(tmp_path: Path, capsys: Captured) -> Path:
    assert run(["init", str(tmp_path / "registry")]) == 0
    capsys.readouterr()
    return tmp_path / "registry"


def add(registry: Path, name: str, text: str) -> int:
    path = registry.parent / name
    path.write_text(text, encoding="utf-8")
    table = [] if path.stem == "identifiers" else ["--table", "cycles"]
    return run(["add", "table", str(path), *table, "--registry", str(registry)])


def answers_json(capsys: Captured) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(capsys.readouterr().out)
    return found


def check(registry: Path, capsys: Captured, *more: str) -> tuple[int, dict[str, dict[str, object]]]:
    capsys.readouterr()
    status = run(["check", "--registry", str(registry), "--json", *more])
    return status, {str(row["check"]): row for row in answers_json(capsys)["findings"]}


def fill_in(path: Path, answers: dict[str, dict[str, str]]) -> None:
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.update(answers.get(row["check"], {}))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_findings_are_written_filled_in_and_answered(registry: Path, tmp_path: Path, capsys: Captured) -> None:
    add(registry, "cycles.csv", CYCLES.format(1, 1, 74))
    table = tmp_path / "findings.csv"
    status, findings = check(registry, capsys, "--out", str(table))
    assert (status, set(findings)) == (1, {"cycles_too_near", "activity_implausible", "no_follow_up_since"})
    answers = {
        "cycles_too_near": {"answer": "acknowledge", "reason": "given in two parts"},
        "no_follow_up_since": {"answer": "acknowledge", "reason": "moved abroad"},
        "activity_implausible": {
            "answer": "correct",
            "reason": "GBq read as MBq",
            "column": "administered_mbq",
            "new_value": "7400",
        },
    }
    fill_in(table, answers)
    status, findings = check(registry, capsys, "--answer", str(table), "--by", "Dr. Synthetic")
    assert status == 0
    assert {name: (row["status"], row["reason"]) for name, row in findings.items()} == {
        "cycles_too_near": ("answered", "given in two parts"),
        "no_follow_up_since": ("answered", "moved abroad"),
    }
    run(["check", "--registry", str(registry), "--answer", str(table), "--by", "Dr. Synthetic"])
    captured = capsys.readouterr()
    assert captured.err == "answers: acknowledge 2, no longer found 1\n"
    assert "answered 2" in captured.out


def test_a_wrong_answer_is_named_with_its_row_and_nothing_is_applied(
    registry: Path, tmp_path: Path, capsys: Captured
) -> None:
    add(registry, "cycles.csv", CYCLES.format(1, 1, 74))
    table = tmp_path / "findings.csv"
    check(registry, capsys, "--out", str(table))
    wrong = {"answer": "correct", "reason": "slip", "column": "administered_mbq", "new_value": "99999"}
    fill_in(table, {"activity_implausible": wrong, "cycles_too_near": {"answer": "acknowledge", "reason": "so"}})
    assert run(["check", "--registry", str(registry), "--answer", str(table), "--by", "x"]) == 1
    assert "administered_mbq must be at most 20000 MBq, got a number like '99999'" in capsys.readouterr().err
    assert {row["status"] for row in check(registry, capsys)[1].values()} == {"open"}
    assert run(["check", "--registry", str(registry), "--answer", str(table)]) == 2


def test_two_answers_to_one_finding_are_refused_and_neither_is_applied(
    registry: Path, tmp_path: Path, capsys: Captured
) -> None:
    add(registry, "cycles.csv", CYCLES.format(1, 1, 74))
    table = tmp_path / "findings.csv"
    check(registry, capsys, "--out", str(table))
    fill_in(table, {"cycles_too_near": {"answer": "acknowledge", "reason": "given in two parts"}})
    lines = table.read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, start=1) if "given in two parts" in line)
    again = lines[number - 1].replace("acknowledge,given in two parts", "reject,no such day")
    assert again != lines[number - 1]
    unanswered = next(line for line in lines[1:] if "given in two parts" not in line)
    table.write_text("\n".join([*lines, again, unanswered]), encoding="utf-8")
    assert run(["check", "--registry", str(registry), "--answer", str(table), "--by", "x"]) == 1
    said = capsys.readouterr().err
    assert f"findings.csv: row {len(lines) + 1}: the same as row {number}; a finding has one answer" in said
    assert f"row {len(lines) + 2}" not in said
    assert {row["status"] for row in check(registry, capsys)[1].values()} == {"open"}


def test_two_sources_of_one_patient_are_joined_by_identifiers_and_precedence(registry: Path, capsys: Captured) -> None:
    profile = registry / "site.yaml"
    text = profile.read_text(encoding="utf-8")
    stated = "\nsources: {ward: ['ward_*.csv']}\nidentifier_systems: {ward: ward}\n"
    profile.write_text(text + stated, encoding="utf-8")
    add(registry, "cycles.csv", CYCLES.format(4711, 4711, 7400))
    add(registry, "ward_cycles.csv", CYCLES.format(3, 3, 6400))
    capsys.readouterr()
    assert add(registry, "identifiers.csv", "identifier,system,same_as\n3,ward,4711\n") == 0
    assert "are one person: the rows of P-" in capsys.readouterr().out
    status, findings = check(registry, capsys)
    assert (status, findings["contradicting_sources"]["status"]) == (1, "open")
    profile.write_text(text + stated + "precedence: {cycles: [ward, table]}\n", encoding="utf-8")
    assert check(registry, capsys)[1]["contradicting_sources"]["status"] == "settled"
    assert run(["check", "--registry", str(registry), "--merges", "--json"]) == 0
    merges = answers_json(capsys)["merges"]
    assert [(row["verdict"], row["kept_source"], row["file"], row["differences"]) for row in merges] == [
        ("contradiction", "ward", "cycles.csv", "administered_mbq 6400.0, not 7400.0"),
        ("same", "ward", "cycles.csv", None),
    ]


def test_an_old_file_of_a_second_source_does_not_take_back_what_its_newer_one_says(
    registry: Path, capsys: Captured
) -> None:
    profile = registry / "site.yaml"
    profile.write_text(profile.read_text(encoding="utf-8") + "\nsources: {ward: ['ward_*.csv']}\n", encoding="utf-8")
    for name, activity in (("cycles.csv", 7400), ("ward_1.csv", 6400), ("ward_2.csv", 6500), ("ward_1.csv", 6400)):
        capsys.readouterr()
        add(registry, name, CYCLES.format(1, 1, activity))
    assert capsys.readouterr().out.startswith("added 0, updated 0, unchanged 2, quarantined 0")
    run(["check", "--registry", str(registry), "--merges", "--json"])
    merges = [row["differences"] for row in json.loads(capsys.readouterr().out)["merges"] if row["differences"]]
    assert merges == ["administered_mbq 7400.0, not 6500.0"]


def test_a_table_of_identifiers_with_a_gap_is_refused_by_row(registry: Path, capsys: Captured) -> None:
    assert add(registry, "identifiers.csv", "identifier,same_as\n3,\n") == 1
    assert "identifiers.csv: row 2: same_as: may not be empty" in capsys.readouterr().err
    assert add(registry, "identifiers.csv", "identifier\n3\n") == 2
    assert "needs the columns same_as" in capsys.readouterr().err


def test_a_numbering_that_nobody_has_named_is_refused_by_row_and_nothing_is_linked(
    registry: Path, capsys: Captured
) -> None:
    rows = "identifier,system,same_as,same_as_system\n3,,4711,\n4,wrad,4712,\n5,,4713,clinic\n"
    assert add(registry, "identifiers.csv", rows) == 1
    said = capsys.readouterr().err
    assert "row 3: system: unknown; expected none: the site profile names no system" in said
    assert "row 4: same_as_system: unknown" in said and "row 2" not in said
    profile = registry / "site.yaml"
    text = profile.read_text(encoding="utf-8")
    profile.write_text(text + "\nidentifier_systems: {table: ward, redcap: study}\n", encoding="utf-8")
    assert add(registry, "identifiers.csv", rows) == 1
    assert "row 3: system: unknown; expected one of study, ward, or empty for the hospital's" in capsys.readouterr().err
    assert add(registry, "identifiers.csv", "identifier,same_as\n3,4711\n") == 0
    assert "identifiers.csv: linked 1, known already 0" in capsys.readouterr().out


def test_numbers_of_one_numbering_that_become_one_person_are_told_with_their_rows(
    registry: Path, capsys: Captured
) -> None:
    profile = registry / "site.yaml"
    text = profile.read_text(encoding="utf-8")
    profile.write_text(text + "\nidentifier_systems: {redcap: study}\n", encoding="utf-8")
    rows = "identifier,system,same_as\n11,study,7700123\n12,study,7700789\n11,study,7700456\n"
    told = "rows 2, 4: 2 numbers of the hospital's own become one person"
    for counts in ("linked 3, known already 0", "linked 0, known already 3"):
        assert add(registry, "identifiers.csv", rows) == 0
        captured = capsys.readouterr()
        assert counts in captured.out and told in captured.err
        assert captured.err.count("become one person") == 1 and "7700" not in captured.out + captured.err
    assert add(registry, "identifiers.csv", "identifier,system,same_as\n13,study,7700900\n") == 0
    assert "become one person" not in capsys.readouterr().err


def test_numbers_of_one_numbering_are_told_across_the_tables_of_one_call(
    registry: Path, tmp_path: Path, capsys: Captured
) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder, number in zip(folders, ("7700123", "7700789"), strict=True):
        folder.mkdir()
        (folder / "identifiers.csv").write_text(f"identifier,same_as\n7700900,{number}\n", encoding="utf-8")
    assert run(["add", "table", *map(str, folders), "--registry", str(registry)]) == 0
    assert "identifiers.csv: rows 2: 3 numbers of the hospital's own become one person" in capsys.readouterr().err
