"""A synthetic whole-body PSMA PET (400 x 400 x 650) with its organ masks, written as DICOM and NIfTI.

Organs are ellipsoids and lesions spheres, each blurred by 6 mm FWHM (the edge of a blurred half-space at the signed
distance), with 8 % noise per voxel. No lesion touches another or an organ, so that a plain threshold with organs
removed must find the same lesions as lutrace does: what is compared is the time for one answer.
"""

from __future__ import annotations

import argparse
import datetime as dt
from math import erfc
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lutrace.core import Source
from lutrace.dicom import PetTiming, SeriesHeader, Tracer, make_uid, write_pet_series
from lutrace.imaging import Geometry, Volume, write_nifti

SHAPE_ZYX = (650, 400, 400)
SPACING_MM = (1.65, 1.65, 1.65)
SIGMA_MM = 6.0 / 2.3548200450309493
WEIGHT_KG, INJECTED_BQ, HALF_LIFE_S = 80.0, 250e6, 6586.2
START = dt.datetime(2023, 5, 17, 11)
BACKGROUND_SUV = 0.6

ORGANS = {  # region: centre and half axes (z, y, x) in mm from the grid's first voxel, SUV, whether drawn
    "liver": ((690, 310, 240), (75, 80, 95), 5.0),
    "spleen": ((690, 360, 440), (50, 35, 30), 9.0),
    "kidney_left": ((610, 390, 410), (55, 28, 28), 40.0),
    "kidney_right": ((590, 390, 255), (55, 28, 28), 40.0),
    "bladder": ((330, 300, 330), (35, 40, 45), 30.0),
    "small_bowel": ((500, 270, 330), (50, 35, 75), 7.0),
    "parotid_left": ((990, 330, 400), (28, 18, 14), 16.0),
    "parotid_right": ((990, 330, 260), (28, 18, 14), 16.0),
    "submandibular_left": ((940, 290, 375), (14, 12, 10), 15.0),
    "submandibular_right": ((940, 290, 285), (14, 12, 10), 15.0),
    "lacrimal": ((1035, 250, 330), (8, 8, 8), 8.0),
    "blood_pool": ((770, 310, 345), (60, 13, 13), 1.6),
    "skeleton": ((620, 440, 330), (380, 16, 16), 0.9),
}
"""`skeleton` is a long spine, so that some lesions lie in bone. The label of a region is its place here, from 1."""
N_LESIONS = 60
APART_MM = 45.0
FROM_ORGANS_MM = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lesions", type=int, default=N_LESIONS)
    parser.add_argument("--slices", type=int, default=SHAPE_ZYX[0])
    given = parser.parse_args()
    write_scan(given.folder, given.lesions, given.slices)


def write_scan(folder: Path, n_lesions: int, n_slices: int) -> None:
    """DICOM in `pet`, the organs as one label file `organs.nii.gz` and one file each in `organs`."""
    rng = np.random.default_rng(20230517)
    geometry = grid(n_slices)
    suv = rng.standard_normal(geometry.shape_zyx, np.float32)
    suv *= np.float32(0.08)
    suv += np.float32(1.0)
    clean, labels = draw(geometry, n_lesions, rng)
    suv *= clean
    np.maximum(suv, np.float32(0), out=suv)
    suv *= np.float32(decayed_bq() / (WEIGHT_KG * 1000.0))
    write_pet(Volume(suv, geometry, "Bq/mL", Source("bench", "0" * 64)), folder / "pet")
    write_nifti(folder / "organs.nii.gz", labels, geometry)
    for label, name in enumerate(ORGANS, start=1):
        write_nifti(folder / "organs" / f"{name}.nii.gz", labels == label, geometry)


def grid(n_slices: int) -> Geometry:
    z, y, x = n_slices, *SHAPE_ZYX[1:]
    return Geometry((x, y, z), SPACING_MM, (-330.0, -330.0, 0.0), frame_of_reference=make_uid("whole body frame"))


def draw(geometry: Geometry, n_lesions: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """SUV without noise, and the label of the organ at each voxel."""
    scan = np.zeros(geometry.shape_zyx, np.float32)
    labels = np.zeros(geometry.shape_zyx, np.uint8)
    middle = (geometry.shape_zyx[0] * 1.65 / 2, 350.0, 330.0)
    add(scan, geometry, middle, (geometry.shape_zyx[0] * 0.8, 120.0, 180.0), BACKGROUND_SUV)
    for label, (centre, axes, suv) in enumerate(ORGANS.values(), start=1):
        box, distance = add(scan, geometry, centre, axes, suv - BACKGROUND_SUV)
        own = labels[box]
        own[(distance <= 0) & (own == 0)] = label
    centres: list[NDArray[np.float64]] = []
    while len(centres) < n_lesions:
        centre = np.array([rng.uniform(200, 900), rng.uniform(230, 450), rng.uniform(170, 490)])
        bone = len(centres) % 6 == 0
        if bone:
            centre[1:] = (440.0, 330.0)
        if not is_free(centre, centres, bone=bone):
            continue
        radius = float(rng.uniform(4.5, 12.0))
        add(scan, geometry, centre, (radius,) * 3, float(rng.uniform(10.0, 35.0)))
        centres.append(centre)
    return scan, labels


def is_free(centre: NDArray[np.float64], others: list[NDArray[np.float64]], *, bone: bool) -> bool:
    """Whether a lesion here lies apart from the others and from organs of more than background uptake."""
    if any(np.linalg.norm(centre - other) < (APART_MM if not bone else 28.0) for other in others):
        return False
    hot = [(middle, axes) for middle, axes, suv in ORGANS.values() if suv > 2.0]
    return all(bool((((centre - middle) / (np.array(axes) + FROM_ORGANS_MM)) ** 2).sum() > 1.0) for middle, axes in hot)


def add(
    scan: NDArray[np.float32], geometry: Geometry, centre: object, axes: tuple[float, ...], suv: float
) -> tuple[tuple[slice, ...], NDArray[np.float64]]:
    """Add a blurred ellipsoid in place; the box that it reaches and the signed distance (mm) there."""
    reach = 4.0 * SIGMA_MM
    middle, half = np.asarray(centre, float), np.asarray(axes, float)
    steps = np.asarray(SPACING_MM[::-1])
    low = np.maximum(np.floor((middle - half - reach) / steps), 0).astype(int)
    high = np.minimum(np.ceil((middle + half + reach) / steps) + 1, scan.shape).astype(int)
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    offsets = [(np.arange(a, b) * step - at) for a, b, step, at in zip(low, high, steps, middle, strict=True)]
    z, y, x = np.meshgrid(*offsets, indexing="ij", sparse=True)
    level = np.sqrt((z / half[0]) ** 2 + (y / half[1]) ** 2 + (x / half[2]) ** 2)
    slope = np.sqrt((z / half[0] ** 2) ** 2 + (y / half[1] ** 2) ** 2 + (x / half[2] ** 2) ** 2)
    distance = np.where(level > 0, (level - 1.0) * level / np.maximum(slope, 1e-12), -half.min())
    table = np.linspace(-reach, reach, 2001)
    share = np.array([0.5 * erfc(d / (SIGMA_MM * 2**0.5)) for d in table])
    scan[box] += (suv * np.interp(distance, table, share)).astype(np.float32)
    return box, distance


def decayed_bq() -> float:
    """The activity at the start of the scan, one hour after injection."""
    return INJECTED_BQ * 2.0 ** (-3600.0 / HALF_LIFE_S)


def write_pet(volume: Volume, folder: Path) -> None:
    header = SeriesHeader(
        patient_id="BENCH-1",
        patient_name="Synthetic^Bench",
        birth_date=dt.date(1950, 1, 1),
        sex="M",
        weight_kg=WEIGHT_KG,
        height_m=1.8,
        study_uid=make_uid("whole body study"),
        series_uid=make_uid("whole body series", str(volume.geometry.size_xyz[2])),
        series_number=2,
        study_datetime=START,
        series_datetime=START,
        study_description="synthetic",
        series_description="PET AC",
        manufacturer="SYNTHETIC",
        model="BENCH",
        comments="synthetic",
    )
    tracer = Tracer("F-18", "DCFPyL", INJECTED_BQ, START - dt.timedelta(hours=1), HALF_LIFE_S)
    timing = PetTiming("START", (START,) * volume.geometry.size_xyz[2], 120.0)
    write_pet_series(volume, folder, header=header, tracer=tracer, timing=timing, slope_per_slice=True)


if __name__ == "__main__":
    main()
