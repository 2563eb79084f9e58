"""`lutrace grade` as people and scripts call it, and what may never change a grade."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import AT_RANDOM

from lutrace.cli.app import run
from lutrace.study import run_grades
from lutrace.terms import CTCAE_VERSIONS

HEADER = "patient_id,date,analyte,value,unit,lln,uln,baseline_value,baseline_abnormal,centre"
ROWS = """
a,2023-01-01,haemoglobin,9.9,g/dL,13.0,17.0,,,x
a,2023-02-01,Hb,"4,93",mmol/L,8.1,11.0,,,x
a,2023-01-01,ALT,100,U/L,,40,100,yes,x
a,2023-03-01,ALT,120,U/L,,40,100,yes,x
a,2023-04-01,ALT,150,U/L,,40,100,yes,x
b,2023-04-01,platelets,<10,Tsd/µl,150,400,,,x
b,2023-04-01,platelets,49999,/µl,150000,400000,,,x
b,2023-04-01,kreatinin,133,µmol/l,60,104,80,no,x
b,2023-04-01,psa,30,ng/ml,,,,,x
"""


def write(path: Path, rows: str = ROWS, header: str = HEADER) -> Path:
    path.write_text(header + "\n" + rows.strip() + "\n", encoding="utf-8")
    return path


def grades(path: Path, *options: str, capsys: pytest.CaptureFixture[str], status: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert run(["grade", str(path), "--json", *options]) == status
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


def brief(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(row["input_row"], row["term"], row["grade"]) for row in found["grades"]]


def test_every_row_has_one_output_row_per_term_and_keeps_its_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = grades(write(tmp_path / "labs.csv"), capsys=capsys)

    alt = "Alanine aminotransferase increased"
    assert brief(found) == [
        (2, "Anemia", 2),
        (2, "Hemoglobin increased", 0),
        (3, "Anemia", 2),
        (3, "Hemoglobin increased", 0),
        (4, alt, 1),
        (5, alt, 0),
        (6, alt, 1),
        (7, "Platelet count decreased", 4),
        (8, "Platelet count decreased", 3),
        (9, "Creatinine increased", 2),
        (10, None, None),
    ]
    first = found["grades"][0]
    assert {*HEADER.split(","), "term", "direction", "grade", "rule", "reason"} <= set(first)
    assert (first["direction"], first["centre"], first["value"], first["lln"]) == ("low", "x", 9.9, 13.0)
    assert (found["grades"][2]["other_grade"], found["grades"][4]["note"]) == (
        3,
        "baseline row: graded by the limit of normal alone",
    )


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx", "parquet"])
def test_the_same_rows_are_written_to_every_kind_of_file_and_read_from_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    source = write(tmp_path / "labs.csv")
    expected = brief(grades(source, capsys=capsys))
    out = tmp_path / f"graded.{ending}"
    assert run(["grade", str(source), "--out", str(out)]) == 0

    again = run_grades(out)

    written = [row for row in again.rows if row["input_row"] in {2, 3, 4}]
    assert out.stat().st_size > 0
    assert {row["grade_given"] for row in written} <= {"2", "0", "2.0", "0.0", None}
    assert len(again.rows) >= len(expected)
    if ending == "parquet":
        assert pq.read_table(out)["grade"].to_pylist() == [grade for *_, grade in expected]
    if ending == "xlsx":
        sheet = openpyxl.load_workbook(out).worksheets[0]
        names = [cell.value for cell in sheet[1]]
        assert [row[names.index("grade")].value for row in sheet.iter_rows(min_row=2)] == [g for *_, g in expected]


def test_names_may_be_loinc_codes_or_terms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "a,2023-01-01,718-7,9.9,g/dL,13.0,17.0\nb,2023-01-01,777-3,40,10*3/uL,150,400"
    by_code = grades(write(tmp_path / "a.csv", rows, "patient_id,date,loinc,value,unit,lln,uln"), capsys=capsys)
    rows = "a,2023-01-01,Anemia,9.9,g/dL,13.0,17.0\nb,2023-01-01,Platelet count decreased,40,10*3/uL,150,400"
    named = write(tmp_path / "b.csv", rows, "patient_id,date,term,value,unit,lln,uln")

    assert [row["grade"] for row in by_code["grades"]] == [2, 0, 3]
    assert brief(grades(named, capsys=capsys)) == [(2, "Anemia", 2), (3, "Platelet count decreased", 3)]
    sixth = grades(named, "--criteria", "ctcae-6.0", capsys=capsys)
    assert brief(sixth) == [(2, "Anemia", 2), (3, "Thrombocytopenia", 3)]


FAULTY: list[tuple[str, str, str]] = [
    ("an_unknown_unit", "a,2023-01-01,haemoglobin,9.9,stone,13.0,17.0,,,x", "haemoglobin: unknown unit"),
    ("a_missing_unit", "a,2023-01-01,haemoglobin,9.9,,13.0,17.0,,,x", "the unit is missing"),
    ("an_unknown_analyte", "a,2023-01-01,phlogiston,9.9,g/dL,13.0,17.0,,,x", "in the vocabulary"),
    ("text_for_a_number", "a,2023-01-01,haemoglobin,low,g/dL,13.0,17.0,,,x", "expected a number"),
    ("a_limit_that_is_no_number", "a,2023-01-01,haemoglobin,9.9,g/dL,see report,17.0,,,x", "lln: expected a number"),
    ("a_flag_that_is_neither", "a,2023-01-01,ALT,90,U/L,,40,100,perhaps,x", "baseline_abnormal: expected yes, no"),
    ("grams_per_litre_as_per_decilitre", "a,2023-01-01,haemoglobin,118,g/dL,130,170,,,x", "plausible in g/l"),
    ("grams_per_decilitre_as_per_litre", "a,2023-01-01,haemoglobin,11.8,g/L,13,17,,,x", "plausible in g/dl"),
    ("cells_per_microlitre_as_giga_per_litre", "a,2023-01-01,platelets,150000,10^9/L,150,400,,,x", "plausible in /ul"),
    ("micromol_as_milligrams", "a,2023-01-01,creatinine,88,mg/dL,60,104,,,x", "creatinine: value is outside"),
    ("a_limit_in_another_unit_than_the_value", "a,2023-01-01,creatinine,1.1,mg/dL,60,104,,,x", "lln is outside"),
    ("total_calcium_without_albumin", "a,2023-01-01,calcium,9.0,mg/dL,8.5,10.5,,,x", "no albumin of that day"),
    ("total_calcium_of_a_month", "a,2023-01,calcium,9.0,mg/dL,8.5,10.5,,,x", "the date is not known to the day"),
    ("a_date_in_another_order", "a,01.02.2023,haemoglobin,9.9,g/dL,13.0,17.0,,,x", "2023-05-17, got 01.02.2023"),
    ("a_day_that_is_none", "a,2023-02-30,haemoglobin,9.9,g/dL,13.0,17.0,,,x", "2023-05-17, got 2023-02-30"),
    ("words_for_a_date", "a,last week,haemoglobin,9.9,g/dL,13.0,17.0,,,x", "date: expected a date like 2023-05-17"),
    ("an_empty_date", "a,,haemoglobin,9.9,g/dL,13.0,17.0,,,x", "no date"),
    ("an_empty_patient_id", " ,2023-01-01,haemoglobin,9.9,g/dL,13.0,17.0,,,x", "no patient_id"),
]


@pytest.mark.parametrize(("row", "words"), [one[1:] for one in FAULTY], ids=[one[0] for one in FAULTY])
def test_a_row_that_cannot_be_read_is_named_by_its_number_and_never_graded(
    row: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = "a,2023-01-01,haemoglobin,9.9,g/dL,13.0,17.0,,,x"
    found = grades(write(tmp_path / "labs.csv", good + "\n" + row), capsys=capsys, status=1)

    assert any("labs.csv, row 3:" in warning and words in warning for warning in found["warnings"])
    assert [one["grade"] for one in found["grades"] if one["input_row"] == 2] == [2, 0]
    bad = [one for one in found["grades"] if one["input_row"] == 3]
    assert bad
    assert all(one["grade"] is None and words in one["reason"] for one in bad)
    assert all(one["corrected_value"] is None for one in bad)


def test_a_cell_that_holds_something_else_than_a_date_is_not_repeated(tmp_path: Path) -> None:
    """Shifted columns may put a name or a number of the patient there."""
    told = run_grades(write(tmp_path / "labs.csv", "a,Miller 4711,haemoglobin,9.9,g/dL,13.0,17.0,,,x")).warnings

    assert told == ("labs.csv, row 2: date: expected a date like 2023-05-17; the row is not graded",)


def test_a_date_known_to_the_month_is_enough_for_a_grade(tmp_path: Path) -> None:
    result = run_grades(write(tmp_path / "labs.csv", "a,2023-01,haemoglobin,9.9,g/dL,13.0,17.0,,,x"))

    assert [row["grade"] for row in result.rows] == [2, 0]
    assert result.rows[0]["date"] == "2023-01"


def test_an_implausible_value_is_graded_when_asked_and_the_warning_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "labs.csv", "a,2023-01-01,haemoglobin,1.9,g/dL,13.0,17.0,,,x")
    found = grades(path, "--accept-implausible", capsys=capsys)

    assert [row["grade"] for row in found["grades"]] == [3, 0]
    assert "graded all the same" in found["warnings"][0]


CALCIUM = """
a,2023-01-01,calcium,7.5,mg/dL,8.5,10.5,,,x
a,2023-01-01 07:30,albumin,30,g/L,35,50,,,x
b,2023-01-01,calcium,1.9,mmol/L,2.2,2.6,,,x
b,2023-01-01,albumin,3.5,g/dL,3.5,5.0,,,x
"""


def test_calcium_is_corrected_by_the_albumin_of_the_day_and_both_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "labs.csv", CALCIUM)
    found = grades(path, capsys=capsys)["grades"]

    shown = {(row["input_row"], row["term"]): (row["corrected_value"], row["albumin_g_dl"], row["grade"])
             for row in found}  # fmt: skip
    # 7.5 + 0.8 x (4.0 - 3.0) = 8.3 mg/dL; 1.9 x 4.0078 = 7.61482, + 0.8 x 0.5 = 8.01482 mg/dL = 1.999805 mmol/L
    assert shown[2, "Hypocalcemia"] == (8.3, 3.0, 1)
    assert shown[4, "Hypocalcemia"] == (1.999805, 3.5, 2)
    assert shown[3, "Hypoalbuminemia"] == (None, None, 1)
    first = "\n".join(CALCIUM.strip().splitlines()[:2])
    assert run(["grade", str(write(tmp_path / "first.csv", first))]) == 0
    assert "calcium 7.5 mg/dL, corrected 8.3 (albumin 3" in capsys.readouterr().out
    assert run(["grade", str(path), "--compare", "ctcae-4.0", "--json"]) == 0


def test_versions_are_compared_and_only_what_differs_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = (
        "a,2023-01-01,neutrophils,1.4,10^9/L,2.0,7.0,,,x\n"
        "a,2023-01-01,haemoglobin,9.0,g/dL,13,17,,,x\n"
        "a,2023-01-01,platelets,20,10^9/L,150,400,,,x"
    )
    found = grades(write(tmp_path / "labs.csv", rows), "--compare", "ctcae-6.0", capsys=capsys)

    flips = [(row["input_row"], row["ctcae_5_0"], row["ctcae_6_0"]) for row in found["grades"]]
    assert flips == [(2, 2, 1), (4, 4, 3)]


UNUSABLE: list[tuple[str, list[str], str]] = [
    ("patient_id,value,unit\na,1,g/dL", [], "analyte"),
    ("patient_id,date,analyte,unit\na,2023-01-01,Hb,g/dL", [], "missing: value"),
    ("patient_id,analyte,value,unit\na,Hb,9,g/dL", [], "missing: date"),
    ("patient_id,date,analyte,value,unit\na,2023-01-01,Hb,9,g/dL", ["--criteria", "ctcae-3.0"], "ctcae-4.0"),
]


@pytest.mark.parametrize(("text", "options", "words"), UNUSABLE)
def test_a_call_that_cannot_be_used_exits_with_2(
    text: str, options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "labs.csv").write_text(text, encoding="utf-8")

    assert run(["grade", str(tmp_path / "labs.csv"), *options]) == 2
    assert words in capsys.readouterr().err


def test_many_rows_are_told_as_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "\n".join(f"p{n},2023-01-01,haemoglobin,9.0,g/dL,13,17,,,x" for n in range(100))

    assert run(["grade", str(write(tmp_path / "labs.csv", rows))]) == 0
    out = capsys.readouterr().out
    assert "Anemia" in out
    assert "grade_2" in out
    assert "p99" not in out


UNITS = {
    "haemoglobin": (("g/dL", 1.0), ("g/L", 10.0)),
    "platelets": (("10^9/L", 1.0), ("/uL", 1000.0), ("K/uL", 1.0), ("Tsd/µl", 1.0), ("/nl", 1.0)),
    "neutrophils": (("10^9/L", 1.0), ("/mm3", 1000.0), ("G/l", 1.0)),
    "creatinine": (("mg/dL", 1.0), ("umol/L", 88.4), ("mg/l", 10.0)),
    "alt": (("U/L", 1.0), ("ukat/L", 1 / 60)),
}
MIDDLES = {"haemoglobin": 11.0, "platelets": 80.0, "neutrophils": 1.5, "creatinine": 1.6, "alt": 120.0}


@st.composite
def a_row(draw: st.DrawFn) -> tuple[str, str, list[float | None]]:
    """Analyte, another unit, and value, limits and baseline in tenths of the first unit."""
    analyte = draw(st.sampled_from(sorted(UNITS)))
    unit = draw(st.sampled_from([name for name, _ in UNITS[analyte]]))
    middle = MIDDLES[analyte]
    value = round(middle * draw(st.floats(0.4, 1.8)), 1) or 0.1
    lln = draw(st.sampled_from([None, round(middle * 1.2, 1)]))
    uln = draw(st.sampled_from([None, round(middle * 1.5, 1)]))
    baseline = draw(st.sampled_from([None, round(middle * 0.8, 1), round(middle * 1.6, 1)]))
    return analyte, unit, [value, lln, uln, baseline]


def _line(number: int, analyte: str, unit: str, amounts: list[float | None]) -> str:
    factor = dict(UNITS[analyte])[unit]
    told = ["" if amount is None else repr(amount * factor) for amount in amounts]
    return f"p{number},2023-01-01,{analyte},{told[0]},{unit},{told[1]},{told[2]},{told[3]}"


PLAIN = "patient_id,date,analyte,value,unit,lln,uln,baseline_value"


@AT_RANDOM
@given(rows=st.lists(a_row(), min_size=30, max_size=80), version=st.sampled_from(CTCAE_VERSIONS))
def test_a_change_of_unit_never_changes_a_grade(
    rows: list[tuple[str, str, list[float | None]]], version: str, tmp_path: Path
) -> None:
    first = [_line(n, analyte, UNITS[analyte][0][0], amounts) for n, (analyte, _, amounts) in enumerate(rows)]
    other = [_line(n, analyte, unit, amounts) for n, (analyte, unit, amounts) in enumerate(rows)]
    found = [
        [(row["input_row"], row["term"], row["grade"]) for row in run_grades(path, criteria=[version]).rows]
        for path in (
            write(tmp_path / "first.csv", "\n".join(first), PLAIN),
            write(tmp_path / "other.csv", "\n".join(other), PLAIN),
        )
    ]

    assert found[0] == found[1]


@AT_RANDOM
@given(rows=st.permutations([line for line in ROWS.strip().splitlines() if "4,93" not in line]))
def test_the_order_of_rows_changes_nothing(rows: list[str], tmp_path: Path) -> None:
    def told(lines: list[str], name: str) -> list[tuple[Any, ...]]:
        result = run_grades(write(tmp_path / name, "\n".join(lines)))
        return sorted((row["patient_id"], row["date"], str(row["value"]), str(row["term"]), row["grade"] or 0)
                      for row in result.rows)  # fmt: skip

    assert told(rows, "b.csv") == told(sorted(rows), "a.csv")
