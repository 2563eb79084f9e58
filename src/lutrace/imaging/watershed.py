"""Touching lesions told apart: a watershed on the uptake, its basins joined unless their peaks stand out.

Each voxel belongs to the local maximum that steepest ascent leads to. Basins meet at saddles; from the highest saddle
down, the basin with the lower peak joins the other unless its peak stands out of the saddle by a share of itself
(`prominence`), lies a least distance away and has a least size; then parts that meet without a waist join as well,
unless a deep valley parts them (see `waists`). This is the hierarchy of h-maxima with a height
relative to each peak (Meyer 1994 for the topographic distance; Soille, Morphological Image Analysis, 2003, chapters 6
and 9). It works on the foreground voxels alone, so its cost grows with the lesions and not with the body.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging.basins import Edges, join_basins
from lutrace.imaging.components import Connectivity, LabelledVoxels
from lutrace.imaging.neighbourhood import Pairs, compute_weighted_sums, find_touching, mark_beside
from lutrace.imaging.peak import sphere_offsets
from lutrace.imaging.volume import BoolArray, Volume
from lutrace.imaging.waists import join_without_waist

_FWHM_PER_SIGMA = 2.3548200450309493
_REACH_SIGMA = 2.5


@dataclass(frozen=True)
class SplitRule:
    """When two peaks are two lesions: all three must hold.

    `prominence`: (lower peak - saddle) / lower peak, of the smoothed uptake, is at least this. `least_distance_mm`:
    the peaks are no closer. `min_voxels`: the smaller part has no fewer. `smoothing_fwhm_mm`: width of the Gaussian
    that takes the noise from the uptake before it is compared; volumes and values are of the unsmoothed scan.
    `broad_prominence`: what is asked in place of `prominence` of parts that meet without a waist; 0 asks nothing more.
    """

    prominence: float
    least_distance_mm: float
    smoothing_fwhm_mm: float
    min_voxels: int = 1
    broad_prominence: float = 0.0


@dataclass(frozen=True, eq=False)
class Split:
    """The part of each voxel, in the order of the voxels given: 0 where it flows into a normal organ, else 1..count.

    By part: `component` it came from, its `peak`, and `saddle`, the highest uptake at which it touches part 0 (NaN when
    it does not), both of the unsmoothed scan. The parts of a component and part 0 hold all of its voxels.
    """

    part: NDArray[np.int32]
    count: int
    component: NDArray[np.int32]
    peak: NDArray[np.float64]
    saddle: NDArray[np.float64]


def split_by_uptake(
    volume: Volume,
    voxels: LabelledVoxels,
    rule: SplitRule,
    *,
    connectivity: Connectivity = 26,
    normal: BoolArray | None = None,
) -> Split:
    """The parts of each component in `voxels` by the watershed on the volume's uptake.

    `normal` marks, one per voxel, those that are an organ: they are one basin, part 0, and what flows into it or does
    not stand out of it goes there. The result does not depend on chance.
    """
    if voxels.count == 0:
        nothing = np.zeros(0, np.float64)
        return Split(np.zeros(0, np.int32), 0, np.zeros(0, np.int32), nothing, nothing)
    if normal is not None and normal.any():
        return _split_at_organs(volume, voxels, rule, connectivity, normal)
    return _split_listed(volume, voxels, rule, connectivity, np.zeros(len(voxels.place), np.bool_))


def _split_at_organs(
    volume: Volume, voxels: LabelledVoxels, rule: SplitRule, connectivity: Connectivity, normal: BoolArray
) -> Split:
    """The parts, looking only at such voxels of organs as touch another voxel: what lies deeper decides nothing."""
    kept = ~normal | mark_beside(voxels.place, voxels.place[~normal], volume.array.shape)
    listed = LabelledVoxels(voxels.place[kept], voxels.number[kept], voxels.count)
    found = _split_listed(volume, listed, rule, connectivity, normal[kept])
    part = np.zeros(len(kept), np.int32)
    part[kept] = found.part
    return replace(found, part=part)


def _split_listed(
    volume: Volume, voxels: LabelledVoxels, rule: SplitRule, connectivity: Connectivity, given: BoolArray
) -> Split:
    """The parts of the voxels in the list; `given` marks those of an organ."""
    if not len(voxels.place):
        nothing = np.zeros(0, np.float64)
        return Split(np.zeros(0, np.int32), 0, np.zeros(0, np.int32), nothing, nothing)
    uptake = smooth_at(volume, voxels.place, rule.smoothing_fwhm_mm)
    pairs = find_touching(voxels.place, volume.array.shape, connectivity)
    basin_of, roots = _basins(uptake, pairs, given)
    apart = np.flatnonzero(basin_of[pairs[0]] != basin_of[pairs[1]])
    pairs = pairs[0][apart], pairs[1][apart]
    peak = np.where(given[roots], np.inf, uptake[roots])
    edges = _edges(uptake, pairs, basin_of, len(roots))
    index = np.stack(np.unravel_index(voxels.place[roots], volume.array.shape), axis=1)
    places_mm = volume.geometry.to_mm(index.astype(np.float64))
    size = np.bincount(basin_of, minlength=len(roots))
    group = join_basins(peak, places_mm, size, edges, rule_of(rule))
    if rule.broad_prominence > 0:
        joined = join_without_waist(
            roots[group[basin_of]],
            uptake,
            pairs,
            voxels.place,
            volume.geometry,
            prominence=rule.broad_prominence,
            fixed=int(roots[group[basin_of[given]][0]]) if given.any() else None,
        )
        for gone, kept in joined.items():
            group[group == np.searchsorted(roots, gone)] = np.searchsorted(roots, kept)
    measured = volume.array.ravel()[voxels.place].astype(np.float64)
    return _split(voxels, given, measured, pairs, (basin_of, roots, group))


def rule_of(rule: SplitRule) -> tuple[float, float, int]:
    """The three conditions as `join_basins` takes them."""
    return (rule.prominence, rule.least_distance_mm, rule.min_voxels)


def smooth_at(volume: Volume, place: NDArray[np.int64], fwhm_mm: float) -> NDArray[np.float64]:
    """The volume at flat indices `place`, in its unit, after a Gaussian of `fwhm_mm`, cut at 2.5 sigma.

    Beyond the image its edge goes on.
    """
    values = volume.array.ravel()
    sigma_mm = fwhm_mm / _FWHM_PER_SIGMA
    offsets = sphere_offsets(volume.geometry, _REACH_SIGMA * sigma_mm)
    if len(offsets) == 1:
        return values[place].astype(np.float64)
    spacing_zyx = np.asarray(volume.geometry.spacing_mm[::-1])
    weights = np.exp(-0.5 * ((offsets * spacing_zyx) ** 2).sum(axis=1) / sigma_mm**2)
    weights /= weights.sum()
    shape = np.asarray(volume.array.shape)
    strides = np.asarray([shape[1] * shape[2], shape[2], 1])
    index = np.stack(np.unravel_index(place, volume.array.shape), axis=1)
    reach = np.abs(offsets).max(axis=0)
    at_edge = ((index < reach) | (index >= shape - reach)).any(axis=1)
    total = np.zeros(len(place))
    total[~at_edge] = compute_weighted_sums(values, place[~at_edge], offsets @ strides, weights)
    for offset, weight in zip(offsets, weights, strict=True):
        total[at_edge] += weight * values[np.clip(index[at_edge] + offset, 0, shape - 1) @ strides]
    return total


def _basins(
    uptake: NDArray[np.float64],
    pairs: Pairs,
    normal: BoolArray,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The basin of each voxel, and the voxel at which each basin ends: its maximum, or the first of an organ."""
    order = len(uptake) - 1 - np.argsort(uptake[::-1], kind="stable")  # of equal uptake, the later place first
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    best = rank.copy()
    left, right = pairs
    np.maximum.at(best, left, rank[right])
    np.maximum.at(best, right, rank[left])
    towards = order[best]
    if normal.any():
        towards[normal] = np.flatnonzero(normal)[0]
    while True:
        further = towards[towards]
        if np.array_equal(further, towards):
            break
        towards = further
    roots = np.flatnonzero(towards == np.arange(len(towards)))
    number = np.empty(len(towards), np.int64)
    number[roots] = np.arange(len(roots))
    return number[towards], roots


def _edges(
    uptake: NDArray[np.float64],
    pairs: Pairs,
    basin_of: NDArray[np.int64],
    n_basins: int,
) -> Edges:
    """Which basins touch, and the highest uptake at which they do; the highest saddle first.

    `pairs` are the voxels of two basins that touch.
    """
    one, other = basin_of[pairs[0]], basin_of[pairs[1]]
    saddle = np.minimum(uptake[pairs[0]], uptake[pairs[1]])
    low, high = np.minimum(one, other), np.maximum(one, other)
    key = low * n_basins + high
    order = np.lexsort((-saddle, key))
    first = order[np.unique(key[order], return_index=True)[1]]
    first = first[np.lexsort((key[first], -saddle[first]))]
    return Edges(low[first], high[first], saddle[first])


def _split(
    voxels: LabelledVoxels,
    normal: BoolArray,
    uptake: NDArray[np.float64],
    pairs: Pairs,
    basins: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
) -> Split:
    """Parts numbered by component, then by their first voxel; the basin of the organs is part 0.

    `pairs` are the voxels of two basins that touch.
    """
    basin_of, roots, group = basins
    group_of = group[basin_of]
    names = np.setdiff1d(group, group[normal[roots]])
    first = np.empty(len(roots), np.int64)
    first[group_of[::-1]] = np.arange(len(group_of) - 1, -1, -1)  # the last written stays
    names = names[np.lexsort((first[names], voxels.number[first[names]]))]
    rename = np.zeros(len(roots), np.int32)
    rename[names] = np.arange(1, len(names) + 1, dtype=np.int32)
    part = rename[group_of]
    component = voxels.number[first[names]]
    peak = np.full(len(names) + 1, -np.inf)
    np.maximum.at(peak, part, uptake)
    saddle = np.full(len(names) + 1, -np.inf)
    for near, far in (pairs, pairs[::-1]):
        touching = (part[near] > 0) & (part[far] == 0)
        np.maximum.at(saddle, part[near[touching]], np.minimum(uptake[near[touching]], uptake[far[touching]]))
    saddle[np.isinf(saddle)] = np.nan
    return Split(part, len(names), component.astype(np.int32), peak[1:], saddle[1:])
