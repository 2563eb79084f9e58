import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import compute_concordance, survival_of

rows_of = st.lists(
    st.tuples(st.integers(2, 9), st.booleans(), st.integers(0, 4), st.integers(0, 8)), min_size=2, max_size=25
)


def count_pairs(time, event, risk, entry):
    """Concordant, discordant and tied pairs by looking at every pair."""
    counts = [0, 0, 0]
    for i in np.flatnonzero(event):
        for j in range(len(time)):
            outlives = time[j] > time[i] or (time[j] == time[i] and not event[j])
            if j != i and outlives and entry[j] < time[i]:
                counts[0 if risk[j] < risk[i] else 1 if risk[j] > risk[i] else 2] += 1
    return tuple(counts)


@given(rows_of)
@settings(max_examples=200, deadline=None)
def test_all_pairs_are_counted_once_and_rightly(rows):
    time, event, risk, entry = (np.array(column) for column in zip(*rows, strict=True))
    entry = np.minimum(entry, time - 1)
    expected = count_pairs(time, event, risk, entry)
    if sum(expected) == 0:
        return
    found = compute_concordance(survival_of(time, event, entry=entry), risk)
    assert (found.n_concordant, found.n_discordant, found.n_tied) == expected
    assert found.estimate == pytest.approx((expected[0] + expected[2] / 2) / sum(expected))


def test_a_perfect_order_has_concordance_one_and_its_reverse_zero():
    follow_up = survival_of([1, 2, 3, 4], [1, 1, 1, 0])
    assert compute_concordance(follow_up, [4, 3, 2, 1]).estimate == 1
    assert compute_concordance(follow_up, [1, 2, 3, 4]).estimate == 0
    assert compute_concordance(follow_up, [7, 7, 7, 7]).estimate == 0.5


def test_patients_of_different_strata_are_not_compared():
    follow_up = survival_of([1, 2, 3, 4], [1, 1, 1, 1])
    found = compute_concordance(follow_up, [1, 9, 0, 8], strata=["a", "b", "a", "b"])
    assert (found.n_concordant, found.n_discordant) == (2, 0)


def test_no_comparable_pair_and_a_wrong_length_are_refused():
    with pytest.raises(EstimationError, match="no pair of patients is comparable"):
        compute_concordance(survival_of([1, 2], [0, 1]), [1, 2])
    with pytest.raises(UnusableInputError, match="one score per patient"):
        compute_concordance(survival_of([1, 2], [0, 1]), [1, 2, 3])
