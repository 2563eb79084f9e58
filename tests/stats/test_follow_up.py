import numpy as np
import pytest

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats import (
    check_known_at,
    make_landmark_set,
    make_time_varying_rows,
    measurements_of,
    survival_of,
)


def test_whoever_left_at_or_before_the_landmark_is_out_and_counted():
    later = make_landmark_set(survival_of([10, 42, 42, 50, 80], [1, 1, 0, 0, 1]), landmark=42)
    assert later.rows.tolist() == [3, 4]
    assert later.survival.time.tolist() == [8, 38]
    assert (later.n, later.n_event_before, later.n_censored_before, later.n_late) == (5, 2, 1, 0)


def test_who_enters_after_the_landmark_is_at_risk_from_then_on():
    later = make_landmark_set(survival_of([60, 90], [1, 1], entry=[10, 50]), landmark=42)
    assert later.survival.entry.tolist() == [0, 8]
    assert later.n_late == 1


def test_a_covariate_measured_after_the_landmark_is_refused_only_where_it_is_used():
    follow_up = survival_of([10, 50, 80], [1, 0, 1])
    make_landmark_set(follow_up, landmark=42, measured={"PSA at 6 weeks": [44, 40, 42]})
    with pytest.raises(UnusableInputError, match=r"PSA at 6 weeks must be known at time 42.*1 rows \(row 3\)"):
        make_landmark_set(follow_up, landmark=42, measured={"PSA at 6 weeks": [44, 40, 43]})


def test_the_guard_names_covariate_rows_and_the_two_ways_out():
    with pytest.raises(
        UnusableInputError, match=r"nadir must be known at time 0, measured later in 2 rows \(row 1, 3\)"
    ):
        check_known_at({"age": [0, 0, 0], "nadir": [90, -1, 30]})
    check_known_at({"nadir": [np.nan, -1, 0]})


def test_a_landmark_before_zero_or_after_all_is_refused():
    with pytest.raises(UnusableInputError, match="at or above 0, got -1"):
        make_landmark_set(survival_of([5], [1]), landmark=-1)
    with pytest.raises(EstimationError, match="nobody is at risk after the landmark 9"):
        make_landmark_set(survival_of([5], [1]), landmark=9)


def test_immortal_time_is_kept_out_of_the_group_that_changes():
    # Both die; the second changes group at 6. Rows by hand: (0, 4] no, (0, 6] no, (6, 9] yes.
    changed = measurements_of([0, 1, 1], [0, 0, 6], [0, 0, 1], n=2)
    rows = make_time_varying_rows(survival_of([4, 9], [1, 1]), {"responded": changed})
    assert rows.patient.tolist() == [0, 1, 1]
    assert rows.survival.entry.tolist() == [0, 0, 6]
    assert rows.survival.time.tolist() == [4, 6, 9]
    assert rows.survival.event.tolist() == [True, False, True]
    assert rows.covariates[:, 0].tolist() == [0, 0, 1]


def test_a_value_of_the_day_of_the_event_says_nothing_of_it():
    late = measurements_of([0, 0], [0, 9], [1, 7], n=1)
    rows = make_time_varying_rows(survival_of([9], [1]), {"psa": late})
    assert rows.covariates[:, 0].tolist() == [1]
    assert rows.n_unused == 1


def test_nothing_is_carried_backwards():
    psa = measurements_of([0, 1], [3, 12], [5, 8], n=2)
    rows = make_time_varying_rows(survival_of([9, 10], [1, 1]), {"psa": psa})
    assert rows.survival.entry.tolist() == [3]
    assert (rows.n, rows.n_events, rows.n_unknown, rows.n_never) == (2, 1, 2, 1)


def test_two_covariates_cut_at_each_others_times_and_a_value_before_entry_holds():
    psa = measurements_of([0, 0, 0], [-5, 1, 6], [2, 3, 4], n=1)
    ldh = measurements_of([0, 0], [0, 4], [200, 300], n=1)
    rows = make_time_varying_rows(survival_of([9], [0], entry=[2]), {"psa": psa, "ldh": ldh})
    assert rows.survival.entry.tolist() == [2, 4, 6]
    assert rows.survival.time.tolist() == [4, 6, 9]
    assert rows.covariates.tolist() == [[3, 200], [3, 300], [4, 300]]
    assert rows.terms == ("psa", "ldh")


@pytest.mark.parametrize(
    ("patient", "time", "value", "message"),
    [
        ([0, 0], [1, 1], [2, 3], "one value at one time; not so in row 2"),
        ([0, 2], [1, 1], [2, 3], "patient must be a row of the follow-up, 0 to 1; not so in row 2"),
        ([0], [1], [1, 2], "one number per time"),
        ([0], [np.nan], [1], "time must be a finite number"),
    ],
)
def test_faulty_measurements_are_refused(patient, time, value, message):
    with pytest.raises(UnusableInputError, match=message):
        measurements_of(patient, time, value, n=2)


def test_no_covariate_or_none_in_time_is_refused():
    with pytest.raises(UnusableInputError, match="at least one covariate"):
        make_time_varying_rows(survival_of([9], [1]), {})
    with pytest.raises(EstimationError, match="no patient has all covariates"):
        make_time_varying_rows(survival_of([9], [1]), {"psa": measurements_of([0], [9], [1], n=1)})
    with pytest.raises(EstimationError, match="no patient has all covariates"):
        make_time_varying_rows(survival_of([9], [1]), {"psa": measurements_of([], [], [], n=1)})
