import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import GEHAN, compute_log_rank, fit_cox, fleming_harrington, survival_of

# Freireich et al. 1963: placebo and 6-mercaptopurine, weeks of remission.
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
TREATED = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
FOLLOW_UP = survival_of(PLACEBO + TREATED, [1] * 30 + [0] * 12)
ARM = ["placebo"] * 21 + ["treated"] * 21


def test_the_textbook_example_is_reproduced():
    test = compute_log_rank(FOLLOW_UP, ARM)
    # Kleinbaum and Klein: chi-square 16.793, expected 10.75 and 19.25.
    assert round(test.statistic, 3) == 16.793
    assert [round(number, 2) for number in test.expected] == [10.75, 19.25]
    assert test.observed == (21, 9)
    assert (test.df, test.n, test.n_events) == (1, 42, 30)


def test_observed_and_expected_add_up_to_the_same():
    test = compute_log_rank(FOLLOW_UP, [f"{number % 4}" for number in range(42)])
    assert sum(test.expected) == pytest.approx(30)
    assert test.df == 3


def test_a_stratum_without_events_changes_nothing():
    longer = survival_of([*FOLLOW_UP.time, 3, 4], [*FOLLOW_UP.event, 0, 0])
    strata = ["a"] * 42 + ["b"] * 2
    plain = compute_log_rank(FOLLOW_UP, ARM)
    assert compute_log_rank(longer, [*ARM, "placebo", "treated"], strata=strata).statistic == plain.statistic


@given(st.integers(0, 10_000))
@settings(deadline=None)
def test_without_ties_it_is_the_score_test_of_cox_also_with_delayed_entry(seed):
    rng = np.random.default_rng(seed)
    entry = rng.uniform(0, 1, 30)
    follow_up = survival_of(entry + rng.exponential(1, 30), rng.random(30) < 0.8, entry=entry)
    group = np.arange(30) % 2
    try:
        fit = fit_cox(follow_up, group, terms=["group"])
    except EstimationError:
        return
    assert compute_log_rank(follow_up, group).statistic == pytest.approx(fit.tests[1].statistic)


def test_one_group_or_a_wrong_length_is_refused():
    with pytest.raises(UnusableInputError, match="at least two different labels"):
        compute_log_rank(FOLLOW_UP, ["a"] * 42)
    with pytest.raises(UnusableInputError, match="one label per patient"):
        compute_log_rank(FOLLOW_UP, ["a", "b"])


def test_no_comparison_without_an_event_while_both_groups_are_at_risk():
    with pytest.raises(EstimationError, match="at least two groups are at risk"):
        compute_log_rank(survival_of([1, 2], [0, 0]), ["a", "b"])
    with pytest.raises(EstimationError, match="at least two groups are at risk"):
        compute_log_rank(survival_of([1, 2, 3], [0, 1, 1]), ["a", "b", "b"])


def test_gehan_counts_each_event_as_often_as_patients_are_at_risk():
    # Events at 1 (a, 4 at risk) and 2 (b, 3 at risk: a b b): U = 4 (1 - 1/2) + 3 (0 - 1/3) = 1.
    test = compute_log_rank(survival_of([1, 2, 3, 4], [1, 1, 0, 0]), ["a", "b", "a", "b"], event_weights=GEHAN)
    assert test.observed[0] - test.expected[0] == pytest.approx(1)
    # Variance 16 x 1/4 + 9 x 2/9 = 6.
    assert test.statistic == pytest.approx(1 / 6)


def test_late_weights_leave_the_first_event_out():
    # S just before the events is 1 and 3/4: weights 0 and 1/4.
    late = compute_log_rank(
        survival_of([1, 2, 3, 4], [1, 1, 0, 0]), ["a", "b", "a", "b"], event_weights=fleming_harrington(0, 1)
    )
    assert late.observed == (0, 0.25)
    assert late.method == "Fleming-Harrington(0, 1)"


def test_the_trend_of_two_groups_is_their_log_rank_test():
    plain = compute_log_rank(FOLLOW_UP, ARM)
    trend = compute_log_rank(FOLLOW_UP, ARM, trend=[3, 7])
    assert trend.statistic == pytest.approx(plain.statistic)
    assert (trend.df, trend.method) == (1, "log-rank for trend over the scores 3, 7")


def test_the_trend_needs_different_scores_of_all_groups():
    with pytest.raises(UnusableInputError, match="different scores"):
        compute_log_rank(FOLLOW_UP, ARM, trend=[1, 1])
    with pytest.raises(UnusableInputError, match="trend must be of length 2"):
        compute_log_rank(FOLLOW_UP, ARM, trend=[1, 2, 3])


def test_negative_exponents_are_refused():
    with pytest.raises(UnusableInputError, match="at or above 0"):
        fleming_harrington(-1, 0)


def test_rounding_makes_no_second_degree_of_freedom_of_two_groups():
    late = fleming_harrington(0.5, 2)
    for seed in range(200):
        random = np.random.default_rng(seed)
        follow_up = survival_of(np.ceil(random.exponential(8, 20)), np.arange(20) % 3 > 0)
        assert compute_log_rank(follow_up, random.permutation(20) % 2, event_weights=late).df == 1


def test_groups_that_never_meet_at_risk_give_no_degree_of_freedom():
    # a and b meet at time 1, c and d at time 11: two comparisons of four groups.
    follow_up = survival_of([1, 2, 2, 11, 12, 12], [1, 0, 0, 1, 0, 0], entry=[0, 0, 0, 10, 10, 10])
    test = compute_log_rank(follow_up, list("abacdc"))
    assert test.df == 2
    # At each time one event, of the group with 2 of 3 at risk: (1/3)^2 / (2/9).
    assert test.statistic == pytest.approx(2 * (1 / 9) / (2 / 9))
    with pytest.raises(EstimationError, match="at least two groups are at risk"):
        compute_log_rank(follow_up, list("aaabbb"), trend=[1, 2])
