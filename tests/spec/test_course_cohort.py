"""A constructed cohort of 96: 18 completed, 35 stopped for progression, 10 died on treatment, 33 are ongoing."""

from __future__ import annotations

import pytest
from tests.conftest import day
from tests.spec.course_patients import CUT, Event, facts_of, rows_of

from lutrace.core import Row
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.endpoints.course.counts import CourseSumError, check_course, check_sums
from lutrace.endpoints.course.queries import derive_course_queries
from lutrace.endpoints.course.states import Course, build_course, derive_course_states, derive_courses
from lutrace.endpoints.course.support import derive_course_support
from lutrace.endpoints.survival.times import derive_survival_times
from lutrace.protocol import IndexDate

SIX = (0, 42, 84, 126, 168, 210)
PD: Event = ("say", 120, "cdisc_ncomplt", "PROGRESSIVE DISEASE")


def cohort() -> list[dict[str, list[Row]]]:
    """The 96 of the abstract: of the 35, 17 went to a hospice, 15 to a next line (11 + 1 + 3), 3 had a break."""
    lines: list[tuple[Event, ...]] = [
        *([(("line", 150, "cabazitaxel", "taxane"),)] * 6),
        *([(("line", 150, "cabazitaxel", "taxane"), ("line", 151, "carboplatin", "platinum"))] * 5),
        (("line", 150, "carboplatin", "platinum"), ("line", 171, "cisplatin", "platinum")),
        *([(("line", 150, "olaparib", "parp"),)] * 3),
    ]
    patients = [rows_of(f"completed{n}", SIX, [("seen", 300 + n)]) for n in range(18)]
    patients += [rows_of(f"hospice{n}", (0, 42, 84), [PD, ("hospice", 150), ("dead", 200 + n)]) for n in range(17)]
    patients += [rows_of(f"line{n}", (0, 42, 84), [PD, *begun, ("seen", 400)]) for n, begun in enumerate(lines)]
    patients += [rows_of(f"break{n}", (0, 42), [PD, ("say", 130, "lutrace", "break")]) for n in range(3)]
    patients += [rows_of(f"died{n}", (0, 42), [("dead", 60 + n)]) for n in range(10)]
    return patients + [rows_of(f"ongoing{n}", (400, 442), [("seen", 460)]) for n in range(33)]


@pytest.fixture(scope="module")
def course() -> Course:
    return build_course(CourseBasis(facts_of(cohort()), day(CUT)))


@pytest.fixture(scope="module")
def courses(course: Course) -> list[Row]:
    """Rows of COURSES."""
    rows: list[Row] = derive_courses(course, derive_course_states(course)).to_pyarrow().to_pylist()
    return rows


@pytest.fixture(scope="module")
def counts(course: Course) -> dict[str, dict[str, int]]:
    states = derive_course_states(course)
    found: dict[str, dict[str, int]] = {}
    for row in check_course(course, derive_courses(course, states), states):
        found.setdefault(row["level"], {})[row["category"]] = row["n"]
    return found


def test_how_treatment_ended_adds_up_to_96(counts: dict[str, dict[str, int]]) -> None:
    assert counts["ended"] == {"completed": 18, "progression": 35, "death": 10, "ongoing": 33}
    assert sum(counts["ended"].values()) == 96


def test_what_followed_adds_up_to_those_who_stopped(counts: dict[str, dict[str, int]]) -> None:
    assert counts["followed_by"] == {"hospice": 17, "next_line": 15, "break": 3, "none_recorded": 18}


def test_no_one_who_completed_is_on_a_next_line(courses: list[Row]) -> None:
    assert {row["followed_by"] for row in courses if row["ended"] == "completed"} == {"none_recorded"}


def test_the_15_regimens_are_15_patients(courses: list[Row]) -> None:
    details = sorted(row["detail"] for row in courses if row["followed_by"] == "next_line")
    assert len(details) == 15
    assert sum("cabazitaxel" in one for one in details) == 11
    assert details.count("carboplatin + cisplatin") == 1
    assert details.count("olaparib") == 3


def test_the_hospice_never_censors_survival(course: Course) -> None:
    index = IndexDate(name="stop", event="documented_stop")
    rows = derive_survival_times(course.basis, index, censor_rules=("earlier",)).to_pyarrow().to_pylist()
    assert len(rows) == 35
    hospice = [row for row in rows if row["patient_id"].startswith("hospice")]
    assert sorted(row["days"] for row in hospice) == [80 + n for n in range(17)]
    assert all(row["event"] for row in hospice)


def test_survival_after_the_stop_is_of_documented_stops_only(course: Course, counts: dict[str, dict[str, int]]) -> None:
    assert counts["documented_stop"] == {"reason on record": 35, "no reason on record": 18}


def test_there_is_nothing_to_ask_of_this_cohort(course: Course) -> None:
    assert derive_course_queries(course).to_pyarrow().num_rows == 0


def test_a_class_too_many_is_a_named_error() -> None:
    counts = [{"level": "ended", "category": "ongoing", "n": 97, "total": 97}]
    with pytest.raises(CourseSumError, match=r"ended: the classes add up to 97 patients, expected 96"):
        check_sums(counts, {"ended": 96})


def test_a_patient_counted_twice_is_a_named_error(course: Course) -> None:
    states = derive_course_states(course)
    courses = derive_courses(course, states)
    twice = courses.union(courses.filter(courses.patient_id == "died0"))
    with pytest.raises(CourseSumError, match=r"ended: the classes add up to 97 patients, expected 96"):
        check_course(course, twice, states)


def test_a_state_that_is_missing_is_a_named_error(course: Course) -> None:
    states = derive_course_states(course)
    courses = derive_courses(course, states)
    with pytest.raises(CourseSumError, match=r"the states of 35 patients are not as long as their follow-up"):
        check_course(course, courses, states.filter(states.state != "stopped_progression"))


SUPPORTED: list[tuple[str, int, str, int, str]] = [
    ("of_the_day_of_the_first_dose_is_of_radioligands", 0, "red_cells", 0, "support:{}:0:0"),
    ("of_the_day_before_the_next_line_is_of_radioligands", 149, "platelets", 0, "support:{}:149:0"),
    ("of_the_day_on_which_a_line_begins_is_of_that_line", 150, "g_csf", 1, "support:{}:150:0"),
    ("after_that_is_of_that_line", 300, "tpo_ra", 1, "support:{}:300:0"),
]


@pytest.fixture(scope="module")
def supported() -> list[Row]:
    """Rows of support of one patient per case of SUPPORTED."""
    before: list[Event] = [PD, ("line", 150, "cabazitaxel", "taxane")]
    patients = [
        rows_of(name, (0, 42), [*before, ("support", when, kind), ("support", -1, "esa")])
        for name, when, kind, _, _ in SUPPORTED
    ]
    basis = CourseBasis(facts_of(patients), day(CUT))
    rows: list[Row] = derive_course_support(basis, derive_course_states(build_course(basis))).to_pyarrow().to_pylist()
    return rows


@pytest.mark.parametrize(("name", "when", "kind", "line", "row"), SUPPORTED, ids=[one[0] for one in SUPPORTED])
def test_support(supported: list[Row], name: str, when: int, kind: str, line: int, row: str) -> None:
    rows = [one for one in supported if one["patient_id"] == name]
    assert {(one["line"], one["kind"], one["n"], one["first_row"]) for one in rows} == {
        (line, kind, 1, row.format(name)),
        (line, "any", 1, row.format(name)),
    }
