import numpy as np
import pytest

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import compute_auc, compute_brier, survival_of

SEEN = survival_of([1, 2, 3, 4, 5, 6], [1, 0, 1, 1, 0, 0])
RISK = [6.0, 1.0, 2.0, 5.0, 3.0, 2.0]


def test_cases_are_weighted_by_one_over_the_chance_not_to_be_censored_before():
    # By 3.5: cases 1 (weight 1) and 3 (one of five censored at 2: weight 5/4); controls 4, 5, 6 of risk 5, 3, 2.
    found = compute_auc(SEEN, RISK, time=3.5)
    assert found.estimate == pytest.approx((1 * 3 + 1.25 * 0.5) / (2.25 * 3))
    assert (found.n_cases, found.n_controls, found.n_unknown) == (2, 3, 1)


def test_the_brier_score_weighs_cases_and_controls():
    chance = [0.9, 0.5, 0.4, 0.2, 0.1, 0.3]
    expected = (0.01 + 1.25 * 0.36 + 1.25 * (0.04 + 0.01 + 0.09)) / 6
    assert compute_brier(SEEN, chance, time=3.5).estimate == pytest.approx(expected)


@pytest.mark.parametrize("measure", ["auc", "brier"])
def test_the_error_is_the_jackknife_of_the_weighted_estimate(measure):
    # The same estimate written out with case weights, and moved by a small change of each weight.
    rng = np.random.default_rng(5)
    time, event, risk = np.ceil(rng.exponential(9, 60)), rng.random(60) < 0.6, rng.uniform(0, 1, 60).round(1)
    survival = survival_of(time, event)
    found = (compute_auc if measure == "auc" else compute_brier)(survival, risk, time=7.5)

    def estimate(weight):
        censoring, curve = [], 1.0
        for moment in np.unique(time):
            censoring.append(curve)
            here = weight @ ((time > moment) | ((time == moment) & ~event))
            curve *= 1 - (weight @ ((time == moment) & ~event) / here if here > 0 else 0)
        before = dict(zip(np.unique(time), censoring, strict=True))
        after = before[min(moment for moment in before if moment > 7.5)]
        case = np.array([weight[i] / before[time[i]] if event[i] and time[i] <= 7.5 else 0.0 for i in range(60)])
        control = weight * (time > 7.5) / after
        if measure == "brier":
            return (case @ (1 - risk) ** 2 + control @ risk**2) / weight.sum()
        above = (risk[:, None] > risk) + 0.5 * (risk[:, None] == risk)
        return case @ above @ control / (case.sum() * control.sum())

    ones, step = np.ones(60), 1e-6
    assert found.estimate == pytest.approx(estimate(ones))
    moved = [(estimate(ones + step * unit) - estimate(ones - step * unit)) / (2 * step) for unit in np.eye(60)]
    assert found.se == pytest.approx(np.sqrt(np.square(moved).sum()), rel=1e-6)


def test_a_time_without_cases_or_controls_and_delayed_entry_are_refused():
    with pytest.raises(EstimationError, match="found 0 and 6; choose another time"):
        compute_auc(SEEN, RISK, time=0.5)
    with pytest.raises(UnusableInputError, match="takes no delayed entry"):
        compute_auc(survival_of([1, 2], [1, 0], entry=[0, 1]), [1, 2], time=1)
    with pytest.raises(UnusableInputError, match=r"predicted must be a probability.*row 1"):
        compute_brier(SEEN, RISK, time=3.5)
