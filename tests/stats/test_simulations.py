"""The known biases, drawn small, and the guards that catch them; the large draws are validation/simulation."""

import math

import numpy as np
import pytest
from validation.simulation import biases, check_biases, check_methods
from validation.simulation.methods import CASES
from validation.simulation.stored import read_results


@pytest.fixture
def random():
    return np.random.default_rng(5)


def test_response_taken_as_known_from_the_start_seems_to_help_and_is_refused(random):
    found = biases.show_immortal_time(4000, random)
    assert found["ever responded"] < 0.7
    assert abs(math.log(found["landmark"])) < 3 * found["log error"]
    assert abs(math.log(found["time-varying"])) < 3 * found["log error"]


def test_deaths_known_to_the_month_shift_no_median_and_none_comes_before_time_zero(random):
    found = biases.show_month_level_deaths(1500, random)
    assert found["first of the month: before time zero"] > 0.01
    assert found["first of the month: error of the median"] == pytest.approx(-0.5, abs=0.15)
    assert found["lutrace: before time zero"] == 0
    assert found["lutrace: error of the median"] == pytest.approx(0, abs=0.15)


def test_missed_deaths_lengthen_the_median_and_most_when_carried_to_the_cut(random):
    found = biases.show_missed_deaths(4000, random)
    assert found["all recorded"] + 0.3 < found["censored at last contact"]
    assert found["censored at last contact"] + 0.3 < found["censored at the cut"]


def test_bias_analysis_takes_back_what_missed_deaths_of_one_arm_did(random):
    found = biases.show_bias_analysis(2, random, n=800, n_draws=40)
    assert found["hazard ratio as it stands"] > 1.08
    assert found["hazard ratio by bias analysis"] == pytest.approx(1, abs=0.08)


def test_the_last_line_as_time_zero_makes_a_treatment_look_good_and_is_warned_of(random):
    found = biases.show_index_dates(5, random)
    assert found["last: hazard ratio"] < 0.6
    assert found["all, with the number of the line: hazard ratio"] == pytest.approx(1, abs=0.12)


def test_stored_shares_lie_where_the_methods_promise_and_stored_biases_are_as_told():
    methods, found = read_results(check_methods.STORED), read_results(check_biases.STORED)
    assert methods.keys() == {check_methods.name_of(case) for case in CASES}
    assert [fault for case in CASES for fault in check_methods.judge(case, methods[check_methods.name_of(case)])] == []
    assert [text for name, text, holds in check_biases.CRITERIA if not holds(found[name])] == []


@pytest.mark.parametrize("share", [0.93, 0.97])
def test_a_share_that_is_not_as_promised_is_a_fault(share):
    measured = {"sets": 4000, "failed": 0, "covered": share, "below_0.05": 0.05}
    assert "covered" in check_methods.judge(CASES[1], measured)[0]
    assert check_methods.judge(CASES[1], measured | {"covered": 0.95}) == []
