import pytest

from lutrace.segment import Link, compute_growth

PAIR = Link(1, 1, "matched", 2.0, 0.5, 0.9)
MERGED = (Link(2, 2, "merged", 3.0, 0.4, 0.9, 1), Link(3, 2, "merged", 6.0, 0.2, None, 1))
CROSSED = (*MERGED, Link(3, 3, "split", 6.0, 0.2, None, 1))
GONE, NEW = Link(4, None, "resolved", None, None, 0.9), Link(None, 4, "new", None, None, 0.9)
BEFORE, AFTER = {1: 10.0, 2: 4.0, 3: 6.0, 4: 1.0}, {1: 13.0, 2: 5.0, 3: 3.0, 4: 2.0}


def test_a_pair_is_compared_by_itself() -> None:
    (growth,) = compute_growth([PAIR], BEFORE, AFTER)
    assert growth is not None
    assert (growth.level, growth.before, growth.after) == ("lesion", 10.0, 13.0)
    assert growth.change_pct == pytest.approx(30.0)


def test_merged_lesions_are_summed_and_each_counts_once() -> None:
    for growth in compute_growth(MERGED, BEFORE, AFTER):
        assert growth is not None
        assert (growth.level, growth.before, growth.after) == ("cluster", 10.0, 5.0)
        assert growth.change_pct == pytest.approx(-50.0)


def test_a_cluster_of_many_to_many_is_one_sum_on_both_sides() -> None:
    found = compute_growth([PAIR, *CROSSED], BEFORE, AFTER)
    assert [(one.before, one.after) for one in found if one is not None] == [(10.0, 13.0)] + [(10.0, 8.0)] * 3


def test_a_lesion_with_one_end_or_without_a_value_is_not_compared() -> None:
    assert compute_growth([GONE, NEW], BEFORE, AFTER) == [None, None]
    assert compute_growth(MERGED, {2: 4.0}, AFTER) == [None, None]


def test_growth_from_nothing_has_no_percentage() -> None:
    (growth,) = compute_growth([PAIR], {1: 0.0}, AFTER)
    assert growth is not None
    assert growth.change_pct is None
