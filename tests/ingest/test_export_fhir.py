"""export fhir by command: a registry as FHIR, read into an empty registry, is the same registry."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.ingest.record_rows import ICD, PERIOD, ROWS, D, make_registry, read_facts
from tests.virtual.source_registry import Written, fill

from lutrace.cli.app import run
from lutrace.core import UnusableInputError
from lutrace.ehr.fhir_elements import drugs_of
from lutrace.ehr.fhir_write_therapy import drug_concept
from lutrace.ehr.fhir_writing import WRITTEN_TYPES
from lutrace.ingest import run_add_fhir, run_export_fhir, run_init
from lutrace.terms import drugs
from lutrace.virtual import make_sources

TABLES = tuple(ROWS)
LOST = {
    ("cycle_statements", "kind", "1"),
    ("diagnoses", "method", "1"),
    ("contacts", "kind", "1"),
    ("dispositions", "code_system", "1"),
    ("follow_up", "basis", "1"),
}
"""What of ROWS is not carried: a bill, a registry as the way of knowing, a letter, a term of CDISC, seen alive how."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The sources of four virtual patients."""
    folder = tmp_path_factory.mktemp("fhir") / "all"
    return Written(folder, make_sources(folder, patients=4, seed=60))


@pytest.fixture(scope="module")
def centre(written: Written) -> Path:
    """Their registry, read from FHIR."""
    registry = written.folder.parent / "registry"
    fill(registry, written.folder, "fhir")
    return registry


def _not_carried(folder: Path) -> set[tuple[str, str, str]]:
    with (folder / "not_carried.csv").open(encoding="utf-8") as file:
        return {(row["table"], row["column"], row["rows"]) for row in csv.DictReader(file)}


def _again(folder: Path, registry: Path) -> Path:
    run_init(registry)
    assert run_add_fhir(registry, [folder]).quarantined == 0
    return registry


def _resources(folder: Path) -> Iterator[dict[str, Any]]:
    for file in sorted(folder.glob("*.ndjson")):
        for line in file.read_text(encoding="utf-8").splitlines():
            resource: dict[str, Any] = json.loads(line)
            assert resource["resourceType"] == file.stem
            yield resource


def test_a_virtual_centre_written_as_fhir_and_read_into_an_empty_registry_is_the_same(
    centre: Path, tmp_path: Path
) -> None:
    run_export_fhir(centre, tmp_path / "out")
    before, after = (read_facts(folder, TABLES) for folder in (centre, _again(tmp_path / "out", tmp_path / "again")))
    assert {name for name in TABLES if before[name]} == set(TABLES) - {"cycle_statements"}
    assert [row.pop("site") for row in before["patients"]] != [row.pop("site") for row in after["patients"]]
    assert after == before
    assert _not_carried(tmp_path / "out") == {("patients", "site", "4")}


def test_every_resource_is_valid_r4_marked_as_test_data_and_names_nobody(
    written: Written, centre: Path, tmp_path: Path
) -> None:
    run_export_fhir(centre, tmp_path / "out")
    raw = {chart.patient.identifier for chart in written.charts}
    text = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "out").iterdir())
    assert len(raw) == 4
    assert not [one for one in (*raw, "SYNTHETIC") if one in text]
    ids: set[str] = set()
    for resource in _resources(tmp_path / "out"):
        kind = resource["resourceType"]
        getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind).model_validate(resource)
        assert [one["code"] for one in resource["meta"]["security"]] == ["HTEST"]
        ids.add(f"{kind}/{resource['id']}")
    assert len(ids) == len(list(_resources(tmp_path / "out")))
    assert {one["subject"]["reference"] for one in _resources(tmp_path / "out") if "subject" in one} <= ids


def test_exporting_twice_gives_the_same_bytes_and_days_can_be_moved(centre: Path, tmp_path: Path) -> None:
    def days(name: str) -> list[str]:
        found = [one for one in _resources(tmp_path / name) if one["resourceType"] == "MedicationAdministration"]
        return [one["effectiveDateTime"] for one in found]

    for name in ("one", "two"):
        run_export_fhir(centre, tmp_path / name)
    contents = [{path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two")]
    assert contents[0] == contents[1]
    assert {Path(name).stem for name in contents[0]} == {*WRITTEN_TYPES, "not_carried"}
    run_export_fhir(centre, tmp_path / "moved", shift_dates=True)
    assert len(days("one")) == len(days("moved")) > 4
    assert not set(days("one")) & set(days("moved"))
    assert _not_carried(tmp_path / "moved") == _not_carried(tmp_path / "one")


def test_one_row_of_every_table_comes_back_but_for_what_is_listed(tmp_path: Path) -> None:
    registry = make_registry(tmp_path / "registry", ROWS)
    result = run_export_fhir(registry, tmp_path / "out")
    assert _not_carried(tmp_path / "out") == LOST
    assert result.warnings == ("not_carried.csv: 5 rows or values that the model cannot carry",)
    before, after = (read_facts(folder, TABLES) for folder in (registry, _again(tmp_path / "out", tmp_path / "again")))
    assert {name for name in TABLES if before[name] != after[name]} == {table for table, _, _ in LOST}
    assert {row["value_text"] for row in after["labs"]} == {"<0,02", "8,0"}
    assert {row["method"] for row in after["diagnoses"]} == {"code", "physician"}


def test_what_cannot_be_written_is_listed_and_the_rest_is_there(tmp_path: Path) -> None:
    rows = {
        "patients": [{"sex": "male", "synthetic": False}],
        "diagnoses": [
            {"milestone": "metastatic", "date": D(2020, 1, 1), "date_precision": "day", "method": "text"},
            {"milestone": "initial", "method": "code", "code": "C61", "code_system": ICD, "gleason_sum": 8},
        ],
        "treatments": [{"agent": "ABC-123", "begin_date": D(2021, 3, 1), "begin_date_precision": "day",
                        "record_key": "a"}],
        "follow_up": [
            {"status": "dead", "date": D(2024, 2, 1), "date_precision": "month", "basis": "record", "cause": "other"},
            {"status": "dead", "date": D(2024, 3, 7), "date_precision": "day", "basis": "record"},
            {"status": "lost", "date": D(2023, 3, 7), "date_precision": "day", "basis": "record"},
        ],
        "cycles": [{"cycle": 1, "administered_date": D(2022, 3, 1), "agent": "lu177_psma_it", "weight_kg": 80.0}],
        "cycle_statements": [
            {"kind": "radiotherapy", "scope": "series", "begin_date": D(2022, 3, 1), "begin_precision": "day",
             "end_date": D(2022, 9, 1), "agent": "lu177_psma_617", "activity_mbq": 29600.0, "record_key": "a"},
            {"kind": "procedure", "scope": "cycle", "begin_date": D(2022, 6, 1), "begin_precision": "day",
             "agent": "lu177_psma_617", "record_key": "b"},
        ],
        "dispositions": [
            {"date": D(2022, 3, 1), "date_precision": "day", "code_system": "snomed_termination", "code": "407563006",
             "record_key": "a"},
            {"date": D(2022, 3, 9), "date_precision": "day", "code_system": "lutrace", "code": "hospice",
             "record_key": "b"},
        ],
        "medications": [{"kind": "adt", "agent": "leuprorelin", **PERIOD, "begin_date": D(2020, 1, 1),
                         "end_date": D(2021, 1, 1), "depot_days": 90, "record_key": "a"}],
        "reader_findings": [{"date": D(2022, 7, 1), "kind": "ct_only_lesion", "site": "bone", "soft_tissue": True,
                             "record_key": "a"}],
        "scans": [],
    }  # fmt: skip
    registry = make_registry(tmp_path / "registry", rows)
    run_export_fhir(registry, tmp_path / "out")
    assert _not_carried(tmp_path / "out") == {
        ("diagnoses", "method", "1"),
        ("treatments", "agent", "1"),
        ("follow_up", "status", "1"),
        ("cycles", "weight_kg", "1"),
        ("cycle_statements", "scope", "1"),
        ("dispositions", "date", "1"),
        ("medications", "depot_days", "1"),
        ("reader_findings", "soft_tissue", "1"),
    }
    after = read_facts(_again(tmp_path / "out", tmp_path / "again"), list(rows))
    assert [(str(row["date"]), row["date_precision"], row["cause"]) for row in after["follow_up"]] == [
        ("2024-02-01", "month", "other"),
        ("2024-03-07", "day", None),
    ]
    assert [(row["scope"], row["activity_mbq"], row["agent"]) for row in after["cycle_statements"]] == [
        ("series", 29600.0, "lu177_psma_617")
    ]
    assert [row["gleason_sum"] for row in after["diagnoses"]] == [8]
    assert [(row["code_system"], row["code"]) for row in after["dispositions"]] == [("snomed_termination", "407563006")]


@pytest.mark.parametrize("drug", drugs(), ids=lambda drug: drug.name)
def test_each_drug_of_the_vocabulary_is_read_as_itself(drug: Any) -> None:
    assert drugs_of(drug_concept(drug)) == (drug,)


def test_the_command_writes_and_refuses_a_folder_with_other_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = make_registry(tmp_path / "registry", {"patients": ROWS["patients"]})
    assert run(["export", "fhir", str(registry), str(tmp_path / "out"), "--json"]) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert [Path(one).name for one in files] == ["Patient.ndjson", "not_carried.csv"]
    (tmp_path / "out" / "notes.txt").write_text("own", encoding="utf-8")
    with pytest.raises(UnusableInputError, match=r"notes\.txt"):
        run_export_fhir(registry, tmp_path / "out")
    assert run(["export", "fhir", str(registry), str(tmp_path / "other"), "--notes"]) == 2
    assert "--notes goes with `export omop`" in capsys.readouterr().err
