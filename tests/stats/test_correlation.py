import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import compute_pearson, compute_spearman

numbers = st.lists(st.integers(-100, 100), min_size=5, max_size=30, unique=True)


def test_fishers_interval_is_the_one_by_hand():
    # r = 0.8 of these five pairs; atanh(0.8) -+ 1.959964 / sqrt(2), back.
    found = compute_pearson([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])
    assert found.estimate == pytest.approx(0.8)
    assert (found.low, found.high) == pytest.approx(np.tanh(np.arctanh(0.8) + np.array([-1, 1]) * 1.385904), abs=1e-5)
    assert found.statistic == pytest.approx(0.8 * np.sqrt(3 / 0.36))
    assert found.n == 5


def test_bonett_and_wrights_interval_is_wider_than_fishers():
    # Ranks correlate at 0.8 too: half width 1.959964 * sqrt((1 + 0.64 / 2) / 2) = 1.592283.
    found = compute_spearman([1, 2, 3, 4, 50], [2, 1, 4, 3, 5])
    assert found.estimate == pytest.approx(0.8)
    assert (found.low, found.high) == pytest.approx(np.tanh(np.arctanh(0.8) + np.array([-1, 1]) * 1.592283), abs=1e-5)


def test_a_perfect_line_has_no_interval():
    found = compute_pearson([1, 2, 3, 4], [8, 6, 4, 2])
    assert (found.estimate, found.low, found.high, found.p) == (-1, None, None, 0.0)


@given(numbers, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_spearman_sees_only_ranks(values, random):
    other = list(values)
    random.shuffle(other)
    plain = compute_spearman(values, other)
    assert compute_spearman([value**3 for value in values], other).estimate == pytest.approx(plain.estimate)
    assert -1 <= plain.estimate <= 1


def test_too_few_pairs_and_constant_values_are_refused():
    with pytest.raises(UnusableInputError, match="at least 4 pairs, got 3 and 3"):
        compute_pearson([1, 2, 3], [1, 2, 3])
    with pytest.raises(UnusableInputError, match="got 4 and 5"):
        compute_spearman([1, 2, 3, 4], [1, 2, 3, 4, 5])
    with pytest.raises(EstimationError, match="all 4 of y are equal"):
        compute_pearson([1, 2, 3, 4], [5, 5, 5, 5])
