"""The way from files to a measured registry: placed, measured, repeated, corrected, killed, and free of identifiers."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.ingest.small_centre import CYCLES, fill, write_scan, write_sources, write_tables

from lutrace.core import Row, UnusableInputError
from lutrace.ingest import run_add_dicom, run_add_masks, run_add_table, run_check, run_init, run_measure
from lutrace.registry import Registry
from lutrace.tables import (
    FACT_TABLES,
    LESION_LINKS,
    LESIONS,
    MASKS,
    ORGANS,
    PICTURES,
    QUANTIFICATIONS,
    QUARANTINE,
    SCANS,
    TUMOUR_BURDENS,
)

ROOT = Path(__file__).parents[2]
SCRIPT = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); import runpy; "
    "runpy.run_module('tests.ingest.small_centre', run_name='__main__')"
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("centre")
    write_sources(base)
    run_init(base / "registry")
    fill(base / "registry", base)
    return base


@pytest.fixture(scope="module")
def measured(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = Path(shutil.copytree(filled, tmp_path_factory.mktemp("measured") / "centre"))
    run_measure(base / "registry", jobs=1)
    return base


@pytest.fixture
def centre(measured: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(measured, tmp_path / "centre"))


def everything(folder: Path) -> dict[str, list[Row]]:
    with Registry.open(folder, write=False) as registry:
        return {name: registry.rows(table) for name, table in FACT_TABLES.items()}


def digest(folder: Path) -> str:
    with Registry.open(folder, write=False) as registry:
        return registry.freeze().digest


def test_scans_find_their_cycle_whichever_came_first(filled: Path, tmp_path: Path) -> None:
    run_init(tmp_path / "registry")
    run_add_table(tmp_path / "registry", [filled / "tables"])
    run_add_dicom(tmp_path / "registry", [filled / "dicom"], jobs=1)
    for folder in (filled / "registry", tmp_path / "registry"):
        scans = sorted(everything(folder)["scans"], key=lambda row: row["date"])
        assert [(row["cycle"], row["purpose"], row["date"]) for row in scans] == [
            (1, "rlt_spect", dt.date(2023, 5, 18)),
            (2, "rlt_spect", dt.date(2023, 6, 29)),
        ]


def test_adding_everything_again_changes_nothing(centre: Path) -> None:
    before = digest(centre / "registry")
    again = run_add_dicom(centre / "registry", [centre / "dicom"], jobs=1)
    tables = run_add_table(centre / "registry", [centre / "tables"])
    masks = run_add_masks(centre / "registry", [centre / "masks"], jobs=1)
    assert [(one.added, one.updated, one.quarantined) for one in (again, tables, masks)] == [(0, 0, 0)] * 3
    assert (again.unchanged, tables.unchanged, masks.unchanged) == (2, 3, 2)
    assert digest(centre / "registry") == before


def test_a_dry_run_counts_and_stores_nothing(centre: Path, tmp_path: Path) -> None:
    run_init(tmp_path / "registry")
    result = run_add_dicom(tmp_path / "registry", [centre / "dicom"], dry_run=True, jobs=1)
    assert (result.added, result.quarantined) == (2, 0)
    assert all(rows == [] for rows in everything(tmp_path / "registry").values())
    assert [path for path in (tmp_path / "registry" / "images").rglob("*") if path.is_file()] == []


def test_each_scan_has_suv_organs_lesions_a_picture_and_links(measured: Path) -> None:
    with Registry.open(measured / "registry", write=False) as registry:
        quantified = registry.rows(QUANTIFICATIONS)
        assert [row["status"] for row in quantified] == ["ok", "ok"]
        assert [row["factor_suvbw"] for row in quantified] == pytest.approx([75e3 / 7.4e9] * 2, rel=1e-12)
        assert [row["hours_after_injection"] for row in quantified] == pytest.approx([24.0, 24.0])
        organs = registry.rows(ORGANS)
        assert [(row["region"], row["voxels"]) for row in organs] == [("kidney_left", 125)] * 2
        assert organs[0]["suv_mean"] == pytest.approx(12000 * 100 * 75e3 / 7.4e9, rel=1e-6)
        by_scan = {row["scan_id"]: row for row in registry.rows(TUMOUR_BURDENS)}
        scans = sorted(registry.rows(SCANS), key=lambda row: row["date"])
        voxel_ml = scans[0]["spacing_x_mm"] * scans[0]["spacing_y_mm"] * scans[0]["spacing_z_mm"] / 1000
        totals = [by_scan[scan["scan_id"]]["tumour_auto_ml"] for scan in scans]
        assert totals == pytest.approx([64 * voxel_ml, (64 + 48) * voxel_ml], rel=1e-6)
        links = registry.rows(LESION_LINKS)
        assert sorted(row["status"] for row in links) == ["matched", "new"]
        assert {row["baseline_scan_id"] for row in links} == {scans[0]["scan_id"]}
        lesions = registry.rows(LESIONS)
        assert len({row["track_id"] for row in lesions}) == 2
        for picture in registry.rows(PICTURES):
            assert registry.images.get_png(picture["picture_id"]).startswith(b"\x89PNG")


def test_what_is_measured_is_not_measured_again(centre: Path) -> None:
    result = run_measure(centre / "registry", jobs=1)
    assert (result.measured, result.refused, result.up_to_date) == (0, 0, 2)


def test_another_plan_is_measured_beside_the_first(centre: Path) -> None:
    assert run_measure(centre / "registry", ["suv4"], jobs=1).measured == 2
    rows = everything(centre / "registry")["tumour_burdens"]
    assert sorted(row["plan"] for row in rows) == ["suv3", "suv3", "suv4", "suv4"]


def test_a_plan_that_needs_a_liver_is_told_and_not_tried_again(centre: Path) -> None:
    run_measure(centre / "registry", ["liver"], jobs=1)
    assert run_measure(centre / "registry", ["liver"], jobs=1).up_to_date == 2
    warned = [one for one in run_check(centre / "registry") if one["check"] == "quantification_warned"]
    assert len(warned) == 2
    assert "plan liver refused" in warned[0]["found"]


def test_a_corrected_weight_measures_the_scan_anew(centre: Path) -> None:
    with Registry.open(centre / "registry", write=True) as registry:
        row = registry.rows(FACT_TABLES["cycles"], cycle=1)[0]
        registry.override(
            {
                "patient_id": row["patient_id"],
                "table": "cycles",
                "target_row_id": row["row_id"],
                "column": "weight_kg",
                "old_value": "75.0",
                "new_value": "78.0",
                "reason": "synthetic",
                "made_by": "U-TEST",
                "made_at": dt.datetime(2024, 1, 1),
            }
        )
    profile = centre / "registry" / "site.yaml"
    stated = profile.read_text(encoding="utf-8").replace("  # weight_from: record", "  weight_from: record")
    profile.write_text(stated, encoding="utf-8")
    assert run_measure(centre / "registry", jobs=1).measured == 2
    with Registry.open(centre / "registry", write=False) as registry:
        weights = sorted(row["weight_kg"] for row in registry.rows(QUANTIFICATIONS))
    assert weights == [75.0, 78.0]


def test_a_scan_whose_header_and_record_contradict_is_refused_and_stops_no_other(tmp_path: Path) -> None:
    write_sources(tmp_path, weight="120")
    run_init(tmp_path / "registry")
    run_add_dicom(tmp_path / "registry", [tmp_path / "dicom"], jobs=1)
    run_add_table(tmp_path / "registry", [tmp_path / "tables"])
    result = run_measure(tmp_path / "registry", jobs=1)
    assert (result.measured, result.refused) == (1, 1)
    refused = [one for one in run_check(tmp_path / "registry") if one["check"] == "quantification_refused"]
    assert "weight: header 75 kg" in refused[0]["found"]
    write_tables(tmp_path, weight="75")
    run_add_table(tmp_path / "registry", [tmp_path / "tables"])
    assert run_measure(tmp_path / "registry", jobs=1).measured == 2


def test_a_damaged_series_is_quarantined_and_hides_no_other_and_leaves_when_mended(tmp_path: Path) -> None:
    run_init(tmp_path / "registry")
    write_scan(tmp_path / "dicom" / "scan0", 0)
    write_scan(tmp_path / "dicom" / "scan1", 1)
    lost = sorted((tmp_path / "dicom" / "scan1").iterdir())[7]
    kept = lost.read_bytes()
    lost.unlink()
    result = run_add_dicom(tmp_path / "registry", [tmp_path / "dicom"], jobs=1)
    assert (result.added, result.quarantined) == (1, 1)
    lost.write_bytes(kept)
    result = run_add_dicom(tmp_path / "registry", [tmp_path / "dicom"], jobs=1)
    assert (result.added, result.unchanged, result.quarantined) == (1, 1, 0)
    with Registry.open(tmp_path / "registry", write=False) as registry:
        assert registry.rows(QUARANTINE) == []


def test_a_mask_with_an_unknown_name_or_scan_waits_in_quarantine(centre: Path) -> None:
    mask = next((centre / "masks").iterdir())
    (centre / "more").mkdir()
    shutil.copy(mask, centre / "more" / "Erika_Mustermann_liver.nii.gz")
    shutil.copy(mask, centre / "more" / mask.name.replace("kidney_left", "heart"))
    result = run_add_masks(centre / "registry", [centre / "more"], jobs=1)
    assert (result.added, result.quarantined) == (0, 2)
    with Registry.open(centre / "registry", write=False) as registry:
        rules = " ".join(row["rule"] + row["row"] for row in registry.rows(QUARANTINE))
        assert len(registry.rows(MASKS)) == 2
    assert "no pattern of mask_files" in rules
    assert "Mustermann" not in rules


def test_two_workers_give_the_same_registry_as_one(filled: Path, measured: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(filled, tmp_path / "centre"))
    run_add_dicom(copy / "registry", [copy / "dicom"], jobs=2)
    run_measure(copy / "registry", jobs=2)
    assert digest(copy / "registry") == digest(measured / "registry")


def test_no_identifier_stands_outside_the_identities_file(measured: Path) -> None:
    folder = measured / "registry"
    digest(folder)
    holding = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        for word in (b"SYN-1", b"Synthetic^Phantom", b"1.2.826.0.1.3680043", str(measured).encode())
        if word in path.read_bytes()
    }
    assert holding == {"identities.duckdb"}


def test_what_is_no_dicom_and_no_table_is_refused(tmp_path: Path) -> None:
    run_init(tmp_path / "registry")
    (tmp_path / "notes.txt").write_text("nothing", encoding="utf-8")
    (tmp_path / "cyclez.csv").write_text(CYCLES, encoding="utf-8")
    with pytest.raises(UnusableInputError, match=r"notes\.txt: no DICOM in 1 files"):
        run_add_dicom(tmp_path / "registry", [tmp_path / "notes.txt"])
    with pytest.raises(UnusableInputError, match=r"no fact table is called .*did you mean cycles"):
        run_add_table(tmp_path / "registry", [tmp_path / "cyclez.csv"])
    with pytest.raises(UnusableInputError, match="no SEG, RTSTRUCT or NIfTI"):
        run_add_masks(tmp_path / "registry", [tmp_path / "notes.txt"])


@pytest.mark.slow
def test_a_killed_and_repeated_measurement_equals_an_undisturbed_one(filled: Path, tmp_path: Path) -> None:
    plans = ["suv3", "suv4", "percent41", "percent50"]
    calm = Path(shutil.copytree(filled, tmp_path / "calm"))
    began = time.monotonic()
    run_measure(calm / "registry", plans, jobs=1)
    whole_s = time.monotonic() - began
    disturbed = Path(shutil.copytree(filled, tmp_path / "disturbed"))
    chance = random.Random(3)
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(ROOT), str(disturbed / "registry")],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 1.2) * whole_s)
        process.kill()
        process.communicate()
    run_measure(disturbed / "registry", plans, jobs=1)
    assert digest(calm / "registry") == digest(disturbed / "registry")
