"""Lesions of one scan under one plan or several: voxels, rows and the three totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from lutrace.core import MissingFactError, Row, canonical_json, digest_of
from lutrace.imaging import (
    BoolArray,
    Geometry,
    LabelledVoxels,
    Mask,
    Volume,
    empty_region,
    field_of_view_mm,
    find_places,
    measure_voxels,
)
from lutrace.segment.burden import Burden, Lesion, burden_row, compute_burden, lesion_row
from lutrace.segment.expression import ExpressionScale, compute_mipsma_score, measure_expression_scale
from lutrace.segment.labeller_bone import find_skeleton
from lutrace.segment.organ_set import OrganSource
from lutrace.segment.physiological import Category, NormalUptake, find_normal_uptake
from lutrace.segment.plan import Plan, sphere_ml
from lutrace.segment.reference import LiverReference, measure_reference, reference_region
from lutrace.segment.regions_mitnm import NodeLevels, find_node_levels, mitnm_of
from lutrace.segment.scan_facts import (
    ScanFacts,
    modality_of,
    organs_by_region,
    source_of,
)
from lutrace.segment.sites import sites_of
from lutrace.segment.splitting import Ground, Parts, find_parts, missing_organs
from lutrace.segment.thresholds import check_validity, compute_seed_suv, refine
from lutrace.segment.view_edge import find_cut_lesions


@dataclass(frozen=True, eq=False)
class LesionSet:
    """What `find_lesions` gives: the voxels of lesions 1.. on the volume's grid, their measures, and the totals.

    `organ_source`: what told tumour from normal uptake (given and model masks, the labeller, none). `organs_given` is
    false when no mask did: the totals are candidate uptake then, not TTV. `threshold_suv` is 0 for a plan
    whose candidates a network drew. `reference` is the organ that avidity is held against: the liver, or the spleen for
    PSMA-1007.
    """

    voxels: LabelledVoxels
    geometry: Geometry
    lesions: tuple[Lesion, ...]
    burden: Burden
    plan: Plan
    organs_given: bool
    organ_source: OrganSource
    threshold_suv: float
    liver: LiverReference | None
    reference: LiverReference | None
    notes: tuple[str, ...]

    @property
    def labels(self) -> NDArray[np.int32]:
        """The label array, 0 background; it is made anew each time, so keep it where it is used often."""
        return self.voxels.dense(self.geometry.shape_zyx)

    def array_of(self, category: Category) -> BoolArray:
        """The voxels of all lesions of one category."""
        chosen = np.zeros(len(self.lesions) + 1, np.bool_)
        for lesion in self.lesions:
            chosen[lesion.lesion] = lesion.category == category
        array = np.zeros(self.geometry.shape_zyx, np.bool_)
        array.ravel()[self.voxels.place] = chosen[self.voxels.number]
        return array

    @property
    def rows(self) -> list[Row]:
        """Rows of the table `lesions` but for patient, scan and provenance."""
        return [lesion_row(lesion, self.plan) for lesion in self.lesions]

    @property
    def burden_row(self) -> Row:
        """The row of the table `tumour_burdens` but for patient, scan, provenance and the digest of the inputs."""
        box = [[round(low, 3), round(high, 3)] for low, high in field_of_view_mm(self.geometry)]
        return {
            "plan": self.plan.name,
            "plan_digest": self.plan.digest,
            "organs_given": self.organs_given,
            "organ_source": self.organ_source,
            **burden_row(self.burden),
            "field_of_view_mm": canonical_json(box),
        }


def find_lesions(volume_suv: Volume, organ_masks: Sequence[Mask], plan: Plan, **facts: Unpack[ScanFacts]) -> LesionSet:
    """The lesions of a scan in SUVbw (g/mL) under a plan; `facts` are those of `ScanFacts`, by name.

    `organ_masks` carry the vocabulary's region names (liver, kidney_left, skeleton, ...) and the volume's grid. Voxels
    at or above the threshold, inside `body` when that mask is given, form components. These are split where lesions
    touch each other or an organ (`splitting`), drawn at the plan's level (`thresholds`), and those of at least the
    plan's size are measured. What organ masks explain has no row. Without any organ mask the labeller says what each
    lesion is, and the totals stay candidate uptake.
    Raises ContradictionError for a volume that is not SUVbw or a mask on another grid, MissingFactError when the plan
    needs a liver, a tracer or a model's mask that is not given, UnsupportedError for a tracer beyond it.
    """
    return _Scan(volume_suv, organ_masks, facts).measure(plan)


def find_lesions_by_plans(
    volume_suv: Volume, organ_masks: Sequence[Mask], plans: Sequence[Plan], **facts: Unpack[ScanFacts]
) -> dict[str, LesionSet]:
    """What `find_lesions` gives for each plan, by its name; what the plans share is done once.

    Raises what `find_lesions` raises, for the first plan that cannot be used.
    """
    scan = _Scan(volume_suv, organ_masks, facts)
    return {plan.name: scan.measure(plan) for plan in plans}


class _Scan:
    """One scan under many plans: what does not depend on the plan is made once, when it is first asked for."""

    def __init__(self, volume: Volume, masks: Sequence[Mask], facts: ScanFacts) -> None:
        """Check volume and masks; nothing is measured yet."""
        self._volume = volume
        self._facts = facts
        self._organs = organs_by_region(volume, masks, facts)
        self._placed: tuple[dict[str, Mask], NodeLevels] | None = None
        self._normal: dict[str, NormalUptake] = {}
        self._references: dict[str, LiverReference | None] = {}
        self._scales: dict[str, ExpressionScale | None] = {}
        self._parts: dict[str, Parts] = {}

    def measure(self, plan: Plan) -> LesionSet:
        """The lesions under one plan."""
        volume, facts = self._volume, self._facts
        modality = modality_of(facts)
        fwhm_mm = plan.resolution_of(modality)
        check_validity(plan, tracer=facts.get("tracer"), modality=modality)
        liver = self._reference(plan, "liver")
        threshold = compute_seed_suv(plan, liver)
        ground = self._ground(plan)
        parts = self._parts_of(plan, ground, threshold)
        blocked = None if ground.normal is None else ground.normal.zone
        drawn, part_of = refine(volume, parts.voxels, plan, fwhm_mm=fwhm_mm, blocked=blocked)
        least = plan.min_voxels_of(modality, volume.geometry.voxel_volume_ml)
        lesions, origin = _numbered(drawn, part_of, parts, least)
        organs, levels = self._places()
        built = self._lesions(lesions, origin, parts, (organs, levels), plan)
        above_ml = parts.above_voxels * volume.geometry.voxel_volume_ml
        return LesionSet(
            voxels=lesions,
            geometry=volume.geometry,
            lesions=built,
            burden=compute_burden(built, above_ml, tuple(organs)),
            plan=plan,
            organs_given=ground.source in ("given", "model"),
            organ_source=ground.source,
            threshold_suv=threshold,
            liver=liver,
            reference=self._reference(plan, reference_region(facts.get("tracer"))),
            notes=self._notes(plan, ground, built, liver),
        )

    def _ground(self, plan: Plan) -> Ground:
        """What tells tumour from normal uptake under this plan."""
        if plan.threshold.kind == "model":
            return Ground(self._organs, None, "model", self._facts)
        given = [self._organs[one.region] for one in plan.physiological if one.region in self._organs]
        if not given:
            source: OrganSource = "labeller" if "labeller" in plan.organs else "none"
            return Ground(self._organs, None, source, self._facts)
        key = digest_of([plan.model_dump(mode="json")[name] for name in ("physiological", "organ_margin_mm")])
        if key not in self._normal:
            self._normal[key] = find_normal_uptake(self._volume, self._organs, plan)
        return Ground(self._organs, self._normal[key], source_of(given), self._facts)

    def _parts_of(self, plan: Plan, ground: Ground, threshold: float) -> Parts:
        """The candidates; plans that differ in the level of each lesion only share them."""
        content = plan.model_dump(mode="json")
        named = ("name", "version", "meaning", "source", "threshold", "liver_erosion_mm")
        rest = {name: value for name, value in content.items() if name not in named}
        key = digest_of([rest, plan.threshold.kind == "model", threshold])
        if key not in self._parts:
            above = self._above(plan, threshold)
            self._parts[key] = find_parts(self._volume, above, plan, ground, threshold_suv=threshold)
        return self._parts[key]

    def _above(self, plan: Plan, threshold: float) -> NDArray[np.int64]:
        """The flat indices of the voxels that are taken for uptake."""
        if plan.threshold.kind == "model":
            model = self._facts.get("model_mask")
            if model is None:
                raise MissingFactError(
                    f"plan {plan.name}: it measures a mask that a network made, and none was given; name the folder of "
                    "your nnU-Net model in the site profile, or take a plan with a threshold"
                )
            return np.flatnonzero(model.array)
        level = np.float32(threshold)
        above = find_places(self._volume.array, lambda voxels: voxels >= level)
        return above[self._organs["body"].array.ravel()[above]] if "body" in self._organs else above

    def _reference(self, plan: Plan, region: str) -> LiverReference | None:
        """The reference of an organ given, without its foci that the plan would keep as candidates."""
        mask = self._organs.get(region)
        if mask is None or mask.is_empty:
            return None
        rule = next((organ.keep_above_median for organ in plan.physiological if organ.region == region), None)
        key = f"{region} {rule} {plan.liver_erosion_mm}"
        if key not in self._references:
            hot = None if rule is None else empty_region(mask.geometry.shape_zyx)
            if hot is not None and rule is not None:
                hot[mask.box] = self._volume.array[mask.box] > rule * float(np.median(mask.values_of(self._volume)))
            self._references[key] = measure_reference(self._volume, mask, erosion_mm=plan.liver_erosion_mm, exclude=hot)
        return self._references[key]

    def _places(self) -> tuple[dict[str, Mask], NodeLevels]:
        """The masks that tell sites, with bone from the CT where no skeleton was given, and the levels of nodes."""
        if self._placed is None:
            organs, ct = dict(self._organs), self._facts.get("ct")
            if "skeleton" not in organs and ct is not None:
                organs["skeleton"] = find_skeleton(ct, self._volume.geometry)
            self._placed = organs, find_node_levels(self._volume, organs)
        return self._placed

    def _scale(self, plan: Plan) -> ExpressionScale | None:
        key = f"{plan.liver_erosion_mm}"
        if key not in self._scales:
            self._scales[key] = measure_expression_scale(
                self._volume, self._organs, tracer=self._facts.get("tracer"), erosion_mm=plan.liver_erosion_mm
            )
        return self._scales[key]

    def _lesions(
        self,
        voxels: LabelledVoxels,
        origin: NDArray[np.int64],
        parts: Parts,
        places: tuple[Mapping[str, Mask], NodeLevels],
        plan: Plan,
    ) -> tuple[Lesion, ...]:
        organs, levels = places
        least_ml = sphere_ml(plan.resolution_of(modality_of(self._facts)))
        scale, curve = self._scale(plan), self._facts.get("recovery")
        sites, cut = sites_of(voxels, organs), find_cut_lesions(self._volume, voxels)
        built = []
        for number, measures in enumerate(measure_voxels(self._volume, voxels), start=1):
            part, site = int(origin[number - 1]) - 1, sites[number - 1]
            built.append(
                Lesion(
                    lesion=number,
                    category=parts.categories[part],
                    site=site,
                    measures=measures,
                    below_resolution=bool(measures.volume_ml < least_ml),
                    identity=parts.identities[part],
                    mitnm=mitnm_of(site, measures.centroid_mm[2], levels),
                    mipsma_score=compute_mipsma_score(measures.mean, scale),
                    component=parts.components[part],
                    recovery=None if curve is None else curve.compute_recovery(measures.volume_ml),
                    cut_by_view=number in cut,
                )
            )
        return tuple(built)

    def _notes(
        self, plan: Plan, ground: Ground, lesions: Sequence[Lesion], liver: LiverReference | None
    ) -> tuple[str, ...]:
        notes = list(liver.notes) if liver is not None else []
        missing = missing_organs(plan, self._organs)
        if plan.threshold.kind == "model":
            notes.append("lesions drawn by the user's network: nothing here has tested it")
        elif ground.normal is None:
            notes.append("no organ masks: candidate uptake, not TTV")
        elif missing:
            notes.append(f"no mask of {', '.join(missing)}: their normal uptake may be taken for tumour")
        if plan.name.endswith("_unvalidated"):
            notes.append(f"plan {plan.name}: {plan.meaning}")
        if modality_of(self._facts) is None:
            notes.append(f"modality not stated: a resolution of {plan.resolution_of(None):g} mm is taken")
        curve = self._facts.get("recovery")
        if curve is not None:
            beyond = sum(not curve.covers(lesion.measures.volume_ml) for lesion in lesions)
            notes += [f"recovery: {beyond} lesions beyond the phantom's spheres, corrected as its nearest"] * (
                beyond > 0
            )
        return tuple(notes)


def _numbered(
    drawn: LabelledVoxels, part_of: NDArray[np.int32], parts: Parts, least: int
) -> tuple[LabelledVoxels, NDArray[np.int64]]:
    """The lesions of at least `least` voxels from the largest to the smallest, and the part of each.

    A part that a tumour seed keeps stays, however small.
    """
    size = np.bincount(drawn.number, minlength=drawn.count + 1)[1:]
    small = np.bincount(parts.voxels.number, minlength=parts.voxels.count + 1)[1:] < least
    kept = np.flatnonzero((size >= least) | small[part_of - 1]) if drawn.count else np.zeros(0, np.int64)
    first = np.full(drawn.count, np.iinfo(np.int64).max)
    np.minimum.at(first, drawn.number - 1, drawn.place)
    order = kept[np.lexsort((first[kept], -size[kept]))]
    rename = np.zeros(drawn.count + 1, np.int32)
    rename[order + 1] = np.arange(1, len(order) + 1, dtype=np.int32)
    number = rename[drawn.number]
    lesions = LabelledVoxels(drawn.place[number > 0], number[number > 0], len(order))
    return lesions, part_of[order].astype(np.int64)
