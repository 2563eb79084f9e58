"""Individual times from published curves: round trips on real data, and what is refused."""

import numpy as np
import pytest
from validation.stats.comparison import floats_of, read_complete

from lutrace.core import UnusableInputError
from lutrace.stats import compute_kaplan_meier, fit_cox, reconstruct_curve, survival_of


def publish(survival, *, step, decimals, every):
    """What a figure shows: the curve at each step, rounded, and the risk table."""
    times = np.arange(0, survival.time.max() + step, step)
    curve = compute_kaplan_meier(survival)
    place = np.searchsorted(curve.time, times, side="right")
    levels = np.round(np.concatenate([[1.0], curve.survival])[place], decimals)
    starts = np.arange(0, survival.time.max(), every)
    return times, levels, {"risk_times": starts, "n_at_risk": [int((survival.time >= one).sum()) for one in starts]}


def read_arms(name, columns, event):
    rows = read_complete(name, columns)
    survival = survival_of(floats_of(rows, columns[0]), [float(row[columns[1]]) == event for row in rows])
    group = np.array([float(row[columns[2]]) for row in rows])
    return [survival.select(group == one) for one in (1, 2)]


LUNG = read_arms("lung", ("time", "status", "sex"), 2)
VETERAN = read_arms("veteran", ("time", "status", "trt"), 1)


def hazard_ratio(arms):
    pooled = survival_of(np.concatenate([arm.time for arm in arms]), np.concatenate([arm.event for arm in arms]))
    fit = fit_cox(pooled, np.repeat([0.0, 1.0], [arm.n for arm in arms]), terms=["arm"])
    return fit.coef[0], fit.se[0]


@pytest.mark.parametrize(
    ("arms", "step", "decimals", "every", "near"),
    [(LUNG, 5, 3, 150, 0.1), (LUNG, 10, 3, 150, 0.1), (LUNG, 15, 2, 150, 0.1), (VETERAN, 5, 3, 100, 0.15)],
)
@pytest.mark.parametrize("says_events", [True, False])
def test_a_published_curve_gives_its_hazard_ratio_and_medians_back(arms, step, decimals, every, near, says_events):
    found = []
    for arm in arms:
        times, levels, table = publish(arm, step=step, decimals=decimals, every=every)
        found.append(reconstruct_curve(times, levels, **table, n_events=arm.n_events if says_events else None))
    coef, se = hazard_ratio(arms)
    assert abs(hazard_ratio([one.survival for one in found])[0] - coef) < near * se
    for arm, one in zip(arms, found, strict=True):
        medians = [compute_kaplan_meier(each).quantile().estimate for each in (arm, one.survival)]
        assert abs(medians[0] - medians[1]) <= step
        assert one.n == arm.n
        assert abs(one.n_events - arm.n_events) <= 0.05 * arm.n


def test_numbers_at_risk_come_out_where_a_number_of_censored_patients_allows_it():
    times, levels, table = publish(LUNG[0], step=5, decimals=3, every=150)
    found = reconstruct_curve(times, levels, **table)
    risk = [int((found.survival.time >= one).sum()) for one in table["risk_times"]]
    assert np.abs(np.array(risk) - table["n_at_risk"]).max() <= 1
    assert found.largest_difference < 0.02


def test_a_curve_without_censoring_comes_back_exactly():
    found = reconstruct_curve([0, 1, 2, 3, 4], [1, 0.75, 0.5, 0.25, 0], risk_times=[0, 2], n_at_risk=[4, 3])
    assert found.survival.time.tolist() == [1, 2, 3, 4]
    assert found.survival.event.all()
    assert found.largest_difference == 0


def test_the_printed_number_of_events_decides_how_many_are_censored_late():
    # Ten patients, the curve at 0.5 after time 2 and no risk table beyond the start: 5 events if nobody is censored,
    # 3 of 6 left if four are censored before.
    few, many = (
        reconstruct_curve([0, 2, 3], [1, 0.5, 0.5], risk_times=[0], n_at_risk=[10], n_events=count) for count in (3, 5)
    )
    assert (few.n_events, many.n_events) == (3, 5)
    assert (few.n, many.n) == (10, 10)


def test_synthetic_times_are_said_to_be_synthetic():
    found = reconstruct_curve([0, 1], [1, 0.5], risk_times=[0], n_at_risk=[2])
    assert found.warnings[0].startswith("synthetic")


def test_a_table_that_the_curve_contradicts_is_warned_of():
    found = reconstruct_curve([0, 1, 3], [1, 0.5, 0.5], risk_times=[0, 2], n_at_risk=[10, 9], n_events=9)
    assert "1 numbers at risk could not be met exactly" in found.warnings
    assert any("instead of the 9 printed" in one for one in found.warnings)


@pytest.mark.parametrize(
    ("time", "level", "table", "words"),
    [
        ([0, 1, 2], [1, 0.5, 0.6], {}, "survival must not rise; read the point again; not so in row 3"),
        ([0, 2, 1], [1, 0.5, 0.4], {}, "time must ascend; not so in row 3"),
        ([0, 1], [1, 50], {}, "between 0 and 1 .* not so in row 2"),
        ([-1, 1], [1, 0.5], {}, "at or above 0; not so in row 1"),
        ([], [], {}, "at least one point"),
        ([0, 1], [1, 0.5], {"risk_times": [0, 5, 6], "n_at_risk": [10, 6, 7]}, "must not grow.* row 3"),
        ([0, 1], [1, 0.5], {"risk_times": [1, 5], "n_at_risk": [10, 6]}, "must begin at 0"),
        ([0, 1], [1, 0.5], {"risk_times": [0, 5, 5], "n_at_risk": [10, 6, 5]}, "risk_times must ascend.* row 3"),
        ([0, 1], [1, 0.5], {"risk_times": [0], "n_at_risk": [9.5]}, "whole number.* row 1"),
        ([0, 1], [1, 0.5], {"risk_times": [0], "n_at_risk": [0]}, "at least one patient"),
        ([0, 1], [1, 0.5], {"n_events": 11}, "between 0 and the 10 patients"),
    ],
)
def test_impossible_curves_and_tables_are_refused_with_the_row(time, level, table, words):
    with pytest.raises(UnusableInputError, match=words):
        reconstruct_curve(time, level, **{"risk_times": [0], "n_at_risk": [10], **table})
