"""Propensity scores, weights, matching and effects: by hand, at their limits, and what is refused."""

import itertools

import numpy as np
import pytest
from validation.stats.propensity.cases import TERMS, read_lalonde

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import (
    compute_augmented_effect,
    compute_balance,
    compute_weighted_effect,
    compute_weighted_hazard_ratio,
    compute_weights,
    fit_propensity,
    match_nearest,
    survival_of,
)

# Four patients with x = 1, three of them treated; four with x = 0, one of them treated: scores 3/4 and 1/4.
GROUP = [1, 1, 1, 0, 1, 0, 0, 0]
MARKER = [1, 1, 1, 1, 0, 0, 0, 0]
OUTCOME = [1, 1, 0, 1, 1, 0, 0, 1]
SCORES = fit_propensity(GROUP, MARKER, terms=["marker"])


def test_scores_of_one_binary_covariate_are_the_shares_treated():
    assert SCORES.score == pytest.approx([0.75] * 4 + [0.25] * 4, rel=1e-12)


@pytest.mark.parametrize(
    ("estimand", "expected"),
    [
        ("ATE", [4 / 3, 4 / 3, 4 / 3, 4, 4, 4 / 3, 4 / 3, 4 / 3]),
        ("ATT", [1, 1, 1, 3, 1, 1 / 3, 1 / 3, 1 / 3]),
        ("ATC", [1 / 3, 1 / 3, 1 / 3, 1, 3, 1, 1, 1]),
        ("ATO", [0.25, 0.25, 0.25, 0.75, 0.75, 0.25, 0.25, 0.25]),
        ("ATM", [1 / 3, 1 / 3, 1 / 3, 1, 1, 1 / 3, 1 / 3, 1 / 3]),
    ],
)
def test_weights_of_each_population_are_these(estimand, expected):
    assert compute_weights(SCORES, estimand=estimand).weights == pytest.approx(expected, rel=1e-12)


def test_stabilised_weights_are_half_where_half_are_treated():
    plain, stabilised = (compute_weights(SCORES, stabilised=one).weights for one in (False, True))
    assert stabilised == pytest.approx(plain / 2, rel=1e-12)


def test_effective_size_is_the_square_of_the_sum_over_the_sum_of_squares():
    found = compute_weights(SCORES)
    # treated: 4/3, 4/3, 4/3, 4: (8)^2 / (3 * 16/9 + 16) = 64 / 21.3333
    assert found.effective_treated == pytest.approx(3.0, rel=1e-12)


def test_patients_outside_the_trimmed_range_weigh_nothing_and_are_counted():
    scores = fit_propensity([1, 1, 1, 1, 0, 1, 0, 0, 1, 0], [1, 1, 1, 1, 1, 0, 0, 0, 0, 0], terms=["x"])
    found = compute_weights(scores, trim=0.3)
    assert found.n_left_out == 5
    assert found.weights[:5].tolist() == [0] * 5


def test_a_cap_holds_the_largest_weight():
    found = compute_weights(SCORES, cap=0.75)
    assert found.weights.max() == pytest.approx(np.quantile(compute_weights(SCORES).weights, 0.75))
    assert found.n_capped == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"estimand": "ITT"}, "estimand must be one of ATE"),
        ({"estimand": "ATT", "stabilised": True}, "only ATE weights are stabilised"),
        ({"trim": 0.5}, "trim must lie between 0 and 0.5"),
        ({"trim": 0.3}, "no treated patient has a score"),
        ({"cap": 0.2}, "cap must be a quantile"),
    ],
)
def test_a_choice_of_weights_that_there_is_not_is_refused(given, words):
    with pytest.raises(UnusableInputError, match=words):
        compute_weights(SCORES, **given)


def test_covariates_that_separate_the_groups_are_refused_by_name():
    with pytest.raises(EstimationError, match="marker separate the outcomes"):
        fit_propensity([1, 1, 0, 0], [1, 2, 3, 4], terms=["marker"])


def test_covariates_that_repeat_one_another_are_refused():
    with pytest.raises(EstimationError, match="combinations of one another"):
        fit_propensity(GROUP, np.column_stack([MARKER, MARKER]), terms=["a", "b"])


def test_a_group_without_patients_is_refused():
    with pytest.raises(EstimationError, match="0 of 2 patients are treated"):
        fit_propensity([0, 0], [1, 2], terms=["x"])


def test_a_missing_covariate_is_refused_with_its_row():
    with pytest.raises(UnusableInputError, match="not so in row 2"):
        fit_propensity([0, 1, 1], [1, np.nan, 3], terms=["x"])


def test_overlap_weights_balance_the_means_of_the_scores_covariates_exactly():
    rows, covariates = read_lalonde()
    treated = [float(row["treat"]) for row in rows]
    scores = fit_propensity(treated, covariates, terms=TERMS)
    weights = compute_weights(scores, estimand="ATO").weights
    balance = compute_balance(treated, covariates, terms=TERMS, weights=weights)
    assert balance.largest_before > 1
    assert balance.largest_after < 1e-12
    assert balance.warnings == ()


def test_published_effects_of_lalonde_come_out():
    # delicatessen 4.3, as measured for this project: ATT 1214.07 (798.2), ATO 1242.20.
    rows, covariates = read_lalonde()
    scores = fit_propensity([float(row["treat"]) for row in rows], covariates, terms=TERMS)
    earned = [float(row["re78"]) for row in rows]
    att, ato = (compute_weighted_effect(scores, earned, estimand=one) for one in ("ATT", "ATO"))
    assert (round(att.difference, 2), round(att.se, 1)) == (1214.07, 798.2)
    assert round(ato.difference, 2) == 1242.20


def test_a_weighted_risk_difference_is_the_standardised_one_of_the_strata():
    # Risks: x = 1: 2/3 treated, 1 control; x = 0: 1 treated, 1/3 control. ATE: mean over strata of equal size.
    found = compute_weighted_effect(SCORES, OUTCOME)
    assert found.difference == pytest.approx((2 / 3 - 1 + 1 - 1 / 3) / 2, rel=1e-12)
    assert found.n_events == 5
    assert found.low < found.difference < found.high


def test_the_error_of_a_saturated_model_is_that_of_the_strata():
    # With as many scores as strata the weighted difference is the standardised one; its influence function is known:
    # within stratum and group (n / n_group) (y - mean), and the stratum's own difference less the mean one.
    outcome = np.array([3.0, 5, 7, 2, 4, 1, 2, 3])
    difference = np.array([5.0 - 2, 4 - 2])[1 - np.array(MARKER)]
    means = {(1, 1): 5.0, (0, 1): 2.0, (1, 0): 4.0, (0, 0): 2.0}
    residual = [
        (1 if z else -1) * (y - means[(z, x)]) / (p if z else 1 - p)
        for y, z, x, p in zip(outcome, GROUP, MARKER, SCORES.score, strict=True)
    ]
    influence = np.array(residual) + difference - difference.mean()
    found = compute_weighted_effect(SCORES, outcome)
    assert found.difference == pytest.approx(2.5, rel=1e-12)
    assert found.se == pytest.approx(np.sqrt(influence @ influence) / 8, rel=1e-10)


def test_clusters_of_one_patient_change_no_error_and_doubled_patients_in_clusters_keep_it():
    once = compute_weighted_effect(SCORES, OUTCOME)
    alone = compute_weighted_effect(SCORES, OUTCOME, clusters=np.arange(8))
    twice = fit_propensity(GROUP * 2, MARKER * 2, terms=["marker"])
    paired = compute_weighted_effect(twice, OUTCOME * 2, clusters=list(range(8)) * 2)
    assert alone.se == pytest.approx(once.se, rel=1e-12)
    assert paired.se == pytest.approx(once.se, rel=1e-10)


def test_augmentation_finds_an_exactly_linear_effect_without_error():
    x = np.array([0.0, 1, 2, 3, 1, 2, 0, 5])
    found = compute_augmented_effect(
        SCORES, 3 * x + 2 * np.array(GROUP), x, terms=["x"], model="linear", estimand="ATT"
    )
    assert found.difference == pytest.approx(2.0, rel=1e-10)
    assert found.se == pytest.approx(0.0, abs=1e-10)


def test_a_logistic_outcome_model_refuses_other_outcomes():
    with pytest.raises(UnusableInputError, match="outcome must be 0 or 1"):
        compute_augmented_effect(SCORES, [2.0] * 8, MARKER, terms=["x"], model="logistic")


def test_standardised_differences_by_hand():
    # treated 3, 5 (variance 2, mean 4), controls 1, 5, 3 (variance 4, mean 3): (4 - 3) / sqrt(3)
    found = compute_balance([1, 1, 0, 0, 0], [3, 5, 1, 5, 3], terms=["x"], weights=[1, 1, 0, 1, 1]).terms[0]
    assert found.before.standardised == pytest.approx(1 / np.sqrt(3))
    assert found.before.variance_ratio == pytest.approx(0.5)
    assert found.after.standardised == 0
    assert found.after.variance_ratio == pytest.approx(1.0)


def test_a_covariate_of_two_values_has_no_variance_ratio():
    assert (
        compute_balance([1, 1, 0, 0], [1, 0, 1, 1], terms=["x"], weights=[1] * 4).terms[0].before.variance_ratio is None
    )


def test_a_covariate_that_stays_unbalanced_is_named():
    found = compute_balance([1, 1, 0, 0], [5, 6, 1, 2], terms=["age"], weights=[1] * 4)
    assert found.warnings == ("age: standardised difference above 0.1 after weighting",)


@pytest.mark.parametrize("weights", [[1, 1, 0, 0], [-1, 1, 1, 1]])
def test_weights_that_leave_no_group_or_are_negative_are_refused(weights):
    with pytest.raises(UnusableInputError, match="weight"):
        compute_balance([1, 1, 0, 0], [5, 6, 1, 2], terms=["age"], weights=weights)


def test_the_largest_score_chooses_first_and_takes_the_nearest_control():
    found = match_nearest([1, 1, 0, 0, 0], [0.5, 0.8, 0.1, 0.45, 0.7])
    assert list(zip(found.treated_rows.tolist(), found.control_rows.tolist(), strict=True)) == [(1, 4), (0, 3)]
    assert found.n_ties == 0


def test_equal_distances_are_settled_by_the_earlier_row_and_counted():
    above_first = match_nearest([1, 0, 0], [0.5, 0.75, 0.25])
    below_first = match_nearest([1, 0, 0], [0.5, 0.25, 0.75])
    same_score = match_nearest([0, 1, 0], [0.75, 0.5, 0.75])
    assert [int(one.control_rows[0]) for one in (above_first, below_first, same_score)] == [1, 1, 0]
    assert [one.n_ties for one in (above_first, below_first, same_score)] == [1, 1, 1]
    assert "1 choices among controls exactly as near" in above_first.warnings[0]


def test_a_caliper_leaves_far_patients_unmatched_and_says_so():
    score = [0.0, 10.0, 0.1, 4.0]
    found = match_nearest([1, 1, 0, 0], score, caliper_sd=0.1)
    assert found.caliper == pytest.approx(0.1 * np.std(score, ddof=1))
    assert (found.n_matched, found.n_unmatched) == (1, 1)
    assert found.set_of.tolist() == [0, -1, 0, -1]


def test_nobody_within_the_caliper_is_refused():
    with pytest.raises(EstimationError, match="within the caliper"):
        match_nearest([1, 0], [0.0, 10.0], caliper_sd=0.1)


def test_with_replacement_each_takes_its_nearest_and_weights_say_how_often():
    found = match_nearest([1, 1, 0, 0, 0], [0.5, 0.52, 0.51, 0.9, 0.6], replace=True, n_controls=2)
    assert found.control_rows.tolist() == [2, 4, 2, 4]
    assert found.weights.tolist() == [1, 1, 1, 0, 1]
    assert found.set_of is None


def test_a_second_control_is_chosen_in_a_second_round():
    # 0.9 and 0.5 take 0.8 and 0.6 first; then 0.9 takes 0.4, the nearest that is left, and 0.5 takes 0.1.
    found = match_nearest([1, 1, 0, 0, 0, 0], [0.9, 0.5, 0.8, 0.6, 0.4, 0.1], n_controls=2)
    pairs = list(zip(found.treated_rows.tolist(), found.control_rows.tolist(), strict=True))
    assert pairs == [(0, 2), (1, 3), (0, 4), (1, 5)]


@pytest.mark.parametrize(("seed", "n_controls"), list(itertools.product(range(6), (1, 2))))
def test_pairs_equal_those_of_looking_at_every_control(seed, n_controls):
    draw = np.random.default_rng(seed)
    group = draw.permutation([1] * 15 + [0] * 40)
    score = draw.integers(0, 20, 55) / 4  # many ties, all exact
    found = match_nearest(group, score, n_controls=n_controls, caliper_sd=0.6)
    free, expected = set(np.flatnonzero(group == 0).tolist()), []
    chosers = sorted(np.flatnonzero(group == 1).tolist(), key=lambda row: (-score[row], row))
    for _ in range(n_controls):
        left = []
        for row in chosers:
            near = [one for one in free if abs(score[one] - score[row]) <= found.caliper]
            if near:
                best = min(near, key=lambda one: (abs(score[one] - score[row]), one))
                free.remove(best)
                expected.append((row, best))
                left.append(row)
        chosers = left
    assert list(zip(found.treated_rows.tolist(), found.control_rows.tolist(), strict=True)) == expected


@pytest.mark.parametrize("given", [{"n_controls": 0}, {"order": "random"}, {"caliper_sd": -1.0}])
def test_a_choice_of_matching_that_there_is_not_is_refused(given):
    with pytest.raises(UnusableInputError, match="must be"):
        match_nearest([1, 0], [0.1, 0.2], **given)


def test_other_estimands_models_and_denominators_are_refused():
    with pytest.raises(UnusableInputError, match="ATE or ATT and model linear or logistic"):
        compute_augmented_effect(SCORES, OUTCOME, MARKER, terms=["x"], model="probit")
    with pytest.raises(UnusableInputError, match="denominator must be one of pooled"):
        compute_balance(GROUP, MARKER, terms=["x"], weights=[1] * 8, denominator="all")


def test_an_outcome_model_whose_covariates_repeat_within_a_group_is_refused():
    with pytest.raises(UnusableInputError, match="within a group x repeat one another or do not vary"):
        compute_augmented_effect(SCORES, OUTCOME, GROUP, terms=["x"], model="linear")


def test_a_weighted_hazard_ratio_counts_the_scores_as_estimated():
    random = np.random.default_rng(2)
    frailty = random.normal(size=120)
    treated = (random.random(120) < 1 / (1 + np.exp(-0.3 * frailty))).astype(float)
    survival = survival_of(random.exponential(np.exp(-frailty)), random.random(120) < 0.8)
    found = compute_weighted_hazard_ratio(fit_propensity(treated, frailty, terms=["frailty"]), survival)
    left_out = []
    for row in range(120):  # the jackknife fits score and hazard ratio anew without each patient
        rest = np.arange(120) != row
        scores = fit_propensity(treated[rest], frailty[rest], terms=["frailty"])
        left_out.append(compute_weighted_hazard_ratio(scores, survival.select(rest)).coef)
    changes = np.array(left_out) - np.mean(left_out)
    assert found.se == pytest.approx(np.sqrt(119 / 120 * changes @ changes), rel=0.06)
    assert found.known_se > 1.1 * found.se
    assert found.low < found.hazard_ratio < found.high


def test_a_weighted_hazard_ratio_needs_the_patients_of_the_scores():
    with pytest.raises(UnusableInputError, match=r"one row per patient of the scores \(8\), got 2"):
        compute_weighted_hazard_ratio(SCORES, survival_of([1, 2], [1, 1]))
