import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import MonotoneLikelihoodError, compute_cox_score, fit_cox, survival_of

PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
TREATED = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
REMISSION = survival_of(PLACEBO + TREATED, [1] * 30 + [0] * 12)
ON_PLACEBO = np.repeat([1.0, 0.0], 21)


def draw(seed, n=60):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=n), rng.random(n) < 0.5])
    death, leaving = rng.exponential(np.exp(-0.6 * x[:, 0])), rng.exponential(2, n)
    time = np.ceil(10 * np.minimum(death, leaving))
    return survival_of(time, death <= leaving), x


def test_one_event_among_two_has_the_likelihood_written_by_hand():
    # The patient with x = 1 dies while x = 0 is at risk: L = e^b / (e^b + 1).
    score = compute_cox_score(survival_of([1, 2], [1, 0]), [1, 0], coef=[0.7])
    share = np.exp(0.7) / (1 + np.exp(0.7))
    assert score.loglik == pytest.approx(np.log(share))
    assert score.gradient[0] == pytest.approx(1 - share)
    assert score.information[0, 0] == pytest.approx(share * (1 - share))


def test_two_tied_events_follow_efron_and_breslow_by_hand():
    # x = 1 and x = 0 die together, x = 0 survives; at b = 0 Efron: 1/3 * 1/2.., Breslow: (1/3)^2.
    follow_up = survival_of([1, 1, 2], [1, 1, 0])
    efron = compute_cox_score(follow_up, [1, 0, 0], coef=[0.0])
    breslow = compute_cox_score(follow_up, [1, 0, 0], coef=[0.0], ties="breslow")
    assert efron.loglik == pytest.approx(-np.log(3) - np.log(3 - 1))
    assert breslow.loglik == pytest.approx(-2 * np.log(3))


def test_the_textbook_example_is_reproduced():
    # Kleinbaum and Klein: Efron 1.572 (0.412), Breslow 1.509 (0.410).
    efron = fit_cox(REMISSION, ON_PLACEBO, terms=["placebo"])
    breslow = fit_cox(REMISSION, ON_PLACEBO, terms=["placebo"], ties="breslow")
    assert (round(efron.coef[0], 3), round(efron.se[0], 3)) == (1.572, 0.412)
    assert (round(breslow.coef[0], 3), round(breslow.se[0], 3)) == (1.509, 0.410)
    assert (efron.n, efron.n_events, efron.ties) == (42, 30, "efron")
    assert efron.low[0] < efron.hazard_ratio[0] < efron.high[0]


def test_the_gradient_is_the_slope_of_the_likelihood():
    follow_up, x = draw(3)
    at, step = np.array([0.3, -0.2]), 1e-5
    score = compute_cox_score(follow_up, x, coef=at)
    for number in range(2):
        shift = step * np.eye(2)[number]
        up, down = (compute_cox_score(follow_up, x, coef=at + sign * shift) for sign in (1, -1))
        assert score.gradient[number] == pytest.approx((up.loglik - down.loglik) / (2 * step), rel=1e-5)
        slope = (up.gradient - down.gradient) / (2 * step)
        assert score.information[number] == pytest.approx(-slope, rel=1e-5)


def test_scores_of_strata_add_up():
    follow_up, x = draw(4)
    half = np.arange(60) < 30
    whole = compute_cox_score(follow_up, x, coef=[0.1, 0.2], strata=half)
    parts = [
        compute_cox_score(survival_of(follow_up.time[rows], follow_up.event[rows]), x[rows], coef=[0.1, 0.2])
        for rows in (half, ~half)
    ]
    assert whole.loglik == pytest.approx(sum(part.loglik for part in parts))
    assert whole.gradient == pytest.approx(sum(part.gradient for part in parts))


@given(st.integers(0, 10_000), st.floats(0.01, 100), st.floats(-1000, 1000))
@settings(max_examples=40, deadline=None)
def test_a_change_of_unit_changes_only_the_coefficient(seed, factor, offset):
    follow_up, x = draw(seed)
    plain = fit_cox(follow_up, x, terms=["a", "b"])
    changed = fit_cox(follow_up, x * [factor, 1] + [offset, 0], terms=["a", "b"])
    assert changed.coef[0] * factor == pytest.approx(plain.coef[0], rel=1e-6, abs=1e-9)
    assert changed.loglik == pytest.approx(plain.loglik, rel=1e-9)
    assert changed.p == pytest.approx(plain.p, rel=1e-5)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_splitting_follow_up_into_pieces_changes_nothing(seed):
    follow_up, x = draw(seed, n=40)
    cut = 3.5
    late = follow_up.time > cut
    time = np.concatenate([np.minimum(follow_up.time, cut), follow_up.time[late]])
    event = np.concatenate([follow_up.event & ~late, follow_up.event[late]])
    entry = np.concatenate([np.zeros(40), np.full(late.sum(), cut)])
    whole = fit_cox(follow_up, x[:, :1], terms=["a"])
    split = fit_cox(survival_of(time, event, entry=entry), np.concatenate([x, x[late]])[:, :1], terms=["a"])
    assert split.coef == pytest.approx(whole.coef, rel=1e-9)
    assert split.se == pytest.approx(whole.se, rel=1e-9)


def is_separated(time, event, x):
    """One covariate is monotone if at every event it is the largest (or always the smallest) at risk, and varies."""
    sets = [(x[i], x[time >= time[i]]) for i in np.flatnonzero(event)]
    varies = any(np.ptp(among) > 0 for _, among in sets)
    highest = all(own >= among.max() for own, among in sets)
    lowest = all(own <= among.min() for own, among in sets)
    return varies and (highest or lowest)


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.integers(0, 2)), min_size=3, max_size=10))
@settings(max_examples=300, deadline=None)
def test_a_monotone_likelihood_is_found_exactly_when_it_is_one(rows):
    time, event, x = (np.array(column) for column in zip(*rows, strict=True))
    if not event.any():
        return
    try:
        fit = fit_cox(survival_of(time, event), x, terms=["x"])
    except MonotoneLikelihoodError as error:
        assert is_separated(time, event, x)
        assert error.terms == ("x",)
    except EstimationError:
        assert all(np.ptp(x[time >= time[i]]) == 0 for i in np.flatnonzero(event))
    else:
        assert not is_separated(time, event, x)
        assert abs(fit.coef[0]) < 20


def test_a_separating_covariate_is_named_and_others_are_not():
    follow_up, x = draw(5)
    exposed = np.zeros(60)
    exposed[np.flatnonzero(~follow_up.event)[:4]] = 1
    with pytest.raises(MonotoneLikelihoodError, match="no maximum in exposed: the covariates separate") as caught:
        fit_cox(follow_up, np.column_stack([x[:, 0], exposed]), terms=["marker", "exposed"])
    assert caught.value.terms == ("exposed",)


def test_covariates_that_repeat_each_other_are_named():
    follow_up, x = draw(6)
    with pytest.raises(EstimationError, match="covariates a, b are combinations of one another"):
        fit_cox(follow_up, np.column_stack([x[:, 0], 2 * x[:, 0] + 1, x[:, 1]]), terms=["a", "b", "c"])


def test_a_constant_covariate_is_named():
    follow_up, x = draw(6)
    with pytest.raises(EstimationError, match="covariate b does not vary"):
        fit_cox(follow_up, np.column_stack([x[:, 0], np.ones(60)]), terms=["a", "b"])


def test_no_events_and_unknown_ties_are_refused():
    with pytest.raises(EstimationError, match="needs events, found none in 2 patients"):
        fit_cox(survival_of([1, 2], [0, 0]), [0, 1], terms=["a"])
    with pytest.raises(UnusableInputError, match="ties must be efron or breslow"):
        fit_cox(survival_of([1, 2], [1, 1]), [0, 1], terms=["a"], ties="exact")


def test_few_events_per_term_and_few_exposed_events_are_warned_of():
    follow_up, x = draw(7, n=16)
    fit = fit_cox(follow_up, x, terms=["marker", "exposed"])
    assert fit.events_per_term < 10
    assert fit.n_exposed_events[0] is None
    assert any("events per term, below 10" in warning for warning in fit.warnings)
    assert any("exposed: " in warning and "rarer group" in warning for warning in fit.warnings)
    assert fit_cox(*draw(8, n=300), terms=["marker", "exposed"]).warnings == ()


def test_leaving_the_most_influential_patient_out_moves_the_estimate_as_foretold():
    follow_up, x = draw(9, n=200)
    fit = fit_cox(follow_up, x, terms=["a", "b"])
    first = fit.influence[0]
    kept = np.arange(200) != first.row
    number = fit.terms.index(first.term)
    without = fit_cox(survival_of(follow_up.time[kept], follow_up.event[kept]), x[kept], terms=["a", "b"])
    moved = (fit.coef[number] - without.coef[number]) / fit.se[number]
    assert moved == pytest.approx(first.dfbetas, rel=0.15)
    assert abs(first.dfbetas) > 2 / np.sqrt(200)


def test_dfbeta_sums_to_nothing_over_all_patients():
    fit = fit_cox(*draw(10), terms=["a", "b"])
    assert fit.dfbeta.sum(axis=0) == pytest.approx([0, 0], abs=1e-9)


def test_a_hazard_ratio_that_turns_round_fails_the_test_of_proportional_hazards():
    rng = np.random.default_rng(11)
    x = np.repeat([0.0, 1.0], 200)
    early = rng.exponential(np.where(x == 1, 0.5, 2))
    time = np.where(early < 0.7, early, 0.7 + rng.exponential(np.where(x == 1, 3, 0.7)))
    turning = fit_cox(survival_of(time, np.ones(400)), x, terms=["x"])
    steady = fit_cox(survival_of(rng.exponential(np.where(x == 1, 0.5, 1)), np.ones(400)), x, terms=["x"])
    assert turning.ph_tests[-1].p < 1e-6
    assert steady.ph_tests[-1].p > 0.01


def test_with_a_single_event_time_there_is_no_test_of_proportional_hazards():
    fit = fit_cox(survival_of([1, 1, 1, 2, 2], [1, 1, 0, 0, 0]), [0, 1, 1, 0, 2], terms=["x"])
    assert fit.ph_tests == ()


def test_an_extreme_covariate_does_not_break_the_search():
    rng = np.random.default_rng(12)
    x = np.concatenate([rng.normal(size=99), [1e4]])
    time = rng.exponential(np.exp(-np.clip(x, -3, 3)))
    fit = fit_cox(survival_of(time, np.ones(100)), x, terms=["x"])
    assert np.isfinite(fit.coef[0])


def draw_steep(seed):
    """Synthetic patients whose hazard rises very steeply with a very skew covariate."""
    rng = np.random.default_rng(seed)
    x = np.exp(2 * rng.standard_normal(33))
    return survival_of(rng.exponential(np.exp(-3 * np.clip(x, 0, 5))), np.ones(33)), x


def test_a_step_that_goes_too_far_is_shortened():
    follow_up, x = draw_steep(1)
    fit = fit_cox(follow_up, x, terms=["x"])
    score = compute_cox_score(follow_up, x, coef=fit.coef)
    assert abs(score.gradient[0]) * fit.se[0] < 1e-6


def test_a_maximum_beyond_all_numbers_counts_as_none():
    follow_up, x = draw_steep(62)
    with pytest.raises(MonotoneLikelihoodError, match="no maximum in x"):
        fit_cox(follow_up, x, terms=["x"])
