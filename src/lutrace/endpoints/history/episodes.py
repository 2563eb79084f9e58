"""Episodes: unbroken runs of one treatment (a drug, or drugs that replace each other), by gaps and islands."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.history.exposures import FAR
from lutrace.tables import without

GROUP = ["patient_id", "agent_group"]
_DATE_LENGTH = 10
_PASSES = 2
"""How often breaks by another line are looked for: two see a line that returns twice."""


def mark_episodes(exposures: ir.Table) -> ir.Table:
    """The exposures with `episode` (from 1, by patient and agent group) and `starts`, true for its first.

    An exposure starts an episode when it begins more than `gap_days` after the treatment's latest end so far, or more
    than its class's longest interval after it when the episode of another treatment started in between.
    """
    rows = _with_previous_end(exposures)
    pause = rows.begin.delta(rows.previous_end, unit="day")
    rows = rows.mutate(starts=rows.previous_end.isnull() | (pause > rows.gap_days), pause=pause)
    for _ in range(_PASSES):
        rows = _break_at_others(rows)
    within = ibis.window(group_by=GROUP, order_by=_order(rows), preceding=(None, 0))
    rows = rows.mutate(episode=ibis.ifelse(rows.starts, 1, 0).sum().over(within))
    return without(rows, "previous_end", "pause")


def _order(rows: ir.Table) -> list[Any]:
    return [rows.begin, rows.end, rows.agent, rows.source_table, rows.source_row]


def _with_previous_end(rows: ir.Table) -> ir.Table:
    """`previous_end`: the latest end of the same treatment before; an open end is the begin, or goes on until another
    treatment begins.
    """
    by_patient = ibis.window(group_by="patient_id", order_by=[rows.begin, rows.agent_group, *_order(rows)[1:]])
    before = rows.agent_group.lag().over(by_patient)
    rows = rows.mutate(other_begin=ibis.cases(((before != rows.agent_group).fill_null(True), rows.begin)))
    later = ibis.window(
        group_by="patient_id", order_by=[rows.begin, rows.agent_group, *_order(rows)[1:]], following=(1, None)
    )
    rows = rows.mutate(other_begin=rows.other_begin.min().over(later))
    until = ibis.cases(
        (rows.end.notnull(), rows.end),
        (rows.ongoing, ibis.coalesce(rows.other_begin, ibis.date(FAR))),
        else_=rows.begin,
    )
    rows = rows.mutate(until=until)
    earlier = ibis.window(group_by=GROUP, order_by=_order(rows), preceding=(None, 1))
    return without(rows.mutate(previous_end=rows.until.max().over(earlier)), "other_begin", "until")


def _break_at_others(rows: ir.Table) -> ir.Table:
    """`starts`, also where the episode of another treatment started since the latest end of this one."""
    rows = rows.mutate(rank=ibis.ifelse(rows.starts, 0, 1), started=ibis.cases((rows.starts, rows.begin)))
    until = ibis.window(
        group_by="patient_id",
        order_by=[rows.begin, rows.rank, rows.agent_group, *_order(rows)[1:]],
        preceding=(None, 0),
    )
    rows = rows.mutate(latest=rows.started.max().over(until))
    between = (rows.latest > rows.previous_end) & (rows.pause > rows.interval_days)
    rows = rows.mutate(starts=rows.starts | between.fill_null(False))
    return without(rows, "rank", "started", "latest")


def list_episode_agents(marked: ir.Table) -> ir.Table:
    """One row per drug of each episode: its days, its doses when each record is one, its source rows.

    Columns: `patient_id agent_group agent_class exclusive episode episode_begin agent begin_date begin_precision
    end_date n_doses evidence first_evidence`, the last of its first day, as is the precision (the most exact of that
    day). `end_date` is empty when that of a record is; so is `n_doses` when one is a period.
    """
    evidence = marked.source_table + ibis.literal(":") + marked.source_row
    day = marked.begin.cast("string").left(_DATE_LENGTH)
    rows = marked.group_by([*GROUP, "episode", "agent"]).aggregate(
        agent_class=marked.agent_class.min(),
        exclusive=marked.exclusive.max(),
        begin_date=marked.begin.min(),
        last_end=marked.end.max(),
        n_open=ibis.ifelse(marked.end.isnull(), 1, 0).sum(),
        n_days=marked.begin.nunique(),
        n_periods=ibis.ifelse(marked.single, 0, 1).sum(),
        evidence=evidence.collect(distinct=True).sort().join(" "),
        first=(day + evidence).min(),
        exactness=(day + marked.begin_precision).min(),
    )
    whole = ibis.window(group_by=[*GROUP, "episode"])
    return rows.select(
        *GROUP,
        "episode",
        "agent",
        "agent_class",
        "exclusive",
        "begin_date",
        "evidence",
        begin_precision=rows.exactness.substr(_DATE_LENGTH),
        first_evidence=rows.first.substr(_DATE_LENGTH),
        episode_begin=rows.begin_date.min().over(whole),
        end_date=ibis.cases((rows.n_open == 0, rows.last_end)),
        n_doses=ibis.cases((rows.n_periods == 0, rows.n_days.cast("int64"))),
    )
