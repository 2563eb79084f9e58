"""The truth of one virtual scan laid on a grid: which voxels are tumour, and whose signal each voxel holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging import Geometry
from lutrace.virtual.anatomy import Box, Grid, Shape, cover, grid_of, surface_distance_mm
from lutrace.virtual.scanner import FINE, PET, SPECT, blur

Floats = NDArray[np.float32]
Modality = Literal["PET", "SPECT"]


@dataclass(frozen=True)
class TrueLesion:
    """One painted lesion: volume in mL, SUVbw as painted for this scan; `number` as in `PaintedTruth.labels`."""

    number: int
    identity: str
    site: str
    volume_ml: float
    suv: float
    avid: bool
    new: bool


@dataclass(frozen=True, eq=False)
class PaintedTruth:
    """The truth on a grid (slices, rows, columns).

    `labels`: number of the avid lesion that covers at least half of the voxel, or whose centre lies in it; else 0.
    `part`: share of each voxel that avid lesions cover. `tumour_suv` and `normal_suv`: what tumour and normal uptake
    (without the background of body, bone and lung) put into each voxel once blurred by the camera, without noise.
    """

    geometry: Geometry
    lesions: tuple[TrueLesion, ...]
    labels: NDArray[np.int32]
    part: Floats
    tumour_suv: Floats
    normal_suv: Floats
    normal: tuple[Shape, ...]

    def name_normal(self, voxels: NDArray[np.int64]) -> list[str]:
        """The identity of the normal uptake whose surface is nearest to each voxel (slice, row, column)."""
        if not self.normal:
            return [""] * len(voxels)
        place = self.geometry.to_mm(voxels.astype(np.float64))
        away = np.stack([surface_distance_mm(shape, place) for shape in self.normal])
        return [self.normal[int(index)].identity for index in away.argmin(axis=0)]


def paint_truth(scan: Mapping[str, Any], geometry: Geometry, modality: Modality) -> PaintedTruth:
    """Paint what `truth.json` says of one scan (an entry `pet` or of `spect`) on the grid of its images.

    Only axial grids, as the virtual cameras make them. Lesions without uptake are no part of it.
    """
    grid = grid_of(geometry, (0.0, 0.0, 0.0))
    normal, tumour = np.zeros(grid.shape, np.float32), np.zeros(grid.shape, np.float32)
    labels, part = np.zeros(grid.shape, np.int32), np.zeros(grid.shape, np.float32)
    shapes = tuple(_shape(row) for row in scan["physiological"])
    for shape in shapes:
        box, covered = cover(shape, grid, fine=FINE)
        normal[box] += (np.float32(shape.suv or 0.0) - normal[box]) * covered
    lesions: list[TrueLesion] = []
    for row in scan["lesions"]:
        if not row["avid"]:
            continue
        suv = float(row["suv_pet" if modality == "PET" else "suv_spect"])
        number = len(lesions) + 1
        lesions.append(TrueLesion(number, row["identity"], row["site"], row["volume_ml"], suv, row["avid"], row["new"]))
        box, covered = cover(_shape(row), grid, fine=FINE)
        normal[box] *= 1 - covered
        tumour[box] += (np.float32(suv) - tumour[box]) * covered
        part[box] = np.maximum(part[box], covered)
        _label(labels, box, covered, number)
    _label_centres(labels, scan["lesions"], lesions, grid)
    camera = PET if modality == "PET" else SPECT
    tumour, normal = (blur(one, camera.fwhm_mm, camera.spacing_mm) for one in (tumour, normal))
    return PaintedTruth(geometry, tuple(lesions), labels, part, tumour, normal, shapes)


def _shape(row: Mapping[str, Any]) -> Shape:
    x, y, z = row["centre_mm"]
    a, b, c = row["half_mm"]
    kind: Literal["ellipsoid", "cylinder"] = "cylinder" if row.get("kind") == "cylinder" else "ellipsoid"
    identity, suv = str(row["identity"]), row.get("suv")
    return Shape("truth", (x, y, z), (a, b, c), kind, name=str(row.get("name", "")), identity=identity, suv=suv)


def _label(labels: NDArray[np.int32], box: Box, covered: Floats, number: int) -> None:
    view = labels[box]
    view[covered >= 0.5] = number


def _label_centres(
    labels: NDArray[np.int32], rows: Sequence[Mapping[str, Any]], lesions: Sequence[TrueLesion], grid: Grid
) -> None:
    """A lesion smaller than a voxel still owns the voxel of its centre."""
    places = {row["identity"]: row["centre_mm"] for row in rows}
    for lesion in lesions:
        x, y, z = places[lesion.identity]
        index = tuple(
            int(np.abs(axis - value).argmin()) for axis, value in zip((grid.z, grid.y, grid.x), (z, y, x), strict=True)
        )
        if not (labels == lesion.number).any():
            labels[index] = lesion.number
