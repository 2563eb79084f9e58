"""SUVpeak: the mean of a 1 mL sphere whose centre lies in the region, where it is highest or at the hottest voxel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging.neighbourhood import compute_weighted_sums
from lutrace.imaging.volume import FloatArray, Geometry, Volume

SPHERE_RADIUS_MM = 6.203504908994
"""Radius of a sphere of 1 mL: (3 x 1000 / (4 pi)) ** (1/3)."""
_CENTRES = 500_000
"""So many spheres are summed together."""


@dataclass(frozen=True)
class SphereMeans:
    """Mean of the sphere around each centre, and whether the sphere lies wholly inside the image."""

    mean: NDArray[np.float64]
    whole: NDArray[np.bool_]


def sphere_offsets(geometry: Geometry, radius_mm: float = SPHERE_RADIUS_MM) -> NDArray[np.int64]:
    """Index offsets (n, 3), z y x, of the voxels whose centres lie within `radius_mm` of a voxel's centre.

    A voxel counts wholly or not at all (weight by inclusion of its centre), as the IBSI reference manual, section
    3.2 (local and global intensity peak), asks.
    """
    spacing_zyx = np.asarray(geometry.spacing_mm[::-1])
    reach = np.floor(radius_mm / spacing_zyx + 1e-9).astype(int)
    axes = [np.arange(-r, r + 1) for r in reach]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    distance = np.sqrt(((grid * spacing_zyx) ** 2).sum(axis=1))
    return np.asarray(grid[distance <= radius_mm + 1e-9], np.int64)


def compute_sphere_means(volume: Volume, centres_zyx: NDArray[np.int64]) -> SphereMeans:
    """Mean, in the volume's unit, of the 1 mL sphere around each voxel of `centres_zyx` (n, 3).

    All image voxels of the sphere count, in the region or not. At the border of the image the mean is that of the
    part inside, and `whole` is False.
    """
    offsets = sphere_offsets(volume.geometry)
    margin = np.abs(offsets).max(axis=0)
    shape = np.asarray(volume.array.shape)
    strides = np.asarray([shape[1] * shape[2], shape[2], 1])
    whole = np.asarray(((centres_zyx >= margin) & (centres_zyx < shape - margin)).all(axis=1))
    mean = np.empty(len(centres_zyx))
    values = volume.array.ravel()
    total = compute_weighted_sums(values, centres_zyx[whole] @ strides, offsets @ strides, np.ones(len(offsets)))
    mean[whole] = total / len(offsets)
    mean[~whole] = _means_at_the_edge(values, centres_zyx[~whole], offsets, shape)
    return SphereMeans(mean, whole)


def _means_at_the_edge(
    values: FloatArray, centres_zyx: NDArray[np.int64], offsets: NDArray[np.int64], shape: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The mean of the part of each sphere that lies inside the image."""
    total, n_inside = np.zeros(len(centres_zyx)), np.zeros(len(centres_zyx))
    for offset in offsets:
        place = centres_zyx + offset
        inside = ((place >= 0) & (place < shape)).all(axis=1)
        total[inside] += values[place[inside] @ np.asarray([shape[1] * shape[2], shape[2], 1])]
        n_inside += inside
    return total / n_inside


def peaks_of_labels(
    volume: Volume, place: NDArray[np.int64], labels: NDArray[Any], top: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Global and local peak of each label 1..n, in the volume's unit; `top` (n) is the highest value of each.

    `place` holds the flat index of each voxel, `labels` its label. Global: the highest mean of a sphere centred in the
    label. Local: that of the sphere around its hottest voxel (of several alike, the highest). A sphere that the image
    cuts counts with its part inside, as IBSI has it.
    """
    best, local = np.full(len(top), -np.inf), np.full(len(top), -np.inf)
    values, shape = volume.array.ravel(), volume.array.shape
    for start in range(0, len(labels), _CENTRES):
        here = place[start : start + _CENTRES]
        own = labels[start : start + _CENTRES].astype(np.int64) - 1
        means = compute_sphere_means(volume, np.stack(np.unravel_index(here, shape), axis=1)).mean
        np.maximum.at(best, own, means)
        hottest = values[here] == top[own]
        np.maximum.at(local, own[hottest], means[hottest])
    return best, local
