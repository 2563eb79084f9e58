"""Doses of radioligand therapy in series: a pause that is too long begins another one."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.protocol import CourseRules
from lutrace.tables import CYCLES

ORDER = ("dose_date", "dose_row")


def number_doses(cycles: ir.Table, rules: CourseRules) -> ir.Table:
    """Rows of CYCLES as `patient_id dose_date dose_row agent series dose pause`, one per day.

    `series` counts from 1 and rises where the dose before lies more than `longest_pause` days back; `dose` counts
    within the series. Two rows of one day are one dose, by the first row.
    """
    rows = cycles.filter(cycles.administered_date.notnull())
    rows = rows.group_by(["patient_id", "administered_date"]).aggregate(
        dose_row=rows.row_id.min(), agent=rows.agent.min()
    )
    rows = rows.rename(dose_date="administered_date")
    in_order = ibis.window(group_by="patient_id", order_by=list(ORDER))
    until = ibis.window(group_by="patient_id", order_by=list(ORDER), preceding=(None, 0))
    rows = rows.mutate(before=rows.dose_date.lag().over(in_order))
    rows = rows.mutate(pause=rows.dose_date.delta(rows.before, unit="day"))
    rows = rows.mutate(opens=ibis.ifelse((rows.pause > rules.longest_pause).fill_null(False), 1, 0))
    rows = rows.mutate(series=(rows.opens.sum().over(until) + 1).cast("int64"))
    within = ibis.window(group_by=["patient_id", "series"], order_by=list(ORDER))
    rows = rows.mutate(dose=(ibis.row_number().over(within) + 1).cast("int64"))
    return rows.select("patient_id", "dose_date", "dose_row", "agent", "series", "dose", "pause")


def first_doses(numbered: ir.Table) -> ir.Table:
    """`patient_id c1_date c1_row` of `number_doses`."""
    first = numbered.filter((numbered.series == 1) & (numbered.dose == 1))
    return first.select("patient_id", c1_date="dose_date", c1_row="dose_row")


CYCLE_TABLE = CYCLES.name
