"""What each component looks like: place, size, heat, form, its mirror image, CT, and the masks that it lies in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging import Components, Mask, Volume, sample_volume

Floats = NDArray[np.float64]

_HOTTEST_ML = 20.0
_SMALLEST_WITH_FORM = 12
"""Voxels below which a component's axes mean nothing."""


@dataclass(frozen=True, eq=False)
class Features:
    """One row per component: LPS centre (mm), volume (mL), SUVmax, and the ratios that `UptakeForm` explains.

    NaN where a feature is unknown: `elongation` and `upright` of few voxels, `bone` (part in bone) and `hu` without CT.
    `inside` holds the part that lies in each mask given (or the part of the mask it fills, if that is more);
    `touching` the pairs of components at most two voxels apart.
    """

    centre_mm: Floats
    volume_ml: Floats
    suv_max: Floats
    heat: Floats
    rise: Floats
    elongation: Floats
    upright: Floats
    bone: Floats
    hu: Floats
    inside: dict[str, Floats]
    touching: frozenset[tuple[int, int]]


def measure_features(
    volume_suv: Volume, components: Components, *, ct: Volume | None, skeleton: Mask | None, organs: Sequence[Mask]
) -> Features:
    """The features of components 1..count (at least one), read from their voxels only."""
    place = np.flatnonzero(components.labels)
    number = components.labels.ravel()[place].astype(np.int64)
    value = volume_suv.array.ravel()[place].astype(np.float64)
    voxels = np.bincount(number, minlength=components.count + 1)[1:]
    high, low = np.full(components.count + 1, -np.inf), np.full(components.count + 1, np.inf)
    np.maximum.at(high, number, value)
    np.minimum.at(low, number, value)
    index = np.stack(np.unravel_index(place, components.labels.shape), axis=1).astype(np.float64)
    points = volume_suv.geometry.to_mm(index)
    centre, elongation, upright = _axes(points, number, voxels)
    voxel_ml = volume_suv.geometry.voxel_volume_ml
    hottest = np.sort(value)[-min(max(int(_HOTTEST_ML / voxel_ml), 1), len(value))]
    bone = hu = np.full(components.count, np.nan)
    if skeleton is not None:
        bone = np.bincount(number, skeleton.array.ravel()[place], components.count + 1)[1:] / voxels
    if ct is not None:
        on_scan = sample_volume(ct, volume_suv.geometry, place, outside=np.nan)
        hu = np.bincount(number, on_scan, components.count + 1)[1:] / voxels
    return Features(
        centre_mm=centre,
        volume_ml=np.asarray(voxels * voxel_ml, np.float64),
        suv_max=high[1:],
        heat=high[1:] / hottest,
        rise=high[1:] / np.maximum(low[1:], 1e-3),
        elongation=elongation,
        upright=upright,
        bone=bone,
        hu=hu,
        inside={mask.name: _part_inside(mask, place, number, voxels) for mask in organs},
        touching=_touching(components),
    )


def _axes(points: Floats, number: NDArray[np.int64], voxels: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Centres, ratio of the two longest axes, and cosine between the longest axis and the patient's z."""
    count = len(voxels)
    centre = np.stack([np.bincount(number, points[:, a], count + 1)[1:] / voxels for a in range(3)], axis=1)
    away = points - centre[number - 1]
    spread = np.empty((count, 3, 3))
    for a in range(3):
        for b in range(a, 3):
            spread[:, a, b] = np.bincount(number, away[:, a] * away[:, b], count + 1)[1:] / voxels
            spread[:, b, a] = spread[:, a, b]
    lengths, axes = np.linalg.eigh(spread)
    elongation = np.sqrt(lengths[:, 2] / np.maximum(lengths[:, 1], 1e-6))
    upright = np.abs(axes[:, 2, 2])
    few = voxels < _SMALLEST_WITH_FORM
    return centre, np.where(few, np.nan, elongation), np.where(few | (elongation < 1.2), np.nan, upright)


def _part_inside(mask: Mask, place: NDArray[np.int64], number: NDArray[np.int64], voxels: NDArray[np.int64]) -> Floats:
    common = np.bincount(number, mask.array.ravel()[place], len(voxels) + 1)[1:]
    whole = max(int(mask.array.sum()), 1)
    return np.asarray(np.maximum(common / voxels, common / whole))


def _touching(components: Components) -> frozenset[tuple[int, int]]:
    """Pairs of components with voxels at most two steps apart along an axis of the grid."""
    labels = components.labels
    pairs: set[tuple[int, int]] = set()
    for axis in range(3):
        for step in (1, 2):
            one = np.moveaxis(labels, axis, 0)[:-step]
            other = np.moveaxis(labels, axis, 0)[step:]
            meet = (one != 0) & (other != 0) & (one != other)
            if meet.any():
                found = np.unique(np.stack([one[meet], other[meet]]), axis=1)
                pairs |= {(int(min(a, b)), int(max(a, b))) for a, b in found.T}
    return frozenset(pairs)


def find_twins(features: Features, atlas_mm: Floats) -> NDArray[np.int64]:
    """For each component the number (from 0) of its mirror image about the midline, -1 without one.

    Atlas places: mirrored within 25 mm across and in depth and 40 mm in height, at least 12 mm off the midline, volume
    within a factor of 3 and SUVmax within 2.5; the nearest when there are several.
    """
    mirrored = atlas_mm * np.array([-1.0, 1.0, 1.0])
    away = np.abs(mirrored[:, None, :] - atlas_mm[None, :, :])
    size = np.abs(np.log(features.volume_ml[:, None] / features.volume_ml[None, :]))
    heat = np.abs(np.log(features.suv_max[:, None] / features.suv_max[None, :]))
    lateral = np.abs(atlas_mm[:, 0]) > 12.0
    fits = (away <= np.array([25.0, 25.0, 40.0])).all(axis=2) & (size < np.log(3.0)) & (heat < np.log(2.5))
    fits &= lateral[:, None] & lateral[None, :]
    np.fill_diagonal(fits, False)
    distance = np.where(fits, np.linalg.norm(away, axis=2), np.inf)
    nearest = distance.argmin(axis=1)
    return np.where(np.isfinite(distance.min(axis=1)), nearest, -1)
