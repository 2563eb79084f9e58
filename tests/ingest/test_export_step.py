import json
import re
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from tests.ingest.small_centre import CYCLES, fill, write_scan, write_sources

from lutrace.core import UnusableInputError, read_rows
from lutrace.dicom import index_folder, read_masks, read_series
from lutrace.ingest import run_add_table, run_export_csv, run_export_seg, run_init, run_measure
from lutrace.registry import Registry
from lutrace.tables import LESIONS, SCANS, TUMOUR_BURDENS

OBJECTS = {f"lesions_{kind}.dcm" for kind in ("seg", "rtstruct", "rwvm", "sr")}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("centre")
    write_sources(base)
    run_init(base / "registry")
    fill(base / "registry", base)
    run_measure(base / "registry", jobs=1)
    return base


@pytest.fixture(scope="module")
def exported(measured: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported")
    result = run_export_seg(measured / "registry", out, dicom=measured / "dicom")
    assert result.warnings == ()
    return out


def rows(folder: Path, table: object) -> list[dict[str, object]]:
    with Registry.open(folder / "registry", write=False) as registry:
        return registry.rows(table)  # type: ignore[arg-type]


def test_each_scan_has_its_objects_under_the_series_they_belong_to(measured: Path, exported: Path) -> None:
    series = index_folder([measured / "dicom"]).series
    assert {path.name for path in exported.iterdir()} == {one.series_uid for one in series}
    for one in series:
        folder = exported / one.series_uid / "suv3"
        assert {path.name for path in folder.glob("*.dcm")} == OBJECTS
        image = pydicom.dcmread(one.paths[0])
        for path in folder.glob("*.dcm"):
            dataset = pydicom.dcmread(path)
            assert (dataset.PatientID, dataset.StudyInstanceUID) == (image.PatientID, image.StudyInstanceUID)


def test_the_masks_are_the_lesions_that_were_measured(measured: Path, exported: Path) -> None:
    volumes = sorted(float(row["volume_ml"]) for row in rows(measured, LESIONS))  # type: ignore[arg-type]
    found = []
    for one in index_folder([measured / "dicom"]).series:
        geometry = read_series(one).volume.geometry
        seg, rtstruct = (
            read_masks(exported / one.series_uid / "suv3" / f"lesions_{kind}.dcm", geometry)
            for kind in ("seg", "rtstruct")
        )
        assert all((a.array == b.array).all() for a, b in zip(seg, rtstruct, strict=True))
        found += [float(mask.array.sum()) * geometry.voxel_volume_ml for mask in seg]
    assert sorted(found) == pytest.approx(volumes)


def test_a_lesion_that_stays_has_one_tracking_uid_in_both_scans(measured: Path, exported: Path) -> None:
    tracks = [row["track_id"] for row in rows(measured, LESIONS)]
    stays = {track for track in tracks if tracks.count(track) == 2}
    assert stays
    by_scan = [
        {item.TrackingID: item.TrackingUID for item in pydicom.dcmread(path).SegmentSequence}
        for path in sorted(exported.rglob("lesions_seg.dcm"))
    ]
    assert set(by_scan[0]) & set(by_scan[1]) == stays
    assert all(by_scan[0][track] == by_scan[1][track] for track in stays)


def test_no_pseudonym_of_patient_or_scan_leaves_with_the_originals_identity(exported: Path) -> None:
    pseudonym = re.compile(rb"\b[PSEFM]-[0-9A-Z]{8,}")
    for path in exported.rglob("*"):
        assert not pseudonym.search(path.name.encode())
        if path.suffix == ".dcm":
            assert not pseudonym.search(path.read_bytes())


def test_exporting_changes_nothing_in_the_registry(measured: Path, tmp_path: Path) -> None:
    base = Path(shutil.copytree(measured, tmp_path / "centre"))
    before = {path: path.stat().st_size for path in (base / "registry").rglob("*.img")}
    counts = [len(rows(base, table)) for table in (SCANS, LESIONS, TUMOUR_BURDENS)]
    write_scan(base / "dicom" / "unknown", 0)
    run_export_seg(base / "registry", tmp_path / "out", dicom=base / "dicom")
    assert {path: path.stat().st_size for path in (base / "registry").rglob("*.img")} == before
    assert [len(rows(base, table)) for table in (SCANS, LESIONS, TUMOUR_BURDENS)] == counts
    assert not run_measure(base / "registry", jobs=1).measured


def test_a_scan_whose_series_is_elsewhere_is_left_out_and_said(measured: Path, tmp_path: Path) -> None:
    result = run_export_seg(measured / "registry", tmp_path / "out", dicom=measured / "dicom" / "scan0")
    assert len([path for path in result.written if path.name == "lesions_seg.dcm"]) == 1
    (warning,) = result.warnings
    assert warning.endswith("its series is not below the folder, left out")


def test_a_scan_whose_facts_have_changed_since_is_left_out_and_said(measured: Path, tmp_path: Path) -> None:
    base = Path(shutil.copytree(measured, tmp_path / "centre"))
    (base / "tables" / "cycles.csv").write_text(CYCLES.format(weight="80"), encoding="utf-8")
    run_add_table(base / "registry", [base / "tables" / "cycles.csv"])
    result = run_export_seg(base / "registry", tmp_path / "out", dicom=base / "dicom")
    assert any("run lutrace measure, then again" in warning for warning in result.warnings)


def test_without_the_originals_or_for_a_plan_never_measured_it_is_refused(measured: Path, tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="name the folder of the original series: --dicom FOLDER"):
        run_export_seg(measured / "registry", tmp_path / "out", dicom=None)
    with pytest.raises(UnusableInputError, match="nothing was measured under plan suv4"):
        run_export_seg(measured / "registry", tmp_path / "out", dicom=measured / "dicom", plans=["suv4"])


def test_the_tables_hold_every_measured_row_by_pseudonym(measured: Path, tmp_path: Path) -> None:
    result = run_export_csv(measured / "registry", tmp_path / "csv")
    assert {path.name for path in result.written} >= {"scans.csv", "lesions.csv", "tumour_burdens.csv"}
    written = read_rows(tmp_path / "csv" / "lesions.csv")
    stored = rows(measured, LESIONS)
    assert [row["track_id"] for row in written] == [row["track_id"] for row in stored]
    assert [float(row["suv_max"]) for row in written] == pytest.approx([row["suv_max"] for row in stored])
    text = b"".join(path.read_bytes() for path in result.written)
    assert b"SYN-1" not in text
    assert np.all([re.match(r"P-[0-9A-Z]{8}$", str(row["patient_id"])) for row in written])


def test_the_header_of_a_scan_is_short_and_explains_its_suv(measured: Path, tmp_path: Path) -> None:
    run_export_csv(measured / "registry", tmp_path / "csv")
    for row in read_rows(tmp_path / "csv" / "scans.csv"):
        facts = json.loads(str(row["header_facts"]))
        assert {"injected_bq", "half_life_s", "weight_kg", "decay_correction", "units"} <= set(facts)
        assert facts["frames"]["n"] == int(row["slices"])
        assert facts["frames"]["first_acquisition_start"] == str(row["acquisition_datetime"]).replace(" ", "T")
        assert len(str(row["header_facts"])) < 2000
