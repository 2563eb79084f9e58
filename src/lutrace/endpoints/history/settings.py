"""The setting of each line: before or after mCRPC and metastases, as far as the dates are known."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach
from lutrace.endpoints.history.exposures import row_of, table_of
from lutrace.endpoints.history.partial_dates import bounds_of_later, first_day_of, last_day_of
from lutrace.protocol import LineRules

_BOUNDS = ("mcrpc_from", "mcrpc_until", "metastatic_from", "metastatic_until")
ASSUMED = "in the month or year of mCRPC or metastases, order assumed"
"""The query about a line whose setting is assumed."""


def settle_lines(lines: ir.Table, mcrpc: ir.Table | None, rules: LineRules) -> ir.Table:
    """The lines (`first_begin` and `last_begin`: the days that a begin can mean) with `setting`, `setting_assumed` and
    `mcrpc_line_number`.

    A line is before mCRPC (or before metastases) only when no day that its begin can mean reaches a day that the date
    can mean. Where days of both overlap the order is not known: the line counts as not before, and this is said to be
    assumed. What the dates of the lines around it rule out is no such day: lines begin in their order.
    """
    if mcrpc is None:
        rows = lines.mutate(**dict.fromkeys(_BOUNDS, ibis.null("date")))
    else:
        rows = attach(lines, _bounded(mcrpc), ["patient_id"])
    until = ibis.window(group_by="patient_id", order_by="line_number", preceding=(None, 0))
    onwards = ibis.window(group_by="patient_id", order_by="line_number", following=(0, None))
    rows = rows.mutate(first_begin=rows.first_begin.max().over(until), last_begin=rows.last_begin.min().over(onwards))
    rows = rows.mutate(
        setting=ibis.cases(
            (rows.mcrpc_from.isnull(), "unknown"),
            (rows.mcrpc_from.delta(rows.last_begin, unit="day") <= rules.before_mcrpc, "mcrpc"),
            (rows.metastatic_from <= rows.last_begin, "mhspc"),
            else_="before_metastasis",
        )
    )
    assumed = ibis.cases(
        (rows.setting == "mcrpc", rows.mcrpc_until.delta(rows.first_begin, unit="day") > rules.before_mcrpc),
        (rows.setting == "mhspc", rows.metastatic_until > rows.first_begin),
        (rows.setting == "before_metastasis", False),
    )
    number = ibis.ifelse(rows.setting == "mcrpc", 1, 0).sum().over(until).cast("int64")
    return rows.mutate(setting_assumed=assumed, mcrpc_line_number=ibis.cases((rows.setting == "mcrpc", number)))


def _bounded(mcrpc: ir.Table) -> ir.Table:
    """`patient_id` and the first and last day that mCRPC and metastases can be."""
    metastatic = mcrpc.metastatic_date, mcrpc.metastatic_precision
    first, last = bounds_of_later((mcrpc.crpc_date, mcrpc.crpc_precision), metastatic)
    days = (first, last, first_day_of(*metastatic), last_day_of(*metastatic))
    return mcrpc.select("patient_id", **dict(zip(_BOUNDS, days, strict=True)))


def find_setting_queries(agents: ir.Table, lines: ir.Table) -> ir.Table:
    """Rows of LINE_QUERIES: the first record of each line (rows of LINE_AGENTS, LINES) whose setting is assumed."""
    asked = lines.filter(lines.setting_assumed.fill_null(False)).select("patient_id", "line_number")
    opening = agents.filter((agents.role == "begun") & (agents.begin_date == agents.line_begin_date))
    opening = opening.group_by(["patient_id", "line_number"]).aggregate(evidence=opening.first_evidence.min())
    rows = asked.inner_join(opening, ["patient_id", "line_number"])
    return rows.select(
        "patient_id",
        query=ibis.literal(ASSUMED),
        source_table=table_of(rows.evidence),
        source_row=row_of(rows.evidence),
    )
