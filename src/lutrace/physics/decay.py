"""Radioactive decay: half-lives with their source, and the factors between two moments of one activity."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lutrace.core import MissingFactError


@dataclass(frozen=True)
class Nuclide:
    """A radionuclide, its half-life in seconds and where that number stands."""

    name: str
    half_life_s: float
    source: str


_ENSDF = "ENSDF (National Nuclear Data Center)"
LU_177 = Nuclide("Lu-177", 574_300.0, "Siemens xSPECT header and PyTheranostics: 574 300 s = 6.64699 d; ENSDF 6.647 d")
F_18 = Nuclide("F-18", 109.77 * 60, f"{_ENSDF}: 109.77 min; scanners write 6586.2 s or 6588 s")
GA_68 = Nuclide("Ga-68", 67.71 * 60, f"{_ENSDF}: 67.71 min; scanners write 4062.6 s to 4080 s")
CU_64 = Nuclide("Cu-64", 12.701 * 3600, f"{_ENSDF}: 12.701 h")
ZR_89 = Nuclide("Zr-89", 78.41 * 3600, f"{_ENSDF}: 78.41 h")

NUCLIDES: dict[str, Nuclide] = {nuclide.name: nuclide for nuclide in (LU_177, F_18, GA_68, CU_64, ZR_89)}
"""The radionuclides that lutrace knows, by name. A header's own half-life comes first; this table checks it."""


def half_life_of(name: str) -> float:
    """Half-life in seconds of a radionuclide named as in NUCLIDES.

    Raises MissingFactError for a radionuclide that the table does not hold.

    >>> half_life_of("Lu-177")
    574300.0
    """
    nuclide = NUCLIDES.get(name)
    if nuclide is None:
        raise MissingFactError(
            f"half-life of {name}: expected one of {', '.join(NUCLIDES)}; "
            "give half_life_s in the site profile, lutrace takes no default"
        )
    return nuclide.half_life_s


def decay_constant(half_life_s: float) -> float:
    """Decay constant in 1/s of a half-life in seconds. Raises MissingFactError unless finite and above 0."""
    if not (math.isfinite(half_life_s) and half_life_s > 0):
        raise MissingFactError(f"half_life_s must be above 0, got {half_life_s}; give it in the site profile")
    return math.log(2.0) / half_life_s


def decay_factor(elapsed_s: float, half_life_s: float) -> float:
    """Part of an activity that is left after `elapsed_s` seconds (above 1 for negative times): 2^(-t/T).

    >>> round(decay_factor(24 * 3600, 574_300.0), 4)
    0.901
    """
    return math.exp(-decay_constant(half_life_s) * elapsed_s)


def frame_decay_factor(duration_s: float, half_life_s: float) -> float:
    """Activity at a frame's start over its mean during the frame: x / (1 - exp(-x)), x = lambda d; 1 for d = 0.

    Source: QIBA FDG-PET/CT Profile v1.13, Appendix G.
    """
    x = decay_constant(half_life_s) * duration_s
    return x / -math.expm1(-x) if x > 0 else 1.0


def average_count_rate_time_s(duration_s: float, half_life_s: float) -> float:
    """Seconds from a frame's start to the moment at which the activity equals its mean over the frame.

    t = ln(x / (1 - exp(-x))) / lambda with x = lambda d; about d/2 for frames much shorter than the half-life.
    Source: QIBA FDG-PET/CT Profile v1.13, Appendix G.
    """
    return math.log(frame_decay_factor(duration_s, half_life_s)) / decay_constant(half_life_s)
