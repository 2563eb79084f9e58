"""Header against record: who fills what, who is right, and when nobody is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.physics.make import INJECTION, LU_177_S, SCAN, facts, frame

from lutrace.core import ContradictionError, LutraceError, MissingFactError
from lutrace.physics import (
    InjectionRecord,
    QuantProfile,
    SpectCalibration,
    SpectCounting,
    compute_counts_to_bq_ml,
    compute_net_injected_bq,
    reconcile,
    select_record,
)


def record(**changes: Any) -> InjectionRecord:
    plain: dict[str, Any] = {
        "origin": "row 2",
        "injected_bq": 370e6,
        "injection_datetime": INJECTION,
        "injection_date": None,
        "weight_kg": 75.0,
    }
    return InjectionRecord(**(plain | changes))


def hours(number: float) -> dt.timedelta:
    return dt.timedelta(hours=number)


def test_an_agreeing_record_changes_nothing() -> None:
    done = reconcile(facts(), record(), None)
    assert (done.facts, done.warnings) == (facts(), ())
    assert reconcile(facts(), None, None).facts == facts()


def test_the_record_fills_what_the_header_lacks_and_says_so() -> None:
    bare = facts(injected_bq=None, weight_kg=None, injection_datetime=None)
    done = reconcile(bare, record(), None).facts
    assert (done.injected_bq, done.weight_kg, done.injection_datetime) == (370e6, 75.0, INJECTION)
    assert len([note for note in done.notes if "row 2: the header has none" in note]) == 3


def test_an_empty_record_changes_nothing() -> None:
    empty = record(injected_bq=None, injection_datetime=None, weight_kg=None)
    assert reconcile(facts(), empty, None).facts == facts()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"injected_bq": 350e6}, "injected activity: header 370 MBq, row 2 350 MBq: 6 % apart; header used"),
        ({"weight_kg": 70.0}, "weight: header 75 kg, row 2 70 kg: 7 % apart; header used"),
        ({"injection_datetime": INJECTION + hours(0.25)}, "15 min apart; header used"),
    ],
)
def test_a_small_difference_warns_with_both_values(changes: dict[str, Any], words: str) -> None:
    (warning,) = reconcile(facts(), record(**changes), None).warnings
    assert words in warning


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"injected_bq": 300e6}, "activity_from"),
        ({"weight_kg": 60.0}, "weight_from"),
        ({"injection_datetime": INJECTION - hours(1.1)}, "injection_time_from"),
    ],
)
@pytest.mark.parametrize("origin", [None, "header", "record"])
def test_a_large_difference_is_refused_unless_the_profile_names_the_right_side(
    changes: dict[str, Any], line: str, origin: str | None
) -> None:
    profile = QuantProfile.model_validate({line: origin})
    if origin is None:
        with pytest.raises(ContradictionError, match=f"set {line}"):
            reconcile(facts(), record(**changes), profile)
        return
    done = reconcile(facts(), record(**changes), profile)
    ((name, value),) = changes.items()
    expected = value if origin == "record" else getattr(facts(), name)
    assert getattr(done.facts, name) == expected
    assert f"{origin} used" in done.warnings[0]


@pytest.mark.parametrize(("header_mbq", "warns"), [(370 * 1.0499, False), (370 * 1.0501, True), (370 * 0.9499, True)])
def test_five_percent_is_the_border_of_a_warning(header_mbq: float, warns: bool) -> None:
    assert bool(reconcile(facts(injected_bq=header_mbq * 1e6), record(), None).warnings) is warns


def test_a_records_day_dates_the_headers_clock_time() -> None:
    undated = facts(injection_datetime=None, injection_time_only=dt.time(10, 5))
    done = reconcile(undated, record(), None).facts
    assert done.injection_datetime == INJECTION + dt.timedelta(minutes=5)
    day_only = record(injection_datetime=None, injection_date=INJECTION.date())
    assert reconcile(undated, day_only, None).facts.injection_datetime == INJECTION + dt.timedelta(minutes=5)


def test_an_impossible_weight_of_a_record_is_refused() -> None:
    with pytest.raises(ContradictionError, match="grams"):
        reconcile(facts(), record(weight_kg=75000.0), None)


def test_the_profile_repairs_what_it_names() -> None:
    profile = QuantProfile(
        weight_in_grams=True,
        height_in_cm=True,
        dose_unit_pt="MBq",
        corrections=("ATTN", "SCAT", "DECY"),
        decay_correction="ADMIN",
        half_life_s=600.0,
        trust_series_time=True,
    )
    odd = facts(
        weight_kg=75000.0,
        height_m=185.0,
        header_dose=370.0,
        corrected_image=(),
        decay_correction=None,
        half_life_s=None,
        radionuclide=None,
    )
    done = reconcile(odd, None, profile).facts
    assert (done.weight_kg, done.height_m, done.injected_bq) == (75.0, 1.85, 370e6)
    assert (done.corrected_image, done.decay_correction) == (("ATTN", "SCAT", "DECY"), "ADMIN")
    assert (done.half_life_s, done.trust_series_time) == (600.0, True)
    assert len(done.notes) == 6


def test_the_profile_leaves_what_needs_no_repair() -> None:
    profile = QuantProfile(weight_in_grams=True, height_in_cm=True, corrections=("ATTN",), half_life_s=600.0,
                           decay_correction="NONE", dose_unit_nm="MBq")  # fmt: skip
    assert reconcile(facts(), None, profile).facts == facts()


@pytest.mark.parametrize(
    ("changes", "line"), [({"injected_bq": 350e6}, "activity_from"), ({"weight_kg": 70.0}, "weight_from")]
)
@pytest.mark.parametrize("scanner", [{"units": "GML"}, {"units": "CNTS", "philips_suv_factor": 0.0005}])
def test_a_records_value_cannot_correct_an_suv_that_the_scanner_made(
    scanner: dict[str, Any], changes: dict[str, Any], line: str
) -> None:
    with pytest.raises(ContradictionError, match="made by the scanner with the header's; export the series in BQML"):
        reconcile(facts(**scanner), record(**changes), QuantProfile.model_validate({line: "record"}))


def test_a_record_that_equals_the_header_leaves_no_note() -> None:
    profile = QuantProfile(activity_from="record", weight_from="record")
    assert reconcile(facts(units="GML"), record(), profile).facts.notes == ()


@pytest.mark.parametrize(
    ("corrected", "stated", "expected"),
    [
        (("ATTN", "SCAT"), "ADMIN", ("ATTN", "SCAT", "DECY")),
        (("ATTN", "DECY"), "NONE", ("ATTN",)),
        ((), "ADMIN", ()),
    ],
)
def test_the_site_states_the_decay_correction_of_nm_objects(
    corrected: tuple[str, ...], stated: str, expected: tuple[str, ...]
) -> None:
    nm = facts(modality="NM", decay_correction="NONE", corrected_image=corrected)
    done = reconcile(nm, None, QuantProfile.model_validate({"decay_correction": stated})).facts
    assert (done.decay_correction, done.corrected_image) == (stated, expected)


def test_the_record_of_the_last_injection_before_the_scan_is_chosen() -> None:
    first = record(injection_datetime=INJECTION - hours(42 * 24))
    last, later = record(), record(injection_datetime=SCAN + hours(24))
    assert select_record([later, first, last], facts()) is last
    assert select_record([first, later], facts()) is None
    day_only = record(injection_datetime=None, injection_date=INJECTION.date())
    assert select_record([day_only, record(injection_datetime=None)], facts()) is day_only


def test_a_record_without_a_day_counts_only_if_it_is_the_only_one() -> None:
    undated = record(injection_datetime=None)
    assert select_record([undated], facts()) is undated
    assert select_record([undated, undated], facts()) is None


def test_an_undated_scan_takes_the_only_record() -> None:
    undated = facts(frames=(), series_datetime=None)
    only = record()
    assert select_record([only], undated) is only
    assert select_record([only, record()], undated) is None


def test_net_activity_is_syringe_minus_residual_both_at_the_injection() -> None:
    net = compute_net_injected_bq(
        7400,
        half_life_s=LU_177_S,
        injection_datetime=INJECTION,
        assay_datetime=INJECTION - hours(24),
        residual_mbq=50,
        residual_datetime=INJECTION + hours(24),
    )
    day = 2 ** (-86400 / LU_177_S)
    assert net == pytest.approx((7400 * day - 50 / day) * 1e6)


def test_measurements_without_a_time_count_at_the_injection() -> None:
    plain: dict[str, Any] = {"half_life_s": LU_177_S, "injection_datetime": None, "assay_datetime": None}
    assert compute_net_injected_bq(7400, **plain, residual_mbq=None, residual_datetime=None) == 7400e6
    assert compute_net_injected_bq(7400, **plain, residual_mbq=50, residual_datetime=None) == 7350e6
    with pytest.raises(MissingFactError, match="needed to decay the residual"):
        compute_net_injected_bq(7400, **plain, residual_mbq=50, residual_datetime=INJECTION)


def test_a_residual_above_the_syringe_is_refused() -> None:
    with pytest.raises(ContradictionError, match="leaves -100 MBq"):
        compute_net_injected_bq(
            100, half_life_s=LU_177_S, injection_datetime=None, assay_datetime=None, residual_mbq=200,
            residual_datetime=None,
        )  # fmt: skip


COUNTING = SpectCounting(projection_duration_s=15.0, n_frames_in_rotation=60, n_detectors=2, voxel_ml=0.11)


def calibration(**changes: Any) -> SpectCalibration:
    plain: dict[str, Any] = {
        "manufacturer": "Siemens",
        "value": 10.0,
        "unit": "cps/MBq",
        "counts_of": "one_detector",
        "calibration_date": "2023-01-02",
    }
    return SpectCalibration.model_validate(plain | changes)


@pytest.mark.parametrize(
    ("changes", "bq_ml"),
    [
        ({}, 1e6 / (15 * 120) / 10 / 0.11),
        ({"unit": "MBq/cps", "value": 0.1}, 1e6 / (15 * 120) / 10 / 0.11),
        ({"manufacturer": "GE"}, 1e6 / (15 * 60) / 10 / 0.11),
        ({"counts_of": "all_detectors", "value": 20.0}, 1e6 / (15 * 120) / 10 / 0.11),
        ({"manufacturer": "Mediso", "rotation_frames_count": "all_detectors"}, 1e6 / (15 * 60) / 10 / 0.11),
    ],
)
def test_counts_become_a_rate_by_the_vendors_way_of_counting(changes: dict[str, Any], bq_ml: float) -> None:
    assert compute_counts_to_bq_ml(COUNTING, calibration(**changes)) == pytest.approx(bq_ml)


@pytest.mark.parametrize(
    ("counting", "changes", "error", "words"),
    [
        (SpectCounting(None, 60, 2, 0.1), {}, MissingFactError, "Actual Frame Duration"),
        (SpectCounting(15.0, None, 2, 0.1), {}, MissingFactError, "Number Of Frames In Rotation"),
        (SpectCounting(15.0, 60, None, 0.1), {}, MissingFactError, "Number Of Detectors"),
        (COUNTING, {"manufacturer": "Mediso"}, ContradictionError, "state rotation_frames_count"),
    ],
)
def test_a_calibration_needs_all_that_makes_it_a_number(
    counting: SpectCounting, changes: dict[str, Any], error: type[LutraceError], words: str
) -> None:
    with pytest.raises(error, match=words):
        compute_counts_to_bq_ml(counting, calibration(**changes))


def test_one_rotation_of_all_detectors_needs_no_detector_count() -> None:
    assert compute_counts_to_bq_ml(SpectCounting(15.0, 60, None, 0.11), calibration(manufacturer="GE")) > 0


def test_the_newest_calibration_before_the_scan_makes_counts_activity() -> None:
    nm = facts(modality="NM", units="CNTS", radionuclide="Lu-177", manufacturer="SIEMENS NM", counting=COUNTING)
    old, new = calibration(value=9.0), calibration(calibration_date="2023-05-01")
    future = calibration(value=99.0, calibration_date="2024-05-01")
    other = calibration(value=98.0, manufacturer="GE")
    done = reconcile(nm, None, QuantProfile(spect_calibrations=(old, new, future, other))).facts
    assert done.counts_to_bq_ml == pytest.approx(compute_counts_to_bq_ml(COUNTING, new))
    assert "2023-05-01" in done.notes[-1]
    assert reconcile(nm, None, QuantProfile(spect_calibrations=(other,))).facts.counts_to_bq_ml is None


def test_a_scan_without_date_takes_the_newest_calibration() -> None:
    nm = facts(modality="NM", units="CNTS", radionuclide="Lu-177", manufacturer="Siemens", counting=COUNTING,
               frames=(frame(None),))  # fmt: skip
    future = calibration(calibration_date="2030-05-01")
    assert reconcile(nm, None, QuantProfile(spect_calibrations=(future,))).facts.counts_to_bq_ml is not None
