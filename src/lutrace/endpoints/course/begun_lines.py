"""Begins of lines of therapy beside and after radioligands: the one place to take another derivation of lines."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.course.doses import CYCLE_TABLE, first_doses, number_doses
from lutrace.protocol import CourseRules
from lutrace.tables import CYCLES, TREATMENTS, Facts
from lutrace.terms import drugs

JOINT = " + "
_MIDDLE_DAYS = 14
COLUMNS = ("patient_id", "line_date", "line_end", "detail", "classes", "line_table", "line_row")


def begun_lines(facts: Facts, rules: CourseRules) -> ir.Table:
    """`patient_id line_date line_end detail classes line_table line_row`: a row per line begun, radioligands left out.

    Of TREATMENTS only drugs whose purpose in the vocabulary is `line` count: androgen deprivation, steroids, bone
    agents, operations and radiotherapy never do. Doses of one drug less than `longest_pause` apart are one treatment;
    treatments begun within `line_window` after one another are one line. A begin known to the month stands for the
    15th, one known to the year for 1 July; one without a date begins no line. `line_end` is empty when a drug's end is.
    """
    names = sorted(drug.name for drug in drugs() if drug.purpose == "line")
    given = facts.table(TREATMENTS)
    given = given.filter(given.agent.isin(names) & given.begin_date.notnull())
    given = given.mutate(
        begin=day_of(given, "begin_date"), end=ibis.cases((given.end_date.notnull(), day_of(given, "end_date")))
    )
    return _joined(_episodes(given, rules), rules)


def rechallenges(facts: Facts, rules: CourseRules) -> ir.Table:
    """The same columns: radioligand therapy begun again after more than `longest_pause`."""
    doses = number_doses(facts.table(CYCLES), rules)
    again = doses.filter((doses.series > 1) & (doses.dose == 1))
    return again.select(
        "patient_id",
        line_date="dose_date",
        line_end=ibis.null("date"),
        detail="agent",
        classes=ibis.literal("rlt"),
        line_table=ibis.literal(CYCLE_TABLE),
        line_row="dose_row",
    )


def every_line(facts: Facts, rules: CourseRules) -> ir.Table:
    """The same columns: all lines begun, radioligand therapy from its first dose on among them."""
    first = first_doses(number_doses(facts.table(CYCLES), rules))
    begun = first.select(
        "patient_id",
        line_date="c1_date",
        line_end=ibis.null("date"),
        detail=ibis.literal("radioligand therapy"),
        classes=ibis.literal("rlt"),
        line_table=ibis.literal(CYCLE_TABLE),
        line_row="c1_row",
    )
    return ibis.union(begun_lines(facts, rules), rechallenges(facts, rules), begun)


def day_of(rows: ir.Table, date: str) -> Any:
    """The day that stands for a date of known precision: a month for its 15th, a year for 1 July."""
    exactness = rows[f"{date}_precision"]
    month, year = rows[date].truncate("M").cast("date"), rows[date].truncate("Y").cast("date")
    return ibis.cases(
        (exactness == "month", (month + ibis.interval(days=_MIDDLE_DAYS)).cast("date")),
        (exactness == "year", (year + ibis.interval(months=6)).cast("date")),
        else_=rows[date],
    )


def _episodes(given: ir.Table, rules: CourseRules) -> ir.Table:
    """One row per drug and stretch of it without a pause that is too long."""
    order = [given.begin, given.row_id]
    earlier = ibis.window(group_by=["patient_id", "agent"], order_by=order, preceding=(None, 1))
    until = ibis.window(group_by=["patient_id", "agent"], order_by=["begin", "row_id"], preceding=(None, 0))
    given = given.mutate(reach=ibis.greatest(given.begin, ibis.coalesce(given.end, given.begin)).max().over(earlier))
    pause = given.begin.delta(given.reach, unit="day")
    given = given.mutate(opens=ibis.ifelse((pause > rules.longest_pause).fill_null(False), 1, 0))
    given = given.mutate(episode=given.opens.sum().over(until))
    first = ibis.row_number().over(
        ibis.window(group_by=["patient_id", "agent", "episode"], order_by=["begin", "row_id"])
    )
    given = given.mutate(place=first)
    return given.group_by(["patient_id", "agent", "episode"]).aggregate(
        begin=given.begin.min(),
        end=ibis.cases((ibis.ifelse(given.end.isnull(), 1, 0).max() == 0, given.end.max())),
        agent_class=given.agent_class.fill_null("other").min(),
        row=given.row_id.min(where=given.place == 0),
    )


def _joined(episodes: ir.Table, rules: CourseRules) -> ir.Table:
    """Episodes begun within the window after one another, as one line each."""
    order = ["begin", "agent"]
    in_order = ibis.window(group_by="patient_id", order_by=order)
    until = ibis.window(group_by="patient_id", order_by=order, preceding=(None, 0))
    rows = episodes.mutate(before=episodes.begin.lag().over(in_order))
    gap = rows.begin.delta(rows.before, unit="day")
    rows = rows.mutate(opens=ibis.ifelse((gap > rules.line_window).fill_null(False), 1, 0))
    rows = rows.mutate(line=rows.opens.sum().over(until))
    rows = rows.mutate(place=ibis.row_number().over(ibis.window(group_by=["patient_id", "line"], order_by=order)))
    return (
        rows.group_by(["patient_id", "line"])
        .aggregate(
            line_date=rows.begin.min(),
            line_end=ibis.cases((ibis.ifelse(rows.end.isnull(), 1, 0).max() == 0, rows.end.max())),
            detail=rows.agent.collect(distinct=True).sort().join(JOINT),
            classes=rows.agent_class.collect(distinct=True).sort().join(JOINT),
            line_row=rows.row.min(where=rows.place == 0),
        )
        .mutate(line_table=ibis.literal(TREATMENTS.name))
        .select(*COLUMNS)
    )
