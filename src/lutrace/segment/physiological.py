"""Normal uptake told from tumour by organ masks: what an organ explains, and what beside it stands out on its own."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging import BoolArray, LabelledVoxels, Mask, Volume, connect_voxels, dilate_box, empty_region
from lutrace.segment.plan import Plan

_THREADS = 2
Category = Literal["tumour", "physiological", "uncertain"]


@dataclass(frozen=True, eq=False)
class NormalUptake:
    """`organ`: voxels that are the organ itself; `zone`: organs and their spill-out; `hot`: foci inside an organ."""

    organ: BoolArray
    zone: BoolArray
    hot: BoolArray


def find_normal_uptake(volume: Volume, organs: Mapping[str, Mask], plan: Plan) -> NormalUptake:
    """The voxels that the plan's physiological organs explain, by region name of the masks given."""
    organ_voxels, zone, foci = (empty_region(volume.geometry.shape_zyx) for _ in range(3))
    drawn = [(organ, organs[organ.region]) for organ in plan.physiological if organ.region in organs]
    drawn = [(organ, mask) for organ, mask in drawn if not mask.is_empty]
    with ThreadPoolExecutor(_THREADS) as pool:
        spread = pool.map(
            lambda one: dilate_box(one[1].array, volume.geometry, plan.organ_margin_mm, within=one[1].box), drawn
        )
        for around, grown in spread:
            zone[around] |= grown
    for organ, mask in drawn:
        box = mask.box
        own = mask.array[box]
        if organ.keep_above_median is None:
            organ_voxels[box] |= own
            continue
        limit = organ.keep_above_median * float(np.median(mask.values_of(volume)))
        hot = own & (volume.array[box] > limit)
        foci[box] |= hot
        organ_voxels[box] |= own & ~hot
    for organ, mask in drawn:
        if organ.keep_above_median is not None:
            foci[mask.box] &= ~organ_voxels[mask.box]
    return NormalUptake(organ_voxels, zone, foci)


@dataclass(frozen=True, eq=False)
class BesideOrgans:
    """Of each part: its peak, the saddle to an organ (NaN without), and whether it lies in a spill-out or an organ."""

    peak: NDArray[np.float64]
    saddle: NDArray[np.float64]
    in_zone: NDArray[np.bool_]
    in_organ: NDArray[np.bool_]


def sort_parts(beside: BesideOrgans, *, threshold_suv: float, own_peak_ratio: float) -> tuple[Category, ...]:
    """The category of each part that the watershed left outside the organs.

    A part that touches an organ has a peak of its own beside it: tumour when that peak is at least `own_peak_ratio`
    times the saddle between them, else uncertain. A part that touches no organ but lies wholly in the spill-out of one
    is held against the threshold in place of a saddle. One that lies mostly inside an organ that keeps its foci (liver)
    is uncertain, never tumour by itself. All others: tumour.
    """
    categories: list[Category] = []
    for k in range(len(beside.peak)):
        saddle = beside.saddle[k]
        if np.isnan(saddle) and beside.in_zone[k]:
            saddle = threshold_suv
        stands_out = np.isnan(saddle) or beside.peak[k] >= own_peak_ratio * saddle
        categories.append("tumour" if stands_out and not beside.in_organ[k] else "uncertain")
    return tuple(categories)


def find_tails(
    volume: Volume, place: NDArray[np.int64], normal: NormalUptake, plan: Plan, *, min_voxels: int
) -> tuple[LabelledVoxels, tuple[Category, ...]]:
    """What flows into an organ but lies beyond its spill-out: components and their categories.

    `place` are the flat indices of all voxels that the watershed gave to organs. A component whose hottest voxel lies
    next to the spill-out only decays away from the organ: physiological. Otherwise uncertain: it may be an organ that
    has moved between CT and scan, or tumour without a peak of its own.
    """
    beyond = place[~normal.zone.ravel()[place]]
    number = np.ones(len(beyond), np.int32)
    tails = connect_voxels(beyond, number, volume.array.shape, connectivity=plan.connectivity, min_voxels=min_voxels)
    categories: list[Category] = []
    for tail in range(1, tails.count + 1):
        own = tails.place[tails.number == tail]
        hottest = own[int(np.argmax(volume.array.ravel()[own]))]
        categories.append("physiological" if _touches(normal.zone, hottest) else "uncertain")
    return tails, tuple(categories)


def _touches(zone: BoolArray, place: np.int64) -> bool:
    """Whether a voxel shares a corner with the zone."""
    z, y, x = np.unravel_index(place, zone.shape)
    around = tuple(slice(max(int(i) - 1, 0), int(i) + 2) for i in (z, y, x))
    return bool(zone[around].any())
