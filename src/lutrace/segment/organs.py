"""Uptake of organs and reference regions, as rows."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import Row
from lutrace.imaging import Mask, Volume, measure_region
from lutrace.segment.plan import Plan

_MAKERS = ("rtstruct", "seg", "nifti", "model", "labeller")


def maker_of(mask: Mask) -> str:
    """Where a mask comes from (seg, rtstruct, nifti, model, labeller): the first word of its source's locator."""
    word = mask.source.locator.split(" ")[0]
    return word if word in _MAKERS else "labeller"


def measure_organs(volume_suv: Volume, masks: Sequence[Mask], plan: Plan) -> list[Row]:
    """Rows of the table `organs` but for patient, scan and provenance; regions without a voxel give none.

    SUVbw in g/mL, volumes in mL. Lesions inside an organ are part of it here. Raises what `measure_region` raises.
    """
    rows = []
    for mask in masks:
        if mask.is_empty:
            continue
        measures = measure_region(volume_suv, mask)
        rows.append(
            {
                "region": mask.name,
                "plan": plan.name,
                "plan_digest": plan.digest,
                "maker": maker_of(mask),
                "voxels": measures.voxels,
                "volume_ml": measures.volume_ml,
                "suv_mean": measures.mean,
                "suv_sd": measures.sd,
                "suv_min": measures.min,
                "suv_max": measures.max,
                "suv_peak": measures.peak,
                "tlp_ml": measures.total,
            }
        )
    return rows
