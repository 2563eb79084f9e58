import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutrace.core import UnusableInputError
from lutrace.stats import compute_proportion


def test_none_of_n_has_the_closed_form_upper_bound():
    # 1 - (0.025)^(1/n)
    found = compute_proportion(0, 12)
    assert (found.low, found.high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 12)))
    assert compute_proportion(12, 12).low == pytest.approx(0.025 ** (1 / 12))


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
@settings(deadline=None)
def test_the_interval_holds_the_share_and_mirrors_its_complement(pair):
    n_events, n = pair
    found, other = compute_proportion(n_events, n), compute_proportion(n - n_events, n)
    assert 0 <= found.low <= found.estimate <= found.high <= 1
    assert found.low == pytest.approx(1 - other.high, abs=1e-9)


@pytest.mark.parametrize(("n_events", "n"), [(3, 2), (-1, 5), (0, 0)])
def test_impossible_counts_are_refused(n_events, n):
    with pytest.raises(UnusableInputError, match="0 <= events <= patients"):
        compute_proportion(n_events, n)
