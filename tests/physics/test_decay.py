"""Decay: half-lives and factors against hand and published values."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lutrace.core import MissingFactError
from lutrace.physics import (
    NUCLIDES,
    average_count_rate_time_s,
    decay_constant,
    decay_factor,
    frame_decay_factor,
    half_life_of,
)


def test_a_day_of_lutetium_leaves_90_097_percent() -> None:
    assert decay_factor(86400, half_life_of("Lu-177")) == pytest.approx(0.90097, abs=1e-5)


def test_the_published_half_lives_stand_in_the_table() -> None:
    hours = {name: nuclide.half_life_s / 3600 for name, nuclide in NUCLIDES.items()}
    assert hours["Lu-177"] == pytest.approx(159.53, abs=0.01)
    assert hours["F-18"] == pytest.approx(1.8295, abs=1e-4)
    assert hours["Ga-68"] == pytest.approx(1.1285, abs=1e-4)
    assert all(nuclide.source for nuclide in NUCLIDES.values())


def test_an_unknown_radionuclide_has_no_default_half_life() -> None:
    with pytest.raises(MissingFactError, match="half-life of Xx-1"):
        half_life_of("Xx-1")


@pytest.mark.parametrize("half_life_s", [0.0, -5.0, math.nan, math.inf])
def test_an_impossible_half_life_is_refused(half_life_s: float) -> None:
    with pytest.raises(MissingFactError, match="half_life_s must be above 0"):
        decay_constant(half_life_s)


def test_a_frame_of_one_half_life_starts_1_386_times_above_its_mean() -> None:
    assert frame_decay_factor(100.0, 100.0) == pytest.approx(2 * math.log(2))


def test_an_instant_frame_needs_no_correction() -> None:
    assert frame_decay_factor(0.0, 100.0) == 1.0
    assert average_count_rate_time_s(0.0, 100.0) == 0.0


@given(elapsed_s=st.floats(-1e6, 1e6), more_s=st.floats(-1e6, 1e6))
def test_decay_over_two_spans_multiplies(elapsed_s: float, more_s: float) -> None:
    both = decay_factor(elapsed_s, 574300) * decay_factor(more_s, 574300)
    assert both == pytest.approx(decay_factor(elapsed_s + more_s, 574300), rel=1e-9)


@given(duration_s=st.floats(1.0, 7200.0), half_life_s=st.floats(600.0, 1e6))
def test_the_mean_activity_of_a_frame_is_met_before_its_middle(duration_s: float, half_life_s: float) -> None:
    at = average_count_rate_time_s(duration_s, half_life_s)
    assert 0 < at <= duration_s / 2 * (1 + 1e-6)
    assert 1 / decay_factor(at, half_life_s) == pytest.approx(frame_decay_factor(duration_s, half_life_s), rel=1e-9)
