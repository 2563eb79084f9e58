"""From two PSMA-PET of two men to RECIP and PPP, by `measure` and `response`; the categories were found by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.dicom.build import drug, pet_slices, write

from lutrace.cli.app import run
from lutrace.core import Row
from lutrace.imaging import write_nifti
from lutrace.ingest.pixels import load_geometry
from lutrace.registry import Registry
from lutrace.tables import FINDING_UPTAKES, LESION_LINKS, QUANTIFICATIONS, READER_FINDINGS, SCANS

SHAPE = (16, 24, 24)
DAYS = ("20230517", "20230809")
HOT = 9000
"""Stored x 2.5 Bq/mL x 75000 g / (370 MBq x 2^(-3600 s / 6586.2 s)): SUV 6.66; the liver is painted 1.70."""

LIVER, KIDNEY = np.s_[2:10, 2:10, 2:12], np.s_[10:14, 2:7, 2:7]
STAYS, OTHER, NEW = np.s_[3:7, 14:18, 14:18], np.s_[10:14, 14:18, 14:17], np.s_[2:5, 14:18, 4:8]
GROWN, SHRUNK = np.s_[3:7, 14:19, 14:19], np.s_[3:6, 14:17, 14:17]
"""Voxels: 64 that become 100 in one man and 27 in the other, 48 that stay, 48 that are new in the first."""

SPOTS = {"SYN-1": ((STAYS, OTHER), (GROWN, OTHER, NEW)), "SYN-2": ((STAYS, OTHER), (SHRUNK, OTHER))}
LABS = "patient_id,date,analyte,value,unit\n" + "".join(
    f"{name},{day},psa,{value},ng/mL\n"
    for name, later in (("SYN-1", 20), ("SYN-2", 4))
    for day, value in (("2023-05-10", 10), ("2023-08-07", later))
)


def painted(spots: tuple[Any, ...]) -> NDArray[np.int16]:
    stored = np.full(SHAPE, 300, np.int16)
    stored[LIVER] = 2300
    stored[KIDNEY] = 20000
    for spot in spots:
        stored[spot] = HOT
    return stored


def write_sources(folder: Path) -> None:
    for man, scans in SPOTS.items():
        for day, spots in zip(DAYS, scans, strict=True):
            given = drug(RadiopharmaceuticalStartDateTime=f"{day}100000", Radiopharmaceutical="18F-DCFPyL")
            attributes = {"SeriesDate": day, "AcquisitionDate": day, "StudyInstanceUID": f"1.2.{man[-1]}.{day}"}
            frame = {"PatientID": man, "FrameOfReferenceUID": f"1.2.{man[-1]}"}
            slices = pet_slices(
                SHAPE[0], stored=painted(spots), spacing_z_mm=4.0, drug_item=given, **attributes, **frame
            )
            write(folder / "dicom" / f"{man}-{day}", slices)
    tables = folder / "tables"
    tables.mkdir()
    (tables / "patients.csv").write_text("patient_id,sex,synthetic\nSYN-1,male,yes\nSYN-2,male,yes\n", encoding="utf-8")
    (tables / "labs.csv").write_text(LABS, encoding="utf-8")
    (tables / "cycles.csv").write_text(
        "patient_id,cycle,administered_date,agent,administered_mbq\n"
        + "".join(f"{man},1,2023-06-01,lu177_psma_617,7400\n" for man in SPOTS),
        encoding="utf-8",
    )
    (tables / "reader_findings.csv").write_text(
        "patient_id,date,kind,x_mm,y_mm,z_mm,long_axis_mm\n"
        "SYN-1,2023-08-09,ct_only_lesion,0,40,40,6\nSYN-1,2023-08-10,ct_only_lesion,900,40,40,6\n",
        encoding="utf-8",
    )


def add_masks(registry: Path, folder: Path) -> None:
    with Registry.open(registry, write=False) as opened:
        grids = {scan["scan_id"]: load_geometry(opened.images, scan) for scan in opened.rows(SCANS)}
    for scan_id, geometry in grids.items():
        for region, place in (("liver", LIVER), ("kidney_left", KIDNEY)):
            array = np.zeros(SHAPE, np.bool_)
            array[place] = True
            write_nifti(folder / "masks" / f"{scan_id}_{region}.nii.gz", array, geometry)
    lines = "\n".join(f"  {scan_id}_*: {scan_id}" for scan_id in sorted(grids))
    profile = registry / "site.yaml"
    text = profile.read_text(encoding="utf-8").replace("mask_files: {}", f"mask_files:\n{lines}")
    profile.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("two_pets")
    write_sources(base)
    folder = base / "registry"
    assert run(["init", str(folder)]) == 0
    assert run(["add", "dicom", str(base / "dicom"), "--registry", str(folder), "--jobs", "1"]) == 0
    assert run(["add", "table", str(base / "tables"), "--registry", str(folder)]) == 0
    add_masks(folder, base)
    assert run(["add", "masks", str(base / "masks"), "--registry", str(folder), "--jobs", "1"]) == 0
    assert run(["measure", "--registry", str(folder), "--jobs", "1"]) == 0
    return folder


def judged(registry: Path, rule: str, capsys: pytest.CaptureFixture[str]) -> dict[float, Row]:
    """The rows by their change of volume, rounded: no name of ours stands in an output."""
    capsys.readouterr()
    assert run(["response", "--registry", str(registry), "--rule", rule, "--json"]) == 0
    return {round(row["change_pct"], 1): row for row in json.loads(capsys.readouterr().out)["responses"]}


def test_a_larger_volume_with_a_new_lesion_progresses_and_a_smaller_one_responds_by_recip(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = judged(registry, "recip-1.0", capsys)
    # 64 + 48 voxels become 100 + 48 + 48, and 27 + 48
    assert {change: row["category"] for change, row in found.items()} == {75.0: "PD", -33.0: "PR"}
    assert {row["modality"] for row in found.values()} == {"PET"}
    assert not any("applied to SPECT" in row["rule"] for row in found.values())


def test_growth_with_a_rise_of_psa_is_progression_by_ppp_and_a_fall_is_none(
    registry: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = judged(registry, "ppp-2020", capsys)
    assert {change: row["category"] for change, row in found.items()} == {75.0: "met", -33.0: "not_met"}


def test_the_links_of_two_pets_compare_each_lesion_with_itself(registry: Path) -> None:
    with Registry.open(registry, write=False) as opened:
        links = opened.rows(LESION_LINKS)
    changes = sorted(row["volume_change_pct"] for row in links if row["status"] == "matched")
    assert changes == pytest.approx([-57.8125, 0.0, 0.0, 56.25])  # 64 to 27 and to 100 voxels
    assert {row["compared"] for row in links if row["status"] == "matched"} == {"lesion"}
    (new,) = [row for row in links if row["status"] == "new"]
    assert (new["new_class"], new["reference_region"], new["compared"]) == ("psma_avid", "liver", None)


def test_a_finding_outside_the_scan_is_named_and_the_other_is_measured(registry: Path) -> None:
    with Registry.open(registry, write=False) as opened:
        findings = {row["x_mm"]: row["row_id"] for row in opened.rows(READER_FINDINGS)}
        (uptake,) = opened.rows(FINDING_UPTAKES)
        told = [json.loads(row["warnings"]) for row in opened.rows(QUANTIFICATIONS)]
    assert uptake["finding_row_id"] == findings[0.0]
    (warning,) = [text for texts in told for text in texts if "finding" in text]
    assert warning.startswith(f"finding {findings[900.0]}: uptake at a place: the place lies outside the image")
    assert "x 900, y 40, z 40 mm" in warning
