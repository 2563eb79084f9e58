"""What the patients were like before the first cycle: the rows of Table 1."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.tables import CYCLES, LABS, PATIENTS, TREATMENTS, VITALS

BASELINE_LABS = {"haemoglobin": "g/dL", "alp": "U/L", "ldh": "U/L"}
"""Laboratory values of Table 1 with their canonical units."""
PRIOR_CLASSES = ("taxane", "arpi")


def derive_characteristics(basis: Basis) -> ir.Table:
    """Age, cycles, administered activity, baseline laboratory values, ECOG, and prior treatments of each member.

    Baseline is the last value on or before the first cycle within the window and fallback of the PSA baseline.
    """
    tables = [_age(basis), _cycles(basis), _activity(basis)]
    tables += [_baseline_lab(basis, analyte, unit) for analyte, unit in BASELINE_LABS.items()]
    tables.append(_ecog(basis))
    tables += [_prior(basis, name) for name in PRIOR_CLASSES]
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


def _prior(basis: Basis, agent_class: str) -> ir.Table:
    given = basis.facts.table(TREATMENTS)
    given = given.filter(given.agent_class == agent_class).select("patient_id", "begin_date", row="row_id")
    zero = basis.time_zero()
    joined = zero.inner_join(given, "patient_id")
    joined = joined.filter(joined.begin_date.isnull() | (joined.begin_date < joined.c1_date))
    first = ranked_first(joined, ["patient_id", "population"], [joined.begin_date.isnull(), "begin_date", "row"])
    rows = attach(zero, first.select("patient_id", "population", "begin_date", "row"), ["patient_id", "population"])
    rows = rows.mutate(
        date=rows.begin_date,
        value=ibis.ifelse(rows.row.notnull(), 1.0, 0.0),
        category=ibis.cases((rows.row.notnull(), "yes"), else_="no"),
        source_table=ibis.cases((rows.row.notnull(), "treatments")),
        source_row=rows.row,
    )
    return finish(rows, endpoint=f"prior_{agent_class}", rule=f"any {agent_class} before cycle 1", unit="1")


def _own_cycles(basis: Basis) -> ir.Table:
    cycles = basis.known(basis.facts.table(CYCLES), "administered_date")
    return cycles.filter(cycles.agent.isin(list(basis.protocol.population.agents)))
