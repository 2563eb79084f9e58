"""Derived tables of the course: how therapy ended, what followed, support, and what the records leave open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lutrace.core import Row
from lutrace.endpoints import (
    build_course,
    check_course,
    derive_course_counts,
    derive_course_flows,
    derive_course_queries,
    derive_course_states,
    derive_course_support,
    derive_course_transitions,
    derive_courses,
    held,
)
from lutrace.protocol import DerivedCourse
from lutrace.study.derived_parts import Derivation, Ground, Reading, Variable, having, only
from lutrace.tables import (
    COURSE_COUNTS,
    COURSE_FLOWS,
    COURSE_QUERIES,
    COURSE_STATES,
    COURSE_SUPPORT,
    COURSE_TRANSITIONS,
    COURSES,
)

_NEVER = "not_stopped"
_NO_LINE = "no_such_line"
_LINES = (1, 2)
"""The next lines whose end and support are counted."""
_LABELS = {
    "completed": "planned cycles completed",
    "toxicity": "toxicity",
    "decision": "decision of patient or physician",
    "lost": "lost to follow-up",
    "not_recorded": "stopped, reason not recorded",
    "ongoing": "ongoing on the data cut",
    "next_line": "next line",
    "hospice": "hospice",
    "break": "treatment break",
    "no_therapy": "no further therapy, as recorded",
    "dead": "dead",
    "none_recorded": "nothing recorded",
    "on_treatment": "on treatment",
    "stopped_progression": "stopped for progression",
    "stopped_toxicity": "stopped for toxicity",
    "stopped_decision": "stopped by decision",
    "stopped_other": "stopped for another reason",
    "stopped_not_recorded": "stopped, reason not recorded",
    "on_record": "by a record",
    "not_on_record": "by the number of doses or a pause, no record",
    "still_there": "still in it on the data cut",
    _NEVER: "ongoing, dead or lost on treatment",
    _NO_LINE: "no such line",
}
_SUPPORT = {
    "any": "any",
    "red_cells": "red cells",
    "platelets": "platelets",
    "g_csf": "G-CSF",
    "esa": "erythropoietin",
    "tpo_ra": "thrombopoietin agonist",
}
_QUERIES = {
    "missing_stop_reason": "no reason of the stop",
    "second_stop_reason": "another reason than the one that counts",
    "stop_before_first_dose": "a reason before the first dose",
    "dose_after_stop": "a dose after the stop",
    "overlapping_lines": "lines that overlap",
    "line_before_last_dose": "a line before the last dose",
    "death_before_last_visit": "a sign of life after the death",
    "event_after_death": "an event after the death",
    "death_without_date": "a death without a day",
    "code_not_counted": "a code without a meaning here",
}


def derive_course_tables(ground: Ground, item: DerivedCourse) -> Derivation:
    """States, transitions, classes that add up to the patients, support of each line, queries.

    Raises MissingFactError without a data cut, CourseSumError where patients or days do not add up.
    """
    basis = ground.course_basis(item)
    course = build_course(basis)
    states = derive_course_states(course)
    courses = held(derive_courses(course, states))
    check_course(course, courses, states)
    return Derivation(
        {
            COURSES.name: courses,
            COURSE_STATES.name: states,
            COURSE_TRANSITIONS.name: derive_course_transitions(states),
            COURSE_COUNTS.name: derive_course_counts(courses),
            COURSE_FLOWS.name: derive_course_flows(courses),
            COURSE_SUPPORT.name: derive_course_support(basis, states),
            COURSE_QUERIES.name: derive_course_queries(course),
        },
        (*_of_courses(), *_of_lines(), *_of_support(), *_of_queries()),
        (
            f"Completed: {item.rules.planned_cycles} doses, unless a record gives another reason by then. "
            f"Stopped: a record, the begin of a next line, or {item.rules.longest_pause:g} days without a dose. A "
            "patient is in one state on each day; classes add up to the treated patients. Support of the day on which "
            "a line begins is that line's.",
        ),
        labels=_LABELS,
    )


def _of_courses() -> tuple[Variable, ...]:
    name = COURSES.name
    ends, after = COURSES.by_name["ended"].codes or (), COURSES.by_name["followed_by"].codes or ()
    states = COURSES.by_name["state_at_cut"].codes or ()
    at_cut = only("state_at_cut")
    afters = (*after, _NEVER)
    recorded = ("on_record", "not_on_record", _NEVER)

    def is_recorded(rows: Sequence[Row]) -> Reading:
        if rows[0]["followed_by"] is None:
            return _NEVER
        return "on_record" if rows[0]["documented"] else "not_on_record"

    return (
        Variable("ended", "How radioligand therapy ended", "classes", name, only("ended"), levels=ends, proof="end"),
        Variable("documented", "Reason of the stop", "classes", name, is_recorded, levels=recorded, proof="end"),
        Variable("followed_by", "After the stop", "classes", name, _followed, levels=afters, proof="followed"),
        Variable("state_at_cut", "State on the data cut", "classes", name, at_cut, levels=states, proof="end"),
        Variable("n_doses", "Doses on treatment", "number", name, _number("n_doses"), unit="doses", proof="c1"),
        Variable(
            "on_treatment_days", "Time on treatment, to its end or the data cut", "number", name,
            _number("on_treatment_days"), unit="d", proof="end",
        ),
    )  # fmt: skip


def _followed(rows: Sequence[Row]) -> Reading:
    found: Reading = rows[0]["followed_by"]
    return found or _NEVER


def _number(column: str) -> Callable[[Sequence[Row]], Reading]:
    return lambda rows: float(rows[0][column])


def _of_lines() -> tuple[Variable, ...]:
    """What followed each of the first next lines."""
    levels = ("next_line", "hospice", "break", "no_therapy", "dead", "lost", "still_there", _NO_LINE)

    def read(rows: Sequence[Row]) -> Reading:
        return (rows[0]["next_state"] or "still_there") if rows else _NO_LINE

    return tuple(
        Variable(
            f"after_line_{k}", f"After next line {k}", "classes", COURSE_STATES.name, read, having("line", k),
            levels=levels,
        )
        for k in _LINES
    )  # fmt: skip


def _of_support() -> tuple[Variable, ...]:
    names = {0: "during radioligand therapy"} | {k: f"from next line {k} on" for k in _LINES}
    return tuple(
        Variable(
            f"support_{line}_{kind}", f"Support {words}: {label}", "yes", COURSE_SUPPORT.name, bool,
            _is_support(line, kind), proof="first",
        )
        for line, words in names.items()
        for kind, label in _SUPPORT.items()
    )  # fmt: skip


def _is_support(line: int, kind: str) -> Callable[[Row], bool]:
    return lambda row: bool(row["line"] == line and row["kind"] == kind)


def _of_queries() -> tuple[Variable, ...]:
    return tuple(
        Variable(f"query_{code}", f"To be asked: {words}", "yes", COURSE_QUERIES.name, bool, having("query", code))
        for code, words in _QUERIES.items()
    )
