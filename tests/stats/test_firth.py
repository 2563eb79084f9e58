import numpy as np
import pytest
from firthmodels import FirthCoxPH

from lutrace.core import EstimationError, UnsupportedError
from lutrace.stats import CoxRows, MonotoneLikelihoodError, fit_cox, fit_cox_or_firth, fit_firth_cox, survival_of

APART = survival_of(range(1, 11), [1, 1, 1, 1, 0, 1, 0, 1, 1, 0])
EXPOSED = np.repeat([1.0, 0.0], (4, 6))


def test_a_separated_covariate_gets_a_finite_estimate_with_a_profile_interval():
    fit = fit_firth_cox(APART, EXPOSED, terms=["exposed"])
    assert 0 < fit.low[0] < fit.hazard_ratio[0] < fit.high[0] < np.inf
    assert fit.firth
    assert fit.z[0] ** 2 == pytest.approx(fit.tests[0].statistic, rel=1e-6)
    assert fit.p[0] == pytest.approx(fit.tests[0].p, rel=1e-6)


def test_cox_turns_to_firth_only_where_the_likelihood_is_monotone():
    switched = fit_cox_or_firth(APART, EXPOSED, terms=["exposed"])
    assert switched.firth
    assert switched.warnings[0].startswith("the covariates separate the events in exposed")
    rng = np.random.default_rng(1)
    follow_up, x = survival_of(rng.exponential(size=80), np.ones(80)), rng.normal(size=80)
    assert fit_cox_or_firth(follow_up, x, terms=["x"]).coef == fit_cox(follow_up, x, terms=["x"]).coef


def test_with_many_events_the_penalty_hardly_matters():
    rng = np.random.default_rng(2)
    x = rng.normal(size=3000)
    follow_up = survival_of(rng.exponential(np.exp(-0.5 * x)), np.ones(3000))
    plain, penalised = fit_cox(follow_up, x, terms=["x"]), fit_firth_cox(follow_up, x, terms=["x"])
    assert penalised.coef[0] == pytest.approx(plain.coef[0], abs=0.02 * plain.se[0])
    assert penalised.low[0] == pytest.approx(plain.low[0], rel=2e-3)


def test_a_change_of_unit_scales_coefficient_and_interval_alone():
    per_one = fit_firth_cox(APART, EXPOSED, terms=["exposed"])
    per_tenth = fit_firth_cox(APART, EXPOSED * 10, terms=["exposed"])
    assert per_tenth.coef[0] * 10 == pytest.approx(per_one.coef[0], rel=1e-6)
    assert per_tenth.high[0] ** 10 == pytest.approx(per_one.high[0], rel=1e-6)
    assert per_tenth.tests[0].statistic == pytest.approx(per_one.tests[0].statistic, rel=1e-6)


def test_entry_before_the_first_event_changes_nothing():
    delayed = survival_of(APART.time, APART.event, entry=np.zeros(10))
    plain = fit_firth_cox(APART, EXPOSED, terms=["exposed"])
    assert fit_cox_or_firth(delayed, EXPOSED, terms=["exposed"]).high == pytest.approx(plain.high, rel=1e-9)


def test_a_patient_counted_twice_is_two_patients():
    twice = fit_firth_cox(APART, EXPOSED, terms=["exposed"], rows=CoxRows(weights=np.full(10, 2)))
    doubled = survival_of(np.tile(APART.time, 2), np.tile(APART.event, 2))
    expected = fit_firth_cox(doubled, np.tile(EXPOSED, 2), terms=["exposed"])
    assert twice.coef == pytest.approx(expected.coef, rel=1e-9)
    assert twice.low == pytest.approx(expected.low, rel=1e-8)


def test_within_strata_the_penalty_is_of_the_whole_information():
    # Two strata of two, one event each, x = 1 against 0: l = 2 log(q), information 2 q (1 - q), q = logistic(b).
    # The slope 2 (1 - q) + (1 - 2 q) / 2 = 0 gives q = 5 / 6.
    follow_up = survival_of([1, 2, 1, 2], [1, 0, 1, 0])
    fit = fit_firth_cox(follow_up, [1, 0, 1, 0], terms=["x"], strata=["a", "a", "b", "b"])
    assert fit.coef[0] == pytest.approx(np.log(5), rel=1e-8)


def test_what_has_no_likelihood_has_no_penalised_one():
    with pytest.raises(UnsupportedError, match="takes no clusters"):
        fit_firth_cox(APART, EXPOSED, terms=["exposed"], rows=CoxRows(clusters=range(10)))
    with pytest.raises(UnsupportedError, match="whole case weights only"):
        fit_firth_cox(APART, EXPOSED, terms=["exposed"], rows=CoxRows(weights=np.full(10, 1.5)))
    with pytest.raises(MonotoneLikelihoodError):
        fit_cox_or_firth(APART, EXPOSED, terms=["exposed"], rows=CoxRows(clusters=range(10)))


@pytest.mark.parametrize("seed", range(4))
def test_the_package_firthmodels_gives_the_same(seed):
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=40), rng.random(40) < 0.2])
    time, event = np.ceil(rng.exponential(5, 40)), rng.random(40) < 0.4
    model = FirthCoxPH(backend="numpy", max_iter=500).fit(x, (event, time))
    fit = fit_firth_cox(survival_of(time, event), x, terms=["a", "b"])
    assert np.abs((fit.coef - model.coef_) / fit.se).max() < 5e-5  # the package's own stopping rule
    assert fit.loglik == pytest.approx(model.loglik_, rel=1e-9)
    bounds = model.conf_int(method="pl")
    assert np.abs((np.log(fit.low) - bounds[:, 0]) / fit.se).max() < 1e-3
    assert np.abs((np.log(fit.high) - bounds[:, 1]) / fit.se).max() < 1e-3


def test_a_covariate_that_does_not_vary_is_refused():
    with pytest.raises(EstimationError, match="covariate flat does not vary"):
        fit_firth_cox(APART, np.ones(10), terms=["flat"])


def draw_sparse(seed):
    """A handful of synthetic patients with more covariates than their events can carry."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(4, 16)), int(rng.integers(1, 5))
    x = rng.standard_cauchy((n, p)) if seed % 2 else (rng.random((n, p)) < 0.3) * 1.0
    time, event = np.ceil(rng.exponential(1, n) * 5), rng.random(n) < 0.6
    return survival_of(time, event), x, [f"x{number}" for number in range(p)]


def test_a_bound_that_the_profile_does_not_reach_is_unknown_and_warned_of():
    follow_up, x, terms = draw_sparse(117)
    fit = fit_firth_cox(follow_up, x, terms=terms)
    unknown = np.isnan(fit.low).sum() + np.isnan(fit.high).sum()
    assert unknown > 0
    assert sum("the profile likelihood gives no" in warning for warning in fit.warnings) == unknown
    assert np.isfinite(fit.coef).all()


@pytest.mark.parametrize("seed", [1039, 1388, 9, 203])
def test_few_patients_with_many_covariates_get_an_answer_or_a_reason(seed):
    follow_up, x, terms = draw_sparse(seed)
    try:
        fit = fit_firth_cox(follow_up, x, terms=terms)
    except EstimationError as error:
        assert "use fewer covariates" in str(error)
    else:
        assert np.isfinite(fit.coef).all()


def test_a_search_that_does_not_end_is_an_error_with_a_remedy(monkeypatch):
    monkeypatch.setattr("lutrace.stats.cox.firth._MAX_STEPS", 1)
    with pytest.raises(EstimationError, match="did not converge with 7 events; use fewer covariates"):
        fit_firth_cox(APART, EXPOSED, terms=["exposed"])
