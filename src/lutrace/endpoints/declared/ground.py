"""What declared values share: the last fact before time zero, and the history of the patients, made once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.endpoints.history.lines import derive_line_agents
from lutrace.endpoints.history.mcrpc import choose_mcrpc_dates, derive_mcrpc_dates

KEYS = ("patient_id", "population")


def aged(basis: Basis, facts: ir.Table, *, window: float, after: float = 0.0) -> ir.Table:
    """`facts` (`patient_id date ...`) of each member from `window` days before time zero to `after` days after it.

    Adds `population index_date age`, the days from the fact to time zero (below 0 after it).
    """
    near = basis.time_zero().select(*KEYS, "index_date").inner_join(facts, "patient_id")
    near = near.mutate(age=near.index_date.delta(near.date, unit="day"))
    return near.filter((near.age <= window) & (near.age >= -after))


def last_of(near: ir.Table, *columns: str, order: Sequence[Any] = ("age",)) -> ir.Table:
    """The first fact of each member in the order given, `row` breaking ties, with these columns."""
    found = ranked_first(near, list(KEYS), [*order, "row"])
    return found.select(*KEYS, "date", "row", *columns)


def told(basis: Basis, found: ir.Table, *, endpoint: str, rule: str, unit: str, table: str, missing: str) -> ir.Table:
    """Rows of ENDPOINT_VALUES of every member from `found` (`patient_id population date row value`, optionally
    `category reason`): who has none is not evaluable, because `missing`.
    """
    rows = attach(basis.time_zero(), found, list(KEYS))
    reason = rows["reason"] if "reason" in rows.columns else ibis.null("string")
    reason = ibis.cases((rows["row"].isnull(), missing), else_=reason)
    category = rows["category"] if "category" in rows.columns else ibis.null("string")
    known = reason.isnull()
    rows = rows.mutate(
        value=ibis.cases((known, rows["value"].cast("float64"))),
        category=ibis.cases((known, category)),
        source_table=ibis.cases((rows["row"].notnull(), table)),
        source_row=rows["row"],
        reason=reason,
    )
    return finish(rows, endpoint=endpoint, rule=rule, unit=unit)


def line_agents_of(basis: Basis) -> ir.Table:
    """Rows of LINE_AGENTS by the study's rules, made once."""
    rules = basis.protocol.history.lines
    return basis.keep("line_agents", lambda: derive_line_agents(basis.facts, rules, basis.data_cut))


def mcrpc_choices_of(basis: Basis) -> ir.Table:
    """Rows of MCRPC_CHOICES by the study's rules, made once."""
    rules = basis.protocol.history.mcrpc
    return basis.keep(
        "mcrpc_choices",
        lambda: choose_mcrpc_dates(derive_mcrpc_dates(basis.facts, rules, basis.data_cut), rules),
    )
