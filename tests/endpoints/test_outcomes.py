"""PSA-PFS and overall survival from a landmark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

RISING = ((-3, 100.0), (20, 40.0), (90, 60.0), (120, 70.0))
"""A decline, then progression on day 90, confirmed on day 120."""
Derive = Callable[..., Any]
OnDay = Callable[[int], dt.date]


def dead(on_day: OnDay, day: int, **more: Any) -> list[dict[str, Any]]:
    return [{"patient_id": "p", "status": "dead", "date": on_day(day), "basis": "record", "row_id": "dead", **more}]


def test_psa_progression_is_the_event_and_time_runs_from_the_landmark(derive: Derive) -> None:
    row = derive(psa=RISING)["C2", "psa_pfs"]
    assert (row["days"], row["event"], row["category"]) == (90 - 43, True, "psa_progression")
    assert (row["source_table"], row["source_row"]) == ("labs", "labs:90")


def test_death_before_progression_is_the_event(derive: Derive, on_day: OnDay) -> None:
    row = derive(psa=((-3, 100.0), (40, 60.0)), follow_up=dead(on_day, 200))["C2", "psa_pfs"]
    assert (row["days"], row["event"], row["category"], row["source_row"]) == (157, True, "death", "dead")


def test_progression_before_death_is_the_event(derive: Derive, on_day: OnDay) -> None:
    row = derive(psa=RISING, follow_up=dead(on_day, 200))["C2", "psa_pfs"]
    assert row["category"] == "psa_progression"


def test_without_an_event_follow_up_ends_with_the_last_psa(derive: Derive) -> None:
    row = derive(psa=((-3, 100.0), (40, 60.0), (130, 50.0)))["C2", "psa_pfs"]
    assert (row["days"], row["event"], row["source_row"]) == (87, False, "labs:130")


def test_without_a_psa_after_the_landmark_follow_up_has_no_length(derive: Derive) -> None:
    row = derive(psa=((-3, 100.0), (40, 60.0)))["C2", "psa_pfs"]
    assert (row["days"], row["event"]) == (0, False)


def test_follow_up_ends_with_the_last_contact_when_the_protocol_says_so(derive: Derive, on_day: OnDay) -> None:
    contacts = [{"patient_id": "p", "date": on_day(300), "kind": "visit", "row_id": "seen"}]
    row = derive(contacts=contacts)["C2", "contact"]
    assert (row["days"], row["event"], row["source_row"]) == (257, False, "seen")


def test_a_progression_on_or_before_the_landmark_leaves_the_patient_out(derive: Derive) -> None:
    values = derive(psa=((-3, 100.0), (10, 40.0), (43, 60.0), (84, 70.0)))
    for population in ("C2", "C3"):
        row = values[population, "psa_pfs"]
        assert row["reason"] == "event on or before the landmark"
        assert row["event"] is None
        assert row["category"] == "left_out"


def test_shifting_an_event_before_the_landmark_drops_the_patient_there_only(derive: Derive) -> None:
    values = derive(psa=((-3, 100.0), (10, 40.0), (60, 60.0), (82, 70.0)))
    assert values["C2", "psa_pfs"]["reason"] is None
    assert values["C3", "psa_pfs"]["reason"] == "event on or before the landmark"


def test_the_gate_of_week_12_counts_from_cycle_1_and_the_sensitivity_has_none(derive: Derive) -> None:
    values = derive(psa=((-3, 10.0), (60, 15.0), (82, 20.0)))
    assert values["C2", "psa_pfs"]["event"] is False
    assert (values["C2", "ungated"]["days"], values["C2", "ungated"]["event"]) == (60 - 43, True)


def test_without_a_baseline_psa_pfs_is_not_evaluable(derive: Derive) -> None:
    row = derive(psa=((-61, 10.0), (60, 15.0)))["C2", "psa_pfs"]
    assert (row["reason"], row["event"]) == ("no PSA baseline", None)


def test_a_new_treatment_ends_follow_up_when_the_protocol_says_so(derive: Derive, on_day: OnDay) -> None:
    given = [{"patient_id": "p", "agent": "docetaxel", "agent_class": "taxane", "begin_date": on_day(80)}]
    values = derive(psa=(*RISING[:2], (70, 41.0), *RISING[2:]), treatments=given, follow_up=dead(on_day, 200))
    assert values["C2", "psa_pfs"]["event"] is True
    assert (values["C2", "switched"]["days"], values["C2", "switched"]["event"]) == (70 - 43, False)


def test_death_is_the_event_of_overall_survival(derive: Derive, on_day: OnDay) -> None:
    row = derive(follow_up=dead(on_day, 200))["C3", "os"]
    assert (row["days"], row["event"], row["source_row"]) == (115, True, "dead")


def test_the_living_are_censored_at_the_last_sign_of_life(derive: Derive, on_day: OnDay) -> None:
    alive = [{"patient_id": "p", "status": "alive", "date": on_day(150), "basis": "letter", "row_id": "alive"}]
    row = derive(psa=((-3, 100.0), (160, 60.0)), follow_up=alive)["C2", "os"]
    assert (row["days"], row["event"], row["source_row"]) == (117, False, "labs:160")


def test_a_death_after_the_data_cut_is_not_known_and_the_patient_lives_on_that_day(
    derive: Derive, on_day: OnDay
) -> None:
    row = derive(follow_up=dead(on_day, 200), data_cut=180)["C2", "os"]
    assert (row["days"], row["event"], row["rule"]) == (137, False, "alive on the data cut")


def test_psa_after_the_data_cut_is_not_known(derive: Derive) -> None:
    row = derive(psa=RISING, data_cut=100)["C2", "psa_pfs"]
    assert (row["days"], row["event"]) == (90 - 43, False)


@pytest.mark.parametrize(
    ("precision", "alive_day", "days"),
    [
        ("month", 0, 186 - 43),  # 15 July 2022
        ("month", 190, 202 - 43),  # seen on 19 July: the end of the month
        ("month", 220, 220 - 43),  # seen on 18 August: that day
        ("year", 0, 172 - 43),  # 1 July 2022
    ],
)
def test_a_death_known_to_the_month_is_its_middle_but_never_before_a_sign_of_life(
    derive: Derive, on_day: OnDay, precision: str, alive_day: int, days: int
) -> None:
    contacts = [{"patient_id": "p", "date": on_day(alive_day), "kind": "visit"}]
    row = derive(follow_up=dead(on_day, 200, date_precision=precision), contacts=contacts)["C2", "os"]
    assert (row["days"], row["event"]) == (days, True)


def test_no_time_of_an_evaluable_outcome_is_negative(derive: Derive, on_day: OnDay) -> None:
    values = derive(psa=RISING, follow_up=dead(on_day, 60))
    for endpoint in ("psa_pfs", "contact", "os"):
        row = values["C2", endpoint]
        assert row["reason"] is not None or row["days"] >= 0
    assert values["C3", "os"]["reason"] == "event on or before the landmark"
