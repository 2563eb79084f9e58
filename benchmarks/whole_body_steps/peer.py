"""The same steps with pydicom, SimpleITK and scipy.ndimage, as a physicist writes them; imports nothing of lutrace.

Two ways. `filters`: SimpleITK's filters on the whole image, as its documentation shows them: series reader, binary
dilation with a ball, connected components, label statistics; the peak in each lesion's box. `tuned`: slices by pydicom,
organs grown by a distance map inside their bounding box, `ndimage.label`, each lesion measured in its own box.
Both grow all organs at once. Prints the seconds by step as JSON and writes a CSV.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pydicom
import scipy
import SimpleITK as sitk  # noqa: N813
from scipy import ndimage

THRESHOLD_SUV = 3.0
ORGAN_MARGIN_MM = 8.0
PHYSIOLOGICAL = tuple(range(1, 12))  # from liver to lacrimal glands; blood pool and skeleton hold no normal uptake
SKELETON = 13
SPHERE_MM = 6.203504908994
MIN_ML = 0.5 * np.pi / 6 * 6.0**3 / 1000.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pet", type=Path)
    parser.add_argument("organs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--way", choices=("filters", "tuned"), default="tuned")
    parser.add_argument("--masks", type=Path, help="write the first lesions as a label file here, after the clock")
    parser.add_argument("--most", type=int, default=10, help="how many lesions that file holds")
    given = parser.parse_args()
    clock = Clock()
    activity, spacing_zyx, origin_zyx, header = (read_by_sitk if given.way == "filters" else read_by_pydicom)(given.pet)
    clock.lap("read")
    suv = activity
    suv *= suv_factor(header)
    clock.lap("SUV")
    labels = sitk.GetArrayFromImage(read_organs(given.organs))
    clock.lap("organs")
    grown = dilated_by_filter if given.way == "filters" else dilated_by_distance
    zone = grown(np.isin(labels, PHYSIOLOGICAL, kind="table"), spacing_zyx)
    candidates = (suv >= THRESHOLD_SUV) & ~zone
    clock.lap("removal")
    found = find_by_filter(candidates) if given.way == "filters" else find_by_ndimage(candidates)
    clock.lap("components")
    rows = measure(suv, labels, found, spacing_zyx, origin_zyx)
    clock.lap("measures")
    with given.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    clock.lap("ledger")
    if given.masks is not None:
        write_masks(given.masks, found, [row["number"] for row in rows[: given.most]], (spacing_zyx, origin_zyx))
    versions = {"SimpleITK": sitk.Version().VersionString(), "scipy": scipy.__version__, "numpy": np.__version__}
    versions |= {"pydicom": pydicom.__version__, "python": sys.version.split()[0]}
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(json.dumps({"steps": clock.steps, "lesions": len(rows), "peak_gb": peak_gb, "versions": versions}))


class Clock:
    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.steps[name] = now - self._last
        self._last = now


def read_by_pydicom(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, pydicom.Dataset]:
    slices = [pydicom.dcmread(path) for path in folder.iterdir()]
    slices.sort(key=lambda ds: float(ds.ImagePositionPatient[2]))
    first, last = slices[0], slices[-1]
    volume = np.empty((len(slices), first.Rows, first.Columns), np.float32)
    for index, ds in enumerate(slices):
        np.multiply(ds.pixel_array, np.float32(ds.RescaleSlope), out=volume[index])
        volume[index] += np.float32(ds.RescaleIntercept)
    step = (float(last.ImagePositionPatient[2]) - float(first.ImagePositionPatient[2])) / (len(slices) - 1)
    spacing = np.array([step, float(first.PixelSpacing[0]), float(first.PixelSpacing[1])])
    return volume, spacing, np.array([float(v) for v in first.ImagePositionPatient])[::-1], first


def read_by_sitk(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, pydicom.Dataset]:
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    image = sitk.ReadImage(names, sitk.sitkFloat32)
    header = pydicom.dcmread(names[0], stop_before_pixels=True)
    spacing, origin = np.array(image.GetSpacing())[::-1], np.array(image.GetOrigin())[::-1]
    return sitk.GetArrayFromImage(image), spacing, origin, header


def suv_factor(header: pydicom.Dataset) -> np.float32:
    """Bq/mL, decay-corrected to the series' start, to SUVbw."""
    drug = header.RadiopharmaceuticalInformationSequence[0]
    scan = dt.datetime.strptime(header.SeriesDate + header.SeriesTime[:6], "%Y%m%d%H%M%S")
    injected = dt.datetime.strptime(drug.RadiopharmaceuticalStartDateTime[:14], "%Y%m%d%H%M%S")
    left = 2.0 ** (-(scan - injected).total_seconds() / float(drug.RadionuclideHalfLife))
    return np.float32(float(header.PatientWeight) * 1000.0 / (float(drug.RadionuclideTotalDose) * left))


def read_organs(path: Path) -> sitk.Image:
    return sitk.ReadImage(str(path), sitk.sitkUInt8)


def dilated_by_filter(organs: np.ndarray, spacing_zyx: np.ndarray) -> np.ndarray:
    image = sitk.GetImageFromArray(organs.view(np.uint8))
    radius = [int(np.ceil(ORGAN_MARGIN_MM / step)) for step in spacing_zyx[::-1]]
    return sitk.GetArrayFromImage(sitk.BinaryDilate(image, radius, sitk.sitkBall)).view(bool)


def dilated_by_distance(organs: np.ndarray, spacing_zyx: np.ndarray) -> np.ndarray:
    """All voxels within the margin of an organ, by a distance map in the organs' bounding box."""
    (box,) = ndimage.find_objects(organs.view(np.uint8))
    steps = np.ceil(ORGAN_MARGIN_MM / spacing_zyx).astype(int) + 1
    box = tuple(
        slice(max(b.start - s, 0), min(b.stop + s, n)) for b, s, n in zip(box, steps, organs.shape, strict=True)
    )
    image = sitk.GetImageFromArray(np.ascontiguousarray(organs[box]).view(np.uint8))
    image.SetSpacing(tuple(spacing_zyx[::-1]))
    distance = sitk.SignedMaurerDistanceMap(image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True)
    zone = np.zeros(organs.shape, bool)
    zone[box] = sitk.GetArrayViewFromImage(distance) <= ORGAN_MARGIN_MM + 1e-4
    return zone


def find_by_filter(candidates: np.ndarray) -> tuple[np.ndarray, list]:
    image = sitk.GetImageFromArray(candidates.view(np.uint8))
    labelled = sitk.RelabelComponent(sitk.ConnectedComponent(image, True))
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(labelled)
    boxes = []
    for label in shape.GetLabels():
        x, y, z, nx, ny, nz = shape.GetBoundingBox(label)
        boxes.append((slice(z, z + nz), slice(y, y + ny), slice(x, x + nx)))
    return sitk.GetArrayFromImage(labelled), boxes


def find_by_ndimage(candidates: np.ndarray) -> tuple[np.ndarray, list]:
    components = np.zeros(candidates.shape, np.int32)
    ndimage.label(candidates, structure=np.ones((3, 3, 3)), output=components)
    return components, ndimage.find_objects(components)


def write_masks(path: Path, found: tuple, numbers: list[int], grid: tuple[np.ndarray, np.ndarray]) -> None:
    """The lesions of these numbers as labels 1, 2, ... of one file on the image's grid."""
    components, boxes = found
    labels = np.zeros(components.shape, np.uint8)
    for label, number in enumerate(numbers, start=1):
        box = boxes[number - 1]
        labels[box][components[box] == number] = label
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing(tuple(float(step) for step in grid[0][::-1]))
    image.SetOrigin(tuple(float(place) for place in grid[1][::-1]))
    sitk.WriteImage(image, str(path), True)


def measure(suv, labels, found, spacing_zyx, origin_zyx) -> list[dict]:
    components, boxes = found
    voxel_ml = float(np.prod(spacing_zyx)) / 1000.0
    reach = np.floor(SPHERE_MM / spacing_zyx + 1e-9).astype(int)
    axes = [np.arange(-r, r + 1) * s for r, s in zip(reach, spacing_zyx, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
    sphere = (z**2 + y**2 + x**2 <= (SPHERE_MM + 1e-9) ** 2).astype(np.float64)
    sphere /= sphere.sum()
    rows = []
    for number, box in enumerate(boxes, start=1):
        own = components[box] == number
        voxels = int(own.sum())
        if voxels < MIN_ML / voxel_ml:
            continue
        wide = tuple(slice(max(b.start - r, 0), b.stop + r) for b, r in zip(box, reach, strict=True))
        inner = tuple(slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, wide, strict=True))
        means = ndimage.convolve(suv[wide].astype(np.float64), sphere, mode="constant")[inner]
        values = suv[box][own].astype(np.float64)
        centre = np.array(ndimage.center_of_mass(own)) + [b.start for b in box]
        there = labels[box][own]
        rows.append(
            {
                "number": number,
                "volume_ml": voxels * voxel_ml,
                "suv_mean": values.mean(),
                "suv_max": values.max(),
                "suv_peak": means[own].max(),
                "tlp_ml": values.sum() * voxel_ml,
                **dict(zip(("z_mm", "y_mm", "x_mm"), centre * spacing_zyx + origin_zyx, strict=True)),
                "site": "bone" if (there == SKELETON).mean() >= 0.25 else "node",
            }
        )
    return rows


if __name__ == "__main__":
    main()
