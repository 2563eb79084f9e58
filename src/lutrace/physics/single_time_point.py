"""Absorbed dose from one scan of 177Lu: two methods, each with the interval that the unknown half-life leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from lutrace.core import UnusableInputError
from lutrace.physics.decay import decay_factor
from lutrace.physics.time_check import TissueHalfLife

Method = Literal["haenscheid", "population_half_life"]

ELECTRON_ENERGY_KEV = 147.9
"""Electron energy per decay of 177Lu (beta 133.3, conversion 13.52, Auger 1.13 keV); EJNMMI Phys 2020;7:33, table 1.
Taken as absorbed where it is emitted; photons (35.1 keV) are left out."""

_J_PER_KEV = 1.602176634e-16
_VALID = (0.75, 2.5)
"""Hänscheid's range of t over the effective half-life (J Nucl Med 2018;59:75, not verified against the paper)."""


@dataclass(frozen=True)
class SinglePointDose:
    """Absorbed dose of one cycle in Gy with its interval, and how far it can be trusted.

    The interval holds the effective half-lives of the tissue's range and nothing else: noise, calibration, partial
    volume, other kinetics than one exponential come on top.
    """

    method: Method
    dose_gy: float
    low_gy: float
    high_gy: float
    half_life_h: float
    reliability: str


def compute_concentration_bq_ml(
    suv: float, *, injected_bq: float, weight_kg: float, hours: float, half_life_s: float
) -> float:
    """Activity concentration in Bq/mL at the moment of the scan, `hours` after injection of `injected_bq`, from SUVbw.

    SUVbw is concentration over (activity left by decay / weight), whatever moment the image was corrected to.
    """
    return suv * injected_bq * decay_factor(hours * 3600.0, half_life_s) / (1000.0 * weight_kg)


def compute_single_point_dose(
    concentration_bq_ml: float, *, hours: float, tissue: TissueHalfLife, method: Method, density_g_ml: float = 1.0
) -> SinglePointDose:
    """The dose in Gy from the concentration at `hours` after injection, local deposition of electrons.

    `haenscheid`: time integral = C x 2 t / ln 2. `population_half_life` (Madsen 2018): C x 2^(t/T) x T / ln 2 with the
    tissue's mean effective half-life T. The interval runs over the true integrals C x 2^(t/T) x T / ln 2 of all T in
    the tissue's range. Raises UnusableInputError for a time or density that is not above 0 or a negative concentration.
    Source: Hänscheid et al., J Nucl Med 2018;59:75; Madsen et al., Med Phys 2018;45:2318.
    """
    if not (hours > 0 and density_g_ml > 0 and concentration_bq_ml >= 0):
        raise UnusableInputError(
            "single-time-point dose: expected time and density above 0 and a concentration of at least 0, got "
            f"{hours} h, {density_g_ml} g/mL, {concentration_bq_ml} Bq/mL"
        )
    gy_per_bq_s_ml = ELECTRON_ENERGY_KEV * _J_PER_KEV / (density_g_ml * 1e-3)
    scale = concentration_bq_ml * 3600.0 * gy_per_bq_s_ml
    best = 2.0 * hours / math.log(2.0) if method == "haenscheid" else _integral_h(hours, tissue.hours)
    ends = [_integral_h(hours, half_life) for half_life in _extremes(hours, tissue)]
    return SinglePointDose(
        method=method,
        dose_gy=scale * best,
        low_gy=scale * min(*ends, best),
        high_gy=scale * max(*ends, best),
        half_life_h=tissue.hours,
        reliability=_reliability(hours, tissue, method),
    )


def _integral_h(hours: float, half_life_h: float) -> float:
    """Integral over all time, in hours, of one exponential that is 1 at `hours`."""
    return float(2.0 ** (hours / half_life_h) * half_life_h / math.log(2.0))


def _extremes(hours: float, tissue: TissueHalfLife) -> list[float]:
    """Half-lives of the range among which the integral has its extremes: both ends and its minimum at t ln 2."""
    inside = min(max(hours * math.log(2.0), tissue.low_h), tissue.high_h)
    return [tissue.low_h, inside, tissue.high_h]


def _reliability(hours: float, tissue: TissueHalfLife, method: Method) -> str:
    if method == "haenscheid" and not _VALID[0] <= hours / tissue.hours <= _VALID[1]:
        return f"outside the method's validity: {hours / tissue.hours:.2f} effective half-lives, expected 0.75 to 2.5"
    if tissue.tissue == "tumour":
        return "weak: single-time-point doses of tumours are unreliable for PSMA ligands"
    return "weak: one time point"
