"""Multiple imputation: Rubin's rules by hand, what the draws keep and recover, and what is refused."""

import numpy as np
import pytest

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import (
    ImputationPlan,
    compute_outcome_predictors,
    fit_cox,
    impute_covariates,
    pool_estimates,
    survival_of,
)

PLAN = ImputationPlan(seed=7, n_sets=5, n_rounds=3)


def make_patients(n=400, seed=3):
    """Two covariates, y = x + noise, and a copy in which y is missing more often where x is large."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=n)
    y = 2 + 1.5 * x + draw.normal(size=n)
    holed = y.copy()
    holed[draw.random(n) < 0.6 * (x > 0)] = np.nan
    return x, y, holed


def test_rubins_rules_by_hand():
    # within 1, between 1 (1, 2, 3), total 1 + 4/3 = 7/3; share 4/7; df 2 / (4/7)^2 = 6.125.
    found = pool_estimates([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    assert (found.estimate, found.within, found.between) == (2.0, 1.0, 1.0)
    assert found.se == pytest.approx(np.sqrt(7 / 3))
    assert found.share == pytest.approx(4 / 7)
    assert found.df == pytest.approx(6.125)
    assert found.increase == pytest.approx(4 / 3)


def test_few_degrees_of_freedom_of_the_complete_data_bound_those_of_the_pooled():
    # observed: (10 + 1) / (10 + 3) * 10 * 3/7 = 3.6264; 1 / (1/6.125 + 1/3.6264)
    found = pool_estimates([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], df_complete=10)
    observed = 11 / 13 * 10 * 3 / 7
    assert found.df == pytest.approx(6.125 * observed / (6.125 + observed))


def test_equal_estimates_give_the_error_of_one_set():
    found = pool_estimates([0.4, 0.4, 0.4], [0.2, 0.2, 0.2])
    assert found.se == pytest.approx(0.2)
    assert found.high == pytest.approx(0.4 + 1.959964 * 0.2, rel=1e-6)
    assert found.warnings == ()


def test_too_few_sets_for_the_missing_information_are_named():
    assert "use as many sets as per cent" in pool_estimates([1.0, 2.0, 3.0], [1.0, 1.0, 1.0]).warnings[0]


@pytest.mark.parametrize(
    ("estimates", "errors", "df", "words"),
    [
        ([1.0], [1.0], None, "at least 2 completed sets"),
        ([1.0, 2.0], [1.0, 0.0], None, "must be above 0; not so in row 2"),
        ([1.0, 2.0], [1.0], None, "of length 2"),
        ([1.0, 2.0], [1.0, 1.0], 0, "df_complete must be above 0"),
    ],
)
def test_what_cannot_be_pooled_is_refused(estimates, errors, df, words):
    with pytest.raises(UnusableInputError, match=words):
        pool_estimates(estimates, errors, df_complete=df)


def test_the_same_seed_gives_the_same_sets_another_gives_others():
    x, _, holed = make_patients()
    first, again, other = (
        impute_covariates(holed, terms=["y"], predictors=x, plan=ImputationPlan(seed=seed, n_sets=3, n_rounds=2))
        for seed in (1, 1, 2)
    )
    assert all(np.array_equal(one, two) for one, two in zip(first.sets, again.sets, strict=True))
    assert not np.array_equal(first.sets[0], other.sets[0])


def test_more_sets_leave_the_first_ones_as_they_were():
    x, _, holed = make_patients()
    few, more = (
        impute_covariates(holed, terms=["y"], predictors=x, plan=ImputationPlan(seed=1, n_sets=count, n_rounds=2))
        for count in (2, 4)
    )
    assert np.array_equal(few.sets[1], more.sets[1])


def test_observed_values_stay_and_matching_takes_observed_ones_only():
    x, _, holed = make_patients()
    found = impute_covariates(holed, terms=["y"], predictors=x, plan=PLAN)
    known = ~np.isnan(holed)
    for one in found.sets:
        assert np.array_equal(one[known, 0], holed[known])
        assert set(one[~known, 0]) <= set(holed[known])
    assert found.n_missing == (int((~known).sum()),)


@pytest.mark.parametrize("how", ["matching", "linear"])
def test_the_mean_lost_to_selective_gaps_comes_back(how):
    x, y, holed = make_patients(n=4000)
    found = impute_covariates(holed, terms=["y"], predictors=x, plan=PLAN, methods={"y": how})
    mean = np.mean([one.mean() for one in found.sets])
    assert abs(np.nanmean(holed) - y.mean()) > 0.3
    assert abs(mean - y.mean()) < 0.06


def test_a_binary_covariate_is_drawn_as_0_and_1_with_its_dependence():
    draw = np.random.default_rng(5)
    x = draw.normal(size=4000)
    binary = (draw.random(4000) < 1 / (1 + np.exp(-2 * x))).astype(float)
    holed = np.where(draw.random(4000) < 0.4, np.nan, binary)
    found = impute_covariates(holed, terms=["b"], predictors=x, plan=PLAN)
    gaps = np.isnan(holed)
    drawn = np.concatenate([one[gaps, 0] for one in found.sets])
    high = np.concatenate([x[gaps] > 1] * 5)
    assert found.methods == ("logistic",)
    assert set(drawn) == {0.0, 1.0}
    assert drawn[high].mean() == pytest.approx(binary[gaps & (x > 1)].mean(), abs=0.06)


def test_separated_values_are_still_drawn():
    x = np.arange(40.0)
    holed = (x > 19.5).astype(float)
    holed[[0, 39]] = np.nan
    found = impute_covariates(holed, terms=["b"], predictors=x, plan=ImputationPlan(seed=1, n_sets=40, n_rounds=1))
    drawn = np.array([one[[0, 39], 0] for one in found.sets]).mean(axis=0)
    assert drawn[0] < 0.2
    assert drawn[1] > 0.8


def test_a_covariate_that_repeats_a_predictor_does_no_harm():
    x, _, holed = make_patients()
    found = impute_covariates(np.column_stack([holed, x, 2 * x]), terms=["y", "x", "twice"], predictors=x, plan=PLAN)
    assert np.isfinite(found.sets[0]).all()


def test_two_covariates_with_gaps_are_drawn_in_turn_and_their_chains_kept():
    x, y, holed = make_patients()
    other = np.where(np.arange(400) % 3 == 0, np.nan, y - x)
    found = impute_covariates(np.column_stack([holed, other]), terms=["y", "z"], predictors=x, plan=PLAN)
    assert found.chain_means.shape == (3, 5, 2)
    assert np.isfinite(found.chain_means).all()
    assert "y by matching, z by matching" in found.method


def test_the_outcome_among_the_predictors_keeps_the_hazard_ratio():
    # Without the outcome the imputed halves know nothing of survival: the pooled coefficient shrinks by about a third.
    draw = np.random.default_rng(9)
    x = draw.normal(size=1500)
    survival = survival_of(draw.exponential(size=1500) * np.exp(-0.5 * x), draw.random(1500) < 0.8)
    holed = np.where(draw.random(1500) < 0.4, np.nan, x)
    coefs = {}
    for name, predictors in (("with", compute_outcome_predictors(survival)), ("without", draw.normal(size=1500))):
        found = impute_covariates(holed, terms=["x"], predictors=predictors, plan=PLAN, methods={"x": "linear"})
        coefs[name] = np.mean([fit_cox(survival, one, terms=["x"]).coef[0] for one in found.sets])
    full = fit_cox(survival, x, terms=["x"]).coef[0]
    assert coefs["without"] < 0.75 * full
    assert coefs["with"] == pytest.approx(full, abs=0.1)


def test_the_cumulative_hazard_starts_at_entry():
    # Risk sets: time 1: {a, b}, 2: {b, c}, 4: {c}; c enters at 1.5, after the first event.
    found = compute_outcome_predictors(survival_of([1, 2, 4], [1, 1, 1], entry=[0, 0, 1.5]))
    assert found[:, 1] == pytest.approx([0.5, 1.0, 1.5])


def test_without_events_the_cumulative_hazard_is_0():
    assert compute_outcome_predictors(survival_of([1, 2], [0, 0])).tolist() == [[0, 0], [0, 0]]


NUMBERS = [float(number) for number in range(20)]


@pytest.mark.parametrize(
    ("values", "given", "error", "words"),
    [
        (NUMBERS, {}, EstimationError, "no covariate has a gap"),
        ([np.nan] * 12 + NUMBERS[:8], {}, EstimationError, "x has 8 known values, below 10"),
        ([np.nan] + [1.0] * 19, {}, EstimationError, "x does not vary"),
        ([np.nan, *NUMBERS[1:]], {"methods": {"x": "logistic"}}, UnusableInputError, "x must be 0, 1 or missing"),
        ([np.nan, *NUMBERS[1:]], {"methods": {"x": "forest"}}, UnusableInputError, "methods name x"),
        ([np.nan, *NUMBERS[1:]], {"methods": {"z": "linear"}}, UnusableInputError, "methods name z"),
        ([np.nan, *NUMBERS[1:]], {"predictors": [np.nan, *NUMBERS[1:]]}, UnusableInputError, "not so in row 1"),
        ([np.inf, *NUMBERS[1:]], {}, UnusableInputError, "not so in row 1"),
    ],
)
def test_what_cannot_be_imputed_is_refused(values, given, error, words):
    with pytest.raises(error, match=words):
        impute_covariates(values, **{"terms": ["x"], "predictors": NUMBERS, "plan": PLAN, **given})


@pytest.mark.parametrize("given", [{"n_sets": 1}, {"n_rounds": 0}, {"seed": -1}])
def test_a_plan_without_sets_or_rounds_is_refused(given):
    with pytest.raises(UnusableInputError, match="a plan needs"):
        ImputationPlan(**{"seed": 1, **given})


def test_mostly_missing_covariates_and_few_sets_are_warned_of():
    x, _, _ = make_patients()
    holed = np.where(np.arange(400) % 3 > 0, np.nan, x)
    found = impute_covariates(holed, terms=["y"], predictors=x, plan=PLAN)
    assert "66 % missing, above half" in found.warnings[0]
    assert "5 sets for 66 % incomplete rows" in found.warnings[1]
