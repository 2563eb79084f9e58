"""Rows of absorbed dose from one scan, by both methods, for each tumour lesion and for kidneys and parotid glands."""

from __future__ import annotations

from collections.abc import Sequence

from lutrace.core import Row
from lutrace.ingest.suv_step import Quantified
from lutrace.physics import TISSUES, compute_concentration_bq_ml, compute_single_point_dose
from lutrace.segment import LesionSet

_TISSUE_OF_REGION = {
    "kidney_left": "kidney",
    "kidney_right": "kidney",
    "parotid_left": "parotid",
    "parotid_right": "parotid",
}
_INTERVAL = "range of effective half-lives of the tissue; noise, calibration, partial volume come on top"


def measure_doses(lesions: LesionSet, organs: Sequence[Row], done: Quantified) -> list[Row]:
    """Rows of the table `lesion_doses` but for patient, scan and provenance: Gy of this cycle, with interval.

    Tumour by its mean SUV over recovery where there is a curve, organs by their mean SUV. No row without a known
    injection, weight and moment of the scan.
    """
    wanted = [
        ({"lesion": one.lesion}, "tumour", one.measures.mean / (one.recovery or 1.0))
        for one in lesions.lesions
        if one.category == "tumour"
    ]
    wanted += [
        ({"region": row["region"]}, _TISSUE_OF_REGION[row["region"]], row["suv_mean"])
        for row in organs
        if row["region"] in _TISSUE_OF_REGION
    ]
    return [row for target, tissue, suv in wanted for row in _both(target, tissue, suv, lesions, done)]


def _both(target: Row, tissue: str, suv: float, lesions: LesionSet, done: Quantified) -> list[Row]:
    hours, weight_kg, injected_bq = done.hours_after_injection, done.factor.weight_kg, done.facts.injected_bq
    half_life_s = done.factor.half_life_s
    if not hours or hours <= 0 or weight_kg is None or injected_bq is None or half_life_s is None:
        return []
    concentration = compute_concentration_bq_ml(
        max(suv, 0.0), injected_bq=injected_bq, weight_kg=weight_kg, hours=hours, half_life_s=half_life_s
    )
    rows = []
    for method in ("haenscheid", "population_half_life"):
        dose = compute_single_point_dose(concentration, hours=hours, tissue=TISSUES[tissue], method=method)
        rows.append(
            {
                "plan": lesions.plan.name,
                "plan_digest": lesions.plan.digest,
                "lesion": target.get("lesion"),
                "region": target.get("region"),
                "method": dose.method,
                "hours_after_injection": hours,
                "half_life_effective_h": dose.half_life_h,
                "dose_gy": dose.dose_gy,
                "dose_low_gy": dose.low_gy,
                "dose_high_gy": dose.high_gy,
                "interval": _INTERVAL,
                "reliability": dose.reliability,
            }
        )
    return rows
