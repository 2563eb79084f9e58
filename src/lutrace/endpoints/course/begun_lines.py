"""Begins of lines of therapy beside and after radioligands, read off the drugs of the lines of history."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.history.exposures import row_of, table_of
from lutrace.endpoints.history.lines import JOINT

_RLT = "rlt"
_DATE_LENGTH = 10
_LINE = ["patient_id", "line_number"]
COLUMNS = ("patient_id", "line_number", "line_date", "line_end", "detail", "classes", "line_table", "line_row")


def numbered_lines(agents: ir.Table) -> ir.Table:
    """COLUMNS of every line, radioligand therapy among them, from rows of LINE_AGENTS.

    `line_end` is empty when that of a drug is; `line_row` is the row of the first day; drugs carried over do not count.
    """
    return _summed(_begun(agents), _LINE).select(*COLUMNS)


def next_begins(agents: ir.Table) -> ir.Table:
    """COLUMNS and `by_rlt`, from rows of LINE_AGENTS: a row per begin that can follow another treatment.

    Every line is one. A drug that begins inside the combination window of radioligand therapy, but after its last dose,
    was not given with it: it begins a treatment of its own. `by_rlt` tells the lines that radioligands begin.
    """
    begun = _begun(agents)
    whole = ibis.window(group_by=_LINE)
    is_rlt = begun.agent_class == _RLT
    first = is_rlt & (begun.begin_date == begun.line_begin_date)
    begun = begun.mutate(
        by_rlt=ibis.ifelse(first, 1, 0).max().over(whole) == 1,
        last_dose=ibis.cases((is_rlt, begun.end_date)).max().over(whole),
    )
    late = begun.by_rlt & (begun.agent_class != _RLT) & (begun.begin_date > begun.last_dose).fill_null(False)
    begun = begun.mutate(own=ibis.ifelse(late, 1, 0), by_rlt=begun.by_rlt & ~late)
    return _summed(begun, [*_LINE, "own", "by_rlt"]).select(*COLUMNS, "by_rlt")


def _begun(agents: ir.Table) -> ir.Table:
    begun = agents.filter(agents.role != "carried")
    return begun.mutate(key=begun.begin_date.cast("string").left(_DATE_LENGTH) + begun.first_evidence)


def _summed(begun: ir.Table, by: list[str]) -> ir.Table:
    rows = begun.group_by(by).aggregate(
        line_date=begun.begin_date.min(),
        line_end=ibis.cases((ibis.ifelse(begun.end_date.isnull(), 1, 0).max() == 0, begun.end_date.max())),
        detail=begun.agent.collect(distinct=True).sort().join(JOINT),
        classes=begun.agent_class.collect(distinct=True).sort().join(JOINT),
        key=begun.key.min(),
    )
    evidence = rows.key.substr(_DATE_LENGTH)
    return rows.mutate(line_table=table_of(evidence), line_row=row_of(evidence))
