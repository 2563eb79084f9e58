"""Normal uptake told from tumour: organs grown by the spill-out, and what of a component stands out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lutrace.imaging import BoolArray, Components, Mask, Volume, dilate
from lutrace.segment.plan import Plan

Category = Literal["tumour", "physiological", "uncertain"]


@dataclass(frozen=True, eq=False)
class NormalUptake:
    """`removed`: voxels explained by an organ (its mask and margin); `kept`: hot voxels inside an organ that stay."""

    removed: BoolArray
    kept: BoolArray


def find_normal_uptake(volume: Volume, organs: Mapping[str, Mask], plan: Plan) -> NormalUptake:
    """The voxels that the plan's physiological organs explain, by region name of the masks given."""
    removed = np.zeros(volume.array.shape, np.bool_)
    kept = np.zeros(volume.array.shape, np.bool_)
    for organ in plan.physiological:
        mask = organs.get(organ.region)
        if mask is None or not mask.array.any():
            continue
        zone = dilate(mask.array, volume.geometry, plan.organ_margin_mm)
        if organ.keep_above_median is not None:
            limit = organ.keep_above_median * float(np.median(volume.array[mask.array]))
            hot = zone & (volume.array > limit)
            kept |= hot & mask.array
            zone &= ~hot
        removed |= zone
    return NormalUptake(removed, kept & ~removed)


def sort_components(
    volume: Volume, components: Components, normal: NormalUptake, *, own_peak_ratio: float
) -> tuple[Category, ...]:
    """The category of each component of what was not removed.

    Away from removed voxels: tumour. Touching them (a corner is enough): by its hottest voxel. If that lies at the cut
    (next to a removed voxel), the rest only decays away from the organ: physiological. Otherwise, when it is at least
    `own_peak_ratio` times the mean of the voxels at the cut, a focus of its own: tumour; else uncertain. With most of
    its voxels inside an organ that keeps hot spots (liver): uncertain, never tumour by itself.
    """
    if components.count == 0:
        return ()
    reach = 1.01 * float(np.sqrt(np.sum(np.square(volume.geometry.spacing_mm))))
    place = np.flatnonzero(components.labels)
    number = components.labels.ravel()[place].astype(np.int64)
    value = volume.array.ravel()[place].astype(np.float64)
    at_cut = dilate(normal.removed, volume.geometry, reach).ravel()[place]
    inside = normal.kept.ravel()[place]
    order = np.lexsort((at_cut, -value, number))
    hottest = order[np.unique(number[order], return_index=True)[1]]
    size = components.count + 1
    n_cut = np.bincount(number, at_cut, size)[1:]
    cut_mean = np.bincount(number, at_cut * value, size)[1:] / np.maximum(n_cut, 1)
    mostly_inside = np.bincount(number, inside, size)[1:] > 0.5 * np.bincount(number, minlength=size)[1:]
    categories: list[Category] = []
    for k in range(components.count):
        if mostly_inside[k]:
            categories.append("uncertain")
        elif n_cut[k] == 0:
            categories.append("tumour")
        elif at_cut[hottest[k]]:
            categories.append("physiological")
        else:
            categories.append("tumour" if value[hottest[k]] >= own_peak_ratio * cut_mean[k] else "uncertain")
    return tuple(categories)
