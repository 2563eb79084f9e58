import numpy as np
import pytest

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import compute_milestone, compute_restricted_mean, survival_of

FOUR = survival_of([1, 2, 3, 4], [1, 1, 1, 1])


def test_without_censoring_it_is_the_mean_of_the_times_cut_at_the_horizon():
    found = compute_restricted_mean(FOUR, horizon=3).estimates[0]
    assert found.estimate == pytest.approx((1 + 2 + 3 + 3) / 4)
    # Greenwood without censoring is the variance of these, divisor n, over n.
    assert found.se**2 == pytest.approx(np.var([1, 2, 3, 3]) / 4)


def test_the_horizon_must_lie_within_follow_up():
    with pytest.raises(EstimationError, match="beyond the follow-up of the last patient; take 4 or less"):
        compute_restricted_mean(survival_of([1, 4], [1, 0]), horizon=5)
    with pytest.raises(EstimationError, match="group b"):
        compute_restricted_mean(survival_of([9, 4], [0, 0]), ["a", "b"], horizon=5)
    with pytest.raises(UnusableInputError, match="above 0"):
        compute_restricted_mean(FOUR, horizon=0)


def test_once_all_have_died_the_horizon_may_lie_beyond():
    assert compute_restricted_mean(FOUR, horizon=100).estimates[0].estimate == pytest.approx(2.5)


def test_groups_are_compared_with_the_first_by_difference_and_ratio():
    times = survival_of([1, 2, 3, 4, 2, 4, 6, 8], [1] * 8)
    found = compute_restricted_mean(times, ["a"] * 4 + ["b"] * 4, horizon=8)
    contrast = found.contrasts[0]
    assert (contrast.group, contrast.reference) == ("b", "a")
    assert contrast.difference == pytest.approx(2.5)
    assert contrast.se**2 == pytest.approx(1.25 / 4 + 5 / 4)
    assert contrast.ratio == pytest.approx(2)
    # The errors of both logarithms are sqrt(5) / 2 / 2.5 / 2: 0.2236 each.
    assert contrast.ratio_high == pytest.approx(2 * np.exp(1.959964 * np.sqrt(2 * 0.05)), rel=1e-6)


def test_clusters_that_reach_over_the_groups_take_from_the_error_of_the_difference():
    times = survival_of([1, 2, 3, 4, 1, 2, 3, 4.5], [1] * 8)
    groups = ["a"] * 4 + ["b"] * 4
    apart = compute_restricted_mean(times, groups, horizon=4, cluster=range(8)).contrasts[0]
    paired = compute_restricted_mean(times, groups, horizon=4, cluster=[1, 2, 3, 4] * 2).contrasts[0]
    assert apart.se > 0.7
    assert paired.se == pytest.approx(0, abs=1e-12)


def test_survival_at_a_milestone_is_the_curve_there():
    found = compute_milestone(FOUR, ["a", "b", "a", "b"], time=2)
    assert [one.estimate for one in found.estimates] == [0.5, 0.5]
    assert found.estimates[0].se ** 2 == pytest.approx(0.125)
    assert found.contrasts[0].difference == 0


def test_where_nobody_is_left_the_error_is_unknown_and_said_to_be():
    found = compute_milestone(FOUR, ["a", "a", "b", "b"], time=2)
    assert found.estimates[0].estimate == 0
    assert np.isnan(found.estimates[0].se)
    assert found.contrasts[0].ratio is None
    assert "group a: no event or no survivor" in found.warnings[0]
