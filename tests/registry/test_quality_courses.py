"""The queries on courses: each finds its fault and is silent beside it; what is answered is open no more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.registry.rows import PATIENT, batch, cycle, lab, make_registry
from tests.registry.test_quality import contact, status

from lutrace.core import Row
from lutrace.registry import Registry
from lutrace.tables import CYCLES, LABS

ITEMS = (("fact-p", "GP1", 0.0, 4.0), ("fact-p", "GP1", 8.0, 8.0))
BORN: Row = {"patient_id": PATIENT, "synthetic": True}
Tables = dict[str, list[Row]]


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(make_registry(tmp_path / "registry"), write=True) as registry:
        yield registry


def treatment(agent: str, begin: str | None, **more: object) -> Row:
    row: Row = {"patient_id": PATIENT, "agent": agent, "agent_class": "arpi", "begin_date": begin, "record_key": agent}
    return {**row, **more}


def diagnosis(milestone: str, date: str, **more: object) -> Row:
    return {"patient_id": PATIENT, "milestone": milestone, "date": date, "method": "code", **more}


def weight(date: str, kg: float, measure: str = "weight_kg") -> Row:
    return {"patient_id": PATIENT, "date": date, "measure": measure, "value": kg, "record_key": date}


def answer(item: str, given: float) -> Row:
    return {"patient_id": PATIENT, "date": "2024-01-01", "instrument": "fact-p", "item": item, "answer": given}


def psa(*values: float) -> list[Row]:
    return [lab(day, value, record_key=f"r{day}") for day, value in enumerate(values, start=1)]


def spoken(*tables: Tables) -> Tables:
    return {name: rows for one in tables for name, rows in one.items()}


CYCLE: Tables = {"cycles": [cycle(1, "2024-01-08")]}
SEEN: Tables = {"contacts": [contact("2024-05-01")]}
TWO = [cycle(1, "2024-01-08"), cycle(2, "2024-02-19")]

CASES: list[tuple[str, Tables, Tables]] = [
    ("value_out_of_its_course", {"labs": psa(5, 5200, 5.5)}, {"labs": psa(5, 49, 5.5)}),
    ("value_leaps_at_the_end", {"labs": psa(5, 5.2, 520)}, {"labs": psa(5, 5.2, 510)}),
    ("limits_of_normal_reversed", {"labs": [lab(1, lln=4.0, uln=1.0)]}, {"labs": [lab(1, lln=0.0, uln=4.0)]}),
    ("mixed_units", {"labs": [*psa(5), lab(2, unit="ug/L")]}, {"labs": psa(5, 6)}),
    (
        "no_psa_before_therapy",
        spoken(CYCLE, {"labs": [lab(9)]}),
        spoken(CYCLE, {"labs": [lab(8)]}),
    ),
    (
        "stop_reason_missing",
        {"treatments": [treatment("enzalutamide", "2022-01-01", end_date="2022-09-01")]},
        {"treatments": [treatment("enzalutamide", "2022-01-01", end_date="2022-09-01", stop_reason="progression")]},
    ),
    (
        "overlapping_lines",
        {"treatments": [treatment("enzalutamide", "2022-01-01", end_date="2022-09-01"),
                        treatment("abiraterone", "2022-08-01")]},
        {"treatments": [treatment("enzalutamide", "2022-01-01", end_date="2022-08-10"),
                        treatment("abiraterone", "2022-08-01")]},
    ),
    (
        "next_line_before_the_last_dose",
        {"cycles": TWO, "treatments": [treatment("cabazitaxel", "2024-02-01", agent_class="taxane")]},
        {"cycles": TWO, "treatments": [treatment("cabazitaxel", "2024-02-20", agent_class="taxane")]},
    ),
    (
        "treatment_without_begin_beside_one_with",
        {"treatments": [treatment("docetaxel", None), treatment("docetaxel", "2022-01-01", record_key="b")]},
        {"treatments": [treatment("docetaxel", None)]},
    ),
    (
        "treatment_after_death",
        {"follow_up": [status("dead", "2024-05-01")], "treatments": [treatment("olaparib", "2024-05-02")]},
        {"follow_up": [status("dead", "2024-05-01")], "treatments": [treatment("olaparib", "2024-05-01")]},
    ),
    (
        "castration_not_recorded",
        spoken(CYCLE, {"medications": [{"patient_id": "P-OTHER001", "kind": "adt", "agent": "leuprolide",
                                        "begin_date": "2023-01-01", "record_key": "m"}]}),
        spoken(CYCLE, {"labs": [lab(1, analyte="testosterone")]}),
    ),
    (
        "therapy_ended_without_reason",
        spoken(CYCLE, {"labs": [lab(1, date=dt.date(2024, 5, 30))], "dispositions": [
            {"patient_id": "P-OTHER001", "code_system": "lutrace", "code": "completed", "date": "2024-01-01",
             "record_key": "d"}]}),
        spoken(CYCLE, {"labs": [lab(1, date=dt.date(2024, 5, 30))], "dispositions": [
            {"patient_id": PATIENT, "code_system": "lutrace", "code": "completed", "date": "2024-01-01",
             "record_key": "d"}]}),
    ),
    (
        "gleason_patterns_and_sum_differ",
        {"diagnoses": [diagnosis("initial", "2015", gleason_primary=4, gleason_secondary=3, gleason_sum=8)]},
        {"diagnoses": [diagnosis("initial", "2015", gleason_primary=4, gleason_secondary=3, gleason_sum=7)]},
    ),
    (
        "milestones_out_of_order",
        {"diagnoses": [diagnosis("initial", "2015-03-01"), diagnosis("mcrpc", "2015-02")]},
        {"diagnoses": [diagnosis("initial", "2015-03-01"), diagnosis("mcrpc", "2015")]},
    ),
    ("weight_leaps", {"vitals": [weight("2024-01-01", 80), weight("2024-02-01", 60)]},
     {"vitals": [weight("2024-01-01", 80), weight("2024-02-01", 70)]}),
    ("measure_implausible", {"vitals": [weight("2024-01-01", 7, "ecog")]},
     {"vitals": [weight("2024-01-01", 1, "ecog")]}),
    ("answer_out_of_range", {"questionnaires": [answer("GP1", 5)]}, {"questionnaires": [answer("GP1", 8)]}),
    ("unknown_item", {"questionnaires": [answer("GP99", 1)]}, {"questionnaires": [answer("GP1", 1)]}),
    ("date_in_the_future", {"contacts": [contact("2999-01-01")]}, SEEN),
    ("cycles_too_near", {"cycles": [cycle(1, "2024-01-08"), cycle(2, "2024-01-28")]}, {"cycles": TWO}),
    ("cycles_far_apart", {"cycles": [cycle(1, "2024-01-08"), cycle(2, "2024-04-30")]}, {"cycles": TWO}),
    ("activity_implausible", {"cycles": [cycle(1, "2024-01-08", administered_mbq=7.4)]}, CYCLE),
    ("residual_above_activity", {"cycles": [cycle(1, "2024-01-08", residual_mbq=7400.0)]},
     {"cycles": [cycle(1, "2024-01-08", residual_mbq=90.0)]}),
    ("patient_without_cycle", {"patients": [BORN], "cycles": [cycle(1, "2024-01-08", patient_id="P-OTHER001")]},
     spoken(CYCLE, {"patients": [BORN]})),
    ("cycle_without_patient", spoken(CYCLE, {"patients": [{**BORN, "patient_id": "P-OTHER001"}]}),
     spoken(CYCLE, {"patients": [BORN]})),
    ("no_follow_up_since", CYCLE, spoken(CYCLE, SEEN)),
    ("birth_year_implausible", spoken(CYCLE, {"patients": [{**BORN, "birth_year": 2004}]}),
     spoken(CYCLE, {"patients": [{**BORN, "birth_year": 1950}]})),
    ("birth_year_implausible", {"patients": [{**BORN, "birth_year": 2090}]},
     {"patients": [{**BORN, "birth_year": 1950}]}),
    ("source_without_rows", {"labs": []}, {"labs": psa(5)}),
    (
        "fatal_adverse_event_without_death",
        {"adverse_events": [{"patient_id": PATIENT, "term": "Anemia", "grade": 5, "begin_date": "2024-01-01",
                             "reporter": "clinician", "record_key": "a"}]},
        {"adverse_events": [{"patient_id": PATIENT, "term": "Anemia", "grade": 4, "begin_date": "2024-01-01",
                             "reporter": "clinician", "record_key": "a"}]},
    ),
]  # fmt: skip


OF_NO_PATIENT = ("mixed_units", "unknown_item", "source_without_rows")


def of_case(number: int, tables: Tables) -> Tables:
    """The rows of a case under a patient of its own."""
    own = f"P-CASE{number:04d}"
    return {
        name: [{**row, "patient_id": own} if row["patient_id"] == PATIENT else row for row in rows]
        for name, rows in tables.items()
    }


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[tuple[str, str | None]], ...]:
    """What is found in a registry of all faulty cases, and in one of all sound ones: check and patient."""
    answers = []
    for which in (1, 2):
        with Registry.open(make_registry(tmp_path_factory.mktemp("cases") / "registry"), write=True) as registry:
            for number, case in enumerate(CASES):
                if case[0] not in OF_NO_PATIENT:
                    for name, rows in of_case(number, case[which]).items():
                        registry.add(batch(name, rows, name=f"{number} {name}"))
            answers.append({(one.check, one.patient_id) for one in registry.check(ITEMS)})
    return tuple(answers)


@pytest.mark.parametrize("number", [n for n, case in enumerate(CASES) if case[0] not in OF_NO_PATIENT])
def test_a_query_finds_its_fault_and_nothing_beside_it(
    told: tuple[set[tuple[str, str | None]], ...], number: int
) -> None:
    finding = (CASES[number][0], f"P-CASE{number:04d}")
    assert (finding in told[0], finding in told[1]) == (True, False), finding[0]


@pytest.mark.parametrize("check", OF_NO_PATIENT)
def test_a_query_on_no_one_patient_finds_its_fault_and_nothing_beside_it(tmp_path: Path, check: str) -> None:
    ((_, *cases),) = [case for case in CASES if case[0] == check]
    for tables, n in zip(cases, (1, 0), strict=True):
        with Registry.open(make_registry(tmp_path / str(n)), write=True) as registry:
            for name, rows in tables.items():
                registry.add(batch(name, rows, name=name))
            assert len([one for one in registry.check(ITEMS) if one.check == check]) == n


def test_two_sources_that_date_a_diagnosis_far_apart_are_told(registry: Registry) -> None:
    for kind, date in (("fhir", "2015-03-01"), ("omop", "2015-06-01")):
        registry.add(batch("diagnoses", [diagnosis("initial", date)], name=kind, kind=kind))
    (told,) = [one for one in registry.check() if one.check == "dates_of_a_diagnosis_differ"]
    assert told.found == "initial is dated 92 d apart by 2 sources"


def test_sources_that_contradict_are_an_error_until_the_profile_settles_it(registry: Registry) -> None:
    for kind, value in (("fhir", 5.0), ("omop", 7.0)):
        registry.add(batch("labs", [lab(1, value, record_key=kind)], name=kind, kind=kind))
    (told,) = [one for one in registry.check() if one.check == "contradicting_sources"]
    assert (told.severity, told.status, told.place) == ("error", "open", "row 2")
    assert told.found.startswith("value 5.0 by fhir, 7.0 by omop (the other row: labs:")
    (registry.folder / "site.yaml").write_text("precedence: {labs: [omop]}\n", encoding="utf-8")
    (told,) = [one for one in registry.check() if one.check == "contradicting_sources"]
    assert (told.status, told.found[:27]) == ("settled", "value 7.0 by omop, 5.0 by f")


def test_an_answer_holds_as_long_as_what_was_found(registry: Registry) -> None:
    registry.add(batch("cycles", [cycle(1, "2024-01-08", administered_mbq=500.0)], name="one"))
    (told,) = [one for one in registry.check() if one.check == "activity_implausible"]
    for _ in range(2):
        registry.answer(told, reason="half dose", made_by="U-1", made_at=dt.datetime(2024, 2, 1))
    (after,) = [one for one in registry.check() if one.check == "activity_implausible"]
    assert (after.status, after.reason, after.finding_id) == ("answered", "half dose", told.finding_id)
    registry.add(batch("cycles", [cycle(1, "2024-01-08", administered_mbq=400.0)], name="two"))
    (changed,) = [one for one in registry.check() if one.check == "activity_implausible"]
    assert changed.status == "open"


def test_a_rejected_row_counts_no_more_and_an_override_ends_its_finding(registry: Registry) -> None:
    registry.add(batch("cycles", [cycle(1, "2024-01-08"), cycle(2, "2024-01-08")], name="one"))
    registry.add(batch("labs", psa(5, 5200, 5.5), name="two"))
    checks = [one.check for one in registry.check()]
    assert {"same_day_cycles", "value_out_of_its_course"} <= set(checks)
    act: Row = {"patient_id": PATIENT, "made_by": "U-1", "made_at": dt.datetime(2024, 2, 1), "reason": "double"}
    double = registry.rows(CYCLES, cycle=2)[0]["row_id"]
    registry.append_review({**act, "table": "cycles", "target_row_id": double, "act": "reject"})
    wrong = registry.rows(LABS, value=5200.0)[0]["row_id"]
    registry.override({**act, "table": "labs", "target_row_id": wrong, "column": "value", "new_value": "5.2"})
    assert not {"same_day_cycles", "value_out_of_its_course"} & {one.check for one in registry.check()}
    assert [row["cycle"] for row in registry.rows(CYCLES, corrected=True)] == [1]
