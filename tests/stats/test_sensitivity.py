"""E-values, confounders and missed deaths: published numbers, by hand, and what is refused."""

import numpy as np
import pytest

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import (
    Survival,
    compute_confounder_bias,
    compute_e_value,
    compute_kaplan_meier,
    draw_missed_deaths,
    find_tipping_deaths,
    find_tipping_ratio,
    fit_cox,
    survival_of,
)


@pytest.mark.parametrize(
    ("ratio", "is_common", "expected"),
    [(0.62, False, 2.61), (0.62, True, 2.13), (0.40, False, 4.44), (0.40, True, 3.16)],
)
def test_e_values_of_the_vision_trial_are_these(ratio, is_common, expected):
    assert round(compute_e_value(ratio, measure="hazard ratio", is_common=is_common).estimate, 2) == expected


def test_the_first_example_of_the_paper_comes_out():
    # VanderWeele and Ding 2017: risk ratio 3.9 (1.8 to 8.7): 7.26 and 3.0.
    found = compute_e_value(3.9, measure="risk ratio", is_common=False, low=1.8, high=8.7)
    assert (round(found.estimate, 2), round(found.limit, 1)) == (7.26, 3.0)


def test_a_common_odds_ratio_counts_as_its_root():
    assert compute_e_value(4.0, measure="odds ratio", is_common=True).risk_ratio == 2.0
    assert compute_e_value(4.0, measure="odds ratio", is_common=True).estimate == pytest.approx(2 + np.sqrt(2))


def test_a_ratio_and_its_inverse_have_one_e_value():
    one, other = (compute_e_value(ratio, measure="hazard ratio", is_common=True).estimate for ratio in (0.5, 2.0))
    assert one == pytest.approx(other)


@pytest.mark.parametrize(("ratio", "low", "high"), [(0.8, 0.5, 1.2), (1.5, 0.9, 2.5), (1.0, 0.8, 1.25)])
def test_an_interval_that_holds_1_needs_no_confounder(ratio, low, high):
    assert compute_e_value(ratio, measure="hazard ratio", is_common=False, low=low, high=high).limit == 1.0


@pytest.mark.parametrize("given", [{"low": 0.5}, {"low": 0.9, "high": 1.2}, {"low": -1, "high": 2}])
def test_an_interval_that_is_none_is_refused(given):
    with pytest.raises(UnusableInputError, match="interval"):
        compute_e_value(0.62, measure="hazard ratio", is_common=False, **given)


def test_the_confounder_that_tips_a_ratio_makes_it_as_bias():
    found = find_tipping_ratio(1.6, share_treated=0.7, share_control=0.2)
    assert compute_confounder_bias(found, share_treated=0.7, share_control=0.2) == pytest.approx(1.6)
    lower = find_tipping_ratio(0.8, share_treated=0.2, share_control=0.5)
    assert compute_confounder_bias(lower, share_treated=0.2, share_control=0.5) == pytest.approx(0.8)


def test_a_confounder_that_cannot_tip_the_ratio_is_said_to_be_none():
    with pytest.raises(EstimationError, match="no confounder"):
        find_tipping_ratio(3.0, share_treated=0.3, share_control=0.2)


def test_a_share_above_1_is_refused():
    with pytest.raises(UnusableInputError, match="shares from 0 to 1"):
        compute_confounder_bias(2.0, share_treated=1.2, share_control=0.2)


def make_trial(seed=2, n=120, ratio=0.5):
    draw = np.random.default_rng(seed)
    group = np.repeat([0.0, 1.0], n // 2)
    death = draw.exponential(12 / np.where(group == 1, ratio, 1.0))
    censored = draw.uniform(4, 30, n)
    return survival_of(np.minimum(death, censored), death <= censored), group


def add_deaths(survival, rows):
    event = survival.event.copy()
    event[rows] = True
    return Survival(survival.time, event)


def test_the_tipping_number_tips_and_one_death_fewer_does_not():
    survival, group = make_trial()
    found = find_tipping_deaths(survival, group)
    assert found.arm == 1
    rows = np.flatnonzero((group == 1) & ~survival.event)
    rows = rows[np.argsort(survival.time[rows])]
    for number, is_tipped in (
        (found.to_interval, lambda fit: fit.high[0] >= 1),
        (found.to_null, lambda fit: fit.hazard_ratio[0] >= 1),
    ):
        fits = [fit_cox(add_deaths(survival, rows[:count]), group, terms=["arm"]) for count in (number - 1, number)]
        assert [is_tipped(fit) for fit in fits] == [False, True]
    assert 0 < found.to_interval <= found.to_null <= found.n_censored


def test_the_median_tips_at_its_number_and_not_before():
    # Arm 1: deaths at 4, 6, 9, censored 1, 2, 3, 5, 7, 8: its median is 9, that of arm 0 is 6.5, with all dead it is 5.
    time = [1, 2, 3, 5, 7, 8, 4, 6, 9, 5, 6, 7, 8]
    survival = survival_of(time, [0] * 6 + [1] * 7)
    group = np.array([1.0] * 9 + [0] * 4)
    found = find_tipping_deaths(survival, group)
    larger = []
    for count in (found.to_median - 1, found.to_median):
        changed = add_deaths(survival, np.arange(6)[:count])
        medians = [compute_kaplan_meier(changed.select(group == arm)).quantile().estimate for arm in (0, 1)]
        larger.append(medians[1] > medians[0])
    assert larger == [True, False]


def test_a_median_that_all_missed_deaths_leave_the_larger_has_no_number():
    survival, group = make_trial()
    assert find_tipping_deaths(survival, group).to_median is None


def test_deaths_of_patients_followed_longest_are_needed_in_greater_number():
    survival, group = make_trial()
    short, long = (find_tipping_deaths(survival, group, order=order) for order in ("shortest", "longest"))
    assert long.to_null is None or long.to_null > short.to_null


def test_the_better_arm_is_found_whichever_number_it_has():
    survival, group = make_trial()
    assert find_tipping_deaths(survival, 1 - group).arm == 0
    assert find_tipping_deaths(survival, 1 - group).to_null == find_tipping_deaths(survival, group).to_null


def test_an_arm_without_censored_patients_cannot_tip():
    survival = survival_of([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1])
    found = find_tipping_deaths(survival, [0, 0, 1, 0, 1, 1])
    assert (found.n_censored, found.to_null) == (0, None)


def test_complete_records_leave_the_ratio_and_lost_ones_of_the_treated_move_it_to_1():
    survival, group = make_trial()
    none, lost = (
        draw_missed_deaths(survival, group, recorded=((1.0, 1.0), (low, 1.0)), seed=1, n_draws=60) for low in (1.0, 0.5)
    )
    fit = fit_cox(survival, group, terms=["arm"])
    assert none.observed == pytest.approx(fit.hazard_ratio[0])
    assert none.mean_missed == (0, 0)
    assert none.low < none.observed < none.high
    assert lost.mean_missed[0] == 0 < lost.mean_missed[1]
    assert lost.median > none.median
    assert lost.share_reversed >= none.share_reversed


def test_the_same_seed_gives_the_same_draws():
    survival, group = make_trial()
    one, two = (
        draw_missed_deaths(survival, group, recorded=((0.8, 1.0), (0.6, 0.9)), seed=3, n_draws=5) for _ in range(2)
    )
    assert one == two


@pytest.mark.parametrize(
    ("recorded", "words"), [(((0, 1), (1, 1)), "shares recorded"), (((1, 1), (0.9, 0.8)), "shares recorded")]
)
def test_shares_that_are_none_are_refused(recorded, words):
    survival, group = make_trial()
    with pytest.raises(UnusableInputError, match=words):
        draw_missed_deaths(survival, group, recorded=recorded, seed=1)


@pytest.mark.parametrize(
    ("group", "given", "error", "words"),
    [
        ([1, 1, 1], {}, EstimationError, "both arms need patients"),
        ([1, 2, 0], {}, UnusableInputError, "group must be 0 or 1; not so in row 2"),
        ([1, 0, 0], {"order": "random"}, UnusableInputError, "shortest or longest"),
    ],
)
def test_groups_that_are_not_two_arms_are_refused(group, given, error, words):
    with pytest.raises(error, match=words):
        find_tipping_deaths(survival_of([1, 2, 3], [1, 1, 0]), group, **given)
