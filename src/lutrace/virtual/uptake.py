"""How much each region takes up and how dense it is: SUVbw on PSMA-PET and on 177Lu SPECT at 24 h, CT numbers in HU."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# PSMA-PET, 60 to 90 min. Liver 5.4 (68Ga-PSMA-11, 10.1186/s13550-024-01097-3); the other means are common clinical
# orders of magnitude and choices of this model.
_PET: dict[str, float] = {
    "body": 0.45,
    "inside": 0.7,
    "lung": 0.4,
    "skeleton": 0.7,
    "brain": 0.1,
    "blood_pool": 1.4,
    "liver": 5.4,
    "spleen": 7.0,
    "kidney_left": 38.0,
    "kidney_right": 38.0,
    "small_bowel": 8.0,
    "bladder": 14.0,
    "parotid_left": 13.0,
    "parotid_right": 13.0,
    "submandibular_left": 14.0,
    "submandibular_right": 14.0,
    "lacrimal": 6.0,
}
# 177Lu-PSMA at 24 h, injection-referenced. From organ doses (kidney 0.5, salivary 0.4 to 1.0, liver 0.09 Gy/GBq) and
# effective half-lives (38, 29, 40 h): an SUV of 1 at 24 h with 52 h gives about 0.094 Gy/GBq; the rest are choices.
_SPECT: dict[str, float] = {
    "body": 0.12,
    "inside": 0.16,
    "lung": 0.12,
    "skeleton": 0.30,
    "brain": 0.03,
    "blood_pool": 0.25,
    "liver": 1.3,
    "spleen": 1.6,
    "kidney_left": 9.0,
    "kidney_right": 9.0,
    "small_bowel": 2.2,
    "bladder": 4.0,
    "parotid_left": 6.0,
    "parotid_right": 6.0,
    "submandibular_left": 6.5,
    "submandibular_right": 6.5,
    "lacrimal": 4.0,
}
_SINK = {"kidney_left", "kidney_right", "parotid_left", "parotid_right"}
_SINK |= {"submandibular_left", "submandibular_right", "lacrimal", "skeleton", "spleen", "small_bowel"}
_SPREAD = 0.22
SINK_PER_BURDEN = -0.08
"""Uptake of normal tissue times exp(-0.08 burden): the tumour takes its share."""
LESION_SPECT_PER_PET = 1.5
"""SUV of tumour at 24 h after 177Lu against PET at 1 h: it still accumulates while the rest clears."""

HU: dict[str, float] = {
    "air": -1000.0,
    "body": 10.0,
    "inside": 35.0,
    "lung": -780.0,
    "skeleton": 320.0,
    "brain": 38.0,
    "blood_pool": 45.0,
    "liver": 60.0,
    "spleen": 52.0,
    "kidney_left": 38.0,
    "kidney_right": 38.0,
    "small_bowel": 25.0,
    "bladder": 8.0,
    "parotid_left": 30.0,
    "parotid_right": 30.0,
    "submandibular_left": 45.0,
    "submandibular_right": 45.0,
    "lacrimal": 30.0,
}


@dataclass(frozen=True)
class Uptake:
    """SUVbw in g/mL of each region of one patient in one scan."""

    suv: dict[str, float]

    def of(self, region: str) -> float:
        """SUVbw of a region."""
        return self.suv[region]


def draw_organ_factors(rng: np.random.Generator, burden: float) -> dict[str, float]:
    """What multiplies the population's uptake in this patient, the same in all scans: person and tumour sink."""
    factors = {}
    shared: dict[str, float] = {}
    for region in sorted(_PET):
        pair = region.removesuffix("_left").removesuffix("_right")
        factor = shared.setdefault(pair, float(np.exp(_SPREAD * rng.standard_normal())))
        factors[region] = factor * (float(np.exp(SINK_PER_BURDEN * burden)) if region in _SINK else 1.0)
    return factors


def pet_uptake(factors: dict[str, float]) -> Uptake:
    """PSMA-PET about an hour after injection."""
    return Uptake({region: value * factors[region] for region, value in _PET.items()})


def spect_uptake(factors: dict[str, float], rng: np.random.Generator) -> Uptake:
    """177Lu-PSMA SPECT at 24 h; a little different in each cycle."""
    return Uptake(
        {
            region: value * factors[region] * float(np.exp(0.06 * rng.standard_normal()))
            for region, value in sorted(_SPECT.items())
        }
    )
