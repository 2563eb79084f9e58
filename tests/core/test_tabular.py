from __future__ import annotations

from pathlib import Path

import pytest

from lutrace.core import UnusableInputError, read_numbered_rows, read_rows, write_rows

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
