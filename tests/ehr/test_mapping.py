"""A mapping: what a centre states about its table, refused with its lines, and the rows that it gives."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pytest

from lutrace.core import ProtocolError, Row, Source, UnusableInputError
from lutrace.ehr import RecordBatch, parse_mapping, read_mapped_rows, rows_by_mapping


def batch_of(text: str, *records: Row) -> RecordBatch:
    return rows_by_mapping(
        parse_mapping(text, "m.yaml"), list(enumerate(records, start=2)), Source("table", "0" * 64), name="t.csv"
    )


WIDE = """
patient_id: PatNr
decimal: ","
dates: dmy
missing: [n.b., -9]
rules:
  - table: labs
    columns: {date: Abnahme}
    each:
      - columns: {analyte: {constant: haemoglobin}, value: Hb, unit: {constant: g/dL}}
      - columns: {analyte: {constant: platelets}, value: Thrombo, unit: {constant: Tsd/µl}}
  - table: vitals
    columns: {date: Abnahme, measure: {constant: weight_kg}, value: Gewicht}
    only_with: value
"""


def test_a_wide_row_gives_a_row_per_analyte_and_names_its_column() -> None:
    record = {"PatNr": "SYN-1", "Abnahme": "03.04.2023", "Hb": "11,8", "Thrombo": "<5", "Gewicht": None}

    batch = batch_of(WIDE, record)

    haemoglobin, platelets = batch.rows["labs"]
    assert (haemoglobin["analyte"], haemoglobin["value"], haemoglobin["date"]) == (
        "haemoglobin",
        11.8,
        dt.date(2023, 4, 3),
    )
    assert (platelets["value"], platelets["comparator"], platelets["source_locator"]) == (5.0, "<", "row 2, column D")
    assert "vitals" not in batch.rows
    assert batch.faults == ()


def test_a_code_for_nothing_known_gives_no_row_and_a_wrong_cell_only_a_fault_of_its_own() -> None:
    record = {"PatNr": "SYN-1", "Abnahme": "03.04.2023", "Hb": "n.b.", "Thrombo": "viele", "Gewicht": "80,5"}

    batch = batch_of(WIDE, record)

    (fault,) = batch.faults
    assert (fault.table, fault.locator, fault.column) == ("labs", "row 2, column D", "value")
    assert "viele" not in fault.rule
    assert batch.rows["vitals"][0]["value"] == 80.5
    assert "labs" not in batch.rows


def test_codes_units_and_joined_columns_become_the_declared_values() -> None:
    text = """
    patient_id: {column: id, pad_zeros_to: 5}
    dates: mdy
    rules:
      - table: cycles
        columns:
          cycle: {column: visit, part: 'C(\\d+)'}
          administered_date: day
          injection_datetime: {join: [day, time]}
          agent: {column: drug, values: {1: lu177_psma_617, 2: lu177_psma_it}}
          administered_mbq: {column: gbq, unit: GBq}
        where: {status: done}
        unless: {note: [cancelled]}
    """
    done = {"id": "12", "visit": "C2D1", "day": "5/6/2023", "time": "9:05", "drug": "2", "gbq": "7.4"}

    batch = batch_of(
        text,
        {**done, "status": "Done", "note": None},
        {**done, "status": "planned", "note": None},
        {**done, "status": "done", "note": "cancelled"},
        {**done, "status": "done", "note": None, "drug": "7"},
    )

    (row,) = batch.rows["cycles"]
    assert (row["patient_id"], row["cycle"], row["agent"]) == ("00012", 2, "lu177_psma_it")
    assert (row["administered_date"], row["administered_mbq"]) == (dt.date(2023, 5, 6), 7400.0)
    assert row["injection_datetime"] == dt.datetime(2023, 5, 6, 9, 5)
    assert batch.unread == {"rows: no rule of the mapping takes the row": 2}
    assert [(one.locator, one.rule) for one in batch.faults] == [
        ("row 5", "agent holds a code that the mapping does not list")
    ]


def test_every_fault_of_a_mapping_is_named_with_its_line() -> None:
    text = """patient_id: PatNr
rules:
  - table: labs
    columns: {date: Tag, analyt: Test, value: Wert}
  - table: vitals
    columns: {date: Tag, measure: {constant: weight}, value: {column: kg, unit: GBq}}
  - table: lab
    columns: {}
not_read: {Station: "?", Bemerkung: free text}
"""

    with pytest.raises(ProtocolError) as caught:
        parse_mapping(text, "m.yaml")

    assert "m.yaml, line 3, rules.0: labs has no column 'analyt'; did you mean analyte?" in str(caught.value)
    assert "labs needs analyte (or loinc)" in str(caught.value)
    assert "line 5, rules.1: measure cannot be 'weight'; expected one of height_cm, weight_kg" in str(caught.value)
    assert "line 7, rules.2: no fact table is called 'lab'; did you mean labs?" in str(caught.value)
    assert "line 9, not_read: open (?): a text like 'aaaaaaa'" in str(caught.value)


def test_a_constant_analyte_that_is_none_is_refused_with_the_one_that_was_meant() -> None:
    text = """patient_id: PatNr
rules:
  - table: labs
    columns: {date: Tag, value: Wert, unit: Einheit, analyte: {constant: haemoglobine}}
"""

    with pytest.raises(ProtocolError, match=r"line 3, rules\.0: no analyte is called .*; did you mean haemoglobin"):
        parse_mapping(text, "m.yaml")


@pytest.mark.parametrize("cell", ['"?"', '{column: x, unit: "?"}', '{constant: "?"}', '{column: x, values: {1: "?"}}'])
def test_a_mapping_with_an_open_line_is_refused_with_that_line(cell: str) -> None:
    text = f"patient_id: PatNr\nrules:\n  - table: contacts\n    columns:\n      date: Tag\n      kind: {cell}\n"

    with pytest.raises(ProtocolError, match=r"m\.yaml, line 6, rules\.0\.columns\.kind: .*open"):
        parse_mapping(text, "m.yaml")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "rules: [{table: contacts, columns: {date: b, kind: {column: c, part: '('}}}]",
            "part is no regular expression",
        ),
        ("separator: ';;'", "a text of at most 1 characters"),
        ("dates: dym", "expected one of iso, dmy, mdy"),
        ("header_rows: [0]", "a number at least 1"),
        ("rules: [{table: contacts, columns: {date: b, kind: {column: c, constant: visit}}}]", "one of column, join"),
    ],
)
def test_what_a_mapping_cannot_say_is_refused_with_what_it_can(line: str, words: str) -> None:
    rest = "" if line.startswith("rules") else "rules: [{table: contacts, columns: {date: b, kind: c}}]\n"

    with pytest.raises(ProtocolError, match=rf"m\.yaml, line \d, .*{words}"):
        parse_mapping(f"patient_id: a\n{rest}{line}\n", "m.yaml")


def test_a_unit_that_cannot_be_converted_is_refused_before_anything_is_read() -> None:
    text = (
        "patient_id: a\nrules:\n  - table: cycles\n"
        "    columns: {cycle: b, administered_date: c, agent: d, administered_mbq: {column: e, unit: mL}}"
    )

    with pytest.raises(ProtocolError, match="cannot express 'mL' in 'MBq'"):
        parse_mapping(text, "m.yaml")


def test_a_column_that_the_table_has_not_is_named() -> None:
    text = "patient_id: a\nrules: [{table: contacts, columns: {date: b, kind: {constant: visit}}}]"

    with pytest.raises(UnusableInputError, match=r"t\.csv: the mapping reads the columns 'b', which the table has not"):
        batch_of(text, {"a": "SYN-1", "c": "2023-01-01"})


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["13.02.2023", "03.04.2023"], ["2023-02-13", "2023-04-03"]),
        (["02/13/2023", "03/04/2023"], ["2023-02-13", "2023-03-04"]),
        (
            ["5. Mai 2023", "17-MAR-2022", "March 4, 2023", "1 Sept 2020"],
            ["2023-05-05", "2022-03-17", "2023-03-04", "2020-09-01"],
        ),
        (
            ["2023-05-17 08:30", "20230517", "2023/5/7", "05.05.2023"],
            ["2023-05-17", "2023-05-17", "2023-05-07", "2023-05-05"],
        ),
    ],
)
def test_the_order_of_a_date_is_proven_by_its_column(cells: list[str], expected: list[str]) -> None:
    text = "patient_id: id\nrules: [{table: contacts, columns: {date: day, kind: {constant: visit}}}]"

    batch = batch_of(text, *({"id": "SYN-1", "day": cell} for cell in cells))

    assert [str(row["date"]) for row in batch.rows["contacts"]] == expected


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        (["03.04.2023", "05.06.2023"], "no number above 12 tells day from month"),
        (["13.04.2023", "04.13.2023"], "the column holds both orders"),
        (["13.04.23", "14.04.23"], "can mean two days"),
        (["30.02.2023", "13.02.2023"], "no day of the calendar"),
        (["soon", "2023-01-01"], "is no date"),
        (["45063", "2023-01-01"], "is no date"),
    ],
)
def test_a_date_that_can_mean_two_days_is_refused_and_not_quoted(cells: list[str], rule: str) -> None:
    text = "patient_id: id\nrules: [{table: contacts, columns: {date: day, kind: {constant: visit}}}]"

    batch = batch_of(text, *({"id": "SYN-1", "day": cell} for cell in cells))

    assert rule in batch.faults[0].rule
    assert cells[0] not in batch.faults[0].rule


def test_years_of_two_digits_and_days_of_a_spreadsheet_are_read_where_stated() -> None:
    text = """
    patient_id: id
    dates: dmy
    short_years_from: 1950
    rules:
      - {table: contacts, columns: {date: a, kind: {constant: visit}}}
      - {table: contacts, columns: {date: {column: b, dates: excel}, kind: {constant: other}}}
      - {table: contacts, columns: {date: {column: c, dates: excel1904}, kind: {constant: letter}}}
    """

    batch = batch_of(
        text,
        {"id": "SYN-1", "a": "01.02.49", "b": "45063", "c": "43601"},
        {"id": "SYN-1", "a": "01.02.50", "b": "12", "c": None},
    )

    # 45063 days after 1899-12-30, and 43601 after 1904-01-01, are 17 May 2023
    assert [str(row["date"]) for row in batch.rows["contacts"]] == [
        "2049-02-01",
        "2023-05-17",
        "2023-05-17",
        "1950-02-01",
    ]
    assert batch.faults[0].rule == "date is no day as a spreadsheet counts them"


def test_a_month_alone_stays_partial_where_the_table_allows_it() -> None:
    text = "patient_id: id\nrules: [{table: treatments, columns: {agent: drug, begin_date: start}}]"

    batch = batch_of(
        text,
        {"id": "SYN-1", "drug": "Docetaxel", "start": "Mai 2021"},
        {"id": "SYN-1", "drug": "Xtandi", "start": "03/2022"},
    )

    assert [(str(row["begin_date"]), row["begin_date_precision"]) for row in batch.rows["treatments"]] == [
        ("2021-05-01", "month"),
        ("2022-03-01", "month"),
    ]


def test_a_result_with_its_unit_in_the_cell_needs_no_column_for_it() -> None:
    text = "patient_id: id\nrules: [{table: labs, columns: {date: day, analyte: {constant: psa}, value: result}}]"

    batch = batch_of(
        text,
        {"id": "SYN-1", "day": "2023-01-01", "result": "<0,02 ng/ml"},
        {"id": "SYN-1", "day": "2023-01-02", "result": "5"},
    )

    assert (batch.rows["labs"][0]["value"], batch.rows["labs"][0]["unit"]) == (0.02, "ng/ml")
    assert "the unit is missing" in batch.faults[0].rule


def test_reading_takes_time_in_proportion_to_the_rows() -> None:
    mapping = parse_mapping(WIDE, "m.yaml")

    def seconds(count: int) -> float:
        record = {"PatNr": "SYN-1", "Abnahme": "13.04.2023", "Hb": "11,8", "Thrombo": "<5", "Gewicht": "80"}
        records = [(number, {**record, "PatNr": f"SYN-{number % 97}"}) for number in range(2, count + 2)]
        began = time.process_time()
        batch = rows_by_mapping(mapping, records, Source("table", "0" * 64), name="t.csv")
        assert len(batch.rows["labs"]) == 2 * count
        return time.process_time() - began

    seconds(100)
    few, many = seconds(1000), seconds(8000)

    assert many < 16 * few, "eight times the rows"
    assert many < 20.0, "a hundred thousand rows in a few minutes on a busy machine"


def test_rows_of_one_person_add_to_each_other_and_contradictions_both_stay() -> None:
    text = """
    patient_id: id
    rules: [{table: patients, columns: {sex: sex, birth_year: born, family: name, given: first}}]
    """

    batch = batch_of(
        text,
        {"id": "SYN-1", "sex": "male", "born": None, "name": None, "first": "Test"},
        {"id": "SYN-1", "sex": None, "born": "1950", "name": "Synthetic", "first": None},
        {"id": "SYN-2", "sex": "male", "born": "1951", "name": None, "first": None},
        {"id": "SYN-2", "sex": "male", "born": "1952", "name": None, "first": None},
    )

    known = [(row["patient_id"], row["sex"], row["birth_year"]) for row in batch.rows["patients"]]
    assert known == [("SYN-1", "male", 1950), ("SYN-2", "male", 1951), ("SYN-2", "male", 1952)]
    assert [(one.family, one.given) for one in batch.identities] == [("Synthetic", "Test"), (None, None)]


def test_rows_whose_unit_was_swapped_are_refused_where_the_value_is_impossible_in_it() -> None:
    text = """
    patient_id: id
    rules: [{table: labs, columns: {date: day, analyte: test, value: result, unit: unit}}]
    """
    day = {"day": "2023-01-01", "test": "Hb"}

    batch = batch_of(
        text,
        {"id": "SYN-1", **day, "result": "11.8", "unit": "g/l"},
        {"id": "SYN-2", **day, "result": "118", "unit": "g/dl"},
        {"id": "SYN-3", **day, "result": "118", "unit": "g/l"},
    )

    assert [(one.locator, one.column) for one in batch.faults] == [("row 2", "value"), ("row 3", "value")]
    assert all("is the unit right?" in one.rule for one in batch.faults)
    assert [row["value"] for row in batch.rows["labs"]] == [11.8]


def test_half_a_file_gives_its_whole_rows_and_tells_of_the_cut_one(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [f"SYN-{number},2023-01-{number:02d},visit" for number in range(1, 9)]
    path.write_text("\n".join(["id,day,kind", *rows, "SYN-9,2023-0"]), encoding="utf-8")
    text = "patient_id: id\nrules: [{table: contacts, columns: {date: day, kind: kind}}]"

    batch = read_mapped_rows(path, parse_mapping(text, "m.yaml"))

    assert [row["patient_id"] for row in batch.rows["contacts"]] == [f"SYN-{number}" for number in range(1, 9)]
    assert [(one.locator, one.rule) for one in batch.faults] == [("row 10", "the row has 2 cells, expected 3")]
    assert batch.notes == ("the last line has no end: where the file was cut off, its last cell is not whole",)
