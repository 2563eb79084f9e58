import numpy as np
import pytest

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import compute_agreement, compute_icc, compute_limits_of_agreement, compute_partial, compute_pearson

JUDGES = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
"""Six targets, four judges: table 2 of Shrout and Fleiss 1979."""


@pytest.mark.parametrize(("kind", "estimate"), [("1,1", 0.17), ("2,1", 0.29), ("3,1", 0.71)])
def test_the_intraclass_correlations_are_those_of_shrout_and_fleiss(kind, estimate):
    found = compute_icc(JUDGES, kind=kind)
    assert found.estimate == pytest.approx(estimate, abs=0.005)
    assert found.low < found.estimate < found.high
    assert (found.n, found.n_raters) == (6, 4)


def test_a_constant_shift_between_raters_lowers_agreement_but_not_consistency():
    values = np.array([[1.0, 1.2], [2.0, 1.9], [3.0, 3.1], [4.0, 4.2]])
    shifted = values + np.array([0, 5])
    consistency = [compute_icc(table, kind="3,1").estimate for table in (values, shifted)]
    assert consistency[0] == pytest.approx(consistency[1])
    assert compute_icc(shifted, kind="2,1").estimate < 0.2 < compute_icc(values, kind="2,1").estimate


def test_ratings_that_say_nothing_are_refused():
    with pytest.raises(EstimationError, match="all measurements are equal"):
        compute_icc([[1, 1], [1, 1]], kind="1,1")
    with pytest.raises(EstimationError, match="patients do not differ"):
        compute_icc([[1, 2], [2, 1]], kind="2,1")
    with pytest.raises(EstimationError, match="patients do not differ"):
        compute_icc([[1, 2], [1, 2]], kind="3,1")
    assert compute_icc([[1, 1], [2, 2], [3, 3]], kind="2,1").low == 1
    with pytest.raises(UnusableInputError, match="two patients"):
        compute_icc([[1, 2]], kind="1,1")
    with pytest.raises(UnusableInputError, match="row 2"):
        compute_icc([[1, 2], [np.nan, 1]], kind="1,1")


def test_limits_of_agreement_are_the_mean_and_1_96_standard_deviations():
    found = compute_limits_of_agreement([10, 12, 15, 11], [9, 13, 13, 11])
    sd = np.std([1, -1, 2, 0], ddof=1)
    assert found.bias[0] == 0.5
    assert found.upper[0] == pytest.approx(0.5 + 1.959964 * sd, rel=1e-6)
    assert found.lower[0] - found.lower[1] > found.lower[2] - found.lower[0] > 0
    assert (found.n, found.n_patients) == (4, 4)


def test_several_pairs_of_a_patient_count_as_one_patient():
    # Balanced: the variance of patients' means and, of the variance within, the half that a mean of two leaves out.
    first, second = np.array([1.0, 3, 2, 4, 9, 7]), np.zeros(6)
    found = compute_limits_of_agreement(first, second, patients=[1, 1, 2, 2, 3, 3])
    assert found.sd**2 == pytest.approx(np.var([2, 3, 8], ddof=1) + 2 / 2)
    assert (found.n, found.n_patients) == (6, 3)


def test_differences_that_do_not_differ_have_no_limits():
    with pytest.raises(EstimationError, match="all differences are equal"):
        compute_limits_of_agreement([1, 2, 3], [0, 1, 2])
    with pytest.raises(UnusableInputError, match="need three patients, got 2"):
        compute_limits_of_agreement([1, 2, 3], [0, 1, 0], patients=[1, 1, 2])


def test_weighted_kappa_forgives_near_misses():
    first, second = "aabbccab", "abbbccac"
    plain, linear = (compute_agreement(first, second, classes="abc", weights=kind) for kind in ("none", "linear"))
    assert linear.kappa > plain.kappa
    assert "linear weights" in linear.method


def test_what_a_covariate_explains_is_taken_out_of_a_correlation():
    rng = np.random.default_rng(6)
    z = rng.normal(size=200)
    x, y = z + 0.1 * rng.normal(size=200), z + 0.1 * rng.normal(size=200)
    assert compute_pearson(x, y).estimate > 0.9
    found = compute_partial(x, y, z, terms=["z"])
    assert found.low < 0 < found.high
    with pytest.raises(EstimationError, match="z explain all of x"):
        compute_partial(2 * z, y, z, terms=["z"])
    with pytest.raises(UnusableInputError, match="needs 5 rows"):
        compute_partial([1, 2, 3, 4], [1, 3, 2, 4], [1, 0, 0, 1], terms=["z"])
