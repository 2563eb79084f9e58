"""Declared values of scans: uptake and volume of tumour, healthy bone, glands and organs before time zero."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, ranked_first
from lutrace.endpoints.declared.ground import KEYS, aged, told
from lutrace.protocol import ScanValue
from lutrace.tables import LESIONS, ORGANS, REGION_STATISTICS, SCANS, TUMOUR_BURDENS

_SITES = {"bone_tumour": ("bone",), "node_tumour": ("node",), "visceral_tumour": ("liver", "lung", "other")}
"""Sites of lesions that a region sums, as tumour burdens part them."""
_UNITS = {"volume_ml": "mL", "tlp_ml": "g/mL x mL", "lesions": "lesions"}


def derive_scan_value(basis: Basis, value: ScanValue) -> ir.Table:
    """Rows of ENDPOINT_VALUES of one measure of one region on the last scan within the window.

    A scan without tumour has volume, TLP and lesions 0 and no SUV. A region of several organs has their summed volume
    and TLP, the quotient of both as SUVmean, and the highest of their SUVmax; all of them must have been measured.
    """
    regions = basis.protocol.measures.regions
    if value.of == "rlt_spect" or regions == "measured":
        return _measured(basis, value)
    if regions == "exported":
        return _exported(basis, value)
    return _first_known(basis, value)


def _first_known(basis: Basis, value: ScanValue) -> ir.Table:
    """The measured value of each member, the exported one where none could be measured."""
    measured, exported = _measured(basis, value), _exported(basis, value)
    columns = measured.columns
    other = exported.select(*KEYS, **{f"{name}_x": exported[name] for name in columns if name not in KEYS})
    rows = measured.inner_join(other, list(KEYS))
    taken = rows.reason.notnull() & rows.reason_x.isnull()
    return rows.select(
        *(name if name in KEYS else ibis.ifelse(taken, rows[f"{name}_x"], rows[name]).name(name) for name in columns)
    )


def _measured(basis: Basis, value: ScanValue) -> ir.Table:
    scans = _scans(basis, value)
    if value.region == "tumour":
        found, table = _whole_tumour(basis, scans), TUMOUR_BURDENS.name
    elif value.organs:
        found, table = _organs(basis, value, scans), ORGANS.name
    else:
        found, table = _tumour_at(basis, value, scans), TUMOUR_BURDENS.name
    found = found.mutate(value=found[value.measure])
    no_uptake = ibis.cases((found.value.isnull() & (found.volume_ml == 0), "no tumour there"))
    not_told = ibis.cases((found.value.isnull(), f"{value.measure} was not measured"))
    found = found.mutate(reason=ibis.coalesce(found.reason, no_uptake, not_told))
    found = found.select(*KEYS, "date", "row", "value", "reason")
    kind = "PSMA-PET" if value.of == "psma_pet" else "post-therapy SPECT"
    rule = f"{value.region} on the last {kind} at most {value.window:g} days before time zero, plan {_plan(basis)}"
    missing = f"no {kind} measured under {_plan(basis)} in the {value.window:g} days before time zero"
    unit = _UNITS.get(value.measure, "g/mL")
    return told(basis, found, endpoint=value.name, rule=rule, unit=unit, table=table, missing=missing)


def _plan(basis: Basis) -> str:
    return basis.protocol.measures.plan


def _scans(basis: Basis, value: ScanValue) -> ir.Table:
    """`patient_id population date scan_id plan_digest burden_row organs_given`: the scan of each member."""
    scans = basis.known(basis.facts.table(SCANS), "date")
    scans = scans.filter((scans.purpose == value.of) & (scans.status == "usable"))
    burdens = basis.facts.table(TUMOUR_BURDENS)
    burdens = burdens.filter(burdens.plan == _plan(basis))
    measured = scans.select("patient_id", "scan_id", "date").inner_join(
        burdens.select("scan_id", "plan_digest", "organs_given", row="row_id"), "scan_id"
    )
    near = aged(basis, measured, window=value.window)
    first = ranked_first(near, list(KEYS), ["age", "scan_id", "plan_digest"])
    return first.select(*KEYS, "date", "scan_id", "plan_digest", "organs_given", "row")


def _whole_tumour(basis: Basis, scans: ir.Table) -> ir.Table:
    burdens = basis.facts.table(TUMOUR_BURDENS)
    reviewed = basis.protocol.measures.ttv_source == "reviewed"
    volume = burdens.tumour_reviewed_ml if reviewed else burdens.tumour_auto_ml
    own = burdens.select("suv_mean", "suv_max", "tlp_ml", "lesions", volume_ml=volume, row="row_id")
    rows = attach(scans, own, ["row"])
    rows = rows.mutate(
        suv_peak=ibis.null("float64"),
        tlp_ml=ibis.cases((rows.volume_ml == 0, 0.0), else_=rows.tlp_ml),
        lesions=rows.lesions.cast("float64"),
        reason=_without_organs(scans, rows),
    )
    unreviewed = ibis.cases((rows.volume_ml.isnull(), "not reviewed"))
    return rows.mutate(reason=ibis.coalesce(rows.reason, unreviewed))


def _without_organs(scans: ir.Table, rows: ir.Table) -> ir.StringValue:
    reason: ir.StringValue = ibis.cases(
        (~rows.organs_given.fill_null(False), "scan without organ masks: candidate uptake, not tumour")
    )
    return reason


def _tumour_at(basis: Basis, value: ScanValue, scans: ir.Table) -> ir.Table:
    lesions = basis.facts.table(LESIONS)
    lesions = lesions.filter((lesions.category == "tumour") & (lesions.plan == _plan(basis)))
    lesions = lesions.filter(lesions.site.isin(list(_SITES[value.region])))
    sums = lesions.group_by(["scan_id", "plan_digest"]).aggregate(
        volume_sum=lesions.volume_ml.sum(),
        tlp_sum=lesions.tlp_ml.sum(),
        suv_max=lesions.suv_max.max(),
        count=lesions.count(),
    )
    burdens = basis.facts.table(TUMOUR_BURDENS)
    parted = burdens.select(row="row_id", parted=burdens[value.region.replace("_tumour", "_ml")])
    rows = attach(attach(scans, sums, ["scan_id", "plan_digest"]), parted, ["row"])
    volume = rows.volume_sum.fill_null(0.0)
    unknown = ibis.cases((rows.parted.isnull(), "the masks do not tell the sites of lesions"))
    return rows.mutate(
        volume_ml=volume,
        tlp_ml=rows.tlp_sum.fill_null(0.0),
        suv_mean=ibis.cases((volume > 0, rows.tlp_sum / rows.volume_sum)),
        suv_peak=ibis.null("float64"),
        lesions=rows["count"].fill_null(0).cast("float64"),
        reason=ibis.coalesce(_without_organs(scans, rows), unknown),
    )


def _organs(basis: Basis, value: ScanValue, scans: ir.Table) -> ir.Table:
    wanted = list(value.organs)
    organs = basis.facts.table(ORGANS)
    organs = organs.filter(organs.region.isin(wanted) & (organs.plan == _plan(basis)))
    joined = _without_row(scans).inner_join(
        organs.select("scan_id", "plan_digest", *_of_organ(organs), row="row_id"), ["scan_id", "plan_digest"]
    )
    return _summed(joined, len(wanted), value.region)


def _of_organ(rows: ir.Table) -> list[str]:
    return ["region", "volume_ml", "suv_mean", "suv_max", "suv_peak", "tlp_ml"]


def _without_row(scans: ir.Table) -> ir.Table:
    """The scans without their row: that of the organ stands in its place."""
    return scans.select(*KEYS, "date", "scan_id", "plan_digest")


def _summed(rows: ir.Table, wanted: int, region: str) -> ir.Table:
    """One row per member of the regions on one day, not evaluable where one is missing or stands twice."""
    one = wanted == 1
    sums = rows.group_by([*KEYS, "date"]).aggregate(
        volume_ml=rows.volume_ml.sum(),
        tlp_ml=rows.tlp_ml.sum(),
        suv_max=rows.suv_max.max(),
        suv_peak=rows.suv_peak.max() if one else ibis.null("float64"),
        own_mean=rows.suv_mean.max(),
        known=rows.volume_ml.count(),
        n=rows.count(),
        n_regions=rows.region.nunique(),
        row=rows.row.min(),
    )
    whole = (sums.volume_ml > 0) & (sums.known == sums.n)
    mean = sums.own_mean if one else ibis.cases((whole, sums.tlp_ml / sums.volume_ml))
    reason = ibis.cases(
        (sums.n_regions < wanted, f"not all parts of {region} were measured"),
        (sums.n > wanted, f"a part of {region} stands twice on that day"),
    )
    return sums.mutate(suv_mean=mean, lesions=ibis.null("float64"), reason=reason)


def _exported(basis: Basis, value: ScanValue) -> ir.Table:
    """The region as another software measured it on the last day within the window that has it."""
    wanted = list(value.organs) or [value.region]
    table = basis.known(basis.facts.table(REGION_STATISTICS), "date")
    table = table.filter(table.region.isin(wanted))
    chosen = table.select("patient_id", "date", "suv_basis", *_of_organ(table), row="row_id")
    near = aged(basis, chosen, window=value.window)
    newest = near.group_by(list(KEYS)).aggregate(youngest=near.age.min())
    here = attach(near, newest, list(KEYS))
    here = here.filter(here.age == here.youngest)
    other = here.group_by(list(KEYS)).aggregate(other_basis=(here.suv_basis != "bw").any())
    found = attach(_summed(here, len(wanted), value.region), other, list(KEYS))
    by_weight = ibis.cases((found.other_basis, "SUV is not by body weight"))
    found = found.mutate(value=found[value.measure])
    absent = ibis.cases((found.value.isnull(), f"{value.measure} was not exported"))
    found = found.mutate(reason=ibis.coalesce(found.reason, by_weight, absent))
    found = found.select(*KEYS, "date", "row", "value", "reason")
    rule = f"{value.region} as other software measured it, at most {value.window:g} days before time zero"
    missing = f"no exported {value.region} in the {value.window:g} days before time zero"
    unit = _UNITS.get(value.measure, "g/mL")
    return told(basis, found, endpoint=value.name, rule=rule, unit=unit, table=REGION_STATISTICS.name, missing=missing)
