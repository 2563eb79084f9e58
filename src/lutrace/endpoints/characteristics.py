"""What the patients were like before the first cycle: the rows of Table 1."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.endpoints.history.exposures import row_of, table_of
from lutrace.endpoints.history.lines import derive_line_agents
from lutrace.endpoints.history.prior_regimens import begun_before
from lutrace.tables import CYCLES, LABS, PATIENTS, TREATMENTS, VITALS
from lutrace.terms import drugs

BASELINE_LABS = {"haemoglobin": "g/dL", "alp": "U/L", "ldh": "U/L"}
"""Laboratory values of Table 1 with their canonical units."""
PRIOR_CLASSES = ("taxane", "arpi")


def derive_characteristics(basis: Basis) -> ir.Table:
    """Age, cycles, administered activity, baseline laboratory values, ECOG, and prior treatments of each member.

    Baseline is the last value on or before the first cycle within the window and fallback of the PSA baseline. Prior
    treatments are those of lines that the rules of history make.
    """
    tables = [_age(basis), _cycles(basis), _activity(basis)]
    tables += [_baseline_lab(basis, analyte, unit) for analyte, unit in BASELINE_LABS.items()]
    tables.append(_ecog(basis))
    agents = derive_line_agents(basis.facts, basis.protocol.history.lines, basis.data_cut)
    tables += [_prior(basis, agents, name) for name in PRIOR_CLASSES]
    return ibis.union(*tables)


def _age(basis: Basis) -> ir.Table:
    patients = basis.facts.table(PATIENTS).select("patient_id", "birth_year", row="row_id")
    rows = attach(basis.time_zero(), patients, ["patient_id"])
    rows = rows.mutate(
        date=rows.c1_date,
        value=(rows.c1_date.year() - rows.birth_year).cast("float64"),
        source_table=ibis.literal("patients"),
        source_row=rows.row,
        reason=ibis.cases((rows.birth_year.isnull(), "year of birth not recorded")),
    )
    return finish(rows, endpoint="age_years", rule="year of the first cycle less year of birth", unit="years")


def _cycles(basis: Basis) -> ir.Table:
    given = _own_cycles(basis)
    last = given.group_by("patient_id").aggregate(
        number=given.cycle.max(), last_date=given.administered_date.max(), row=given.row_id.argmax(given.cycle)
    )
    rows = attach(basis.time_zero(), last, ["patient_id"])
    rows = rows.mutate(
        date=rows.last_date,
        value=rows.number.cast("float64"),
        source_table=ibis.literal("cycles"),
        source_row=rows.row,
    )
    return finish(rows, endpoint="cycles", rule="cycles given until the data cut", unit="cycles")


def _activity(basis: Basis) -> ir.Table:
    given = _own_cycles(basis)
    first = given.filter(given.cycle == 1).select("patient_id", "administered_mbq", row="row_id")
    rows = attach(basis.time_zero(), first, ["patient_id"])
    rows = rows.mutate(
        date=rows.c1_date,
        value=rows.administered_mbq / 1000,
        source_table=ibis.literal("cycles"),
        source_row=rows.row,
        reason=ibis.cases((rows.administered_mbq.isnull(), "activity not recorded")),
    )
    return finish(rows, endpoint="first_activity_gbq", rule="activity in the syringe, cycle 1", unit="GBq")


def _baseline_lab(basis: Basis, analyte: str, unit: str) -> ir.Table:
    labs = basis.known(basis.facts.table(LABS), "date")
    values = labs.filter((labs.analyte == analyte) & (labs.canonical_unit == unit))
    values = values.select("patient_id", "date", "value", row="row_id")
    return _last_before(basis, values, table="labs", endpoint=f"{analyte}_baseline", unit=unit)


def _ecog(basis: Basis) -> ir.Table:
    vitals = basis.known(basis.facts.table(VITALS), "date")
    values = vitals.filter(vitals.measure == "ecog").select("patient_id", "date", "value", row="row_id")
    return _last_before(basis, values, table="vitals", endpoint="ecog", unit="1")


def _last_before(basis: Basis, values: ir.Table, *, table: str, endpoint: str, unit: str) -> ir.Table:
    rule = basis.protocol.psa.baseline
    zero = basis.time_zero()
    joined = zero.inner_join(values, "patient_id")
    joined = joined.mutate(age=joined.c1_date.delta(joined.date, unit="day"))
    joined = joined.filter((joined.age >= 0) & (joined.age <= max(rule.window, rule.fallback)))
    last = ranked_first(joined, ["patient_id", "population"], ["age", ibis.desc("value"), "row"])
    rows = attach(zero, last.select("patient_id", "population", "date", "value", "row"), ["patient_id", "population"])
    rows = rows.mutate(
        source_table=ibis.cases((rows.row.notnull(), table)),
        source_row=rows.row,
        category=ibis.cases((rows.value.notnull() & (unit == "1"), rows.value.cast("int64").cast("string"))),
        reason=ibis.cases((rows.row.isnull(), "no value before cycle 1 within the window")),
    )
    return finish(rows, endpoint=endpoint, rule="last value on or before cycle 1 within the window", unit=unit)


def _prior(basis: Basis, agents: ir.Table, agent_class: str) -> ir.Table:
    """Whether a line brought a drug of the class before cycle 1; not known when a record of one has no begin.

    A record without a begin that ends before cycle 1 is one before it.
    """
    zero = basis.time_zero()
    index = zero.select("patient_id", index_date="c1_date").distinct()
    before = begun_before(agents.filter(agents.agent_class == agent_class), index)
    first = ranked_first(before, ["patient_id"], ["begin_date", "agent", "line_number"])
    first = first.select("patient_id", "begin_date", evidence="first_evidence")
    undated = _undated(basis, index, agent_class)
    rows = attach(attach(zero, first, ["patient_id"]), undated, ["patient_id"])
    dated, ended = rows.evidence.notnull(), rows.ended.fill_null(False)
    unknown = ~dated & ~ended & rows.undated_row.notnull()
    given = dated | ended
    rows = rows.mutate(
        date=rows.begin_date,
        value=ibis.cases((given, 1.0), (unknown, ibis.null("float64")), else_=0.0),
        category=ibis.cases((given, "yes"), (unknown, ibis.null("string")), else_="no"),
        source_table=ibis.cases((dated, table_of(rows.evidence)), (rows.undated_row.notnull(), TREATMENTS.name)),
        source_row=ibis.cases((dated, row_of(rows.evidence)), else_=rows.undated_row),
        reason=ibis.cases((unknown, f"a {agent_class} without a begin")),
    )
    words = f"a line of therapy brought a {agent_class} before cycle 1"
    return finish(rows, endpoint=f"prior_{agent_class}", rule=words, unit="1")


def _undated(basis: Basis, index: ir.Table, agent_class: str) -> ir.Table:
    """`patient_id undated_row ended`: a record of the class without a begin, first one that ended before cycle 1."""
    names = [drug.name for drug in drugs() if drug.agent_class == agent_class]
    given = basis.facts.table(TREATMENTS)
    given = given.filter(given.begin_date.isnull() & ((given.agent_class == agent_class) | given.agent.isin(names)))
    given = given.select("patient_id", "end_date", undated_row="row_id").inner_join(index, "patient_id")
    given = given.mutate(ended=(given.end_date < given.index_date).fill_null(False))
    first = ranked_first(given, ["patient_id"], [ibis.desc("ended"), "undated_row"])
    return first.select("patient_id", "undated_row", "ended")


def _own_cycles(basis: Basis) -> ir.Table:
    cycles = basis.known(basis.facts.table(CYCLES), "administered_date")
    return cycles.filter(cycles.agent.isin(list(basis.protocol.population.agents)))
