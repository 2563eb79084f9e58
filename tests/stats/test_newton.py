"""The search for a maximum by sums: where it must shorten its steps, and where there is no maximum."""

import numpy as np
import pytest

from lutrace.core import EstimationError
from lutrace.stats.newton import Sums, maximise_sums


def heavy_tailed(at):
    """-sqrt(1 + 9 (x - 2)^2) with its slope and curvature: a full Newton step from 0 goes far beyond 2."""
    root = np.sqrt(1 + 9 * (at[0] - 2) ** 2)
    return Sums(-float(root), np.array([-9 * (at[0] - 2) / root]), np.array([[9 / root**3]]))


def test_a_step_that_goes_too_far_is_halved_until_the_likelihood_does_not_fall():
    assert maximise_sums(heavy_tailed, ["x"], spent=0.0).coef == pytest.approx([2.0], abs=1e-9)


def test_a_term_without_information_is_named():
    with pytest.raises(EstimationError, match="b does not vary"):
        maximise_sums(lambda at: Sums(0.0, np.zeros(2), np.diag([1.0, 0.0])), ["a", "b"])


def test_sums_that_never_settle_are_refused():
    with pytest.raises(EstimationError, match="does not settle"):
        maximise_sums(lambda at: Sums(float(at[0]), np.ones(1), np.eye(1)), ["x"])
