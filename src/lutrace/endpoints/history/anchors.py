"""The begin of the line that each episode belongs to: the first drug of a line opens a window of combination."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.tables import without

ROUNDS = 8
"""Lines that can begin within one chain of episodes without a pause longer than the window."""
_CHAIN = ["patient_id", "chain"]


def anchor_lines(agents: ir.Table, window_days: float) -> ir.Table:
    """The drugs of episodes with `line_begin`, the begin of the first episode of their line, and `line_number`.

    An episode that begins at most `window_days` after it belongs to the line, unless an earlier one of the line is of
    the same class and the class is exclusive: then it is a switch. Episodes that follow one another by more than the
    window never share a line, so lines are counted off inside such chains only, with one window function for each.
    """
    rows = _chained(agents, window_days)
    whole = ibis.window(group_by=_CHAIN)
    rows = rows.mutate(anchor=rows.episode_begin.min().over(whole))
    rows = rows.mutate(line_begin="anchor")
    for _ in range(ROUNDS):
        beyond = rows.episode_begin.delta(rows.anchor, unit="day") > window_days
        switched = (rows.same_class_begin >= rows.anchor) & (rows.same_class_begin < rows.episode_begin)
        next_one = ibis.cases((beyond | switched.fill_null(False), rows.episode_begin)).min().over(whole)
        rows = rows.mutate(anchor=ibis.coalesce(next_one, rows.anchor))
        rows = rows.mutate(
            line_begin=ibis.cases((rows.anchor <= rows.episode_begin, rows.anchor), else_=rows.line_begin)
        )
    rows = without(rows, "anchor", "chain", "same_class_begin", "exclusive")
    order = ibis.window(group_by="patient_id", order_by="line_begin")
    return rows.mutate(line_number=(ibis.dense_rank().over(order) + 1).cast("int64"))


def _chained(agents: ir.Table, window_days: float) -> ir.Table:
    """`chain`, cut where nothing begins for longer than the window; the latest begin of the same exclusive class."""
    order = ["episode_begin", "agent_group", "episode", "agent"]
    by_patient = ibis.window(group_by="patient_id", order_by=order)
    pause = agents.episode_begin.delta(agents.episode_begin.lag().over(by_patient), unit="day")
    rows = agents.mutate(cut=ibis.ifelse((pause > window_days).fill_null(True), 1, 0))
    until = ibis.window(
        group_by="patient_id",
        order_by=order,
        preceding=(None, 0),
    )
    rows = without(rows.mutate(chain=rows.cut.sum().over(until)), "cut")
    earlier = ibis.window(
        group_by=["patient_id", "agent_class"],
        order_by=order,
        preceding=(None, 1),
    )
    return rows.mutate(same_class_begin=ibis.cases((rows.exclusive == 1, rows.episode_begin)).max().over(earlier))
