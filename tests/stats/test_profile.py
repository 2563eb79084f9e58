"""The bounds of a profile likelihood: where it falls by the quantile, whatever its shape."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import minimize

from lutrace.stats import fit_firth_logistic
from lutrace.stats.profile import find_profile_bounds
from lutrace.stats.regression.logistic_likelihood import LogisticRows, climb, evaluate

HALF = 1.959963984540054**2 / 2


def bound(height, *, asked=None):
    """The upper bound of one coefficient estimated at 0 with an error of 1, and where the profile was asked for."""

    def hold(number, value, near):
        if asked is not None:
            asked.append(value)
        return SimpleNamespace(value=height(value))

    return find_profile_bounds(hold, np.zeros(1), np.ones(1), top=0.0, level=0.95)[0, 1]


def test_a_skewed_profile_is_asked_for_a_few_times_only():
    asked = []
    # Poisson, 10 events, log rate: 10 (e^x - 1 - x) = 1.92, both roots.
    found = bound(lambda at: -10 * (np.expm1(at) - at), asked=asked)
    assert 10 * (np.expm1(found) - found) == pytest.approx(HALF, rel=1e-12)
    assert len([at for at in asked if at > 0]) <= 8


@pytest.mark.parametrize(
    ("height", "expected"),
    [
        (lambda at: -abs(at), HALF),
        (lambda at: -(at**4), HALF**0.25),
        (lambda at: -np.sqrt(1 + at * at) + 1, np.sqrt((1 + HALF) ** 2 - 1)),
        (lambda at: -at * at / 800, 20 * np.sqrt(2 * HALF)),
    ],
    ids=["kink", "flat top", "heavy tail", "error far too small"],
)
def test_a_profile_of_any_shape_has_the_bound_written_by_hand(height, expected):
    assert bound(height) == pytest.approx(expected, rel=1e-9)


def test_a_profile_that_ends_has_its_bound_at_the_end():
    assert bound(lambda at: -at * at / 8 if at < 3 else -np.inf) == pytest.approx(3.0, abs=1e-6)


def test_a_profile_that_levels_off_has_no_bound():
    assert np.isnan(bound(lambda at: -1 + np.exp(-abs(at))))


def test_a_bound_lies_on_the_highest_of_several_ridges():
    # Three events: a climb from the estimate straight to the bound of b ends on a ridge that lies lower.
    x = np.array(
        [[1.0, -2.2, 0], [-1.1, 0, 1], [0.9, 0.3, 0], [-0.2, 0.2, 0], [-0.2, -1.3, 0], [1.1, -0.3, 1], [-0.4, -0.2, 0],
         [-1.3, 0.4, 1], [-0.5, -1.3, 1], [-1.2, 0.4, 0], [-1.8, 1.0, 0], [-0.1, -2.3, 0]]
    )  # fmt: skip
    outcome = np.isin(np.arange(12), (2, 5, 7))
    high = np.log(fit_firth_logistic(outcome, x, terms=["a", "b", "c"]).high[2])
    design = np.column_stack([np.ones(12), x])
    rows = LogisticRows(design, outcome.astype(float), np.ones(12), np.zeros(12), is_firth=True)

    def depth(free):
        return -evaluate(rows, np.insert(free, 2, high)).value

    starts = np.random.default_rng(1).normal(scale=6, size=(8, 3))
    deepest = min(minimize(depth, start, method="Nelder-Mead", options={"maxfev": 4000}).fun for start in starts)
    top = climb(evaluate(rows, np.zeros(4)), np.arange(4)).value
    assert top + deepest == pytest.approx(HALF, rel=1e-5)
