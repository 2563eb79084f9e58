"""How each landmark's tumour volume came about: plan, scanner, tracer, hours after injection."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish
from lutrace.tables import QUANTIFICATIONS, SCANS, TUMOUR_BURDENS

USUAL_HOURS = (20.0, 28.0)
"""Hours after injection of a 24 h scan; outside of them the uptake has changed by more than some percent."""

REVIEWED, AUTOMATIC_TAKEN = "reviewed", "reviewed, automatic total taken"
UNREVIEWED_VOLUME = "automatic, not reviewed"
"""Whether a reader has gone over the tumour volume of a landmark."""


def derive_scan_provenance(basis: Basis) -> ir.Table:
    """`spect_hours` (h, category within or outside 20 to 28 h), `spect_plan`, `spect_scanner`, `spect_tracer`.

    The last three say it in their category: plan with digest, modality with manufacturer, radionuclide and tracer.
    `spect_review` says whether a reader has reviewed the tumour volume that is taken.
    """
    scans = basis.facts.table(SCANS).select("scan_id", "modality", "manufacturer", "tracer", "radionuclide")
    hours = basis.facts.table(QUANTIFICATIONS).select("scan_id", "hours_after_injection", hours_row="row_id")
    plans = basis.facts.table(TUMOUR_BURDENS).select("plan", "tumour_reviewed_ml", burden_row="row_id")
    spects = basis.spects().select(
        "patient_id", "cycle", "scan_id", "scan_date", "scan_row", "burden_row", "plan_digest"
    )
    rows = attach(basis.time_zero(), spects, ["patient_id", "cycle"])
    for table, key in ((scans, "scan_id"), (hours, "scan_id"), (plans, "burden_row")):
        rows = attach(rows, table, [key])
    rows = rows.mutate(date=rows.scan_date)
    unknown = ibis.literal("not recorded")
    scanner = rows.modality + " " + rows.manufacturer.fill_null("maker not recorded")
    tracer = rows.radionuclide.fill_null("nuclide not recorded") + " " + rows.tracer.fill_null("tracer not recorded")
    plan = rows.plan + " (" + rows.plan_digest.substr(0, 12) + ")"
    return ibis.union(
        _hours(rows),
        _named(rows, "spect_review", _review(basis, rows), table="tumour_burdens", row="burden_row"),
        _named(rows, "spect_plan", ibis.coalesce(plan, unknown), table="tumour_burdens", row="burden_row"),
        _named(rows, "spect_scanner", ibis.coalesce(scanner, unknown), table="scans", row="scan_row"),
        _named(rows, "spect_tracer", ibis.coalesce(tracer, unknown), table="scans", row="scan_row"),
    )


def _review(basis: Basis, rows: ir.Table) -> ir.StringValue:
    taken = REVIEWED if basis.protocol.measures.ttv_source == "reviewed" else AUTOMATIC_TAKEN
    return ibis.cases((rows.tumour_reviewed_ml.notnull(), taken), else_=UNREVIEWED_VOLUME)


def _hours(rows: ir.Table) -> ir.Table:
    low, high = USUAL_HOURS
    value = rows.hours_after_injection
    rows = rows.mutate(
        value=value,
        category=ibis.cases((value.between(low, high), "within 20 to 28 h"), (value.notnull(), "outside 20 to 28 h")),
        source_table=ibis.literal("quantifications"),
        source_row=rows.hours_row,
        reason=ibis.cases((value.isnull(), "a time is not recorded")),
    )
    return finish(rows, endpoint="spect_hours", rule="start of the SPECT after injection", unit="h")


def _named(rows: ir.Table, endpoint: str, name: ir.StringValue, *, table: str, row: str) -> ir.Table:
    rows = rows.mutate(category=name, source_table=ibis.literal(table), source_row=rows[row])
    return finish(rows, endpoint=endpoint, rule="of the SPECT at the landmark")
