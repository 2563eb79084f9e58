from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lutrace.segment.assignment import assign, assign_gains

costs = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=st.integers(0, 9).map(float))
)


def test_the_greedy_choice_is_not_taken_when_it_costs_more() -> None:
    assert assign(np.array([[1.0, 2.0], [1.5, 9.0]])) == [(0, 1), (1, 0)]


def test_nothing_is_assigned_to_nobody() -> None:
    assert assign(np.zeros((0, 3))) == []


@settings(max_examples=150)
@given(costs)
def test_no_other_assignment_is_cheaper(cost: np.ndarray) -> None:
    pairs = assign(cost)
    rows, columns = cost.shape
    small = min(rows, columns)
    assert len(pairs) == len({i for i, _ in pairs}) == len({j for _, j in pairs}) == small
    table = cost if rows <= columns else cost.T
    best = min(
        sum(table[i, j] for i, j in enumerate(order)) for order in permutations(range(max(rows, columns)), small)
    )
    assert sum(cost[i, j] for i, j in pairs) == best


@settings(max_examples=150)
@given(costs)
def test_no_other_choice_of_pairs_gains_more_and_nobody_is_paired_without_gain(gain: np.ndarray) -> None:
    gain = gain - 5.0
    pairs = assign_gains(gain)
    assert len(pairs) == len({i for i, _ in pairs}) == len({j for _, j in pairs})
    assert all(gain[i, j] > 0 for i, j in pairs)
    table = np.maximum(gain if gain.shape[0] <= gain.shape[1] else gain.T, 0.0)
    orders = permutations(range(table.shape[1]), table.shape[0])
    assert sum(gain[i, j] for i, j in pairs) == max(sum(table[i, j] for i, j in enumerate(order)) for order in orders)
