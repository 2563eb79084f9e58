"""A reference organ of the same scan: the line between avid and not, its spread and how many voxels it rests on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lutrace.core import MissingFactError
from lutrace.imaging import BoolArray, Mask, Volume, erode_box

_LIVER_CLEARED = re.compile(r"psma[\s_-]*1007", re.IGNORECASE)
_LEAST_ML = 5.0


@dataclass(frozen=True)
class LiverReference:
    """Mean, standard deviation (divisor n) and median SUVbw in g/mL of the organ's inside, and its voxel count."""

    suv_mean: float
    suv_sd: float
    suv_median: float
    voxels: int
    notes: tuple[str, ...] = ()
    region: str = "liver"


def reference_region(tracer: str | None) -> Literal["liver", "spleen"]:
    """The organ that a lesion's uptake is held against: the spleen for PSMA-1007 in any spelling, else the liver.

    18F-PSMA-1007 leaves through liver and bile, so that the liver is no measure of expression there (Seifert et al.,
    Eur Urol 2023;83:405, PROMISE V2: spleen in place of liver for ligands that the liver clears).
    """
    return "spleen" if tracer is not None and _LIVER_CLEARED.search(tracer) else "liver"


def measure_reference(
    volume: Volume, mask: Mask, *, erosion_mm: float, exclude: BoolArray | None = None
) -> LiverReference:
    """The reference organ in SUVbw, g/mL: its mask shrunk by `erosion_mm`, without `exclude` (lesions).

    An organ mask is seldom exact at its edge and breathing blurs it, so only the inside counts. If less than 5 mL would
    be left, the whole mask is used and a note says so.
    Raises MissingFactError when no voxel is left.
    """
    box, inner = erode_box(mask.array, mask.geometry, erosion_mm, within=mask.box)
    whole = mask.array[box] if exclude is None else mask.array[box] & ~exclude[box]
    inside = inner & whole
    notes: tuple[str, ...] = ()
    if inside.sum() * mask.geometry.voxel_volume_ml < _LEAST_ML:
        inside = whole
        notes = (f"less than 5 mL of {mask.name} is left inside {erosion_mm:g} mm: the whole mask is the reference",)
    values = volume.array[box][inside].astype(np.float64)
    if values.size == 0:
        raise MissingFactError(
            f"{mask.name} reference: the mask holds no voxel outside lesions; give a {mask.name} mask of this scan"
        )
    return LiverReference(
        suv_mean=float(values.mean()),
        suv_sd=float(values.std()),
        suv_median=float(np.median(values)),
        voxels=int(values.size),
        notes=notes,
        region=mask.name,
    )


def measure_liver(
    volume: Volume, liver: Mask, *, erosion_mm: float, exclude: BoolArray | None = None
) -> LiverReference:
    """What `measure_reference` gives for the liver."""
    return measure_reference(volume, liver, erosion_mm=erosion_mm, exclude=exclude)
