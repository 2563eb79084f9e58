"""The facts of one quantitative scan that its SUV rests on, and the SUV that follows, step by step."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Literal

DecayCorrection = Literal["NONE", "START", "ADMIN"]


@dataclass(frozen=True)
class FrameTime:
    """When one slice was measured. Absent facts are None; `decay_factor` is the header's own (0054,1321)."""

    acquisition_start: dt.datetime | None
    duration_s: float | None
    reference_time_s: float | None
    decay_factor: float | None


@dataclass(frozen=True)
class SpectCounting:
    """How long an NM object counted into one voxel: what turns counts into a rate, and a rate into an activity."""

    projection_duration_s: float | None
    n_frames_in_rotation: int | None
    n_detectors: int | None
    voxel_ml: float


@dataclass(frozen=True)
class QuantFacts:
    """What a header (or a record, by the profile's precedence) says about one quantitative PET or SPECT series.

    Activities are in Bq whatever the object's unit; `notes` records each inference made while reading (which tag,
    which assumption). All date-times are the scanner's local clock, without zone.
    """

    modality: Literal["PT", "NM"]
    units: str
    suv_type: str | None
    decay_correction: DecayCorrection | None
    corrected_image: tuple[str, ...]
    manufacturer: str | None
    weight_kg: float | None
    height_m: float | None
    sex: str | None
    injected_bq: float | None
    """Activity administered, net of residual, at `injection_datetime`."""
    injection_datetime: dt.datetime | None
    injection_time_only: dt.time | None
    """Set when the header gives a clock time without a date; then `injection_datetime` is None."""
    half_life_s: float | None
    series_datetime: dt.datetime | None
    private_scan_datetime: dt.datetime | None
    """GE (0009,xx0D) scan start or Siemens (0071,xx22) decay-correction date-time."""
    private_injection_datetime: dt.datetime | None
    """GE (0009,xx3B)."""
    philips_suv_factor: float | None
    philips_activity_factor: float | None
    counts_to_bq_ml: float | None
    """Bq/mL per stored count, from the site's calibration, for NM counts."""
    frames: tuple[FrameTime, ...]
    notes: tuple[str, ...] = ()
    radionuclide: str | None = None
    """As in NUCLIDES: Lu-177, F-18, Ga-68."""
    tracer: str | None = None
    header_dose: float | None = None
    """Radionuclide Total Dose (0018,1074) as written, before its unit was decided."""
    private_scan_source: str | None = None
    """Which private element gave `private_scan_datetime`."""
    start_time_only: dt.time | None = None
    """(0018,1072) where (0018,1078) is there too: the two must agree."""
    trust_series_time: bool = False
    """The site profile states that Series Time is the decay reference although no acquisition time proves it."""
    counting: SpectCounting | None = None
    model: str | None = None
    """Manufacturer's Model Name (0008,1090)."""
    collimator: str | None = None
    """Collimator/grid Name (0018,1180) or Collimator Type (0018,1181) of the first detector."""
    reconstruction: str | None = None
    """Reconstruction Method (0054,1103), or the description that stands in its place."""
    windows_kev: tuple[tuple[float, float], ...] = ()
    """Lower and upper limits of the energy windows (0054,0012), in keV."""


@dataclass(frozen=True)
class Step:
    """One step of the way to a factor: what was done, with which facts (tag = value), and what came out."""

    name: str
    facts: tuple[str, ...]
    result: str


@dataclass(frozen=True)
class SuvFactor:
    """SUVbw per unit of the volume: multiply each slice by `factor_suvbw` x `slice_factors[z]`.

    `factor_suvbw` is g/mL per Bq/mL (Philips CNTS: per rescaled count; GML: 1); `slice_factors` is empty when all 1.
    `reference_datetime` is the moment to which activity and image refer.
    """

    factor_suvbw: float
    slice_factors: tuple[float, ...]
    injected_bq_at_reference: float | None
    half_life_s: float | None
    weight_kg: float | None
    reference_datetime: dt.datetime | None
    steps: tuple[Step, ...]
    checks: tuple[Step, ...]
    warnings: tuple[str, ...] = field(default=())
    injection_datetime: dt.datetime | None = None
    """When it was injected, as far as the factor needed to know."""
