import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import compute_kaplan_meier, compute_turnbull, fit_aft, intervals_of, survival_of

INF = float("inf")


def test_mass_lies_where_intervals_overlap():
    # (0, 2] and (1, 3] share (1, 2]; (3, 5] stands alone.
    curve = compute_turnbull(intervals_of([0, 1, 3], [2, 3, 5]))
    assert (curve.low.tolist(), curve.high.tolist()) == ([1, 3], [2, 5])
    assert np.allclose(curve.mass, [2 / 3, 1 / 3])
    assert np.allclose(curve.loglik, np.log(2 / 3) * 2 + np.log(1 / 3))
    assert curve.median() == (1, 2)


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=2, max_size=25))
@settings(deadline=None)
def test_with_exact_and_right_censored_times_it_is_kaplan_meier(rows):
    rows = [*rows, (5, True)]
    time, event = np.array([float(time) for time, _ in rows]), np.array([event for _, event in rows])
    found = compute_turnbull(intervals_of(time, np.where(event, time, INF)))
    curve = compute_kaplan_meier(survival_of(time, event))
    least, most = found.at(curve.time)
    assert np.allclose(most, curve.survival, atol=1e-7)
    assert np.allclose(least[found.at(curve.time)[0] == most], most[least == most])


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 5), st.booleans()), min_size=3, max_size=30))
@settings(deadline=None)
def test_the_gradient_proves_the_maximum(rows):
    low = np.array([float(start) for start, _, _ in rows])
    high = np.array([INF if censored and start else float(start + width) for start, width, censored in rows])
    curve = compute_turnbull(intervals_of(low, high))
    holds = (low[:, None] <= curve.low) & (curve.high <= high[:, None])
    slope = (holds / (holds @ curve.mass)[:, None]).sum(axis=0)
    assert np.allclose(slope, len(rows), rtol=1e-4)
    assert curve.gap <= 1e-12 * len(rows)


def test_between_the_ends_of_an_interval_survival_is_known_by_bounds_only():
    least, most = compute_turnbull(intervals_of([0, 1, 3], [2, 3, 5])).at([0.5, 1.5, 2, 4, 6])
    assert np.allclose(least, [1, 1 / 3, 1 / 3, 0, 0])
    assert np.allclose(most, [1, 1, 1 / 3, 1 / 3, 0])


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        ([2, 5], [3, 4], "low must not lie after high; not so in row 2"),
        ([-1], [3], "low must be a time at or above 0"),
        ([0], [0], "high must be a time above 0"),
        ([0, 1], [INF, 2], "a row from 0 to inf says nothing; not so in row 1"),
        ([1], [1, 2], "of one length"),
    ],
)
def test_impossible_intervals_are_refused(low, high, message):
    with pytest.raises(UnusableInputError, match=message):
        intervals_of(low, high)


def test_exponential_exact_and_censored_times_give_events_over_follow_up():
    # Rate = 3 events over 20 units: log mean time log(20 / 3), its error 1 / sqrt(3).
    times = intervals_of([2, 3, 5, 10], [2, 3, 5, INF])
    fit = fit_aft(times, np.empty((4, 0)), terms=[], distribution="exponential")
    assert fit.coef[0] == pytest.approx(np.log(20 / 3))
    assert fit.se[0] == pytest.approx(1 / np.sqrt(3))
    assert fit.loglik == pytest.approx(3 * np.log(3 / 20) - 3)
    assert fit.quantile(np.empty((1, 0)))[0] == pytest.approx(20 / 3 * np.log(2))
    assert (fit.n, fit.n_events, fit.n_exact, fit.log_scale_se, fit.scale) == (4, 3, 3, None, 1)


def test_lognormal_exact_times_give_mean_and_spread_of_logarithms():
    logs = np.array([0.3, 1.1, 2.0, 2.2])
    times = np.exp(logs)
    fit = fit_aft(intervals_of(times, times), np.empty((4, 0)), terms=[], distribution="lognormal")
    assert fit.coef[0] == pytest.approx(logs.mean())
    assert fit.scale == pytest.approx(logs.std())


@pytest.mark.parametrize("distribution", ["weibull", "exponential", "lognormal", "loglogistic"])
def test_narrow_intervals_are_nearly_exact_times(distribution):
    rng = np.random.default_rng(8)
    arm = np.arange(40) % 2
    time = np.exp(1 + 0.5 * arm + 0.4 * rng.normal(size=40))
    exact = fit_aft(intervals_of(time, time), arm, terms=["arm"], distribution=distribution)
    narrow = fit_aft(intervals_of(time * 0.9999, time * 1.0001), arm, terms=["arm"], distribution=distribution)
    assert narrow.coef == pytest.approx(exact.coef, rel=1e-4)
    assert narrow.se == pytest.approx(exact.se, rel=1e-4)


@pytest.mark.parametrize(
    ("arm", "distribution", "error", "message"),
    [
        ([1, 1, 1, 1], "weibull", EstimationError, "arm has one value"),
        ([0, 0, 1, 1], "gamma", UnusableInputError, "distribution must be one of weibull"),
    ],
)
def test_models_that_cannot_be_are_refused(arm, distribution, error, message):
    with pytest.raises(error, match=message):
        fit_aft(intervals_of([1, 2, 3, 4], [2, 3, INF, 6]), arm, terms=["arm"], distribution=distribution)


def test_no_events_a_taken_name_and_collinear_terms_are_refused():
    with pytest.raises(EstimationError, match="found none in 2 patients"):
        fit_aft(intervals_of([1, 2], [INF, INF]), [0, 1], terms=["arm"])
    with pytest.raises(UnusableInputError, match="must not be called intercept"):
        fit_aft(intervals_of([1, 2], [2, 3]), [0, 1], terms=["intercept"])
    with pytest.raises(EstimationError, match="collinear"):
        arm = np.array([0.0, 1, 0, 1, 1])
        fit_aft(intervals_of([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]), np.column_stack([arm, 2 * arm]), terms=["a", "b"])


def test_a_wrong_quantile_is_refused():
    fit = fit_aft(intervals_of([1, 2, 3], [1, 2, 3]), np.empty((3, 0)), terms=[])
    with pytest.raises(UnusableInputError, match="between 0 and 1"):
        fit.quantile(np.empty((1, 0)), 50)
    with pytest.raises(UnusableInputError, match="0 columns, got 1"):
        fit.quantile([[1.0]])


def test_a_covariate_that_separates_interval_censored_events_is_refused_without_a_warning():
    # Sample 18 of the sweep's kind: who has z = 1 never has the event, so that its time ratio has no end.
    low, high = [1, 2, 3, 5, 5, 5], [1, 2, 4, np.inf, np.inf, np.inf]
    for name in ("weibull", "lognormal", "loglogistic", "exponential"):
        with pytest.raises(EstimationError, match="no maximum was found"):
            fit_aft(intervals_of(low, high), [0, 0, 0, 1, 1, 1], terms=["z"], distribution=name)
