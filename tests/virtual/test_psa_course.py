from __future__ import annotations

import numpy as np
import pytest

from lutrace.virtual.psa_course import PsaCourse, find_progression


def progression(days: list[float], values: list[float]) -> float:
    return float(find_progression(np.array([days]), np.array([values]))[0])


def test_a_confirmed_rise_from_the_nadir_is_dated_at_its_first_value() -> None:
    assert progression([-5, 42, 84, 126, 168], [100, 40, 30, 45, 50]) == 126


def test_a_rise_below_two_ng_ml_is_no_progression() -> None:
    assert progression([-5, 42, 84, 126, 168], [4, 1, 0.5, 2.0, 2.4]) == np.inf


def test_an_unconfirmed_rise_is_no_progression() -> None:
    assert progression([-5, 42, 84, 126], [100, 40, 30, 45]) == np.inf
    assert progression([-5, 42, 84, 126], [100, 40, 60, 30]) == np.inf


def test_a_rise_without_decline_before_day_84_waits_for_a_later_value() -> None:
    assert progression([-5, 42, 84, 90, 126], [100, 150, 180, 190, 200]) == 90


def test_a_confirming_value_must_be_21_days_later() -> None:
    assert progression([-5, 42, 84, 100, 110], [100, 40, 60, 70, 30]) == np.inf
    assert progression([-5, 42, 84, 100, 110], [100, 40, 60, 30, 70]) == 84


def test_the_true_course_passes_week_6_and_turns_at_its_nadir() -> None:
    course = PsaCourse(np.array([0]), np.array([-0.8]), np.array([24.0]), np.array([0.0]), 0.12)
    days = np.arange(0, 400.0)[None, :]
    level = course.ln_change(days)[0]
    assert level[42] == pytest.approx(-0.8)
    assert int(level.argmin()) == 24 * 7
    assert np.diff(level).max() == pytest.approx(0.12 / 7, rel=1e-6)
