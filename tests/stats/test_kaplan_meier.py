import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutrace.core import UnusableInputError
from lutrace.stats import compute_kaplan_meier, compute_reverse_kaplan_meier, count_at_risk, survival_of

# Freireich et al. 1963, 6-mercaptopurine arm, weeks of remission: the textbook example.
WEEKS = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
RELAPSE = [1] * 9 + [0] * 12

follow_ups = st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=40)


def test_the_textbook_example_is_reproduced():
    curve = compute_kaplan_meier(survival_of(WEEKS, RELAPSE))
    table = dict(zip(curve.time, curve.survival, strict=True))
    # Kleinbaum and Klein, Survival Analysis, table of the treatment group.
    assert [round(table[week], 4) for week in (6, 7, 10, 13, 16, 22, 23)] == [
        0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482,
    ]  # fmt: skip
    assert curve.quantile().estimate == 23
    assert (curve.n, curve.n_events) == (21, 9)


def test_the_median_lies_in_the_middle_where_the_curve_is_flat_at_one_half():
    curve = compute_kaplan_meier(survival_of([2, 3, 4, 5], [1, 1, 1, 1]))
    assert curve.quantile().estimate == 3.5


def test_a_curve_that_ends_above_one_half_has_no_median():
    median = compute_kaplan_meier(survival_of([1, 2, 3], [1, 0, 0])).quantile()
    assert median.estimate is None
    assert median.high is None


def test_a_censoring_at_the_time_of_an_event_is_still_at_risk():
    curve = compute_kaplan_meier(survival_of([5, 5], [1, 0]))
    assert curve.at_risk.tolist() == [2]
    assert curve.survival.tolist() == [0.5]


def test_a_late_entrant_is_not_at_risk_before_entry():
    follow_up = survival_of([3, 5, 8], [1, 1, 1], entry=[0, 3, 4])
    assert count_at_risk(follow_up, [3, 5, 8]).tolist() == [1, 2, 1]


def test_nobody_at_risk_just_before_entry_equals_the_event_time():
    assert count_at_risk(survival_of([4.0], [1], entry=[2.0]), [2.0, 2.5]).tolist() == [0, 1]


def test_the_reverse_curve_measures_follow_up_not_survival():
    curve = compute_reverse_kaplan_meier(survival_of([1, 2, 3, 10, 10], [1, 1, 1, 0, 0]))
    assert curve.quantile().estimate == 10
    assert "reverse" in curve.method


def test_points_past_the_end_of_follow_up_are_unknown():
    points = compute_kaplan_meier(survival_of([2, 4], [1, 0]), interval="plain").at([1, 2, 4, 5])
    assert points.survival.tolist()[:3] == [1.0, 0.5, 0.5]
    assert points.low[0] == 1
    assert np.isnan(points.survival[3])


def test_past_the_end_survival_is_0_where_everybody_has_had_the_event():
    # R: summary(survfit(Surv(c(1, 2, 3, 4), c(1, 1, 0, 1)) ~ 1), times = 5, extend = TRUE): 0, limits NA
    points = compute_kaplan_meier(survival_of([1, 2, 3, 4], [1, 1, 0, 1])).at([5])
    assert points.survival.tolist() == [0.0]
    assert np.isnan([points.low[0], points.high[0]]).all()


def test_the_log_log_interval_is_unknown_before_the_first_event():
    points = compute_kaplan_meier(survival_of([2, 4], [1, 0])).at([1])
    assert points.survival.tolist() == [1.0]
    assert np.isnan(points.low[0])


def test_an_unknown_interval_or_quantile_is_refused():
    follow_up = survival_of([1, 2], [1, 0])
    with pytest.raises(UnusableInputError, match="log-log, log, plain or arcsine"):
        compute_kaplan_meier(follow_up, interval="logit")
    with pytest.raises(UnusableInputError, match="probability must lie between 0 and 1"):
        compute_kaplan_meier(follow_up).quantile(50)


@given(follow_ups)
@settings(deadline=None)
def test_the_curve_falls_and_its_interval_holds_it(rows):
    curve = compute_kaplan_meier(survival_of([time for time, _ in rows], [event for _, event in rows]))
    known = ~np.isnan(curve.low)
    assert (np.diff(curve.survival) <= 1e-15).all()
    assert (curve.low[known] <= curve.survival[known] + 1e-12).all()
    assert (curve.survival[known] <= curve.high[known] + 1e-12).all()
    assert curve.at_risk[0] == curve.n


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40))
@settings(deadline=None)
def test_without_censoring_the_curve_is_the_share_still_alive(times):
    curve = compute_kaplan_meier(survival_of(times, [1] * len(times)))
    assert np.allclose(curve.survival, [(np.array(times) > time).mean() for time in curve.time])


def test_whole_weights_count_patients():
    once = compute_kaplan_meier(survival_of([1, 2, 2, 4, 5], [1, 1, 0, 1, 0]), weights=[2, 1, 3, 1, 2])
    rows = [0, 0, 1, 2, 2, 2, 3, 4, 4]
    many = compute_kaplan_meier(survival_of(np.array([1, 2, 2, 4, 5])[rows], np.array([1, 1, 0, 1, 0])[rows]))
    assert np.allclose(once.survival, many.survival)
    assert np.allclose(once.std_error, many.std_error)
    assert once.at_risk.tolist() == [5, 4, 2, 1]
    assert once.weight_at_risk.tolist() == many.at_risk.tolist()


def test_the_jackknife_without_censoring_is_the_binomial_error():
    # Each patient moves the share alive by (alive - share) / n: the sum of squares is p (1 - p) / n.
    curve = compute_kaplan_meier(survival_of([1, 2, 3, 4], [1, 1, 1, 1]), cluster=[1, 2, 3, 4], interval="plain")
    assert curve.error == "infinitesimal jackknife"
    assert np.allclose(
        (curve.survival[:3] * curve.std_error[:3]) ** 2, [0.75 * 0.25 / 4, 0.5 * 0.5 / 4, 0.25 * 0.75 / 4]
    )


def test_a_patient_in_two_rows_is_one_cluster():
    whole = compute_kaplan_meier(survival_of([3, 5, 8], [1, 1, 1]), cluster=["a", "b", "c"])
    split = compute_kaplan_meier(
        survival_of([3, 2, 5, 8], [1, 0, 1, 1], entry=[0, 0, 2, 0]), cluster=["a", "b", "b", "c"]
    )
    shared = np.isin(split.time, whole.time)
    assert np.allclose(split.survival[shared], whole.survival)
    assert np.allclose(split.std_error[shared][:2], whole.std_error[:2])


def test_a_curve_that_falls_to_zero_before_others_enter_says_so():
    curve = compute_kaplan_meier(survival_of([1, 5], [1, 1], entry=[0, 3]))
    assert curve.survival.tolist() == [0, 0]
    assert "stays at 0 although others enter later" in curve.warnings[0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weights": [1, 0]}, "a weight must be above 0.*row 2"),
        ({"weights": [1]}, "weights must be of length 2"),
        ({"cluster": ["a"]}, "one label per row"),
    ],
)
def test_faulty_weights_and_clusters_are_refused(given, message):
    with pytest.raises(UnusableInputError, match=message):
        compute_kaplan_meier(survival_of([1, 2], [1, 0]), **given)
