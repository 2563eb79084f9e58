"""A mapping proposed from headings and cells: what is sure is filled with its reason, the rest is left open."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import openpyxl
import pytest

from lutrace.core import ProtocolError, UnusableInputError
from lutrace.ehr import count_open, parse_mapping, propose_mapping, read_mapped_rows
from lutrace.ehr.mapping_headings import parse_heading


def write(folder: Path, *lines: str, name: str = "t.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


@pytest.mark.parametrize(
    ("heading", "analyte", "unit"),
    [
        ("Hb (g/dl)", "haemoglobin", "g/dl"),
        ("PSA [ng/ml]", "psa", "ng/ml"),
        ("Leukozyten Tsd/µl", "leukocytes", "Tsd/µl"),
        ("hb_g_dl", "haemoglobin", "g/dl"),
        ("C2 Hb (g/dl)", "haemoglobin", "g/dl"),
        ("GOT (AST) [U/l]", "ast", "U/l"),
        ("Alk. Phosphatase (U/l)", "alp", "U/l"),
        ("777-3", "platelets", None),
        ("baseline_psa", "psa", None),
        ("Neutrophile (%)", "neutrophils", None),
        ("WBC 10^3/uL", "leukocytes", "10^3/uL"),
    ],
)
def test_a_heading_names_its_analyte_and_unit(heading: str, analyte: str, unit: str | None) -> None:
    found = parse_heading(heading)

    assert found.analyte is not None
    assert (found.analyte.name, found.unit) == (analyte, unit)


@pytest.mark.parametrize(
    ("heading", "group", "fact"),
    [
        ("cycle1_date", "cycle 1", "any.date"),
        ("Zyklus 02 Aktivität (GBq)", "cycle 2", "cycles.administered_mbq"),
        ("C3D1 Datum", "cycle 3", "any.date"),
        ("Größe [cm]", None, "vitals.height_cm"),
        ("cT", None, "diagnoses.t"),
        ("T-Stadium", None, "diagnoses.t"),
        ("Station", None, None),
    ],
)
def test_a_heading_names_its_occasion_and_fact(heading: str, group: str | None, fact: str | None) -> None:
    found = parse_heading(heading)

    assert (found.group, found.fact) == (group, fact)


def test_a_wide_german_lab_table_is_proposed_whole_and_read_as_proposed(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "PatNr;Abnahme;Hb (g/dl);Thrombozyten Tsd/µl;PSA [ng/ml];Station",
        "SYN-1;13.02.2023;11,8;210;<0,02;N3",
        "SYN-2;03.04.2023;n.b.;180;46,79;N4",
        encoding="cp1252",
    )

    text = propose_mapping(path)

    assert count_open(text) == 0
    assert 'decimal: ","  # sure' in text
    assert "dates: dmy  # sure: day first: above 12 in 1 of 2 dates" in text
    assert 'missing: ["n.b."]  # likely' in text
    assert '"Station": no heading known here' in text
    rows = read_mapped_rows(path, parse_mapping(text, "m.yaml")).rows["labs"]
    assert [(row["analyte"], row["value"], row["date"]) for row in rows] == [
        ("haemoglobin", 11.8, dt.date(2023, 2, 13)),
        ("platelets", 210.0, dt.date(2023, 2, 13)),
        ("psa", 0.02, dt.date(2023, 2, 13)),
        ("platelets", 180.0, dt.date(2023, 4, 3)),
        ("psa", 46.79, dt.date(2023, 4, 3)),
    ]


def test_a_long_lab_table_takes_the_analytes_of_the_vocabulary_and_no_others(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "patient_id,collection date,Test,Result,Unit,Ref low,Ref high",
        "SYN-1,2023-02-13,Hgb,11.8,g/dL,13,17",
        "SYN-1,2023-02-13,GOT (AST),38,U/L,,50",
        "SYN-1,2023-02-13,Blood group,0,,,",
    )

    text = propose_mapping(path)

    assert count_open(text) == 0
    batch = read_mapped_rows(path, parse_mapping(text, "m.yaml"))
    assert [(row["analyte"], row["lln"], row["uln"]) for row in batch.rows["labs"]] == [
        ("haemoglobin", 13.0, 17.0),
        ("ast", None, 50.0),
    ]
    assert batch.unread == {"rows: no rule of the mapping takes the row": 1}
    assert batch.faults == ()


def test_columns_for_each_cycle_become_a_row_per_cycle_when_the_radioligand_is_stated(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "Patient ID,cycle1_date,cycle1_gbq,Zyklus 2 Datum,Zyklus 2 Aktivität,C2 PSA (ng/ml)",
        "1,03.04.2023,7.4,14.05.2023,7250,4.5",
        "2,13.04.2023,7.1,,,",
    )

    text = propose_mapping(path)

    assert "open: GBq or MBq? the heading names no unit; numbers around 7250" in text
    assert "open: one of lu177_psma_617" in text
    assert count_open(text) == 2
    with pytest.raises(ProtocolError, match=r"m\.yaml, line \d+, .*agent: is open .*administered_mbq: is open"):
        parse_mapping(text, "m.yaml")
    settled = text.replace('unit: "?"', "unit: MBq").replace(
        'agent: {constant: "?"}', "agent: {constant: lu177_psma_617}"
    )
    batch = read_mapped_rows(path, parse_mapping(settled, "m.yaml"))
    assert [(row["patient_id"], row["cycle"], row["administered_mbq"]) for row in batch.rows["cycles"]] == [
        ("1", 1, 7400.0),
        ("1", 2, 7250.0),
        ("2", 1, 7100.0),
    ]
    assert [(row["value"], str(row["date"])) for row in batch.rows["labs"]] == [(4.5, "2023-05-14")]


def test_what_a_table_does_not_say_is_left_open_with_what_it_may_be(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "Fallnummer,PSA,Gewicht,Tumorboard Datum alt,Geschlecht",
        "17,5.1,82000,03.04.23,m",
        "18,6.2,75000,04.05.23,7",
    )

    text = propose_mapping(path)

    assert 'patient_id: "?"  # open: Fallnummer counts cases, not patients' in text
    assert "the heading names no unit; numbers around 6.2 may be" in text
    assert "in what unit are numbers around 82000?" in text
    assert 'values: {"m": male, "7": "?"}' in text
    assert "open: no heading names the date of the row; may be Tumorboard Datum alt" in text
    with pytest.raises(ProtocolError) as caught:
        parse_mapping(text, "m.yaml")
    assert str(caught.value).count("open") >= 5


def test_treatments_persons_and_follow_up_are_proposed_from_headings_and_words(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "PatID;Geburtsdatum;Geschlecht;Substanz;Beginn;Ende;Grund;"
        "Todesdatum;Todesursache;Letzter Kontakt;mCRPC seit;Gleason",
        "SYN-1;13.02.1950;m;Docetaxel;Mai 2021;13.08.2021;Progress;;;15.06.2024;01.02.2020;3+4=7",
        "SYN-2;14.03.1951;weiblich;Xtandi;03.2022;;;01.02.2024;Tumor;;;9",
    )

    text = propose_mapping(path)

    assert count_open(text) == 0
    batch = read_mapped_rows(path, parse_mapping(text, "m.yaml"))
    assert batch.faults == ()
    assert [(row["sex"], row["birth_year"]) for row in batch.rows["patients"]] == [("male", 1950), ("female", 1951)]
    assert [(row["agent"], row.get("stop_reason")) for row in batch.rows["treatments"]] == [
        ("docetaxel", "progression"),
        ("enzalutamide", None),
    ]
    assert {(row["status"], row.get("cause"), str(row["date"])) for row in batch.rows["follow_up"]} == {
        ("alive", None, "2024-06-15"),
        ("dead", "prostate_cancer", "2024-02-01"),
    }
    assert {(row["milestone"], row.get("gleason_sum")) for row in batch.rows["diagnoses"]} == {
        ("initial", 7),
        ("initial", 9),
        ("mcrpc", None),
    }


def test_a_questionnaire_is_known_by_its_items(tmp_path: Path) -> None:
    path = write(tmp_path, "Subject ID,visit date,Q3,Q4,Q5,Q6,Q9A", "SYN-1,2023-02-13,1,2,3,4,5")

    text = propose_mapping(path)

    assert 'instrument: {constant: "bpi-sf"}  # sure: only it has all these items' in text
    rows = read_mapped_rows(path, parse_mapping(text, "m.yaml")).rows["questionnaires"]
    assert [(row["item"], row["answer"]) for row in rows] == [("Q3", 1), ("Q4", 2), ("Q5", 3), ("Q6", 4), ("Q9A", 5)]


def test_the_heading_is_found_below_a_title_and_days_of_a_spreadsheet_are_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (
        ["Auszug Labor"],
        [],
        ["MRN", "Datum", "PSA (ng/ml)"],
        ["SYN-1", 45063, 4.5],
        ["SYN-2", 45064, "<0,02"],
    ):
        book.active.append(row)
    path = tmp_path / "t.xlsx"
    book.save(path)

    text = propose_mapping(path)

    assert "header_rows: [3]  # likely" in text
    assert 'date: {column: "Datum", dates: excel}  # likely' in text
    batch = read_mapped_rows(path, parse_mapping(text, "m.yaml"))
    assert [str(row["date"]) for row in batch.rows["labs"]] == ["2023-05-17", "2023-05-18"]


@pytest.mark.parametrize(
    ("lines", "words"), [(("a,b",), "holds no rows"), (("a,b", "1,2"), "no heading is known here")]
)
def test_a_table_that_says_nothing_is_refused(tmp_path: Path, lines: tuple[str, ...], words: str) -> None:
    with pytest.raises(UnusableInputError, match=words):
        propose_mapping(write(tmp_path, *lines))


def test_footers_and_repeated_headings_give_no_row_and_are_counted(tmp_path: Path) -> None:
    lines = [
        "PatNr,Abnahme,PSA (ng/ml)",
        "SYN-1,2023-02-13,4.5",
        "PatNr,Abnahme,PSA (ng/ml)",
        "SYN-2,2023-02-14,5.5",
        "Summe,,10",
    ]
    path = write(tmp_path, *lines)

    batch = read_mapped_rows(path, parse_mapping(propose_mapping(path), "m.yaml"))

    assert [row["patient_id"] for row in batch.rows["labs"]] == ["SYN-1", "SYN-2"]
    assert batch.unread == {"rows that repeat the header line": 1, "rows: the row is a sum or another footer": 1}
    assert batch.rowless == (("row 5", "the row is a sum or another footer"),)


def test_every_sheet_of_a_workbook_is_proposed_and_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "Zyklen"
    for row in (["Therapien"], ["PatNr", "Zyklus", "Therapiedatum", "Aktivität (GBq)", "Radiopharmakon"]):
        book.active.append(row)
    book.active.append(["SYN-1", 1, dt.datetime(2023, 3, 1), "7,4", "Pluvicto"])
    follow_up = book.create_sheet("Verlauf")
    follow_up.append(["PatNr", "Todesdatum", "Letzter Kontakt"])
    follow_up.append(["SYN-1", None, dt.datetime(2024, 1, 1)])
    book.create_sheet("Leer")
    path = tmp_path / "t.xlsx"
    book.save(path)

    text = propose_mapping(path)

    assert count_open(text) == 0
    batch = read_mapped_rows(path, parse_mapping(text, "m.yaml"))
    (cycle,) = batch.rows["cycles"]
    assert (cycle["agent"], cycle["administered_mbq"], cycle["source_locator"]) == (
        "lu177_psma_617",
        7400.0,
        "sheet 1, row 3",
    )
    (alive,) = batch.rows["follow_up"]
    assert (alive["status"], str(alive["date"]), alive["source_locator"]) == ("alive", "2024-01-01", "sheet 2, row 2")
