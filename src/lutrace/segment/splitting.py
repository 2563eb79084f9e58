"""The candidates of a scan: components above a threshold, split where lesions touch, each with what it is taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lutrace.imaging import (
    BoolArray,
    Components,
    LabelledVoxels,
    Mask,
    Split,
    SplitRule,
    Volume,
    connect_voxels,
    label_components,
    split_by_uptake,
)
from lutrace.segment.labeller import Identity, identify
from lutrace.segment.organ_parts import join_organ_parts
from lutrace.segment.organ_set import OrganSource
from lutrace.segment.physiological import BesideOrgans, Category, NormalUptake, find_tails, sort_parts
from lutrace.segment.plan import Plan
from lutrace.segment.scan_facts import ScanFacts, modality_of
from lutrace.terms import uptake_identities


@dataclass(frozen=True, eq=False)
class Parts:
    """Candidates 1..count of a scan.

    By part: its category, what the labeller takes it for (None when organ masks decided), and the number of the
    component that it was split from (None when it was not). `above_voxels` counts all voxels above the threshold.
    """

    voxels: LabelledVoxels
    categories: tuple[Category, ...]
    identities: tuple[Identity | None, ...]
    components: tuple[int | None, ...]
    above_voxels: int


@dataclass(frozen=True, eq=False)
class Ground:
    """What the candidates of a scan are told apart by: organs by region, their normal uptake, where it comes from."""

    organs: Mapping[str, Mask]
    normal: NormalUptake | None
    source: OrganSource
    facts: ScanFacts


def find_parts(volume: Volume, above: NDArray[np.int64], plan: Plan, ground: Ground, *, threshold_suv: float) -> Parts:
    """The candidates among the voxels `above` a threshold (flat indices that rise), in the order of their components.

    Organ masks mark a basin of the watershed, so that a lesion beside an organ keeps its own voxels up to the
    valley between them. Without organ masks the labeller says what each part is; with some missing, a part that it
    takes for a missing organ waits for a reader. A part that holds a tumour seed is tumour whatever it lies in.
    """
    found = connect_voxels(above, np.ones(len(above), np.int32), volume.array.shape, connectivity=plan.connectivity)
    least = plan.min_voxels_of(modality_of(ground.facts), volume.geometry.voxel_volume_ml)
    split = _split(volume, found, plan, ground, least=least)
    part, seeded = _with_seeds(split, found, ground.facts.get("tumour_seeds"))
    count = len(seeded) - 1
    lesion = part > 0
    voxels = LabelledVoxels(found.place[lesion], part[lesion], count)
    size = np.bincount(voxels.number, minlength=count + 1)
    kept = (size >= least) | seeded
    parts = voxels.chosen(kept)
    chosen = np.flatnonzero(kept[1:])
    component = _grown(split.component, count, 0)[chosen]
    several = np.bincount(component, minlength=found.count + 1) > 1
    components = tuple(int(c) if c and several[c] else None for c in component)
    categories, identities = _judge(volume, parts, plan, ground, (split, chosen, threshold_suv))
    tumour: Category = "tumour"
    categories = tuple(tumour if seeded[k + 1] else one for k, one in zip(chosen, categories, strict=True))
    result = Parts(parts, categories, identities, components, len(found.place))
    if ground.normal is None:
        return result
    tails, more = find_tails(volume, found.place[part == 0], ground.normal, plan, min_voxels=least)
    return _with_tails(result, tails, more)


def _with_seeds(
    split: Split, found: LabelledVoxels, seeds: BoolArray | None
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The part of each voxel, and which parts hold a tumour seed (by number, 0 first).

    Seed voxels that went to an organ come back: to the part that their seed holds most of, else as a part of their own.
    """
    part, count = split.part.copy(), split.count
    if seeds is None or not seeds.any():
        return part, np.zeros(count + 1, np.bool_)
    labelled = label_components(seeds)
    here = labelled.labels.ravel()[found.place]
    for seed in np.unique(here[(here > 0) & (part == 0)]):
        own = here == seed
        parts = np.bincount(part[own], minlength=count + 1)
        if not parts[1:].any():
            count += 1
        target = int(parts[1:].argmax()) + 1 if parts[1:].any() else count
        part[own & (part == 0)] = target
    seeded = np.zeros(count + 1, np.bool_)
    seeded[np.unique(part[here > 0])] = True
    return part, seeded


def _grown(values: NDArray[Any], count: int, filling: float) -> NDArray[Any]:
    """The values by part, and `filling` for the parts that only seeds made."""
    return np.concatenate([values, np.full(count - len(values), filling, values.dtype)])


def _split(volume: Volume, found: LabelledVoxels, plan: Plan, ground: Ground, *, least: int) -> Split:
    """The parts under the plan's rule; without one, basins join unless an organ stands between."""
    modality = modality_of(ground.facts)
    normal = None if ground.normal is None else ground.normal.organ.ravel()[found.place]
    fwhm_mm = plan.resolution_of(modality)
    rule = SplitRule(1.0, np.inf, fwhm_mm / 2.0, least)
    if plan.splitting is not None:
        one = plan.splitting
        lengths = one.least_distance * fwhm_mm, one.smoothing * fwhm_mm
        rule = SplitRule(one.prominence, *lengths, least, broad_prominence=one.broad_prominence)
    return split_by_uptake(volume, found, rule, connectivity=plan.connectivity, normal=normal)


def _judge(
    volume: Volume,
    parts: LabelledVoxels,
    plan: Plan,
    ground: Ground,
    basis: tuple[Split, NDArray[np.int64], float],
) -> tuple[tuple[Category, ...], tuple[Identity | None, ...]]:
    """Categories and identities of the parts: by organ masks, the labeller, or both."""
    nobody: tuple[Identity | None, ...] = (None,) * parts.count
    if parts.count == 0:
        return (), ()
    tumour: Category = "tumour"
    unsure: Category = "uncertain"
    if plan.threshold.kind == "model":
        return (tumour,) * parts.count, nobody
    if ground.normal is None:
        if "labeller" not in plan.organs:
            return (unsure,) * parts.count, nobody
        split, chosen, _ = basis
        origin = [int(number) for number in split.component[chosen]]
        named = join_organ_parts(volume, parts, _identified(volume, parts, ground), origin)
        return tuple(one.category for one in named), named
    split, chosen, threshold_suv = basis
    beside = _beside(parts, ground.normal, split, chosen)
    categories = sort_parts(beside, threshold_suv=threshold_suv, own_peak_ratio=plan.own_peak_ratio)
    missing = missing_organs(plan, ground.organs)
    lacking = _identities_of(missing) if missing else set()
    if not lacking or "labeller" not in plan.organs:
        return categories, nobody
    named = _identified(volume, parts, ground)
    doubtful = [one.identity in lacking for one in named]
    return (
        tuple(unsure if doubt else one for doubt, one in zip(doubtful, categories, strict=True)),
        tuple(one if doubt else None for doubt, one in zip(doubtful, named, strict=True)),
    )


def missing_organs(plan: Plan, organs: Mapping[str, Mask]) -> tuple[str, ...]:
    """The plan's physiological organs without a mask, but for those whose mask is seldom drawn."""
    return tuple(one.region for one in plan.physiological if one.region not in organs and not one.seldom_drawn)


def _identities_of(regions: Sequence[str]) -> set[str]:
    """The labeller's identities of normal uptake in these organs."""
    wanted = set(regions)
    return {one.name for one in uptake_identities() if one.category == "physiological" and wanted & set(one.regions)}


def _identified(volume: Volume, parts: LabelledVoxels, ground: Ground) -> tuple[Identity, ...]:
    """What the labeller takes each part for."""
    return identify(
        volume,
        Components(parts.dense(volume.array.shape), parts.count),
        ct=ground.facts.get("ct"),
        organs=tuple(ground.organs.values()),
        tumour_seeds=ground.facts.get("tumour_seeds"),
        tracer=ground.facts.get("tracer"),
    )


def _beside(parts: LabelledVoxels, normal: NormalUptake, split: Split, chosen: NDArray[np.int64]) -> BesideOrgans:
    """How each part lies to the organs."""
    size = np.bincount(parts.number, minlength=parts.count + 1)[1:]
    in_zone = np.bincount(parts.number, normal.zone.ravel()[parts.place], parts.count + 1)[1:]
    in_organ = np.bincount(parts.number, normal.hot.ravel()[parts.place], parts.count + 1)[1:]
    count = int(chosen.max()) + 1 if len(chosen) else 0
    peak = _grown(split.peak, max(count, split.count), np.nan)[chosen]
    saddle = _grown(split.saddle, max(count, split.count), np.nan)[chosen]
    return BesideOrgans(peak, saddle, in_zone == size, in_organ > 0.5 * size)


def _with_tails(parts: Parts, tails: LabelledVoxels, categories: Sequence[Category]) -> Parts:
    """The parts and, after them, what flows into an organ from afar."""
    if tails.count == 0:
        return parts
    place = np.concatenate([parts.voxels.place, tails.place])
    number = np.concatenate([parts.voxels.number, tails.number + np.int32(parts.voxels.count)])
    order = np.argsort(place)
    return Parts(
        LabelledVoxels(place[order], number[order], parts.voxels.count + tails.count),
        (*parts.categories, *categories),
        (*parts.identities, *(None for _ in categories)),
        (*parts.components, *(None for _ in categories)),
        parts.above_voxels,
    )
