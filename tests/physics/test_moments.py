"""When it was injected, and which moment an image is corrected to."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.physics.make import F_18_S, INJECTION, LU_177_S, SCAN, facts, frame

from lutrace.core import ContradictionError, LutraceError, MissingFactError
from lutrace.physics import QuantFacts, average_count_rate_time_s, compute_suv_factor, decay_factor

MEAN_AT_S = average_count_rate_time_s(120.0, F_18_S)


def minutes(number: float) -> dt.timedelta:
    return dt.timedelta(minutes=number)


def late_series(**changes: Any) -> QuantFacts:
    """A series stored four hours after it was measured."""
    return facts(**({"series_datetime": SCAN + minutes(240)} | changes))


def test_a_private_date_time_that_disagrees_warns_with_its_effect() -> None:
    factor = compute_suv_factor(facts(private_scan_datetime=SCAN + minutes(2), private_scan_source="GE"))
    effect = 100 * (decay_factor(-120, F_18_S) - 1)
    assert factor.reference_datetime == SCAN
    assert any(f"GE is +120 s off the series date-time used; if it were right, SUV would change by {effect:+.2f} %" in w
               for w in factor.warnings)  # fmt: skip


def test_a_private_date_time_that_agrees_is_a_silent_check() -> None:
    factor = compute_suv_factor(facts(private_scan_datetime=SCAN))
    assert factor.warnings == ()
    assert any(check.name == "private date-time" for check in factor.checks)


def test_reference_times_of_the_images_check_the_series_time() -> None:
    """The last bed's start as the reference: Frame Reference Time says that the series began 24 min before."""
    frames = (frame(SCAN, reference_time_s=1440 + MEAN_AT_S),)
    factor = compute_suv_factor(facts(frames=frames))
    assert any("reference computed back from the images is -1440 s off" in warning for warning in factor.warnings)


def test_the_reference_is_computed_back_from_all_images() -> None:
    frames = tuple(frame(SCAN + minutes(3 * i), reference_time_s=180 * i + MEAN_AT_S) for i in range(9))
    factor = compute_suv_factor(late_series(frames=frames))
    assert factor.reference_datetime is not None
    assert abs((factor.reference_datetime - SCAN).total_seconds()) < 1e-3


def test_images_that_point_to_different_moments_are_refused() -> None:
    frames = tuple(frame(SCAN + minutes(3 * i), reference_time_s=MEAN_AT_S) for i in range(9))
    with pytest.raises(ContradictionError, match="1440 s apart"):
        compute_suv_factor(late_series(frames=frames))


def test_the_private_date_time_comes_before_computing_back() -> None:
    frames = (frame(SCAN, reference_time_s=500.0),)
    factor = compute_suv_factor(late_series(frames=frames, private_scan_datetime=SCAN, private_scan_source="GE"))
    assert factor.reference_datetime == SCAN


@pytest.mark.parametrize(("after_s", "ok"), [(0.9, True), (1.1, False)])
def test_a_series_time_within_a_second_of_the_acquisition_is_its_start(after_s: float, ok: bool) -> None:
    near = facts(series_datetime=SCAN + dt.timedelta(seconds=after_s))
    if ok:
        assert compute_suv_factor(near).reference_datetime == near.series_datetime
        return
    with pytest.raises(MissingFactError, match="does not settle it"):
        compute_suv_factor(near)


@pytest.mark.parametrize("changes", [{}, {"series_datetime": None}, {"trust_series_time": True}])
def test_a_reference_that_nothing_settles_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MissingFactError, match="decay reference"):
        compute_suv_factor(late_series(**changes))


def test_series_time_alone_counts_only_if_the_profile_trusts_it() -> None:
    bare = {"frames": (frame(None),), "series_datetime": SCAN}
    with pytest.raises(MissingFactError, match="trust_series_time"):
        compute_suv_factor(facts(**bare))
    assert compute_suv_factor(facts(**bare, trust_series_time=True)).reference_datetime == SCAN


@given(st.integers(0, 86399))
def test_a_clock_time_without_date_lies_in_the_day_before_the_scan(second: int) -> None:
    clock = (dt.datetime(2023, 1, 1) + dt.timedelta(seconds=second)).time()
    plain = facts(injection_datetime=None, injection_time_only=clock, half_life_s=4 * 3600.0, radionuclide=None)
    injection = compute_suv_factor(plain).injection_datetime
    assert injection is not None
    assert injection.time() == clock
    assert dt.timedelta(0) <= SCAN - injection < dt.timedelta(days=1)


def test_a_clock_time_of_a_long_lived_nuclide_is_not_placed() -> None:
    with pytest.raises(MissingFactError, match=r"half-life of 159\.5 h the scan may be days later"):
        compute_suv_factor(
            facts(
                injection_datetime=None,
                injection_time_only=dt.time(9),
                half_life_s=LU_177_S,
                radionuclide="Lu-177",
            )
        )


def test_the_ge_private_injection_is_the_last_resort() -> None:
    factor = compute_suv_factor(facts(injection_datetime=None, private_injection_datetime=INJECTION))
    assert factor.injection_datetime == INJECTION


def test_a_ge_private_injection_that_disagrees_warns() -> None:
    near = compute_suv_factor(facts(private_injection_datetime=INJECTION + dt.timedelta(seconds=30)))
    far = compute_suv_factor(facts(private_injection_datetime=INJECTION + minutes(5)))
    assert near.warnings == ()
    assert any("(0009,xx3B) is +300 s off" in warning for warning in far.warnings)


def test_start_time_and_start_date_time_must_name_the_same_clock() -> None:
    agreeing = compute_suv_factor(facts(start_time_only=dt.time(10)))
    off = compute_suv_factor(facts(start_time_only=dt.time(9)))
    assert agreeing.warnings == ()
    assert any("are 3600 s apart" in warning for warning in off.warnings)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"injection_datetime": None}, MissingFactError, "found nothing; give injection_datetime"),
        ({"injection_datetime": SCAN + minutes(1)}, ContradictionError, "is after the scan"),
        ({"injection_datetime": SCAN - minutes(24 * 60)}, ContradictionError, r"13\.1 half-lives before the scan"),
    ],
)
def test_an_injection_that_is_absent_or_cannot_be_is_refused(
    changes: dict[str, Any], error: type[LutraceError], words: str
) -> None:
    with pytest.raises(error, match=words):
        compute_suv_factor(facts(**changes))


def _checked(factor_of_header: float, **frame_changes: Any) -> tuple[str, tuple[str, ...]]:
    frames = (frame(SCAN + minutes(25), decay_factor=factor_of_header, **frame_changes),)
    result = compute_suv_factor(facts(frames=frames))
    (check,) = [check for check in result.checks if check.name == "Decay Factor identity"]
    return check.result, result.warnings


def test_the_decay_factor_of_a_real_siemens_header_meets_the_identity() -> None:
    """QIN-HEADNECK-01-0139: exp(lambda x 1562.764 s) = 1.178767, header 1.1787673."""
    result, warnings = _checked(1.1787673, reference_time_s=1562.764)
    assert result in ("worst of 1 images -0.0000 %", "worst of 1 images +0.0000 %")
    assert warnings == ()


def test_a_decay_factor_of_the_frames_start_is_recognised() -> None:
    """GE Discovery ST: Frame Reference Time 0, 240 s, half-life 6588 s: Decay Factor 1.01268."""
    x = math.log(2) / 6588 * 240
    assert x / (1 - math.exp(-x)) == pytest.approx(1.01268, abs=1e-5)
    result = compute_suv_factor(
        facts(half_life_s=6588.0, frames=(frame(SCAN, 240.0, reference_time_s=0.0, decay_factor=1.01268),))
    )
    assert not any("Decay Factor" in warning for warning in result.warnings)


def test_a_decay_factor_that_breaks_the_identity_warns() -> None:
    _, warnings = _checked(1.30, reference_time_s=1562.764)
    assert any("Decay Factor (0054,1321) is +9.6 % off" in warning for warning in warnings)


def test_a_decay_factor_without_reference_time_is_not_judged() -> None:
    result, warnings = _checked(1.30)
    assert result.startswith("not computable")
    assert warnings == ()


def test_the_worst_of_several_images_is_reported() -> None:
    frames = tuple(frame(SCAN, reference_time_s=MEAN_AT_S, decay_factor=f) for f in (1.0063, 1.2, 1.0064))
    result = compute_suv_factor(facts(frames=frames))
    assert any("is +18.5 %" in warning for warning in result.warnings)
