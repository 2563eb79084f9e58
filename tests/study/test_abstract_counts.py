"""Constructed cohorts with the counts of the abstracts: the shipped studies give the abstracts' numbers back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
from tests.conftest import HandFacts, day
from tests.spec.course_patients import CUT, merged, rows_of

from lutrace.protocol import Protocol
from lutrace.study import Computation, compute_study, load_protocol

Rows = dict[str, list[dict[str, Any]]]
GAP = 42
"""Days between two doses."""


def compute(protocol: Protocol, patients: Sequence[Rows]) -> Computation:
    return compute_study(protocol, HandFacts(merged(patients)), data_cut=day(CUT))


def psa(name: str, values: Sequence[tuple[int, float]]) -> Rows:
    """PSA of a patient by day."""
    rows = [
        {
            "patient_id": name,
            "date": day(when),
            "analyte": "psa",
            "value": value,
            "value_text": str(value),
            "unit": "ng/mL",
            "canonical_unit": "ng/mL",
            "record_key": "k",
            "row_id": f"labs:{name}:{when}",
        }
        for when, value in values
    ]
    return {"labs": rows}


def estimate(found: Computation, analysis: str, **wanted: str) -> dict[str, Any]:
    rows = [
        row
        for row in found.tables["estimates"]
        if row["analysis"] == analysis and all(row[key] == value for key, value in wanted.items())
    ]
    assert len(rows) == 1, [row["term"] for row in rows]
    return rows[0]


def told(row: dict[str, Any]) -> tuple[int, int, float]:
    return row["events"], row["n"], round(100 * row["estimate"], 1)


def responder(number: int) -> Rows:
    """PSA50 after dose 2 in seven of eight, after dose 3 in the other; PSA90 after dose 4 in six; six completed."""
    name, doses = f"r{number}", 6 if number < 6 else 4
    first = CUT - GAP * (doses - 1) - (10 if number >= 6 else 200)
    given = [first + GAP * one for one in range(doses)]
    falls = [90.0, 60.0 if number == 7 else 45.0, 40.0, 8.0 if number < 6 else 30.0, 7.0, 6.0][:doses]
    values = [(first - 3, 100.0), *((when + 30, value) for when, value in zip(given, falls, strict=True))]
    events = [("say", given[-1] + 20, "lutrace", "completed")] if number < 6 else []
    seen = [one for one in values if one[0] <= CUT]
    return merged([rows_of(name, given, [*events, ("seen", CUT)]), psa(name, seen)])


def other(number: int) -> Rows:
    """PSA rises; stopped for progression after two doses."""
    name, given = f"n{number:02d}", [10, 10 + GAP]
    values = [(7, 100.0), (40, 110.0), (80, 150.0), (120, 220.0)]
    events = [("say", 90, "lutrace", "progression"), ("seen", CUT)]
    return merged([rows_of(name, given, events), psa(name, values)])


@pytest.fixture(scope="module")
def kinetics() -> Computation:
    patients = [*(responder(number) for number in range(8)), *(other(number) for number in range(13))]
    kept = ("psa50_of_all", "psa50_any", "by_dose")
    protocol = load_protocol("psa-kinetics")
    analyses = tuple(one for one in protocol.analyses if one.name in kept)
    small = {"analyses": analyses, "derived": protocol.derived[1:2], "multiplicity": (), "tables": ()}
    return compute(protocol.model_copy(update=small), patients)


def test_eight_of_21_reach_psa50(kinetics: Computation) -> None:
    assert told(estimate(kinetics, "psa50_of_all")) == (8, 21, 38.1)


@pytest.mark.parametrize(
    ("endpoint", "term", "expected"),
    [
        ("to_psa50", "by dose 2, of the responders (PSA50)", (7, 8, 87.5)),
        ("to_psa50", "by dose 3, of the responders (PSA50)", (8, 8, 100.0)),
        ("to_psa50", "by dose 2, of all treated", (7, 21, 33.3)),
        ("to_psa90", "by dose 4, of the responders (PSA50)", (6, 8, 75.0)),
        ("to_psa90", "by dose 4, of all treated", (6, 21, 28.6)),
        ("to_psa90", "by dose 3, of all treated", (0, 21, 0.0)),
    ],
)
def test_responses_stand_at_their_dose_under_each_denominator(
    kinetics: Computation, endpoint: str, term: str, expected: tuple[int, int, float]
) -> None:
    assert told(estimate(kinetics, "by_dose", endpoint=endpoint, term=term)) == expected


def after_therapy() -> list[Rows]:
    """96 patients: 18 completed, 35 stopped for progression (17 hospice, 15 next line, 3 break), 10 died, 33 go on."""
    patients = [
        rows_of(f"c{n:02d}", [10 + GAP * k for k in range(6)], [("say", 260, "lutrace", "completed"), ("seen", CUT)])
        for n in range(18)
    ]
    for n in range(35):
        events = [("say", 120, "lutrace", "progression"), ("seen", CUT)]
        name = f"p{n:02d}"
        if n < 17:
            patients.append(rows_of(name, [0, GAP, 2 * GAP], [*events, ("hospice", 140)]))
        elif n < 32:
            patients.append(next_line(name, n - 17, events))
        else:
            patients.append(rows_of(name, [0, GAP, 2 * GAP], [*events, ("say", 130, "lutrace", "break")]))
    patients += [rows_of(f"d{n:02d}", [200, 200 + GAP], [("dead", 260)]) for n in range(10)]
    return patients + [rows_of(f"o{n:02d}", [CUT - 60, CUT - 18], [("seen", CUT)]) for n in range(33)]


def next_line(name: str, number: int, events: list[Any]) -> Rows:
    """Eleven with cabazitaxel, of whom four respond and some have a platinum beside; one platinum after another."""
    begin = 150
    if number < 11:
        lines = [("line", begin, "cabazitaxel", "taxane", begin + 90)]
        lines += [("line", begin, "carboplatin", "platinum", begin + 90)] if number < 3 else []
    elif number == 11:
        lines = [
            ("line", begin, "carboplatin", "platinum", begin + 30),
            ("line", begin + 31, "cisplatin", "platinum", begin + 90),
        ]
    else:
        lines = [("line", begin, "olaparib", "parp", begin + 90)]
    falls = number < 4
    values = [(begin - 5, 200.0), (begin + 40, 90.0 if falls else 260.0), (begin + 70, 80.0 if falls else 300.0)]
    return merged([rows_of(name, [0, GAP, 2 * GAP], [*events, *lines]), psa(name, values)])


@pytest.fixture(scope="module")
def aftermath() -> Computation:
    protocol = load_protocol("after-rlt")
    course = tuple(one for one in protocol.derived if one.name == "course")
    analyses = tuple(one for one in protocol.analyses if one.name in ("psa50_next",))
    small = {"analyses": analyses, "derived": course, "tables": ()}
    return compute(protocol.model_copy(update=small), after_therapy())


def counts(found: Computation, variable: str) -> dict[str, tuple[float, int]]:
    rows = [
        row
        for row in found.tables["summaries"]
        if row["table"] == "course" and row["group"] == "treated_all" and row["variable"] == variable
    ]
    return {row["level"]: (row["value"], row["total"]) for row in rows if row["value"]}


def test_therapy_ended_as_the_abstract_counts(aftermath: Computation) -> None:
    assert counts(aftermath, "course.ended") == {
        "completed": (18, 96), "progression": (35, 96), "death": (10, 96), "ongoing": (33, 96),
    }  # fmt: skip


def test_what_followed_a_stop_for_progression_as_the_abstract_counts(aftermath: Computation) -> None:
    found = counts(aftermath, "course.followed_by")
    assert {name: n for name, (n, _) in found.items() if name in ("hospice", "next_line", "break")} == {
        "hospice": 17, "next_line": 15, "break": 3,
    }  # fmt: skip
    assert sum(n for n, _ in found.values()) == 96


def test_four_of_15_respond_to_the_next_line(aftermath: Computation) -> None:
    assert told(estimate(aftermath, "psa50_next")) == (4, 15, 26.7)


WEIBULL = {"rlt": (219, 1.4, 9.8), "comparator": (857, 1.1, 8.5)}
MONTH = 30.4375


def weibull_days(n: int, shape: float, median: float) -> list[float]:
    """Quantiles of a Weibull distribution at the middles of n equal parts, in days."""
    scale = median / math.log(2) ** (1 / shape)
    return [MONTH * scale * (-math.log(1 - (i + 0.5) / n)) ** (1 / shape) for i in range(n)]


def real_world() -> Rows:
    tables: Rows = {name: [] for name in ("patients", "cycles", "treatments", "follow_up", "diagnoses")}
    for cohort, (n, shape, median) in WEIBULL.items():
        for number, days in enumerate(weibull_days(n, shape, median)):
            name = f"{cohort[0]}{number:03d}"
            tables["patients"].append(
                {"patient_id": name, "birth_year": 1950, "synthetic": True, "row_id": f"p:{name}"}
            )
            one = real_world_patient(cohort, name, number)
            dead = {"status": "dead", "date": day(max(1, round(days))), "date_precision": "day", "basis": "record"}
            one["follow_up"] = [{"patient_id": name, "row_id": f"f:{name}", **dead}]
            for table, rows in one.items():
                tables[table] += rows
    return tables


def real_world_patient(cohort: str, name: str, number: int) -> Rows:
    """Prior lines and sites so that as many patients have them as the abstract says."""
    if cohort == "comparator":
        # Several lines of one class come before the other class, so that no earlier line is eligible.
        taxanes = [("docetaxel", "taxane", -1500), ("cabazitaxel", "taxane", -1300)][: 2 if number < 95 else 1]
        arpis = [("abiraterone", "arpi", -1900), ("enzalutamide", "arpi", -1700)][: 2 if 95 <= number < 395 else 1]
        arpis = [("enzalutamide", "arpi", -1000)] if number < 95 else arpis
        given = [*taxanes, *arpis, ("carboplatin", "platinum", 0)]
    else:
        given = [("enzalutamide", "arpi", -500)]
        given += [("docetaxel", "taxane", -900)] if number < 183 else []
        given += [("cabazitaxel", "taxane", -250)] if number < 61 else []
        given += [("abiraterone", "arpi", -1500)] if number < 129 else []
    sites = {"rlt": {"C79.5": 208, "C78.7": 28, "C77.9": 181, "C78.0": 40}}.get(
        cohort, {"C79.5": 784, "C78.7": 129, "C77.9": 441, "C78.0": 84}
    )
    rows: Rows = {"treatments": [], "diagnoses": []}
    for agent, kind, begin in given:
        row = {"agent": agent, "agent_class": kind, "begin_date": day(begin), "begin_date_precision": "day"}
        end = {"end_date": day(begin + 60), "end_date_precision": "day", "record_key": "k"}
        rows["treatments"].append({"patient_id": name, **row, **end, "row_id": f"t:{name}:{begin}"})
    for code, n in sites.items():
        if number < n:
            row = {"milestone": "metastatic", "method": "code", "date": day(-30), "date_precision": "day", "code": code}
            rows["diagnoses"].append({"patient_id": name, **row, "row_id": f"d:{name}:{code}"})
    if cohort == "rlt":
        cycle = {"cycle": 1, "administered_date": day(0), "agent": "lu177_psma_617", "row_id": f"c:{name}"}
        rows["cycles"] = [{"patient_id": name, **cycle}]
    return rows


@pytest.fixture(scope="module")
def cohorts() -> Computation:
    protocol = load_protocol("real-world-survival")
    analyses = tuple(one for one in protocol.analyses if one.name == "km")
    kept = {"age", "taxanes", "arpis", "bone", "liver", "node", "lung", "radioligands"}
    values = tuple(one for one in protocol.values if one.name in kept)
    small = {"analyses": analyses, "derived": (), "tables": (), "covariates": (), "values": values}
    return compute_study(protocol.model_copy(update=small), HandFacts(real_world()), data_cut=day(6000))


@pytest.mark.parametrize(
    ("population", "median", "low", "high"), [("rlt", 9.8, 8.6, 11.3), ("comparator", 8.5, 7.6, 9.1)]
)
def test_medians_are_those_of_the_abstract(
    cohorts: Computation, population: str, median: float, low: float, high: float
) -> None:
    row = estimate(cohorts, "km", population=population)
    assert row["n"] == WEIBULL[population][0]
    assert row["unit"] == "months"
    assert row["estimate"] == pytest.approx(median, abs=0.1)
    assert row["low"] == pytest.approx(low, abs=0.4)
    assert row["high"] == pytest.approx(high, abs=0.4)
    assert "log-log" in row["method"]


@pytest.mark.parametrize(
    ("population", "value", "least", "expected"),
    [
        ("rlt", "taxanes", 2, 27.9), ("rlt", "arpis", 2, 58.9), ("rlt", "bone", 1, 95.0), ("rlt", "liver", 1, 12.8),
        ("rlt", "node", 1, 82.6), ("rlt", "lung", 1, 18.3),
        ("comparator", "taxanes", 2, 11.1), ("comparator", "arpis", 2, 35.0), ("comparator", "bone", 1, 91.5),
        ("comparator", "liver", 1, 15.1), ("comparator", "node", 1, 51.5), ("comparator", "lung", 1, 9.8),
    ],
)  # fmt: skip
def test_shares_are_those_of_the_abstract(
    cohorts: Computation, population: str, value: str, least: int, expected: float
) -> None:
    rows = [
        row["value"]
        for row in cohorts.tables["endpoint_values"]
        if row["population"] == population and row["endpoint"] == value
    ]
    assert len(rows) == WEIBULL[population][0]
    assert round(100 * sum(one >= least for one in rows) / len(rows), 1) == expected
