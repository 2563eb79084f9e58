from __future__ import annotations

from pathlib import Path

import pytest

from lutrace.core import (
    UnusableInputError,
    has_decimal_comma,
    read_numbered_rows,
    read_rows,
    with_decimal_points,
    write_rows,
)

ROWS = [{"a": "x, y", "b": "1"}, {"a": 'say "no"\nnow', "b": None}]


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx", ".parquet"])
def test_rows_survive_writing_and_reading(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"table{ending}"
    write_rows(path, ROWS)
    assert read_rows(path) == ROWS


def test_semicolons_of_german_spreadsheets_are_found_out(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("\ufeffa;b\n1,5;2\n", encoding="utf-8")
    assert read_rows(path) == [{"a": "1,5", "b": "2"}]


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "empty"), ("a,a\n1,2\n", "name each column once"), ("a,b\n1\n", "row 2 has 1 cells, expected 2")],
)
def test_a_broken_table_is_refused_with_its_row(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UnusableInputError, match=words):
        read_rows(path)


def test_an_unknown_ending_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    path = tmp_path / "t.ods"
    path.write_text("x", encoding="utf-8")
    with pytest.raises(UnusableInputError, match=r"\.csv, \.tsv, \.xlsx, \.parquet"):
        read_rows(path)


def test_rows_keep_their_number_in_the_file_across_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n\n\n2\n", encoding="utf-8")
    assert read_numbered_rows(path) == [(2, {"a": "1"}), (5, {"a": "2"})]


@pytest.mark.parametrize(
    ("cells", "comma"),
    [
        (["12,5", "5,000"], True),
        (["12.5", "5,000"], False),
        (["5,000", "3"], False),
        (["12,5", "12.5"], False),
        (["1.234,5"], True),
        (["1,234.5"], False),
        (["<0,02"], True),
        (["-12,25", "1,5e-3"], True),
        (["05.01.2024", "text, more"], False),
        (["12,5", None], True),
    ],
)
def test_a_decimal_comma_is_found_where_the_numbers_tell(tmp_path: Path, cells: list[str | None], comma: bool) -> None:
    rows = [(number, {"x": cell}) for number, cell in enumerate(cells, start=2)]
    assert has_decimal_comma("t.csv", rows, ["x"]) is comma
    assert has_decimal_comma("t.csv", rows, ["y"]) is False


def test_a_group_of_thousands_beside_decimal_commas_is_refused_with_its_row(tmp_path: Path) -> None:
    rows = [(2, {"x": "12,5"}), (3, {"x": "1.234"})]
    with pytest.raises(
        UnusableInputError, match=r"t\.csv: row 3, column A: a point before three digits.*one decimal sign"
    ):
        has_decimal_comma("t.csv", rows, ["x"])


def test_a_folder_in_the_place_of_a_table_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match=r"is a folder, expected a table ending in \.csv.*name the file in it"):
        read_rows(tmp_path)


def test_decimal_commas_become_points_in_the_columns_of_numbers_only(tmp_path: Path) -> None:
    rows = [(2, {"x": "12,5", "note": "a, 1,5"}), (3, {"x": "1.234,5", "note": None}), (4, {"x": "5,000", "note": "b"})]
    found = with_decimal_points(tmp_path / "t.csv", rows, ["x"])
    assert [row["x"] for _, row in found] == ["12.5", "1234.5", "5.000"]
    assert [row["note"] for _, row in found] == ["a, 1,5", None, "b"]
