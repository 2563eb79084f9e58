import time

import numpy as np
import pytest

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import RandomEffects, fit_linear, fit_mixed, split_within_between
from lutrace.stats.regression.mixed_likelihood import evaluate, sum_groups
from lutrace.stats.regression.mixed_maximum import find_inward, maximise

PATIENT = np.repeat([1, 2, 3, 4], 3)
PAIN = [5, 4, 4, 7, 6, 4, 3, 3, 2, 6, 4, 5]
CYCLE = [0, 1, 2] * 4


def test_in_balanced_groups_the_variances_are_those_of_the_analysis_of_variance():
    means = np.reshape(PAIN, (4, 3)).mean(axis=1)
    between = 3 * means.var(ddof=1)
    within = ((np.reshape(PAIN, (4, 3)) - means[:, None]) ** 2).sum() / 8
    fit = fit_mixed(PAIN, np.empty((12, 0)), terms=[], random=RandomEffects(PATIENT))
    assert fit.random_sd[0] ** 2 == pytest.approx((between - within) / 3)
    assert fit.residual_sd**2 == pytest.approx(within)
    assert fit.se[0] == pytest.approx(np.sqrt(between / 12))
    assert fit.df[0] == pytest.approx(3)
    assert (fit.n, fit.n_groups, fit.is_singular) == (12, 4, False)


@pytest.mark.parametrize("ratio", [1.001, 1.02, 1.1, 1.5])
def test_a_small_variance_between_groups_is_found_not_refused(ratio):
    # F of the analysis of variance just above 1: the maximum lies close to, not at, no variance.
    within = np.tile([-1.0, 1.0, 3.0, -3.0], 12)
    spread = np.sqrt(ratio * 240 / 36 / 4 / np.arange(12.0).var(ddof=1))
    outcome = within + spread * np.repeat(np.arange(12.0), 4)
    fit = fit_mixed(outcome, np.empty((48, 0)), terms=[], random=RandomEffects(np.repeat(np.arange(12), 4)))
    assert fit.random_sd[0] ** 2 == pytest.approx((ratio - 1) * 240 / 36 / 4, rel=1e-6)
    assert fit.residual_sd**2 == pytest.approx(240 / 36)


def test_groups_that_differ_less_than_their_rows_give_a_singular_fit_which_is_said():
    fit = fit_mixed(
        [1, 5, 9, 2, 5, 8, 0, 5, 10], [0, 1, 2] * 3, terms=["t"], random=RandomEffects(np.repeat([1, 2, 3], 3))
    )
    assert fit.is_singular
    assert fit.random_sd == (0.0,)
    assert "singular fit" in fit.warnings[0]
    assert "3 groups only" in fit.warnings[1]


def test_the_unit_of_outcome_and_covariate_changes_nothing_but_the_unit():
    rng = np.random.default_rng(1)
    patient, day = np.repeat(np.arange(30), 5), rng.uniform(0, 400, 150)
    score = 50 + rng.normal(0, 6, 30)[patient] + (0.02 + rng.normal(0, 0.02, 30)[patient]) * day + rng.normal(0, 4, 150)
    plain = fit_mixed(score, day, terms=["day"], random=RandomEffects(patient, ["day"]))
    other = fit_mixed(score * 1000, day / 7 + 1e4, terms=["week"], random=RandomEffects(patient, ["week"]))
    assert other.coef[1] == pytest.approx(7000 * plain.coef[1], rel=1e-8)
    assert other.se[1] == pytest.approx(7000 * plain.se[1], rel=1e-6)
    assert other.df[1] == pytest.approx(plain.df[1], rel=1e-6)
    assert other.random_sd[1] == pytest.approx(7000 * plain.random_sd[1], rel=1e-5)


def test_an_f_test_of_one_contrast_is_its_squared_t():
    for method in ("kenward-roger", "satterthwaite"):
        fit = fit_mixed(PAIN, CYCLE, terms=["cycle"], random=RandomEffects(PATIENT), df_method=method)
        single, joint = fit.compute_contrast([0, 1]), fit.compute_joint_test([[0, 1]])
        assert joint.statistic == pytest.approx(single.t**2)
        assert joint.p == pytest.approx(single.p) == pytest.approx(fit.p[1])
        assert (single.low, single.high) == pytest.approx((fit.low[1], fit.high[1]))


def test_kenward_and_roger_widen_the_errors_of_unbalanced_data():
    rng = np.random.default_rng(4)
    patient = np.repeat(np.arange(12), 4)[rng.random(48) < 0.7]
    x = rng.normal(size=patient.size)
    y = rng.normal(0, 2, 12)[patient] + x + rng.normal(size=patient.size)
    fit = fit_mixed(y, x, terms=["x"], random=RandomEffects(patient))
    assert fit.se[1] > fit.model_se[1]


def test_a_covariate_is_split_into_the_mean_of_its_group_and_the_deviation():
    mean, deviation = split_within_between([2, 4, 7], ["b", "b", "a"])
    assert mean.tolist() == [3, 3, 7]
    assert deviation.tolist() == [-1, 1, 0]


def test_a_hundred_thousand_rows_take_seconds():
    rng = np.random.default_rng(2)
    patient, visit = np.repeat(np.arange(12_500), 8), np.tile(np.arange(8.0), 12_500)
    noise = rng.normal(size=100_000)
    y = 10 + rng.normal(0, 2, 12_500)[patient] + (1 + rng.normal(0, 0.5, 12_500)[patient]) * visit + noise
    start = time.process_time()
    fit = fit_mixed(y, visit, terms=["visit"], random=RandomEffects(patient, ["visit"]))
    assert time.process_time() - start < 10
    assert fit.random_sd == pytest.approx((2, 0.5), rel=0.05)
    assert fit.coef[1] == pytest.approx(1, abs=4 * fit.se[1])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"covariates": [1] * 12}, "cycle does not vary"),
        ({"random": RandomEffects([1] * 12)}, "groups of several rows, got 1 groups"),
        ({"random": RandomEffects(range(12))}, "groups of several rows, got 12 groups"),
        ({"random": RandomEffects(np.repeat(range(6), 2), ["cycle"])}, "12 rows cannot carry 2 random effects"),
        ({"outcome": CYCLE}, "without any residual"),
    ],
)
def test_what_has_no_mixed_model_is_refused(changes, words):
    given = {"outcome": PAIN, "covariates": CYCLE, "terms": ["cycle"], "random": RandomEffects(PATIENT)} | changes
    outcome, covariates = given.pop("outcome"), given.pop("covariates")
    with pytest.raises(EstimationError, match=words):
        fit_mixed(outcome, covariates, **given)


def test_wrong_calls_are_refused_in_words():
    random = RandomEffects(PATIENT)
    with pytest.raises(UnusableInputError, match="row 2"):
        fit_mixed([1, np.nan, *PAIN[2:]], CYCLE, terms=["cycle"], random=random)
    with pytest.raises(UnusableInputError, match="random slopes must be terms"):
        fit_mixed(PAIN, CYCLE, terms=["cycle"], random=RandomEffects(PATIENT, ["age"]))
    with pytest.raises(UnusableInputError, match="with REML only"):
        fit_mixed(PAIN, CYCLE, terms=["cycle"], random=random, reml=False)
    fit = fit_mixed(PAIN, CYCLE, terms=["cycle"], random=random)
    with pytest.raises(UnusableInputError, match="must not be zero or repeat"):
        fit.compute_joint_test([[0, 1], [0, 2]])
    with pytest.raises(UnusableInputError, match="one weight per term"):
        fit.compute_joint_test([[1, 0, 0]])
    repeated = np.column_stack([CYCLE, np.multiply(CYCLE, 2)])
    with pytest.raises(EstimationError, match="twice is a combination"):
        fit_mixed(PAIN, repeated, terms=["cycle", "twice"], random=random)


def test_without_groups_a_linear_model_has_the_errors_by_hand():
    # Slope 5.5 / 5; residual sum of squares 2.7 on 2 degrees of freedom.
    fit = fit_linear([1, 3, 2, 5], [0, 1, 2, 3], terms=["day"])
    assert fit.coef[1] == pytest.approx(1.1)
    assert fit.se[1] == pytest.approx(np.sqrt(2.7 / 2 / 5))
    assert fit.df == 2
    assert fit.r_squared == pytest.approx(1 - 2.7 / 8.75)
    with pytest.raises(EstimationError, match="without any residual"):
        fit_linear([0, 1, 2], [0, 1, 2], terms=["day"])
    with pytest.raises(EstimationError, match="two clusters"):
        fit_linear([1, 3, 2, 5], [0, 1, 2, 3], terms=["day"], clusters=[1] * 4)


def test_the_search_leaves_a_boundary_from_which_the_likelihood_rises():
    rng = np.random.default_rng(8)
    group = np.repeat(np.arange(20), 4)
    columns = np.column_stack([np.ones(80), np.tile(np.linspace(-1, 1, 4), 20)])
    noise = rng.normal(size=80) + 2 * rng.normal(size=20)[group]
    for is_diagonal in (True, False):
        fixed = np.column_stack([np.ones(80) / np.sqrt(80), noise - noise.mean()])
        sums = sum_groups(columns, fixed, group, is_diagonal=is_diagonal, is_reml=True)
        start = evaluate(sums, np.zeros((2, 2)))
        inside = find_inward(start)
        assert evaluate(sums, inside).loglik > start.loglik
        assert find_inward(maximise(sums)) is None


def test_the_fit_tells_how_intercepts_and_slopes_go_together():
    rng = np.random.default_rng(9)
    group, x = np.repeat(np.arange(200), 6), np.tile(np.arange(6.0), 200)
    level = rng.normal(size=200)
    y = (3 * level)[group] + (level + 0.1 * rng.normal(size=200))[group] * x + rng.normal(size=1200)
    fit = fit_mixed(y, x, terms=["x"], random=RandomEffects(group, ["x"]))
    assert fit.random_terms == ("intercept", "x")
    assert fit.random_correlation[0, 1] > 0.9
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(fit.se)
