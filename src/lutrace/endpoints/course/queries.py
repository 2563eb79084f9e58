"""What is missing or contradictory in a course, row by row, for the centre to look at."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.course.begun_lines import next_begins
from lutrace.endpoints.course.doses import CYCLE_TABLE
from lutrace.endpoints.course.states import Course
from lutrace.endpoints.disposition_codes import mean_own_word, with_meaning
from lutrace.endpoints.vital_status import known_deaths
from lutrace.tables import COURSE_QUERIES, DISPOSITIONS, TREATMENTS

_ASK = "ask the treating physician; record the reason in dispositions"
_DATES = "correct one of the dates at its source"


def derive_course_queries(course: Course) -> ir.Table:
    """Rows of COURSE_QUERIES of the treated, in no order."""
    parts = [
        _reasons(course),
        _second_reasons(course),
        _early_reasons(course),
        _later_doses(course),
        *_lines(course),
        *_deaths(course),
        *_codes(course),
    ]
    every = ibis.union(*parts)
    treated = course.first.select("patient_id")
    return every.inner_join(treated, "patient_id").select(*COURSE_QUERIES.by_name).distinct()


def _query(rows: ir.Table, query: str, remedy: str, *, date: Any, table: Any, row: Any, found: Any) -> ir.Table:
    return rows.select(
        "patient_id",
        query=ibis.literal(query),
        date=date,
        source_table=ibis.literal(table) if isinstance(table, str) else table,
        source_row=row,
        found=ibis.literal(found) if isinstance(found, str) else found,
        remedy=ibis.literal(remedy),
    )


def _reasons(course: Course) -> ir.Table:
    rows = course.leaves.filter(course.leaves.ended == "not_recorded")
    return _query(
        rows,
        "missing_stop_reason",
        _ASK,
        date=rows.leave_date,
        table=rows.end_table,
        row=rows.end_row,
        found=ibis.literal("treatment stopped, reason not recorded: ") + rows.end_rule,
    )


def _second_reasons(course: Course) -> ir.Table:
    """A reason that is not the one by which treatment ended."""
    said = course.statements.filter(
        course.statements.meaning.isin(["completed", "progression", "toxicity", "decision", "other"])
    )
    rows = said.inner_join(course.leaves.select("patient_id", "c1_date", "leave_date", "ended"), "patient_id")
    rows = rows.filter((rows.date >= rows.c1_date) & (rows.meaning != rows.ended))
    words = ibis.literal("reason ") + rows.meaning + ", but treatment counts as ended by " + rows.ended
    return _query(
        rows,
        "second_stop_reason",
        "say which of the two ended treatment, and when",
        date=rows.date,
        table=rows.source_table,
        row=rows.source_row,
        found=words,
    )


def _early_reasons(course: Course) -> ir.Table:
    rows = course.statements.inner_join(course.first, "patient_id")
    rows = rows.filter(rows.date < rows.c1_date)
    return _query(
        rows,
        "stop_before_first_dose",
        _DATES,
        date=rows.date,
        table=rows.source_table,
        row=rows.source_row,
        found=ibis.literal("before the first dose: ") + rows.meaning,
    )


def _later_doses(course: Course) -> ir.Table:
    rows = course.doses.inner_join(course.leaves.select("patient_id", "leave_date", "by_count", "ended"), "patient_id")
    rows = rows.filter((rows.dose_date > rows.leave_date) & (rows.series == 1))
    words = ibis.cases((rows.by_count, "dose beyond the planned number"), else_="dose after treatment was over")
    return _query(
        rows,
        "dose_after_stop",
        "correct the stop or the dose; else it counts as a line of its own",
        date=rows.dose_date,
        table=CYCLE_TABLE,
        row=rows.dose_row,
        found=words,
    )


def _lines(course: Course) -> list[ir.Table]:
    basis = course.basis
    lines = next_begins(basis.line_agents)
    lines = lines.filter(~lines.by_rlt)
    order = ibis.window(group_by="patient_id", order_by=["line_date", "line_row"])
    lines = lines.mutate(following=lines.line_date.lead().over(order))
    overlap = lines.filter(lines.following < lines.line_end)
    given = course.doses.filter(course.doses.series == 1)
    last = given.group_by("patient_id").aggregate(last_dose=given.dose_date.max())
    early = lines.inner_join(last, "patient_id").inner_join(course.first, "patient_id")
    early = early.filter((early.line_date > early.c1_date) & (early.line_date < early.last_dose))
    return [
        _query(
            overlap,
            "overlapping_lines",
            "correct the end of the line or the begin of the next",
            date=overlap.line_date,
            table=overlap.line_table,
            row=overlap.line_row,
            found="the line ends after the next one begins",
        ),
        _query(
            early,
            "line_before_last_dose",
            "correct one of the dates; a line begun during treatment ends it here",
            date=early.line_date,
            table=early.line_table,
            row=early.line_row,
            found="the next line begins before the last dose",
        ),
    ]


def _deaths(course: Course) -> list[ir.Table]:
    basis = course.basis
    dead = known_deaths(basis, basis.death_dates)
    late = dead.filter(dead.flagged)
    events = course.events.inner_join(dead.select("patient_id", "death_date"), "patient_id")
    events = events.filter(events.date > events.death_date)
    series = basis.facts.table(TREATMENTS)
    told = series.filter((series.agent_class == "rlt") & (mean_own_word(series.stop_reason) == "death"))
    told = told.anti_join(dead, "patient_id")
    return [
        _query(
            late,
            "death_before_last_visit",
            _DATES,
            date=late.death_date,
            table=late.source_table,
            row=late.source_row,
            found="a sign of life is later than the death",
        ),
        _query(
            events,
            "event_after_death",
            _DATES,
            date=events.date,
            table=events.source_table,
            row=events.source_row,
            found=ibis.literal("after the death: ") + events.state,
        ),
        _query(
            told,
            "death_without_date",
            "record the day of death in follow_up; until then the patient counts as alive",
            date=told.end_date,
            table=TREATMENTS.name,
            row=told.row_id,
            found="treatment ended by death, and no death is on record",
        ),
    ]


def _codes(course: Course) -> list[ir.Table]:
    rows = with_meaning(course.basis.facts.table(DISPOSITIONS))
    unknown = rows.filter(rows.meaning.isnull())
    undated = rows.filter((rows.meaning == "death") & rows.date.isnull())
    return [
        _query(
            unknown,
            "code_not_counted",
            "see docs/methods/course-and-survival.md for the codes that count",
            date=unknown.date,
            table=DISPOSITIONS.name,
            row=unknown.row_id,
            found="a code without a meaning here, or one that is refused",
        ),
        _query(
            undated,
            "death_without_date",
            "record the day of death in follow_up; until then the patient counts as alive",
            date=undated.date,
            table=DISPOSITIONS.name,
            row=undated.row_id,
            found="a death without a day",
        ),
    ]
