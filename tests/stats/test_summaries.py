import pytest

from lutrace.core import UnusableInputError
from lutrace.stats import compute_summary


def test_quartiles_interpolate_between_order_statistics():
    # Type 7 of 1..4: positions 1.75, 2.5 and 3.25.
    found = compute_summary([4, 1, 3, 2])
    assert (found.q1, found.median, found.q3) == (1.75, 2.5, 3.25)
    assert (found.minimum, found.mean, found.maximum, found.n) == (1, 2.5, 4, 4)
    assert found.sd == pytest.approx((5 / 3) ** 0.5)


def test_one_value_has_no_standard_deviation():
    assert compute_summary([7.5]).sd is None


def test_no_values_and_missing_values_are_refused():
    with pytest.raises(UnusableInputError, match="at least one value"):
        compute_summary([])
    with pytest.raises(UnusableInputError, match="values must be a finite number; not so in row 2"):
        compute_summary([1, float("nan")])
