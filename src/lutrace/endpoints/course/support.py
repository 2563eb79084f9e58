"""Transfusions and growth factors of each line: kinds apart, and any of them."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import ranked_first
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.tables import COURSE_SUPPORT, SUPPORT


def derive_course_support(basis: CourseBasis, states: ir.Table) -> ir.Table:
    """Rows of COURSE_SUPPORT: support from the first dose (line 0) or the begin of a next line to the one after.

    Support of the day on which a line begins belongs to that line; support before the first dose to none.
    """
    begins = states.filter((states.state == "next_line") | (states.state == "on_treatment"))
    begins = begins.select("patient_id", line=ibis.coalesce(begins.line, 0).cast("int64"), begin="entry_date")
    order = ibis.window(group_by="patient_id", order_by="line")
    spans = begins.mutate(until=begins.begin.lead().over(order))
    given = basis.known(basis.facts.table(SUPPORT), "date").inner_join(spans, "patient_id")
    given = given.filter((given.date >= given.begin) & (given.until.isnull() | (given.date < given.until)))
    names = ["patient_id", "line", "kind", "date", "row_id"]
    every = given.select(*names).union(given.mutate(kind=ibis.literal("any")).select(*names))
    keys = ["patient_id", "line", "kind"]
    first = ranked_first(every, keys, ["date", "row_id"]).select(*keys, first_date="date", first_row="row_id")
    counted = every.group_by(keys).aggregate(n=every.count())
    return counted.inner_join(first, keys).select(*COURSE_SUPPORT.by_name)
