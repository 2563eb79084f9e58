"""The state machine: dated states of each patient, one at a time, from the first dose to the data cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, ranked_first
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.endpoints.course.doses import CYCLE_TABLE, first_doses, number_doses
from lutrace.endpoints.course.events import COLUMNS, find_leaves, list_ends, list_events, with_rank
from lutrace.endpoints.course.statements import ends_of, list_statements
from lutrace.tables import COURSE_STATES, COURSE_TRANSITIONS, COURSES, CYCLES

_STOP = {"completed": "completed", "not_recorded": "stopped_not_recorded"} | {
    name: f"stopped_{name}" for name in ("progression", "toxicity", "decision", "other")
}


@dataclass(frozen=True)
class Course:
    """The parts that every table of the course is made of, as expressions."""

    basis: CourseBasis
    doses: ir.Table
    first: ir.Table
    statements: ir.Table
    events: ir.Table
    leaves: ir.Table


def build_course(basis: CourseBasis) -> Course:
    """Doses, statements and events of the treated, and when and how each was off treatment."""
    doses = number_doses(basis.known(basis.facts.table(CYCLES), "administered_date"), basis.rules)
    first = first_doses(doses)
    statements = list_statements(basis, doses)
    events = basis.keep("events", lambda: list_events(basis, first.select("patient_id", "c1_date"), statements))
    ends = list_ends(basis, doses, ends_of(statements))
    leaves = basis.keep("leaves", lambda: find_leaves(basis, first, ends, events))
    return Course(basis, doses, first, statements, events, leaves)


def derive_course_states(course: Course) -> ir.Table:
    """Rows of COURSE_STATES: on treatment, the stop, and what followed, each from the day of its evidence.

    Of several events of one day the one of the highest rank stands (death, hospice, begin of a line, dose). A dose
    after treatment was over is a line of its own, but for further doses after the planned number. Nothing follows a
    death.
    """
    return course.basis.keep("states", lambda: _find_states(course))


def _find_states(course: Course) -> ir.Table:
    marks = _marks(course)
    order = [marks.date, marks.turn]
    by_patient = ibis.window(group_by="patient_id", order_by=order)
    until = ibis.window(group_by="patient_id", order_by=order, preceding=(None, 0))
    cut = ibis.date(course.basis.data_cut)
    is_line = ibis.ifelse(marks.state == "next_line", 1, 0)
    rows = marks.mutate(
        ordinal=(ibis.row_number().over(by_patient) + 1).cast("int64"),
        n_lines=is_line.sum().over(until).cast("int64"),
        exit_date=ibis.coalesce(marks.date.lead().over(by_patient), cut),
        next_state=marks.state.lead().over(by_patient),
    )
    rows = rows.mutate(
        entry_date=rows.date,
        line=ibis.cases((rows.state == "next_line", rows.n_lines)),
        entry_day=rows.date.delta(rows.c1_date, unit="day").cast("float64"),
        exit_day=rows.exit_date.delta(rows.c1_date, unit="day").cast("float64"),
    )
    return rows.select(*COURSE_STATES.by_name)


def _marks(course: Course) -> ir.Table:
    """Every begin of a state: COLUMNS, `c1_date`, and `turn`, its order within a day."""
    no_text = ibis.null("string")
    leaves = course.leaves
    begin = leaves.select(
        "patient_id",
        "c1_date",
        date="c1_date",
        state=ibis.literal("on_treatment"),
        detail=no_text,
        source_table=ibis.literal(CYCLE_TABLE),
        source_row="c1_row",
        rule=ibis.literal("first dose"),
        turn=ibis.literal(0).cast("int64"),
    )
    stopped = leaves.filter(leaves.ended.isin(list(_STOP)))
    stop = stopped.select(
        "patient_id",
        "c1_date",
        date="leave_date",
        state=ibis.cases(*((stopped.ended == name, state) for name, state in _STOP.items())),
        detail=no_text,
        source_table="end_table",
        source_row="end_row",
        rule="end_rule",
        turn=ibis.literal(1).cast("int64"),
    )
    after = _after(course)
    names = (*COLUMNS, "c1_date", "turn")
    return ibis.union(*[part.select(*names) for part in (begin, stop, after)])


def _after(course: Course) -> ir.Table:
    """What followed, one event a day, repetitions left out, nothing after death."""
    events = course.events.mutate(series=ibis.null("int64"))
    every = events.union(_later_doses(course).select(*events.columns))
    every = every.inner_join(course.leaves.select("patient_id", "c1_date", "leave_date"), "patient_id")
    every = every.filter(every.date >= every.leave_date)
    daily = ranked_first(every, ["patient_id", "date"], [ibis.desc("rank"), "source_table", "source_row"])
    whole = ibis.window(group_by="patient_id")
    daily = daily.mutate(died_on=ibis.cases((daily.state == "dead", daily.date)).min().over(whole))
    daily = daily.filter(daily.died_on.isnull() | (daily.date <= daily.died_on))
    in_order = ibis.window(group_by="patient_id", order_by="date")
    daily = daily.mutate(was=daily.state.lag().over(in_order), was_rank=daily["rank"].lag().over(in_order))
    daily = daily.mutate(was_series=daily.series.lag().over(in_order))
    same_dose = (daily["rank"] == 0) & (daily.was_rank == 0) & (daily.series == daily.was_series)
    repeated = (daily.state != "next_line") & (daily.state == daily.was)
    kept = daily.filter(~(same_dose.fill_null(False) | repeated.fill_null(False)))
    return kept.mutate(turn=ibis.literal(2).cast("int64"))


def _later_doses(course: Course) -> ir.Table:
    """Doses after treatment was over, as begins of a line of radioligands, with the columns of events."""
    rows = course.doses.inner_join(course.leaves.select("patient_id", "leave_date", "by_count"), "patient_id")
    beyond = rows.by_count & (rows.series == 1)
    rows = rows.filter((rows.dose_date > rows.leave_date) & ~beyond)
    return with_rank(
        rows.select(
            "patient_id",
            "series",
            date="dose_date",
            state=ibis.literal("next_line"),
            detail="agent",
            source_table=ibis.literal(CYCLE_TABLE),
            source_row="dose_row",
            rule=ibis.literal("radioligand therapy begun again"),
        )
    ).mutate(rank=ibis.literal(0).cast("int64"))


def derive_courses(course: Course, states: ir.Table) -> ir.Table:
    """Rows of COURSES: how treatment ended, what followed first, and the state on the data cut."""
    leaves = course.leaves
    cut = ibis.date(course.basis.data_cut)
    given = course.doses.inner_join(leaves.select("patient_id", "leave_date"), "patient_id")
    given = given.filter((given.series == 1) & (given.leave_date.isnull() | (given.dose_date <= given.leave_date)))
    counted = given.group_by("patient_id").aggregate(n_doses=given.count(), last_dose_date=given.dose_date.max())
    last = states.filter(states.next_state.isnull()).select("patient_id", state_at_cut="state")
    followed = _followed(states)
    rows = leaves
    for table in (counted, last, followed):
        rows = attach(rows, table, ["patient_id"])
    over = ibis.coalesce(rows.leave_date, cut)
    stopped = rows.ended.isin(list(_STOP))
    rows = rows.mutate(
        end_date=rows.leave_date,
        on_treatment_days=over.delta(rows.c1_date, unit="day").cast("float64"),
        followed_by=ibis.cases((stopped, ibis.coalesce(rows.first_state, "none_recorded"))),
        **{
            name: ibis.cases((stopped, rows[f"first_{name}"]))
            for name in ("followed_date", "detail", "followed_table", "followed_row")
        },
    )
    return rows.select(*COURSES.by_name)


def _followed(states: ir.Table) -> ir.Table:
    """The state right after the stop."""
    second = ibis.window(group_by="patient_id", order_by="ordinal")
    after = states.mutate(before=states.state.lag().over(second))
    after = after.filter(after.before.isin(list(_STOP.values())))
    return after.select(
        "patient_id",
        first_state="state",
        first_followed_date="entry_date",
        first_detail="detail",
        first_followed_table="source_table",
        first_followed_row="source_row",
    )


def derive_course_transitions(states: ir.Table) -> ir.Table:
    """Rows of COURSE_TRANSITIONS: states of some length only; a state of no length is passed through.

    A model takes (from, to, entry, exit, status); the last state of each patient is censored at the data cut, and death
    is no state to leave.
    """
    long = states.filter((states.exit_day > states.entry_day) | (states.state == "dead"))
    order = ibis.window(group_by="patient_id", order_by="ordinal")
    rows = long.mutate(place=(ibis.row_number().over(order) + 1).cast("int64"), to_state=long.state.lead().over(order))
    rows = rows.filter(rows.state != "dead")
    columns: dict[str, Any] = {"ordinal": rows.place, "from_state": rows.state, "status": rows.to_state.notnull()}
    return rows.select(
        **{name: columns[name] if name in columns else rows[name] for name in COURSE_TRANSITIONS.by_name}
    )
