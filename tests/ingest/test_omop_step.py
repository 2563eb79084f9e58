"""add omop and export omop by command: a registry as a CDM, read into an empty registry, is the same registry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.ehr.omop_cdm import lab, person, write_csv, write_duckdb
from tests.ingest.record_rows import MILESTONE, ROWS, D, make_registry, read_facts

from lutrace.cli.app import run
from lutrace.core import ProtocolError
from lutrace.ehr.omop_tables import WRITTEN_TABLES
from lutrace.ingest import run_add_omop, run_export_omop, run_init


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A registry with one row or more of every table that a CDM can carry."""
    return make_registry(tmp_path / "registry", ROWS)


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_registry_written_as_a_cdm_and_read_into_an_empty_one_is_the_same(
    filled: Path, tmp_path: Path, form: Any
) -> None:
    result = run_export_omop(filled, tmp_path / "cdm", form=form)
    run_init(tmp_path / "again")
    added = run_add_omop(tmp_path / "again", [str(tmp_path / "cdm")])
    assert added.quarantined == 0
    assert read_facts(tmp_path / "again", list(ROWS)) == read_facts(filled, list(ROWS))
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
    result = run_export_omop(make_registry(tmp_path / "registry", rows), tmp_path / "cdm")
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
    assert "goes with `export omop`" in capsys.readouterr().err


def test_codes_of_the_profile_are_read_and_a_wrong_one_is_told_with_its_line(tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    run_init(registry, profile_text='omop:\n  source_values: {"PSA-X": "LOINC:2857-1"}\n  synthetic: true\n')
    rows = {"person": [person()], "measurement": [lab(1, measurement_concept_id=0, measurement_source_value="PSA-X")]}
    run_add_omop(registry, [str(write_csv(tmp_path / "cdm", rows))])
    assert [row["value"] for row in read_facts(registry, ["labs"])["labs"]] == [12.5]
    assert [row["synthetic"] for row in read_facts(registry, ["patients"])["patients"]] == [True]
    with pytest.raises(ProtocolError, match=r"line 2, omop.source_values.*expected a vocabulary and a code"):
        run_init(tmp_path / "other", profile_text='omop:\n  source_values: {"PSA-X": "2857-1"}\n')
