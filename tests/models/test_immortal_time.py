"""The known demonstration of immortal time: a response that changes nothing looks like a cure, and is caught."""

import math

import numpy as np
import pytest

from lutrace.models import fit_analysis
from lutrace.stats import fit_cox, survival_of

N = 600


@pytest.fixture
def responders():
    """Deaths and responses at random and independent: who lives longer has more time in which to respond."""
    rng = np.random.default_rng(11)
    death, response = np.ceil(rng.exponential(400, N)), np.ceil(rng.exponential(300, N))
    return [
        {
            "patient_id": f"p{number}",
            "population": "C2",
            "entry_days": 0.0,
            "os_days": float(death[number]),
            "os_event": True,
            "new_lesions": float(response[number] < death[number]),
            "new_lesions_days": float(response[number]) if response[number] < death[number] else 0.0,
        }
        for number in range(N)
    ]


def from_day(rows, day):
    """The rows of those alive at a landmark, by what was known then."""
    return [
        row
        | {"os_days": row["os_days"] - day, "new_lesions_days": min(0.0, row["new_lesions_days"] - day)}
        | {"new_lesions": row["new_lesions"] if row["new_lesions_days"] <= day else 0.0}
        for row in rows
        if row["os_days"] > day
    ]


def analyse(analysis_of, rows, protocol):
    analysis = analysis_of("new_lesions_cox", populations=("C2",), endpoints=("os",), adjust_for=())
    result = fit_analysis(analysis, rows, protocol)
    return result.estimates[0], result.warnings


def test_the_naive_model_is_wrong_and_gets_no_number(protocol, analysis_of, responders):
    naive = fit_cox(
        survival_of([row["os_days"] for row in responders], [1] * N),
        [row["new_lesions"] for row in responders],
        terms=["response"],
    )
    assert naive.high[0] < 0.6  # of a truth of 1
    row, warnings = analyse(analysis_of, responders, protocol)
    n_late = sum(one["new_lesions_days"] > 0 for one in responders)
    assert (row["estimate"], row["low"], row["p"], row["n"]) == (None, None, None, N)
    assert f"measured after time zero: new_lesions ({n_late} patients)" in row["method"]
    assert [(one.where, one.severity) for one in warnings] == [("new_lesions_cox, C2, os, new_lesions", "blocking")]


def test_from_a_landmark_on_the_same_patients_show_that_there_is_nothing(protocol, analysis_of, responders):
    row, _ = analyse(analysis_of, from_day(responders, 120.0), protocol)
    assert row["low"] < 1 < row["high"]
    assert abs(math.log(row["estimate"])) < 0.2
    assert row["n"] == sum(one["os_days"] > 120 for one in responders)


def test_a_value_that_nothing_dates_is_not_taken_for_known(protocol, analysis_of, responders):
    undated = [row | {"new_lesions_days": None} for row in from_day(responders, 120.0)]
    row, warnings = analyse(analysis_of, undated, protocol)
    assert row["estimate"] is None
    assert f"new_lesions ({len(undated)} patients)" in row["method"]
    assert {one.severity for one in warnings} == {"blocking"}
