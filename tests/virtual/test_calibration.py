"""Each virtual centre against the published numbers that its document names, on few patients and with their gates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.duration.hazard_regression import PHReg
from validation.virtual.measures import measure_centre

from lutrace.core import UnusableInputError
from lutrace.virtual import CENTRES, calibrate_hazard, read_centre

NAMES = ("early-spect-response", *(name for names in CENTRES.values() for name in names))
PATIENTS = 24_000


@pytest.mark.parametrize("name", NAMES)
def test_a_centre_shows_the_published_numbers(name: str) -> None:
    centre = read_centre(name)
    made = measure_centre(centre, PATIENTS, seed=11)
    off = {one.measure: made[one.measure] for one in centre.targets if not one.holds(made[one.measure])}
    known = {one.measure for one in centre.targets if one.not_met}
    assert len(centre.targets) - len(known) >= 7
    assert set(off) <= known, off


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_a_centre_has_a_source(name: str) -> None:
    assert read_centre(name).without_source() == ()


def test_a_parameter_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(UnusableInputError, match="has no parameter half_life; add it with its source"):
        read_centre("after-rlt").number("half_life")


def test_calibrated_hazards_give_the_stated_curve_of_all_and_the_stated_hazard_ratio() -> None:
    """Weibull median 300 days and shape 1.4 over all, though the hazard doubles from group to group."""
    rng = np.random.default_rng(4)
    group = rng.integers(0, 3, 20_000).astype(float)
    log_hazard = group * math.log(2)
    hazard = calibrate_hazard(log_hazard, median_days=300, shape=1.4)
    days = hazard.draw(log_hazard, rng)
    first, middle, third = np.quantile(days, [0.25, 0.5, 0.75])
    assert abs(middle - 300) < 6
    assert abs(first - 300 * (math.log(4 / 3) / math.log(2)) ** (1 / 1.4)) < 6
    assert abs(third - 300 * 2 ** (1 / 1.4)) < 10
    fitted = PHReg(days[:2_000], group[:2_000, None], ties="efron").fit()
    assert abs(fitted.params[0] - math.log(2)) < 4 * fitted.bse[0]
