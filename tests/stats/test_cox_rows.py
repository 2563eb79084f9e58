"""Weights, clusters, offsets, ridge, splines, prediction: what holds of them whatever R says, and what is refused."""

import numpy as np
import pytest

from lutrace.core import EstimationError, UnsupportedError, UnusableInputError
from lutrace.stats import (
    CoxRows,
    MonotoneLikelihoodError,
    compute_cox_score,
    compute_ph_tests,
    compute_row_residuals,
    compute_spline_basis,
    fit_cox,
    fit_ridge_cox,
    predict_survival,
    survival_of,
)


def draw(seed, n=80):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=n), rng.random(n) < 0.5])
    death, leaving = rng.exponential(np.exp(-0.6 * x[:, 0])), rng.exponential(2, n)
    return survival_of(np.ceil(10 * np.minimum(death, leaving)), death <= leaving), x


def test_breslow_with_a_weight_of_two_is_the_row_twice():
    follow_up, x = draw(1)
    weighted = fit_cox(follow_up, x, terms=["a", "b"], ties="breslow", rows=CoxRows(weights=np.full(80, 2)))
    doubled = survival_of(np.tile(follow_up.time, 2), np.tile(follow_up.event, 2))
    expected = fit_cox(doubled, np.tile(x, (2, 1)), terms=["a", "b"], ties="breslow")
    assert weighted.se == pytest.approx(expected.se, rel=1e-9)
    assert not weighted.is_robust


def test_weights_that_are_not_whole_make_the_errors_robust_and_scale_out_of_them():
    follow_up, x = draw(2)
    weights = np.random.default_rng(2).uniform(0.2, 3, 80)
    fit, larger = (fit_cox(follow_up, x, terms=["a", "b"], rows=CoxRows(weights=weights * size)) for size in (1, 10))
    assert fit.is_robust
    assert "robust errors" in fit.method
    assert fit.z[0] == pytest.approx(fit.coef[0] / fit.robust_se[0])
    assert larger.robust_se == pytest.approx(fit.robust_se, rel=1e-9)
    assert [test.name for test in fit.tests][-1] == "robust score"


def test_rows_of_one_patient_count_once_in_the_robust_error():
    follow_up, x = draw(3)
    twice = survival_of(np.tile(follow_up.time, 2), np.tile(follow_up.event, 2))
    fit = fit_cox(twice, np.tile(x, (2, 1)), terms=["a", "b"], ties="breslow",
                  rows=CoxRows(clusters=np.tile(np.arange(80), 2)))  # fmt: skip
    once = fit_cox(follow_up, x, terms=["a", "b"], ties="breslow")
    assert fit.robust_se == pytest.approx(once.robust_se, rel=1e-9)
    assert (fit.n_clusters, fit.n) == (80, 160)


def test_a_known_coefficient_may_stand_in_the_offset():
    follow_up, x = draw(4)
    free = fit_cox(follow_up, x, terms=["a", "b"])
    held = fit_cox(follow_up, x[:, :1], terms=["a"], rows=CoxRows(offset=free.coef[1] * x[:, 1]))
    assert held.coef[0] == pytest.approx(free.coef[0], rel=1e-8)
    assert held.loglik == pytest.approx(free.loglik, rel=1e-12)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (CoxRows(weights=[0.0, *[1.0] * 79]), "weight must be above 0.* row 1"),
        (CoxRows(weights=[1.0] * 3), "weights must be of length 80"),
        (CoxRows(offset=[*[0.0] * 79, np.nan]), "offset must be a finite number; not so in row 80"),
        (CoxRows(clusters=[1] * 4), "clusters must hold one label per patient"),
        (CoxRows(clusters=[None, *range(79)]), "clusters must be known; not so in row 1"),
    ],
)
def test_a_wrong_weight_offset_or_cluster_is_refused_by_row(rows, words):
    with pytest.raises(UnusableInputError, match=words):
        fit_cox(*draw(5), terms=["a", "b"], rows=rows)


def test_the_search_of_a_large_data_set_ends_where_plain_steps_end():
    follow_up, x = draw(6, n=30_000)
    fit = fit_cox(follow_up, x, terms=["a", "b"])
    score = compute_cox_score(follow_up, x, coef=fit.coef)
    assert np.abs(np.linalg.solve(score.information, score.gradient)).max() < 1e-12
    assert fit.loglik_null == pytest.approx(compute_cox_score(follow_up, x, coef=[0, 0]).loglik, rel=1e-12)


def test_a_large_data_set_is_refused_for_the_same_reasons_as_a_small_one():
    follow_up, x = draw(7, n=30_000)
    exposed = np.zeros(30_000)
    exposed[np.flatnonzero(~follow_up.event)[:4]] = 1
    with pytest.raises(MonotoneLikelihoodError) as caught:
        fit_cox(follow_up, np.column_stack([x[:, 0], exposed]), terms=["a", "exposed"])
    assert caught.value.terms == ("exposed",)
    with pytest.raises(EstimationError, match="covariates a, c are combinations"):
        fit_cox(follow_up, np.column_stack([x, 3 * x[:, 0] + 2]), terms=["a", "b", "c"])


def test_pairs_as_strata_are_a_conditional_logistic_model():
    # Of n pairs of one exposed and one not, the exposed dies first in m: the hazard ratio is m / (n - m).
    n, m = 3000, 1800
    time = np.tile([1.0, 2.0], n)
    exposed = np.ravel([[1, 0]] * m + [[0, 1]] * (n - m))
    fit = fit_cox(survival_of(time, np.ones(2 * n)), exposed, terms=["x"], strata=np.repeat(np.arange(n), 2))
    assert fit.hazard_ratio[0] == pytest.approx(m / (n - m), rel=1e-9)
    assert fit.se[0] == pytest.approx(np.sqrt(1 / m + 1 / (n - m)), rel=1e-9)
    assert fit.n_strata == n


def test_a_ridge_of_nothing_is_the_plain_fit_and_a_large_one_leaves_nothing():
    follow_up, x = draw(8)
    plain = fit_cox(follow_up, x, terms=["a", "b"])
    none, large = (fit_ridge_cox(follow_up, x, terms=["a", "b"], theta=theta) for theta in (0, 1e8))
    assert none.coef == pytest.approx(plain.coef, rel=1e-9)
    assert np.abs(large.coef).max() < 1e-5
    assert large.tests[0].df < 1e-4
    assert none.ph_tests == ()
    with pytest.raises(UnsupportedError, match="no test of proportional hazards with a penalty"):
        compute_ph_tests(none)
    for theta in (-1, [1, 2, 3], np.nan):
        with pytest.raises(UnusableInputError, match="theta must be"):
            fit_ridge_cox(follow_up, x, terms=["a", "b"], theta=theta)


def test_a_ridge_gives_an_answer_where_covariates_repeat_each_other():
    follow_up, x = draw(9)
    fit = fit_ridge_cox(follow_up, np.column_stack([x[:, 0], x[:, 0]]), terms=["a", "b"], theta=1)
    assert fit.coef[0] == pytest.approx(fit.coef[1])


def test_the_logarithm_of_time_zero_and_unknown_names_are_refused():
    fit = fit_cox(survival_of([0, 1, 2, 3, 4], [1, 1, 1, 1, 0]), [1, 0, 1, 0, 1], terms=["x"])
    with pytest.raises(UnusableInputError, match="needs events after time 0"):
        compute_ph_tests(fit, transform="log")
    with pytest.raises(UnusableInputError, match="transform must be"):
        compute_ph_tests(fit, transform="square")
    with pytest.raises(UnusableInputError, match="kind must be"):
        compute_row_residuals(fit, "plain")


def test_residuals_of_one_patients_rows_add_up():
    follow_up, x = draw(10)
    fit = fit_cox(follow_up, x, terms=["a", "b"])
    pairs = np.repeat(np.arange(40), 2)
    summed = compute_row_residuals(fit, "martingale", by=pairs)
    assert summed == pytest.approx(compute_row_residuals(fit, "martingale").reshape(40, 2).sum(axis=1))
    assert compute_row_residuals(fit, "deviance", by=pairs).shape == (40,)
    assert compute_row_residuals(fit, "score", by=pairs).shape == (40, 2)


def test_prediction_needs_the_stratum_exactly_where_the_model_has_strata():
    follow_up, x = draw(11)
    plain = fit_cox(follow_up, x, terms=["a", "b"])
    split = fit_cox(follow_up, x, terms=["a", "b"], strata=np.tile(["u", "v"], 40))
    assert predict_survival(split, [[0, 1]], stratum="v").n_events < plain.n_events
    for fit, stratum in ((plain, "u"), (split, None), (split, "w")):
        with pytest.raises(UnusableInputError, match="stratum must be"):
            predict_survival(fit, [[0, 1]], stratum=stratum)
    with pytest.raises(UnusableInputError, match="covariates must have shape"):
        predict_survival(plain, [[0, 1, 2]])


def test_a_spline_is_straight_in_its_tails_and_smooth_at_its_knots():
    knots, step = [10, 20, 40, 70], 1e-3
    found = compute_spline_basis(np.array([0, 4, 8, 80, 90, 100]), "psa", knots=knots)
    assert found.terms == ("psa", "psa'", "psa''")
    assert np.diff(found.columns[:3], n=2, axis=0) == pytest.approx(0, abs=1e-9)
    assert np.diff(found.columns[3:], n=2, axis=0) == pytest.approx(0, abs=1e-9)
    for knot in knots:
        around = compute_spline_basis(knot + step * np.arange(-2, 3), "psa", knots=knots).columns
        bends = np.diff(around, n=2, axis=0) / step**2
        assert np.ptp(bends, axis=0).max() < 1e-3


@pytest.mark.parametrize("knots", [2, 8, [1, 2], [1, 3, 2], [1, 1, 2]])
def test_knots_that_make_no_spline_are_refused(knots):
    with pytest.raises(UnusableInputError, match="knots"):
        compute_spline_basis(range(10), "x", knots=knots)


def test_quantiles_that_fall_together_are_named():
    with pytest.raises(UnusableInputError, match="must ascend, got 0, 0, 1; name the knots, or take fewer"):
        compute_spline_basis([0, 0, 0, 0, 1, 1], "x", knots=3)
