"""How far each patient came: one row per patient with the cycles, the deaths and the SPECT of a cycle."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.protocol import Protocol
from lutrace.tables import CYCLES, FOLLOW_UP, PATIENTS, QUANTIFICATIONS, SCANS, TUMOUR_BURDENS, Facts, without


def treatment_of(facts: Facts, protocol: Protocol) -> ir.Table:
    """One row per patient of the registry: first cycle, number of cycles, day of death; empty where there is none."""
    cycles = cycles_of(facts, protocol)
    order = ibis.window(group_by="patient_id", order_by=["administered_date", "cycle", "row_id"])
    first = (
        cycles.mutate(place=ibis.row_number().over(order))
        .filter(lambda t: t.place == 0)
        .select("patient_id", first_cycle="cycle", c1_date="administered_date", c1_row="row_id")
    )
    counts = cycles.group_by("patient_id").aggregate(cycles=lambda t: t.count())
    deaths = (
        facts.table(FOLLOW_UP)
        .filter(lambda t: t.status == "dead")
        .group_by("patient_id")
        .aggregate(death_date=lambda t: t.date.min())
    )
    patients = facts.table(PATIENTS).select("patient_id", patient_row="row_id")
    for other in (first, counts, deaths):
        patients = without(patients.left_join(other, "patient_id"), "patient_id_right")
    return patients


def cycles_of(facts: Facts, protocol: Protocol) -> ir.Table:
    """The cycles with an agent of the study."""
    return facts.table(CYCLES).filter(lambda t: t.agent.isin(list(protocol.population.agents)))


def spects_of(facts: Facts, protocol: Protocol) -> ir.Table:
    """The SPECT of each cycle: within the window after the administration; measured first, then nearest to the hour.

    One row per patient and cycle with a scan: `quantified`, `measured` (under the plan, with organ masks) and the rows.
    """
    rule, measures = protocol.spect, protocol.measures
    scans = facts.table(SCANS).filter(lambda t: (t.purpose == "rlt_spect") & t.cycle.notnull())
    scans = scans.select("scan_id", "patient_id", "cycle", scan_date="date", scan_row="row_id", scan_status="status")
    given = cycles_of(facts, protocol).select("patient_id", "cycle", "administered_date", cycle_row="row_id")
    quantified = facts.table(QUANTIFICATIONS).select(
        "scan_id", "hours_after_injection", quantified=lambda t: t.status == "ok"
    )
    burdens = (
        facts.table(TUMOUR_BURDENS)
        .filter(lambda t: t.plan == measures.plan)
        .select("scan_id", "plan_digest", "organs_given", "tumour_auto_ml", "tumour_reviewed_ml", burden_row="row_id")
    )
    joined = scans.inner_join(given, ["patient_id", "cycle"])
    joined = without(joined.left_join(quantified, "scan_id"), "scan_id_right")
    joined = without(joined.left_join(burdens, "scan_id"), "scan_id_right")
    total = joined.tumour_auto_ml if measures.ttv_source == "auto" else joined.tumour_reviewed_ml
    joined = joined.mutate(
        ttv_ml=total,
        days_after=joined.scan_date.delta(joined.administered_date, unit="day"),
        quantified=joined.quantified.fill_null(False) & (joined.scan_status == "usable"),
    )
    joined = joined.mutate(measured=joined.quantified & joined.organs_given.fill_null(False) & joined.ttv_ml.notnull())
    joined = joined.filter(lambda t: (t.days_after >= 0) & (t.days_after <= rule.window))
    order = ibis.window(
        group_by=["patient_id", "cycle"],
        order_by=[
            ibis.desc("measured"),
            ibis.desc("quantified"),
            (joined.hours_after_injection.fill_null(24.0 * rule.window) - rule.preferred).abs(),
            "scan_date",
            "scan_id",
            "plan_digest",
        ],
    )
    placed = joined.mutate(place=ibis.row_number().over(order))
    return without(placed.filter(placed.place == 0), "place")
