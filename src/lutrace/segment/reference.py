"""The liver of the same scan as the line between avid and not: robust mean, spread and how many voxels they rest on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.core import MissingFactError
from lutrace.imaging import BoolArray, Mask, Volume, erode


@dataclass(frozen=True)
class LiverReference:
    """Mean, standard deviation (divisor n) and median SUVbw in g/mL of the liver's inside, and its voxel count."""

    suv_mean: float
    suv_sd: float
    suv_median: float
    voxels: int
    notes: tuple[str, ...] = ()


def measure_liver(
    volume: Volume, liver: Mask, *, erosion_mm: float, exclude: BoolArray | None = None
) -> LiverReference:
    """The liver reference in SUVbw, g/mL: the mask shrunk by `erosion_mm`, without `exclude` (lesions).

    An organ mask is seldom exact at its edge and breathing blurs it, so only the inside counts. If less than 5 mL would
    be left, the whole mask is used and a note says so.
    Raises MissingFactError when no voxel is left.
    """
    whole = liver.array if exclude is None else liver.array & ~exclude
    inside = erode(liver.array, liver.geometry, erosion_mm) & whole
    notes: tuple[str, ...] = ()
    if inside.sum() * liver.geometry.voxel_volume_ml < 5.0:
        inside = whole
        notes = (f"less than 5 mL of liver is left inside {erosion_mm:g} mm: the whole mask is the reference",)
    values = volume.array[inside].astype(np.float64)
    if values.size == 0:
        raise MissingFactError(
            f"liver reference: region {liver.name} holds no voxel outside lesions; give a liver mask of this scan"
        )
    return LiverReference(float(values.mean()), float(values.std()), float(np.median(values)), int(values.size), notes)
