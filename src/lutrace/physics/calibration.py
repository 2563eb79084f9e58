"""SPECT counts to activity: a calibration factor, the vendor's way of counting projections, the voxel."""

from __future__ import annotations

from lutrace.core import ContradictionError, MissingFactError
from lutrace.physics.facts import QuantFacts, SpectCounting
from lutrace.physics.profile import SpectCalibration


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
    """The newest calibration of this manufacturer and radionuclide not dated after the scan, or None."""
    maker = (facts.manufacturer or "").casefold()
    starts = [frame.acquisition_start for frame in facts.frames if frame.acquisition_start is not None]
    scan_date = min(starts).date() if starts else None
    fitting = [
        one
        for one in calibrations
        if one.manufacturer.casefold() in maker
        and one.radionuclide == facts.radionuclide
        and (scan_date is None or one.calibration_date <= scan_date)
    ]
    return max(fitting, key=lambda one: one.calibration_date, default=None)


def describe_calibration(calibration: SpectCalibration, counts_to_bq_ml: float) -> str:
    """One sentence with the factor, its unit, convention and date."""
    return (
        f"calibration {calibration.value:g} {calibration.unit} of {calibration.counts_of.replace('_', ' ')}, "
        f"{calibration.radionuclide}, {calibration.calibration_date.isoformat()} = {counts_to_bq_ml:.9g} Bq/mL a count"
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
