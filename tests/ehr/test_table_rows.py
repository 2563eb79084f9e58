"""Tables of a centre: typed rows, partial dates, decimal commas, faults by row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lutrace.core import Type, UnusableInputError, write_rows
from lutrace.ehr import parse_mapping, propose_mapping, read_mapped_rows, read_table_rows
from lutrace.tables import FACT_TABLES

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write text lines to a table file."""

    def make(*lines: str, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return make


def test_a_short_lab_table_gives_canonical_rows(write: Write) -> None:
    path = write(
        "patient_id;date;analyte;value;unit;lln;uln",
        "SYN-1;2023-05-17;PSA;<0,02;µg/l;;4,0",
        "SYN-1;2023-05-17;Hämoglobin;118;g/l;135;175",
    )

    batch = read_table_rows(path, "labs")

    psa, haemoglobin = batch.rows["labs"]
    assert (psa["analyte"], psa["comparator"], psa["value"], psa["uln"]) == ("psa", "<", 0.02, 4.0)
    assert (haemoglobin["value"], haemoglobin["lln"], haemoglobin["uln"]) == (11.8, 13.5, 17.5)
    assert haemoglobin["source_locator"] == "row 3"
    assert psa["date"] == dt.date(2023, 5, 17)
    assert batch.faults == ()


def test_a_lab_may_be_named_by_loinc_and_must_not_contradict_it(write: Write) -> None:
    path = write(
        "patient_id,date,loinc,analyte,value,unit,time",
        "SYN-1,2023-05-17,777-3,,210,Tsd/µl,8:05",
        "SYN-1,2023-05-17,777-3,psa,210,ng/mL,",
    )

    batch = read_table_rows(path, "labs")

    assert (batch.rows["labs"][0]["analyte"], batch.rows["labs"][0]["time"]) == ("platelets", "08:05")
    assert batch.faults[0].rule == "analyte psa and loinc of platelets contradict each other"


@pytest.mark.parametrize(
    ("line", "column", "rule"),
    [
        ("SYN-1,2023-05-17,psa,5,mg/dL", "value", "unknown unit 'mg/dL'"),
        ("SYN-1,2023-05-17,psa,5,", "unit", "the unit is missing"),
        ("SYN-1,2023-05,psa,5,ng/mL", "date", "must be known to the day, got the month"),
        ("SYN-1,07.05.2023,psa,5,ng/mL", "date", "date can mean two days (no number above 12 tells day from month"),
        ("SYN-1,2023-05-17,ferritin,5,ng/mL", "analyte", "is in the vocabulary"),
        (",2023-05-17,psa,5,ng/mL", "patient_id", "patient_id is empty"),
        ('SYN-1,2023-05-17,psa,"5,000",ng/mL', "value", "a comma before three digits"),
    ],
)
def test_a_wrong_lab_row_is_a_fault_of_its_row_and_the_others_stay(
    write: Write, line: str, column: str, rule: str
) -> None:
    path = write("patient_id,date,analyte,value,unit", line, "SYN-1,2023-05-18,psa,6,ng/mL")

    batch = read_table_rows(path, "labs")

    (fault,) = batch.faults
    assert (fault.table, fault.locator, fault.column) == ("labs", "row 2", column)
    assert rule in fault.rule
    assert "patient_id" not in fault.row
    assert [row["value"] for row in batch.rows["labs"]] == [6.0]


def test_a_typed_number_has_no_decimal_sign_whatever_texts_have(tmp_path: Path) -> None:
    path = tmp_path / "labs.parquet"
    row = {"patient_id": "1", "date": "2023-05-17", "analyte": "psa", "value": 1.234, "unit": "ng/mL"}
    pq.write_table(pa.Table.from_pylist([row]), path)
    assert read_table_rows(path, "labs", decimal=",").rows["labs"][0]["value"] == 1.234


def test_a_point_behind_a_leading_zero_groups_no_thousands(write: Write) -> None:
    path = write("patient_id,date,analyte,value,unit", "1,2023-05-17,psa,0.125,ng/mL")
    batch = read_table_rows(path, "labs", decimal=",")
    assert "labs" not in batch.rows
    assert "group thousands" in batch.faults[0].rule


def test_the_decimal_sign_of_a_site_settles_what_is_ambiguous(write: Write) -> None:
    path = write("patient_id,date,analyte,value,unit", 'SYN-1,2023-05-17,psa,"5,123",ng/mL')

    assert read_table_rows(path, "labs", decimal=",").rows["labs"][0]["value"] == 5.123
    assert read_table_rows(path, "labs", decimal=".").rows["labs"][0]["value"] == 5123.0


def test_a_partial_date_fills_its_precision_column(write: Write) -> None:
    path = write("patient_id,agent,begin_date,end_date", "SYN-1,docetaxel,2021-03,2021-08-15")

    (row,) = read_table_rows(path, "treatments").rows["treatments"]

    assert (row["begin_date"], row["begin_date_precision"]) == (dt.date(2021, 3, 1), "month")
    assert (row["end_date"], row["end_date_precision"]) == (dt.date(2021, 8, 15), "day")
    assert len(row["record_key"]) == 20


def test_cells_are_typed_by_their_declared_column(write: Write) -> None:
    path = write(
        "patient_id,cycle,administered_date,agent,administered_mbq,injection_datetime",
        'SYN-1,2,2023-06-01,lu177_psma_617,"7410,5",2023-06-01T10:15',
        "SYN-2,1.5,2023-06-01,lu177_psma_617,<7400,10:15",
    )

    batch = read_table_rows(path, "cycles")

    (row,) = batch.rows["cycles"]
    assert (row["cycle"], row["administered_mbq"]) == (2, 7410.5)
    assert row["injection_datetime"] == dt.datetime(2023, 6, 1, 10, 15)
    assert batch.faults[0].rule == (
        "injection_datetime is no date; cycle must be a whole number; "
        "administered_mbq must be exact, got a value with a comparator"
    )


def test_names_and_birth_dates_of_a_patients_table_go_to_the_identity_only(write: Write) -> None:
    path = write("patient_id,family,given,birth_date,sex", "SYN-1,Synthetic,Test,1951-03-04,male")

    batch = read_table_rows(path, "patients")

    (row,) = batch.rows["patients"]
    assert row == {
        "patient_id": "SYN-1",
        "sex": "male",
        "synthetic": False,
        "birth_year": 1951,
        "source_locator": "row 2",
    }
    assert batch.identities[0].family == "Synthetic"
    assert batch.identities[0].identifiers == (("", "SYN-1"),)


def test_columns_of_the_centre_are_mapped_and_the_rest_is_counted(write: Write) -> None:
    path = write("PatNr,Datum,Art,Bemerkung", "SYN-1,2023-06-01,visit,came late", "SYN-2,2023-06-01,visit,")

    text = "patient_id: PatNr\nrules: [{table: contacts, columns: {date: Datum, kind: Art}}]"
    batch = read_mapped_rows(path, parse_mapping(text, "m.yaml"))

    assert [row["patient_id"] for row in batch.rows["contacts"]] == ["SYN-1", "SYN-2"]
    assert batch.unread == {"column D": 1}
    assert "came late" not in repr(batch.rows)


def test_a_missing_column_is_named_with_what_was_found(write: Write) -> None:
    path = write("patient_id,when", "SYN-1,2023-06-01")

    with pytest.raises(UnusableInputError, match=r"table\.csv: contacts needs the columns date, kind; found column A"):
        read_table_rows(path, "contacts")


def test_an_unknown_table_is_refused(write: Write) -> None:
    with pytest.raises(UnusableInputError, match="table: expected one of patients"):
        read_table_rows(write("a", "1"), "visits")


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx", "parquet"])
def test_the_same_table_gives_the_same_rows_in_every_format(tmp_path: Path, ending: str) -> None:
    rows: list[dict[str, Any]] = [
        {"patient_id": "SYN-1", "date": dt.date(2023, 6, 1), "measure": "weight_kg", "value": 81.5},
        {"patient_id": "SYN-1", "date": dt.date(2023, 6, 2), "measure": "ecog", "value": 1.0},
    ]
    path = tmp_path / f"vitals.{ending}"
    write_rows(path, rows)

    found = read_table_rows(path, "vitals").rows["vitals"]

    assert [{name: row[name] for name in rows[0]} for row in found] == rows


def test_two_equal_records_have_one_key_and_two_different_ones_have_two(write: Write) -> None:
    path = write("patient_id,date,kind", "SYN-1,2023-06-01,visit", "SYN-1,2023-06-01,visit", "SYN-1,2023-06-02,visit")

    keys = [row["record_key"] for row in read_table_rows(path, "contacts").rows["contacts"]]

    assert keys[0] == keys[1] != keys[2]


def test_every_fact_table_has_columns_that_can_be_typed() -> None:
    typed = {column.type for table in FACT_TABLES.values() for column in table.columns}

    assert typed <= {Type.TEXT, Type.INT, Type.FLOAT, Type.BOOL, Type.DATE, Type.DATETIME, Type.JSON}


def test_yes_and_no_json_and_text_are_typed_and_anything_else_is_refused(write: Write) -> None:
    path = write(
        "note_id,patient_id,note_date,fact,value,begin,end,negated,uncertain,historical,reviewed",
        "n1,SYN-1,2023-06-01,site,bone,0,4,ja,no,0,FALSE",
        "n2,SYN-1,2023-06-01,site,bone,0,4,perhaps,no,0,FALSE",
    )

    batch = read_table_rows(path, "text_findings")

    (row,) = batch.rows["text_findings"]
    assert [row[name] for name in ("negated", "uncertain", "historical", "reviewed")] == [True, False, False, False]
    assert batch.faults[0].rule == "negated must be yes or no"


def test_an_override_keeps_its_moment_and_a_picture_its_json(write: Write) -> None:
    overrides = write(
        "override_id,patient_id,table,target_row_id,column,new_value,reason,made_by,made_at",
        "o1,SYN-1,cycles,cycles:1,weight_kg,80,scale,R1,2023-06-01T10:15:00+02:00",
        "o2,SYN-1,cycles,cycles:1,weight_kg,80,scale,R1,yesterday",
        name="overrides.csv",
    )

    batch = read_table_rows(overrides, "overrides")

    assert batch.rows["overrides"][0]["made_at"] == dt.datetime(2023, 6, 1, 10, 15)
    assert batch.faults[0].rule == "made_at is no date"


def test_a_clock_time_that_is_none_is_refused(write: Write) -> None:
    path = write("patient_id,date,analyte,value,unit,time", "SYN-1,2023-05-17,psa,5,ng/mL,noon")

    assert read_table_rows(path, "labs").faults[0].column == "time"


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("Taxotere", [("docetaxel", "taxane", True, True)]),
        ("Doc/Carbo + Prednison", [("docetaxel", "taxane", True, True), ("carboplatin", "platinum", True, True)]),
        (
            "Docetaxel 75 mg/m2 q3w x6 ersetzt durch Jevtana",
            [("docetaxel", "taxane", True, False), ("cabazitaxel", "taxane", False, True)],
        ),
    ],
)
def test_a_regimen_in_words_is_a_row_per_drug_with_the_days_that_are_known(
    write: Write, agent: str, expected: list[tuple[str, str, bool, bool]]
) -> None:
    path = write("patient_id,agent,begin_date,end_date", f"SYN-1,{agent},2021-03-01,2021-08-15")

    rows = read_table_rows(path, "treatments").rows["treatments"]

    found = [
        (row["agent"], row["agent_class"], row["begin_date"] is not None, row["end_date"] is not None) for row in rows
    ]
    assert found == expected


def test_a_treatment_that_the_vocabulary_does_not_know_needs_its_class(write: Write) -> None:
    path = write("patient_id,agent,agent_class", "SYN-1,XYZ-123,", "SYN-2,XYZ-123,trial")

    batch = read_table_rows(path, "treatments")

    assert [(row["agent"], row["agent_class"]) for row in batch.rows["treatments"]] == [("XYZ-123", "trial")]
    assert (batch.faults[0].locator, batch.faults[0].column) == ("row 2", "agent")


def test_words_of_a_regimen_that_were_not_understood_are_counted(write: Write) -> None:
    path = write("patient_id,agent", "SYN-1,Docetaxel laut Kollege")

    assert read_table_rows(path, "treatments").unread == {"column agent (words of a regimen not understood)": 2}


def test_brand_and_depot_of_a_medication_table_are_read_from_its_words(write: Write) -> None:
    path = write("patient_id,kind,agent,depot_days", "SYN-1,adt,Trenantone 3-Monatsdepot,", "SYN-1,adt,Pamorelin,168")

    rows = read_table_rows(path, "medications").rows["medications"]

    assert [(row["agent"], row["product"], row["depot_days"]) for row in rows] == [
        ("leuprorelin", "trenantone", 84),
        ("triptorelin", "pamorelin", 168),
    ]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (",,Gleason 8 (4+4)", (4, 4, 8)),
        (",,3+4=7", (3, 4, 7)),
        (",,4+3", (4, 3, 7)),
        (",,7", (None, None, 7)),
        ("3,4,7", (3, 4, 7)),
        ("3,4,7 (3+4)", (3, 4, 7)),
    ],
)
def test_a_gleason_score_in_words_gives_patterns_and_sum(
    write: Write, cells: str, expected: tuple[int | None, int | None, int]
) -> None:
    path = write(
        "patient_id,milestone,method,gleason_primary,gleason_secondary,gleason_sum", f"SYN-1,initial,text,{cells}"
    )

    (row,) = read_table_rows(path, "diagnoses").rows["diagnoses"]

    assert tuple(row.get(name) for name in ("gleason_primary", "gleason_secondary", "gleason_sum")) == expected


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        (",,3+3=4", "the sum is not that of its patterns"),
        (",,3+4 und 4+3", "several scores"),
        (",,ISUP 4", "states no score with patterns or sum"),
        ("4,,3+4=7", "the score and its parts disagree"),
    ],
)
def test_a_gleason_score_that_contradicts_itself_is_a_fault(write: Write, cells: str, rule: str) -> None:
    path = write(
        "patient_id,milestone,method,gleason_primary,gleason_secondary,gleason_sum", f"SYN-1,initial,text,{cells}"
    )

    (fault,) = read_table_rows(path, "diagnoses").faults

    assert rule in fault.rule


def test_a_date_that_is_none_of_iso_is_refused_with_the_way_to_say_how_dates_are_written(write: Write) -> None:
    path = write("patient_id,date,analyte,value,unit", "SYN-1,17.05.23,psa,5,ng/mL", "SYN-2,soon,psa,5,ng/mL")

    german, none = read_table_rows(path, "labs").faults

    assert "dates: dmy" in german.remedy and "short_years_from" in german.remedy
    assert none.rule == "date is no date"


def test_a_table_whose_patients_stand_in_columns_is_refused_with_what_to_do(write: Write) -> None:
    path = write("PatNr,SYN-1,SYN-2", "Abnahmedatum,2023-05-17,2023-05-18", "Hb,11.2,12.1", "PSA,4.2,8.1")

    for read in (lambda: read_table_rows(path, "labs"), lambda: propose_mapping(path)):
        with pytest.raises(UnusableInputError, match=r"the patients stand in its columns.*turn the table"):
            read()


def test_a_loinc_cell_of_other_words_is_refused_and_not_kept(write: Write) -> None:
    path = write("patient_id,date,analyte,loinc,value,unit", "SYN-1,2023-05-17,psa,see letter,5,ng/mL")

    batch = read_table_rows(path, "labs")

    assert not batch.rows.get("labs") and batch.faults[0].rule == "loinc is no code of LOINC"
