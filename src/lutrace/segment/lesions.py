"""Lesions of one scan under one plan: voxels, rows and the three totals."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.core import ContradictionError, Row, canonical_json, digest_of
from lutrace.imaging import (
    BoolArray,
    Geometry,
    Mask,
    RegionMeasures,
    Volume,
    field_of_view_mm,
    label_components,
    measure_labels,
)
from lutrace.segment.physiological import Category, find_normal_uptake, sort_components
from lutrace.segment.plan import Plan
from lutrace.segment.reference import LiverReference, measure_liver
from lutrace.segment.sites import sites_of
from lutrace.segment.thresholds import compute_seed_suv, refine


@dataclass(frozen=True)
class Lesion:
    """One component: its number in the label array, what it is taken for, where it lies, what it measures in SUVbw."""

    lesion: int
    category: Category
    site: str | None
    measures: RegionMeasures
    below_resolution: bool


@dataclass(frozen=True)
class Burden:
    """The totals of one scan: mL, SUVbw in g/mL; tumour figures are None without tumour.

    `above_threshold_ml` counts every voxel above the threshold; `tumour_auto_ml` the components taken for tumour;
    `uncertain_ml` those that need a reader. Without organ masks all components are uncertain: candidate uptake, not
    tumour volume.
    """

    above_threshold_ml: float
    tumour_auto_ml: float
    uncertain_ml: float
    suv_mean: float | None
    suv_max: float | None
    tlp_ml: float | None
    lesions: int


@dataclass(frozen=True, eq=False)
class LesionSet:
    """What `find_lesions` gives: labels (0 background; 1.. as the lesions' numbers) on the volume's grid, and rows."""

    labels: NDArray[np.int32]
    geometry: Geometry
    lesions: tuple[Lesion, ...]
    burden: Burden
    plan: Plan
    organs_given: bool
    threshold_suv: float
    liver: LiverReference | None
    inputs_digest: str
    notes: tuple[str, ...]

    def array_of(self, category: Category) -> BoolArray:
        """The voxels of all lesions of one category."""
        chosen = np.zeros(len(self.lesions) + 1, np.bool_)
        for lesion in self.lesions:
            chosen[lesion.lesion] = lesion.category == category
        return np.asarray(chosen[self.labels])

    @property
    def rows(self) -> list[Row]:
        """Rows of the table `lesions` but for patient, scan and provenance."""
        return [_row(lesion, self.plan) for lesion in self.lesions]

    @property
    def burden_row(self) -> Row:
        """The row of the table `tumour_burdens` but for patient, scan and provenance."""
        box = [[round(low, 3), round(high, 3)] for low, high in field_of_view_mm(self.geometry)]
        return {
            "plan": self.plan.name,
            "plan_digest": self.plan.digest,
            "organs_given": self.organs_given,
            "above_threshold_ml": self.burden.above_threshold_ml,
            "tumour_auto_ml": self.burden.tumour_auto_ml,
            "uncertain_ml": self.burden.uncertain_ml,
            "tumour_reviewed_ml": None,
            "suv_mean": self.burden.suv_mean,
            "suv_max": self.burden.suv_max,
            "tlp_ml": self.burden.tlp_ml,
            "lesions": self.burden.lesions,
            "field_of_view_mm": canonical_json(box),
            "inputs_digest": self.inputs_digest,
        }


def find_lesions(volume_suv: Volume, organ_masks: Sequence[Mask], plan: Plan) -> LesionSet:
    """The lesions of a scan in SUVbw (g/mL) under a plan.

    `organ_masks` carry the vocabulary's region names (liver, kidney_left, skeleton, ...) and the volume's grid. Voxels
    at or above the threshold, inside `body` when that mask is given, less what the physiological organs explain (see
    `physiological`), form components; those of at least the plan's volume are measured and sorted. Components that lie
    wholly in removed voxels have no row. Without any physiological organ mask every component is `uncertain`.
    Raises ContradictionError for a volume that is not SUVbw or a mask on another grid, MissingFactError when the plan
    needs a liver that is not given.
    """
    organs = _by_region(volume_suv, organ_masks)
    liver = _liver(volume_suv, organs, plan)
    threshold = compute_seed_suv(plan, liver)
    above = volume_suv.array >= threshold
    if "body" in organs:
        above &= organs["body"].array
    given = [organ.region for organ in plan.physiological if organ.region in organs]
    normal = find_normal_uptake(volume_suv, organs, plan)
    voxel_ml = volume_suv.geometry.voxel_volume_ml
    least = max(int(np.ceil(plan.min_volume_ml / voxel_ml - 1e-9)), 1)
    seeds = label_components(above & ~normal.removed, connectivity=plan.connectivity, min_voxels=least)
    kept = label_components(refine(volume_suv, seeds, plan), connectivity=plan.connectivity, min_voxels=least)
    sorted_ = sort_components(volume_suv, kept, normal, own_peak_ratio=plan.own_peak_ratio)
    unsure: Category = "uncertain"
    categories = sorted_ if given else (unsure,) * kept.count
    lesions = _lesions(volume_suv, kept.labels, categories, sites_of(kept.labels, kept.count, organs), plan)
    missing = [organ.region for organ in plan.physiological if organ.region not in organs]
    return LesionSet(
        labels=kept.labels,
        geometry=volume_suv.geometry,
        lesions=lesions,
        burden=_burden(lesions, float(above.sum() * voxel_ml)),
        plan=plan,
        organs_given=bool(given),
        threshold_suv=threshold,
        liver=liver,
        inputs_digest=_inputs_digest(volume_suv, organs, plan),
        notes=_notes(given, missing, liver),
    )


def _by_region(volume: Volume, masks: Sequence[Mask]) -> dict[str, Mask]:
    if volume.unit != "g/mL":
        raise ContradictionError(f"lesions: expected a volume in SUVbw (g/mL), found {volume.unit}; apply the factor")
    organs: dict[str, Mask] = {}
    for mask in masks:
        if not volume.geometry.same_grid(mask.geometry):
            raise ContradictionError(f"region {mask.name}: lies on another grid than the scan; resample it first")
        if mask.name in organs:
            raise ContradictionError(f"region {mask.name}: expected one mask, found two; join or rename them")
        organs[mask.name] = mask
    return organs


def _liver(volume: Volume, organs: dict[str, Mask], plan: Plan) -> LiverReference | None:
    """The reference of the liver given, without its foci that the plan would keep as candidates."""
    mask = organs.get("liver")
    if mask is None or not mask.array.any():
        return None
    rule = next((organ.keep_above_median for organ in plan.physiological if organ.region == "liver"), None)
    hot = None if rule is None else volume.array > rule * float(np.median(volume.array[mask.array]))
    return measure_liver(volume, mask, erosion_mm=plan.liver_erosion_mm, exclude=hot)


def _lesions(
    volume: Volume,
    labels: NDArray[np.int32],
    categories: Sequence[Category],
    sites: Sequence[str | None],
    plan: Plan,
) -> tuple[Lesion, ...]:
    resolution_ml = np.pi / 6.0 * plan.resolution_fwhm_mm**3 / 1000.0
    measured = measure_labels(volume, labels)
    return tuple(
        Lesion(number, category, site, measures, bool(measures.volume_ml < resolution_ml))
        for number, (category, site, measures) in enumerate(zip(categories, sites, measured, strict=True), start=1)
    )


def _burden(lesions: Sequence[Lesion], above_threshold_ml: float) -> Burden:
    tumour = [lesion.measures for lesion in lesions if lesion.category == "tumour"]
    volume_ml = sum(measures.volume_ml for measures in tumour)
    total = sum(measures.total for measures in tumour)
    return Burden(
        above_threshold_ml=above_threshold_ml,
        tumour_auto_ml=volume_ml,
        uncertain_ml=sum(lesion.measures.volume_ml for lesion in lesions if lesion.category == "uncertain"),
        suv_mean=total / volume_ml if tumour else None,
        suv_max=max(measures.max for measures in tumour) if tumour else None,
        tlp_ml=total if tumour else None,
        lesions=len(tumour),
    )


def _notes(given: Sequence[str], missing: Sequence[str], liver: LiverReference | None) -> tuple[str, ...]:
    notes = list(liver.notes) if liver is not None else []
    if not given:
        notes.append("no organ masks: candidate uptake, not tumour volume")
    elif missing:
        notes.append(f"no mask of {', '.join(missing)}: their normal uptake may be taken for tumour")
    return tuple(notes)


def _inputs_digest(volume: Volume, organs: dict[str, Mask], plan: Plan) -> str:
    """Digest of what the result rests on: plan, SUV voxels with their grid, and masks."""
    grid = [volume.geometry.size_xyz, volume.geometry.spacing_mm, volume.geometry.origin_mm, volume.geometry.direction]
    masks = {name: hashlib.sha256(np.packbits(mask.array).tobytes()).hexdigest() for name, mask in organs.items()}
    pixels = hashlib.sha256(volume.array.tobytes()).hexdigest()
    return digest_of([plan.digest, grid, pixels, masks])


def _row(lesion: Lesion, plan: Plan) -> Row:
    measures = lesion.measures
    return {
        "lesion": lesion.lesion,
        "plan": plan.name,
        "plan_digest": plan.digest,
        "track_id": None,
        "category": lesion.category,
        "site": lesion.site,
        "volume_ml": measures.volume_ml,
        "voxels": measures.voxels,
        "suv_mean": measures.mean,
        "suv_max": measures.max,
        "suv_peak": measures.peak,
        "tlp_ml": measures.total,
        "x_mm": measures.centroid_mm[0],
        "y_mm": measures.centroid_mm[1],
        "z_mm": measures.centroid_mm[2],
        "below_resolution": lesion.below_resolution,
    }
