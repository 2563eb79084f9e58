"""Volume + region -> numbers: volume, uptake statistics, peak and total uptake, one pass over the foreground."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError, MissingFactError
from lutrace.imaging.components import LabelledVoxels
from lutrace.imaging.peak import peaks_of_labels
from lutrace.imaging.volume import Mask, Volume


@dataclass(frozen=True)
class RegionMeasures:
    """What one region of a volume measures; intensities in the volume's unit.

    `sd` is the population standard deviation (divisor n, as IBSI), None with fewer than two voxels. `peak` is the
    highest mean of a 1 mL sphere centred at a voxel of the region (IBSI: global intensity peak), `local_peak` that of
    the sphere around its hottest voxel; a sphere that the image cuts counts with its part inside.
    `total` is mean x volume_ml: total lesion PSMA for SUV, MBq x 1e6 for Bq/mL. `centroid_mm` weighs each voxel
    alike, LPS.
    """

    voxels: int
    volume_ml: float
    mean: float
    sd: float | None
    min: float
    max: float
    peak: float
    local_peak: float
    total: float
    centroid_mm: tuple[float, float, float]


def measure_region(volume: Volume, mask: Mask) -> RegionMeasures:
    """The measures of one region, in the volume's unit, mL and mm.

    Raises ContradictionError when mask and volume do not share their grid, MissingFactError when the mask is empty.
    """
    if not volume.geometry.same_grid(mask.geometry):
        raise ContradictionError(
            f"region {mask.name}: expected the grid of the image {volume.geometry.size_xyz}, found "
            f"{mask.geometry.size_xyz} elsewhere; resample the mask to the image first"
        )
    if mask.is_empty:
        raise MissingFactError(f"region {mask.name}: holds no voxel of the image; nothing can be measured in it")
    return measure_labels(volume, mask.array.view(np.uint8))[0]


def measure_labels(volume: Volume, labels: NDArray[Any]) -> tuple[RegionMeasures, ...]:
    """The measures of labels 1, 2, ... n of an integer array on the volume's grid, in this order; 0 is background.

    Only foreground voxels are read; sums are formed in double precision around the label's mean.
    Raises ContradictionError for another shape, MissingFactError when a number below the highest has no voxel.
    """
    if labels.shape != volume.array.shape:
        raise ContradictionError(f"labels: expected shape {volume.array.shape}, found {labels.shape}")
    place = np.flatnonzero(labels != 0)
    if place.size == 0:
        return ()
    number = labels.ravel()[place].astype(np.int64)
    n_labels = int(number.max())
    voxels = np.bincount(number, minlength=n_labels + 1)[1:]
    if (voxels == 0).any():
        raise MissingFactError(f"labels: expected 1 to {n_labels} without gap, found none of {_first_gap(voxels)}")
    return _measures(volume, place, number, voxels)


def measure_voxels(volume: Volume, voxels: LabelledVoxels) -> tuple[RegionMeasures, ...]:
    """What `measure_labels` gives, of labels listed without their background: 1..count, each with a voxel."""
    if voxels.count == 0:
        return ()
    number = voxels.number.astype(np.int64)
    return _measures(volume, voxels.place, number, np.bincount(number, minlength=voxels.count + 1)[1:])


def _first_gap(voxels: NDArray[np.int64]) -> int:
    return int(np.flatnonzero(voxels == 0)[0]) + 1


def _measures(
    volume: Volume, place: NDArray[np.int64], number: NDArray[np.int64], voxels: NDArray[np.int64]
) -> tuple[RegionMeasures, ...]:
    n_labels = len(voxels)
    value = volume.array.ravel()[place].astype(np.float64)
    mean = np.bincount(number, value, n_labels + 1)[1:] / voxels
    square = np.bincount(number, (value - mean[number - 1]) ** 2, n_labels + 1)[1:]
    low, high = np.full(n_labels + 1, np.inf), np.full(n_labels + 1, -np.inf)
    np.minimum.at(low, number, value)
    np.maximum.at(high, number, value)
    index_zyx = np.stack(np.unravel_index(place, volume.array.shape), axis=1).astype(np.int64)
    peak, local_peak = peaks_of_labels(volume, index_zyx, number, n_labels)
    centre = np.stack([np.bincount(number, index_zyx[:, a], n_labels + 1)[1:] / voxels for a in range(3)], axis=1)
    centre_mm = volume.geometry.to_mm(centre)
    voxel_ml = volume.geometry.voxel_volume_ml
    return tuple(
        RegionMeasures(
            voxels=int(voxels[i]),
            volume_ml=float(voxels[i] * voxel_ml),
            mean=float(mean[i]),
            sd=float(np.sqrt(square[i] / voxels[i])) if voxels[i] > 1 else None,
            min=float(low[i + 1]),
            max=float(high[i + 1]),
            peak=float(peak[i]),
            local_peak=float(local_peak[i]),
            total=float(mean[i] * voxels[i] * voxel_ml),
            centroid_mm=(float(centre_mm[i, 0]), float(centre_mm[i, 1]), float(centre_mm[i, 2])),
        )
        for i in range(n_labels)
    )
