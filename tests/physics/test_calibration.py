"""Which calibration holds for a scan, and when none does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.physics.make import facts, frame

from lutrace.core import ContradictionError, MissingFactError
from lutrace.physics import (
    QuantFacts,
    QuantProfile,
    SpectCalibration,
    SpectCounting,
    compute_counts_to_bq_ml,
    reconcile,
)

SIEMENS = SpectCounting(projection_duration_s=15.0, n_frames_in_rotation=48, n_detectors=2, voxel_ml=0.1)
GE = SpectCounting(projection_duration_s=15.0, n_frames_in_rotation=96, n_detectors=2, voxel_ml=0.1)


def counts(**changes: Any) -> QuantFacts:
    plain: dict[str, Any] = {
        "modality": "NM",
        "units": "CNTS",
        "radionuclide": "Lu-177",
        "manufacturer": "SIEMENS NM",
        "model": "Intevo Bold",
        "collimator": "MELP",
        "windows_kev": ((187.2, 228.8), (166.4, 187.2)),
        "counting": SIEMENS,
        "frames": (frame(dt.datetime(2024, 3, 6, 10, 30)),),
    }
    return facts(**plain | changes)


def calibration(**changes: Any) -> SpectCalibration:
    plain: dict[str, Any] = {
        "manufacturer": "Siemens",
        "value": 9.09,
        "unit": "cps/MBq",
        "counts_of": "one_detector",
        "calibration_date": "2023-01-02",
    }
    return SpectCalibration.model_validate(plain | changes)


def used(scan: QuantFacts, *calibrations: SpectCalibration) -> float | None:
    return reconcile(scan, None, QuantProfile(spect_calibrations=calibrations)).facts.counts_to_bq_ml


def test_the_two_vendors_ways_of_counting_views_give_one_activity() -> None:
    """96 views of 15 s: Siemens writes 48 per detector, GE writes 96."""
    siemens = compute_counts_to_bq_ml(SIEMENS, calibration(value=10.0))
    ge = compute_counts_to_bq_ml(GE, calibration(manufacturer="GE", value=10.0))
    assert siemens == pytest.approx(1e6 / (15 * 96) / 10.0 / 0.1)
    assert ge == pytest.approx(siemens)


def test_a_total_factor_is_twice_that_of_one_of_two_detectors() -> None:
    one = compute_counts_to_bq_ml(SIEMENS, calibration(value=9.0))
    both = compute_counts_to_bq_ml(SIEMENS, calibration(value=18.0, counts_of="all_detectors"))
    taken_wrongly = compute_counts_to_bq_ml(SIEMENS, calibration(value=18.0))
    assert both == pytest.approx(one)
    assert taken_wrongly == pytest.approx(one / 2)


def test_model_collimator_and_window_choose_among_the_factors_of_one_day() -> None:
    right = calibration(model="intevo", collimator="melp", energy_window_kev=(187.0, 229.0))
    other = calibration(value=5.48, model="Symbia T6", collimator="MELP")
    assert used(counts(), right, other) == pytest.approx(compute_counts_to_bq_ml(SIEMENS, right))


def test_two_factors_of_one_day_that_both_fit_are_refused() -> None:
    with pytest.raises(ContradictionError, match=r"2 factors of 2023-01-02 fit.*state model"):
        used(counts(), calibration(), calibration(value=4.6))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "Symbia"}, "is for model Symbia, the header names Intevo Bold"),
        ({"collimator": "HEGP"}, "is for collimator HEGP, the header names MELP"),
        (
            {"energy_window_kev": (101.7, 124.3)},
            "is for the window 101.7 to 124.3 keV, the header names 187.2 to 228.8",
        ),
        ({"valid_until": "2024-03-05"}, "was valid until 2024-03-05, the scan is of 2024-03-06"),
        ({"calibration_date": "2024-03-07"}, "is younger than the scan of 2024-03-06"),
    ],
)
def test_a_factor_that_does_not_hold_for_the_scan_is_named_with_its_reason(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(MissingFactError, match=words):
        used(counts(), calibration(**changes))


def test_a_factor_holds_on_its_last_day() -> None:
    assert used(counts(), calibration(valid_until="2024-03-06")) is not None


def test_an_expired_factor_makes_way_for_the_older_one_that_still_holds() -> None:
    short = calibration(value=8.0, calibration_date="2023-06-01", valid_until="2023-12-31")
    assert used(counts(), calibration(), short) == pytest.approx(compute_counts_to_bq_ml(SIEMENS, calibration()))


def test_a_collimator_that_the_header_does_not_name_cannot_be_assumed() -> None:
    with pytest.raises(MissingFactError, match="the header names none"):
        used(counts(collimator=None), calibration(collimator="MELP"))


def test_the_factors_uncertainty_is_said_of_every_suv() -> None:
    done = reconcile(counts(), None, QuantProfile(spect_calibrations=(calibration(uncertainty_pct=5.5),)))
    assert done.warnings == ("every SUV of this scan carries the calibration's uncertainty, 5.5 %",)
    assert "9.09 cps/MBq +- 5.5 %" in done.facts.notes[-1]


def test_windows_without_a_photopeak_of_lutetium_are_told() -> None:
    warnings = reconcile(counts(windows_kev=((126.0, 154.0),)), None, None).warnings
    assert warnings == (
        "energy windows 126 to 154 keV hold neither photopeak of Lu-177 (113, 208 keV): check the acquisition",
    )
    assert reconcile(counts(), None, None).warnings == ()
    assert reconcile(counts(windows_kev=((101.7, 124.3),)), None, None).warnings == ()
