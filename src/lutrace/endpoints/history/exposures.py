"""Line-defining exposures of each patient: treatments and cycles in one shape, with what their class means."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.endpoints.basis import attach
from lutrace.endpoints.history.partial_dates import last_day_of, stands_for
from lutrace.protocol import LineRules
from lutrace.tables import CYCLES, TREATMENTS, Facts
from lutrace.terms import drugs, line_vocabulary

FAR = dt.date(9999, 12, 31)
"""The end of what goes on."""


def list_exposures(facts: Facts, rules: LineRules, data_cut: dt.date | None = None) -> ir.Table:
    """Line-defining treatments and cycles of radioligand therapy that have a begin, one row each.

    Columns: `patient_id agent agent_class agent_group exclusive ongoing gap_days interval_days begin begin_precision`
    `end single source_table source_row`. `begin` of a partial date is the day that the rules say; `end` of one is its
    last day, never before the begin; empty when none is recorded. `single` tells a dose of one day. `ongoing` says that
    without an end the drug goes on. Androgen deprivation, steroids, bone agents, operations, radiotherapy are none.
    """
    treatments = facts.table(TREATMENTS)
    treatments = treatments.filter(treatments.begin_date.notnull())
    given = treatments.select(
        "patient_id",
        "agent",
        recorded_class="agent_class",
        begin=stands_for(treatments.begin_date, treatments.begin_date_precision, rules.partial_begin),
        begin_precision=treatments.begin_date_precision.fill_null("day"),
        end=last_day_of(treatments.end_date, treatments.end_date_precision),
        source_table=ibis.literal(TREATMENTS.name),
        source_row="row_id",
    )
    cycles = facts.table(CYCLES)
    doses = cycles.select(
        "patient_id",
        "agent",
        recorded_class=ibis.literal("rlt"),
        begin="administered_date",
        begin_precision=ibis.literal("day"),
        end="administered_date",
        source_table=ibis.literal(CYCLES.name),
        source_row="row_id",
    )
    every = given.union(doses)
    if data_cut is not None:
        cut = ibis.date(data_cut)
        every = every.filter(every.begin <= cut)
        every = every.mutate(end=ibis.cases((every.end <= cut, every.end)))
    return _classified(every, rules)


def _classified(rows: ir.Table, rules: LineRules) -> ir.Table:
    """The rows of line-defining classes, with the facts of their drug and class."""
    rows = attach(rows, _known_agents(), ["agent"])
    rows = rows.filter(~rows.never.fill_null(False))
    rows = rows.mutate(agent_class=ibis.coalesce(rows.known_class, rows.recorded_class))
    rows = rows.inner_join(_known_classes(), "agent_class")
    end = ibis.cases((rows.end.notnull(), ibis.greatest(rows.end, rows.begin)))
    gap = ibis.cases((rows.agent_class == "rlt", rules.rlt_gap), else_=rules.gap)
    return rows.select(
        "patient_id",
        "agent",
        "agent_class",
        "exclusive",
        "ongoing",
        "interval_days",
        "begin",
        "begin_precision",
        "source_table",
        "source_row",
        agent_group=ibis.coalesce(rows.known_group, rows.agent),
        end=end,
        single=(rows.end == rows.begin).fill_null(False),
        gap_days=gap,
    )


def _known_agents() -> ir.Table:
    """`agent known_class known_group never` of the vocabulary's drugs."""
    groups = {agent: group.name for group in line_vocabulary().groups for agent in group.agents}
    columns = [
        ("agent", pa.string()),
        ("known_class", pa.string()),
        ("known_group", pa.string()),
        ("never", pa.bool_()),
    ]
    rows = [
        {
            "agent": drug.name,
            "known_class": drug.agent_class,
            "known_group": groups.get(drug.name, drug.name),
            "never": drug.purpose not in ("line", "rlt"),
        }
        for drug in drugs()
    ]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=pa.schema(columns)))


def _known_classes() -> ir.Table:
    """`agent_class exclusive ongoing interval_days` of the classes that define a line."""
    columns = [
        ("agent_class", pa.string()),
        ("exclusive", pa.int64()),
        ("ongoing", pa.bool_()),
        ("interval_days", pa.int64()),
    ]
    rows = [
        {
            "agent_class": one.name,
            "exclusive": int(one.exclusive),
            "ongoing": one.open_end == "ongoing",
            "interval_days": one.longest_interval_days,
        }
        for one in line_vocabulary().classes
    ]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=pa.schema(columns)))


def table_of(evidence: ir.StringValue) -> ir.StringValue:
    """The table of the row that an exposure's evidence (`table:row`) names."""
    table: ir.StringValue = ibis.cases((evidence.startswith(f"{CYCLES.name}:"), CYCLES.name), else_=TREATMENTS.name)
    return table


def row_of(evidence: ir.StringValue) -> ir.StringValue:
    """The row that an exposure's evidence (`table:row`) names."""
    of_cycles, of_treatments = (evidence.substr(len(table.name) + 1) for table in (CYCLES, TREATMENTS))
    row: ir.StringValue = ibis.cases((evidence.startswith(f"{CYCLES.name}:"), of_cycles), else_=of_treatments)
    return row
