"""What another hour of scanning does to SUV."""

from __future__ import annotations

import pytest

from lutrace.core import UnusableInputError
from lutrace.physics import TISSUES, check_scan_time, compute_suv_shift

WINDOW = (20.0, 28.0)


@pytest.mark.parametrize(
    ("tissue", "hours", "expected"),
    [  # 2^(-(t-24)/Teff) x 2^((t-24)/159.5 h), worked out by hand
        ("tumour", 20.0, 1.037),
        ("tumour", 28.0, 0.965),
        ("tumour", 48.0, 0.806),
        ("kidney", 48.0, 0.716),
        ("parotid", 48.0, 0.625),
    ],
)
def test_the_shift_of_a_scan_is_that_of_wash_out_without_physical_decay(
    tissue: str, hours: float, expected: float
) -> None:
    shift = compute_suv_shift(hours, TISSUES[tissue].hours, nominal_h=24.0, half_life_s=574_300.0)
    assert shift == pytest.approx(expected, abs=6e-4)


def test_tissue_that_only_decays_keeps_its_suv() -> None:
    assert compute_suv_shift(96.0, 574_300.0 / 3600, nominal_h=24.0, half_life_s=574_300.0) == pytest.approx(1.0)


def test_a_scan_inside_the_window_passes_and_its_ends_belong_to_it() -> None:
    assert [check_scan_time(hours, "Lu-177", WINDOW) for hours in (20.0, 24.0, 28.0)] == [None] * 3


def test_a_late_scan_is_flagged_with_the_shift_of_each_tissue() -> None:
    said = check_scan_time(48.0, "Lu-177", WINDOW)
    assert said is not None
    assert "48.0 h after injection, outside 20 to 28 h" in said
    assert "tumour x 0.81, kidney x 0.72, parotid x 0.63" in said
    assert said.endswith("not corrected")


def test_in_the_hours_of_uptake_no_shift_is_made_up() -> None:
    said = check_scan_time(3.95, "Lu-177", WINDOW)
    assert said is not None
    assert said.endswith("the shift cannot be estimated")


def test_pet_tracers_and_unknown_times_have_no_window() -> None:
    assert check_scan_time(1.0, "Ga-68", WINDOW) is None
    assert check_scan_time(None, "Lu-177", WINDOW) is None


def test_a_half_life_of_nothing_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="must be above 0 h, got 0"):
        compute_suv_shift(48.0, 0.0, nominal_h=24.0, half_life_s=574_300.0)
