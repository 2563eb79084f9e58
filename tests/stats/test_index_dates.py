"""Which line of a patient is time zero."""

import numpy as np
import pytest

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import choose_index_dates

# Patient a: lines at 30, 0 (rows not in order), 60; b: 5 not eligible, 10; c: never eligible.
LINES = {"patients": ["a", "b", "a", "a", "b", "c"], "starts": [30, 5, 0, 60, 10, 1], "eligible": [1, 0, 1, 1, 1, 0]}


@pytest.mark.parametrize(
    ("strategy", "rows", "clusters"),
    [("first", [2, 4], [0, 1]), ("last", [3, 4], [0, 1]), ("all", [2, 0, 3, 4], [0, 0, 0, 1])],
)
def test_each_strategy_takes_its_lines(strategy, rows, clusters):
    found = choose_index_dates(**LINES, strategy=strategy)
    assert found.rows.tolist() == rows
    assert found.clusters.tolist() == clusters
    assert (found.n_patients, found.n_never_eligible) == (2, 1)


def test_a_random_line_is_eligible_and_the_seed_decides_it():
    chosen = [choose_index_dates(**LINES, strategy="random", seed=seed).rows.tolist() for seed in range(40)]
    assert {rows[0] for rows in chosen} == {0, 2, 3}
    assert {rows[1] for rows in chosen} == {4}
    assert chosen[0] == choose_index_dates(**LINES, strategy="random", seed=0).rows.tolist()


def test_of_equal_starts_the_earlier_row_is_first():
    found = choose_index_dates(["a", "a"], [7, 7], eligible=[1, 1], strategy="first")
    assert found.rows.tolist() == [0]


def test_the_last_line_is_said_to_be_known_only_afterwards():
    assert "known only afterwards" in choose_index_dates(**LINES, strategy="last").warnings[0]


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"strategy": "best"}, UnusableInputError, "strategy must be one of"),
        ({"strategy": "random"}, UnusableInputError, "a seed belongs"),
        ({"strategy": "first", "seed": 1}, UnusableInputError, "a seed belongs"),
        ({"strategy": "first", "eligible": [0] * 6}, EstimationError, "no line is eligible"),
        ({"strategy": "first", "eligible": [2] + [1] * 5}, UnusableInputError, "eligible must be 0 or 1"),
        ({"strategy": "first", "starts": [np.nan] + [1] * 5}, UnusableInputError, "not so in row 1"),
    ],
)
def test_what_is_no_choice_of_lines_is_refused(given, error, words):
    with pytest.raises(error, match=words):
        choose_index_dates(**{**LINES, **given})
