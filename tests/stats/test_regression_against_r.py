"""Regression and description against R: the stored numbers of validation/stats/regression (see there for versions)."""

import pytest
from validation.stats.comparison import STATS, compare, read_reference
from validation.stats.regression.cases import compute_all, tolerance_of

REFERENCE = read_reference(STATS / "regression" / "reference.csv")
FOUND = compute_all()


@pytest.mark.parametrize("case", sorted({case for case, _ in FOUND}))
def test_all_numbers_of_a_case_equal_r(case):
    ours = {key: values for key, values in FOUND.items() if key[0] == case}
    for name, quantity, difference in compare(ours, REFERENCE):
        assert difference <= tolerance_of(name), (quantity, difference)


def test_no_number_of_r_is_left_out():
    assert {key for key in REFERENCE if key[0] != "version"} == set(FOUND)


@pytest.mark.parametrize("case", sorted({case for case, quantity in FOUND if quantity.endswith("Kenward-Roger df")}))
def test_no_restricted_likelihood_is_lower_than_that_of_lmer(case):
    assert FOUND[(case, "loglik")][0] >= REFERENCE[(case, "loglik")][0] - 1e-9
