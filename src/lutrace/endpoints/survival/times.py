"""Survival, next treatment and time on treatment from any index date, under each rule of censoring side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach
from lutrace.endpoints.course.basis import CourseBasis
from lutrace.endpoints.course.states import build_course
from lutrace.endpoints.survival.index_dates import derive_index_dates
from lutrace.endpoints.survival.next_treatment import (
    EARLY_END,
    EARLY_EVENT,
    NO_SIGN,
    evaluate_next,
    first_next_treatment,
)
from lutrace.endpoints.vital_status import vital_status
from lutrace.protocol import CensorRule, IndexDate
from lutrace.tables import SURVIVAL_TIMES, without

TimedEndpoint = Literal["os", "ttnt", "time_on_treatment"]
CENSOR_RULES: tuple[CensorRule, ...] = ("last_activity", "data_cut", "earlier")
NO_ENTRY = "no entry event"
LATE_ENTRY = "at risk only from the end of follow-up on"
_KEYS = ("patient_id", "ordinal")


def derive_survival_times(
    basis: CourseBasis,
    index: IndexDate,
    *,
    endpoints: Sequence[TimedEndpoint] = ("os",),
    censor_rules: Sequence[CensorRule] = CENSOR_RULES,
) -> ir.Table:
    """Rows of SURVIVAL_TIMES: each index date, endpoint and rule of censoring; days from the index to the end.

    Not evaluable, with the reason: an event on or before the index (with a landmark: on or before the landmark), an end
    of follow-up before it, an entry at or after the end of follow-up. No time is negative. A hospice ends nothing.
    """
    dates = basis.keep(("index_dates", index), lambda: derive_index_dates(basis, index))
    parts = []
    for censor_rule in censor_rules:
        known = vital_status(basis, basis.death_dates, censor_at=censor_rule)
        rows = attach(dates, known, ["patient_id"])
        parts += [_told(_ENDPOINTS[name](basis, rows), index, name, censor_rule) for name in endpoints]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _survival(_: CourseBasis, rows: ir.Table) -> ir.Table:
    died = rows.died.fill_null(False)
    return rows.mutate(
        date=rows.status_date,
        event=died,
        category=ibis.cases((died, "death"), else_="censored"),
        source_table=rows.status_table,
        source_row=rows.status_row,
        rule=rows.status_rule,
    )


def _next_treatment(basis: CourseBasis, rows: ir.Table) -> ir.Table:
    clock = rows.select(*_KEYS, clock_date="base_date")
    following = first_next_treatment(basis.line_agents, clock, keys=_KEYS)
    rows = evaluate_next(attach(rows, following, _KEYS), deaths_count=True)
    rows = rows.mutate(
        event=rows.happened,
        category=ibis.cases((rows.by_line, "next_line"), (rows.by_death, "death"), else_="censored"),
    )
    return without(rows, "reason")


def _on_treatment(basis: CourseBasis, rows: ir.Table) -> ir.Table:
    leaves = build_course(basis).leaves
    rows = attach(rows, leaves.select("patient_id", "leave_date", "end_table", "end_row", "end_rule"), ["patient_id"])
    over = rows.leave_date.notnull()
    return rows.mutate(
        date=ibis.cases((over, rows.leave_date), else_=rows.status_date),
        event=over,
        category=ibis.cases((over, "end_of_treatment"), else_="censored"),
        source_table=ibis.cases((over, rows.end_table), else_=rows.status_table),
        source_row=ibis.cases((over, rows.end_row), else_=rows.status_row),
        rule=ibis.cases((over, rows.end_rule), else_=rows.status_rule),
    )


_ENDPOINTS: dict[str, Any] = {"os": _survival, "ttnt": _next_treatment, "time_on_treatment": _on_treatment}


def _told(rows: ir.Table, index: IndexDate, endpoint: str, censor_rule: str) -> ir.Table:
    """The columns of SURVIVAL_TIMES, with the reason why a row is not evaluable."""
    reason = ibis.cases(
        (rows.date.isnull(), NO_SIGN),
        (rows.event & (rows.date <= rows.index_date), EARLY_EVENT),
        (rows.date < rows.index_date, EARLY_END),
        (rows.entry_date.isnull(), NO_ENTRY),
        ((rows.entry_date > rows.index_date) & (rows.entry_date >= rows.date), LATE_ENTRY),
    )
    rows = rows.mutate(reason=reason)
    evaluable = rows.reason.isnull()
    entry = rows.entry_date.delta(rows.index_date, unit="day").cast("float64")
    columns: dict[str, Any] = {
        "index_name": ibis.literal(index.name),
        "cluster_id": rows.patient_id,
        "endpoint": ibis.literal(endpoint),
        "censor_rule": ibis.literal(censor_rule),
        "entry_days": ibis.coalesce(entry, 0.0),
        "days": ibis.cases((evaluable, rows.date.delta(rows.index_date, unit="day").cast("float64"))),
        "event": ibis.cases((evaluable, rows.event)),
        "category": ibis.cases((evaluable, rows.category), else_="left_out"),
    }
    return rows.select(**{name: columns[name] if name in columns else rows[name] for name in SURVIVAL_TIMES.by_name})
