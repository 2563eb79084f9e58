"""New lesions at a landmark: against which earlier scans, of which class, and whether anybody could see them."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish
from lutrace.tables import LESION_LINKS, READER_FINDINGS, TUMOUR_BURDENS

UNREVIEWED = "links not reviewed"
"""Said where the links of lesions are the program's own and provisional."""
Choice = Callable[[ir.Table], ir.BooleanValue]
REFERENCES: dict[str, tuple[Choice, str]] = {
    "any_earlier": (lambda t: t.cycle < t.landmark_cycle, "on no earlier SPECT"),
    "previous_cycle": (lambda t: t.cycle == t.landmark_cycle - 1, "not on the SPECT of the cycle before"),
    "first_cycle": (lambda t: t.cycle == 1, "not on the SPECT of cycle 1"),
}
"""Earlier scans that a lesion is new against, and the words for it."""


def derive_new_lesions(basis: Basis) -> ir.Table:
    """`new_lesions_any_earlier`, `..._previous_cycle`, `..._first_cycle`, and `new_lesions` by the protocol's choice.

    The value is the number of new lesions that count, the category the patient's class: psma_avid, not_avid_ct,
    indeterminate, none, not_assessed. A lesion counts as new when it is new against each of the reference scans; all
    pairs of scans must have been tracked. Uptake above the liver is avid; a CT finding without such uptake counts
    when a reader recorded it; where nobody has read the CT, its absence is not known.
    """
    tables = [_against(basis, name, endpoint=f"new_lesions_{name}") for name in REFERENCES]
    return ibis.union(*tables, _against(basis, basis.protocol.new_lesions.reference, endpoint="new_lesions"))


def _against(basis: Basis, reference: str, *, endpoint: str) -> ir.Table:
    choose, words = REFERENCES[reference]
    zero = basis.time_zero()
    pairs = _pairs(basis, choose)
    lesions = _new_per_patient(basis, pairs)
    rows = attach(zero, _tracked(basis, pairs), ["patient_id", "population"])
    rows = attach(rows, lesions, ["patient_id", "population"])
    rows = attach(rows, _ct(basis, reference), ["patient_id", "population"])
    numbers = {name: rows[name].fill_null(0) for name in ("avid", "indeterminate", "ct_only", "ct_reads")}
    rows = rows.mutate(**numbers, tracked=rows.tracked.fill_null(False))
    rule = ibis.cases((rows.unreviewed.fill_null(False), f"new: {words}; {UNREVIEWED}"), else_=f"new: {words}")
    return finish(_judged(basis, rows.mutate(rule=rule)), endpoint=endpoint, rule="", unit="lesions")


def _judged(basis: Basis, rows: ir.Table) -> ir.Table:
    rule = basis.protocol.new_lesions
    counted = rows.avid + rows.ct_only
    if rule.count_indeterminate:
        counted = counted + rows.indeterminate
    unread = (rows.ct_reads == 0) & (counted == 0)
    reason = ibis.cases((~rows.tracked, "lesions of the two scans have not been linked"))
    if rule.ct_not_read == "not_assessed":
        reason = ibis.coalesce(reason, ibis.cases((unread, "no CT read: lesions without uptake not assessed")))
    return rows.mutate(
        reason=reason,
        date=rows.spect_date,
        value=ibis.cases((reason.isnull(), counted.cast("float64"))),
        category=ibis.cases(
            (reason.notnull(), "not_assessed"),
            (rows.avid > 0, "psma_avid"),
            (rows.ct_only > 0, "not_avid_ct"),
            (rows.indeterminate > 0, "indeterminate"),
            else_="none",
        ),
        source_table=ibis.cases(
            (rows.avid > 0, "lesion_links"),
            (rows.ct_only > 0, "reader_findings"),
            (rows.indeterminate > 0, "lesion_links"),
            else_=rows.pair_table,
        ),
        source_row=ibis.cases(
            (rows.avid > 0, rows.avid_row),
            (rows.ct_only > 0, rows.ct_row),
            (rows.indeterminate > 0, rows.indeterminate_row),
            else_=rows.pair_row,
        ),
    )


def _pairs(basis: Basis, choose: Choice) -> ir.Table:
    """The reference scans of each patient and landmark with the landmark's scan."""
    spects = basis.spects()
    zero = basis.time_zero().select("patient_id", "population", landmark_cycle="cycle")
    late = spects.select("patient_id", landmark_cycle="cycle", followup_scan_id="scan_id", late_burden="burden_row")
    early = spects.select("patient_id", "cycle", baseline_scan_id="scan_id")
    pairs = zero.inner_join(late, ["patient_id", "landmark_cycle"]).inner_join(early, "patient_id")
    return pairs.filter(choose(pairs))


def _links(basis: Basis) -> ir.Table:
    links = basis.facts.table(LESION_LINKS)
    return links.filter(links.plan == basis.protocol.measures.plan).select(
        "baseline_scan_id",
        "followup_scan_id",
        "followup_lesion",
        "status",
        "new_class",
        "provisional",
        link_row="row_id",
    )


def _tracked(basis: Basis, pairs: ir.Table) -> ir.Table:
    """Whether every reference pair was tracked: it has links, or the later scan has no lesion that could be new."""
    links = (
        _links(basis)
        .group_by(["baseline_scan_id", "followup_scan_id"])
        .aggregate(
            links=lambda t: t.count(),
            first_link=lambda t: t.link_row.min(),
            unreviewed=lambda t: t.provisional.fill_null(False).any(),
        )
    )
    burdens = basis.facts.table(TUMOUR_BURDENS).select("lesions", late_burden="row_id")
    joined = attach(attach(pairs, links, ["baseline_scan_id", "followup_scan_id"]), burdens, ["late_burden"])
    joined = joined.mutate(ok=(joined.links.fill_null(0) > 0) | (joined.lesions == 0).fill_null(False))
    joined = joined.mutate(
        pair_table=ibis.cases((joined.first_link.notnull(), "lesion_links"), else_="tumour_burdens"),
        pair_row=ibis.coalesce(joined.first_link, joined.late_burden),
    )
    return joined.group_by(["patient_id", "population"]).aggregate(
        tracked=joined.ok.all(),
        unreviewed=joined.unreviewed.fill_null(False).any(),
        references=joined.count(),
        pair_table=joined.pair_table.min(),
        pair_row=joined.pair_row.min(),
    )


def _new_per_patient(basis: Basis, pairs: ir.Table) -> ir.Table:
    """Numbers of lesions that are new against every reference scan, by class."""
    keys = ["patient_id", "population"]
    count = pairs.group_by(keys).aggregate(references=lambda t: t.count())
    joined = pairs.inner_join(_links(basis), ["baseline_scan_id", "followup_scan_id"])
    new = joined.filter(joined.status == "new")
    lesions = new.group_by([*keys, "followup_lesion"]).aggregate(
        times=new.baseline_scan_id.nunique(),
        avid=(new.new_class == "psma_avid").fill_null(False).any(),
        row=new.link_row.min(),
    )
    lesions = lesions.inner_join(count, keys).filter(lambda t: t.times == t.references)
    return lesions.group_by(keys).aggregate(
        avid=lesions.avid.cast("int64").sum(),
        indeterminate=(~lesions.avid).cast("int64").sum(),
        avid_row=lesions.row.min(where=lesions.avid),
        indeterminate_row=lesions.row.min(where=~lesions.avid),
    )


def _ct(basis: Basis, reference: str) -> ir.Table:
    """How often the CT of the landmark's cycle was read, and the new lesions that only CT shows.

    Against the first cycle, CT findings of all cycles since then count.
    """
    found = basis.known(basis.facts.table(READER_FINDINGS), "date")
    found = found.filter(found.kind.isin(["ct_read", "ct_only_lesion"]))
    found = found.select("patient_id", "kind", read_cycle="cycle", finding_row="row_id")
    zero = basis.time_zero().select("patient_id", "population", "cycle")
    joined = zero.inner_join(found, "patient_id")
    since = joined.read_cycle <= joined.cycle if reference == "first_cycle" else joined.read_cycle == joined.cycle
    lesion = (joined.kind == "ct_only_lesion") & since & (joined.read_cycle > 1)
    return joined.group_by(["patient_id", "population"]).aggregate(
        ct_reads=(joined.read_cycle == joined.cycle).fill_null(False).cast("int64").sum(),
        ct_only=lesion.fill_null(False).cast("int64").sum(),
        ct_row=joined.finding_row.min(where=lesion),
    )
