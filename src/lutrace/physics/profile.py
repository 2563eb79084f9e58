"""What a site states about its own scans: the lines of a site profile that SUV may rest on."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from lutrace.core import FrozenModel, PositiveFloat
from lutrace.physics.recovery import RecoveryCurve

Origin = Literal["header", "record"]


class SpectCalibration(FrozenModel):
    """A camera's calibration factor for counts, with all that makes it a number: unit, per detector or total, date.

    `model`, `collimator` and `energy_window_kev`, where stated, must be those of the scan; it holds from
    `calibration_date` to `valid_until`.
    """

    manufacturer: str
    """Matches when the header's Manufacturer (0008,0070) contains it, in any case."""
    model: str | None = None
    """Matches when the header's Manufacturer's Model Name (0008,1090) contains it, in any case."""
    collimator: str | None = None
    """Matches when the header's collimator (0018,1180; 0018,1181) contains it, in any case."""
    energy_window_kev: tuple[PositiveFloat, PositiveFloat] | None = None
    """Photopeak window; the scan's own may differ by 2 keV at either end."""
    radionuclide: str = "Lu-177"
    value: PositiveFloat
    unit: Literal["cps/MBq", "MBq/cps"]
    counts_of: Literal["one_detector", "all_detectors"]
    calibration_date: dt.date
    valid_until: dt.date | None = None
    """Last day of validity; unset, the factor holds until a newer one is stated."""
    uncertainty_pct: PositiveFloat | None = None
    """Standard uncertainty of the factor; every SUV made by it carries it."""
    source: str | None = None
    """Phantom, reconstruction and who measured it."""
    rotation_frames_count: Literal["one_detector", "all_detectors"] | None = None
    """Whether Number Of Frames In Rotation (0054,0053) counts one detector's views (Siemens) or all (GE)."""


class QuantProfile(FrozenModel):
    """The site's word where headers are silent, wrong in a known way, or at odds with the records.

    `activity_from`, `weight_from` and `injection_time_from` name the side that is right when header and record differ;
    unset, the header comes first, and a large difference is refused.
    """

    activity_from: Origin | None = None
    weight_from: Origin | None = None
    injection_time_from: Origin | None = None
    weight_in_grams: bool = False
    height_in_cm: bool = False
    dose_unit_pt: Literal["Bq", "MBq"] | None = None
    dose_unit_nm: Literal["Bq", "MBq"] | None = None
    corrections: tuple[str, ...] = ()
    """Codes as in Corrected Image (0028,0051) that the reconstructions make where the header names none."""
    decay_correction: Literal["NONE", "START", "ADMIN"] | None = None
    """Used where the header has no Decay Correction (0054,1102), as in NM objects."""
    half_life_s: PositiveFloat | None = None
    trust_series_time: bool = False
    spect_calibrations: tuple[SpectCalibration, ...] = ()
    recovery_curves: tuple[RecoveryCurve, ...] = ()
    """Recovery by volume, per scanner, reconstruction and radionuclide; a scan takes the newest that fits it."""
    scan_window_h: tuple[PositiveFloat, PositiveFloat] = (20.0, 28.0)
    """Hours after injection within which post-therapy scans are compared; a scan outside is flagged."""
    single_time_point_dose: bool = False
    """Whether absorbed doses from one scan are computed: a weak measure, off unless wanted."""
