"""A registry through the command line: made, filled, filled again, checked, asked too early."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from lutrace.cli.app import run

LABS = "patient_id,date,analyte,value,unit\n1,2024-01-05,psa,12.5,ng/mL\n1,2024-02-05,psa,{},ng/mL\n"


@pytest.fixture
def registry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run(["init", str(tmp_path / "registry")]) == 0
    assert "site.yaml" in capsys.readouterr().out
    return tmp_path / "registry"


def add(registry: Path, labs: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, int]]:
    status = run(["add", "table", str(labs), "--registry", str(registry), "--json"])
    counts: dict[str, int] = json.loads(capsys.readouterr().out)["rows"]
    return status, counts


def test_adding_twice_changes_nothing(registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labs = tmp_path / "labs.csv"
    labs.write_text(LABS.format("9.1"), encoding="utf-8")
    assert add(registry, labs, capsys) == (0, {"added": 2, "updated": 0, "unchanged": 0, "quarantined": 0})
    assert add(registry, labs, capsys) == (0, {"added": 0, "updated": 0, "unchanged": 2, "quarantined": 0})


def test_a_bad_row_waits_in_quarantine_and_the_good_one_is_in(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labs = tmp_path / "labs.csv"
    labs.write_text(LABS.format("high"), encoding="utf-8")
    assert add(registry, labs, capsys) == (1, {"added": 1, "updated": 0, "unchanged": 0, "quarantined": 1})
    labs.write_text(LABS.format("9.1"), encoding="utf-8")
    assert add(registry, labs, capsys)[1]["quarantined"] == 0


def test_a_dry_run_stores_nothing(registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labs = tmp_path / "labs.csv"
    labs.write_text(LABS.format("9.1"), encoding="utf-8")
    assert run(["add", "table", str(labs), "--registry", str(registry), "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("would be added 2")
    assert add(registry, labs, capsys)[1]["added"] == 2


def test_a_study_without_its_scans_is_refused_with_the_reason(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", "early-spect-response", "--registry", str(registry), "--out", str(tmp_path / "out")]) == 1
    assert "nobody reaches" in capsys.readouterr().err
    assert run(["run", "no-such-study", "--registry", str(registry), "--out", str(tmp_path / "out")]) == 2
    assert "early-spect-response" in capsys.readouterr().err


def test_a_second_registry_in_the_same_folder_is_refused(registry: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", str(registry)]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert run(["init", str(tmp_path / "file" / "registry")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1


def test_a_registry_of_the_version_before_is_named_and_upgraded_with_its_rows(
    registry: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labs = tmp_path / "labs.csv"
    labs.write_text(LABS.format("9.1"), encoding="utf-8")
    add(registry, labs, capsys)
    with duckdb.connect(registry / "registry.duckdb") as connection:  # as version 0.1 made it
        connection.execute("UPDATE schema_version SET version = 1")
        connection.execute("DROP TABLE tracking_checks")
        connection.execute("ALTER TABLE lesion_links DROP COLUMN reference_suv_mean")
        connection.execute("ALTER TABLE lesion_links ADD COLUMN liver_suv_mean DOUBLE")
    assert run(["check", "--registry", str(registry)]) == 2
    assert "run `lutrace upgrade`" in capsys.readouterr().err
    assert run(["upgrade", "--registry", str(registry)]) == 0
    assert "tracking_checks: created" in capsys.readouterr().out
    assert add(registry, labs, capsys)[1] == {"added": 0, "updated": 0, "unchanged": 2, "quarantined": 0}
    assert run(["upgrade", "--registry", str(registry)]) == 0
    assert "of this version already" in capsys.readouterr().out
