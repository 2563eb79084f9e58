"""Time to the next line-defining therapy."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.endpoints.course.begun_lines import next_begins
from lutrace.endpoints.history.lines import derive_line_agents
from lutrace.endpoints.vital_status import vital_status
from lutrace.protocol import TimeToNextTreatment

EARLY_EVENT = "event on or before the landmark"
EARLY_END = "follow-up ends before the landmark"
NO_SIGN = "no sign of life"


def first_next_treatment(agents: ir.Table, clock: ir.Table, *, keys: Sequence[str] = ("patient_id",)) -> ir.Table:
    """`patient_id next_date next_table next_row next_detail`: the first line begun after `clock_date` of `clock`.

    `agents` are rows of LINE_AGENTS. A line of that day is none. Radioligand therapy is one by its first dose, and
    again after a long pause. `keys` of `clock` name its rows where a patient has several.
    """
    every = next_begins(agents).inner_join(clock, "patient_id")
    after = every.filter(every.line_date > every.clock_date)
    first = ranked_first(after, keys, ["line_date", "line_table", "line_row"])
    return first.select(
        *keys, next_date="line_date", next_table="line_table", next_row="line_row", next_detail="detail"
    )


def derive_next_treatment(basis: Basis, outcome: TimeToNextTreatment) -> ir.Table:
    """Days from the landmark to the next line of therapy, or to death, as rows of ENDPOINT_VALUES.

    A line and a death on one day: death. Where death competes, such a patient is censored there with category `death`.
    """
    zero = basis.time_zero()
    clock = zero.select("patient_id", clock_date="c1_date").distinct()
    rules = basis.protocol.history.lines.model_copy(update={"rlt_gap": outcome.rules.longest_pause})
    agents = derive_line_agents(basis.facts, rules, basis.data_cut)
    following = first_next_treatment(agents, clock)
    rows = attach(zero, following, ["patient_id"])
    rows = attach(rows, vital_status(basis, censor_at=outcome.censor_at), ["patient_id"])
    return finish(evaluate_next(rows, deaths_count=outcome.death == "event"), endpoint=outcome.name, rule="")


def evaluate_next(rows: ir.Table, *, deaths_count: bool) -> ir.Table:
    """`date event category source_table source_row rule reason` from index, next line and vital status.

    Who has no sign of life on or after the next line is followed up to that line.
    """
    died = rows.died.fill_null(False)
    by_death = died & (rows.next_date >= rows.status_date).fill_null(True)
    by_line = rows.next_date.notnull() & ~by_death
    rows = rows.mutate(by_death=by_death, by_line=by_line)
    happened = rows.by_line | (rows.by_death & ibis.literal(deaths_count))
    date = ibis.cases((rows.by_line, rows.next_date), else_=rows.status_date)
    rows = rows.mutate(happened=happened, date=date)
    reason = ibis.cases(
        (rows.date.isnull(), NO_SIGN),
        ((rows.by_line | rows.by_death) & (rows.date <= rows.index_date), EARLY_EVENT),
        (rows.date < rows.index_date, EARLY_END),
    )
    only_line = rows.by_line
    return rows.mutate(
        reason=reason,
        event=ibis.cases((reason.isnull(), rows.happened)),
        category=ibis.cases(
            (reason.notnull(), "left_out"), (only_line, "next_line"), (rows.by_death, "death"), else_="censored"
        ),
        source_table=ibis.cases((only_line, rows.next_table), else_=rows.status_table),
        source_row=ibis.cases((only_line, rows.next_row), else_=rows.status_row),
        rule=ibis.cases(
            (only_line, "first line-defining therapy after the first dose"),
            (rows.by_death & ibis.literal(not deaths_count), "death without a next line: a competing event"),
            else_=rows.status_rule,
        ),
    )
