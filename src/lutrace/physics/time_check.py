"""When a post-therapy scan was taken, and by how much another hour would have shifted its SUV."""

from __future__ import annotations

from dataclasses import dataclass

from lutrace.core import UnusableInputError
from lutrace.physics.decay import NUCLIDES, decay_factor

WASH_OUT_H = (12.0, 120.0)
"""Hours after injection between which uptake falls by one exponential, so that a shift can be told at all."""


@dataclass(frozen=True)
class TissueHalfLife:
    """Effective half-life of a 177Lu-PSMA ligand in a tissue, hours: a published mean and the range taken around it.

    A single patient may lie outside the range: 20 patients measured at 4 to 72 h ranged from 8.5 to 152 h in the kidney
    and from 19 to 161 h in the parotid gland (AAPM 2026, abstract 2620).
    """

    tissue: str
    hours: float
    low_h: float
    high_h: float
    source: str


_MEANS = "means of published 177Lu-PSMA series, not verified one by one; range: lutrace's, about the means' spread"
TISSUES: dict[str, TissueHalfLife] = {
    one.tissue: one
    for one in (
        TissueHalfLife("tumour", 52.0, 30.0, 80.0, _MEANS),
        TissueHalfLife("kidney", 38.0, 25.0, 55.0, _MEANS),
        TissueHalfLife("parotid", 29.0, 20.0, 42.0, _MEANS),
    )
}
"""Effective half-lives by tissue. Source of the need for ranges: Hou et al., J Nucl Med 2021 (PMC8882881)."""


def compute_suv_shift(hours: float, effective_half_life_h: float, *, nominal_h: float, half_life_s: float) -> float:
    """SUV at `hours` over SUV at `nominal_h` after injection, both decay-corrected to one moment (a pure number).

    One exponential with the effective half-life, less the physical decay that SUV takes out. Raises UnusableInputError
    for half-lives that are not above 0.

    >>> round(compute_suv_shift(48.0, 52.0, nominal_h=24.0, half_life_s=574_300.0), 3)
    0.806
    """
    if not effective_half_life_h > 0:
        raise UnusableInputError(f"effective half-life must be above 0 h, got {effective_half_life_h}")
    later_s = (hours - nominal_h) * 3600.0
    return decay_factor(later_s, effective_half_life_h * 3600.0) / decay_factor(later_s, half_life_s)


def check_scan_time(hours: float | None, radionuclide: str | None, window_h: tuple[float, float]) -> str | None:
    """A warning for a 177Lu scan outside the window of hours, with the shift to expect; None when it lies inside."""
    if radionuclide != "Lu-177" or hours is None or window_h[0] <= hours <= window_h[1]:
        return None
    nominal = sum(window_h) / 2.0
    said = f"scan {hours:.1f} h after injection, outside {window_h[0]:g} to {window_h[1]:g} h"
    if not WASH_OUT_H[0] <= hours <= WASH_OUT_H[1]:
        return f"{said}: SUV is not comparable with scans at {nominal:g} h, and the shift cannot be estimated"
    half_life_s = NUCLIDES["Lu-177"].half_life_s
    shifts = ", ".join(
        f"{one.tissue} x {compute_suv_shift(hours, one.hours, nominal_h=nominal, half_life_s=half_life_s):.2f}"
        for one in TISSUES.values()
    )
    return f"{said}: against a scan at {nominal:g} h expect SUV of {shifts} (mean effective half-lives); not corrected"
