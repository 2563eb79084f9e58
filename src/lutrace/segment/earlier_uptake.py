"""Was a lesion that has no partner already there, too weak for the plan: uptake at its place on the other scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError
from lutrace.imaging import BoolArray, Volume

SHARE_OF_THRESHOLD = 0.5
"""Focal uptake of at least this share of the plan's threshold is taken for the same lesion before it grew."""

CONTRAST_LEAST = 2.0
"""A focus stands out when its hottest voxel is at least this many times the median of its surroundings."""

_SHELL_MM = (4.0, 14.0)


@dataclass(frozen=True)
class EarlierUptake:
    """The hottest voxel near a place (SUVbw, g/mL), the median around it, and whether it is a peak of its own.

    A peak is hotter than all its 26 neighbours, also those beyond the sphere: uptake that only spills over from a hot
    neighbour rises towards it and is none.
    """

    suv_max: float
    surroundings: float
    is_peak: bool

    @property
    def contrast(self) -> float:
        """Hottest voxel over surroundings."""
        return self.suv_max / max(self.surroundings, 1e-6)

    def is_focal(self, threshold_suv: float) -> bool:
        """Whether a lesion stood here: a peak of its own, above surroundings, of half the plan's threshold."""
        hot = self.suv_max >= SHARE_OF_THRESHOLD * threshold_suv
        return hot and self.is_peak and self.contrast >= CONTRAST_LEAST


def sub_threshold_uptake(
    volume: Volume, place_mm: NDArray[np.float64], radius_mm: float, *, taken: BoolArray | None = None
) -> EarlierUptake | None:
    """Uptake in the sphere of `radius_mm` around `place_mm` (3,), LPS mm; None where the scan has not seen it whole.

    `taken` are voxels (z, y, x) of other lesions: their uptake is not this one's, and a sphere full of them gives None.
    The surroundings are the shell 4 to 14 mm beyond the sphere, as far as it was seen and is not taken.
    Raises ContradictionError when the volume is not SUVbw.
    """
    if volume.unit != "g/mL":
        raise ContradictionError(f"tracking: expected a volume in SUVbw (g/mL), found {volume.unit}")
    geometry = volume.geometry
    spacing, shape = np.asarray(geometry.spacing_mm[::-1]), np.asarray(geometry.shape_zyx)
    centre = geometry.to_index(np.asarray(place_mm, float).reshape(1, 3))[0]
    reach = radius_mm / spacing
    if (centre - reach < 0).any() or (centre + reach > shape - 1).any():
        return None
    wide = (radius_mm + _SHELL_MM[1]) / spacing
    low = np.maximum(np.floor(centre - wide), 0).astype(int)
    high = np.minimum(np.ceil(centre + wide), shape - 1).astype(int) + 1
    box = volume.array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float64)
    steps = np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij")
    distance = np.sqrt(sum(((axis - c) * s) ** 2 for axis, c, s in zip(steps, centre, spacing, strict=True)))
    inside = distance <= max(radius_mm, float(spacing.max()))
    shell = (distance > radius_mm + _SHELL_MM[0]) & (distance <= radius_mm + _SHELL_MM[1])
    if taken is not None:
        free = ~taken[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
        inside, shell = inside & free, shell & free
    if not inside.any():
        return None
    peak = np.unravel_index(int(np.argmax(np.where(inside, box, -np.inf))), box.shape)
    around = box[tuple(slice(max(p - 1, 0), p + 2) for p in peak)]
    surroundings = float(np.median(box[shell])) if shell.any() else float(box.min())
    return EarlierUptake(float(box[peak]), surroundings, bool(box[peak] >= around.max()))
