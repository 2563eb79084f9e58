"""Which voxels of a scan are uptake, by the plan's threshold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import erf, exp, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from lutrace.core import MissingFactError, UnsupportedError
from lutrace.imaging import BoolArray, FloatArray, Geometry, LabelledVoxels, Volume, connect_voxels, distance_to
from lutrace.segment.plan import Plan
from lutrace.segment.reference import LiverReference

_FWHM_PER_SIGMA = 2.3548200450309493
_ROUNDS = 40


def check_validity(plan: Plan, *, tracer: str | None, modality: str | None) -> None:
    """Refuse a plan whose constant was measured with another tracer or modality.

    Raises MissingFactError when the plan asks for them and they are not stated, UnsupportedError when they differ.
    """
    valid = plan.threshold.valid_for
    if valid is None:
        return
    remedy = "take another plan, or set a constant of your site's own, which is then marked unvalidated"
    wanted = f"plan {plan.name}: its constant {plan.threshold.suv:g} holds for {valid.tracer} "
    wanted += f"{valid.modality} only"
    if tracer is None or modality is None:
        raise MissingFactError(f"{wanted}, and the scan's tracer or modality is not stated; {remedy}")
    word = re.sub(r"[^a-z0-9]", "", tracer.lower())
    known = any(one in word for one in valid.radionuclides) and any(one in word for one in valid.ligands)
    if not known or modality != valid.modality:
        raise UnsupportedError(f"{wanted}, found another tracer or modality ({modality}); {remedy}")


def compute_seed_suv(plan: Plan, liver: LiverReference | None) -> float:
    """The SUVbw in g/mL at which a voxel becomes a candidate; 0 for a plan whose candidates a network drew.

    Raises MissingFactError when the plan needs the liver and no mask of it was given.
    """
    threshold = plan.threshold
    if threshold.kind != "liver":
        return threshold.suv
    if liver is None:
        raise MissingFactError(
            f"plan {plan.name}: its threshold rests on the liver of the same scan; give a mask named liver"
        )
    return threshold.suv / liver.suv_mean * (liver.suv_mean + liver.suv_sd)


def compute_size_adapted_level(radius_mm: float, fwhm_mm: float) -> float:
    """The share of its centre's value, above background, at which a blurred sphere keeps its radius.

    A uniform sphere of `radius_mm` blurred by a Gaussian of `fwhm_mm` has at distance r the value f(r); this is
    f(R) / f(0): one half for large spheres, 0.38 at least (R = 1.25 FWHM), towards 1 for small ones.
    Source: van Dalen et al., Nucl Med Commun 2007;28:485, the background-subtracted relative threshold level, with the
    sphere blurred in closed form.

    >>> [round(compute_size_adapted_level(r, 12.0), 2) for r in (5.0, 10.0, 100.0)]
    [0.67, 0.41, 0.48]
    """
    a = radius_mm * _FWHM_PER_SIGMA / fwhm_mm
    centre = erf(a / sqrt(2)) - sqrt(2 / pi) * a * exp(-(a**2) / 2)
    edge = 0.5 * erf(sqrt(2) * a) - (1 - exp(-2 * a**2)) / (a * sqrt(2 * pi))
    return edge / centre


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The scan around the seeds: its resolution, where lesions may grow (`free`), and all seeds as a label array."""

    volume: Volume
    fwhm_mm: float
    blocked: BoolArray | None
    labels: NDArray[np.int32]


def refine(
    volume: Volume, seeds: LabelledVoxels, plan: Plan, *, fwhm_mm: float, blocked: BoolArray | None
) -> tuple[LabelledVoxels, NDArray[np.int32]]:
    """Each seed drawn at its own level, as components, and the seed of each; the seeds themselves for other plans.

    A level above the seed's threshold cuts it. One below lets it grow, but not into another seed or `blocked` (organs),
    and no further than one resolution: a seed that would leak beyond keeps its own voxels.
    """
    if plan.threshold.kind not in ("percent", "adaptive") or seeds.count == 0:
        return seeds, np.arange(1, seeds.count + 1, dtype=np.int32)
    labels = seeds.dense(volume.array.shape)
    around = Surroundings(volume, fwhm_mm, blocked, labels)
    places, numbers = [], []
    order = np.argsort(seeds.number, kind="stable")
    bounds = np.searchsorted(seeds.number[order], np.arange(1, seeds.count + 2))
    for seed in range(1, seeds.count + 1):
        own = seeds.place[order[bounds[seed - 1] : bounds[seed]]]
        drawn = _draw(around, own, seed, plan)
        labels.ravel()[own] = 0
        labels.ravel()[drawn] = seed
        places.append(drawn)
        numbers.append(np.full(len(drawn), seed, np.int32))
    place, number = np.concatenate(places), np.concatenate(numbers)
    rising = np.argsort(place)
    place, number = place[rising], number[rising]
    drawn_parts = connect_voxels(place, number, volume.array.shape, connectivity=plan.connectivity)
    seed_of = np.zeros(drawn_parts.count + 1, np.int32)
    seed_of[drawn_parts.number] = number
    return drawn_parts, seed_of[1:]


def _draw(around: Surroundings, own: NDArray[np.int64], seed: int, plan: Plan) -> NDArray[np.int64]:
    """The flat indices of one seed drawn at its level."""
    shape, geometry = around.volume.array.shape, around.volume.geometry
    uptake = around.volume.array.ravel()[own]
    if plan.threshold.percent is not None:
        level = float(uptake.max()) * plan.threshold.percent / 100.0
        if level >= plan.threshold.suv:
            return own[uptake >= level]
    reach_mm = around.fwhm_mm + (plan.threshold.shell_mm or 0.0)
    box, offset = _box(own, geometry, reach_mm)
    values = around.volume.array[box]
    mine = around.labels[box] == seed
    free = mine | (around.labels[box] == 0)
    if around.blocked is not None:
        free &= mine | ~around.blocked[box]
    distance = distance_to(mine, geometry)
    level = _level(values, (mine, free, distance), around, plan)
    wanted = free & (values >= level)
    reached = _reached(wanted, mine, plan)
    if (distance[reached] > around.fwhm_mm).any() or not reached.any():
        reached = mine & (values >= level) if (mine & (values >= level)).any() else mine
    inside = np.stack(np.nonzero(reached)) + np.asarray(offset)[:, None]
    return np.asarray(np.ravel_multi_index(tuple(inside), shape), np.int64)


def _level(
    values: FloatArray, regions: tuple[BoolArray, BoolArray, FloatArray], around: Surroundings, plan: Plan
) -> float:
    """The SUVbw at which one seed is drawn."""
    mine, free, distance = regions
    top = float(values[mine].max())
    if plan.threshold.percent is not None:
        return top * plan.threshold.percent / 100.0
    near = free & (distance <= around.fwhm_mm)
    shell = free & (distance > around.fwhm_mm) & (distance <= around.fwhm_mm + (plan.threshold.shell_mm or 0.0))
    background = float(np.median(values[shell])) if shell.any() else 0.0
    inside = np.sort(values[near])[::-1]
    voxel_ml = around.volume.geometry.voxel_volume_ml
    level = background + (top - background) / 2.0
    for _ in range(_ROUNDS):
        volume_ml = max(int((inside >= level).sum()), 1) * voxel_ml
        radius_mm = (volume_ml * 1000.0 * 3.0 / (4.0 * pi)) ** (1.0 / 3.0)
        share = compute_size_adapted_level(radius_mm, around.fwhm_mm)
        adapted = background + share * (top - background)
        if abs(adapted - level) < 1e-3 * top:
            break
        level = adapted
    return level


def _reached(wanted: BoolArray, mine: BoolArray, plan: Plan) -> BoolArray:
    """The part of `wanted` that hangs together with the seed."""
    place = np.flatnonzero(wanted)
    found = connect_voxels(place, np.ones(len(place), np.int32), wanted.shape, connectivity=plan.connectivity)
    hit = np.zeros(found.count + 1, np.bool_)
    hit[np.unique(found.number[mine.ravel()[found.place]])] = True
    reached = np.zeros(wanted.shape, np.bool_)
    reached.ravel()[found.place[hit[found.number]]] = True
    return reached


def _box(own: NDArray[np.int64], geometry: Geometry, margin_mm: float) -> tuple[tuple[slice, ...], tuple[int, ...]]:
    """The part of the grid within `margin_mm` of the voxels, and the index of its first voxel."""
    bounds = []
    for axis, index in enumerate(np.unravel_index(own, geometry.shape_zyx)):
        steps = int(np.ceil(margin_mm / geometry.spacing_mm[2 - axis])) + 1
        bounds.append(slice(max(int(index.min()) - steps, 0), int(index.max()) + steps + 1))
    return tuple(bounds), tuple(one.start for one in bounds)
