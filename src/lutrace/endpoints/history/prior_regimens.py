"""What was given before a day: lines and regimens by class, with and without the rule of two doses."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, count_of
from lutrace.tables import PRIOR_REGIMENS, TREATMENTS, Facts
from lutrace.terms import drugs, line_vocabulary

_CLASSES = ("taxane", "arpi", "parp", "ra223", "rlt", "platinum", "immune")


def count_prior_regimens(agents: ir.Table, lines: ir.Table, index: ir.Table) -> ir.Table:
    """Rows of PRIOR_REGIMENS: of each patient and day of `index` (`patient_id index_date`), what began before it.

    A regimen of a class is a line in which a drug of it begins before the day; a drug carried into a later line is not
    counted again, nor is one that joins a line on the day or later.
    Every row of `index` gives one row, zeros included.
    """
    numbers = lines.select("patient_id", "line_number", "mcrpc_line_number")
    near = begun_before(agents, index).inner_join(numbers, ["patient_id", "line_number"])
    by_class = near.group_by(["patient_id", "index_date", "line_number", "agent_class"]).aggregate(
        mcrpc_line_number=near.mcrpc_line_number.max(),
        two=ibis.ifelse(near.two_doses == "yes", 1, 0).max(),
        unknown=ibis.ifelse(near.two_doses == "unknown", 1, 0).max(),
        evidence=near.evidence.collect(distinct=True).sort().join(" "),
    )
    counts = _counted(by_class)
    rows = attach(index.select("patient_id", "index_date"), counts, ["patient_id", "index_date"])
    zeros = {name: rows[name].fill_null(0).cast("int64") for name in PRIOR_REGIMENS.by_name if name in _counts()}
    return rows.mutate(**zeros).select(*PRIOR_REGIMENS.by_name)


def begun_before(agents: ir.Table, index: ir.Table) -> ir.Table:
    """Rows of LINE_AGENTS with `index_date`: of each row of `index`, the drugs that a line brought before that day."""
    begun = agents.filter(agents.role != "carried")
    near = index.select("patient_id", "index_date").inner_join(begun, "patient_id")
    return near.filter(near.begin_date < near.index_date)


def _counts() -> set[str]:
    return set(PRIOR_REGIMENS.by_name) - {"patient_id", "index_date", "evidence"}


def _counted(rows: ir.Table) -> ir.Table:
    taxane, arpi = rows.agent_class == "taxane", rows.agent_class == "arpi"
    of_mcrpc = rows.mcrpc_line_number.notnull()
    counts = {f"{name}_regimens": count_of(rows.agent_class == name) for name in _CLASSES}
    return rows.group_by(["patient_id", "index_date"]).aggregate(
        lines=rows.line_number.nunique(),
        mcrpc_lines=rows.mcrpc_line_number.nunique(),
        taxane_regimens_two_doses=count_of(taxane & (rows.two == 1)),
        taxane_regimens_unknown_doses=count_of(taxane & (rows.two == 0) & (rows.unknown == 1)),
        taxane_regimens_mcrpc=count_of(taxane & of_mcrpc),
        arpi_regimens_mcrpc=count_of(arpi & of_mcrpc),
        evidence=ibis.cases((taxane | arpi, rows.evidence)).collect(distinct=True).sort().join(" "),
        **counts,
    )


def find_line_queries(facts: Facts) -> ir.Table:
    """Rows of LINE_QUERIES: treatments that the derivation of lines could not use, or only with an assumption."""
    rows = facts.table(TREATMENTS)
    named = [drug.name for drug in drugs()]
    lines = [drug.name for drug in drugs() if drug.purpose in ("line", "rlt")]
    classes = [one.name for one in line_vocabulary().classes]
    outside = ~rows.agent.isin(named)
    defining = rows.agent.isin(lines) | (outside & rows.agent_class.isin(classes).fill_null(False))
    asked = [
        ("no begin", defining & rows.begin_date.isnull()),
        ("begin known to the year only", defining & (rows.begin_date_precision == "year").fill_null(False)),
        ("agent not in the vocabulary", outside & ~rows.agent_class.isin(classes).fill_null(False)),
        ("end before begin", defining & (rows.end_date < rows.begin_date).fill_null(False)),
    ]
    parts = [
        rows.filter(holds).select(
            "patient_id", query=ibis.literal(query), source_table=ibis.literal(TREATMENTS.name), source_row="row_id"
        )
        for query, holds in asked
    ]
    return ibis.union(*parts)
