"""Files of other versions: refused with words, upgraded without loss."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest
from tests.registry.rows import batch, lab, make_registry

from lutrace.core import UnusableInputError
from lutrace.registry import Registry
from lutrace.tables import DIAGNOSES, LABS, OVERRIDES


def change(folder: Path, *statements: str) -> None:
    with duckdb.connect(str(folder / "registry.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_folder_without_registry_and_a_foreign_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="make one with `lutrace init`"):
        Registry.open(tmp_path, write=False)
    with duckdb.connect(str(tmp_path / "registry.duckdb")) as connection:
        connection.execute("CREATE TABLE something (x INTEGER)")
    with pytest.raises(UnusableInputError, match="is not a lutrace registry"):
        Registry.open(tmp_path, write=False)
    (tmp_path / "registry.duckdb").write_bytes(b"no database at all" * 1000)
    with pytest.raises(UnusableInputError, match="cannot be opened"):
        Registry.open(tmp_path, write=False)


def test_a_registry_is_not_made_twice(tmp_path: Path) -> None:
    folder = make_registry(tmp_path / "registry")
    with pytest.raises(UnusableInputError, match="holds a registry already"):
        Registry.create(folder, profile_text="")


@pytest.mark.parametrize(("version", "words"), [(0, "run `lutrace upgrade`"), (99, "use a newer lutrace")])
def test_another_schema_version_is_refused_with_the_way_out(tmp_path: Path, version: int, words: str) -> None:
    folder = make_registry(tmp_path / "registry")
    change(folder, f"UPDATE schema_version SET version = {version}")
    with pytest.raises(UnusableInputError, match=words):
        Registry.open(folder, write=False)


def test_an_older_file_is_upgraded_and_keeps_its_rows(tmp_path: Path) -> None:
    folder = make_registry(tmp_path / "registry")
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("labs", [lab(1)]))
        rows = registry.rows(LABS)
    change(folder, "ALTER TABLE labs DROP COLUMN loinc", "DROP TABLE support", "UPDATE schema_version SET version = 0")
    done = Registry.upgrade(folder)
    assert done == ["labs: added ['loinc'], left out []", "support: created"]
    with Registry.open(folder, write=False) as registry:
        assert registry.rows(LABS) == rows
    assert Registry.upgrade(folder) == []


def test_rows_of_a_table_whose_key_grew_are_renamed_and_corrections_follow_them(tmp_path: Path) -> None:
    folder = make_registry(tmp_path / "registry")
    bone = {"patient_id": "P1", "milestone": "metastatic", "date": dt.date(2020, 2, 1), "date_precision": "day"}
    bone |= {"method": "code", "code_system": "http://fhir.de/CodeSystem/bfarm/icd-10-gm", "code": "C79.5"}
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("diagnoses", [bone]))
        (row,) = registry.rows(DIAGNOSES)
    correction = ", ".join(
        {"row_id": "'o'", "target_row_id": "'diagnoses:old'"}.get(column.name, "NULL") for column in OVERRIDES.columns
    )
    change(
        folder,
        "UPDATE diagnoses SET row_id = 'diagnoses:old'",
        *(f'ALTER TABLE overrides ALTER "{column.name}" DROP NOT NULL' for column in OVERRIDES.columns),
        f"INSERT INTO overrides VALUES ({correction})",
        "UPDATE schema_version SET version = 3",
    )
    assert Registry.upgrade(folder) == ["diagnoses: 1 rows renamed"]
    with duckdb.connect(str(folder / "registry.duckdb")) as connection:
        assert connection.execute("SELECT row_id FROM diagnoses").fetchall() == [(row["row_id"],)]
        assert connection.execute("SELECT target_row_id FROM overrides").fetchall() == [(row["row_id"],)]


def test_an_upgrade_that_would_have_to_guess_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    folder = make_registry(tmp_path / "registry")
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("labs", [lab(1)]))
    change(folder, "ALTER TABLE labs DROP COLUMN unit", "DROP TABLE cycles")
    with pytest.raises(UnusableInputError, match=r"labs.unit is new and may not be empty"):
        Registry.upgrade(folder)
    with pytest.raises(UnusableInputError, match="cycles, labs differ"):
        Registry.open(folder, write=False)
