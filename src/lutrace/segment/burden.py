"""Lesions as rows and the totals of a scan: three volumes, never one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lutrace.core import Row
from lutrace.imaging import RegionMeasures
from lutrace.segment.labeller import Identity
from lutrace.segment.physiological import Category
from lutrace.segment.plan import Plan
from lutrace.segment.regions_mitnm import summarise_mitnm


@dataclass(frozen=True)
class Lesion:
    """One lesion: its number in the label array, what it is taken for, where it lies, what it measures in SUVbw.

    `identity` is the labeller's, None when organ masks decided; `component` the number of the component that it was
    split from; `recovery` the coefficient of its volume, None without a curve; `cut_by_view` tells that it reaches the
    edge of the field of view (see `view_edge`), so that it is larger than what is measured.
    """

    lesion: int
    category: Category
    site: str | None
    measures: RegionMeasures
    below_resolution: bool
    identity: Identity | None = None
    mitnm: str | None = None
    mipsma_score: int | None = None
    component: int | None = None
    recovery: float | None = None
    cut_by_view: bool = False

    @property
    def tlp_corrected_ml(self) -> float | None:
        """SUVmean over recovery x volume, in g/mL x mL."""
        return None if self.recovery is None else self.measures.total / self.recovery


@dataclass(frozen=True)
class Uptake:
    """What some lesions hold together, SUVbw in g/mL; None without a lesion."""

    suv_mean: float | None
    suv_max: float | None
    tlp_ml: float | None


@dataclass(frozen=True)
class Burden:
    """The totals of one scan: mL, SUVbw in g/mL; tumour figures are None without tumour.

    `above_threshold_ml` counts every voxel above the threshold; `tumour_auto_ml` the lesions taken for tumour;
    `uncertain_ml` those that need a reader, and `with_uncertain` the uptake of both. `bone_ml`, `node_ml`,
    `visceral_ml` part the tumour by site, None where the masks do not tell. Corrected figures: tumour over recovery.
    """

    above_threshold_ml: float
    tumour_auto_ml: float
    uncertain_ml: float
    suv_mean: float | None
    suv_max: float | None
    tlp_ml: float | None
    lesions: int
    with_uncertain: Uptake
    bone_ml: float | None
    node_ml: float | None
    visceral_ml: float | None
    suv_mean_corrected: float | None
    tlp_corrected_ml: float | None
    mitnm: str | None


def compute_burden(lesions: Sequence[Lesion], above_threshold_ml: float, regions: Collection[str]) -> Burden:
    """The totals of a scan's lesions; `regions` names the masks that were given, which tell whether sites are known."""
    tumour = [lesion for lesion in lesions if lesion.category == "tumour"]
    uncertain = [lesion for lesion in lesions if lesion.category == "uncertain"]
    uptake = _uptake(tumour)
    volume_ml = sum(lesion.measures.volume_ml for lesion in tumour)
    corrected = [one.tlp_corrected_ml for one in tumour if one.tlp_corrected_ml is not None]
    tlp_corrected_ml = sum(corrected) if tumour and len(corrected) == len(tumour) else None
    nodes_known = {"skeleton", "liver"} <= set(regions)
    return Burden(
        above_threshold_ml=above_threshold_ml,
        tumour_auto_ml=volume_ml,
        uncertain_ml=sum(lesion.measures.volume_ml for lesion in uncertain),
        suv_mean=uptake.suv_mean,
        suv_max=uptake.suv_max,
        tlp_ml=uptake.tlp_ml,
        lesions=len(tumour),
        with_uncertain=_uptake([*tumour, *uncertain]),
        bone_ml=_at_sites(tumour, ("bone",)) if "skeleton" in regions else None,
        node_ml=_at_sites(tumour, ("node",)) if nodes_known else None,
        visceral_ml=_at_sites(tumour, ("liver", "lung", "other")) if nodes_known else None,
        suv_mean_corrected=None if tlp_corrected_ml is None else tlp_corrected_ml / volume_ml,
        tlp_corrected_ml=tlp_corrected_ml,
        mitnm=summarise_mitnm([lesion.mitnm for lesion in tumour]),
    )


def burden_row(burden: Burden) -> Row:
    """The totals as columns of the table `tumour_burdens`; the reviewed volume is empty until somebody has reviewed."""
    return {
        "above_threshold_ml": burden.above_threshold_ml,
        "tumour_auto_ml": burden.tumour_auto_ml,
        "uncertain_ml": burden.uncertain_ml,
        "tumour_reviewed_ml": None,
        "suv_mean": burden.suv_mean,
        "suv_max": burden.suv_max,
        "tlp_ml": burden.tlp_ml,
        "lesions": burden.lesions,
        "bone_ml": burden.bone_ml,
        "node_ml": burden.node_ml,
        "visceral_ml": burden.visceral_ml,
        "suv_mean_with_uncertain": burden.with_uncertain.suv_mean,
        "suv_max_with_uncertain": burden.with_uncertain.suv_max,
        "tlp_with_uncertain_ml": burden.with_uncertain.tlp_ml,
        "suv_mean_corrected": burden.suv_mean_corrected,
        "tlp_corrected_ml": burden.tlp_corrected_ml,
        "mitnm": burden.mitnm,
    }


def lesion_row(lesion: Lesion, plan: Plan) -> Row:
    """One row of the table `lesions` but for patient, scan and provenance."""
    measures, identity = lesion.measures, lesion.identity
    return {
        "lesion": lesion.lesion,
        "plan": plan.name,
        "plan_digest": plan.digest,
        "track_id": None,
        "category": lesion.category,
        "identity": None if identity is None else identity.identity,
        "identity_probability": None if identity is None else identity.probability,
        "site": lesion.site,
        "mitnm": lesion.mitnm,
        "mipsma_score": lesion.mipsma_score,
        "component": lesion.component,
        "volume_ml": measures.volume_ml,
        "voxels": measures.voxels,
        "suv_mean": measures.mean,
        "suv_max": measures.max,
        "suv_peak": measures.peak,
        "tlp_ml": measures.total,
        "recovery": lesion.recovery,
        "suv_mean_corrected": None if lesion.recovery is None else measures.mean / lesion.recovery,
        "tlp_corrected_ml": lesion.tlp_corrected_ml,
        "x_mm": measures.centroid_mm[0],
        "y_mm": measures.centroid_mm[1],
        "z_mm": measures.centroid_mm[2],
        "below_resolution": lesion.below_resolution,
        "cut_by_view": lesion.cut_by_view,
    }


def _uptake(lesions: Sequence[Lesion]) -> Uptake:
    if not lesions:
        return Uptake(None, None, None)
    total = sum(lesion.measures.total for lesion in lesions)
    volume_ml = sum(lesion.measures.volume_ml for lesion in lesions)
    return Uptake(total / volume_ml, max(lesion.measures.max for lesion in lesions), total)


def _at_sites(lesions: Sequence[Lesion], sites: Sequence[str]) -> float:
    return float(sum(lesion.measures.volume_ml for lesion in lesions if lesion.site in sites))
