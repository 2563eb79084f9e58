"""One cycle however often it is documented: statements brought together by date, conflicts told, series compared."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.endpoints.basis import attach, count_of, ranked_first
from lutrace.protocol import CycleRules
from lutrace.tables import CYCLE_STATEMENTS, CYCLES, RECONCILED_CYCLES, SERIES_CHECKS, Facts, without

PRECEDENCE = ("cycle", "administration", "procedure", "radiotherapy", "billing", "letter")
"""Which statement of a cycle its date and activity come from: a row of cycles first, a letter last."""
_UNSPECIFIC = ("lu177_psma_other", "other")
_CYCLE = ["patient_id", "cycle"]


def list_cycle_statements(facts: Facts, data_cut: dt.date | None = None) -> ir.Table:
    """All statements on radioligand therapy in one shape, rows of CYCLES and of CYCLE_STATEMENTS.

    Columns: `patient_id kind scope begin_date begin_precision end_date agent activity_mbq stated_cycle evidence`.
    """
    cycles = facts.table(CYCLES)
    given = cycles.select(
        "patient_id",
        "agent",
        kind=ibis.literal("cycle"),
        scope=ibis.literal("cycle"),
        begin_date="administered_date",
        begin_precision=ibis.literal("day"),
        end_date=ibis.null("date"),
        activity_mbq="administered_mbq",
        stated_cycle="cycle",
        evidence=ibis.literal(f"{CYCLES.name}:") + cycles.row_id,
    )
    said = facts.table(CYCLE_STATEMENTS)
    others = said.select(
        *[name for name in given.columns if name != "evidence"],
        evidence=ibis.literal(f"{CYCLE_STATEMENTS.name}:") + said.row_id,
    )
    every = given.union(others.select(*given.columns))
    return every if data_cut is None else every.filter(every.begin_date <= ibis.date(data_cut))


def reconcile_cycles(statements: ir.Table, rules: CycleRules | None = None) -> ir.Table:
    """Rows of RECONCILED_CYCLES from statements: those of one cycle at most `same_cycle` days apart are one cycle.

    Statements on a series, and those known to the month or year only, make no cycle. Date and activity come from the
    statement of highest rank (`PRECEDENCE`); its agent too, unless another statement is more specific.
    """
    chosen = rules or CycleRules()
    rows = _clustered(statements, chosen)
    whole = _CYCLE
    summed = rows.group_by(whole).aggregate(
        agents=rows.agent.collect(distinct=True).sort().join(" + "),
        n_actinium=count_of(rows.isotope == "ac"),
        n_lutetium=count_of(rows.isotope == "lu"),
        n_products=rows.product.nunique(),
        first_date=rows.begin_date.min(),
        last_date=rows.begin_date.max(),
        n_statements=rows.count(),
        n_stated_numbers=rows.stated_cycle.nunique(),
        other_numbers=count_of((rows.stated_cycle != rows.cycle).fill_null(False)),
        evidence=rows.evidence.collect(distinct=True).sort().join(" "),
    )
    dated = ranked_first(rows, whole, ["rank", "begin_date", "evidence"]).select(*whole, date="begin_date")
    summed = summed.inner_join(dated, whole)
    summed = attach(summed, _activities(rows), whole)
    summed = attach(summed, _named(rows), whole)
    spread = 100 * (summed.activity_high_mbq - summed.activity_low_mbq)
    return summed.mutate(
        tandem=(summed.n_actinium > 0) & (summed.n_lutetium > 0),
        activity_conflict=(spread > chosen.activity_tolerance * summed.activity_mbq).fill_null(False),
        agent_conflict=summed.n_products > 1,
        spread_days=summed.last_date.delta(summed.first_date, unit="day").cast("float64"),
        number_conflict=summed.other_numbers > 0,
    ).select(*RECONCILED_CYCLES.by_name)


def _clustered(statements: ir.Table, rules: CycleRules) -> ir.Table:
    """The usable statements of cycles with `cycle`, `rank`, the isotope and the product that each names."""
    rows = statements.filter((statements.scope == "cycle") & (statements.begin_precision == "day"))
    ranks = ibis.memtable(pa.table({"kind": list(PRECEDENCE), "rank": list(range(len(PRECEDENCE)))}))
    rows = rows.inner_join(ranks, "kind")
    order = ibis.window(group_by="patient_id", order_by=["begin_date", "evidence"])
    pause = rows.begin_date.delta(rows.begin_date.lag().over(order), unit="day")
    rows = rows.mutate(cut=ibis.ifelse((pause > rules.same_cycle).fill_null(True), 1, 0))
    until = ibis.window(group_by="patient_id", order_by=["begin_date", "evidence"], preceding=(None, 0))
    actinium = (rows.agent == "ac225_psma").fill_null(False)
    rows = rows.mutate(
        cycle=rows.cut.sum().over(until).cast("int64"),
        isotope=ibis.cases((rows.agent.isnull(), "none"), (actinium, "ac"), else_="lu"),
        product=ibis.cases((rows.agent.isin(list(_UNSPECIFIC)) | actinium, ibis.null("string")), else_=rows.agent),
    )
    return without(rows, "cut")


def _activities(rows: ir.Table) -> ir.Table:
    """The activity of each cycle by rank, with the lowest and highest stated of the same isotope."""
    stated = rows.filter(rows.activity_mbq.notnull())
    best = ranked_first(stated, _CYCLE, ["rank", "begin_date", "evidence"])
    best = best.select(*_CYCLE, "isotope", "activity_mbq", activity_source="kind")
    span = stated.group_by([*_CYCLE, "isotope"]).aggregate(
        activity_low_mbq=stated.activity_mbq.min(), activity_high_mbq=stated.activity_mbq.max()
    )
    return without(best.inner_join(span, [*_CYCLE, "isotope"]), "isotope")


def _named(rows: ir.Table) -> ir.Table:
    """The radioligand of each cycle: of the statement of highest rank that names a product, else of any."""
    named = rows.filter(rows.agent.notnull())
    vague = ibis.ifelse(named.agent.isin(list(_UNSPECIFIC)), 1, 0)
    best = ranked_first(named.mutate(vague=vague), _CYCLE, ["vague", "rank", "begin_date", "evidence"])
    return best.select(*_CYCLE, "agent")


def check_series(statements: ir.Table, cycles: ir.Table, rules: CycleRules | None = None) -> ir.Table:
    """Rows of SERIES_CHECKS: the total of each stated series against the reconciled `cycles` of its period.

    The period is widened by `same_cycle` days on both sides. A total is compared only when every cycle has an activity.
    """
    chosen = rules or CycleRules()
    series = statements.filter(statements.scope == "series")
    series = series.select(
        "patient_id",
        "begin_date",
        "evidence",
        end_date=ibis.coalesce(series.end_date, series.begin_date),
        total_mbq="activity_mbq",
    )
    given = cycles.select("patient_id", cycle_date="date", cycle_mbq="activity_mbq")
    pairs = series.inner_join(given, "patient_id")
    early = pairs.begin_date.delta(pairs.cycle_date, unit="day") <= chosen.same_cycle
    late = pairs.cycle_date.delta(pairs.end_date, unit="day") <= chosen.same_cycle
    inside = pairs.filter(early & late)
    keys = ["patient_id", "begin_date", "evidence"]
    sums = inside.group_by(keys).aggregate(
        n_cycles=inside.count(),
        n_without_activity=count_of(inside.cycle_mbq.isnull()),
        sum_mbq=inside.cycle_mbq.sum(),
    )
    rows = attach(series, sums, keys)
    rows = rows.mutate(n_cycles=rows.n_cycles.fill_null(0), n_without_activity=rows.n_without_activity.fill_null(0))
    comparable = (rows.n_cycles > 0) & (rows.n_without_activity == 0) & (rows.total_mbq > 0).fill_null(False)
    rows = rows.mutate(
        difference_pct=ibis.cases((comparable, 100 * (rows.sum_mbq - rows.total_mbq) / rows.total_mbq)),
    )
    verdict = ibis.cases(
        (rows.total_mbq.isnull(), "no total"),
        (rows.n_cycles == 0, "no cycles"),
        (rows.n_without_activity > 0, "activities missing"),
        ((rows.difference_pct.abs() <= chosen.series_tolerance).fill_null(False), "agrees"),
        else_="differs",
    )
    return rows.mutate(verdict=verdict).select(*SERIES_CHECKS.by_name)
