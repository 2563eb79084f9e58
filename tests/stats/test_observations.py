import numpy as np
import pytest

from lutrace.core import UnusableInputError
from lutrace.stats import (
    competing_of,
    compute_concordance,
    compute_cumulative_incidence,
    compute_kaplan_meier,
    compute_log_rank,
    compute_state_occupancy,
    fit_cox,
    histories_of,
    survival_of,
)

# 300 times that are tenths but for rounding: 97 times as one reads them, 194 as the computer does.
_I = np.arange(300)
_BASE, _LAG, _LASTS = _I * 37 % 101 / 10, _I * 29 % 13 / 10, (_I * 53 % 97 + 1) / 10
TENTHS, CAUSE, X = (_BASE + _LASTS) - _BASE, _I % 3, _I * 7 % 11


def test_rows_and_events_are_counted():
    follow_up = survival_of([3, 5, 8], [True, False, True])
    assert (follow_up.n, follow_up.n_events) == (3, 2)


@pytest.mark.parametrize(
    ("time", "event", "entry", "words"),
    [
        ([], [], None, "at least one patient"),
        ([1, 2], [1], None, "event must be of length 2"),
        ([[1, 2]], [1, 0], None, "time must be one-dimensional"),
        ([1, np.nan], [1, 0], None, "time must be a finite number; not so in row 2"),
        ([1, 2], [1, 2], None, r"event must be 0 \(censored\) or 1 \(event\); not so in row 2"),
        ([-1, 2], [1, 0], None, "follow-up must not end before time zero"),
        ([1, 2], [1, 0], [0, 2], "entry must lie before time"),
        ([-1] * 8, [1] * 8, None, "row 1, 2, 3, 4, 5 and 3 more"),
    ],
)
def test_impossible_follow_up_is_refused_with_its_rows(time, event, entry, words):
    with pytest.raises(UnusableInputError, match=words):
        survival_of(time, event, entry=entry)


@pytest.mark.parametrize(
    ("covariates", "terms", "strata", "words"),
    [
        ([1, 2, 3], [], None, "terms must name each covariate once"),
        ([[1, 2], [3, 4], [5, 6]], ["a", "a"], None, "terms must name each covariate once"),
        ([1, 2], ["a"], None, r"covariates must have shape \(3, 1\), got \(2, 1\)"),
        ([1, np.nan, 3], ["a"], None, "covariate a must be a number"),
        ([1, 2, 3], ["a"], ["x"], "strata must hold one label per patient"),
    ],
)
def test_covariates_with_gaps_or_of_a_wrong_shape_are_refused(covariates, terms, strata, words):
    with pytest.raises(UnusableInputError, match=words):
        fit_cox(survival_of([1, 2, 3], [1, 1, 1]), covariates, terms=terms, strata=strata)


def test_a_confidence_level_in_per_cent_is_refused():
    with pytest.raises(UnusableInputError, match="level must lie between 0 and 1"):
        fit_cox(survival_of([1, 2], [1, 1]), [1, 2], terms=["a"], level=95)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        # R: aeqSurv(Surv(times, rep(1, n)))[, 1]
        ([0.3, 0.1 + 0.2, 0.3 + 1e-8, 0.3 + 2.4e-8, 0.3 + 4e-8, 2], [0.3, 0.3, 0.3, 0.3, 0.3 + 4e-8, 2]),
        ([1e9, 1e9 + 5, 1e9 + 10, 1e9 + 30, 5e8, 3, 0.3], [1e9, 1e9, 1e9, 1e9 + 30, 5e8, 0.3, 0.3]),
        ([5.0, 5.0, 5.0], [5.0, 5.0, 5.0]),
        ([0.0, 0.0], [0.0, 0.0]),
    ],
)
def test_times_that_differ_by_rounding_alone_are_the_earliest_of_them_as_in_r(times, expected):
    assert survival_of(times, [1] * len(times)).time.tolist() == expected


def test_ties_but_for_rounding_are_ties_in_cox_log_rank_and_concordance_as_in_r():
    follow_up = survival_of(TENTHS, CAUSE > 0)
    # R: coxph(Surv(t, e) ~ x, eps = 1e-12); with timefix = FALSE -0.04428
    fit = fit_cox(follow_up, X, terms=["x"])
    assert fit.coef[0] == pytest.approx(-0.044672532696835854, rel=1e-8)
    assert fit.se[0] == pytest.approx(0.023784924373937852, rel=1e-8)
    # R: survdiff(Surv(t, e) ~ x > 5)$chisq; concordance(Surv(t, e) ~ x, reverse = TRUE)$concordance
    assert compute_log_rank(follow_up, X > 5).statistic == pytest.approx(0.075965074544775787, rel=1e-8)
    assert compute_concordance(follow_up, X).estimate == pytest.approx(0.42777330380511369, rel=1e-8)


def test_ties_but_for_rounding_are_one_step_of_a_curve_as_in_r():
    curve = compute_kaplan_meier(survival_of(TENTHS, CAUSE > 0))
    # R: survfit(Surv(t, e) ~ 1), 97 times; at 5 n.risk 148, n.event 2
    place = int(np.argmin(abs(curve.time - 5)))
    assert (curve.time.size, curve.at_risk[place], curve.events[place]) == (97, 148, 2)
    assert curve.survival[place] == pytest.approx(0.6172204608802383, rel=1e-12)


def test_ties_but_for_rounding_are_one_step_of_competing_risks_as_in_r():
    # R: survfit(Surv(t, factor(i %% 3)) ~ 1)$pstate at 5
    expected = [0.61722046088023830, 0.18949715732399133, 0.19328238179577070]
    curves = compute_cumulative_incidence(competing_of(TENTHS, CAUSE, censored=0))
    assert [curve.at([5.05]).incidence[0] for curve in curves] == pytest.approx(expected[1:], rel=1e-12)
    histories = histories_of(_I, np.zeros(300), TENTHS, state=np.zeros(300, int), target=CAUSE, states=[0, 1, 2])
    occupancy = compute_state_occupancy(histories)
    assert occupancy.time.size == 97
    assert occupancy.at([5.05])[0][0].tolist() == pytest.approx(expected, rel=1e-12)


def test_entries_and_ends_are_joined_together_as_in_r():
    entry, time = (_BASE + _LAG) - _BASE, (_BASE + _LAG + _LASTS) - _BASE
    # R: coxph(Surv(entry, t, e) ~ x, eps = 1e-12); with timefix = FALSE -0.04914
    fit = fit_cox(survival_of(time, CAUSE > 0, entry=entry), X, terms=["x"])
    assert fit.coef[0] == pytest.approx(-0.048309595422989134, rel=1e-8)
    assert fit.se[0] == pytest.approx(0.023815884706634732, rel=1e-8)


def test_a_row_that_lasts_for_no_more_than_rounding_is_refused_as_in_r():
    # R: aeqSurv(Surv(c(.3, 1), c(.1 + .2, 2), c(1, 1))): "an interval has effective length 0"
    with pytest.raises(UnusableInputError, match=r"entry must lie before time, by more than rounding.*row 1"):
        survival_of([0.1 + 0.2, 2], [1, 1], entry=[0.3, 1])
    with pytest.raises(UnusableInputError, match=r"start must lie before stop, by more than rounding.*row 2"):
        histories_of([1, 2], [0, 0.3], [1, 0.1 + 0.2], state=["a", "a"], target=["a", "a"], states=["a"])
