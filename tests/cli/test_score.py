"""`lutrace score`: a file of raw answers in, scales out; every refusal by row and item."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lutrace.cli.app import run
from lutrace.core import Row, read_rows, write_rows
from lutrace.terms import instrument_named

FACT = instrument_named("fact-p")
assert FACT is not None
ITEMS = FACT.items


def sheet(given: Mapping[str, Any] | None = None, *, fill: Any = 2, **columns: Any) -> Row:
    """One sheet of FACT-P, every item `fill` but those given."""
    return {"patient_id": "P-1", "date": "2024-01-10", **dict.fromkeys(ITEMS, fill), **columns, **(given or {})}


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Write rows to a file, score it, and give status, answer and what was said."""

    def asked(
        rows: Sequence[Row], instrument: str | None = "fact-p", *, ending: str = "csv", extra: Sequence[str] = ()
    ) -> tuple[int, dict[str, Any], str]:
        path = tmp_path / f"answers.{ending}"
        write_rows(path, rows)
        wanted = ["--instrument", instrument] if instrument else []
        status = run(["score", str(path), *wanted, "--json", *extra])
        said = capsys.readouterr()
        return status, json.loads(said.out) if status == 0 else {}, said.err

    return asked


def by_scale(answer: Mapping[str, Any]) -> dict[str, Row]:
    return {row["scale"]: row for row in answer["scores"]}


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx", "parquet"])
def test_all_items_answered_with_2_give_the_middle_of_every_scale(ask: Any, ending: str) -> None:
    status, answer, _ = ask([sheet()], ending=ending)
    assert status == 0
    assert {name: row["score"] for name, row in by_scale(answer).items()} == {
        "pwb": 14, "swb": 14, "ewb": 12, "fwb": 14, "pcs": 24, "pcs_pain": 8, "fact_g": 54, "toi": 52, "fact_p": 78,
    }  # fmt: skip
    assert {row["n_answered"] for row in answer["scores"]} == {7, 6, 12, 4, 27, 26, 39}
    assert all(row["valid"] is True and row["reason"] is None for row in answer["scores"])


def test_reversal_is_done_here_and_zero_everywhere_is_neither_end(ask: Any) -> None:
    _, answer, _ = ask([sheet(fill=0)])
    scores = {name: row["score"] for name, row in by_scale(answer).items()}
    assert scores == {
        "pwb": 28, "swb": 0, "ewb": 20, "fwb": 0, "pcs": 32, "pcs_pain": 12, "fact_g": 48, "toi": 60, "fact_p": 80,
    }  # fmt: skip


def test_no_answer_is_empty_na_8_or_9_and_the_rest_is_prorated(ask: Any) -> None:
    _, answer, _ = ask([sheet({"GF1": "", "GF2": "NA", "GF3": 8, "GF4": 3, "GF5": 3, "GF6": 3, "GF7": 4})])
    fwb = by_scale(answer)["fwb"]
    assert (fwb["score"], fwb["n_answered"], fwb["n_items"]) == (22.75, 4, 7)


def test_half_of_a_subscale_is_not_more_than_half(ask: Any) -> None:
    _, answer, _ = ask([sheet({"GE1": 9, "GE2": 9, "GE3": 9})])
    scores = by_scale(answer)
    assert scores["ewb"]["score"] is None
    assert scores["ewb"]["valid"] is False
    assert scores["ewb"]["reason"] == "3 of 6 items answered, at least 4 are needed"
    assert scores["fact_p"]["reason"] == "ewb does not stand"
    assert scores["fact_p"]["n_answered"] == 36
    assert scores["toi"]["valid"] is True


def test_thirds_are_rounded_to_three_decimals_and_totals_add_the_rounded(ask: Any) -> None:
    thirds = {"GS1": "", "GS2": 1, "GF1": "", "GF2": 1}
    _, answer, _ = ask([sheet(thirds)])
    scores = by_scale(answer)
    assert scores["swb"]["score"] == 12.833  # 11 / 6 * 7
    assert scores["fwb"]["score"] == 12.833
    assert scores["fact_g"]["score"] == pytest.approx(14 + 12 + 12.833 * 2, abs=1e-9)


def test_further_columns_pass_through_and_patients_keep_their_order(ask: Any) -> None:
    rows = [sheet(patient_id="P-2", centre="north"), sheet(patient_id="P-1", centre="south", date="2024-02")]
    _, answer, _ = ask(rows)
    assert [row["patient_id"] for row in answer["scores"]] == ["P-2"] * 9 + ["P-1"] * 9
    assert {(row["centre"], row["date"]) for row in answer["scores"]} == {("north", "2024-01-10"), ("south", "2024-02")}
    assert set(answer) == {"scores", "warnings"}


def test_wide_gives_one_row_per_sheet(ask: Any) -> None:
    _, answer, _ = ask([sheet({"GP1": ""}), sheet(date="2024-02-10")], extra=["--wide"])
    first, second = answer["scores"]
    assert (first["fact_p"], first["pwb_n_answered"], second["pwb_n_answered"]) == (78, 6, 7)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"GP3": 5}, "row 2, item GP3: expected a whole number 0-4"),
        ({"GP3": -1}, "row 2, item GP3"),
        ({"P1": "2.5"}, "row 2, item P1"),
        ({"P1": "2,5"}, "row 2, item P1"),
        ({"P1": "often"}, "row 2, item P1: expected a whole number 0-4"),
        ({"P1": 7}, "for no answer NA, 8 or 9 or nothing"),
        ({"date": ""}, "row 2: date is empty"),
        ({"date": "10.01.2024"}, "row 2, date"),
        ({"patient_id": ""}, "row 2: patient_id is empty"),
        ({"instrument": "bpi-sf"}, "row 2: instrument is bpi-sf"),
    ],
)
def test_what_cannot_be_an_answer_is_refused_by_row_and_item(ask: Any, given: Row, words: str) -> None:
    status, _, said = ask([sheet(given)])
    assert status == 1
    assert words in said
    assert "P-1" not in said


def test_all_faults_of_a_file_are_told_together_and_a_name_never(ask: Any) -> None:
    _, _, said = ask([sheet({"GP3": 5}), sheet({"BL5": "Mr Smith"}, patient_id="Smith")])
    assert "row 2, item GP3" in said
    assert "row 3, item BL5" in said
    assert "Smith" not in said


def test_a_whole_number_written_as_2_point_0_is_an_answer(ask: Any) -> None:
    _, answer, _ = ask([sheet(fill="2.0")])
    assert by_scale(answer)["fact_p"]["score"] == 78


def test_a_missing_item_column_is_told_and_counts_as_not_answered(ask: Any) -> None:
    row = sheet()
    del row["GS7"]
    _, answer, _ = ask([row])
    assert by_scale(answer)["swb"]["n_answered"] == 6
    assert any("GS7" in one for one in answer["warnings"])


def inventory(answer: int) -> Row:
    return {"patient_id": "P-1", "date": "2024-01-10", **{f"XI{n}": answer for n in range(1, 12)}}


@pytest.mark.parametrize(("instrument", "answer", "score"), [("xi", 5, 55), ("xi", 1, 11), ("xi-3", 3, 33)])
def test_the_inventory_in_both_forms(ask: Any, instrument: str, answer: int, score: float) -> None:
    _, said, _ = ask([inventory(answer)], instrument)
    assert by_scale(said)["xi"]["score"] == score


def test_the_two_inventories_are_never_guessed(ask: Any) -> None:
    status, _, said = ask([inventory(2)], None)
    assert status == 2
    assert "xi (answers 1-5) or xi-3 (answers 1-3)" in said
    status, _, said = ask([inventory(4)], "xi-3")
    assert status == 1
    assert "row 2, item XI1: expected a whole number 1-3" in said
    _, answer, _ = ask([inventory(3)], "xi")
    assert any("--instrument xi-3" in one for one in answer["warnings"])


@pytest.mark.parametrize(
    ("rows", "instrument", "words"),
    [
        ([{"date": "2024-01-10", "GP1": 1}], "fact-p", "patient_id is missing"),
        ([{"patient_id": "P-1", "date": "2024-01-10", "Q3": 1}], "fact-p", "no column is an item of fact-p"),
        ([{"patient_id": "P-1", "date": "2024-01-10", "GP1": 1}], "phq-9", "expected --instrument fact-p, bpi-sf"),
        ([{"patient_id": "P-1", "date": "2024-01-10", "GP1": 1, "gp1": 1}], "fact-p", "two columns"),
        ([{"patient_id": "P-1", "date": "2024-01-10", "GP1": 1, "score": 1}], "fact-p", "give it another name"),
        ([{"patient_id": "P-1", "date": "2024-01-10", "GP1": 1}], None, "its items fit fact-p"),
    ],
)
def test_a_file_that_cannot_be_scored_ends_with_2(
    ask: Any, rows: list[Row], instrument: str | None, words: str
) -> None:
    status, _, said = ask(rows, instrument)
    assert status == 2
    assert words in said


def test_the_file_written_holds_the_same_rows(ask: Any, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    _, answer, _ = ask([sheet(), sheet({"GE1": 9, "GE2": 9, "GE3": 9}, date="2024-03-01")], extra=["--out", str(out)])
    written = read_rows(out)
    assert [row["scale"] for row in written] == [row["scale"] for row in answer["scores"]]
    assert [float(row["score"]) if row["score"] else None for row in written] == [r["score"] for r in answer["scores"]]
    assert {row["valid"] for row in written} == {"yes", "no"}


def test_two_sheets_of_one_day_are_both_scored_and_told(ask: Any) -> None:
    _, answer, _ = ask([sheet(), sheet(fill=1)])
    assert len(answer["scores"]) == 18
    assert any(one.startswith("1 rows have the patient and day of an earlier row") for one in answer["warnings"])


def test_people_see_the_first_rows_of_a_long_answer_and_how_many_more_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(tmp_path / "answers.csv", [sheet(patient_id=f"P-{number}") for number in range(10)])
    assert (
        run(["score", str(tmp_path / "answers.csv"), "--instrument", "fact-p", "--out", str(tmp_path / "o.csv")]) == 0
    )
    assert "50 more rows; --out FILE or --json gives all" in capsys.readouterr().out
    assert len(read_rows(tmp_path / "o.csv")) == 90
