"""How many patients are in each class, and the proof that every patient is in exactly one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.core import LutraceError, Row
from lutrace.endpoints.basis import count_of
from lutrace.endpoints.course.states import Course
from lutrace.tables import COURSE_COUNTS, COURSE_FLOWS, CYCLES

_LEVELS = ("ended", "followed_by", "documented_stop", "state_at_cut")


class CourseSumError(LutraceError):
    """The classes of a level do not add up to its patients, or the days of a patient to his follow-up."""


def derive_course_counts(courses: ir.Table) -> ir.Table:
    """Rows of COURSE_COUNTS from rows of COURSES: each class with the number of patients of its level."""
    parts = []
    stopped = courses.followed_by.notnull()
    words = ibis.ifelse(courses.documented, "reason on record", "no reason on record")
    courses = courses.mutate(documented_stop=ibis.cases((stopped, words)))
    for level in _LEVELS:
        rows = courses.filter(courses[level].notnull())
        counted = rows.group_by(level).aggregate(n=rows.count())
        counted = counted.mutate(total=counted.n.sum().over(ibis.window()))
        parts.append(
            counted.select(
                level=ibis.literal(level),
                category=counted[level],
                n=counted.n.cast("int64"),
                total=counted.total.cast("int64"),
            )
        )
    return ibis.union(*parts).select(*COURSE_COUNTS.by_name)


def derive_course_flows(courses: ir.Table) -> ir.Table:
    """Rows of COURSE_FLOWS from rows of COURSES: how therapy ended, what followed first, the state on the data cut.

    A patient after whose therapy nothing can follow (ongoing, dead, lost) stays in his class between.
    """
    between = courses.mutate(between=ibis.coalesce(courses.followed_by, courses.ended))
    between = between.mutate(total=between.count().over(ibis.window()))
    parts = []
    for stage, (begin, end) in enumerate((("ended", "between"), ("between", "state_at_cut")), start=1):
        counted = between.group_by([begin, end]).aggregate(n=between.count(), total=between.total.max())
        parts.append(
            counted.select(
                stage=ibis.literal(stage).cast("int64"),
                from_category=counted[begin],
                to_category=counted[end],
                n=counted.n.cast("int64"),
                total=counted.total.cast("int64"),
            )
        )
    return ibis.union(*parts).select(*COURSE_FLOWS.by_name)


def check_course(course: Course, courses: ir.Table, states: ir.Table) -> list[Row]:
    """The rows of COURSE_COUNTS, after every sum has been compared with a count made another way.

    All treated patients, counted in CYCLES, are in one class of `ended` and in one state on the data cut; those who
    stopped are in one class of `followed_by`; the states of each patient are as long as his follow-up, without gap or
    overlap. Raises CourseSumError with both numbers; nothing is mended.
    """
    counts: list[Row] = derive_course_counts(courses).order_by(["level", "category"]).to_pyarrow().to_pylist()
    cycles = course.basis.known(course.basis.facts.table(CYCLES), "administered_date")
    treated = int(cycles.patient_id.nunique().to_pyarrow().as_py())
    ended = {row["category"]: row["n"] for row in counts if row["level"] == "ended"}
    never = sum(ended.get(name, 0) for name in ("ongoing", "death", "lost"))
    stopped = treated - never
    check_sums(counts, {"ended": treated, "followed_by": stopped, "documented_stop": stopped, "state_at_cut": treated})
    _check_days(course, states)
    return counts


def check_sums(counts: Sequence[Row], expected: dict[str, int]) -> None:
    """Raise CourseSumError where the classes of a level do not add up to the patients expected there."""
    ordered = sorted(counts, key=lambda row: str(row["level"]))
    found = {level: sum(row["n"] for row in rows) for level, rows in groupby(ordered, key=lambda row: row["level"])}
    faults = [
        f"{level}: the classes add up to {found.get(level, 0)} patients, expected {number}"
        for level, number in expected.items()
        if found.get(level, 0) != number
    ]
    if faults:
        raise CourseSumError(
            f"course: {'; '.join(faults)}. A patient is counted twice or not at all; look for two rows of one patient "
            "in courses before using any number of this course"
        )


def _check_days(course: Course, states: ir.Table) -> None:
    cut = ibis.date(course.basis.data_cut)
    spans = states.group_by("patient_id").aggregate(
        spent=(states.exit_day - states.entry_day).sum(),
        n_last=count_of(states.next_state.isnull()),
        n_backward=count_of(states.exit_day < states.entry_day),
    )
    joined = spans.inner_join(course.first, "patient_id")
    follow_up: Any = cut.delta(joined.c1_date, unit="day")
    wrong = joined.filter((joined.spent != follow_up) | (joined.n_last != 1) | (joined.n_backward > 0))
    n = int(wrong.count().to_pyarrow().as_py())
    if n:
        raise CourseSumError(
            f"course_states: the states of {n} patients are not as long as their follow-up to the data cut; expected "
            "one state on each day; look for two rows of one patient and day in course_states"
        )
