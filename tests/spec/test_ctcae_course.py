"""What becomes of toxicity in one patient: days count from the first cycle, haemoglobin in g/dL, LLN 13."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from lutrace.core import Row
from lutrace.endpoints import (
    Basis,
    ToxicityBasis,
    count_shifts,
    derive_grade_flips,
    derive_toxicity_courses,
    derive_toxicity_cycles,
    derive_values,
)
from lutrace.protocol import ToxicityRules, parse_protocol
from lutrace.tables import TOXICITY_COURSES, TOXICITY_CYCLES

Series = tuple[tuple[int, float], ...]
Recorded = tuple[tuple[int, int, int | None], ...]
"""Grade, first and last day of events that a clinician recorded."""
LIMITS = {
    "haemoglobin": (13.0, 17.0, "g/dL"),
    "platelets": (150.0, 400.0, "10^9/L"),
    "lymphocytes": (1.0, 3.0, "10^9/L"),
}
PROTOCOL = """
study: small
version: "1"
title: small
question: none
population: {agents: [lu177_psma_617]}
landmarks: [{name: C1, label: cycle 1, cycle: 1}]
measures: {plan: suv3}
endpoints:
  - {kind: toxicity, name: g3, label: grade 3}
  - {kind: toxicity, name: with_lymphocytes, label: grade 3, lymphocytes: true}
  - {kind: toxicity, name: g2_anaemia, label: grade 2, terms: [Anemia], least_grade: 2}
  - {kind: toxicity, name: either, label: grade 3, source: either}
  - {kind: toxicity, name: clinicians, label: grade 3, source: clinician}
  - {kind: toxicity, name: transfused, label: grade 3, rules: {transfusions: count}}
  - {kind: toxicity, name: v6, label: grade 3, terms: [Platelet count decreased], rules: {criteria: ctcae-6.0}}
covariates: []
analyses: []
report: {sections: []}
"""


@pytest.fixture
def facts_of(make_facts: Callable[..., Any], on_day: Callable[[int], dt.date]) -> Callable[..., Any]:
    """Facts of one patient with cycles on days 0 and 42; `values` by analyte, further tables as rows."""

    def build(values: dict[str, Series], **tables: list[Row]) -> Any:
        labs = [
            {
                "patient_id": "p",
                "date": on_day(day),
                "analyte": analyte,
                "value": value,
                "value_text": str(value),
                "unit": LIMITS[analyte][2],
                "canonical_unit": LIMITS[analyte][2],
                "lln": LIMITS[analyte][0],
                "uln": LIMITS[analyte][1],
                "record_key": f"{analyte}{day}",
                "row_id": f"labs:{analyte}:{day}",
            }
            for analyte, series in values.items()
            for day, value in series
        ]
        cycles = [
            {"patient_id": "p", "cycle": number, "administered_date": on_day(day), "agent": "lu177_psma_617"}
            for number, day in ((1, 0), (2, 42))
        ]
        return make_facts(labs=labs, cycles=cycles, **tables)

    return build


def courses(facts: Any, cut: dt.date | None = None, **rules: Any) -> dict[tuple[str, str], Row]:
    table = derive_toxicity_courses(ToxicityBasis(facts, ToxicityRules(**rules), cut))
    rows = table.to_pyarrow().to_pylist()
    assert table.columns == tuple(column.name for column in TOXICITY_COURSES.columns)
    return {(row["term"], row["source"]): row for row in rows}


ANAEMIA = ("Anemia", "laboratory")
FALL: Series = ((-3, 12.0), (0, 11.0), (20, 9.5), (42, 7.9), (50, 7.5), (60, 9.9), (70, 10.0))


def test_worst_first_severe_nadir_and_recovery_have_their_days_and_rows(
    facts_of: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    row = courses(facts_of({"haemoglobin": FALL}))[ANAEMIA]

    assert (row["baseline_grade"], row["baseline_row"]) == (1, "labs:haemoglobin:0")
    assert (row["worst_grade"], row["worst_date"], row["worst_row"]) == (3, on_day(42), "labs:haemoglobin:42")
    assert (row["first_severe_date"], row["days_to_severe"]) == (on_day(42), 42.0)
    assert (row["extreme_value"], row["extreme_date"], row["extreme_row"]) == (7.5, on_day(50), "labs:haemoglobin:50")
    assert (row["recovery_date"], row["days_to_recovery"]) == (on_day(70), 20.0)
    assert row["emergent"] is True
    assert (row["n_graded"], row["n_not_graded"]) == (5, 0)


def test_a_value_of_the_day_of_the_dose_was_drawn_before_it(facts_of: Callable[..., Any]) -> None:
    row = courses(facts_of({"haemoglobin": ((0, 7.0), (10, 11.0))}))[ANAEMIA]

    assert (row["baseline_grade"], row["worst_grade"], row["emergent"]) == (3, 1, False)


def test_what_was_as_bad_at_baseline_is_not_emergent(facts_of: Callable[..., Any]) -> None:
    row = courses(facts_of({"haemoglobin": ((-1, 9.0), (10, 8.5))}))[ANAEMIA]

    assert (row["baseline_grade"], row["worst_grade"], row["emergent"]) == (2, 2, False)
    assert row["recovery_date"] is None


def test_a_baseline_older_than_its_window_is_none(facts_of: Callable[..., Any]) -> None:
    row = courses(facts_of({"haemoglobin": ((-29, 12.0), (10, 8.5))}))[ANAEMIA]

    assert (row["baseline_grade"], row["emergent"]) == (None, None)


@pytest.mark.parametrize(("day", "counts"), [(72, True), (73, False)])
def test_the_window_ends_30_days_after_the_last_dose(facts_of: Callable[..., Any], day: int, counts: bool) -> None:
    found = courses(facts_of({"haemoglobin": ((-1, 12.0), (10, 12.0), (day, 7.0))}))[ANAEMIA]

    assert found["worst_grade"] == (3 if counts else 1)


@pytest.mark.parametrize(("day", "counts"), [(55, True), (56, False)])
def test_the_next_line_ends_the_window(
    facts_of: Callable[..., Any], on_day: Callable[[int], dt.date], day: int, counts: bool
) -> None:
    taxane = {"patient_id": "p", "agent": "cabazitaxel", "agent_class": "taxane", "begin_date": on_day(55)}
    facts = facts_of({"haemoglobin": ((-1, 12.0), (10, 12.0), (day, 7.0))}, treatments=[taxane])

    assert courses(facts)[ANAEMIA]["worst_grade"] == (3 if counts else 1)
    assert courses(facts, until_next_line=False)[ANAEMIA]["worst_grade"] == 3


def test_what_comes_after_the_data_cut_is_not_known(
    facts_of: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    assert courses(facts_of({"haemoglobin": FALL}), on_day(41))[ANAEMIA]["worst_grade"] == 2


def test_red_cells_given_are_grade_3_only_when_the_rules_count_them(
    facts_of: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    given = [{"patient_id": "p", "date": on_day(30), "kind": "red_cells", "record_key": "1", "row_id": "support:1"}]
    facts = facts_of({"haemoglobin": ((-1, 12.0), (20, 9.0))}, support=given)

    assert courses(facts)[ANAEMIA]["worst_grade"] == 2
    row = courses(facts, transfusions="count")[ANAEMIA]
    assert (row["worst_grade"], row["worst_row"]) == (3, "support:1")


@pytest.mark.parametrize(
    ("version", "term", "transfusions", "worst"),
    [
        ("ctcae-6.0", "Thrombocytopenia", "count", (3, "support:1")),
        ("ctcae-6.0", "Thrombocytopenia", "ignored", (2, "labs:platelets:20")),
        ("ctcae-5.0", "Platelet count decreased", "count", (2, "labs:platelets:20")),
    ],
    ids=["grade_3_in_version_6", "not_where_they_are_ignored", "no_clause_of_version_5"],
)
def test_platelets_given_are_grade_3_in_version_6_alone(
    facts_of: Callable[..., Any],
    on_day: Callable[[int], dt.date],
    version: str,
    term: str,
    transfusions: str,
    worst: tuple[int, str],
) -> None:
    given = [{"patient_id": "p", "date": on_day(30), "kind": "platelets", "record_key": "1", "row_id": "support:1"}]
    facts = facts_of({"platelets": ((-1, 200.0), (20, 60.0))}, support=given)

    row = courses(facts, criteria=version, transfusions=transfusions)[term, "laboratory"]
    assert (row["worst_grade"], row["worst_row"]) == worst


def test_a_clinicians_grade_stands_beside_the_laboratorys(
    facts_of: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    events = [
        {"patient_id": "p", "term": "anemia", "grade": 4, "begin_date": on_day(33), "reporter": "clinician",
         "record_key": "1", "row_id": "adverse_events:1"},
        {"patient_id": "p", "term": "Dry mouth", "grade": 1, "begin_date": on_day(33), "reporter": "clinician",
         "record_key": "2", "row_id": "adverse_events:2"},
    ]  # fmt: skip
    found = courses(facts_of({"haemoglobin": FALL}, adverse_events=events))

    assert found[ANAEMIA]["worst_grade"] == 3
    assert (found["Anemia", "clinician"]["worst_grade"], found["Anemia", "clinician"]["worst_row"]) == (
        4,
        "adverse_events:1",
    )
    assert found["Dry mouth", "clinician"]["worst_grade"] == 1


def test_each_cycle_has_its_worst_grade(facts_of: Callable[..., Any], on_day: Callable[[int], dt.date]) -> None:
    table = derive_toxicity_cycles(ToxicityBasis(facts_of({"haemoglobin": FALL}), ToxicityRules()))
    rows = [row for row in table.order_by("cycle").to_pyarrow().to_pylist() if row["term"] == "Anemia"]

    assert table.columns == tuple(column.name for column in TOXICITY_CYCLES.columns)
    assert [(row["cycle"], row["worst_grade"], row["worst_date"]) for row in rows] == [
        (1, 3, on_day(42)),
        (2, 3, on_day(50)),
    ]


def test_the_shift_table_counts_patients_by_baseline_and_worst(facts_of: Callable[..., Any]) -> None:
    table = count_shifts(derive_toxicity_courses(ToxicityBasis(facts_of({"haemoglobin": FALL}), ToxicityRules())))
    rows = [row for row in table.to_pyarrow().to_pylist() if row["term"] == "Anemia"]

    assert [(row["baseline_grade"], row["worst_grade"], row["patients"]) for row in rows] == [(1, 3, 1)]


def test_every_row_of_evidence_exists(facts_of: Callable[..., Any]) -> None:
    facts = facts_of({"haemoglobin": FALL, "platelets": ((-2, 200.0), (30, 60.0), (60, 20.0))})
    known = {f"labs:haemoglobin:{day}" for day, _ in FALL} | {f"labs:platelets:{day}" for day in (-2, 30, 60)}
    named = {
        row[name] for row in courses(facts).values() for name in row if name.endswith("_row") and row[name] is not None
    }

    assert named
    assert named <= known


@pytest.fixture
def outcome(facts_of: Callable[..., Any], on_day: Callable[[int], dt.date]) -> Callable[..., Row]:
    def derive(name: str, values: dict[str, Series], **tables: list[Row]) -> Row:
        members = [
            {"patient_id": "p", "population": population, "index_date": on_day(0), "index_row": "cycles:1"}
            for population in ("treated", "C1")
        ]
        basis = Basis(facts_of(values, **tables), parse_protocol(PROTOCOL, "small.yaml"), members, [], None)
        (row,) = derive_values(basis, name)
        return row

    return derive


BEFORE, NO_FOLLOW_UP = "event on or before the landmark", "follow-up ends before the landmark"
OUTCOMES: list[tuple[str, str, dict[str, Series], tuple[Any, ...]]] = [
    ("the_first_grade_3_of_any_term_is_the_event_and_the_term_its_component", "g3",
     {"haemoglobin": FALL, "platelets": ((-2, 200.0), (30, 45.0))},
     (30.0, True, "Platelet count decreased", None)),
    ("without_an_event_the_last_graded_value_censors", "g3",
     {"haemoglobin": ((-1, 12.0), (20, 9.0), (60, 9.5))}, (60.0, False, "censored", None)),
    ("lymphopenia_does_not_count_by_default", "g3",
     {"haemoglobin": ((-1, 12.0), (20, 9.0)), "lymphocytes": ((10, 0.3),)}, (20.0, False, "censored", None)),
    ("lymphopenia_counts_when_asked", "with_lymphocytes",
     {"haemoglobin": ((-1, 12.0), (20, 9.0)), "lymphocytes": ((10, 0.3),)},
     (10.0, True, "Lymphocyte count decreased", None)),
    ("who_has_the_grade_already_is_prevalent", "g3",
     {"haemoglobin": ((-1, 7.5), (20, 7.0))}, (20.0, None, "left_out", BEFORE)),
    ("who_had_it_and_recovered_before_the_landmark_is_not_prevalent", "g3",
     {"haemoglobin": ((-20, 7.5), (-1, 12.0), (20, 7.0))}, (20.0, True, "Anemia", None)),
    ("the_least_grade_is_a_switch", "g2_anaemia", {"haemoglobin": FALL}, (20.0, True, "Anemia", None)),
    ("a_former_name_finds_the_term_of_version_6", "v6", {"platelets": ((-2, 200.0), (30, 45.0))},
     (30.0, True, "Thrombocytopenia", None)),
    ("no_value_after_the_landmark_is_no_follow_up", "g3", {"haemoglobin": ((-1, 12.0),)},
     (None, None, "left_out", NO_FOLLOW_UP)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "expected"), [o[1:] for o in OUTCOMES], ids=[o[0] for o in OUTCOMES])
def test_time_to_the_first_grade_that_counts(
    name: str, values: dict[str, Series], expected: tuple[Any, ...], outcome: Callable[..., Row]
) -> None:
    row = outcome(name, values)

    assert (row["days"], row["event"], row["category"], row["reason"]) == expected


def test_transfusions_and_clinicians_count_when_the_outcome_says_so(
    outcome: Callable[..., Row], on_day: Callable[[int], dt.date]
) -> None:
    values: dict[str, Series] = {"haemoglobin": ((-1, 12.0), (20, 9.0), (60, 9.5))}
    given = [{"patient_id": "p", "date": on_day(30), "kind": "red_cells", "record_key": "1", "row_id": "support:1"}]
    seen = anaemias(((3, 25, None),), on_day)

    transfused = outcome("transfused", values, support=given, adverse_events=seen)
    either = outcome("either", values, support=given, adverse_events=seen)

    assert (transfused["days"], transfused["event"], transfused["source_row"]) == (30.0, True, "support:1")
    assert (either["days"], either["event"], either["source_row"]) == (25.0, True, "adverse_events:25")


def anaemias(recorded: Recorded, on_day: Callable[[int], dt.date]) -> list[Row]:
    """Events of anaemia that a clinician recorded."""
    return [
        {
            "patient_id": "p",
            "term": "Anemia",
            "grade": grade,
            "criteria": "ctcae-5.0",
            "begin_date": on_day(begin),
            "begin_date_precision": "day",
            "end_date": None if end is None else on_day(end),
            "reporter": "clinician",
            "record_key": str(begin),
            "row_id": f"adverse_events:{begin}",
        }
        for grade, begin, end in recorded
    ]


CLINICIANS: list[tuple[str, Recorded, tuple[Any, ...]]] = [
    ("the_laboratorys_grade_3_is_none", ((1, 25, None),), (25.0, False, "censored", None)),
    ("the_clinicians_grade_3_is_the_event", ((1, 10, 12), (3, 25, None)), (25.0, True, "Anemia", None)),
    ("a_grade_3_that_goes_on_is_prevalent", ((3, -10, None), (3, 25, None)), (25.0, None, "left_out", BEFORE)),
    ("one_that_ended_on_the_landmark_is", ((3, -10, 0), (3, 25, None)), (25.0, None, "left_out", BEFORE)),
    ("one_that_ended_before_the_landmark_is_not", ((3, -10, -1), (3, 25, None)), (25.0, True, "Anemia", None)),
    (
        "a_milder_one_that_began_later_does_not_end_it",
        ((3, -10, None), (1, -5, None), (3, 25, None)),
        (25.0, None, "left_out", BEFORE),
    ),
    ("none_after_the_landmark_is_no_follow_up", ((3, -10, -1),), (None, None, "left_out", NO_FOLLOW_UP)),
]
"""What a clinician recorded beside the laboratory's grade 3 of day 20."""


@pytest.mark.parametrize(("recorded", "expected"), [c[1:] for c in CLINICIANS], ids=[c[0] for c in CLINICIANS])
def test_clinicians_grades_alone(
    recorded: Recorded,
    expected: tuple[Any, ...],
    outcome: Callable[..., Row],
    on_day: Callable[[int], dt.date],
) -> None:
    values: dict[str, Series] = {"haemoglobin": ((-1, 12.0), (20, 7.0), (60, 9.5))}
    row = outcome("clinicians", values, adverse_events=anaemias(recorded, on_day))

    assert (row["days"], row["event"], row["category"], row["reason"]) == expected
    assert row["event"] is None or row["source_row"] == "adverse_events:25"


@pytest.mark.parametrize(
    ("recorded", "baseline"),
    [
        (((2, -10, None),), 2),
        (((2, -10, 0),), 2),
        (((2, -10, -1),), None),
        (((2, 0, None),), 2),
        (((1, -20, None), (2, -10, 5)), 2),
        ((), None),
    ],
    ids=[
        "an_event_without_an_end_goes_on",
        "one_that_ends_on_the_day_of_the_dose_went_on",
        "one_that_ended_before_is_none",
        "one_that_begins_on_the_day_of_the_dose_is_the_baseline",
        "of_several_the_worst",
        "none_recorded_is_no_grade_0",
    ],
)
def test_the_baseline_of_clinicians_is_the_worst_event_that_went_on(
    facts_of: Callable[..., Any],
    on_day: Callable[[int], dt.date],
    recorded: Recorded,
    baseline: int | None,
) -> None:
    events = anaemias((*recorded, (3, 30, None)), on_day)
    row = courses(facts_of({}, adverse_events=events))["Anemia", "clinician"]

    assert (row["baseline_grade"], row["worst_grade"]) == (baseline, 3)
    assert row["emergent"] is (None if baseline is None else True)


def test_a_value_flips_where_another_version_grades_it_otherwise(
    facts_of: Callable[..., Any], on_day: Callable[[int], dt.date]
) -> None:
    # platelets 20 are grade 4 in 5.0 (< 25) and 3 in 6.0 (< 50 to 10); lymphocytes 0.1 have no term in 6.0
    facts = facts_of({"platelets": ((20, 20.0), (30, 60.0)), "lymphocytes": ((20, 0.1),)})
    table = derive_grade_flips(ToxicityBasis(facts, ToxicityRules(), None), ("ctcae-6.0",))
    rows = {row["term"]: row for row in table.to_pyarrow().to_pylist()}

    platelets = rows["Platelet count decreased"]
    assert (platelets["worst_grade"], platelets["other_worst_grade"]) == (4, 3)
    assert (platelets["n_values"], platelets["n_flipped"], platelets["first_flip_date"]) == (2, 1, on_day(20))
    assert (platelets["other_term"], platelets["source_row"]) == ("Thrombocytopenia", "labs:platelets:20")
    lymphocytes = rows["Lymphocyte count decreased"]
    assert (lymphocytes["worst_grade"], lymphocytes["other_worst_grade"], lymphocytes["n_flipped"]) == (4, None, 1)
