"""The data-quality queries: each finds its fault, and a clean registry has none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tests.registry.rows import PATIENT, SCAN, batch, cycle, lab, make_registry

from lutrace.core import Row
from lutrace.registry import Registry
from lutrace.tables import MEASURE_VERSION


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(make_registry(tmp_path / "registry"), write=True) as registry:
        registry.add(batch("patients", [{"patient_id": PATIENT, "synthetic": True}], name="patients"))
        yield registry


def scan(**more: object) -> Row:
    row: Row = {
        "scan_id": SCAN,
        "patient_id": PATIENT,
        "study_key": "E-1",
        "modality": "NM",
        "purpose": "rlt_spect",
        "cycle": 1,
        "date": "2024-01-09",
        "units": "Bq/mL",
        "slices": 2,
        "rows": 2,
        "columns": 2,
        "spacing_x_mm": 4.8,
        "spacing_y_mm": 4.8,
        "spacing_z_mm": 4.8,
        "status": "usable",
        "notes": [],
        "pixel_digest": "a" * 64,
    }
    return {**row, **more}


def quantified(version: int, scan_id: str = SCAN) -> Row:
    """A scan that was measured by a version of measuring."""
    held = {"steps": [], "checks": [], "warnings": [], "inputs_digest": "b" * 64, "measure_version": version}
    return {"scan_id": scan_id, "patient_id": PATIENT, "status": "refused", "reason": "no activity", **held}


def status(kind: str, date: str, basis: str = "record") -> Row:
    return {"patient_id": PATIENT, "status": kind, "date": date, "date_precision": "day", "basis": basis}


def contact(date: str) -> Row:
    return {"patient_id": PATIENT, "date": date, "kind": "visit", "record_key": "c"}


CASES: list[tuple[str, dict[str, list[Row]]]] = [
    ("cycle_without_activity", {"cycles": [cycle(1, "2024-01-08", administered_mbq=None)], "scans": [scan()]}),
    ("cycle_without_weight", {"cycles": [cycle(1, "2024-01-08", weight_kg=None)], "scans": [scan()]}),
    ("cycles_out_of_order", {"cycles": [cycle(1, "2024-02-08"), cycle(2, "2024-01-08")]}),
    ("cycle_number_missing", {"cycles": [cycle(1, "2024-01-08"), cycle(3, "2024-03-08")]}),
    ("same_day_cycles", {"cycles": [cycle(1, "2024-01-08"), cycle(2, "2024-01-08")]}),
    ("scan_without_cycle", {"scans": [scan(cycle=None)]}),
    ("scan_without_record", {"scans": [scan(patient_id="P-UNKNOWN1")]}),
    ("scan_refused", {"scans": [scan(status="refused", reason="slices are missing")]}),
    ("contradicting_deaths", {"follow_up": [status("dead", "2024-05-01"), status("dead", "2024-05-09", "letter")]}),
    ("alive_after_death", {"follow_up": [status("dead", "2024-05-01"), status("alive", "2024-06-01")]}),
    ("contact_after_death", {"follow_up": [status("dead", "2024-05-01")], "contacts": [contact("2024-05-02")]}),
    (
        "lab_after_death",
        {"follow_up": [status("dead", "2024-05-01")], "labs": [lab(1, date=dt.date(2024, 5, 2))]},
    ),
    ("cycle_after_death", {"follow_up": [status("dead", "2024-01-01")], "cycles": [cycle(1, "2024-01-08")]}),
    ("two_values_of_one_draw", {"labs": [lab(1, 3.0), lab(1, 4.0, record_key="r2", source_locator="row 9")]}),
    ("measured_by_an_older_version", {"scans": [scan()], "quantifications": [quantified(MEASURE_VERSION - 1)]}),
    ("rows_in_quarantine", {"labs": [lab(1, unit=None)]}),
]


@pytest.mark.parametrize(("check", "tables"), CASES, ids=[check for check, _ in CASES])
def test_a_query_finds_its_fault_and_says_what_to_do(
    registry: Registry, check: str, tables: dict[str, list[Row]]
) -> None:
    for name, rows in tables.items():
        registry.add(batch(name, rows, name=name))
    found = [one for one in registry.check() if one.check == check]
    assert len(found) == (2 if check == "same_day_cycles" else 1)
    assert found[0].remedy
    assert found[0].row_id.split(":")[0] in {*tables, "quarantine"}


def test_a_sound_course_has_no_finding(registry: Registry) -> None:
    registry.add(batch("cycles", [cycle(1, "2024-01-08"), cycle(2, "2024-02-19")], name="cycles"))
    registry.add(batch("scans", [scan()], name="scans"))
    registry.add(batch("labs", [lab(1), lab(2)], name="labs"))
    registry.add(batch("contacts", [contact("2024-05-01")], name="contacts"))
    registry.add(batch("follow_up", [status("dead", "2024-05-01")], name="follow_up"))
    assert registry.check() == []


def test_scans_measured_before_an_upgrade_are_counted_by_version(tmp_path: Path) -> None:
    folder = make_registry(tmp_path / "old")
    with Registry.open(folder, write=True) as registry:
        registry.add(batch("quantifications", [quantified(MEASURE_VERSION, f"S-{n}" + "0" * 12) for n in (1, 2)]))
        assert [one for one in registry.check() if one.check == "measured_by_an_older_version"] == []
    with duckdb.connect(str(folder / "registry.duckdb")) as connection:
        connection.execute("ALTER TABLE quantifications DROP COLUMN measure_version")
        connection.execute("UPDATE schema_version SET version = 2")
    Registry.upgrade(folder)
    with Registry.open(folder, write=False) as registry:
        (found,) = [one for one in registry.check() if one.check == "measured_by_an_older_version"]
    assert found.found == f"2 scans were measured by version 4 or earlier of measuring, this is {MEASURE_VERSION}"
    assert "lutrace measure" in found.remedy
