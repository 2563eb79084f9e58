import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import (
    competing_of,
    compute_cumulative_incidence,
    compute_gray_test,
    compute_kaplan_meier,
    fit_fine_gray,
    make_fine_gray_rows,
)

CAUSES = ["death", "progression", "none", "death", "progression", "none"]
SEEN = competing_of([1, 2, 3, 4, 5, 6], CAUSES, censored="none")


def test_incidence_adds_up_what_each_event_takes_of_those_still_free():
    death, progression = compute_cumulative_incidence(SEEN)
    # Free before 4: 4/6; then one of three at risk dies: 1/6 + 4/6 x 1/3; then 4/9 x 1/2 progress.
    assert np.allclose(death.incidence, [1 / 6, 1 / 6, 1 / 6, 7 / 18, 7 / 18, 7 / 18])
    assert np.allclose(progression.incidence, [0, 1 / 6, 1 / 6, 1 / 6, 7 / 18, 7 / 18])
    assert (death.n, death.n_events, death.at_risk.tolist()) == (6, 2, [6, 5, 4, 3, 2, 1])


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from("abn")), min_size=3, max_size=30))
@settings(deadline=None)
def test_incidences_and_the_curve_free_of_events_sum_to_one(rows):
    rows = [*rows, (1, "a")]
    follow_up = competing_of([time for time, _ in rows], [cause for _, cause in rows], censored="n")
    total = sum(curve.incidence for curve in compute_cumulative_incidence(follow_up))
    assert np.allclose(total + compute_kaplan_meier(follow_up.any_event()).survival, 1)


def test_with_one_cause_the_error_is_that_of_the_curve():
    follow_up = competing_of([1, 2, 2, 3, 5, 7], list("xnxxnx"), censored="n", entry=[0, 1, 0, 1, 2, 0])
    weights = [1.5, 0.7, 1, 2, 1.1, 0.4]
    curve = compute_kaplan_meier(follow_up.any_event(), weights=weights)
    found = compute_cumulative_incidence(follow_up, weights=weights)[0]
    assert np.allclose(found.std_error[:-1], (curve.survival[:-1] * curve.std_error[:-1]))


def test_points_beyond_follow_up_are_unknown():
    points = compute_cumulative_incidence(SEEN)[0].at([0.5, 4, 7])
    assert points.incidence[:2].tolist() == pytest.approx([0, 7 / 18])
    assert np.isnan(points.incidence[2])
    assert np.isnan(points.low[0])


def test_aalens_variance_takes_no_weights():
    with pytest.raises(UnusableInputError, match="use the infinitesimal jackknife"):
        compute_cumulative_incidence(SEEN, error="Aalen", weights=[1] * 6)
    with pytest.raises(UnusableInputError, match="error must be infinitesimal jackknife or Aalen, got Greenwood"):
        compute_cumulative_incidence(SEEN, error="Greenwood")


def test_after_all_at_risk_had_events_nothing_is_added_and_it_is_said():
    early = competing_of([1, 5], ["a", "a"], censored="n", entry=[0, 3])
    assert "nothing is added although others enter later" in compute_cumulative_incidence(early)[0].warnings[0]


@pytest.mark.parametrize(
    ("cause", "message"),
    [
        (["a", None], "must not be missing, not so in row 2"),
        (["n", "n"], "at least one event"),
        (["a"], "one label per patient"),
    ],
)
def test_faulty_causes_are_refused(cause, message):
    with pytest.raises(UnusableInputError, match=message):
        competing_of([1, 2], cause, censored="n")


def test_cause_specific_follow_up_censors_the_others():
    follow_up = SEEN.cause_specific("death")
    assert follow_up.event.tolist() == [True, False, False, True, False, False]
    with pytest.raises(UnusableInputError, match="cause must be one of death, progression"):
        SEEN.cause_specific("relapse")


def test_gray_without_competing_events_or_censoring_is_close_to_the_log_rank_idea():
    # Groups that are alike: no difference, whatever the labels.
    twice = competing_of([1, 1, 2, 2, 3, 3], list("xxyyxx"), censored="n")
    test = compute_gray_test(twice, ["a", "b"] * 3, cause="x")
    assert test.statistic == pytest.approx(0)
    assert (test.df, test.n_per_group, test.events) == (1, (3, 3), (2, 2))


def test_gray_needs_events_while_two_groups_are_at_risk_and_no_entry():
    late = competing_of([1, 2, 3], ["n", "x", "x"], censored="n")
    with pytest.raises(EstimationError, match="while at least two groups are at risk"):
        compute_gray_test(late, ["a", "b", "b"], cause="x")
    with pytest.raises(UnusableInputError, match="takes no delayed entry"):
        compute_gray_test(competing_of([1, 2], ["x", "x"], censored="n", entry=[0, 1]), ["a", "b"], cause="x")


def test_fine_gray_without_censoring_keeps_the_others_at_risk_for_good():
    # Risk sets of x at 1 and 3: all four both times (y at 2 waits with weight 1), but for the event at 1.
    follow_up = competing_of([1, 2, 3, 4], list("xyxy"), censored="n")
    arm = np.array([1.0, 0, 0, 1])
    fit = fit_fine_gray(follow_up, arm, terms=["arm"], cause="x")
    grid = np.linspace(-2, 2, 400_001)
    loglik = grid - np.log(2 * np.exp(grid) + 2) - np.log(np.exp(grid) + 2)
    assert fit.coef[0] == pytest.approx(grid[loglik.argmax()], abs=1e-5)
    assert fit.loglik == pytest.approx(loglik.max())
    assert (fit.n, fit.n_events, fit.n_competing) == (4, 2, 2)
    assert "2 events for 1 terms" in fit.warnings[0]


def test_predicted_incidence_rises_with_the_ratio():
    follow_up = competing_of([1, 2, 3, 4, 5, 6, 7, 8], list("xyxnxyxn"), censored="n")
    fit = fit_fine_gray(follow_up, [1, 0, 0, 1, 1, 0, 0, 1], terms=["arm"], cause="x")
    low, high = fit.predict([[0], [1]], [0.5, 3, 7])
    assert low[0] == 0
    assert (np.sign(high[1:] - low[1:]) == np.sign(fit.coef[0])).all()


@pytest.mark.parametrize(
    ("covariates", "terms", "message"),
    [
        ([[1], [1], [1], [1]], ["arm"], "arm has one value in all patients"),
        ([[1, 2], [0, 0], [0, 0], [1, 2]], ["arm", "dose"], "arm, dose: collinear"),
        ([[1], [0], [1], [0]], ["arm"], "arm"),
    ],
)
def test_a_model_without_a_maximum_is_refused_by_name(covariates, terms, message):
    follow_up = competing_of([1, 2, 3, 4], list("xyxy"), censored="n")
    with pytest.raises(EstimationError, match=message):
        fit_fine_gray(follow_up, covariates, terms=terms, cause="x")


def test_fine_gray_names_the_way_to_delayed_entry():
    with pytest.raises(UnusableInputError, match="use make_fine_gray_rows and fit_cox"):
        fit_fine_gray(competing_of([1, 2], ["x", "y"], censored="n", entry=[0, 1]), [0, 1], terms=["a"], cause="x")


def test_weighted_rows_follow_the_chance_not_to_be_censored():
    # y at 1 waits; of two at risk at 2 one is censored (G = 1/2 from then), x comes at 3.
    rows = make_fine_gray_rows(competing_of([1, 2, 3], list("ynx"), censored="n"), cause="x")
    assert rows.patient.tolist() == [0, 0, 1, 2]
    assert rows.survival.entry.tolist() == [0, 2, 0, 0]
    assert rows.survival.time.tolist() == [2, 3, 2, 3]
    assert rows.weights.tolist() == [1, 0.5, 1, 1]
    with pytest.raises(UnusableInputError, match="cause must be one of x, y, got z"):
        make_fine_gray_rows(competing_of([1, 2], ["y", "x"], censored="n"), cause="z")


def test_a_selection_without_events_of_the_cause_is_refused():
    alone = SEEN.select(np.array([1, 2, 4, 5]))
    assert alone.causes == ("death", "progression")
    with pytest.raises(EstimationError, match="events of death, found none in 4 patients"):
        fit_fine_gray(alone, [0, 1, 0, 1], terms=["arm"], cause="death")


def test_a_pooled_incidence_that_is_certain_before_the_last_event_is_refused():
    # b adds 4/9 and leaves by another event; each event of a then adds 1/4 before its last one.
    follow_up = competing_of(range(1, 10), list("xxxxyxxxx"), censored="n")
    with pytest.raises(EstimationError, match="incidence reaches 1 before the last event"):
        compute_gray_test(follow_up, list("bbbbbaaaa"), cause="x")


def test_a_ratio_beyond_what_a_number_holds_is_infinite_without_a_warning():
    fit = fit_fine_gray(SEEN, [1e-6, 0, 2e-6, 3e-6, 1e-6, 0], terms=["x"], cause="death")
    assert (fit.low[0], fit.high[0]) == (0.0, np.inf)
