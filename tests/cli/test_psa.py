"""`lutrace psa` on plain tables."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lutrace.cli.app import run
from lutrace.core import read_rows
from lutrace.study import PSA_SWITCHES

RESULTS = """patient_id,date,psa_ng_ml
a,2023-01-07,100
a,2023-01-31,50
a,2023-02-21,40
a,2023-04-04,50
a,2023-04-25,"55,5"
b,2023-01-10,> 5 000
b,2023-03-01,"46,79 ng/ml"
b,2023-04-01,"<0,02"
c,2023-02-01,3
"""
INDEX = "patient_id,date\na,2023-01-10\nb,2023-01-10\nc,2023-01-10\nd,2023-01-10\n"
CONTRACT = [
    *("patient_id", "baseline_ng_ml", "nadir_ng_ml", "best_change_pct"),
    *("psa50", "psa50_day", "psa50_confirmed", "psa90", "psa90_day", "psa90_confirmed"),
    *("progressed", "progression_day", "progression_rule", "psadt_months", "evaluable", "reason"),
]


def write(folder: Path, results: str = RESULTS, index: str = INDEX) -> tuple[str, str]:
    (folder / "psa.csv").write_text(results, encoding="utf-8")
    (folder / "index.csv").write_text(index, encoding="utf-8")
    return str(folder / "psa.csv"), str(folder / "index.csv")


def answer(arguments: list[str], capsys: pytest.CaptureFixture[str], status: int = 0) -> Any:
    assert run([*arguments, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_a_row_per_patient_with_the_columns_of_the_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    psa, index = write(tmp_path)
    rows = answer(["psa", psa, "--index", index], capsys)["patients"]
    assert [row["patient_id"] for row in rows] == ["a", "b", "c", "d"]
    assert list(rows[0])[: len(CONTRACT)] == CONTRACT
    a, b, c, d = rows
    assert (a["baseline_ng_ml"], a["nadir_ng_ml"], a["best_change_pct"]) == (100, 40, -60)
    assert (a["psa50"], a["psa50_day"], a["psa50_confirmed"], a["psa90"]) == (True, 21, True, False)
    assert (a["progressed"], a["progression_day"], a["progression_rule"]) == (True, 84, "decline")
    assert (b["baseline_ng_ml"], b["nadir_ng_ml"], b["psa90_day"], b["psa90_confirmed"]) == (5000, 0.02, 50, True)
    assert (c["evaluable"], c["reason"]) == (False, "no PSA on or before the index day within 60 days")
    assert (d["evaluable"], d["reason"]) == (False, "no PSA value that can be placed")


def test_evidence_names_rows_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    psa, index = write(tmp_path)
    (row, *_) = answer(["psa", psa, "--index", index], capsys)["patients"]
    named = [row[name] for name in ("baseline_row", "psa50_row", "nadir_row", "progression_row", "confirming_row")]
    assert named == ["2", "3", "4", "5", "6"]


def test_the_index_can_be_a_column_or_one_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    psa, _ = write(tmp_path, "patient_id,day,psa_ng_ml,first_dose\na,7,100,10\na,30,50,10\nb,10,9,\n")
    rows = answer(["psa", psa, "--index", "first_dose"], capsys)["patients"]
    assert [(row["baseline_day"], row["psa50_day"], row["reason"]) for row in rows] == [
        (-3, 20, None),
        (None, None, "no index day"),
    ]
    rows = answer(["psa", psa, "--index", "10"], capsys)["patients"]
    assert [(row["baseline_day"], row["psa50_day"]) for row in rows] == [(-3, 20), (0, None)]


REFUSED = {
    "2023-03-01,haemolytic": "psa_ng_ml: expected a number",
    "2023-03-01,-3": "psa_ng_ml: a concentration cannot be below 0",
    "2023-03,40": "date: the date is known to the month only, and no day is assumed",
    "01.03.2023,40": "date: expected a date like 2023-05-17",
    ",40": "no date",
    "2023-03-01,40 mg/dL": "psa_ng_ml: ",
}


def test_a_cell_that_cannot_be_read_is_left_out_named_by_its_row_and_the_status_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"p{number},{cell}\n" for number, cell in enumerate(REFUSED))
    whole = "".join(f"p{number},2023-01-09,100\np{number},2023-04-01,70\n" for number in range(len(REFUSED)))
    psa, _ = write(tmp_path, f"patient_id,date,psa_ng_ml\n{rows}{whole}")
    days = "".join(f"p{number},2023-01-10\n" for number in range(len(REFUSED)))
    _, index = write(tmp_path, (tmp_path / "psa.csv").read_text(encoding="utf-8"), f"patient_id,date\n{days}")
    content = answer(["psa", psa, "--index", index], capsys, status=1)
    for number, words in enumerate(REFUSED.values(), start=2):
        assert [one for one in content["warnings"] if f"psa.csv: row {number}: {words}" in one] != []
    told = {(row["n_excluded"], row["best_change_pct"], row["evaluable"]) for row in content["patients"]}
    assert told == {(1, -30, True)}
    assert not any(f"p{number}" in one for number in range(len(REFUSED)) for one in content["warnings"])


def test_a_row_without_a_value_counts_for_nothing_and_is_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    psa, index = write(tmp_path, "patient_id,date,psa_ng_ml\na,2023-01-09,100\na,2023-03-01,\na,2023-04-01,n/a\n")
    content = answer(["psa", psa, "--index", index], capsys)
    assert "2 rows have no value; they count for nothing" in content["warnings"]


@pytest.mark.parametrize(
    ("results", "index", "arguments", "words"),
    [
        (RESULTS, INDEX, ["--criteria", "pcwg4"], "PCWG4 has no thresholds here"),
        (RESULTS, INDEX, ["--criteria", "pcwg9"], "expected PSA criteria pcwg3"),
        (RESULTS, INDEX, ["--switch", "gate=9 days"], "expected name=value with one of decline_gate"),
        (RESULTS, INDEX, ["--switch", "confirmation=some"], "confirmation: expected one of next, unbroken, none"),
        (RESULTS, INDEX, ["--switch", "assay=baseline"], "psa.csv: --switch assay=baseline needs a column assay"),
        (RESULTS, "patient_id,day\na,0\n", [], "psa.csv: expected a column day, as the index is in days"),
        (RESULTS, "id,date\na,2023-01-10\n", [], "index.csv: expected the columns patient_id"),
        ("patient_id,psa_ng_ml\na,1\n", INDEX, [], "psa.csv: expected a column date"),
        ("patient_id,date,value\na,2023-01-09,1\n", INDEX, [], "missing: psa_ng_ml"),
    ],
)
def test_an_unusable_call_says_what_was_expected(
    results: str, index: str, arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    psa, day = write(tmp_path, results, index)
    assert run(["psa", psa, "--index", day, *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.startswith("error: ")


def test_two_index_days_of_one_patient_are_not_chosen_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    psa, index = write(tmp_path, index="patient_id,date\na,2023-01-10\na,2023-01-11\nb,2023-01\n")
    rows = answer(["psa", psa, "--index", index], capsys, status=1)["patients"]
    assert [row["reason"] for row in rows] == [
        "more than one index day (or end) is given",
        "the index day cannot be read",
        "no index day",
    ]


def test_values_after_the_end_do_not_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    psa, index = write(tmp_path, index="patient_id,date,end_date\na,2023-01-10,2023-04-10\nb,2023-01-10,\n")
    call = ["psa", psa, "--index", index]
    (row, *_) = answer(call, capsys)["patients"]
    assert (row["n_after"], row["progressed"], row["first_rise_day"]) == (3, False, 84)
    (row, *_) = answer([*call, "--switch", "unconfirmed=event_at_stop"], capsys)["patients"]
    assert (row["progressed"], row["progression_day"]) == (True, 84)


def test_flips_count_whom_each_other_choice_moves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    psa, index = write(tmp_path)
    flips = answer(["psa", psa, "--index", index, "--flips"], capsys)["flips"]
    by_switch = {(one["switch"], one["value"]): one for one in flips}
    assert {one["progressed_chosen"] for one in flips} == {1}
    gate = by_switch["decline_gate", "84 days"]
    assert (gate["gained"], gate["lost"], gate["day_changed"]) == (0, 1, 0)
    assert (by_switch["strict", "true"]["lost"], by_switch["strict", "true"]["day_changed"]) == (1, 0)
    assert by_switch["confirmation_gap", "28 days"]["lost"] == 1
    assert by_switch["no_decline_gate", "0 days"]["gained"] == 0


def test_doses_give_the_dose_of_the_first_response(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    psa, index = write(tmp_path)
    doses = tmp_path / "doses.csv"
    doses.write_text("patient_id,date\na,2023-01-10\na,2023-02-21\nb,2023-01-10\n", encoding="utf-8")
    content = answer(["psa", psa, "--index", index, "--doses", str(doses)], capsys)
    assert [(row["psa50_dose"], row["course"]) for row in content["patients"][:2]] == [
        (1, "fluctuation"),
        (1, "sustained_decrease"),
    ]
    assert [(row["patient_id"], row["dose"], row["n_values"]) for row in content["doses"]] == [
        ("a", 1, 2),
        ("a", 2, 2),
        ("b", 1, 2),
    ]


@pytest.mark.parametrize("ending", ["tsv", "parquet"])
def test_the_rows_of_a_file_do_not_depend_on_their_order_or_on_its_kind(
    ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    psa, index = write(tmp_path)
    first, second = tmp_path / f"first.{ending}", tmp_path / "second.csv"
    assert run(["psa", psa, "--index", index, "--out", str(first)]) == 0
    head, *lines = RESULTS.splitlines()
    random.Random(4).shuffle(lines)
    (tmp_path / "psa.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    assert run(["psa", psa, "--index", index, "--out", str(second)]) == 0
    capsys.readouterr()
    rows = [shown(row) for row in read_rows(first)]
    assert rows == [shown(row) for row in read_rows(second)]
    assert len(rows) == 4


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """The contract's columns as a CSV file would hold them."""
    words = {None: None, True: "yes", False: "no"}
    cells = {name: words[row[name]] if isinstance(row[name], bool | None) else row[name] for name in CONTRACT}
    return {name: cell if name == "patient_id" else as_number(cell) for name, cell in cells.items()}


def as_number(cell: Any) -> Any:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return cell


def test_a_parquet_file_holds_typed_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    psa, index = write(tmp_path)
    assert run(["psa", psa, "--index", index, "--out", str(tmp_path / "out.parquet")]) == 0
    kinds = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "out.parquet")}
    assert (kinds["psa50"], kinds["psa50_day"], kinds["psadt_months"]) == ("bool", "int64", "double")


def test_the_page_of_methods_names_every_switch_and_every_column() -> None:
    page = (Path(__file__).parents[2] / "docs" / "methods" / "psa-and-survival.md").read_text(encoding="utf-8")
    assert [switch.name for switch in PSA_SWITCHES if f"`{switch.name}`" not in page] == []
    families = ("_row", "_day", "_confirmed", "_12wk")
    told = [name for name in CONTRACT if not name.endswith(families) and name not in ("patient_id", "psadt_months")]
    assert [name for name in told if f"`{name}`" not in page] == []


def test_help_names_every_switch(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["psa", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert [switch.name for switch in PSA_SWITCHES if switch.name not in said] == []


@pytest.mark.real_data
def test_the_36_men_of_the_vancouver_series(
    real_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Intermittent suppression: all who can be judged fall by half and rise again; three have no baseline."""
    text = (real_data / "psa_vancouver_ias" / "psa_androgen.csv").read_text(encoding="utf-8")
    path = tmp_path / "psa.csv"
    path.write_text(text.replace("patient,", "patient_id,", 1), encoding="utf-8")
    content = answer(["psa", str(path), "--index", "0"], capsys)
    rows = content["patients"]
    counts = {name: sum(row[name] is True for row in rows) for name in rows[0]}
    assert len(rows) == 36
    assert (counts["evaluable"], counts["psa50"], counts["psa50_confirmed"]) == (33, 33, 33)
    assert (counts["psa90"], counts["psa90_confirmed"], counts["psa50_12wk"]) == (31, 31, 27)
    assert {row["progression_rule"] for row in rows if row["progressed"]} == {"decline"}
    assert counts["progressed"] == 33
    days = [row["progression_day"] for row in rows if row["progressed"]]
    assert (min(days), max(days)) == (319, 810)
