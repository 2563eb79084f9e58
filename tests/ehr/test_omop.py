"""OMOP CDM 5.4 on real engines: the same rows from DuckDB, Parquet, CSV and PostgreSQL, and what is refused."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import pytest
from tests.ehr.omop_cdm import (
    arrow,
    condition,
    day,
    drug,
    lab,
    observation,
    person,
    plain,
    read_source,
    write_csv,
    write_duckdb,
    write_parquet,
)

from lutrace.core import UnusableInputError
from lutrace.ehr import OmopCodes, OmopSettings, RecordBatch
from lutrace.registry import open_foreign

Read = Callable[..., RecordBatch]

CENTRE = {
    "person": [person(1), person(2, gender_concept_id=0, gender_source_value="M", year_of_birth=1944)],
    "death": [{"person_id": 2, "death_date": day(200), "cause_source_value": "ICD10GM:C61"}],
    "visit_occurrence": [
        {"visit_occurrence_id": 1, "person_id": 1, "visit_concept_id": 9201, "visit_start_date": day(0),
         "visit_end_date": day(2), "discharged_to_concept_id": 8546},
    ],
    "condition_occurrence": [
        condition(1),
        condition(2, "C79.5", condition_source_concept_id=0, condition_start_date=day(-400)),
        condition(3, "ICD10GM:C79.5", condition_start_date=day(-300)),
    ],
    "measurement": [
        lab(1, range_low=0, range_high=4),
        lab(2, measurement_date=day(30), value_as_number=None, value_source_value="<0,02", unit_source_value="ng/ml"),
        lab(3, measurement_date=day(60), operator_concept_id=4171756, value_as_number=0.006),
        lab(4, measurement_concept_id=0, measurement_source_value="LOINC:35266-6", value_as_number=None,
            measurement_date=dt.date(2018, 5, 2), value_source_value="4+3", measurement_event_id=1),
        lab(5, measurement_concept_id=0, measurement_source_value="LOINC:29463-7", measurement_date=day(0),
            value_as_number=81.5, unit_source_value="kg"),
    ],
    "drug_exposure": [
        drug(1, "Pluvicto", day(0), drug_exposure_start_datetime=dt.datetime(2022, 3, 1, 9, 30), quantity=7.4,
             dose_unit_source_value="GBq"),
        drug(2, "HCPCS:A9607", day(42), quantity=200.0, dose_unit_source_value="mCi"),
        drug(3, "docetaxel", day(-300), day(-200), stop_reason="progression"),
        drug(4, "Eligard 3-Monatsdepot", day(-300), sig="end not recorded"),
    ],
    "procedure_occurrence": [
        {"procedure_occurrence_id": 1, "person_id": 1, "procedure_date": day(1),
         "procedure_source_value": "OPS:8-530.d0"},
        {"procedure_occurrence_id": 2, "person_id": 1, "procedure_date": day(70), "quantity": 2,
         "procedure_source_value": "SNOMED:116863004"},
    ],
    "observation": [
        observation(1, "FACT-P:GP1", day(0), value_as_number=2.0),
        observation(2, "lutrace:psa_progression", day(90), qualifier_source_value="PCWG3"),
    ],
}  # fmt: skip


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The batch of a Parquet folder with person 1 and the rows given."""

    def call(settings: OmopSettings | None = None, **rows: Any) -> RecordBatch:
        return read_source(write_parquet(tmp_path / "cdm", {"person": [person()], **rows}), settings)

    return call


def _write_postgres(server: dict[str, str], schema: str) -> str:
    backend = ibis.postgres.connect(
        host=server["PGHOST"], port=int(server["PGPORT"]), user=server["PGUSER"], database=server["PGDATABASE"]
    )
    backend.create_database(schema)
    for name, rows in CENTRE.items():
        backend.create_table(name, arrow(name, rows), database=schema)
    backend.disconnect()
    return f"postgresql://{server['PGUSER']}@{server['PGHOST']}:{server['PGPORT']}/{server['PGDATABASE']}"


def test_a_centre_in_a_parquet_folder_gives_these_rows(tmp_path: Path) -> None:
    batch = read_source(write_parquet(tmp_path / "cdm", CENTRE))
    rows = plain(batch)
    assert batch.faults == ()
    assert [(row["patient_id"], row["birth_year"], row["sex"]) for row in rows["patients"]] == [
        ("SYN-1", 1950, "male"),
        ("SYN-2", 1944, "male"),
    ]
    assert [(row["cycle"], row["administered_mbq"], row.get("weight_kg")) for row in rows["cycles"]] == [
        (1, 7400.0, 81.5),
        (2, 7400.0, None),
    ]
    assert rows["cycles"][0]["injection_datetime"] == dt.datetime(2022, 3, 1, 9, 30)
    assert [(row["kind"], row["code"], row["scope"]) for row in rows["cycle_statements"]] == [
        ("procedure", "8-530.d0", "cycle")
    ]
    labs = {row["date"]: row for row in rows["labs"]}
    assert [(labs[day(n)].get("comparator"), labs[day(n)]["value"]) for n in (-1, 30, 60)] == [
        (None, 12.5),
        ("<", 0.02),
        ("<", 0.006),
    ]
    assert (labs[day(-1)]["lln"], labs[day(-1)]["uln"], labs[day(30)]["value_text"]) == (0.0, 4.0, "<0,02")
    initial, metastatic = rows["diagnoses"]
    assert (initial["gleason_primary"], initial["gleason_secondary"], initial["gleason_sum"]) == (4, 3, 7)
    assert (metastatic["milestone"], metastatic["date"]) == ("metastatic", day(-300))
    assert [(row["agent"], row["stop_reason"], row["end_date"]) for row in rows["treatments"]] == [
        ("docetaxel", "progression", day(-200))
    ]
    adt = rows["medications"][0]
    assert (adt["agent"], adt["product"], adt["depot_days"], adt.get("end_date")) == (
        "leuprorelin",
        "eligard",
        84,
        None,
    )
    assert [(row["kind"], row["units"]) for row in rows["support"]] == [("red_cells", 2)]
    assert [(row["item"], row["answer"]) for row in rows["questionnaires"]] == [("GP1", 2.0)]
    assert [(row["kind"], row["date"]) for row in rows["disease_events"]] == [
        ("psa_progression", day(90)),
        ("hospice", day(2)),
    ]
    dead = rows["follow_up"][0]
    assert (dead["patient_id"], dead["status"], dead["cause"]) == ("SYN-2", "dead", "prostate_cancer")
    assert batch.unread["condition_occurrence (no concept, source value of shape 'a9.9')"] == 1


def test_csv_and_duckdb_give_the_same_rows_as_parquet(tmp_path: Path) -> None:
    expected = plain(read_source(write_parquet(tmp_path / "cdm", CENTRE)))
    assert plain(read_source(write_csv(tmp_path / "csv", CENTRE))) == expected
    assert plain(read_source(write_duckdb(tmp_path / "cdm.duckdb", CENTRE))) == expected
    in_schema = write_duckdb(tmp_path / "other.duckdb", CENTRE, schema="cdm54")
    assert plain(read_source(in_schema, schema="cdm54")) == expected


def test_a_table_may_be_a_folder_with_its_parts(tmp_path: Path) -> None:
    labs = [lab(number) for number in (1, 2, 3)]
    whole = write_csv(tmp_path / "whole", {"person": [person()], "measurement": labs})
    parts = write_csv(tmp_path / "parts", {"person": [person()]})
    (parts / "measurement").mkdir()
    header, *lines = (whole / "MEASUREMENT.csv").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        (parts / "measurement" / f"part-{number}.csv").write_text(f"{header}\n{line}\n", encoding="utf-8")
    assert plain(read_source(parts)) == plain(read_source(whole))


@pytest.mark.server("postgresql")
def test_postgresql_gives_the_same_rows_and_is_only_read(tmp_path: Path, postgres_server: dict[str, str]) -> None:
    address = _write_postgres(postgres_server, "cdm54")
    expected = plain(read_source(write_parquet(tmp_path / "cdm", CENTRE)))
    assert plain(read_source(address, schema="cdm54")) == expected
    with (
        pytest.raises(UnusableInputError, match="ReadOnlySqlTransaction"),
        open_foreign(address, schema="cdm54") as opened,
    ):
        opened.tables["person"].get_backend().create_table("not_to_be", arrow("person", []))
    with pytest.raises(UnusableInputError, match="holds no table"), open_foreign(address, schema="none"):
        pass


def test_an_address_with_a_password_is_refused() -> None:
    with (
        pytest.raises(UnusableInputError, match="PGPASSWORD or a password file"),
        open_foreign("postgresql://reader:secret@localhost/cdm"),
    ):
        pass


def test_groups_of_persons_give_the_rows_of_one_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [person(number) for number in range(1, 8)]
    labs = [lab(number, person_id=number) for number in range(1, 8)]
    folder = write_parquet(tmp_path / "cdm", {"person": many, "measurement": labs})
    expected = plain(read_source(folder))
    monkeypatch.setattr("lutrace.ehr.omop.ROWS_PER_GROUP", 4)
    with open_foreign(str(folder)) as opened:
        from lutrace.ehr import read_omop

        batches = list(read_omop(opened.tables, opened.digest))
    assert len(batches) == 4
    assert sorted((row for one in batches for row in plain(one)["labs"]), key=str) == expected["labs"]
    assert [row["source_locator"] for one in batches for row in one.rows["patients"]] == [
        f"person row {number}" for number in range(1, 8)
    ]


def test_without_person_the_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match=r"no table PERSON \(found: measurement of 1 tables\)"):
        read_source(write_parquet(tmp_path / "cdm", {"measurement": [lab(1)]}))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "cdm", {"person": [person()]})
    (folder / "MEASUREMENT.csv").write_text("measurement_id,person_id\n1,1\n", encoding="utf-8")
    with pytest.raises(UnusableInputError, match="measurement: the columns measurement_concept_id, measurement_date"):
        read_source(folder)


def test_a_cell_of_the_wrong_type_is_a_fault_and_the_others_are_read(tmp_path: Path) -> None:
    folder = write_csv(tmp_path / "cdm", {"person": [person()]})
    (folder / "measurement.csv").write_text(
        "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_type_concept_id,value_as_number,"
        "unit_source_value\n"
        "1,1,3013603,2022-02-30,0,5,ng/mL\n"
        "2,1,3013603,2022-02-28,0,high,ng/mL\n"
        "3,1,3013603.0,2022-02-28,0,5,ng/mL\n"
        "4,x,3013603,2022-02-28,0,5,ng/mL\n",
        encoding="utf-8",
    )
    batch = read_source(folder)
    assert {(one.locator, one.column) for one in batch.faults} == {
        ("measurement_id 1", "measurement_date"),
        ("measurement_id 2", "value_as_number"),
        ("measurement_id 4", "patient_id"),
    }
    assert [row["value"] for row in batch.rows["labs"]] == [5.0]


def test_two_different_rows_of_a_person_are_refused_with_all_that_is_theirs(read: Read) -> None:
    batch = read(person=[person(), person(year_of_birth=1951), person(2)], measurement=[lab(1), lab(2, person_id=2)])
    assert [row["patient_id"] for row in batch.rows["patients"]] == ["SYN-2"]
    assert [row["patient_id"] for row in batch.rows["labs"]] == ["SYN-2"]
    assert [(one.locator, one.rule) for one in batch.faults] == [
        ("person row 1", "person_id stands in two different rows of PERSON"),
        ("person row 2", "person_id stands in two different rows of PERSON"),
        ("measurement_id 1", "patient_id: person_id answers to no usable row of PERSON"),
    ]


def test_two_persons_of_one_source_value_are_refused(read: Read) -> None:
    batch = read(person=[person(1), person(2, person_source_value="SYN-1")])
    assert "patients" not in batch.rows
    assert {one.rule for one in batch.faults} == {"patient_id: two persons have the same person_source_value"}


def test_a_death_before_birth_is_refused(read: Read) -> None:
    batch = read(death=[{"person_id": 1, "death_date": dt.date(1949, 12, 31)}])
    assert [(one.table, one.locator, one.rule) for one in batch.faults] == [
        ("follow_up", "death row 1", "death_date lies before the year of birth")
    ]


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"unit_concept_id": 0, "unit_source_value": "furlong"}, "psa: unknown unit a text like 'aaaaaaa'"),
        ({"unit_concept_id": 0, "unit_source_value": None}, "psa: the unit is missing"),
        ({"unit_concept_id": 8840, "unit_source_value": "ng/mL"}, None),
        ({"unit_concept_id": 999999999, "unit_source_value": None}, "is a concept whose meaning is not known"),
        ({"value_source_value": "13.5"}, "value_as_number and value_source_value are different numbers"),
        ({"value_source_value": "<12.5", "operator_concept_id": 4172704}, "different comparators"),
    ],
)
def test_a_result_that_cannot_be_told_is_refused(read: Read, cells: dict[str, Any], fault: str | None) -> None:
    batch = read(measurement=[lab(1, **cells)])
    if fault is None:
        assert batch.faults == () and batch.rows["labs"][0]["value"] == 12.5
    else:
        assert "labs" not in batch.rows
        assert fault in batch.faults[0].rule


def test_a_unit_of_concept_0_is_read_from_its_text(read: Read) -> None:
    row = read(measurement=[lab(1, unit_concept_id=0, unit_source_value="ug/L")]).rows["labs"][0]
    assert (row["value"], row["unit"], row["canonical_unit"]) == (12.5, "ug/L", "ng/mL")


def test_a_concept_0_is_counted_by_the_shape_of_its_text_only(read: Read) -> None:
    batch = read(measurement=[lab(1, measurement_concept_id=0, measurement_source_value="Mueller 4711")])
    assert batch.unread == {"measurement (no concept, source value of shape 'a 9')": 1}


def test_codes_of_the_site_profile_give_meaning_to_concepts_and_source_values(read: Read) -> None:
    codes = OmopCodes({2000000001: "LOINC:2857-1"}, {"HB-LOCAL": "LOINC:718-7"})
    batch = read(
        OmopSettings(codes),
        measurement=[
            lab(1, measurement_concept_id=2000000001),
            lab(2, measurement_concept_id=0, measurement_source_value="HB-LOCAL", unit_source_value="g/dL"),
        ],
    )
    assert {(row["analyte"], row["value"]) for row in batch.rows["labs"]} == {("psa", 12.5), ("haemoglobin", 12.5)}


def test_equal_rows_of_one_day_stay_apart_and_ids_may_change(read: Read) -> None:
    keys = [row["record_key"] for row in read(measurement=[lab(1), lab(2)]).rows["labs"]]
    again = [row["record_key"] for row in read(measurement=[lab(71), lab(72)]).rows["labs"]]
    assert len(set(keys)) == 2 and keys == again
    stable = OmopSettings(stable_ids=True)
    assert [row["record_key"] for row in read(stable, measurement=[lab(71)]).rows["labs"]] != [
        row["record_key"] for row in read(stable, measurement=[lab(1)]).rows["labs"]
    ]


def test_a_series_and_a_bill_of_radioligands_are_statements_and_no_cycles(read: Read) -> None:
    bill = {"concept_id": 32810, "concept_name": "Claim", "vocabulary_id": "Type Concept", "concept_code": "x",
            "domain_id": "Type Concept", "concept_class_id": "Type Concept"}  # fmt: skip
    batch = read(
        drug_exposure=[
            drug(1, "Pluvicto", day(0), day(84), quantity=22.2, dose_unit_source_value="GBq"),
            drug(2, "Pluvicto", day(126), drug_type_concept_id=32810),
        ],
        concept=[bill],
    )
    assert "cycles" not in batch.rows
    assert [(row["kind"], row["scope"], row.get("activity_mbq")) for row in batch.rows["cycle_statements"]] == [
        ("administration", "series", 22200.0),
        ("billing", "cycle", None),
    ]
    assert "a series of cycles" in batch.faults[0].rule


def test_cycles_are_numbered_by_the_episodes_that_name_them(read: Read) -> None:
    batch = read(
        drug_exposure=[drug(1, "Pluvicto", day(0)), drug(2, "Pluvicto", day(42))],
        episode=[
            {"episode_id": n, "person_id": 1, "episode_concept_id": 32532, "episode_start_date": day(0),
             "episode_number": n + 2} for n in (1, 2)
        ],
        episode_event=[
            {"episode_id": n, "event_id": n, "episode_event_field_concept_id": 1147094} for n in (1, 2)
        ],
    )  # fmt: skip
    assert [row["cycle"] for row in batch.rows["cycles"]] == [3, 4]


def test_notes_are_letters_with_their_day_and_nothing_of_their_title(read: Read) -> None:
    note = {
        "note_id": 7,
        "person_id": 1,
        "note_date": day(3),
        "note_title": "Brief an Dr. X",
        "note_text": "Brief.",
    }
    (letter,) = read(note=[note]).letters
    assert (letter.key, letter.patient_id, letter.date, letter.text) == ("note 7", "SYN-1", "2022-03-04", "Brief.")
    assert letter.kind is None


def test_ingredients_and_diseases_are_found_through_the_vocabulary_tables(read: Read) -> None:
    def concept(number: int, vocabulary: str, code: str, name: str, kind: str) -> dict[str, Any]:
        return {"concept_id": number, "vocabulary_id": vocabulary, "concept_code": code, "concept_name": name,
                "concept_class_id": kind, "domain_id": "", "standard_concept": "S"}  # fmt: skip

    batch = read(
        concept=[
            concept(900001, "RxNorm", "1361615", "tablet of something, 10 mg", "Clinical Drug"),
            concept(900002, "RxNorm", "72962", "docetaxel", "Ingredient"),
            concept(900003, "SNOMED", "314994000", "Metastasis from malignant tumor of prostate", "Disorder"),
            concept(900004, "SNOMED", "128462008", "Metastatic malignant neoplasm", "Disorder"),
            concept(
                900005, "Cancer Modifier", "p-8th_AJCC/UICC-T3b", "AJCC/UICC 8th pathological T3b", "Staging/Grading"
            ),
        ],
        concept_ancestor=[
            {"ancestor_concept_id": 900002, "descendant_concept_id": 900001},
            {"ancestor_concept_id": 900004, "descendant_concept_id": 900003},
        ],
        drug_exposure=[drug(1, "4711", day(0), drug_concept_id=900001)],
        condition_occurrence=[
            condition(1),
            condition(2, "x", condition_concept_id=900003, condition_start_date=day(0)),
        ],
        measurement=[lab(1, measurement_concept_id=900005, value_as_number=None, measurement_date=dt.date(2018, 5, 2))],
    )
    assert batch.faults == ()
    assert [row["agent"] for row in batch.rows["treatments"]] == ["docetaxel"]
    assert [(row["milestone"], row.get("t")) for row in batch.rows["diagnoses"]] == [
        ("initial", "pT3b"),
        ("metastatic", None),
    ]


def test_a_source_concept_is_followed_to_its_standard_one(read: Read) -> None:
    names = {"domain_id": "", "standard_concept": None, "concept_class_id": "x"}
    batch = read(
        concept=[
            {**names, "concept_id": 11, "vocabulary_id": "NDC", "concept_code": "1", "concept_name": "local box"},
            {**names, "concept_id": 12, "vocabulary_id": "RxNorm", "concept_code": "2", "concept_name": "vial, 80 mg"},
            {**names, "concept_id": 13, "vocabulary_id": "RxNorm", "concept_code": "72962",
             "concept_name": "docetaxel", "concept_class_id": "Ingredient"},
        ],
        concept_relationship=[{"concept_id_1": 11, "concept_id_2": 12, "relationship_id": "Maps to"}],
        concept_ancestor=[{"ancestor_concept_id": 13, "descendant_concept_id": 12}],
        drug_exposure=[drug(1, "box", day(0), drug_source_concept_id=11)],
    )  # fmt: skip
    assert [row["agent"] for row in batch.rows["treatments"]] == ["docetaxel"]


def test_an_adverse_event_is_a_condition_with_a_grade_of_ctcae(read: Read) -> None:
    status = "ctcae-5.0 grade 2 possible"
    row = read(condition_occurrence=[condition(1, "Dry mouth", condition_status_source_value=status)]).rows
    event = row["adverse_events"][0]
    assert (event["term"], event["grade"], event["criteria"], event["attribution"]) == (
        "Dry mouth",
        2,
        "ctcae-5.0",
        "possible",
    )


def test_the_password_of_a_server_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server listens there: the address is used, and the message names no password."""
    monkeypatch.setitem(os.environ, "PGPASSWORD", "from-outside")
    with pytest.raises(UnusableInputError) as caught, open_foreign("postgresql://reader@127.0.0.1:1/cdm"):
        pass
    assert "PostgreSQL cannot read the source" in str(caught.value)
    assert "from-outside" not in str(caught.value)
