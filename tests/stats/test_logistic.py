import numpy as np
import pytest

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import (
    CaseRows,
    SeparationError,
    fit_firth_logistic,
    fit_fractional,
    fit_logistic,
    fit_logistic_or_firth,
    fit_ordinal,
)

EVENT = [1] * 8 + [0] * 13
MARKER = [1] * 5 + [0] * 16
"""21 patients, 8 events: the marker is there in five of those with an event and in nobody else."""


def test_the_odds_ratio_of_a_two_by_two_table_is_the_one_by_hand():
    # 4 of 6 with x and 3 of 9 without: (4 / 2) / (3 / 6) = 4; Woolf's error.
    event, x = [1] * 4 + [0] * 2 + [1] * 3 + [0] * 6, [1] * 6 + [0] * 9
    fit = fit_logistic(event, x, terms=["x"], interval="wald")
    assert fit.odds_ratio[1] == pytest.approx(4)
    assert fit.se[1] == pytest.approx(np.sqrt(1 / 4 + 1 / 2 + 1 / 3 + 1 / 6))
    assert (fit.n, fit.n_events, fit.penalty, fit.separation) == (15, 7, "none", None)
    assert "7.0 events (or non-events, the rarer) per covariate" in fit.warnings[0]


def test_a_marker_that_separates_is_named_before_fitting():
    with pytest.raises(SeparationError, match="marker separates events from non-events quasi-completely") as raised:
        fit_logistic(EVENT, MARKER, terms=["marker"])
    assert raised.value.separation.terms == ("marker",)


def test_with_one_binary_covariate_firth_adds_half_a_patient_to_each_cell():
    fit = fit_logistic_or_firth(EVENT, MARKER, terms=["marker"])
    assert fit.penalty == "firth"
    assert fit.odds_ratio[1] == pytest.approx((5.5 / 0.5) / (3.5 / 13.5))
    assert 1 < fit.low[1] < fit.odds_ratio[1] < fit.high[1] < 1e4
    assert fit.p[1] < 0.05
    assert "marker separates" in fit.warnings[0]


def test_firth_equals_the_package_firthmodels_with_a_separating_and_a_continuous_covariate():
    from firthmodels import FirthLogisticRegression

    age = np.random.default_rng(3).normal(70, 8, 21).round(1)
    covariates = np.column_stack([MARKER, age])
    fit = fit_firth_logistic(EVENT, covariates, terms=["marker", "age"])
    other = FirthLogisticRegression().fit(covariates, np.array(EVENT))
    assert fit.coef[1:] == pytest.approx(other.coef_, rel=1e-4)
    assert fit.se == pytest.approx((other.bse_[2], *other.bse_[:2]), rel=1e-4)
    assert np.log(fit.low[1:]) == pytest.approx(other.conf_int(method="pl")[:2, 0], rel=1e-3)
    assert np.log(fit.high[1:]) == pytest.approx(other.conf_int(method="pl")[:2, 1], rel=1e-3)


@pytest.mark.parametrize("kind", ["flic", "flac"])
def test_corrected_probabilities_sum_to_the_events(kind):
    plain = fit_firth_logistic(EVENT, MARKER, terms=["marker"])
    fit = fit_firth_logistic(EVENT, MARKER, terms=["marker"], intercept=kind)
    assert plain.probability.sum() == pytest.approx(5 * 5.5 / 6 + 16 * 3.5 / 17)
    assert fit.probability.sum() == pytest.approx(8)


def test_covariates_that_separate_only_together_are_named_together():
    x, z = np.array([0, 1, 2, 3, 0, 1, 2, 3]), np.array([0, 1, 2, 3, 1, 2, 3, 4])
    with pytest.raises(SeparationError, match="x, z separate events from non-events completely"):
        fit_logistic([0] * 4 + [1] * 4, np.column_stack([x, z]), terms=["x", "z"])


def test_a_separation_is_found_among_many_rows():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(20_000, 2))
    event = (x[:, 0] > 2.5).astype(float)
    with pytest.raises(SeparationError, match="a separates events from non-events completely"):
        fit_logistic(event, x, terms=["a", "b"])
    event[np.argmin(x[:, 0])] = 1
    assert fit_logistic(event, x, terms=["a", "b"], interval="wald").n_events == int(event.sum())


def test_whole_weights_are_that_many_rows_and_weights_of_one_cluster_each_are_robust():
    event, x, count = [1, 0, 1, 0, 1], [0.0, 1.0, 2.0, 3.0, 1.5], [2, 1, 3, 2, 1]
    weighted = fit_logistic(event, x, terms=["x"], rows=CaseRows(weights=count))
    repeated = fit_logistic(np.repeat(event, count), np.repeat(x, count), terms=["x"])
    assert weighted.coef == pytest.approx(repeated.coef)
    assert weighted.high == pytest.approx(repeated.high)
    halves = fit_logistic(event, x, terms=["x"], rows=CaseRows(weights=np.array(count) / 2))
    assert halves.coef == pytest.approx(repeated.coef)
    assert "robust errors" in halves.method


def test_a_known_part_of_the_log_odds_shifts_the_intercept_alone():
    event, x = [1, 0, 1, 0, 1, 0], [0.0, 1.0, 2.0, 3.0, 1.5, 0.5]
    plain = fit_logistic(event, x, terms=["x"])
    moved = fit_logistic(event, x, terms=["x"], rows=CaseRows(offset=[0.7] * 6))
    assert moved.coef == pytest.approx((plain.coef[0] - 0.7, plain.coef[1]))


def test_a_covariate_far_from_zero_has_the_odds_ratio_of_the_same_one_nearby():
    year = np.array([2016, 2017, 2018, 2019, 2020, 2021, 2022, 2023.5])
    event = [0, 1, 0, 0, 1, 1, 0, 1]
    for fit in (fit_logistic, fit_firth_logistic):
        far, near = (fit(event, year - shift, terms=["year"]) for shift in (0, 2020))
        assert far.coef[1] == pytest.approx(near.coef[1], rel=1e-7)
        assert (far.low[1], far.high[1]) == pytest.approx((near.low[1], near.high[1]), rel=1e-6)


def test_firth_settles_where_the_penalty_outweighs_the_rows():
    # One without the marker has the event, two of four with it: half a patient more in each cell.
    fit = fit_logistic_or_firth([1, 0, 1, 0, 1], [1, 1, 1, 1, 0], terms=["x"])
    assert fit.odds_ratio == pytest.approx((1.5 / 0.5, (2.5 / 2.5) / (1.5 / 0.5)))


def test_what_is_no_logistic_model_is_refused():
    with pytest.raises(UnusableInputError, match="outcome must be 0 or 1; not so in row 2"):
        fit_logistic([0, 2, 1], [1, 2, 3], terms=["x"])
    with pytest.raises(EstimationError, match="got 3 of 3"):
        fit_logistic([1, 1, 1], [1, 2, 3], terms=["x"])
    with pytest.raises(EstimationError, match="cannot carry 2 coefficients"):
        fit_logistic([1, 0], [1, 2], terms=["x"])
    with pytest.raises(UnusableInputError, match="weights must be at or above 0; not so in row 3"):
        fit_logistic([1, 0, 1], [1, 2, 3], terms=["x"], rows=CaseRows(weights=[1, 1, -1]))
    with pytest.raises(EstimationError, match="two clusters"):
        fit_logistic([1, 0, 1, 0], [1, 2, 3, 4.0], terms=["x"], rows=CaseRows(clusters=["a"] * 4))
    with pytest.raises(UnusableInputError, match="whole weights and no clusters"):
        fit_firth_logistic(EVENT, MARKER, terms=["m"], rows=CaseRows(weights=[0.5] * 21))


def test_two_ordered_classes_are_a_logistic_model():
    event, x = [1, 0, 1, 0, 1, 0, 1], [0.0, 1.0, 2.0, 3.0, 1.5, 0.5, 2.5]
    plain = fit_logistic(event, x, terms=["x"], interval="wald")
    fit = fit_ordinal(event, x, terms=["x"], classes=[0, 1])
    assert fit.coef[0] == pytest.approx(plain.coef[1])
    assert fit.se[0] == pytest.approx(plain.se[1])
    assert fit.cut_points[0] == pytest.approx(-plain.coef[0])
    assert fit.loglik == pytest.approx(plain.loglik)


def test_an_ordinal_model_that_cannot_be_is_refused():
    with pytest.raises(EstimationError, match="x has no finite estimate"):
        fit_ordinal("aabbcc", [1, 2, 3, 4, 5, 6], terms=["x"], classes="abc")
    with pytest.raises(UnusableInputError, match="it lacks d"):
        fit_ordinal("abd", [1, 2, 3], terms=["x"], classes="abc")
    with pytest.raises(UnusableInputError, match="no row has class c"):
        fit_ordinal("abab", [1, 2, 3, 4], terms=["x"], classes="abc")


def test_a_bounded_score_of_two_groups_has_the_odds_ratio_of_their_means():
    # Means 40 and 73.33 of 100: odds 2 / 3 and 11 / 4.
    score = [20, 40, 60, 80, 50, 90]
    fit = fit_fractional(score, [0, 0, 0, 1, 1, 1], terms=["treated"], bounds=(0, 100))
    assert fit.odds_ratio[1] == pytest.approx((11 / 4) / (2 / 3))
    with pytest.raises(UnusableInputError, match="score must lie between 0 and 80; not so in row 6"):
        fit_fractional(score, [0, 0, 0, 1, 1, 1], terms=["treated"], bounds=(0, 80))
    with pytest.raises(EstimationError, match="all scores are 40"):
        fit_fractional([40, 40, 40], [0, 1, 1], terms=["treated"], bounds=(0, 80))
    with pytest.raises(UnusableInputError, match="lowest and the highest"):
        fit_fractional(score, [0, 0, 0, 1, 1, 1], terms=["treated"], bounds=(80, 0))


def test_the_influence_of_a_row_is_about_what_leaving_it_out_does():
    draw = np.random.default_rng(4)
    x = draw.normal(size=(60, 2))
    event = (draw.random(60) < 1 / (1 + np.exp(-x[:, 0]))).astype(float)
    x[0], event[0] = (4.0, 0.0), 0.0  # far out and against the others
    fit = fit_logistic(event, x, terms=["x", "y"])
    without = [
        fit_logistic(np.delete(event, row), np.delete(x, row, axis=0), terms=["x", "y"], interval="wald").coef
        for row in range(60)
    ]
    change = np.array(fit.coef) - np.array(without)
    assert np.abs(fit.dfbeta - change).max() < 0.2 * np.abs(change).max()
    assert (fit.influence[0].row, fit.influence[0].term) == (0, "x")


def test_two_equal_rows_are_one_row_of_weight_two_to_its_influence():
    event, x = np.array([1, 0, 1, 0, 0, 1.0]), np.array([0.1, 0.7, 1.1, 0.4, 2.0, 1.3])
    fit = fit_logistic(event, x, terms=["x"], rows=CaseRows(weights=[2, 1, 1, 1, 1, 1]))
    twice = fit_logistic(np.append(event, 1), np.append(x, 0.1), terms=["x"])
    assert fit.dfbeta[1:] == pytest.approx(twice.dfbeta[1:6])
