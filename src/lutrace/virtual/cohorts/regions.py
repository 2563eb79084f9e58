"""Regions of the PSMA-PET before therapy as another program would export them, with what is true of each patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.virtual.cohorts.parts import Floats, TablePart, constant, days_after
from lutrace.virtual.cohorts.treated import Treated

REGION_NAMES = (
    "Whole-body tumour",
    "Bone tumour",
    "Skeleton outside lesions",
    "Left parotid",
    "Right parotid",
    "Left submandibular",
    "Right submandibular",
)
"""Names of the regions in the exported file; `regions.yaml` says which region of the vocabulary each is."""


@dataclass(frozen=True, eq=False)
class Regions:
    """Measures by region of REGION_NAMES (patients, regions), NaN where a patient has none; SUV in g/mL, mL."""

    scan_day: Floats
    suv_mean: Floats
    suv_max: Floats
    suv_peak: Floats
    volume_ml: Floats

    def of(self, name: str) -> int:
        """The column of a region."""
        return REGION_NAMES.index(name)


def draw_regions(people: Treated, rng: np.random.Generator) -> Regions:
    """Tumour by the patient's burden and avidity; bone marrow and glands less hot the more tumour there is (sink)."""
    centre, v, n = people.centre, people.course, len(people)
    sink = np.exp(centre.number("sink_per_burden") * v.burden)
    volume = np.exp(v.ln_ttv[:, 0])
    in_bone = rng.beta(*centre.pair("bone_share_beta"), n)
    bone_volume = np.where(v.has_bone, np.where(v.has_node | v.has_liver, in_bone, 1.0) * volume, np.nan)
    bone_mean = v.suv_mean * np.exp(centre.number("ln_bone_over_all_sd") * rng.standard_normal(n))
    marrow = np.maximum(rng.normal(*centre.pair("marrow_suv_mean_sd"), n), 0.15) * sink
    columns = [
        (v.suv_mean, v.suv_max, volume),
        (np.minimum(bone_mean, 0.8 * v.suv_max), v.suv_max * rng.uniform(0.8, 1.0, n), bone_volume),
        (marrow, marrow * np.exp(rng.normal(1.5, 0.25, n)), np.maximum(rng.normal(3200, 450, n), 1500)),
    ]
    for gland, ml in (("parotid", 22.0), ("submandibular", 8.0)):
        mean, sd = centre.pair(f"{gland}_suv_max_mean_sd")
        own = rng.standard_normal(n)
        for _ in ("left", "right"):
            z = 0.85 * own + np.sqrt(1 - 0.85**2) * rng.standard_normal(n)
            highest = np.maximum(mean + sd * z, 3.0) * sink
            share = np.clip(rng.normal(0.55, 0.05, n), 0.35, 0.75)
            columns.append((highest * share, highest, np.maximum(ml * np.exp(rng.normal(0, 0.25, n)), 2.0)))
    suv_mean, suv_max, volume_ml = (np.stack([one[place] for one in columns], axis=1) for place in range(3))
    suv_mean = np.where(np.isnan(volume_ml), np.nan, np.round(suv_mean, 3))
    suv_max = np.where(np.isnan(volume_ml), np.nan, np.round(np.maximum(suv_max, suv_mean * 1.05), 3))
    peak = np.round(suv_mean + (suv_max - suv_mean) * rng.uniform(0.7, 0.95, suv_max.shape), 3)
    day = np.asarray(-np.round(rng.uniform(*centre.pair("days_from_pet_to_cycle_1"), n)))
    return Regions(day, suv_mean, suv_max, peak, np.round(volume_ml, 1))


def list_regions(people: Treated, regions: Regions) -> TablePart:
    """Rows of the exported file, a region each, with the headings that `regions.yaml` reads."""
    row, place = np.nonzero(np.isfinite(regions.volume_ml))
    volume, mean = regions.volume_ml[row, place], regions.suv_mean[row, place]
    return TablePart(
        "regions",
        {
            "Patient": people.ids[row],
            "Scan date": days_after(people.start[row], regions.scan_day[row]),
            "Region": np.asarray(REGION_NAMES)[place],
            "Volume (mL)": volume,
            "SUVmean": mean,
            "SUVmax": regions.suv_max[row, place],
            "SUVpeak": regions.suv_peak[row, place],
            "TLP": np.round(mean * volume, 6),
            "Note": constant("synthetic", len(row)),
        },
    )
