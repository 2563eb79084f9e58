"""Tables as hospitals write them: encodings, separators, headings, sheets, and what is broken in them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from lutrace.core import REPEATED_HEADER, UnusableInputError, read_rows, read_sheet_names, read_table

GERMAN = 'PatNr;Hämoglobin;Größe\nSYN-1;"11,8";180\nSYN-2;9,1;175\n'


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp850", "mac-roman"]
)
def test_the_encoding_of_german_text_is_found_out(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(GERMAN.encode(encoding))

    content = read_table(path)

    assert content.names == ("PatNr", "Hämoglobin", "Größe")
    assert content.rows[0] == (2, {"PatNr": "SYN-1", "Hämoglobin": "11,8", "Größe": "180"})
    assert bool(content.notes) is (encoding not in ("utf-8", "utf-8-sig"))


def test_units_with_signs_beyond_ascii_are_read_as_windows_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("Leukozyten 10³/µl,kg/m²,°C\n5.1,27.0,36.8\n".encode("cp1252"))

    assert read_table(path).names == ("Leukozyten 10³/µl", "kg/m²", "°C")


@pytest.mark.parametrize("data", [b"a,b\n\xb2x,1\n", "a,b\nłódź,1\n".encode("iso8859_2")])
def test_text_that_no_or_several_encodings_explain_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(data)

    with pytest.raises(UnusableInputError, match=r"t\.csv: not UTF-8 text \(byte 4\), .*encoding.*state encoding"):
        read_table(path)


def test_an_encoding_that_is_stated_is_taken_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("a\nłódź\n".encode("iso8859_2"))

    assert read_table(path, encoding="iso8859_2").rows == ((2, {"a": "łódź"}),)
    with pytest.raises(UnusableInputError, match="not ascii text"):
        read_table(path, encoding="ascii")
    with pytest.raises(UnusableInputError, match="no encoding is called 'latin-x'"):
        read_table(path, encoding="latin-x")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a;b;c\n1,5;2,5;3\n1,5;2,5;3\n", ("a", "b", "c")),
        ("a\tb\n1,5\t2\n", ("a", "b")),
        ("a|b|c\n1;2|2|3\n", ("a", "b", "c")),
        ("sep=;\na;b\n1;2\n", ("a", "b")),
        ('"a,x",b\n"1;2;3",2\n', ("a,x", "b")),
        ("a\n1\n", ("a",)),
        ("a;b\n1,5;\n2,5;\n", ("a", "b")),
    ],
)
def test_the_separator_is_found_out(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")

    content = read_table(path)

    assert content.names == names
    assert content.rows[0][0] == 2


def test_a_quoted_line_break_is_part_of_its_cell_and_of_one_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('a,b\n1,"two\nlines"\n2,x\n', encoding="utf-8")

    assert read_table(path).rows == ((2, {"a": "1", "b": "two\nlines"}), (3, {"a": "2", "b": "x"}))


def test_rows_that_are_too_short_or_too_long_are_told_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,c\n1,2,3\n4,5\n\na,b,c\n6,7,8,9\n7,8,9\n10,1", encoding="utf-8")

    content = read_table(path)

    assert [number for number, _ in content.rows] == [2, 7]
    assert content.broken == (
        (3, "has 2 cells, expected 3"),
        (5, REPEATED_HEADER),
        (6, "has 4 cells, expected 3"),
        (8, "has 2 cells, expected 3"),
    )


@pytest.mark.parametrize("rest", ["3,4\n5,6\n", "3,4\n" * 40000])
def test_a_quote_that_never_closes_costs_its_row_and_what_follows_only(tmp_path: Path, rest: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'a,b\n1,2\n2,"never closed\n{rest}', encoding="utf-8")

    content = read_table(path)

    assert content.rows == ((2, {"a": "1", "b": "2"}),)
    assert content.broken == ((3, "opens a quote that never closes; nothing from it on could be told apart"),)
    with pytest.raises(UnusableInputError, match="row 3 opens a quote"):
        read_rows(path)


def test_a_file_that_ends_within_a_character_is_read_and_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("a,b\n1,2\n3,ä".encode()[:-1])

    content = read_table(path)

    assert content.rows == ((2, {"a": "1", "b": "2"}), (3, {"a": "3", "b": None}))
    assert content.notes[0] == "the file ends within a character: it may be cut off"
    assert "the last line has no end" in content.notes[1]


def test_headings_that_are_doubled_or_empty_are_told_apart_by_their_letter(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,Datum,Wert,Datum,Wert,,\n1,2,3,4,5,6,\n", encoding="utf-8")

    content = read_table(path)

    assert content.names == ("id", "Datum [B]", "Wert [C]", "Datum [D]", "Wert [E]", "[F]")
    assert content.renamed == content.names[1:]


def _workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Labor"
    for row in (
        ["Laborwerte der Ambulanz"],
        ["Patient", None, "Blutbild", None],
        ["Nr", "Datum", "Hb", "Thrombo"],
        [17, dt.datetime(2023, 5, 17), "11,8", 210.0],
        [18, dt.datetime(2023, 5, 18, 9, 30), 9.25, None],
    ):
        sheet.append(row)
    sheet.merge_cells("A2:B2")
    sheet.merge_cells("C2:D2")
    book.create_sheet("Visiten").append(["Nr", "Art"])
    book.save(path)


def test_a_workbook_with_merged_headings_is_read_by_the_rows_that_name_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    _workbook(path)

    content = read_table(path, header_rows=(2, 3))

    assert content.names == ("Patient | Nr", "Patient | Datum", "Blutbild | Hb", "Blutbild | Thrombo")
    assert content.rows[0] == (4, dict(zip(content.names, ("17", "2023-05-17", "11,8", "210"), strict=True)))
    assert content.rows[1][1]["Patient | Datum"] == "2023-05-18T09:30:00"
    assert content.notes == ("read is the first of 2 sheets",)
    assert read_sheet_names(path) == ("Labor", "Visiten")
    assert read_table(path, sheet="Visiten").names == ("Nr", "Art")
    with pytest.raises(UnusableInputError, match="the sheet asked for is not in it; it holds 2 others"):
        read_table(path, sheet="Labour")


def test_a_formula_without_its_value_is_refused_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["a", "b"], [1, 2], [3, "=A2+1"]):
        book.active.append(row)
    book.save(path)

    with pytest.raises(UnusableInputError, match="row 3 holds a formula without a stored value"):
        read_table(path)


def test_only_workbooks_have_sheets(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n", encoding="utf-8")

    with pytest.raises(UnusableInputError, match="only an XLSX workbook has sheets"):
        read_table(path, sheet="Labor")
