"""Dose from one scan: two formulas by hand, and an interval that holds what the half-life may be."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lutrace.core import UnusableInputError
from lutrace.physics import TISSUES, TissueHalfLife, compute_concentration_bq_ml, compute_single_point_dose

KIDNEY = TISSUES["kidney"]


def test_the_dose_by_haenscheid_is_two_t_over_ln_2() -> None:
    """1 MBq/mL at 48 h: 1e6 x 2 x 48 x 3600 / ln 2 = 4.9860e11 Bq s/mL; x 147.9 keV = 2.36962e-14 J; 1e-3 kg/mL."""
    dose = compute_single_point_dose(1e6, hours=48.0, tissue=KIDNEY, method="haenscheid")
    by_hand = 1e6 * 2 * 48 * 3600 / math.log(2) * 147.9e3 * 1.602176634e-19 / 1e-3
    assert by_hand == pytest.approx(11.8147, abs=1e-3)
    assert dose.dose_gy == pytest.approx(by_hand, rel=1e-12)


def test_the_dose_by_population_half_life_is_the_exponentials_integral() -> None:
    dose = compute_single_point_dose(1e6, hours=24.0, tissue=KIDNEY, method="population_half_life")
    hours = np.linspace(0, 3000, 3_000_001)
    integral_s = np.trapezoid(2.0 ** ((24.0 - hours) / 38.0), hours) * 3600
    assert dose.dose_gy == pytest.approx(1e6 * integral_s * 147.9e3 * 1.602176634e-19 / 1e-3, rel=1e-6)


@pytest.mark.parametrize("method", ["haenscheid", "population_half_life"])
@pytest.mark.parametrize("hours", [4.0, 24.0, 48.0, 120.0])
def test_the_interval_holds_the_dose_of_every_half_life_of_the_range(hours: float, method: str) -> None:
    dose = compute_single_point_dose(2e5, hours=hours, tissue=KIDNEY, method=method)  # type: ignore[arg-type]
    scale = 2e5 * 3600 * 147.9e3 * 1.602176634e-19 / 1e-3 / math.log(2)
    every = [scale * 2 ** (hours / half) * half for half in np.linspace(KIDNEY.low_h, KIDNEY.high_h, 5001)]
    assert dose.low_gy <= min(every) * (1 + 1e-9)
    assert dose.high_gy == pytest.approx(max([*every, dose.dose_gy]), rel=1e-9)
    assert dose.low_gy == pytest.approx(min([*every, dose.dose_gy]), rel=1e-6)


def test_a_scan_too_early_for_haenscheid_says_so() -> None:
    early = compute_single_point_dose(1e6, hours=24.0, tissue=KIDNEY, method="haenscheid")
    fit = compute_single_point_dose(1e6, hours=48.0, tissue=KIDNEY, method="haenscheid")
    assert early.reliability == "outside the method's validity: 0.63 effective half-lives, expected 0.75 to 2.5"
    assert fit.reliability == "weak: one time point"


def test_a_tumours_dose_is_called_unreliable() -> None:
    dose = compute_single_point_dose(1e6, hours=48.0, tissue=TISSUES["tumour"], method="haenscheid")
    assert "tumours are unreliable" in dose.reliability


def test_concentration_at_the_scan_does_not_depend_on_what_the_image_was_corrected_to() -> None:
    """7.4 GBq, 80 kg, SUV 10, 24 h: 10 x 7.4e9 x 0.9010 / 80 000 g = 833 kBq/mL."""
    found = compute_concentration_bq_ml(10.0, injected_bq=7.4e9, weight_kg=80.0, hours=24.0, half_life_s=574_300.0)
    assert found == pytest.approx(10 * 7.4e9 * 2 ** (-86400 / 574_300) / 80_000)
    assert found == pytest.approx(833_400, rel=1e-3)


def test_denser_tissue_takes_less_dose() -> None:
    water = compute_single_point_dose(1e6, hours=48.0, tissue=KIDNEY, method="haenscheid")
    bone = compute_single_point_dose(1e6, hours=48.0, tissue=KIDNEY, method="haenscheid", density_g_ml=1.2)
    assert bone.dose_gy == pytest.approx(water.dose_gy / 1.2)


@pytest.mark.parametrize(("hours", "density", "value"), [(0.0, 1.0, 1.0), (24.0, 0.0, 1.0), (24.0, 1.0, -1.0)])
def test_impossible_inputs_are_refused(hours: float, density: float, value: float) -> None:
    with pytest.raises(UnusableInputError, match="single-time-point dose: expected"):
        compute_single_point_dose(value, hours=hours, tissue=KIDNEY, method="haenscheid", density_g_ml=density)


def test_a_tissue_of_ones_own_may_be_given() -> None:
    own = TissueHalfLife("kidney", 40.0, 40.0, 40.0, "this patient, cycle 1")
    dose = compute_single_point_dose(1e6, hours=48.0, tissue=own, method="population_half_life")
    assert dose.low_gy == pytest.approx(dose.high_gy) == pytest.approx(dose.dose_gy)
