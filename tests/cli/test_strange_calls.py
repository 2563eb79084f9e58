"""What a stranger did with grade, psa and score: a file that is none, a result over its input, exchanged limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lutrace.cli.app import run

LABS = "patient_id,date,analyte,value,unit,lln,uln,baseline_value\n"
PSA = "patient_id,day,psa_ng_ml\np,-3,12\np,90,5\n"
SHEET = "patient_id,date," + ",".join(f"XQ{n}" for n in range(1, 9)) + "\np,2024-01-01" + ",1" * 8 + "\n"
CALLS = [("grade", LABS, []), ("psa", PSA, ["--index", "0"]), ("score", SHEET, ["--instrument", "xq"])]


def table(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def graded(path: Path, row: str, capsys: pytest.CaptureFixture[str]) -> tuple[list[object], str]:
    """The grades of one laboratory row, and all that was said of it."""
    run(["grade", table(path / "labs.csv", LABS + row), "--json"])
    said = json.loads(capsys.readouterr().out)
    return [one["grade"] for one in said["grades"]], json.dumps(said)


@pytest.mark.parametrize(("command", "text", "more"), CALLS, ids=[call[0] for call in CALLS])
def test_a_workbook_that_is_none_is_refused_and_not_a_traceback(
    command: str, text: str, more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([command, table(tmp_path / "t.xlsx", text), *more]) == 2
    assert "t.xlsx: not a readable XLSX workbook" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "text", "more"), CALLS, ids=[call[0] for call in CALLS])
def test_no_result_is_written_over_the_file_that_it_is_made_of(
    command: str, text: str, more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = table(tmp_path / "t.csv", text)
    assert run([command, path, *more, "--out", path]) == 2
    assert "--out names an input" in capsys.readouterr().err
    assert Path(path).read_text(encoding="utf-8") == text


def test_neither_an_index_nor_a_table_of_lesions_is_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    psa = table(tmp_path / "psa.csv", "patient_id,date,psa_ng_ml\np,2024-01-01,12\n")
    index = table(tmp_path / "index.csv", "patient_id,index_date\np,2024-01-02\n")
    lesions = table(tmp_path / "lesions.csv", "lesion_id,x_mm,y_mm,z_mm\na,0,0,0\n")
    for call in (["psa", psa, "--index", index, "--out", index], ["track", lesions, lesions, "--out", lesions]):
        before = Path(call[-1]).read_bytes()
        assert run(call) == 2
        assert "--out names an input" in capsys.readouterr().err
        assert Path(call[-1]).read_bytes() == before


def test_grades_into_a_folder_are_refused_and_not_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labs = table(tmp_path / "labs.csv", LABS + "p,2024-01-01,haemoglobin,9,g/dL,13,17,\n")
    (tmp_path / "out.csv").mkdir()
    assert run(["grade", labs, "--out", str(tmp_path / "out.csv")]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_rows_that_another_version_grades_otherwise_are_shown_with_both_grades(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labs = table(tmp_path / "labs.csv", LABS + "p,2024-01-01,neutrophils,1.7,10^9/L,2.0,7.0,\n")
    assert run(["grade", labs, "--compare", "ctcae-6.0"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "ctcae-5.0 ctcae-6.0" in shown
    assert "Neutrophil count 1 0 ctcae-5.0" in shown


def test_a_limit_or_baseline_of_zero_is_a_missing_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert graded(tmp_path, "p,2024-01-01,haemoglobin,7.0,g/dL,13,0,\n", capsys)[0][0] == 3
    assert graded(tmp_path, "p,2024-01-01,alt,250,U/L,10,40,0\n", capsys)[0] == [3]


def test_exchanged_limits_are_told_and_not_graded_by(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grades, said = graded(tmp_path, "p,2024-01-01,haemoglobin,14,g/dL,17,13,\n", capsys)
    assert set(grades) == {None}
    assert "lln is above uln" in said


def test_a_grouped_number_with_a_decimal_comma_is_read_beside_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "patient_id;day;psa_ng_ml\np;-3;1.234,5\np;90;46,79\np;120;12,5\n"
    assert run(["psa", table(tmp_path / "psa.csv", rows), "--index", "0", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["patients"]
    assert (row["baseline_ng_ml"], row["nadir_ng_ml"]) == (1234.5, 12.5)
