import pytest

from lutrace.core import EstimationError, UnsupportedError, UnusableInputError
from lutrace.stats import (
    compute_chi_square,
    compute_fisher,
    compute_kruskal_wallis,
    compute_proportion_difference,
    compute_rank_sum,
    compute_welch,
    compute_wilson,
)


def test_fishers_lady_and_her_tea():
    # 8 cups: p = 2 (16 + 1) / 70.
    found = compute_fisher([[3, 1], [1, 3]])
    assert found.p == pytest.approx(34 / 70)
    assert found.low < 1 < found.odds_ratio < found.high


def test_a_table_larger_than_two_by_two_sums_all_tables_at_most_as_likely():
    # Margins 1, 1, 1 and 1, 2: three tables, equally likely.
    found = compute_fisher([[1, 0], [0, 1], [0, 1]])
    assert found.p == pytest.approx(1)
    assert found.odds_ratio is None
    with pytest.raises(UnsupportedError, match="use the chi-square test"):
        compute_fisher([[300, 200, 100, 50], [250, 210, 90, 60], [240, 190, 120, 70]])


def test_the_correction_for_continuity_is_for_two_by_two_tables_and_never_overshoots():
    # Expected 10 everywhere: 4 (3 - 0.5)^2 / 10.
    assert compute_chi_square([[13, 7], [7, 13]]).statistic == pytest.approx(2.5)
    assert compute_chi_square([[13, 7], [7, 13]], corrected=False).statistic == pytest.approx(3.6)
    assert compute_chi_square([[10, 10], [10, 10]]).p == 1
    assert compute_chi_square([[10, 20, 30], [10, 20, 30]]).df == 2
    assert "prefer Fisher's" in compute_chi_square([[1, 3], [4, 2]]).method


@pytest.mark.parametrize(
    "table",
    [[[1, 2]], [[1.5, 2], [3, 4]], [[0, 0], [3, 4]], [[-1, 2], [3, 4]]],
    ids=["row", "half", "empty", "negative"],
)
def test_what_is_no_table_of_counts_is_refused(table):
    with pytest.raises(UnusableInputError, match="a table"):
        compute_chi_square(table)


def test_the_rank_sum_test_is_exact_without_ties_and_corrected_with_them():
    assert compute_rank_sum([1, 2, 3], [4, 5, 6]).p == pytest.approx(2 / 20)
    assert "exact" in compute_rank_sum([1, 2, 3], [4, 5, 6]).method
    assert "ties" in compute_rank_sum([1, 2, 3], [3, 5, 6]).method
    with pytest.raises(EstimationError, match="all values are equal"):
        compute_rank_sum([1, 1], [1])


def test_kruskal_and_wallis_need_two_groups():
    # Ranks 1 to 6 in three pairs: 12 / 42 (9 + 49 + 121) / 2 - 21.
    assert compute_kruskal_wallis([1, 2, 3, 4, 5, 6], list("aabbcc")).statistic == pytest.approx(12 / 42 * 179 / 2 - 21)
    with pytest.raises(EstimationError, match="got 1 groups"):
        compute_kruskal_wallis([1, 2], ["a", "a"])


def test_welch_needs_values_that_vary():
    found = compute_welch([1, 2, 3], [2, 4, 6])
    assert found.estimate == -2
    assert found.low < -2 < found.high
    with pytest.raises(EstimationError, match="neither group varies"):
        compute_welch([1, 1], [2, 2])
    with pytest.raises(UnusableInputError, match="2 or more values, got 1 and 2"):
        compute_welch([1], [2, 3])


def test_wilsons_interval_at_the_ends_has_its_closed_form():
    # None of n: z^2 / (n + z^2).
    z2 = 1.959963984540054**2
    assert (compute_wilson(0, 10).low, compute_wilson(0, 10).high) == (0.0, pytest.approx(z2 / (10 + z2)))
    assert compute_wilson(10, 10).high == 1.0


def test_newcombes_example():
    # Newcombe 1998, table II: 56 of 70 less 48 of 80 is 0.2 (0.0524 to 0.3339).
    found = compute_proportion_difference((56, 70), (48, 80))
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))
