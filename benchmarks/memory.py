"""Peak memory of a worker for a whole-body PET (400 x 400 x 650) with its CT (512 x 512 x 650), step by step.

Every step runs in a process of its own; what it and its largest worker had resident at most is told by the system.
The bar is 3 GB for each of them. Exit status 1 when one is above it.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lutrace.core import Source
from lutrace.dicom import PetTiming, SeriesHeader, Tracer, make_uid, write_ct_series, write_pet_series
from lutrace.imaging import Geometry, Volume, write_nifti
from lutrace.ingest import run_add_dicom, run_add_masks, run_init, run_measure
from lutrace.ingest.pixels import load_geometry
from lutrace.registry import Registry
from lutrace.tables import SCANS

BAR_GB = 3.0
SLICES, PET_SIDE, CT_SIDE = 650, 400, 512
PET_MM, CT_MM, STEP_MM = 1.65, 1.37, 1.6
START = dt.datetime(2023, 5, 17, 11)
LESIONS = 60
ORGANS = {"liver": (330, 40, 60), "kidney_left": (300, 25, 40), "kidney_right": (300, 25, 40), "spleen": (340, 25, 30)}


def header(name: str, number: int) -> SeriesHeader:
    return SeriesHeader(
        patient_id="BENCH-1",
        patient_name="Synthetic^Bench",
        birth_date=dt.date(1950, 1, 1),
        sex="M",
        weight_kg=80.0,
        height_m=1.8,
        study_uid=make_uid("bench study"),
        series_uid=make_uid("bench", name),
        series_number=number,
        study_datetime=START,
        series_datetime=START,
        study_description="synthetic",
        series_description=name,
        manufacturer="SYNTHETIC",
        model="BENCH",
        comments="synthetic",
    )


def grid(side: int, spacing_mm: float) -> Geometry:
    half = -spacing_mm * (side - 1) / 2
    return Geometry(
        (side, side, SLICES), (spacing_mm, spacing_mm, STEP_MM), (half, half, 0.0), frame_of_reference=make_uid("f")
    )


def ball(
    shape: tuple[int, int, int], centre: tuple[int, int, int], radius: int
) -> tuple[tuple[slice, ...], np.ndarray]:
    box = tuple(slice(c - radius, c + radius + 1) for c in centre)
    axis = np.arange(-radius, radius + 1)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    assert all(part.start >= 0 and part.stop <= size for part, size in zip(box, shape, strict=True))
    return box, (z**2 + y**2 + x**2) <= radius**2


def write_scan(folder: Path) -> None:
    """A PET with noise, hot organs and lesions, and its CT."""
    rng = np.random.default_rng(1)
    pet = grid(PET_SIDE, PET_MM)
    array = rng.gamma(4.0, 40.0, size=(1, *pet.shape_zyx[1:])).astype(np.float32) * np.ones((SLICES, 1, 1), np.float32)
    for place, (name, (z, radius, offset)) in enumerate(ORGANS.items()):
        box, inside = ball(pet.shape_zyx, organ_centre(place, z, offset), radius)
        array[box][inside] = 60000.0 if name.startswith("kidney") else 20000.0
    for number in range(LESIONS):
        box, inside = ball(pet.shape_zyx, (20 + 10 * number, 120 + 40 * (number % 4), 200), 3 + number % 4)
        array[box][inside] = 50000.0
    tracer = Tracer("F-18", "PSMA-1007", 250e6, START - dt.timedelta(hours=1), 6586.2)
    timing = PetTiming("START", (START,) * SLICES, 120.0)
    volume = Volume(array, pet, "Bq/mL", Source("bench", "0" * 64))
    write_pet_series(volume, folder / "pt", header=header("PET AC", 2), tracer=tracer, timing=timing)
    ct = grid(CT_SIDE, CT_MM)
    density = body_of_tissue(ct, rng)
    write_ct_series(Volume(density, ct, "HU", Source("bench", "0" * 64)), folder / "ct", header=header("CT", 1))


def body_of_tissue(geometry: Geometry, rng: np.random.Generator) -> np.ndarray:
    """CT of a patient in air (HU): an ellipse of soft tissue with a spine, ribs on both sides, and noise."""
    z, y, x = geometry.shape_zyx
    across = (np.arange(x) - x / 2)[None, :] * CT_MM
    deep = (np.arange(y) - y / 2)[:, None] * CT_MM
    slab = np.where((across / 190) ** 2 + (deep / 130) ** 2 <= 1, 40.0, -1000.0).astype(np.float32)
    slab[(across / 22) ** 2 + ((deep - 85) / 22) ** 2 <= 1] = 250.0
    ribs = np.where(np.abs(((across / 170) ** 2 + (deep / 112) ** 2) - 1) <= 0.06, np.float32(300.0), slab)
    density = np.empty((z, y, x), np.float32)
    for number in range(z):
        density[number] = ribs if number % 20 < 5 and 250 <= number < 450 else slab
        density[number] += rng.normal(0.0, 12.0, (y, x)).astype(np.float32)
    return density


def organ_centre(place: int, z: int, offset: int) -> tuple[int, int, int]:
    return z, 150 if place % 2 else 260, 200 + (offset if place < 2 else -offset)


def add_scan(base: Path) -> None:
    run_init(base / "registry")
    result = run_add_dicom(base / "registry", [base / "dicom"], jobs=2)
    assert (result.added, result.quarantined) == (2, 0), result


def add_organs(base: Path) -> None:
    with Registry.open(base / "registry", write=False) as registry:
        (scan,) = registry.rows(SCANS, modality="PT")
        geometry = load_geometry(registry.images, scan)
    for place, (name, (z, radius, offset)) in enumerate(ORGANS.items()):
        mask = np.zeros(geometry.shape_zyx, np.bool_)
        box, inside = ball(geometry.shape_zyx, organ_centre(place, z, offset), radius)
        mask[box] = inside
        write_nifti(base / "masks" / f"pt_{name}.nii.gz", mask, geometry)
    profile = base / "registry" / "site.yaml"
    text = profile.read_text(encoding="utf-8")
    profile.write_text(text.replace("mask_files: {}", f"mask_files:\n  pt_*: {scan['scan_id']}"), encoding="utf-8")
    result = run_add_masks(base / "registry", [base / "masks"], jobs=1)
    assert result.added == len(ORGANS), result


def measure_plain(base: Path) -> None:
    """Without organ masks, so that the labeller does the work; on a copy, which leaves the registry unmeasured."""
    shutil.copytree(base / "registry", base / "plain")
    result = run_measure(base / "plain", jobs=1)
    assert (result.measured, result.refused) == (1, 0), result
    shutil.rmtree(base / "plain")


def measure(base: Path) -> None:
    result = run_measure(base / "registry", jobs=1)
    assert (result.measured, result.refused) == (1, 0), result


def measured(step: Callable[[Path], None], base: Path, answer: multiprocessing.Queue[tuple[float, float]]) -> None:
    step(base)
    own, largest = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    unit = 1e9 if sys.platform == "darwin" else 1e6 / 1.024
    answer.put((own / unit, largest / unit))


def main() -> int:
    context = multiprocessing.get_context("spawn")
    above = 0
    with tempfile.TemporaryDirectory(prefix="lutrace-bench-") as name:
        base = Path(name)
        making = context.Process(target=write_scan, args=(base / "dicom",))
        making.start()
        making.join()
        for step in (add_scan, measure_plain, add_organs, measure):
            answer = context.Queue()
            process = context.Process(target=measured, args=(step, base, answer))
            process.start()
            process.join()
            if process.exitcode != 0:
                return 1
            own, largest = answer.get()
            above += max(own, largest) > BAR_GB
            print(
                f"{step.__name__:12} process {own:5.2f} GB, largest worker {largest:5.2f} GB (bar {BAR_GB:g} GB)",
                flush=True,
            )
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
