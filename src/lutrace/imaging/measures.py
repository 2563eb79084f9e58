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

_PIECE = 1 << 21
"""So many voxels are summed together."""


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
    number = labels.ravel()[place]
    n_labels = int(number.max())
    voxels = _counted(number, n_labels)
    if (voxels == 0).any():
        raise MissingFactError(f"labels: expected 1 to {n_labels} without gap, found none of {_first_gap(voxels)}")
    return _measures(volume, place, number, voxels)


def measure_voxels(volume: Volume, voxels: LabelledVoxels) -> tuple[RegionMeasures, ...]:
    """What `measure_labels` gives, of labels listed without their background: 1..count, each with a voxel."""
    if voxels.count == 0:
        return ()
    return _measures(volume, voxels.place, voxels.number, _counted(voxels.number, voxels.count))


def _first_gap(voxels: NDArray[np.int64]) -> int:
    return int(np.flatnonzero(voxels == 0)[0]) + 1


def _counted(number: NDArray[Any], n_labels: int) -> NDArray[np.int64]:
    counts = np.zeros(n_labels + 1, np.int64)
    for part in _pieces(len(number)):
        counts += np.bincount(number[part], minlength=n_labels + 1)
    return counts[1:]


def _pieces(n_voxels: int) -> list[slice]:
    return [slice(begin, begin + _PIECE) for begin in range(0, n_voxels, _PIECE)]


def _measures(
    volume: Volume, place: NDArray[np.int64], number: NDArray[Any], voxels: NDArray[np.int64]
) -> tuple[RegionMeasures, ...]:
    """Sums over pieces of voxels: a region as large as the body costs no more memory than a piece."""
    n_labels = len(voxels)
    values, shape = volume.array.ravel(), volume.array.shape
    total, square = np.zeros(n_labels), np.zeros(n_labels)
    low, high = np.full(n_labels, np.inf), np.full(n_labels, -np.inf)
    centre = np.zeros((n_labels, 3))
    for part in _pieces(len(place)):
        own, value = number[part].astype(np.int64) - 1, values[place[part]].astype(np.float64)
        total += np.bincount(own, value, n_labels)
        np.minimum.at(low, own, value)
        np.maximum.at(high, own, value)
        for axis, index in enumerate(np.unravel_index(place[part], shape)):
            centre[:, axis] += np.bincount(own, index, n_labels)
    mean = total / voxels
    for part in _pieces(len(place)):
        own, value = number[part].astype(np.int64) - 1, values[place[part]].astype(np.float64)
        square += np.bincount(own, (value - mean[own]) ** 2, n_labels)
    peak, local_peak = peaks_of_labels(volume, place, number, high)
    centre /= voxels[:, None]
    centre_mm = volume.geometry.to_mm(centre)
    voxel_ml = volume.geometry.voxel_volume_ml
    return tuple(
        RegionMeasures(
            voxels=int(voxels[i]),
            volume_ml=float(voxels[i] * voxel_ml),
            mean=float(mean[i]),
            sd=float(np.sqrt(square[i] / voxels[i])) if voxels[i] > 1 else None,
            min=float(low[i]),
            max=float(high[i]),
            peak=float(peak[i]),
            local_peak=float(local_peak[i]),
            total=float(mean[i] * voxels[i] * voxel_ml),
            centroid_mm=(float(centre_mm[i, 0]), float(centre_mm[i, 1]), float(centre_mm[i, 2])),
        )
        for i in range(n_labels)
    )
