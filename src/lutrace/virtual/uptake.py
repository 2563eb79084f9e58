"""How much each region takes up and how dense it is: SUVbw on PSMA-PET and on 177Lu SPECT at 24 h, CT numbers in HU."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# 68Ga-PSMA-11 PET, 60 to 90 min. Liver 5.4 and spleen 8.1 (10.1186/s13550-024-01097-3), kidney 42, parotid 14.5 and
# submandibular gland 13 (PMC7033090); the other means are common clinical orders of magnitude and choices of this
# model.
_PET: dict[str, float] = {
    "body": 0.45,
    "inside": 0.7,
    "lung": 0.4,
    "skeleton": 0.7,
    "brain": 0.1,
    "blood_pool": 1.4,
    "liver": 5.4,
    "spleen": 8.1,
    "kidney_left": 42.0,
    "kidney_right": 42.0,
    "small_bowel": 8.0,
    "bladder": 14.0,
    "parotid_left": 14.5,
    "parotid_right": 14.5,
    "submandibular_left": 13.0,
    "submandibular_right": 13.0,
    "lacrimal": 6.0,
}
# 18F-PSMA-1007, where it differs: liver 11.7 and spleen 11.2 (10.1186/s13550-024-01097-3), kidney 13.1 and parotid 18.6
# (median of 1086, PMC12167615); little urine, more bile and bowel, by an amount that is a choice.
_PSMA_1007: dict[str, float] = {
    "liver": 11.7,
    "spleen": 11.2,
    "kidney_left": 13.1,
    "kidney_right": 13.1,
    "small_bowel": 10.0,
    "bladder": 3.5,
    "parotid_left": 18.6,
    "parotid_right": 18.6,
    "submandibular_left": 18.0,
    "submandibular_right": 18.0,
    "skeleton": 0.9,
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
_OWN_SPREAD = {"liver": 0.30, "spleen": 0.37}
"""Standard deviation of ln SUV between patients; liver and spleen as 10.1186/s13550-024-01097-3 gives SD and mean."""
_DAILY_SPREAD = {"bladder": 0.5}
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
    "gallbladder": 10.0,
    "ureter": 15.0,
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
        spread = _OWN_SPREAD.get(pair, _SPREAD)
        factor = shared.setdefault(pair, float(np.exp(spread * rng.standard_normal())))
        factors[region] = factor * (float(np.exp(SINK_PER_BURDEN * burden)) if region in _SINK else 1.0)
    return factors


def pet_uptake(factors: dict[str, float], tracer: str = "68Ga-PSMA-11") -> Uptake:
    """PSMA-PET about an hour after injection of this tracer (68Ga-PSMA-11 or 18F-PSMA-1007)."""
    means = _PET | _PSMA_1007 if tracer == "18F-PSMA-1007" else _PET
    return Uptake({region: value * factors[region] for region, value in means.items()})


def spect_uptake(factors: dict[str, float], rng: np.random.Generator) -> Uptake:
    """177Lu-PSMA SPECT at 24 h; a little different in each cycle."""
    return Uptake(
        {
            region: value * factors[region] * float(np.exp(_DAILY_SPREAD.get(region, 0.06) * rng.standard_normal()))
            for region, value in sorted(_SPECT.items())
        }
    )
