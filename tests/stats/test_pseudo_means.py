"""Pseudo-observations of the restricted mean against R survival 3.5-3."""

import pytest

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import compute_pseudo_means, compute_restricted_mean, survival_of

FOLLOW_UP = survival_of([1, 2, 2, 3, 4, 5, 6, 8, 9, 12], [1, 0, 1, 1, 0, 1, 1, 0, 1, 0])


def test_they_are_what_pseudo_of_r_gives() -> None:
    expected = [1, 5.91428571429, 2, 2.58367346939, 6.4693877551, 4.54938775510, 5.92081632653] + 3 * [7.29224489796]
    assert compute_pseudo_means(FOLLOW_UP, horizon=7) == pytest.approx(expected, abs=1e-10)


def test_their_mean_is_the_restricted_mean_of_all() -> None:
    whole = compute_restricted_mean(FOLLOW_UP, horizon=7).estimates[0].estimate
    assert compute_pseudo_means(FOLLOW_UP, horizon=7).mean() == pytest.approx(whole)


def test_without_censoring_each_is_the_patients_own_time_up_to_the_horizon() -> None:
    assert compute_pseudo_means(survival_of([1, 2, 6], [1, 1, 1]), horizon=4) == pytest.approx([1, 2, 4])


def test_a_horizon_beyond_the_follow_up_or_of_no_time_is_refused() -> None:
    with pytest.raises(EstimationError, match="lies beyond the follow-up"):
        compute_pseudo_means(FOLLOW_UP, horizon=13)
    with pytest.raises(UnusableInputError, match="must be a time above 0"):
        compute_pseudo_means(FOLLOW_UP, horizon=0)
