"""How each landmark's tumour volume came about: plan, scanner, tracer, hours after injection."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, count_of, finish
from lutrace.tables import LESIONS, QUANTIFICATIONS, SCANS, TUMOUR_BURDENS

USUAL_HOURS = (20.0, 28.0)
"""Hours after injection of a 24 h scan; outside of them the uptake has changed by more than some percent."""

REVIEWED, AUTOMATIC_TAKEN = "reviewed", "reviewed, automatic total taken"
UNREVIEWED_VOLUME = "automatic, not reviewed"
"""Whether a reader has gone over the tumour volume of a landmark."""

CUT_BY_VIEW, WHOLE_IN_VIEW = "tumour cut by the field of view", "all tumour inside the field of view"
"""Whether a tumour lesion of a landmark's scan reaches the edge of what was imaged."""


def derive_scan_provenance(basis: Basis) -> ir.Table:
    """`spect_hours` (h, category within or outside 20 to 28 h), `spect_plan`, `spect_scanner`, `spect_tracer`.

    The last three say it in their category: plan with digest, modality with manufacturer, radionuclide and tracer.
    `spect_review` says whether a reader has reviewed the tumour volume that is taken. `spect_view` is the number of
    tumour lesions that reach the edge of the field of view: with one, the volume taken is less than there is.
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
        _view(basis, rows),
        _named(rows, "spect_review", _review(basis, rows), table="tumour_burdens", row="burden_row"),
        _named(rows, "spect_plan", ibis.coalesce(plan, unknown), table="tumour_burdens", row="burden_row"),
        _named(rows, "spect_scanner", ibis.coalesce(scanner, unknown), table="scans", row="scan_row"),
        _named(rows, "spect_tracer", ibis.coalesce(tracer, unknown), table="scans", row="scan_row"),
    )


def _review(basis: Basis, rows: ir.Table) -> ir.StringValue:
    taken = REVIEWED if basis.protocol.measures.ttv_source == "reviewed" else AUTOMATIC_TAKEN
    return ibis.cases((rows.tumour_reviewed_ml.notnull(), taken), else_=UNREVIEWED_VOLUME)


def _view(basis: Basis, rows: ir.Table) -> ir.Table:
    lesions = basis.facts.table(LESIONS)
    tumour = lesions.filter(lesions.category == "tumour")
    counts = tumour.group_by(["scan_id", "plan_digest"]).aggregate(
        n_cut=count_of(tumour.cut_by_view.fill_null(False)),
        n_unknown=count_of(tumour.cut_by_view.isnull()),
        cut_row=tumour.row_id.min(where=tumour.cut_by_view),
    )
    rows = attach(rows, counts, ["scan_id", "plan_digest"])
    reason = ibis.cases(
        (rows.burden_row.isnull(), "no measured SPECT of this cycle"),
        (rows.n_unknown > 0, "measured before this was looked at; run lutrace measure again"),
    )
    n_cut = rows.n_cut.fill_null(0)
    found = ibis.cases((n_cut > 0, CUT_BY_VIEW), else_=WHOLE_IN_VIEW)
    rows = rows.mutate(
        value=ibis.cases((reason.isnull(), n_cut.cast("float64"))),
        category=ibis.cases((reason.isnull(), found)),
        reason=reason,
        source_table=ibis.cases((rows.cut_row.notnull(), "lesions"), else_="tumour_burdens"),
        source_row=ibis.coalesce(rows.cut_row, rows.burden_row),
    )
    return finish(rows, endpoint="spect_view", rule="tumour lesions at the edge of the field of view", unit="lesions")


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
