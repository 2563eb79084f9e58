"""Index dates as objects, delayed entry, landmark and the three rules of censoring. Days count from the first dose."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tests.conftest import day
from tests.spec.course_patients import Event, facts_of, merged, rows_of

from lutrace.core import Row
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.endpoints.survival.times import derive_survival_times
from lutrace.protocol import IndexDate
from lutrace.tables import SURVIVAL_TIMES

CUT = 400
DOCETAXEL: Event = ("line", -700, "docetaxel", "taxane")
ENZALUTAMIDE: Event = ("line", -400, "enzalutamide", "arpi")
OLAPARIB: Event = ("line", -90, "olaparib", "parp")
CABAZITAXEL: Event = ("line", 130, "cabazitaxel", "taxane")
EVENTS = (DOCETAXEL, ENZALUTAMIDE, OLAPARIB, ("say", 100, "lutrace", "progression"), CABAZITAXEL, ("seen", -5))
ALL = (*EVENTS, ("seen", 20), ("dead", 300))


def facts_with(events: tuple[Event, ...] = ALL, doses: tuple[int, ...] = (0, 42)) -> Any:
    more: dict[str, list[Row]] = {
        "scans": [
            {
                "patient_id": "p",
                "scan_id": "s",
                "purpose": "rlt_spect",
                "cycle": 2,
                "date": day(43),
                "row_id": "scans:2",
            }
        ],
        "diagnoses": [
            {"patient_id": "p", "milestone": "mcrpc", "date": day(-800), "method": "text", "row_id": "diagnoses:text"},
            {
                "patient_id": "p",
                "milestone": "mcrpc",
                "date": dt.date(2020, 3, 1),
                "date_precision": "month",
                "method": "physician",
                "row_id": "diagnoses:physician",
            },
        ],
    }
    return facts_of([merged([rows_of("p", doses, events), more])])


def times(index: str, events: tuple[Event, ...] = ALL, **more: Any) -> list[Row]:
    """Rows of one patient from an index written as `{event: line, number: 2}`."""
    from lutrace.core import parse_yaml

    asked = IndexDate.model_validate({"name": "index", **dict(parse_yaml(index, "index"))})
    rows = derive_survival_times(CourseBasis(facts_with(events), day(CUT)), asked, **more)
    assert rows.columns == tuple(SURVIVAL_TIMES.by_name)
    found: list[Row] = rows.to_pyarrow().cast(SURVIVAL_TIMES.arrow_schema).to_pylist()
    return sorted(found, key=lambda row: (row["endpoint"], row["ordinal"], row["censor_rule"]))


INDEXES: list[tuple[str, str, list[int], str]] = [
    ("the_first_dose", "{event: first_cycle}", [0], "cycles:p:0"),
    ("cycle_2", "{event: cycle, number: 2}", [42], "cycles:p:42"),
    ("the_spect_of_cycle_2", "{event: spect, number: 2}", [43], "scans:2"),
    ("the_first_line_of_all", "{event: line}", [-700], "treatments:p:-700:0"),
    ("the_fourth_line_of_all_is_radioligand_therapy", "{event: line, number: 4}", [0], "cycles:p:0"),
    ("the_next_line", "{event: next_line}", [130], "treatments:p:130:3"),
    ("the_documented_stop", "{event: documented_stop}", [100], "dispositions:p:100:0"),
    ("every_line_after_a_taxane_and_an_arpi", "{event: eligible_lines}", [-90, 0, 130], "treatments:p:-90:2"),
    ("the_first_of_them", "{event: eligible_lines, take: first}", [-90], "treatments:p:-90:2"),
    ("every_line_after_a_parp_inhibitor", "{event: eligible_lines, after: [parp]}", [0, 130], "cycles:p:0"),
    ("a_third_cycle_that_was_not_given", "{event: cycle, number: 3}", [], ""),
    ("mcrpc_by_the_physician_in_the_middle_of_the_month", "{event: mcrpc}", [-666], "diagnoses:physician"),
]


@pytest.mark.parametrize(("name", "index", "days", "row"), INDEXES, ids=[one[0] for one in INDEXES])
def test_from_which_days_time_runs(name: str, index: str, days: list[int], row: str) -> None:
    rows = times(index, censor_rules=("earlier",))
    assert [one["index_date"] for one in rows] == [day(number) for number in days]
    assert [one["ordinal"] for one in rows] == list(range(1, len(days) + 1))
    assert {one["cluster_id"] for one in rows} <= {"p"}
    assert all((one["days"], one["event"]) == (300 - number, True) for one, number in zip(rows, days, strict=True))
    assert not rows or rows[0]["index_row"] == row


def test_the_middle_of_the_month_of_mcrpc_is_day_minus_666() -> None:
    assert day(-666) == dt.date(2020, 3, 15)


def test_three_rules_of_censoring_stand_side_by_side() -> None:
    rows = times("{event: first_cycle}", (*EVENTS, ("seen", 200), ("seen", 450)))
    assert {row["censor_rule"]: (row["days"], row["event"]) for row in rows} == {
        "last_activity": (200, False),
        "data_cut": (400, False),
        "earlier": (400, False),
    }


ENTRIES: list[tuple[str, str, int | None, str | None]] = [
    ("at_risk_from_the_index_on", "{event: cycle, number: 2}", 0, None),
    ("at_risk_from_the_spect_on", "{event: cycle, number: 2, entry: spect, entry_number: 2}", 1, None),
    ("an_earlier_entry_is_the_index", "{event: cycle, number: 2, entry: first_cycle}", 0, None),
    ("from_the_second_contact_on", "{event: first_cycle, entry: second_contact}", 20, None),
    ("without_the_entry_event", "{event: first_cycle, entry: cycle, entry_number: 5}", 0, "no entry event"),
]


@pytest.mark.parametrize(("name", "index", "entry", "reason"), ENTRIES, ids=[one[0] for one in ENTRIES])
def test_delayed_entry(name: str, index: str, entry: int, reason: str | None) -> None:
    row = times(index, censor_rules=("earlier",))[0]
    assert (row["entry_days"], row["reason"]) == (entry, reason)


def test_an_entry_at_the_end_of_follow_up_is_left_out_with_its_reason() -> None:
    events = (("seen", -5), ("seen", 42), ("dead", 42))
    row = times("{event: first_cycle, entry: second_contact}", events, censor_rules=("earlier",))[0]
    assert (row["reason"], row["days"], row["event"], row["category"]) == (
        "at risk only from the end of follow-up on",
        None,
        None,
        "left_out",
    )


LANDMARKS: list[tuple[str, int, float | None, str | None]] = [
    ("a_death_after_the_landmark_counts_from_it", 85, 1, None),
    ("a_death_on_the_landmark_is_left_out", 84, None, "event on or before the landmark"),
    ("a_death_before_it_is_left_out", 60, None, "event on or before the landmark"),
]


@pytest.mark.parametrize(("name", "dead", "days", "reason"), LANDMARKS, ids=[one[0] for one in LANDMARKS])
def test_a_landmark(name: str, dead: int, days: float | None, reason: str | None) -> None:
    events = (*EVENTS[:3], ("dead", dead))
    row = times("{event: first_cycle, landmark: 84 days}", events, censor_rules=("earlier",))[0]
    assert (row["index_date"], row["days"], row["reason"]) == (day(84), days, reason)


def test_lost_before_the_landmark_is_left_out() -> None:
    row = times("{event: first_cycle, landmark: 84 days}", (("seen", 60),), censor_rules=("last_activity",))[0]
    assert (row["reason"], row["days"]) == ("follow-up ends before the landmark", None)


def test_next_treatment_and_time_on_treatment_from_every_index() -> None:
    rows = times("{event: eligible_lines}", endpoints=("ttnt", "time_on_treatment"), censor_rules=("earlier",))
    found = [(row["endpoint"], row["ordinal"], row["days"], row["category"]) for row in rows]
    assert found == [
        ("time_on_treatment", 1, 190, "end_of_treatment"),
        ("time_on_treatment", 2, 100, "end_of_treatment"),
        ("time_on_treatment", 3, None, "left_out"),
        ("ttnt", 1, 90, "next_line"),  # radioligand therapy itself
        ("ttnt", 2, 130, "next_line"),
        ("ttnt", 3, 170, "death"),
    ]


def test_survival_after_a_stop_is_never_of_the_ongoing() -> None:
    assert times("{event: documented_stop}", (("seen", 390),), censor_rules=("earlier",)) == []
