"""Lines of therapy: which treatments belong together, in order, with their setting and why each began."""

from __future__ import annotations

import datetime as dt

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.history.anchors import anchor_lines
from lutrace.endpoints.history.episodes import list_episode_agents, mark_episodes
from lutrace.endpoints.history.exposures import list_exposures
from lutrace.endpoints.history.partial_dates import first_day_of, last_day_of
from lutrace.endpoints.history.settings import settle_lines
from lutrace.protocol import LineRules
from lutrace.tables import LINE_AGENTS, LINES, Facts
from lutrace.terms import line_vocabulary

JOINT = " + "
"""Between the drugs of one line."""


def derive_line_agents(facts: Facts, rules: LineRules | None = None, data_cut: dt.date | None = None) -> ir.Table:
    """Rows of LINE_AGENTS: each drug of each line of therapy, with its doses and its evidence.

    Source: published rules of line algorithms (combination window, gap; PMID 31689549), stated for this disease in
    `terms/data/lines.yaml`.
    """
    chosen = rules or LineRules()
    drugs = list_episode_agents(mark_episodes(list_exposures(facts, chosen, data_cut)))
    agents = anchor_lines(drugs, chosen.combination_window)
    begun = agents.mutate(role=_role(agents), line_begin_date="line_begin")
    every = begun.select(*_COLUMNS).union(_carried(agents, chosen).select(*_COLUMNS))
    two = ibis.cases(
        (every.n_doses >= 2, "yes"),
        (every.n_doses.notnull(), "no"),
        (every.end_date.isnull(), "unknown"),
        (every.end_date.delta(every.begin_date, unit="day") >= chosen.two_doses_after, "yes"),
        else_="no",
    )
    return every.mutate(two_doses=two).select(*LINE_AGENTS.by_name)


_COLUMNS = (
    "patient_id",
    "line_number",
    "line_begin_date",
    "agent",
    "agent_class",
    "agent_group",
    "role",
    "begin_date",
    "begin_precision",
    "end_date",
    "n_doses",
    "evidence",
    "first_evidence",
)


def _role(agents: ir.Table) -> ir.StringValue:
    first = agents.begin_date == agents.episode_begin
    tandem = [group.name for group in line_vocabulary().groups if group.kind == "tandem"]
    joined = agents.agent_group.isin(tandem)
    role: ir.StringValue = ibis.cases((first, "begun"), (joined, "tandem"), else_="substituted")
    return role


def _carried(agents: ir.Table, rules: LineRules) -> ir.Table:
    """Drugs of earlier lines whose recorded end lies more than the window after the begin of a later line."""
    lines = agents.select("patient_id", later="line_number", line_begin_date="line_begin").distinct()
    pairs = agents.filter(agents.end_date.notnull()).inner_join(lines, "patient_id")
    goes_on = pairs.end_date.delta(pairs.line_begin_date, unit="day") > rules.combination_window
    pairs = pairs.filter((pairs.line_number < pairs.later) & goes_on)
    return pairs.mutate(role=ibis.literal("carried"), line_number="later")


def derive_lines(agents: ir.Table, mcrpc: ir.Table | None = None, rules: LineRules | None = None) -> ir.Table:
    """Rows of LINES from rows of LINE_AGENTS: one per line of therapy, numbered by begin.

    `mcrpc` has `patient_id crpc_date crpc_precision metastatic_date metastatic_precision` (dates may be empty), one row
    per patient: without it every setting is unknown and no line of mCRPC is numbered. A line keeps the setting of its
    begin.
    """
    chosen = rules or LineRules()
    rows = _summed(agents)
    order = ibis.window(group_by="patient_id", order_by="line_number")
    rows = rows.mutate(
        next_begin_date=rows.begin_date.lead().over(order),
        previous_classes=rows.classes.lag().over(order),
    )
    day_before = (rows.next_begin_date - ibis.interval(days=1)).cast("date")
    end = ibis.cases((rows.is_open == 0, rows.last_end), else_=day_before)
    rows = rows.mutate(
        end_date=ibis.cases((end.notnull(), ibis.greatest(end, rows.begin_date))),
        end_rule=ibis.cases(
            (rows.is_open == 0, "documented"), (rows.next_begin_date.notnull(), "next_line"), else_="not_recorded"
        ),
        reason=_reason(rows),
        rule=ibis.literal(f"lines of therapy {line_vocabulary().version}: ")
        + ibis.literal(f"combination {chosen.combination_window:g} d, gap {chosen.gap:g} d, rlt {chosen.rlt_gap:g} d"),
    )
    return settle_lines(rows, mcrpc, chosen).select(*LINES.by_name)


def _summed(agents: ir.Table) -> ir.Table:
    """One row per line; `first_begin` and `last_begin` are the days between which its first drug can have begun."""
    earlier = ibis.window(
        group_by=["patient_id", "agent_group"],
        order_by=[agents.line_number, agents.agent, agents.role],
        preceding=(None, 1),
    )
    begun = agents.role != "carried"
    agents = agents.mutate(begun_line=ibis.cases((begun, agents.line_number)))
    agents = agents.mutate(before=agents.begun_line.max().over(earlier))
    again = (agents.role != "carried") & (agents.before < agents.line_number).fill_null(False)
    switched = _previous_class(agents)
    agents = agents.mutate(again=ibis.ifelse(again, 1, 0), switched=ibis.ifelse(switched, 1, 0))
    new = agents.role != "carried"
    return agents.group_by(["patient_id", "line_number"]).aggregate(
        begin_date=agents.line_begin_date.min(),
        begin_precision=agents.begin_precision.max(where=agents.begin_date == agents.line_begin_date),
        first_begin=first_day_of(agents.begin_date, agents.begin_precision).min(where=new),
        last_begin=last_day_of(agents.begin_date, agents.begin_precision).min(where=new),
        last_end=agents.end_date.max(where=new),
        is_open=ibis.ifelse(agents.end_date.isnull() & new, 1, 0).max(),
        agents=agents.agent.collect(distinct=True).sort().join(JOINT),
        begun_agents=ibis.cases((new, agents.agent)).collect(distinct=True).sort().join(JOINT),
        classes=agents.agent_class.collect(distinct=True).sort().join(JOINT),
        n_agents=agents.agent.nunique().cast("int64"),
        evidence=ibis.cases((new, agents.evidence)).collect(distinct=True).sort().join(" "),
        is_again=agents.again.max(),
        is_switch=agents.switched.max(),
        n_carried=ibis.ifelse(agents.role == "carried", 1, 0).sum(),
    )


def _previous_class(agents: ir.Table) -> ir.BooleanValue:
    """Whether a drug of the same exclusive class, another one, began the line just before."""
    exclusive = [one.name for one in line_vocabulary().classes if one.exclusive]
    earlier = ibis.window(
        group_by=["patient_id", "agent_class"],
        order_by=[agents.line_number, agents.agent, agents.role],
        preceding=(None, 1),
    )
    last = ibis.cases((agents.role != "carried", agents.line_number)).max().over(earlier)
    before = (last == agents.line_number - 1).fill_null(False)
    return agents.agent_class.isin(exclusive) & before & (agents.role != "carried")


def _reason(rows: ir.Table) -> ir.StringValue:
    reason: ir.StringValue = ibis.cases(
        (rows.line_number == 1, "first"),
        (rows.is_again == 1, "rechallenge"),
        (rows.n_carried > 0, "addition"),
        (rows.is_switch == 1, "switch"),
        else_="new_treatment",
    )
    return reason
