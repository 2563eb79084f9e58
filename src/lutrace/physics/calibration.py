"""SPECT counts to activity: a calibration factor, the vendor's way of counting projections, the voxel."""

from __future__ import annotations

from lutrace.core import ContradictionError, MissingFactError
from lutrace.physics.facts import QuantFacts, SpectCounting
from lutrace.physics.profile import SpectCalibration

LU_177_PEAKS_KEV = (113.0, 208.0)
WINDOW_TOLERANCE_KEV = 2.0


def compute_counts_to_bq_ml(counting: SpectCounting, calibration: SpectCalibration) -> float:
    """Bq/mL per count of a reconstructed SPECT.

    Bq/mL = counts / (projection duration x projections) x MBq per cps x 1e6 / voxel mL. Projections are frames in the
    rotation x detectors where the header counts one detector's frames (Siemens), frames where it counts all (GE). A
    factor for the counts of all detectors takes the rate x detectors.
    Source: PyTheranostics' calibration recipe and its vendor rule. Raises MissingFactError for an absent fact.
    """
    duration, frames = counting.projection_duration_s, counting.n_frames_in_rotation
    if not duration or not frames:
        raise MissingFactError(
            "calibration: expected Actual Frame Duration (0018,1242) and Number Of Frames In Rotation (0054,0053), "
            f"found {duration} s and {frames}; counts cannot be made a rate"
        )
    counted = _rotation_frames_count(calibration)
    detectors = counting.n_detectors
    needs_detectors = counted == "one_detector" or calibration.counts_of == "all_detectors"
    if needs_detectors and not detectors:
        raise MissingFactError("calibration: expected Number Of Detectors (0054,0021), found nothing")
    n_projections = frames * (detectors or 1) if counted == "one_detector" else frames
    rate_per_count = 1.0 / (duration * n_projections)
    if calibration.counts_of == "all_detectors":
        rate_per_count *= detectors or 1
    mbq_per_cps = calibration.value if calibration.unit == "MBq/cps" else 1.0 / calibration.value
    return rate_per_count * mbq_per_cps * 1e6 / counting.voxel_ml


def select_calibration(facts: QuantFacts, calibrations: tuple[SpectCalibration, ...]) -> SpectCalibration | None:
    """The newest calibration that fits the scan's camera, radionuclide, collimator, window and day; None without any.

    None only when the site states nothing for this manufacturer and radionuclide. Raises MissingFactError when it does
    and none of it fits the scan (with the reason of each), ContradictionError for two that fit, of one day, with
    different factors.
    """
    maker = (facts.manufacturer or "").casefold()
    known = [
        one for one in calibrations if one.manufacturer.casefold() in maker and one.radionuclide == facts.radionuclide
    ]
    misfits = {id(one): _misfit(one, facts) for one in known}
    fitting = [one for one in known if misfits[id(one)] is None]
    if known and not fitting:
        reasons = "; ".join(f"that of {one.calibration_date.isoformat()} {misfits[id(one)]}" for one in known)
        raise MissingFactError(
            f"calibration of {facts.manufacturer} for {facts.radionuclide}: none of the site profile's fits this scan: "
            f"{reasons}; state one for this camera and day"
        )
    if not fitting:
        return None
    newest = max(fitting, key=lambda one: one.calibration_date)
    same_day = {
        (one.value, one.unit, one.counts_of) for one in fitting if one.calibration_date == newest.calibration_date
    }
    if len(same_day) > 1:
        raise ContradictionError(
            f"calibration of {facts.manufacturer}: {len(same_day)} factors of {newest.calibration_date.isoformat()} "
            "fit this scan; state model, collimator or energy window so that one is left"
        )
    return newest


def _misfit(one: SpectCalibration, facts: QuantFacts) -> str | None:
    """Why a calibration does not hold for a scan, None when it does; what it asks for must stand in the header."""
    starts = [frame.acquisition_start for frame in facts.frames if frame.acquisition_start is not None]
    day = min(starts).date() if starts else None
    for name, wanted, found in (("model", one.model, facts.model), ("collimator", one.collimator, facts.collimator)):
        if wanted is not None and wanted.casefold() not in (found or "").casefold():
            return f"is for {name} {wanted}, the header names {found or 'none'}"
    window = one.energy_window_kev
    if window is not None and not any(_same_window(window, found) for found in facts.windows_kev):
        return f"is for the window {window[0]:g} to {window[1]:g} keV, the header names {_windows(facts)}"
    if day is not None and one.calibration_date > day:
        return f"is younger than the scan of {day.isoformat()}"
    if day is not None and one.valid_until is not None and one.valid_until < day:
        return f"was valid until {one.valid_until.isoformat()}, the scan is of {day.isoformat()}"
    return None


def _same_window(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) <= WINDOW_TOLERANCE_KEV for a, b in zip(one, other, strict=True))


def _windows(facts: QuantFacts) -> str:
    return ", ".join(f"{low:g} to {high:g}" for low, high in facts.windows_kev) or "none"


def describe_calibration(calibration: SpectCalibration, counts_to_bq_ml: float) -> str:
    """One sentence with the factor, its unit, convention, date and uncertainty."""
    spread = "" if calibration.uncertainty_pct is None else f" +- {calibration.uncertainty_pct:g} %"
    return (
        f"calibration {calibration.value:g} {calibration.unit}{spread} of {calibration.counts_of.replace('_', ' ')}, "
        f"{calibration.radionuclide}, {calibration.calibration_date.isoformat()} = {counts_to_bq_ml:.9g} Bq/mL a count"
    )


def check_windows(facts: QuantFacts) -> str | None:
    """A warning when the energy windows of a 177Lu scan hold neither photopeak, 113 or 208 keV; else None."""
    if facts.radionuclide != "Lu-177" or not facts.windows_kev:
        return None
    if any(low <= peak <= high for low, high in facts.windows_kev for peak in LU_177_PEAKS_KEV):
        return None
    return (
        f"energy windows {_windows(facts)} keV hold neither photopeak of Lu-177 (113, 208 keV): check the acquisition"
    )


def _rotation_frames_count(calibration: SpectCalibration) -> str:
    if calibration.rotation_frames_count is not None:
        return calibration.rotation_frames_count
    maker = calibration.manufacturer.casefold()
    if "siemens" in maker:
        return "one_detector"
    if maker.startswith("ge"):
        return "all_detectors"
    raise ContradictionError(
        f"calibration of {calibration.manufacturer}: whether Number Of Frames In Rotation (0054,0053) counts one "
        "detector or all is known for Siemens and GE only; state rotation_frames_count in the site profile"
    )
