"""Who is studied: each way of being lost has its own step and reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from lutrace.cohort import TREATED, select_patients
from lutrace.core import ContradictionError
from lutrace.protocol import Protocol, parse_protocol

PROTOCOL = """
study: small
version: "1"
title: small
question: none
population: {agents: [lu177_psma_617]}
landmarks:
  - {name: C2, label: SPECT of cycle 2, cycle: 2, origin: ORIGIN}
  - {name: C3, label: SPECT of cycle 3, cycle: 3, within: C2}
measures: {plan: suv3, ttv_source: SOURCE}
endpoints: [{kind: os, name: os, label: Overall survival}]
covariates: []
analyses: []
report: {sections: []}
"""
Rows = dict[str, list[dict[str, Any]]]


def protocol(origin: str = "spect", source: str = "auto") -> Protocol:
    return parse_protocol(PROTOCOL.replace("ORIGIN", origin).replace("SOURCE", source), "small.yaml")


def add_patient(
    rows: Rows, on_day: Callable[[int], dt.date], name: str, *, cycles: int, spects: tuple[int, ...], **more: Any
) -> None:
    rows["patients"].append({"patient_id": name, "synthetic": True})
    for cycle in range(1, cycles + 1):
        given = on_day(42 * (cycle - 1))
        agent = more.get("agent", "lu177_psma_617")
        rows["cycles"].append({"patient_id": name, "cycle": cycle, "administered_date": given, "agent": agent})
    for cycle in spects:
        scan = f"{name}-{cycle}"
        date = on_day(42 * (cycle - 1) + more.get("delay", 1))
        common = {"patient_id": name, "scan_id": scan}
        rows["scans"].append(
            {**common, "modality": "NM", "purpose": "rlt_spect", "cycle": cycle, "date": date, "status": "usable"}
        )
        status = more.get("quantified", "ok")
        rows["quantifications"].append({**common, "status": status, "hours_after_injection": 24.0})
        if more.get("measured", True):
            burden = {"plan": "suv3", "plan_digest": more.get("digest", "d"), "tumour_auto_ml": 10.0, "lesions": 1}
            rows["tumour_burdens"].append({**common, **burden, "organs_given": more.get("organs", True)})
    if "death" in more:
        rows["follow_up"].append(
            {"patient_id": name, "status": "dead", "date": on_day(more["death"]), "basis": "record"}
        )


def empty() -> Rows:
    names = ("patients", "cycles", "scans", "quantifications", "tumour_burdens", "follow_up")
    return {name: [] for name in names}


LOST: list[tuple[str, dict[str, Any], str]] = [
    ("never_treated", {"cycles": 0, "spects": ()}, "no cycle with an agent of the study"),
    ("other_agent", {"cycles": 3, "spects": (), "agent": "ac225_psma"}, "no cycle with an agent of the study"),
    ("died_after_cycle_1", {"cycles": 1, "spects": (1,), "death": 40}, "died before cycle 2"),
    (
        "died_long_after_stopping",
        {"cycles": 1, "spects": (1,), "death": 300},
        "treatment ended before cycle 2, or it was not yet due",
    ),
    ("stopped", {"cycles": 1, "spects": (1,)}, "treatment ended before cycle 2, or it was not yet due"),
    ("no_spect", {"cycles": 2, "spects": (1,)}, "no SPECT after cycle 2"),
    ("spect_too_late", {"cycles": 2, "spects": (1, 2), "delay": 8}, "no SPECT after cycle 2"),
    ("refused", {"cycles": 2, "spects": (1, 2), "quantified": "refused"}, "SUV refused: a fact for it is missing"),
    (
        "no_organs",
        {"cycles": 2, "spects": (1, 2), "organs": False},
        "not measured under the plan, without organ masks, or not reviewed",
    ),
    (
        "not_measured",
        {"cycles": 2, "spects": (1, 2), "measured": False},
        "not measured under the plan, without organ masks, or not reviewed",
    ),
]


@pytest.mark.parametrize(("patient", "reason"), [case[1:] for case in LOST], ids=[case[0] for case in LOST])
def test_each_way_of_being_lost_has_its_reason(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date], patient: dict[str, Any], reason: str
) -> None:
    rows = empty()
    add_patient(rows, on_day, "lost", **patient)
    cohort = select_patients(make_facts(**rows), protocol())
    assert [row["reason"] for row in cohort.losses] == [reason]
    assert [row["population"] for row in cohort.members if row["population"] != TREATED] == []


def test_attrition_counts_from_screened_to_cycle_3(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    rows = empty()
    for number in range(4):
        add_patient(rows, on_day, f"c3-{number}", cycles=3, spects=(1, 2, 3))
    for number in range(3):
        add_patient(rows, on_day, f"c2-{number}", cycles=2, spects=(1, 2))
    add_patient(rows, on_day, "d", cycles=2, spects=(1, 2), death=100)
    add_patient(rows, on_day, "s", cycles=1, spects=(1,))
    cohort = select_patients(make_facts(**rows), protocol())
    left = {(row["population"], row["step"]): row["n"] for row in cohort.attrition}
    assert left["C2", 0] == 9
    assert left["C2", 7] == 8
    assert left["C3", 0] == 8
    assert left["C3", 5] == 4
    for earlier, later in zip(cohort.attrition, cohort.attrition[1:], strict=False):
        if later["step"] > 0:
            assert earlier["n"] - later["excluded"] == later["n"]
    excluded = {row["reason"]: row["excluded"] for row in cohort.attrition if row["population"] == "C3"}
    assert excluded["died before cycle 3"] == 1
    assert excluded["treatment ended before cycle 3, or it was not yet due"] == 3
    assert len(cohort.losses) == 5


@pytest.mark.parametrize(("origin", "day"), [("spect", 43), ("administration", 42), ("first_cycle", 0)])
def test_time_zero_is_the_day_that_the_protocol_names(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date], origin: str, day: int
) -> None:
    rows = empty()
    add_patient(rows, on_day, "a", cycles=2, spects=(1, 2))
    cohort = select_patients(make_facts(**rows), protocol(origin))
    zero = [row["index_date"] for row in cohort.members if row["population"] == "C2"]
    assert zero == [on_day(day)]


def test_reviewed_volumes_are_asked_for_and_absent(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    rows = empty()
    add_patient(rows, on_day, "a", cycles=2, spects=(1, 2))
    cohort = select_patients(make_facts(**rows), protocol(source="reviewed"))
    assert [row["population"] for row in cohort.members] == [TREATED]


def test_two_versions_of_the_plan_are_refused(make_facts: Callable[..., Any], on_day: Callable[[int], dt.date]) -> None:
    rows = empty()
    add_patient(rows, on_day, "a", cycles=2, spects=(1, 2))
    add_patient(rows, on_day, "b", cycles=2, spects=(1, 2), digest="e")
    with pytest.raises(ContradictionError, match=r"2 versions of it \(d, e\); measure all scans again"):
        select_patients(make_facts(**rows), protocol())


def test_of_two_scans_of_a_cycle_the_one_nearest_24_hours_is_taken(
    make_facts: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    rows = empty()
    add_patient(rows, on_day, "a", cycles=2, spects=(1, 2))
    early = {"patient_id": "a", "scan_id": "a-early"}
    rows["scans"].append({**early, "purpose": "rlt_spect", "cycle": 2, "date": on_day(42), "status": "usable"})
    rows["quantifications"].append({**early, "status": "ok", "hours_after_injection": 4.0})
    rows["tumour_burdens"].append(
        {**early, "plan": "suv3", "plan_digest": "d", "organs_given": True, "tumour_auto_ml": 99.0, "lesions": 1}
    )
    cohort = select_patients(make_facts(**rows), protocol())
    assert [row["ttv_ml"] for row in cohort.scans if row["cycle"] == 2] == [10.0]
