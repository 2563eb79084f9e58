"""The three small data sets of Therneau and Grambsch 2000, appendix E, worked by hand; r is the hazard ratio."""

from fractions import Fraction

import numpy as np
import pytest
from numpy import log

from lutrace.stats import (
    CoxRows,
    compute_cox_score,
    compute_row_residuals,
    compute_schoenfeld,
    fit_cox,
    predict_survival,
    survival_of,
)

FIRST = survival_of([9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0])
FIRST_X = [0, 1, 1, 1, 0, 0]
SECOND = survival_of(
    [2, 3, 6, 7, 8, 9, 9, 9, 14, 17], [1, 1, 1, 1, 1, 1, 1, 0, 0, 0], entry=[1, 2, 5, 2, 1, 7, 3, 4, 8, 8]
)
SECOND_X = [1, 0, 0, 1, 0, 1, 1, 1, 0, 0]
THIRD = survival_of([1, 1, 2, 2, 2, 2, 3, 4, 5], [1, 0, 1, 1, 1, 0, 0, 1, 0])
THIRD_X = [2, 0, 1, 1, 0, 1, 0, 1, 0]
WEIGHTS = CoxRows(weights=[1, 2, 3, 4, 3, 2, 1, 2, 1])


def mean_of_third(r):
    """Logarithms of the three reduced risk sets at time 2: events weigh 7 r + 3, the others 4 r + 2."""
    return (log(11 * r + 5) + log((7 * r + 3) * 2 / 3 + 4 * r + 2) + log((7 * r + 3) / 3 + 4 * r + 2)) / 3


LOGLIKS = {
    ("first", "breslow"): lambda b, r: 2 * b - log(3 * r + 3) - 2 * log(r + 3),
    ("first", "efron"): lambda b, r: 2 * b - log(3 * r + 3) - log(r + 3) - log((r + 5) / 2),
    ("second", "breslow"): lambda b, r: 4 * b - log(r + 1) - log(r + 2) - 3 * log(3 * r + 2) - 2 * log(3 * r + 1),
    ("second", "efron"): lambda b, r: (
        4 * b - log(r + 1) - log(r + 2) - 2 * log(3 * r + 2) - log(2 * r + 2) - 2 * log(3 * r + 1)
    ),
    ("third", "breslow"): lambda b, r: 11 * b - log(r**2 + 11 * r + 7) - 10 * log(11 * r + 5) - 2 * log(2 * r + 1),
    ("third", "efron"): lambda b, r: 11 * b - log(r**2 + 11 * r + 7) - 10 * mean_of_third(r) - 2 * log(2 * r + 1),
}
DATA = {"first": (FIRST, FIRST_X, None), "second": (SECOND, SECOND_X, None), "third": (THIRD, THIRD_X, WEIGHTS)}


@pytest.mark.parametrize("b", [-1.3, 0.0, 0.4, 2.0])
@pytest.mark.parametrize(("name", "ties"), LOGLIKS)
def test_the_likelihood_written_by_hand_holds_with_its_slopes(name, ties, b):
    follow_up, x, rows = DATA[name]
    score = compute_cox_score(follow_up, x, coef=[b], ties=ties, rows=rows)
    by_hand, step = LOGLIKS[name, ties], 1e-4
    low, middle, high = (by_hand(at, np.exp(at)) for at in (b - step, b, b + step))
    assert score.loglik == pytest.approx(middle, rel=1e-12)
    assert score.gradient[0] == pytest.approx((high - low) / (2 * step), rel=1e-6, abs=1e-7)
    assert score.information[0, 0] == pytest.approx((2 * middle - high - low) / step**2, rel=1e-5)


def test_the_maxima_that_have_a_closed_form_are_found():
    # Breslow: r^2 - 3 r - 6 = 0. Efron: r^3 - 23 r - 30 = 0, by the cosine rule for three real roots.
    breslow = fit_cox(FIRST, FIRST_X, terms=["x"], ties="breslow")
    efron = fit_cox(FIRST, FIRST_X, terms=["x"])
    assert breslow.coef[0] == pytest.approx(log((3 + np.sqrt(33)) / 2), rel=1e-11)
    cosine = np.cos(np.arccos(45 / 23 * np.sqrt(3 / 23)) / 3)
    assert efron.coef[0] == pytest.approx(log(2 * np.sqrt(23 / 3) * cosine), rel=1e-11)


def test_the_means_of_tied_deaths_make_the_residuals_of_the_first_set():
    fit = fit_cox(FIRST, FIRST_X, terms=["x"])
    r = fit.hazard_ratio[0]
    steps = np.array([1 / (3 * r + 3), 1 / (r + 3), 2 / (r + 5), 1])
    tied = steps[0] + steps[1] + steps[2] / 2  # of the two tied at 6, each is half out of the second risk set
    met = [steps.sum(), r * steps[0], r * steps[0], r * tied, tied, steps[:3].sum()]
    assert compute_row_residuals(fit, "martingale") == pytest.approx(FIRST.event - met, abs=1e-12)
    mean = (r / (r + 3) + r / (r + 5)) / 2
    schoenfeld = compute_schoenfeld(fit)
    assert schoenfeld.time.tolist() == [1, 6, 6, 9]
    assert schoenfeld.values[:, 0] == pytest.approx([1 / (r + 1), 1 - mean, -mean, 0], abs=1e-12)


@pytest.mark.parametrize("x", [0.0, 2.0])
def test_predicted_survival_of_the_first_set_has_the_error_of_both_its_parts(x):
    fit = fit_cox(FIRST, FIRST_X, terms=["x"])
    r = fit.hazard_ratio[0]
    steps = np.array([1 / (3 * r + 3), 1 / (r + 3), 2 / (r + 5), 1])
    means = np.array([r / (r + 1), r / (r + 3), r / (r + 5), 0])
    information = (means - means**2).sum()
    last = [0, 2, 3]
    variance = np.cumsum(steps**2) + np.cumsum((x - means) * steps) ** 2 / information
    curve = predict_survival(fit, [[x]])
    assert curve.time.tolist() == [1, 6, 9]
    assert curve.cumulative_hazard[:, 0] == pytest.approx(np.cumsum(steps)[last] * r**x, rel=1e-10)
    assert curve.std_error[:, 0] ** 2 == pytest.approx(variance[last] * r ** (2 * x), rel=1e-10)
    assert np.isnan(curve.at([10])).all()
    assert curve.at([0.5, 1])[:, 0] == pytest.approx([1, curve.survival[0, 0]])


def test_weights_make_the_steps_of_the_third_set():
    # At a coefficient of zero the risk sets weigh 19, 16, 38/3, 28/3 and 3; deaths at 2 weigh 10 together.
    steps = [Fraction(1, 19), Fraction(5, 24), Fraction(5, 19), Fraction(5, 14), Fraction(2, 3)]
    tied = sum(steps[:2]) + steps[2] * Fraction(2, 3) + steps[3] * Fraction(1, 3)
    later = sum(steps[:4])
    met = [steps[0], steps[0], tied, tied, tied, later, later, later + steps[4], later + steps[4]]
    residuals = THIRD.event - np.array(met, dtype=float)
    score = compute_cox_score(THIRD, THIRD_X, coef=[0.0], rows=WEIGHTS)
    assert score.gradient[0] == pytest.approx(np.array(THIRD_X) @ (WEIGHTS.weights * residuals), rel=1e-12)


def test_three_copies_in_strata_that_overlap_in_time_are_three_fits():
    shift = np.repeat([1, 2, 3], 10)
    threefold = survival_of(
        np.tile(SECOND.time, 3) + shift, np.tile(SECOND.event, 3), entry=np.tile(SECOND.entry, 3) + shift
    )
    one = fit_cox(SECOND, SECOND_X, terms=["x"], ties="breslow")
    three = fit_cox(threefold, np.tile(SECOND_X, 3), terms=["x"], ties="breslow", strata=shift)
    assert one.coef[0] == pytest.approx(-0.084526081, abs=1e-9)  # the book's value
    assert three.coef[0] == pytest.approx(one.coef[0], rel=1e-9)
    assert three.loglik == pytest.approx(3 * one.loglik)
    for kind in ("martingale", "score"):
        parts = compute_row_residuals(three, kind)
        assert parts == pytest.approx(np.tile(compute_row_residuals(one, kind).T, 3).T, abs=1e-10)
