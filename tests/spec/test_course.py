"""The course of radioligand therapy: doses and events by day in, dated states out. Days count from the first dose.

States are written as `name@day`; the data cut is day 500. Planned are six doses; 112 days without
one end treatment.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.conftest import day
from tests.spec.course_patients import CUT, Event, facts_of, rows_of

from lutrace.core import Row
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.endpoints.course.queries import derive_course_queries
from lutrace.endpoints.course.states import (
    Course,
    build_course,
    derive_course_states,
    derive_course_transitions,
    derive_courses,
)
from lutrace.protocol import CourseRules
from lutrace.tables import COURSE_QUERIES, COURSE_STATES, COURSE_TRANSITIONS, COURSES, FACT_TABLES

SIX = (0, 42, 84, 126, 168, 210)
PD = ("say", 100, "lutrace", "progression")
CABAZITAXEL = "cabazitaxel", "taxane"

CASES: list[tuple[str, tuple[int, ...], tuple[Event, ...], str]] = [
    # how treatment ends
    ("a_dose_112_days_before_the_cut_is_no_longer_ongoing", (346, 388), (), "on_treatment@0 stopped_not_recorded@154"),
    ("a_dose_111_days_before_the_cut_is_ongoing", (347, 389), (), "on_treatment@0"),
    ("a_recorded_progression_ends_treatment_on_its_day", (0, 42), (PD,), "on_treatment@0 stopped_progression@100"),
    (
        "an_adverse_event_of_cdisc_is_toxicity",
        (0, 42),
        (("say", 60, "cdisc_ncomplt", "Adverse event"),),
        "on_treatment@0 stopped_toxicity@60",
    ),
    (
        "lack_of_efficacy_is_progression",
        (0,),
        (("say", 60, "cdisc_ncomplt", "LACK OF EFFICACY"),),
        "on_treatment@0 stopped_progression@60",
    ),
    ("obds_p_is_progression", (0,), (("say", 60, "obds_therapy_end", "P"),), "on_treatment@0 stopped_progression@60"),
    ("obds_a_is_toxicity", (0,), (("say", 60, "obds_therapy_end", "A"),), "on_treatment@0 stopped_toxicity@60"),
    ("obds_v_is_a_decision", (0,), (("say", 60, "obds_therapy_end", "V"),), "on_treatment@0 stopped_decision@60"),
    ("obds_s_is_another_reason", (0,), (("say", 60, "obds_therapy_end", "S"),), "on_treatment@0 stopped_other@60"),
    ("obds_f_completes", (0,), (("say", 60, "obds_therapy_end", "F"),), "on_treatment@0 completed@60"),
    (
        "a_decision_of_the_physician_is_a_decision",
        (0,),
        (("say", 60, "cdisc_ncomplt", "PHYSICIAN DECISION"),),
        "on_treatment@0 stopped_decision@60",
    ),
    (
        "an_unknown_reason_is_no_reason",
        (0, 42),
        (("say", 60, "obds_therapy_end", "U"),),
        "on_treatment@0 stopped_not_recorded@154",
    ),
    ("six_doses_complete_on_the_day_of_the_sixth", SIX, (), "on_treatment@0 completed@210"),
    ("five_doses_without_a_record_do_not_complete", SIX[:5], (), "on_treatment@0 stopped_not_recorded@280"),
    (
        "completed_on_record_needs_no_six_doses",
        (0, 42, 84),
        (("say", 100, "lutrace", "completed"),),
        "on_treatment@0 completed@100",
    ),
    (
        "a_reason_of_the_day_of_the_sixth_dose_stands_before_the_number",
        SIX,
        (("say", 210, "lutrace", "progression"),),
        "on_treatment@0 stopped_progression@210",
    ),
    (
        "a_reason_after_six_doses_does_not_undo_completion",
        SIX,
        (("say", 230, "lutrace", "progression"),),
        "on_treatment@0 completed@210",
    ),
    ("a_seventh_dose_begins_no_line", (*SIX, 252), (), "on_treatment@0 completed@210"),
    (
        "a_dose_112_days_after_the_one_before_is_of_the_same_series",
        (0, 112),
        (),
        "on_treatment@0 stopped_not_recorded@224",
    ),
    (
        "a_dose_after_113_days_is_another_line",
        (0, 113),
        (),
        "on_treatment@0 stopped_not_recorded@112 next_line@113",
    ),
    ("death_on_treatment_is_death", (0, 42), (("dead", 80),), "on_treatment@0 dead@80"),
    ("death_of_the_day_of_the_first_dose_is_death_on_treatment", (0,), (("dead", 0),), "on_treatment@0 dead@0"),
    (
        "death_after_the_pause_is_death_after_an_unrecorded_stop",
        (0, 42),
        (("dead", 155),),
        "on_treatment@0 stopped_not_recorded@154 dead@155",
    ),
    ("a_discharge_by_death_is_a_death", (0, 42), (("say", 80, "drg_discharge", "079"),), "on_treatment@0 dead@80"),
    ("ub04_41_is_a_death", (0, 42), (("say", 80, "ub04", "41"),), "on_treatment@0 dead@80"),
    ("loss_on_treatment_is_loss", (0, 42), (("lost", 80),), "on_treatment@0 lost@80"),
    (
        "a_series_statement_says_why",
        (0, 42),
        (("series", 70, "toxicity"),),
        "on_treatment@0 stopped_toxicity@70",
    ),
    (
        "a_reviewed_letter_says_why",
        (0, 42),
        (("letter", 70, "toxicity"),),
        "on_treatment@0 stopped_toxicity@70",
    ),
    (
        "a_reason_without_a_day_is_of_the_last_dose",
        (0, 42),
        (("say", None, "lutrace", "toxicity"),),
        "on_treatment@0 stopped_toxicity@42",
    ),
    (
        "a_reason_known_to_the_month_is_of_the_last_dose_in_it",  # month of day 22 is February 2022, days 22 to 49
        (0, 42),
        (("say", 22, "lutrace", "toxicity", "month"),),
        "on_treatment@0 stopped_toxicity@42",
    ),
    (
        "a_reason_of_a_month_without_a_dose_is_of_its_first_day",  # April 2022 begins on day 81
        (0, 42),
        (("say", 81, "lutrace", "toxicity", "month"),),
        "on_treatment@0 stopped_toxicity@81",
    ),
    # what follows
    (
        "a_line_after_progression",
        (0, 42),
        (PD, ("line", 130, *CABAZITAXEL)),
        "on_treatment@0 stopped_progression@100 next_line@130",
    ),
    (
        "a_line_without_a_reason_on_record_is_a_stop_without_one",
        (0, 42),
        (("line", 100, *CABAZITAXEL),),
        "on_treatment@0 stopped_not_recorded@100 next_line@100",
    ),
    (
        "a_line_of_the_day_of_the_first_dose_is_of_before",
        (0, 42),
        (("line", 0, "enzalutamide", "arpi"),),
        "on_treatment@0 stopped_not_recorded@154",
    ),
    (
        "androgen_deprivation_is_no_line",
        (0, 42),
        (PD, ("line", 130, "leuprorelin", "other")),
        "on_treatment@0 stopped_progression@100",
    ),
    (
        "radiotherapy_is_no_line",
        (0, 42),
        (PD, ("line", 130, "radiotherapy", "other")),
        "on_treatment@0 stopped_progression@100",
    ),
    (
        "two_drugs_within_28_days_are_one_line",
        (0, 42),
        (PD, ("line", 130, *CABAZITAXEL), ("line", 158, "carboplatin", "platinum")),
        "on_treatment@0 stopped_progression@100 next_line@130",
    ),
    (
        "a_drug_29_days_later_is_the_next_line",
        (0, 42),
        (PD, ("line", 130, *CABAZITAXEL), ("line", 159, "carboplatin", "platinum")),
        "on_treatment@0 stopped_progression@100 next_line@130 next_line@159",
    ),
    (
        "the_same_drug_by_dose_is_one_line",
        (0, 42),
        (PD, *(("line", 130 + 21 * k, *CABAZITAXEL) for k in range(4))),
        "on_treatment@0 stopped_progression@100 next_line@130",
    ),
    (
        "hospice_after_a_line",
        (0, 42),
        (PD, ("line", 130, *CABAZITAXEL), ("hospice", 200)),
        "on_treatment@0 stopped_progression@100 next_line@130 hospice@200",
    ),
    (
        "hospice_twice_is_one_state",
        (0,),
        (PD, ("hospice", 120), ("hospice", 130)),
        "on_treatment@0 stopped_progression@100 hospice@120",
    ),
    (
        "ub04_50_is_hospice",
        (0,),
        (PD, ("say", 120, "ub04", "50")),
        "on_treatment@0 stopped_progression@100 hospice@120",
    ),
    (
        "entlassungsgrund_11_is_hospice",
        (0,),
        (PD, ("say", 120, "drg_discharge", "119")),
        "on_treatment@0 stopped_progression@100 hospice@120",
    ),
    (
        "palliative_care_in_hospital_is_no_hospice",
        (0,),
        (PD, ("say", 120, "palliative_code", "8-98e")),
        "on_treatment@0 stopped_progression@100",
    ),
    (
        "a_break_is_a_state",
        (0,),
        (PD, ("say", 120, "lutrace", "break")),
        "on_treatment@0 stopped_progression@100 break@120",
    ),
    (
        "a_line_ends_a_break",
        (0,),
        (PD, ("say", 120, "lutrace", "break"), ("line", 160, *CABAZITAXEL)),
        "on_treatment@0 stopped_progression@100 break@120 next_line@160",
    ),
    (
        "no_further_therapy_is_a_state",
        (0,),
        (PD, ("say", 120, "lutrace", "no_therapy")),
        "on_treatment@0 stopped_progression@100 no_therapy@120",
    ),
    (
        "a_dose_after_a_recorded_stop_is_a_line_of_its_own",
        (0, 42, 126, 168),
        (PD,),
        "on_treatment@0 stopped_progression@100 next_line@126",
    ),
    (
        "nothing_follows_death",
        (0,),
        (PD, ("dead", 200), ("hospice", 210)),
        "on_treatment@0 stopped_progression@100 dead@200",
    ),
    (
        "what_comes_after_the_data_cut_is_not_known",
        (347, 389),
        (("say", 501, "lutrace", "progression"),),
        "on_treatment@0",
    ),
    # several events of one day
    (
        "death_stands_before_hospice",
        (0,),
        (PD, ("hospice", 200), ("dead", 200)),
        "on_treatment@0 stopped_progression@100 dead@200",
    ),
    (
        "hospice_stands_before_a_line",
        (0,),
        (PD, ("line", 200, *CABAZITAXEL), ("hospice", 200)),
        "on_treatment@0 stopped_progression@100 hospice@200",
    ),
    (
        "a_line_stands_before_a_dose",
        (0, 42, 84),
        (("line", 42, *CABAZITAXEL),),
        "on_treatment@0 stopped_not_recorded@42 next_line@42 next_line@84",
    ),
    ("death_stands_before_a_dose", (0, 42), (("dead", 42),), "on_treatment@0 dead@42"),
    (
        "a_reason_and_a_line_of_one_day_are_a_stop_and_a_line",
        (0,),
        (PD, ("line", 100, *CABAZITAXEL)),
        "on_treatment@0 stopped_progression@100 next_line@100",
    ),
    (
        "a_reason_and_death_of_one_day_are_a_stop_and_a_death",
        (0,),
        (PD, ("dead", 100)),
        "on_treatment@0 stopped_progression@100 dead@100",
    ),
]


@pytest.fixture(scope="module")
def course() -> Course:
    """All patients of the table, each under the name of its case."""
    facts = facts_of([rows_of(name, doses, events) for name, doses, events, _ in CASES])
    return build_course(CourseBasis(facts, day(CUT)))


@pytest.fixture(scope="module")
def states(course: Course) -> dict[str, list[Row]]:
    """Rows of COURSE_STATES by patient, in order."""
    rows = derive_course_states(course).order_by(["patient_id", "ordinal"]).to_pyarrow().to_pylist()
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["patient_id"], []).append(row)
    return found


@pytest.mark.parametrize(("name", "doses", "events", "expected"), CASES, ids=[case[0] for case in CASES])
def test_the_states_of_each_case(
    states: dict[str, list[Row]], name: str, doses: tuple[int, ...], events: tuple[Event, ...], expected: str
) -> None:
    assert " ".join(f"{row['state']}@{row['entry_day']:.0f}" for row in states[name]) == expected


def test_each_state_ends_where_the_next_begins_and_the_last_at_the_cut(states: dict[str, list[Row]]) -> None:
    for rows in states.values():
        for row, following in pairwise(rows):
            assert (row["exit_date"], row["next_state"]) == (following["entry_date"], following["state"])
        assert (rows[-1]["exit_date"], rows[-1]["next_state"]) == (day(CUT), None)
        assert all(row["exit_day"] >= row["entry_day"] for row in rows)


def test_the_columns_are_those_declared(course: Course) -> None:
    states = derive_course_states(course)
    made = {
        COURSE_STATES: states,
        COURSES: derive_courses(course, states),
        COURSE_TRANSITIONS: derive_course_transitions(states),
        COURSE_QUERIES: derive_course_queries(course),
    }
    for table, rows in made.items():
        assert rows.columns == tuple(table.by_name), table.name
        assert rows.to_pyarrow().cast(table.arrow_schema).num_rows > 0, table.name


def test_every_row_points_to_a_row_that_exists(course: Course) -> None:
    given = {row["row_id"] for table in _FACTS for row in course.basis.facts.table(table).to_pyarrow().to_pylist()}
    states = derive_course_states(course)
    rows = [*states.to_pyarrow().to_pylist(), *derive_course_queries(course).to_pyarrow().to_pylist()]
    assert len(rows) > 100
    assert {row["source_row"] for row in rows} <= given


def test_transitions_pass_through_states_of_no_length(course: Course) -> None:
    rows = derive_course_transitions(derive_course_states(course)).order_by(["patient_id", "ordinal"]).to_pyarrow()
    of = [
        row
        for row in rows.to_pylist()
        if row["patient_id"] == "a_line_without_a_reason_on_record_is_a_stop_without_one"
    ]
    assert [(row["from_state"], row["to_state"], row["entry_day"], row["exit_day"], row["status"]) for row in of] == [
        ("on_treatment", "next_line", 0, 100, True),
        ("next_line", None, 100, 500, False),
    ]
    assert all(row["exit_day"] > row["entry_day"] for row in rows.to_pylist())


ENDS: list[tuple[str, str, bool, str | None]] = [
    ("a_dose_111_days_before_the_cut_is_ongoing", "ongoing", False, None),
    ("six_doses_complete_on_the_day_of_the_sixth", "completed", False, "none_recorded"),
    ("completed_on_record_needs_no_six_doses", "completed", True, "none_recorded"),
    ("death_on_treatment_is_death", "death", True, None),
    ("a_line_without_a_reason_on_record_is_a_stop_without_one", "not_recorded", False, "next_line"),
    ("a_line_after_progression", "progression", True, "next_line"),
    ("a_line_ends_a_break", "progression", True, "break"),
    ("a_reason_and_death_of_one_day_are_a_stop_and_a_death", "progression", True, "dead"),
]


@pytest.fixture(scope="module")
def courses(course: Course) -> dict[str, Row]:
    """Rows of COURSES by patient."""
    rows = derive_courses(course, derive_course_states(course)).to_pyarrow().to_pylist()
    return {row["patient_id"]: row for row in rows}


@pytest.mark.parametrize(("name", "ended", "documented", "followed_by"), ENDS, ids=[one[0] for one in ENDS])
def test_how_treatment_ended_and_what_followed_first(
    courses: dict[str, Row], name: str, ended: str, documented: bool, followed_by: str | None
) -> None:
    row = courses[name]
    assert (row["ended"], row["documented"], row["followed_by"]) == (ended, documented, followed_by)


LETTERS: list[tuple[str, str, dict[str, bool], bool]] = [
    ("an_unreviewed_letter_does_not_count_by_default", "reviewed", {"reviewed": False}, False),
    ("an_unreviewed_letter_counts_when_all_do", "all", {"reviewed": False}, True),
    ("a_negated_letter_never_counts", "all", {"negated": True}, False),
    ("an_uncertain_letter_never_counts", "all", {"uncertain": True}, False),
    ("a_letter_on_the_past_never_counts", "all", {"historical": True}, False),
    ("no_letter_counts_when_none_does", "none", {}, False),
]


@pytest.fixture(scope="module")
def stopped_by_letter() -> dict[str, set[str]]:
    """Who stopped for toxicity under each choice of letters, of one patient per case of LETTERS."""
    patients = [rows_of(name, (0, 42), [("letter", 70, "toxicity")]) for name, *_ in LETTERS]
    for rows, (_, _, flags, _) in zip(patients, LETTERS, strict=True):
        rows["text_findings"][0] |= flags
    found = {}
    for letters in sorted({choice for _, choice, _, _ in LETTERS}):
        rules = CourseRules.model_validate({"letters": letters})
        states = derive_course_states(build_course(CourseBasis(facts_of(patients), day(CUT), rules)))
        stops = states.filter(states.state == "stopped_toxicity")
        found[letters] = set(stops.patient_id.to_pyarrow().to_pylist())
    return found


@pytest.mark.parametrize(("name", "letters", "flags", "counts"), LETTERS, ids=[one[0] for one in LETTERS])
def test_which_letters_count(
    stopped_by_letter: dict[str, set[str]], name: str, letters: str, flags: dict[str, bool], counts: bool
) -> None:
    assert (name in stopped_by_letter[letters]) is counts


def test_the_planned_number_is_a_switch() -> None:
    facts = facts_of([rows_of("p", SIX[:4], ())])
    course = build_course(CourseBasis(facts, day(CUT), CourseRules(planned_cycles=4)))
    row = derive_courses(course, derive_course_states(course)).to_pyarrow().to_pylist()[0]
    assert (row["ended"], row["documented"], row["end_rule"]) == ("completed", False, "planned 4 doses given")


QUERIES: list[tuple[str, tuple[int, ...], tuple[Event, ...], str, str]] = [
    ("stopped_without_a_reason", (0, 42), (), "missing_stop_reason", "cycles:{}:42"),
    (
        "two_reasons",
        (0, 42),
        (PD, ("say", 110, "lutrace", "toxicity")),
        "second_stop_reason",
        "dispositions:{}:110:1",
    ),
    (
        "a_reason_before_the_first_dose",
        (0, 42),
        (("say", -5, "lutrace", "progression"),),
        "stop_before_first_dose",
        "dispositions:{}:-5:0",
    ),
    ("a_dose_after_a_stop", (0, 42, 110), (PD,), "dose_after_stop", "cycles:{}:110"),
    ("a_seventh_dose", (*SIX, 252), (), "dose_after_stop", "cycles:{}:252"),
    (
        "lines_that_overlap",
        (0,),
        (PD, ("line", 130, *CABAZITAXEL, 200), ("line", 190, "enzalutamide", "arpi")),
        "overlapping_lines",
        "treatments:{}:130:0",
    ),
    (
        "a_line_before_the_last_dose",
        (0, 42, 84),
        (("line", 60, *CABAZITAXEL),),
        "line_before_last_dose",
        "treatments:{}:60:0",
    ),
    ("a_visit_after_death", (0,), (("dead", 60), ("seen", 61)), "death_before_last_visit", "follow_up:{}:60:0"),
    (
        "hospice_after_death",
        (0,),
        (PD, ("dead", 200), ("hospice", 210)),
        "event_after_death",
        "disease_events:{}:210:0",
    ),
    ("a_death_without_a_day", (0,), (("series", 60, "death"),), "death_without_date", "treatments:{}:60:0"),
    ("a_refused_code", (0,), (("say", 60, "palliative_code", "Z51.5"),), "code_not_counted", "dispositions:{}:60:0"),
    ("an_unknown_code", (0,), (("say", 60, "ub04", "01"),), "code_not_counted", "dispositions:{}:60:0"),
]


@pytest.fixture(scope="module")
def queries() -> set[tuple[str, str, str]]:
    """Patient, query and row of all cases of QUERIES and of one patient without any fault."""
    patients = [rows_of(name, doses, events) for name, doses, events, _, _ in QUERIES]
    patients.append(
        rows_of("clean", (0, 42), (PD, ("line", 130, *CABAZITAXEL, 190), ("line", 190, "olaparib", "parp")))
    )
    found = derive_course_queries(build_course(CourseBasis(facts_of(patients), day(CUT))))
    return {(row["patient_id"], row["query"], row["source_row"]) for row in found.to_pyarrow().to_pylist()}


@pytest.mark.parametrize(("name", "doses", "events", "query", "row"), QUERIES, ids=[one[0] for one in QUERIES])
def test_what_the_centre_is_asked(
    queries: set[tuple[str, str, str]],
    name: str,
    doses: tuple[int, ...],
    events: tuple[Event, ...],
    query: str,
    row: str,
) -> None:
    assert (name, query, row.format(name)) in queries


def test_a_course_without_fault_raises_no_query(queries: set[tuple[str, str, str]]) -> None:
    assert [query for query in queries if query[0] == "clean"] == []


def test_permuted_rows_give_the_same_states(states: dict[str, list[Row]]) -> None:
    patients = [rows_of(name, doses, events) for name, doses, events, _ in reversed(CASES)]
    turned = [{table: rows[::-1] for table, rows in one.items()} for one in patients]
    again = derive_course_states(build_course(CourseBasis(facts_of(turned), day(CUT))))
    found = again.order_by(["patient_id", "ordinal"]).to_pyarrow().to_pylist()
    assert found == [row for name in sorted(states) for row in states[name]]


@pytest.mark.parametrize("until", [50, 105, 125, 160, 205, 300])
def test_a_later_fact_never_changes_an_earlier_state(course: Course, states: dict[str, list[Row]], until: int) -> None:
    cut = derive_course_states(build_course(CourseBasis(course.basis.facts, day(until)))).to_pyarrow().to_pylist()
    whole = _before([row for rows in states.values() for row in rows], until)
    assert whole == _before(cut, until)
    assert len(whole) > 50


def _before(rows: list[Row], until: int) -> set[tuple[object, ...]]:
    """The states entered before that day, but for what ends them."""
    keep = ("patient_id", "ordinal", "state", "entry_date", "source_row")
    clear = [row for row in rows if row["patient_id"] not in _VAGUE and row["entry_date"] < day(until)]
    return {tuple(row[name] for name in keep) for row in clear}


_VAGUE = ("a_reason_without_a_day_is_of_the_last_dose", "a_reason_known_to_the_month_is_of_the_last_dose_in_it")
"""Where the record gives no day, a later dose moves it: that is the rule, and no exception to the property."""
_FACTS = tuple(FACT_TABLES.values())
