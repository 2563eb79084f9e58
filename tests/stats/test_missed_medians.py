"""Medians corrected for deaths that the records miss, by hand and against a known truth."""

import numpy as np
import pytest

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import compute_kaplan_meier, draw_missed_medians, survival_of


def test_perfect_records_leave_the_median_as_it_is() -> None:
    follow_up = survival_of([1, 2, 3, 4, 5], [1, 0, 1, 1, 0])
    found = draw_missed_medians(follow_up, sensitivity=(1, 1), seed=3, n_draws=10)
    assert (found.median, found.low, found.high, found.mean_missed) == (
        found.observed,
        found.observed,
        found.observed,
        0,
    )


def test_one_in_four_deaths_missed_of_three_recorded_is_one_more_death() -> None:
    # 3 recorded = 0.75 x 4; the only censored patient dies at 3: the curve falls to 0.5 at 2, flat to 3: median 2.5.
    found = draw_missed_medians(survival_of([1, 2, 3, 4], [1, 1, 0, 1]), sensitivity=(0.75, 0.75), seed=1, n_draws=10)
    assert (found.observed, found.median, found.mean_missed, found.mean_false) == (3.0, 2.5, 1.0, 0.0)


def test_false_deaths_are_taken_back() -> None:
    # n = 10, 6 recorded dead, specificity 0.8, sensitivity 1: D = (6 - 2) / 0.8 = 5 deaths, 0.2 x 5 = 1 false.
    follow_up = survival_of(range(1, 11), [1, 1, 1, 1, 1, 1, 0, 0, 0, 0])
    found = draw_missed_medians(follow_up, sensitivity=(1, 1), specificity=(0.8, 0.8), seed=2, n_draws=50)
    assert (found.mean_missed, found.mean_false) == (0.0, 1.0)
    assert found.median is not None
    assert found.observed is not None
    assert found.median > found.observed


def test_a_median_that_most_draws_do_not_reach_is_not_given() -> None:
    follow_up = survival_of([1, 2, 3, 4], [1, 0, 0, 0])
    found = draw_missed_medians(follow_up, sensitivity=(0.9, 1), seed=1, n_draws=20)
    assert (found.observed, found.median) == (None, None)


def test_deaths_missed_at_last_contact_are_found_again_and_the_true_median_comes_back() -> None:
    """A truth of 4,000 patients, of whose deaths 12 % are recorded as a last sign of life on that day."""
    rng = np.random.default_rng(11)
    death = rng.weibull(1.1, 4000) * 8.5 / np.log(2) ** (1 / 1.1)
    cut = rng.uniform(6, 30, 4000)
    died = death <= cut
    true = compute_kaplan_meier(survival_of(np.minimum(death, cut), died)).quantile().estimate
    known = died & (rng.random(4000) > 0.12)
    found = draw_missed_medians(
        survival_of(np.minimum(death, cut), known), sensitivity=(0.88, 0.88), seed=5, n_draws=100
    )
    assert true is not None
    assert found.observed is not None
    assert found.median is not None
    assert found.observed > true + 0.5
    assert found.median == pytest.approx(true, abs=0.25)
    assert found.mean_missed == pytest.approx(0.12 / 0.88 * known.sum(), abs=1)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"sensitivity": (0, 1)}, "sensitivity must be two shares"),
        ({"sensitivity": (0.9, 0.8)}, "low before high"),
        ({"sensitivity": (1, 1), "specificity": (0.5, 1.1)}, "specificity must be two shares"),
        ({"sensitivity": (1, 1), "n_draws": 1}, "n_draws must be at least 2"),
    ],
)
def test_what_is_no_share_is_refused(wrong: dict, match: str) -> None:
    with pytest.raises(UnusableInputError, match=match):
        draw_missed_medians(survival_of([1, 2], [1, 0]), seed=1, **wrong)


def test_records_that_tell_nothing_are_refused() -> None:
    with pytest.raises(EstimationError, match="tell nothing of who died"):
        draw_missed_medians(survival_of([1, 2], [1, 0]), sensitivity=(0.5, 1), specificity=(0.5, 1), seed=1)
