"""A synthetic scan with two regions, and every object that is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tests.dicom.build import nm_recon, pet_slices, write

from lutrace.core import Source
from lutrace.dicom import (
    Algorithm,
    DrawnRegion,
    MeasuredRegion,
    OwnNumber,
    ReportedObjects,
    index_folder,
    make_tracking,
    read_series,
    write_rtstruct,
    write_rwvm,
    write_seg,
    write_sr,
)
from lutrace.imaging import Geometry, Mask, Volume, measure_region

FACTOR = 0.00025
ALGORITHM = Algorithm("lutrace suv3", "2", (("plan_digest", "0" * 64),))
ROWS, COLUMNS, SLICES = 9, 11, 7


@dataclass(frozen=True, eq=False)
class Scan:
    """Files of a series, its grid, its volume in SUVbw, and two regions: one with a hole, one in two islands."""

    files: tuple[Path, ...]
    geometry: Geometry
    suv: Volume
    regions: tuple[DrawnRegion, ...]


def scan(folder: Path, kind: Literal["pet", "nm"] = "pet", **changes: Any) -> Scan:
    """A PET of 4 x 2 x 3 mm voxels or an NM of 4.8 mm ones with a random uptake, and regions on it."""
    stored = np.random.default_rng(8).integers(0, 20000, (SLICES, ROWS, COLUMNS)).astype(np.int16)
    if kind == "pet":
        write(folder, pet_slices(SLICES, stored=stored, **changes))
    else:
        write(folder, [nm_recon(stored.astype(np.uint16), **changes)])
    series = index_folder([folder]).series[0]
    volume = read_series(series).volume
    suv = volume.with_array(volume.array * np.float32(FACTOR), "g/mL")
    ring, islands = (np.zeros(volume.geometry.shape_zyx, bool) for _ in range(2))
    ring[1:5, 2:8, 3:9] = True
    ring[2:4, 4:6, 5:7] = False
    islands[4:6, 0:2, 0:3] = True
    islands[5:7, 7:9, 9:11] = True
    return Scan(
        series.paths,
        volume.geometry,
        suv,
        (
            _region("lesion 1 tumour", ring, volume, "tumour", "bone"),
            _region("lesion 2 uncertain", islands, volume, "uncertain", "node"),
        ),
    )


def _region(name: str, array: np.ndarray, volume: Volume, category: str, site: str) -> DrawnRegion:
    mask = Mask(name, array, volume.geometry, Source("virtual", "synthetic"))
    return DrawnRegion(mask, category, site, make_tracking(name, "a series", "suv3"))


def write_all(one: Scan, folder: Path, seed: str | None = None) -> dict[str, Path]:
    """SEG, RTSTRUCT, SUV mapping and report of a scan, by kind."""
    paths = {kind: folder / f"{kind}.dcm" for kind in ("seg", "rtstruct", "rwvm", "sr")}
    shared: dict[str, Any] = {"source_files": one.files, "description": "Lesions, plan suv3", "seed": seed}
    write_seg(paths["seg"], one.regions, algorithm=ALGORITHM, **shared)
    write_rtstruct(paths["rtstruct"], one.regions, algorithm=ALGORITHM, **shared)
    write_rwvm(paths["rwvm"], geometry=one.geometry, factors=[FACTOR], **shared)
    write_sr(
        paths["sr"],
        [MeasuredRegion(region, measure_region(one.suv, region.mask)) for region in one.regions],
        ReportedObjects(one.files, paths["seg"], paths["rwvm"]),
        totals=[OwnNumber("TUMOUR_AUTO", "Tumour volume, automatic", 1.5, "ml")],
        description="Lesions, plan suv3",
        algorithm=ALGORITHM,
        seed=seed,
    )
    return paths
