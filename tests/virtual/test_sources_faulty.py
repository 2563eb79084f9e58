"""Sources that are cut off, lack a patient, or contradict each other: the good rows are in, the rest is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.virtual.source_registry import Written

from lutrace.cli.app import run
from lutrace.ingest import run_init
from lutrace.registry import Registry
from lutrace.tables import FOLLOW_UP, LABS, PATIENTS, QUARANTINE


@pytest.fixture
def asked(tmp_path: Path, written: Written, capsys: pytest.CaptureFixture[str]) -> Any:
    """Ask a command about a registry of this test, and give its status and answer."""
    registry = tmp_path / "registry"
    run_init(registry, profile_text=(written.folder / "site.yaml").read_text(encoding="utf-8"))

    def ask(command: str, *arguments: str | Path) -> tuple[int, Any]:
        capsys.readouterr()
        status = run([command, *map(str, arguments), "--registry", str(registry), "--json"])
        return status, json.loads(capsys.readouterr().out)

    ask.registry = registry  # type: ignore[attr-defined]
    return ask


def labs_of(registry: Path) -> int:
    with Registry.open(registry, write=False) as opened:
        return len(opened.rows(LABS))


def test_half_of_a_laboratory_table_is_read_and_the_whole_one_repairs_it(
    asked: Any, written: Written, tmp_path: Path
) -> None:
    whole = (written.folder / "tables" / "Labor.csv").read_bytes()
    file, mapping = tmp_path / "Labor.csv", written.folder / "tables" / "labor.yaml"
    lines = whole.split(b"\r\n")
    half = len(lines) // 2
    file.write_bytes(b"\r\n".join([*lines[:half], lines[half][:14]]))
    status, told = asked("add", "table", file, "--mapping", mapping)
    assert (status, told["rows"]["added"], told["rows"]["quarantined"]) == (1, half - 1, 1)
    file.write_bytes(whole)
    status, told = asked("add", "table", file, "--mapping", mapping)
    assert (status, told["rows"]["quarantined"]) == (0, 0)
    assert labs_of(asked.registry) == len(lines) - 2 == sum(len(one.patient.labs) for one in written.charts)
    with Registry.open(asked.registry, write=False) as opened:
        assert opened.rows(QUARANTINE) == []


def test_a_bundle_that_ends_in_the_middle_is_named_and_the_others_are_in(
    asked: Any, written: Written, tmp_path: Path
) -> None:
    folder = tmp_path / "fhir"
    shutil.copytree(written.folder / "fhir", folder)
    broken = folder / "SYN-0002.json"
    for name in ("SYN-0001", "SYN-0004"):
        (folder / f"{name}.json").unlink()
    whole = broken.read_text(encoding="utf-8")
    broken.write_text(whole[: len(whole) // 2], encoding="utf-8")
    status, told = asked("add", "fhir", folder)
    assert (status, told["rows"]["quarantined"]) == (1, 1)
    with Registry.open(asked.registry, write=False) as opened:
        assert len(opened.rows(PATIENTS)) == 1
    broken.write_text(whole, encoding="utf-8")
    assert asked("add", "fhir", folder)[0] == 0
    assert labs_of(asked.registry) == sum(len(one.patient.labs) for one in written.charts[1:3])


def test_a_patient_that_one_source_lacks_is_told_by_the_other(asked: Any, written: Written, tmp_path: Path) -> None:
    lines = (written.folder / "tables" / "Patienten.csv").read_bytes().split(b"\r\n")
    file = tmp_path / "Patienten.csv"
    file.write_bytes(
        b"\r\n".join(line for line in lines if not line.startswith((b"SYN-0001", b"SYN-0002", b"SYN-0003")))
    )
    for name in ("SYN-0003", "SYN-0004"):
        assert asked("add", "fhir", written.folder / "fhir" / f"{name}.json")[0] == 0
    assert asked("add", "table", file, "--mapping", written.folder / "tables" / "patienten.yaml")[0] == 0
    with Registry.open(asked.registry, write=True) as opened:
        lacking = opened.pseudonym("patient", "SYN-0003")
        counted = opened.rows(PATIENTS, corrected=True)
        merged = {row["patient_id"] for row in opened.merges()}
    assert len(counted) == 2
    assert {row["patient_id"] for row in counted} - merged == {lacking}


def test_contradicting_deaths_both_stay_until_the_profile_says_whom_to_believe(
    asked: Any, written: Written, tmp_path: Path
) -> None:
    dead = next(one for one in written.charts if one.death is not None and one.death.precision == "day")
    day = dead.patient.last_date
    text = (written.folder / "tables" / "Patienten.csv").read_bytes()
    assert text.count(f"{day:%d.%m.%Y}".encode()) == 1
    file = tmp_path / "Patienten.csv"
    other = day.replace(day=day.day - 9 if day.day > 15 else day.day + 9)
    file.write_bytes(text.replace(f"{day:%d.%m.%Y}".encode(), f"{other:%d.%m.%Y}".encode()))
    assert asked("add", "fhir", written.folder / "fhir" / f"{dead.patient.identifier}.json")[0] == 0
    assert asked("add", "table", file, "--mapping", written.folder / "tables" / "patienten.yaml")[0] == 0

    def deaths() -> set[Any]:
        with Registry.open(asked.registry, write=True) as opened:
            patient = opened.pseudonym("patient", dead.patient.identifier)
            return {row["date"] for row in opened.rows(FOLLOW_UP, corrected=True, patient_id=patient)}

    assert deaths() == {day, other}
    status, told = asked("check")
    assert status == 1
    assert dead.patient.identifier not in json.dumps(told)
    told_of_it = {one["check"] for one in told["findings"] if one["table"] == "follow_up"}
    assert told_of_it == {"contradicting_deaths", "contradicting_sources"}
    profile = asked.registry / "site.yaml"
    profile.write_text(
        profile.read_text(encoding="utf-8") + "precedence: {follow_up: [fhir, table]}\n", encoding="utf-8"
    )
    assert deaths() == {day}
