"""Incidences and states behind the gate: no step of few patients leaves, of no cause."""

from __future__ import annotations

import json
from typing import Any

from lutrace.report import apply_disclosure


def incidence(time: float, at_risk: int, cause: str, events: int, censored: int = 0) -> dict[str, Any]:
    place = {"analysis": "a", "population": "p", "endpoint": "e", "group": "all", "cause": cause}
    row = {"time": time, "time_unit": "days", "at_risk": at_risk, "events": events, "censored": censored}
    return {**place, **row, "incidence": 0.1, "low": None, "high": None}


def test_the_causes_of_an_incidence_are_thinned_together() -> None:
    steps = [(10.0, 30, 5, 1, 0), (20.0, 24, 0, 4, 0), (30.0, 20, 6, 0, 5), (40.0, 9, 2, 0, 0), (50.0, 7, 3, 0, 4)]
    rows = [
        incidence(time, at_risk, cause, events, censored)
        for time, at_risk, own, other, censored in steps
        for cause, events in (("own", own), ("other", other))
    ]
    left = apply_disclosure({"incidences": rows}, min_cell=5)["incidences"]
    # Day 10: one of the other cause. Day 20: five of it, five of its own. Day 50: four were censored since day 30.
    assert [(row["cause"], row["time"], row["events"], row["censored"]) for row in left] == [
        ("other", 20.0, 5, 0),
        ("other", 30.0, 0, 5),
        ("own", 20.0, 5, 0),
        ("own", 30.0, 6, 5),
    ]
    assert apply_disclosure({"incidences": rows}, min_cell=None)["incidences"] == rows


def test_states_over_time_do_not_leave_where_small_counts_are_hidden() -> None:
    place = {"analysis": "a", "population": "p", "endpoint": "course", "state": "dead"}
    rows = [{**place, "time_days": 3.0, "at_risk": 0, "probability": 0.1, "low": None, "high": None}]
    assert apply_disclosure({"occupancies": rows}, min_cell=5)["occupancies"] == []
    assert apply_disclosure({"occupancies": rows}, min_cell=None)["occupancies"] == rows


def test_who_was_left_out_at_a_landmark_is_hidden_where_few() -> None:
    checks = {"left_out": {"no landmark": 3, "event by the landmark": 9}, "n_changed": 2}
    row = {
        **{"analysis": "a", "population": "p", "endpoint": "os", "term": "g", "covariate_unit": "1"},
        **{"adjusted_for": "none", "adjusted": False, "measure": "median", "unit": "weeks", "method": "m"},
        **dict.fromkeys(("coef", "se", "estimate", "low", "high", "statistic", "p", "q")),
        **{"n": 30, "events": 12, "checks": json.dumps(checks)},
    }
    (left,) = apply_disclosure({"estimates": [row]}, min_cell=5)["estimates"]
    assert json.loads(left["checks"]) == {
        "left_out": {"no landmark": "<5", "event by the landmark": 9},
        "n_changed": "<5",
    }
