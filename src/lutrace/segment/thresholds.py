"""Which voxels of a scan are uptake, by the plan's threshold."""

from __future__ import annotations

import numpy as np

from lutrace.core import MissingFactError
from lutrace.imaging import BoolArray, Components, Volume, dilate, measure_labels
from lutrace.segment.plan import Plan
from lutrace.segment.reference import LiverReference


def compute_seed_suv(plan: Plan, liver: LiverReference | None) -> float:
    """The SUVbw in g/mL at which a voxel becomes a candidate.

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


def refine(volume: Volume, components: Components, plan: Plan) -> BoolArray:
    """The voxels that each component keeps under its own threshold; all of them for fixed and liver plans."""
    if plan.threshold.kind in ("fixed", "liver") or components.count == 0:
        return np.asarray(components.labels > 0)
    cut = np.zeros(components.count + 1)
    cut[0] = np.inf
    for number, measures in enumerate(measure_labels(volume, components.labels), start=1):
        if plan.threshold.percent is not None:
            cut[number] = measures.max * plan.threshold.percent / 100.0
        else:
            top = measures.max if measures.peak is None else measures.peak
            cut[number] = (top + _background(volume, components, number, plan.threshold.shell_mm or 0.0)) / 2.0
    return np.asarray(volume.array >= cut[components.labels])


def _background(volume: Volume, components: Components, number: int, shell_mm: float) -> float:
    """Mean SUVbw of a shell around one component, other components left out; 0 when there is none."""
    own = components.labels == number
    shell = dilate(own, volume.geometry, shell_mm) & (components.labels == 0)
    values = volume.array[shell]
    return float(values.mean()) if values.size else 0.0
