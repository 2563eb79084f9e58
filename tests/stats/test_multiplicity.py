"""Adjusted p values, optimism and single rows left out."""

import numpy as np
import pytest
from validation.stats.comparison import INPUTS

from lutrace.core import EstimationError, UnusableInputError, read_rows
from lutrace.stats import (
    CoxRows,
    adjust_p_values,
    compute_concordance,
    compute_cox_optimism,
    compute_logistic_optimism,
    compute_optimism,
    fit_cox,
    leave_one_out,
    summarise_specifications,
    survival_of,
)


def test_holm_by_hand():
    # 3 * 0.01, 2 * 0.03 and then not below it: 0.06.
    assert adjust_p_values([0.01, 0.04, 0.03], adjustment="Holm").p == pytest.approx((0.03, 0.06, 0.06))


def test_a_false_discovery_rate_by_hand():
    # 3 * 0.01, min(3/2 * 0.03, 0.04), 0.04
    assert adjust_p_values([0.01, 0.04, 0.03], adjustment="Benjamini-Hochberg").p == pytest.approx((0.03, 0.04, 0.04))


@pytest.mark.parametrize(
    ("p", "given", "words"),
    [
        ([0.1, 1.2], {}, "between 0 and 1; not so in row 2"),
        ([0.1, np.nan], {}, "finite number; not so in row 2"),
        ([0.1, 0.2], {"n_tests": 1}, "a family of 1 tests cannot hold 2"),
        ([], {}, "one at least"),
        ([0.1], {"adjustment": "Bonferroni"}, "must be Holm"),
    ],
)
def test_what_is_no_family_of_tests_is_refused(p, given, words):
    with pytest.raises(UnusableInputError, match=words):
        adjust_p_values(p, **{"adjustment": "Holm", **given})


def make_noise(n=80, p=6):
    draw = np.random.default_rng(8)
    return survival_of(draw.exponential(size=n), draw.random(n) < 0.7), draw.normal(size=(n, p))


def test_the_optimism_of_a_model_of_noise_is_about_all_that_it_seems_to_know():
    survival, covariates = make_noise()

    def fit(rows):
        return fit_cox(survival.select(rows), covariates[rows], terms=list("abcdef")).coef

    def score(coef, rows):
        return compute_concordance(survival.select(rows), covariates[rows] @ np.array(coef)).estimate

    found = compute_optimism(fit, score, n=survival.n, seed=1, n_samples=30)
    assert found.apparent > 0.55
    assert abs(found.corrected - 0.5) < 0.06
    assert found.corrected == pytest.approx(found.apparent - found.optimism)
    assert compute_optimism(fit, score, n=survival.n, seed=1, n_samples=30) == found


def test_a_constant_score_has_no_optimism():
    found = compute_optimism(lambda rows: None, lambda model, rows: 0.7, n=10, seed=1)
    assert (found.apparent, found.optimism, found.corrected) == (0.7, 0.0, 0.7)


def failing_when(fails):
    def fit(rows):
        if fails(rows):
            raise EstimationError("no events")
        return 0.0

    return fit


def test_samples_that_cannot_be_fitted_are_counted():
    # A sample of 6 misses a certain row with probability (5/6)^6, a third: too often. With 40 rows it misses four
    # certain ones at once in about one of a hundred.
    rare = failing_when(lambda rows: not np.isin(range(4), rows).any())
    found = compute_optimism(rare, lambda model, rows: model, n=40, seed=2)
    assert 0 < found.n_failed < 10
    assert found.warnings == (f"{found.n_failed} of 200 samples could not be fitted and are left out",)
    with pytest.raises(EstimationError, match="cannot be estimated in"):
        compute_optimism(failing_when(lambda rows: not (rows == 0).any()), lambda model, rows: model, n=6, seed=2)


def test_the_row_without_which_the_sign_turns_is_named():
    values = np.array([1.0, 1.0, -1.0, -1.5, 2.0])
    found = leave_one_out(lambda rows: float(values[rows].mean()), n=5)
    assert found.without == pytest.approx([0.125, 0.125, 0.625, 0.75, -0.125])
    assert (found.most_influential, found.reversed_by) == (3, (4,))
    assert (found.low, found.high) == (-0.125, 0.75)


def test_rows_without_which_there_is_no_estimate_are_counted():
    found = leave_one_out(failing_when(lambda rows: 0 not in rows), n=4)
    assert found.n_failed == 1
    assert np.isnan(found.without[0])
    with pytest.raises(EstimationError, match="no estimate with one row left out"):
        leave_one_out(failing_when(lambda rows: rows.size < 4), n=4)


def test_too_few_rows_are_refused():
    with pytest.raises(UnusableInputError, match="at least 3 rows"):
        leave_one_out(lambda rows: 0.0, n=2)
    with pytest.raises(UnusableInputError, match="at least 2 patients"):
        compute_optimism(lambda rows: None, lambda model, rows: 0.0, n=1, seed=1)


LUNG = [row for row in read_rows(INPUTS / "lung.csv") if row["ph.ecog"] is not None]
TIME, DIED = [float(row["time"]) for row in LUNG], [row["status"] == "2" for row in LUNG]
MATRIX = [[float(row[name]) for name in ("age", "sex", "ph.ecog")] for row in LUNG]
TERMS = ["age", "sex", "ecog"]


def test_optimism_of_cox_and_logistic_models_is_that_of_r_on_the_same_samples():
    # R 4.2.2, survival 3.5-3: coxph, concordance, glm and the area by ranks, on the 40 samples of seed 7.
    cox = compute_cox_optimism(survival_of(TIME, DIED), MATRIX, terms=TERMS, seed=7, n_samples=40)
    assert (cox.apparent, cox.optimism) == pytest.approx((0.63713549300045491, 0.0093359443370723827), rel=1e-10)
    beyond_a_year = [float(time > 365) for time in TIME]
    logistic = compute_logistic_optimism(beyond_a_year, MATRIX, terms=TERMS, seed=7, n_samples=40)
    assert (logistic.apparent, logistic.optimism) == pytest.approx(
        (0.60750237416904085, 0.037419147852994432), rel=1e-10
    )


def test_rows_of_one_patient_are_drawn_together():
    patients = [number for number in range(80) for _ in range(2)]
    survival = survival_of(TIME[:160], DIED[:160])
    found = compute_cox_optimism(
        survival, MATRIX[:160], terms=TERMS, seed=3, n_samples=10, rows=CoxRows(clusters=patients)
    )
    assert found.n == 80
    alone = compute_cox_optimism(
        survival, MATRIX[:160], terms=TERMS, seed=3, n_samples=10, rows=CoxRows(clusters=range(160))
    )
    assert alone == compute_cox_optimism(survival, MATRIX[:160], terms=TERMS, seed=3, n_samples=10)


def test_weights_and_strata_go_into_each_sample():
    survival, twice = survival_of(TIME[:60], DIED[:60]), survival_of(TIME[:60] * 2, DIED[:60] * 2)
    weighted = compute_cox_optimism(
        survival, MATRIX[:60], terms=TERMS, seed=1, n_samples=2, rows=CoxRows(weights=[2.0] * 60), ties="breslow"
    )
    doubled = compute_cox_optimism(twice, MATRIX[:60] * 2, terms=TERMS, seed=1, n_samples=2, ties="breslow")
    assert weighted.apparent == pytest.approx(doubled.apparent)
    sexes = [row[1] for row in MATRIX]
    stratified = compute_cox_optimism(
        survival_of(TIME, DIED), [row[0] for row in MATRIX], terms=["age"], seed=1, n_samples=5, strata=sexes
    )
    assert 0.5 < stratified.apparent < 0.6


def test_samples_that_are_separated_are_answered_by_firth_and_not_left_out():
    event = [1.0] * 3 + [0.0] * 9
    found = compute_logistic_optimism(event, [1, 1, 0] + [0] * 8 + [1], terms=["x"], seed=2, n_samples=20)
    assert found.n_failed <= 1
    with pytest.raises(UnusableInputError, match="covariates must hold 12 rows"):
        compute_logistic_optimism(event, [1, 0], terms=["x"], seed=2)


def test_specifications_are_ordered_and_those_on_the_side_of_the_main_one_counted():
    # By hand: two of four estimates are negative as the main one is; one interval lies below 0 as a whole.
    found = summarise_specifications(
        [0.3, -0.2, np.nan, -0.5, 0.1], [0.1, -0.6, np.nan, -0.9, -0.3], [0.5, 0.2, np.nan, -0.1, 0.5], main=1
    )
    assert found.order == (3, 1, 4, 0, 2)
    assert (found.n, found.n_estimated, found.n_same_side, found.n_clear, found.same_side) == (5, 4, 2, 1, 0.5)
    assert (found.lowest, found.median, found.highest) == (-0.5, pytest.approx(-0.05), 0.3)
    assert "5 specifications, 4 with an estimate" in found.method


def test_without_an_estimate_of_the_main_specification_none_agrees_with_it():
    found = summarise_specifications([np.nan, 0.2], [np.nan, 0.1], [np.nan, 0.3], main=0)
    assert (found.n_estimated, found.n_same_side, found.n_clear, found.same_side) == (1, 0, 0, None)
    nothing = summarise_specifications([np.nan], [np.nan], [np.nan], main=0)
    assert (nothing.same_side, nothing.lowest) == (None, None)


def test_specifications_that_do_not_fit_together_are_refused():
    with pytest.raises(UnusableInputError, match="two ends of an interval each, one at least"):
        summarise_specifications([], [], [], main=0)
    with pytest.raises(UnusableInputError, match="must number one of 1 specifications from 0, got 1"):
        summarise_specifications([0.1], [0.0], [0.2], main=1)
