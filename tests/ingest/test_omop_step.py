"""add omop and export omop by command: a registry as a CDM, read into an empty registry, is the same registry."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.ehr.omop_cdm import lab, person, write_csv, write_duckdb

from lutrace.cli.app import run
from lutrace.core import ProtocolError, Row, Source
from lutrace.ehr.omop_tables import WRITTEN_TABLES
from lutrace.ingest import run_add_omop, run_export_omop, run_init
from lutrace.registry import FactBatch, Registry
from lutrace.tables import FACT_TABLES, PROVENANCE

D = dt.date
PERIOD = {"begin_date_precision": "day", "end_date_precision": "day"}
ICD, MILESTONE = "http://hl7.org/fhir/sid/icd-10-cm", "urn:lutrace:CodeSystem:milestone"
ROWS: dict[str, list[dict[str, Any]]] = {
    "patients": [{"birth_year": 1950, "sex": "male", "synthetic": True}],
    "diagnoses": [
        {"milestone": "initial", "date": D(2018, 5, 1), "date_precision": "month", "method": "code", "code": "C61",
         "code_system": ICD, "gleason_primary": 4, "gleason_secondary": 3, "gleason_sum": 7, "t": "pT3b", "n": "cN1"},
        {"milestone": "metastatic", "date": D(2020, 1, 1), "date_precision": "year", "method": "registry",
         "code": "C79.5", "code_system": ICD},
        {"milestone": "mcrpc", "date": D(2021, 2, 3), "date_precision": "day", "method": "physician", "code": "mcrpc",
         "code_system": MILESTONE},
    ],
    "labs": [
        {"date": D(2022, 2, 28), "time": "08:30", "analyte": "psa", "loinc": "2857-1", "value_text": "<0,02",
         "comparator": "<", "unit": "ng/ml", "value": 0.02, "canonical_unit": "ng/mL", "uln": 4.0, "record_key": "a"},
        {"date": D(2022, 2, 28), "analyte": "haemoglobin", "loinc": "718-7", "value_text": "8,0", "unit": "mmol/l",
         "value": 12.8912, "canonical_unit": "g/dL", "lln": 13.5, "uln": 17.5, "record_key": "b"},
    ],
    "vitals": [
        {"date": D(2022, 3, 1), "measure": "weight_kg", "value": 81.5, "record_key": "a"},
        {"date": D(2022, 3, 1), "measure": "ecog", "value": 1.0, "record_key": "b"},
        {"date": D(2022, 3, 1), "measure": "height_cm", "value": 178.0, "record_key": "c"},
    ],
    "cycles": [
        {"cycle": 2, "administered_date": D(2022, 3, 1), "agent": "lu177_psma_617", "administered_mbq": 7421.5,
         "injection_datetime": dt.datetime(2022, 3, 1, 9, 30), "assay_datetime": dt.datetime(2022, 3, 1, 8, 55),
         "residual_mbq": 41.0, "residual_datetime": dt.datetime(2022, 3, 1, 9, 50), "weight_kg": 81.5},
    ],
    "cycle_statements": [
        {"kind": "procedure", "scope": "cycle", "begin_date": D(2022, 3, 2), "begin_precision": "day",
         "agent": "lu177_psma_other", "code_system": "ops", "code": "8-530.d0", "record_key": "a"},
        {"kind": "billing", "scope": "cycle", "begin_date": D(2022, 3, 1), "begin_precision": "day",
         "agent": "lu177_psma_617", "code_system": "hcpcs", "code": "A9607", "record_key": "b"},
    ],
    "treatments": [
        {"agent": "docetaxel", "agent_class": "taxane", "begin_date": D(2021, 3, 1), "end_date": D(2021, 7, 1),
         **PERIOD, "stop_reason": "progression", "record_key": "a"},
        {"agent": "enzalutamide", "agent_class": "arpi", "begin_date": D(2020, 2, 1), "begin_date_precision": "month",
         "record_key": "b"},
        {"agent": "prostatectomy", "agent_class": "other", "begin_date": D(2018, 6, 1), "end_date": D(2018, 6, 1),
         **PERIOD, "record_key": "c"},
        {"agent": "radiotherapy", "agent_class": "other", "begin_date": D(2019, 6, 1), "begin_date_precision": "day",
         "record_key": "d"},
    ],
    "medications": [
        {"kind": "adt", "agent": "leuprorelin", "begin_date": D(2020, 1, 1), "begin_date_precision": "day",
         "product": "eligard", "depot_days": 84, "record_key": "a"},
        {"kind": "bone_agent", "agent": "denosumab", "begin_date": D(2020, 1, 1), "end_date": D(2021, 1, 1), **PERIOD,
         "record_key": "b"},
    ],
    "support": [
        {"date": D(2022, 5, 1), "kind": "red_cells", "units": 2, "record_key": "a"},
        {"date": D(2022, 5, 1), "kind": "platelets", "units": 1, "record_key": "b"},
        {"date": D(2022, 5, 2), "kind": "g_csf", "record_key": "c"},
    ],
    "questionnaires": [
        {"date": D(2022, 3, 1), "instrument": "fact-p", "item": "GP1", "answer": 2.0},
        {"date": D(2022, 3, 1), "instrument": "xi-3", "item": "XI1", "answer": 3.0},
    ],
    "adverse_events": [
        {"term": "Dry mouth", "grade": 2, "criteria": "ctcae-5.0", "begin_date": D(2022, 4, 1),
         "begin_date_precision": "day", "end_date": D(2022, 6, 1), "reporter": "clinician", "attribution": "probable",
         "record_key": "a"},
    ],
    "contacts": [
        {"date": D(2022, 3, 1), "kind": "visit", "record_key": "a"},
        {"date": D(2022, 4, 1), "kind": "telephone", "record_key": "b"},
        {"date": D(2022, 5, 1), "kind": "letter", "record_key": "c"},
    ],
    "disease_events": [
        {"kind": "psa_progression", "date": D(2022, 8, 1), "date_precision": "month", "basis": "PCWG3",
         "record_key": "a"},
        {"kind": "fracture", "date": D(2022, 9, 3), "date_precision": "day", "record_key": "b"},
    ],
    "reader_findings": [
        {"date": D(2022, 7, 1), "kind": "ct_only_lesion", "site": "liver", "long_axis_mm": 21.0, "basis": "CT",
         "record_key": "a"},
        {"date": D(2022, 7, 1), "kind": "radiological_progression", "record_key": "b"},
    ],
    "dispositions": [
        {"date": D(2022, 6, 1), "date_precision": "day", "code_system": "cdisc_ncomplt", "code": "ADVERSE EVENT",
         "record_key": "a"},
    ],
    "follow_up": [
        {"status": "dead", "date": D(2023, 5, 17), "date_precision": "day", "basis": "record",
         "cause": "prostate_cancer"},
        {"status": "alive", "date": D(2023, 1, 2), "date_precision": "day", "basis": "contact"},
    ],
}  # fmt: skip


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A registry with one row or more of every table that a CDM can carry."""
    return _registry(tmp_path / "registry", ROWS)


def _registry(folder: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> Path:
    run_init(folder)
    whole = {name: [{"patient_id": "P-1", **row} for row in given] for name, given in rows.items()}
    with Registry.open(folder, write=True) as registry:
        report = registry.add(FactBatch(Source("table", "0" * 64), whole))
    assert report.quarantined == 0
    return folder


def _facts(folder: Path, names: Sequence[str]) -> dict[str, list[Row]]:
    """The rows of a registry without what names source, record and patient."""
    apart = {column.name for column in PROVENANCE} | {"record_key", "patient_id"}
    with Registry.open(folder, write=False) as registry:
        return {
            name: sorted(
                (
                    {key: one for key, one in row.items() if key not in apart}
                    for row in registry.rows(FACT_TABLES[name])
                ),
                key=str,
            )
            for name in names
        }


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_registry_written_as_a_cdm_and_read_into_an_empty_one_is_the_same(
    filled: Path, tmp_path: Path, form: Any
) -> None:
    result = run_export_omop(filled, tmp_path / "cdm", form=form)
    run_init(tmp_path / "again")
    added = run_add_omop(tmp_path / "again", [str(tmp_path / "cdm")])
    assert added.quarantined == 0
    assert _facts(tmp_path / "again", list(ROWS)) == _facts(filled, list(ROWS))
    assert {path.name for path in result.written} == {f"{name}.{form}" for name in WRITTEN_TABLES} | {"not_carried.csv"}


def test_the_files_have_the_columns_types_and_keys_of_the_model(filled: Path, tmp_path: Path) -> None:
    run_export_omop(filled, tmp_path / "cdm")
    for name, declared in WRITTEN_TABLES.items():
        table = pq.read_table(tmp_path / "cdm" / f"{name}.parquet")
        assert table.schema.names == [column.name for column in declared.columns]
        assert table.schema.types == declared.arrow_schema.types
        for column in declared.columns:
            if column.required:
                assert table.column(column.name).null_count == 0, f"{name}.{column.name}"
        if declared.key is not None:
            keys = table.column(declared.key).to_pylist()
            assert len(set(keys)) == len(keys)


def test_what_the_model_cannot_carry_is_listed_and_the_rest_written(tmp_path: Path) -> None:
    rows = {
        "patients": ROWS["patients"],
        "diagnoses": [{"milestone": "initial", "method": "physician", "code_system": MILESTONE, "code": "initial"}],
        "follow_up": [{"status": "dead", "date": D(2024, 2, 1), "date_precision": "month", "basis": "relative"}],
        "treatments": [{"agent": "ABC-123", "agent_class": "trial", "begin_date": D(2021, 3, 1),
                        "begin_date_precision": "day", "record_key": "a"}],
    }  # fmt: skip
    result = run_export_omop(_registry(tmp_path / "registry", rows), tmp_path / "cdm")
    listed = (tmp_path / "cdm" / "not_carried.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[:3] for line in listed[1:]] == [
        ["diagnoses", "date", "1"],
        ["follow_up", "basis", "1"],
        ["follow_up", "date_precision", "1"],
        ["treatments", "agent", "1"],
    ]
    assert result.warnings == ("not_carried.csv: 4 rows or values that the model cannot carry",)
    death = pq.read_table(tmp_path / "cdm" / "death.parquet").to_pylist()
    assert [row["death_date"] for row in death] == [D(2024, 2, 29)]


def test_shifted_days_keep_their_distance_and_the_same_shift_is_kept(filled: Path, tmp_path: Path) -> None:
    run_export_omop(filled, tmp_path / "one", shift_dates=True)
    run_export_omop(filled, tmp_path / "two", shift_dates=True)
    drugs = [pq.read_table(tmp_path / name / "drug_exposure.parquet").to_pylist() for name in ("one", "two")]
    assert drugs[0] == drugs[1]
    days = sorted(row["drug_exposure_start_date"] for row in drugs[0])
    expected = sorted([D(2022, 3, 1), D(2022, 3, 1), D(2021, 3, 1), D(2020, 2, 1), D(2020, 1, 1), D(2020, 1, 1)])
    moved = {(new - old).days for new, old in zip(days, expected, strict=True)}
    assert len(moved) == 1 and 1 <= abs(moved.pop()) <= 730


def test_adding_twice_changes_nothing_and_new_bytes_of_the_same_rows_neither(tmp_path: Path) -> None:
    rows = {"person": [person()], "measurement": [lab(1), lab(2)]}
    run_init(tmp_path / "registry")
    first = run_add_omop(tmp_path / "registry", [str(write_duckdb(tmp_path / "cdm.duckdb", rows))])
    assert (first.added, first.quarantined) == (3, 0)
    again = run_add_omop(tmp_path / "registry", [str(tmp_path / "cdm.duckdb")])
    assert (again.added, again.updated, again.unchanged) == (0, 0, 3)
    elsewhere = run_add_omop(tmp_path / "registry", [str(write_csv(tmp_path / "csv", rows))])
    assert (elsewhere.added, elsewhere.updated, elsewhere.unchanged) == (0, 0, 3)


def test_a_corrected_source_takes_its_fault_out_of_quarantine(tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    run_init(registry)
    bad = {"person": [person()], "measurement": [lab(1), lab(2, unit_source_value="furlong")]}
    cdm = write_duckdb(tmp_path / "cdm.duckdb", bad)
    assert run_add_omop(registry, [str(cdm)]).quarantined == 1
    cdm.unlink()
    write_duckdb(cdm, {"person": [person()], "measurement": [lab(1), lab(2, unit_source_value="ug/L")]})
    assert run_add_omop(registry, [str(cdm)]).added == 1
    from lutrace.ingest import run_check

    assert "quarantine" not in {row["check"] for row in run_check(registry)}


def test_a_source_that_fails_half_way_leaves_the_persons_read_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lutrace.ehr.omop.ROWS_PER_GROUP", 2)
    rows = {"person": [person(1), person(2)], "measurement": [lab(1), lab(2, person_id=2)]}
    cdm = write_duckdb(tmp_path / "cdm.duckdb", rows)
    registry = tmp_path / "registry"
    run_init(registry)
    from lutrace.ehr import omop

    read = omop._Reading.read_group

    def broken(self: Any, persons: Sequence[int], collected: Any) -> Any:
        if 2 in persons:
            raise ConnectionError("the line is cut")
        return read(self, persons, collected)

    monkeypatch.setattr(omop._Reading, "read_group", broken)
    with pytest.raises(ConnectionError):
        run_add_omop(registry, [str(cdm)])
    monkeypatch.setattr(omop._Reading, "read_group", read)
    result = run_add_omop(registry, [str(cdm)])
    assert (result.added, result.unchanged) == (2, 2)


def test_the_commands_say_what_was_read_and_written(
    filled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(*arguments: object) -> dict[str, Any]:
        assert run([*map(str, arguments), "--json"]) == 0
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    files = answer("export", "omop", filled, tmp_path / "cdm", "--form", "csv")["files"]
    assert len(files) == len(WRITTEN_TABLES) + 1
    run_init(tmp_path / "again")
    assert answer("add", "omop", tmp_path / "cdm", "--registry", tmp_path / "again")["tables"]["cycles"]["added"] == 1
    assert run(["add", "omop", str(tmp_path / "none.duckdb"), "--registry", str(tmp_path / "again")]) == 2
    assert "expected a DuckDB file" in capsys.readouterr().err
    assert run(["export", "csv", str(filled), str(tmp_path / "csv"), "--notes"]) == 2
    assert "go with `export omop`" in capsys.readouterr().err


def test_codes_of_the_profile_are_read_and_a_wrong_one_is_told_with_its_line(tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    run_init(registry, profile_text='omop:\n  source_values: {"PSA-X": "LOINC:2857-1"}\n  synthetic: true\n')
    rows = {"person": [person()], "measurement": [lab(1, measurement_concept_id=0, measurement_source_value="PSA-X")]}
    run_add_omop(registry, [str(write_csv(tmp_path / "cdm", rows))])
    assert [row["value"] for row in _facts(registry, ["labs"])["labs"]] == [12.5]
    assert [row["synthetic"] for row in _facts(registry, ["patients"])["patients"]] == [True]
    with pytest.raises(ProtocolError, match=r"line 2, omop.source_values.*expected a vocabulary and a code"):
        run_init(tmp_path / "other", profile_text='omop:\n  source_values: {"PSA-X": "2857-1"}\n')
