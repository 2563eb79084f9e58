"""What can change the state of a patient, dated, each with its evidence; and how treatment ended."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, ranked_first
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.endpoints.course.begun_lines import next_begins
from lutrace.endpoints.course.doses import CYCLE_TABLE
from lutrace.endpoints.vital_status import known_deaths
from lutrace.tables import FOLLOW_UP, without

RANK = {"dose": 0, "lost": 1, "break": 2, "no_therapy": 3, "next_line": 4, "hospice": 5, "dead": 6}
"""Of several events of one day the highest stands: death before hospice before begin of a line before a dose."""
COLUMNS = ("patient_id", "date", "state", "detail", "source_table", "source_row", "rule")
_RULES = {
    "next_line": "begin of a line of therapy",
    "hospice": "hospice or best supportive care on record",
    "break": "treatment break on record",
    "no_therapy": "no further therapy, on record",
    "lost": "lost to follow-up, on record",
}


def list_ends(basis: CourseBasis, doses: ir.Table, statements: ir.Table) -> ir.Table:
    """`patient_id date ended source_table source_row rule precedence`: what ends treatment by itself, first come first.

    A documented reason; the planned number of doses; a pause without a dose and without a record. A documented reason
    of the day of the last planned dose stands before the number.
    """
    said = statements.select(
        "patient_id",
        "date",
        "source_table",
        "source_row",
        "precedence",
        ended="meaning",
        rule=ibis.literal("reason on record"),
    )
    planned = doses.filter((doses.series == 1) & (doses.dose == basis.rules.planned_cycles))
    counted = _by_dose(planned, "dose_date", "completed", 10, f"planned {basis.rules.planned_cycles} doses given")
    order = ibis.window(group_by=["patient_id", "series"], order_by="dose")
    last = doses.mutate(following=doses.dose_date.lead().over(order))
    last = last.filter((last.series == 1) & last.following.isnull())
    days = int(basis.rules.longest_pause)
    last = last.mutate(over=(last.dose_date + ibis.interval(days=days)).cast("date"))
    words = f"no dose for {days} days and no reason on record"
    lapsed = _by_dose(last, "over", "not_recorded", 20, words)
    names = ("patient_id", "date", "ended", "source_table", "source_row", "rule", "precedence")
    every = ibis.union(*[part.select(*names) for part in (said, counted, lapsed)])
    return basis.known(every, "date")


def _by_dose(rows: ir.Table, date: str, ended: str, precedence: int, words: str) -> ir.Table:
    return rows.select(
        "patient_id",
        date=rows[date],
        ended=ibis.literal(ended),
        source_table=ibis.literal(CYCLE_TABLE),
        source_row="dose_row",
        rule=ibis.literal(words),
        precedence=ibis.literal(precedence).cast("int64"),
    )


def list_events(basis: CourseBasis, first: ir.Table, statements: ir.Table) -> ir.Table:
    """COLUMNS and `rank`: next lines, hospice, break, no further therapy, lost and death, after the first dose.

    `first` is `patient_id c1_date`. A death of the day of the first dose counts; a line begun on that day is of before.
    """
    lines = next_begins(basis.line_agents)
    lines = lines.filter(~lines.by_rlt)
    lost = basis.facts.table(FOLLOW_UP)
    lost = lost.filter((lost.status == "lost") & lost.date.notnull())
    dead = known_deaths(basis, basis.death_dates)
    said = statements.filter(statements.meaning.isin(["hospice", "break", "no_therapy", "lost"]))
    no_detail = ibis.null("string")
    parts = [
        _events(lines, "line_date", "next_line", lines.detail, lines.line_table, lines.line_row),
        _events(lost, "date", "lost", no_detail, ibis.literal(FOLLOW_UP.name), lost.row_id),
        _events(said, "date", said.meaning, no_detail, said.source_table, said.source_row),
        _events(dead, "death_date", "dead", no_detail, dead.source_table, dead.source_row, words=dead.rule),
    ]
    every = ibis.union(*[part.select(*COLUMNS) for part in parts])
    every = basis.known(every, "date").inner_join(first, "patient_id")
    is_after = (every.date > every.c1_date) | ((every.state == "dead") & (every.date >= every.c1_date))
    return with_rank(without(every.filter(is_after), "c1_date"))


def with_rank(events: ir.Table) -> ir.Table:
    """The events with their rank on a day."""
    ranks = ((events.state == name, ibis.literal(rank).cast("int64")) for name, rank in RANK.items())
    return events.mutate(rank=ibis.cases(*ranks, else_=ibis.literal(0).cast("int64")))


def _events(rows: ir.Table, date: str, state: Any, detail: Any, table: Any, row: Any, *, words: Any = None) -> ir.Table:
    name = ibis.literal(state) if isinstance(state, str) else state
    if words is None:
        words = ibis.cases(*((name == one, text) for one, text in _RULES.items()), else_=ibis.null("string"))
    return rows.select(
        "patient_id", date=rows[date], state=name, detail=detail, source_table=table, source_row=row, rule=words
    )


def find_leaves(basis: CourseBasis, first: ir.Table, ends: ir.Table, events: ir.Table) -> ir.Table:
    """One row per treated patient: `patient_id c1_date c1_row ended documented leave_date end_table end_row end_rule`.

    Treatment is over at the first of: a reason on record, the planned number of doses, a long pause, the begin of
    another line, hospice, break, loss, death. Who begins another line or goes to a hospice without a reason on record
    has stopped with the reason not recorded; a reason of the same day or earlier stands. Nothing of these: ongoing.
    """
    begin = ends.inner_join(first.select("patient_id", "c1_date"), "patient_id")
    end = ranked_first(begin.filter(begin.date >= begin.c1_date), ["patient_id"], ["date", "precedence", "source_row"])
    end = end.select(
        "patient_id",
        "ended",
        "precedence",
        end_date="date",
        end_table="source_table",
        end_row="source_row",
        end_rule="rule",
    )
    next_ = ranked_first(events, ["patient_id"], ["date", ibis.desc("rank"), "source_table", "source_row"])
    next_ = next_.select(
        "patient_id",
        next_state="state",
        next_date="date",
        next_table="source_table",
        next_row="source_row",
        next_rule="rule",
    )
    rows = attach(attach(first, end, ["patient_id"]), next_, ["patient_id"])
    by_end = rows.end_date.notnull() & (rows.next_date.isnull() | (rows.end_date <= rows.next_date))
    by_next = rows.next_date.notnull() & ~by_end
    rows = rows.mutate(by_end=by_end, by_next=by_next)
    return rows.select(
        "patient_id",
        "c1_date",
        "c1_row",
        ended=ibis.cases(
            (rows.by_end, rows.ended),
            (rows.by_next & (rows.next_state == "dead"), "death"),
            (rows.by_next & (rows.next_state == "lost"), "lost"),
            (rows.by_next, "not_recorded"),
            else_="ongoing",
        ),
        documented=(rows.by_end & (rows.precedence < 10)).fill_null(False)
        | (rows.by_next & rows.next_state.isin(["dead", "lost"])).fill_null(False),
        leave_date=ibis.cases((rows.by_end, rows.end_date), (rows.by_next, rows.next_date)),
        end_table=ibis.cases((rows.by_end, rows.end_table), (rows.by_next, rows.next_table)),
        end_row=ibis.cases((rows.by_end, rows.end_row), (rows.by_next, rows.next_row)),
        end_rule=ibis.cases(
            (rows.by_end, rows.end_rule),
            (rows.by_next & rows.next_state.isin(["dead", "lost"]), ibis.literal("on treatment; ") + rows.next_rule),
            (rows.by_next, rows.next_rule + ibis.literal(" without a reason for stopping on record")),
            else_="on treatment on the data cut",
        ),
        by_count=(rows.by_end & (rows.precedence == 10)).fill_null(False),
    )
