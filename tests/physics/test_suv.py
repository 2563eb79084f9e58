"""The SUV factor by branch, with invariants that hold for any facts."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.physics.make import F_18_S, INJECTION, LU_177_S, SCAN, facts, frame

from lutrace.core import ContradictionError, LutraceError, MissingFactError, UnsupportedError
from lutrace.physics import (
    QuantFacts,
    apply_suv_factor,
    check_activity_budget,
    compute_activity_budget_pct,
    compute_dose_bq,
    compute_suv_factor,
)

LAMBDA = math.log(2) / F_18_S


def lutetium(**changes: object) -> QuantFacts:
    plain: dict[str, object] = {
        "injected_bq": 7.4e9,
        "half_life_s": LU_177_S,
        "radionuclide": "Lu-177",
        "decay_correction": "ADMIN",
    }
    return facts(**(plain | changes))


def test_the_vector_of_calculate_suv_is_met() -> None:
    """75 kg and an activity of 100 (here MBq) without decay: 750 (here per MBq/mL)."""
    assert compute_suv_factor(facts(injected_bq=1e8, decay_correction="ADMIN")).factor_suvbw * 1e6 == pytest.approx(750)


def test_each_step_names_its_tag_and_value() -> None:
    factor = compute_suv_factor(facts())
    names = [step.name for step in factor.steps]
    assert names == [
        "corrections", "units", "weight", "injected activity", "half-life", "decay reference", "injection",
        "decay of the dose", "factor",
    ]  # fmt: skip
    weight = next(step for step in factor.steps if step.name == "weight")
    assert weight.facts == ("weight_kg (0010,1030) = 75",)


@given(scale=st.floats(0.5, 4.0), correction=st.sampled_from(["START", "ADMIN"]))
def test_suv_scales_with_weight_and_against_activity(scale: float, correction: str) -> None:
    base = compute_suv_factor(facts(decay_correction=correction)).factor_suvbw
    heavier = compute_suv_factor(facts(decay_correction=correction, weight_kg=75 * scale)).factor_suvbw
    more = compute_suv_factor(facts(decay_correction=correction, injected_bq=370e6 * scale)).factor_suvbw
    assert heavier == pytest.approx(base * scale, rel=1e-12)
    assert more == pytest.approx(base / scale, rel=1e-12)


@given(hours=st.floats(0.0, 150.0))
def test_start_and_admin_agree_for_any_delay(hours: float) -> None:
    scan = INJECTION + dt.timedelta(hours=hours)
    times = {"series_datetime": scan, "frames": (frame(scan),)}
    start = compute_suv_factor(lutetium(decay_correction="START", **times)).factor_suvbw
    admin = compute_suv_factor(lutetium(**times)).factor_suvbw
    elapsed = (scan - INJECTION).total_seconds()
    assert start * 2 ** (-elapsed / LU_177_S) == pytest.approx(admin, rel=1e-9)


@given(shift_days=st.integers(-3000, 3000))
def test_shifting_all_dates_by_whole_days_changes_nothing(shift_days: int) -> None:
    by = dt.timedelta(days=shift_days)
    moved = facts(injection_datetime=INJECTION + by, series_datetime=SCAN + by, frames=(frame(SCAN + by),))
    assert compute_suv_factor(moved).factor_suvbw == compute_suv_factor(facts()).factor_suvbw


def test_none_multiplies_within_frame_decay_and_decay_since_injection() -> None:
    late = SCAN + dt.timedelta(minutes=20)
    two = facts(decay_correction="NONE", corrected_image=("ATTN",), frames=(frame(), frame(late, 60.0)))
    factor = compute_suv_factor(two)
    x, y = LAMBDA * 120, LAMBDA * 60
    assert factor.slice_factors == pytest.approx(
        (x / (1 - math.exp(-x)) * math.exp(LAMBDA * 3600), y / (1 - math.exp(-y)) * math.exp(LAMBDA * 4800)), rel=1e-12
    )
    assert factor.factor_suvbw == pytest.approx(75000 / 370e6)
    assert factor.reference_datetime == INJECTION
    voxels = np.ones((2, 1, 1), np.float32)
    np.testing.assert_allclose(
        apply_suv_factor(voxels, factor)[:, 0, 0], factor.factor_suvbw * np.array(factor.slice_factors), rtol=1e-6
    )
    with pytest.raises(ContradictionError, match="2 slice factors for 3 slices"):
        apply_suv_factor(np.ones((3, 1, 1), np.float32), factor)


def test_frames_of_one_time_fold_into_the_factor() -> None:
    one = facts(decay_correction="NONE", corrected_image=("ATTN",), frames=(frame(), frame()))
    factor = compute_suv_factor(one)
    assert factor.slice_factors == ()
    np.testing.assert_allclose(
        apply_suv_factor(np.full((2, 1, 1), 10, np.float32), factor), 10 * factor.factor_suvbw, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"frames": (frame(None),)}, "Acquisition Date and Time"),
        ({"frames": (frame(), frame(None))}, r"Acquisition Time \(0008,0032\) of image 2"),
        ({"frames": (frame(duration_s=None),)}, r"Actual Frame Duration \(0018,1242\) of image 1"),
    ],
)
def test_none_needs_every_frames_time(changes: dict[str, object], words: str) -> None:
    with pytest.raises(MissingFactError, match=words):
        compute_suv_factor(facts(decay_correction="NONE", corrected_image=("ATTN",), **changes))


def test_a_decay_factor_under_none_warns_once() -> None:
    two = (frame(decay_factor=1.3), frame(decay_factor=1.3))
    odd = facts(decay_correction="NONE", corrected_image=("ATTN",), frames=two)
    warnings = compute_suv_factor(odd).warnings
    assert len([warning for warning in warnings if "although Decay Correction is NONE" in warning]) == 1


def test_a_lutetium_spect_of_unknown_length_is_taken_at_its_start_with_a_warning() -> None:
    nm = lutetium(modality="NM", decay_correction="NONE", corrected_image=(), frames=(frame(duration_s=None),))
    factor = compute_suv_factor(nm)
    assert factor.factor_suvbw == pytest.approx(75000 / 7.4e9 * 2 ** (3600 / LU_177_S))
    assert any("decay within it is left out (for one hour 0.22 %)" in warning for warning in factor.warnings)
    assert any("(0028,0051) is absent" in warning for warning in factor.warnings)


def test_lutetium_without_scatter_correction_warns() -> None:
    assert any("SCAT" in w for w in compute_suv_factor(lutetium(corrected_image=("ATTN", "DECY"))).warnings)
    assert compute_suv_factor(facts(corrected_image=("ATTN", "DECY"))).warnings == ()


def test_admin_without_a_day_of_injection_still_has_its_suv() -> None:
    undated = lutetium(injection_datetime=None, injection_time_only=dt.time(9))
    factor = compute_suv_factor(undated)
    assert factor.factor_suvbw == pytest.approx(75000 / 7.4e9)
    assert factor.reference_datetime is None
    assert any("not known to the day" in warning for warning in factor.warnings)


def test_admin_without_acquisition_time_keeps_the_stated_injection() -> None:
    assert compute_suv_factor(lutetium(frames=())).reference_datetime == INJECTION


@pytest.mark.parametrize("units", ["PROPCPS", "", "NONE"])
def test_units_without_activity_are_refused(units: str) -> None:
    with pytest.raises(UnsupportedError, match=r"Units \(0054,1001\)"):
        compute_suv_factor(facts(units=units))


def test_counts_of_nm_take_the_calibration() -> None:
    nm = lutetium(modality="NM", units="CNTS", counts_to_bq_ml=25.0, notes=("calibration 9.26 cps/MBq",))
    factor = compute_suv_factor(nm)
    assert factor.factor_suvbw == pytest.approx(25 * 75000 / 7.4e9)
    assert any(step.facts == ("calibration 9.26 cps/MBq",) for step in factor.steps)
    with pytest.raises(MissingFactError, match="spect_calibrations"):
        compute_suv_factor(lutetium(modality="NM", units="CNTS", counts_to_bq_ml=0.0))


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"corrected_image": ()}, MissingFactError, "expected ATTN, found nothing; state corrections"),
        ({"corrected_image": ("DECY",)}, ContradictionError, "expected ATTN, found DECY"),
        ({"corrected_image": ("ATTN",)}, ContradictionError, "START contradicts .* which has no DECY"),
        ({"decay_correction": "NONE"}, ContradictionError, "NONE contradicts .* which has DECY"),
        ({"decay_correction": None}, MissingFactError, "expected NONE, START or ADMIN, found nothing"),
    ],
)
def test_corrections_that_are_silent_or_contradictory_are_refused(
    changes: dict[str, object], error: type[LutraceError], words: str
) -> None:
    with pytest.raises(error, match=words):
        compute_suv_factor(facts(**changes))


def test_philips_counts_take_the_activity_factor_and_need_one() -> None:
    base = compute_suv_factor(facts()).factor_suvbw
    assert compute_suv_factor(facts(units="CNTS", philips_activity_factor=1.6)).factor_suvbw == pytest.approx(
        1.6 * base
    )
    with pytest.raises(MissingFactError, match="export the series in BQML"):
        compute_suv_factor(facts(units="CNTS"))


def philips(**changes: object) -> QuantFacts:
    return facts(**({"units": "CNTS", "philips_suv_factor": 0.0005} | changes))


def test_the_philips_factor_is_the_factor_and_its_ratio_is_checked() -> None:
    own = 75000 / (370e6 * 2 ** (-3600 / F_18_S))
    agreeing = compute_suv_factor(philips(philips_activity_factor=0.0005 / own))
    assert agreeing.factor_suvbw == 0.0005
    assert agreeing.warnings == ()
    off = compute_suv_factor(philips(philips_activity_factor=0.00052 / own))
    assert any("-3.8 % off" in warning for warning in off.warnings)


def test_the_philips_ratio_says_why_it_cannot_be_computed() -> None:
    bare = compute_suv_factor(philips(weight_kg=None))
    assert any("not computable: weight_kg" in check.result for check in bare.checks)
    assert (bare.weight_kg, bare.injected_bq_at_reference) == (None, None)
    alone = compute_suv_factor(philips())
    assert any("(7053,xx09) is absent" in check.result for check in alone.checks)


def test_warnings_of_the_philips_check_reach_the_result() -> None:
    crossed = philips(injection_datetime=None, injection_time_only=dt.time(23), series_datetime=SCAN)
    assert any("midnight" in warning for warning in compute_suv_factor(crossed).warnings)


@pytest.mark.parametrize("factor", [-1.0, math.nan])
def test_an_impossible_philips_factor_is_refused(factor: float) -> None:
    with pytest.raises(ContradictionError, match="Philips SUV factor"):
        compute_suv_factor(philips(philips_suv_factor=factor))


def test_a_factor_that_is_no_number_is_refused() -> None:
    with pytest.raises(ContradictionError, match="SUV factor: expected a positive number"):
        compute_suv_factor(facts(units="CNTS", philips_activity_factor=-1.0))


@pytest.mark.parametrize(
    ("value", "modality", "bq"), [(7.4e9, "PT", 7.4e9), (7400, "NM", 7.4e9), (7.4e9, "NM", 7.4e9), (370, "PT", 3.7e8)]
)
def test_the_unit_of_an_activity_follows_from_object_and_magnitude(value: float, modality: str, bq: float) -> None:
    assert compute_dose_bq(value, modality=modality)[0] == bq


@pytest.mark.parametrize("value", [2e5, 0.5, 1e12])
def test_an_activity_of_no_unit_is_refused(value: float) -> None:
    with pytest.raises(ContradictionError, match="state dose_unit"):
        compute_dose_bq(value, modality="PT")


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_no_activity_is_missing(value: float) -> None:
    with pytest.raises(MissingFactError, match="expected above 0"):
        compute_dose_bq(value, modality="PT")


def test_the_profile_states_the_unit_and_is_checked() -> None:
    assert compute_dose_bq(7400, modality="PT", unit="MBq") == (
        7.4e9,
        "Radionuclide Total Dose (0018,1074) = 7400 MBq, as the site profile states",
    )
    assert compute_dose_bq(7.4e9, modality="PT", unit="Bq")[0] == 7.4e9
    with pytest.raises(ContradictionError, match="no plausible activity in Bq"):
        compute_dose_bq(7400, modality="PT", unit="Bq")


def test_the_raw_dose_is_used_when_nothing_was_decided() -> None:
    assert compute_suv_factor(lutetium(injected_bq=None, header_dose=7.4e9)).injected_bq_at_reference == 7.4e9


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"injected_bq": None}, MissingFactError, "expected the injected activity, found nothing"),
        ({"injected_bq": 5.0}, ContradictionError, "expected 1e6 to 5e10 Bq, got 5"),
        ({"half_life_s": None, "radionuclide": None}, MissingFactError, "Radionuclide Half Life"),
        ({"half_life_s": 4062.6}, ContradictionError, "is not that of F-18"),
    ],
)
def test_activity_and_half_life_are_judged(changes: dict[str, object], error: type[LutraceError], words: str) -> None:
    with pytest.raises(error, match=words):
        compute_suv_factor(facts(**changes))


def test_a_named_radionuclide_gives_the_half_life_that_the_header_lacks() -> None:
    factor = compute_suv_factor(lutetium(half_life_s=None))
    assert factor.half_life_s == LU_177_S
    assert any(step.facts[0] == "radionuclide = Lu-177" for step in factor.steps if step.name == "half-life")


def test_a_half_life_three_percent_off_its_radionuclide_warns_and_is_used() -> None:
    factor = compute_suv_factor(facts(half_life_s=F_18_S * 1.03))
    assert factor.half_life_s == F_18_S * 1.03
    assert any("+3.0 % off that of F-18" in warning for warning in factor.warnings)


def test_a_half_life_of_an_unnamed_radionuclide_is_taken_as_stated() -> None:
    assert compute_suv_factor(facts(radionuclide=None)).half_life_s == F_18_S


def test_a_uniform_body_holds_all_its_activity() -> None:
    """75 L at SUV 1 (density 1) is 100 % of the dose."""
    factor = compute_suv_factor(facts())
    budget = compute_activity_budget_pct([75.0 / factor.factor_suvbw], factor, voxel_ml=1000.0, weight_kg=75.0)
    assert budget == pytest.approx(100.0)
    assert compute_activity_budget_pct([1.0], factor, voxel_ml=1.0, weight_kg=None) is None
    check_activity_budget(None)
    check_activity_budget(99.9)
    with pytest.raises(ContradictionError, match=r"activity budget: the image holds 100\.2 %"):
        check_activity_budget(100.2)
