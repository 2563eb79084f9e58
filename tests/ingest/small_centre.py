"""A synthetic centre of one patient: two small SPECT with hot spots, organ masks and cycles."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.dicom.build import lutetium, spect_as_pet, write

from lutrace.imaging import write_nifti
from lutrace.ingest import run_add_dicom, run_add_masks, run_add_table, run_measure
from lutrace.ingest.pixels import load_geometry
from lutrace.registry import Registry
from lutrace.tables import SCANS

SHAPE = (16, 24, 24)
STARTS = ("20230517090000", "20230628090000")
CYCLES = (
    "patient_id,cycle,administered_date,agent,administered_mbq,injection_datetime,weight_kg\n"
    "SYN-1,1,2023-05-17,lu177_psma_617,7400,2023-05-17T09:00:00,{weight}\n"
    "SYN-1,2,2023-06-28,lu177_psma_617,7400,2023-06-28T09:00:00,75\n"
)
PATIENTS = "patient_id,sex,synthetic\nSYN-1,male,yes\n"


def spots(number: int) -> NDArray[np.int16]:
    """Stored voxels: background, a kidney, one lesion that stays and one that only the second scan has."""
    stored = np.full(SHAPE, 300, np.int16)
    stored[4:9, 4:9, 4:9] = 12000
    stored[10:14, 14:18, 14:18] = 9000
    if number == 1:
        stored[2:5, 14:18, 4:8] = 8000
    return stored


def write_scan(folder: Path, number: int, **attributes: Any) -> Path:
    """One SPECT of the day after a cycle, in Bq/mL corrected to the administration."""
    start = STARTS[number]
    day = f"{start[:6]}{int(start[6:8]) + 1:02d}"
    times = {"SeriesDate": day, "AcquisitionDate": day, "SeriesTime": "090000", "AcquisitionTime": "090000"}
    drug = lutetium(RadiopharmaceuticalStartDateTime=start)
    slices = spect_as_pet(
        SHAPE[0],
        stored=spots(number),
        slopes=[100.0] * SHAPE[0],
        drug_item=drug,
        spacing_z_mm=4.0,
        **times | attributes,
    )
    return write(folder, slices)


def write_sources(folder: Path, *, weight: str = "75") -> Path:
    """Two scans, the cycles and the patient as files below `folder`."""
    for number in (0, 1):
        write_scan(folder / "dicom" / f"scan{number}", number)
    write_tables(folder, weight=weight)
    return folder


def write_tables(folder: Path, *, weight: str = "75") -> None:
    (folder / "tables").mkdir(exist_ok=True)
    (folder / "tables" / "cycles.csv").write_text(CYCLES.format(weight=weight), encoding="utf-8")
    (folder / "tables" / "patients.csv").write_text(PATIENTS, encoding="utf-8")


def add_kidneys(registry_folder: Path, folder: Path) -> None:
    """A kidney mask on each stored scan, as NIfTI files that the site profile places."""
    with Registry.open(registry_folder, write=False) as registry:
        scans = registry.rows(SCANS)
        grids = {scan["scan_id"]: load_geometry(registry.images, scan) for scan in scans}
    kidney = np.zeros(SHAPE, np.bool_)
    kidney[4:9, 4:9, 4:9] = True
    lines = []
    for scan_id, geometry in sorted(grids.items()):
        write_nifti(folder / "masks" / f"{scan_id}_kidney_left.nii.gz", kidney, geometry)
        lines.append(f"  {scan_id}_*: {scan_id}")
    profile = registry_folder / "site.yaml"
    text = profile.read_text(encoding="utf-8").replace("mask_files: {}", "mask_files:\n" + "\n".join(lines))
    profile.write_text(text, encoding="utf-8")
    run_add_masks(registry_folder, [folder / "masks"], jobs=1)


def fill(registry_folder: Path, folder: Path, *, jobs: int = 1) -> None:
    """All steps up to the measurement."""
    run_add_dicom(registry_folder, [folder / "dicom"], jobs=jobs)
    run_add_table(registry_folder, [folder / "tables"])
    add_kidneys(registry_folder, folder)


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    run_measure(Path(sys.argv[1]), ["suv3", "suv4", "percent41", "percent50"], jobs=1)
