"""Uno's concordance against R survival 3.5-3, and by hand."""

import numpy as np
import pytest

from lutrace.core import UnusableInputError
from lutrace.stats import compute_concordance, compute_uno_concordance, survival_of

# The first rows of R's `lung` with an ECOG status: days, death, and age + 10 x sex as the risk score.
DAYS = [306, 455, 1010, 210, 883, 1022, 310, 361, 218, 166, 170, 654, 728, 567, 144]
DAYS += [613, 707, 61, 88, 301, 81, 624, 371, 394, 520, 574, 118, 390, 12]
DIED = [1, 1, 0, 1, 1, 0] + 23 * [1]
RISK = [
    84,
    78,
    66,
    67,
    70,
    84,
    88,
    91,
    63,
    71,
    67,
    88,
    88,
    67,
    77,
    80,
    73,
    76,
    67,
    77,
    69,
    60,
    68,
    82,
    90,
    70,
    80,
    63,
    84,
]


@pytest.mark.parametrize(
    ("horizon", "estimate", "se"),
    [(None, 0.4814814814815, 0.0577267154648), (365, 0.4883720930233, 0.0702548928662)],
)
def test_it_is_what_r_gives_with_and_without_a_horizon(horizon: float | None, estimate: float, se: float) -> None:
    found = compute_uno_concordance(survival_of(DAYS, DIED), RISK, horizon=horizon)
    assert (found.estimate, found.se) == (pytest.approx(estimate, abs=1e-10), pytest.approx(se, abs=1e-8))


def test_an_event_after_a_censoring_weighs_one_over_the_squared_chance_not_to_be_censored() -> None:
    # Censored at 2 with three at risk: events after it weigh (3/2)^2 = 2.25. Pairs of the event at 1: three, of which
    # the risk is higher in all (weight 1 each); of that at 3: one, discordant (2.25). 3 / (3 + 2.25).
    found = compute_uno_concordance(survival_of([1, 2, 3, 4], [1, 0, 1, 1]), [3, 1, 1, 2])
    assert found.estimate == pytest.approx(3 / 5.25)


def test_without_censoring_it_is_harrells() -> None:
    rng = np.random.default_rng(1)
    follow_up = survival_of(rng.permutation(40) + 1.0, np.ones(40))
    risk = rng.normal(size=40)
    uno, harrell = compute_uno_concordance(follow_up, risk), compute_concordance(follow_up, risk)
    assert (uno.estimate, uno.se) == (pytest.approx(harrell.estimate), pytest.approx(harrell.se))


def test_delayed_entry_is_refused() -> None:
    with pytest.raises(UnusableInputError, match="takes no delayed entry"):
        compute_uno_concordance(survival_of([2, 3], [1, 1], entry=[0, 1]), [1, 2])
