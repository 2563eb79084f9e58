"""The PET criteria of VISION on one scan: met, not met, or not evaluable with the input that is missing."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, count_of, held
from lutrace.endpoints.eligibility import add_reference, conclude, find_scan_faults, list_tumours, zeros
from lutrace.endpoints.reader_lesions import read_findings
from lutrace.endpoints.recip import NOT_EVALUABLE
from lutrace.endpoints.response_basis import ResponseBasis
from lutrace.endpoints.response_inputs import KEYS, end_notes, join_notes
from lutrace.terms import VisionRule

_METASTASES = ("bone", "node", "liver", "lung")
_LOCAL_SITES = ("prostate",)


def judge_vision(basis: ResponseBasis, scans: ir.Table, rule: VisionRule) -> ir.Table:
    """The scans with `criterion_avid`, `criterion_no_large` and `category` met, not_met or not_evaluable.

    Avid: a metastasis with SUVmax above the SUVmean of the liver (spleen for PSMA-1007) of the same scan. No large: no
    lesion of a reader at or below it that reaches its size. Source: Sartor et al., N Engl J Med 2021;385:1091.
    """
    rows = held(add_reference(basis, scans))
    parts = (_avid_lesions(basis, rows), _large_lesions(basis, rows, rule))
    for part in parts:
        rows = attach(rows, held(part), KEYS)
    rows = zeros(rows, "avid_metastases", "avid_unplaced", "n_reads", "n_large", "n_unsized", "n_contradicted")
    avid = ibis.cases(
        (rows.avid_metastases > 0, "met"),
        (rows.reference_suv_mean.isnull() | (rows.avid_unplaced > 0), NOT_EVALUABLE),
        else_="not_met",
    )
    no_large = ibis.cases(
        (rows.n_large > 0, "not_met"), ((rows.n_reads == 0) | (rows.n_unsized > 0), NOT_EVALUABLE), else_="met"
    )
    fault = find_scan_faults(basis, rows)
    missing = join_notes(
        ((avid == NOT_EVALUABLE) & rows.reference_suv_mean.isnull(), ibis.literal("uptake of the reference organ")),
        ((avid == NOT_EVALUABLE) & rows.reference_suv_mean.notnull(), ibis.literal("place of the avid lesions")),
        ((no_large == NOT_EVALUABLE) & (rows.n_reads == 0), ibis.literal("a reader's look at the CT")),
        (
            (no_large == NOT_EVALUABLE) & (rows.n_unsized > 0),
            ibis.literal("site, short axis or soft tissue of a lesion"),
        ),
    )
    words = (
        "a metastasis with SUVmax above the reference organ, and no lesion at or below it with a short axis of "
        f"{rule.node_mm:g} mm (node), {rule.organ_mm:g} mm (solid organ), {rule.bone_mm:g} mm (bone with soft tissue); "
        f"plan {basis.plan}"
    )
    rows = rows.mutate(criterion_avid=avid, criterion_no_large=no_large)
    odd = ibis.literal("lesions that a reader called without uptake lie above the reference organ and do not count")
    return conclude(
        rows, rule, ("criterion_avid", "criterion_no_large"), fault=fault, missing=missing, words=words
    ).mutate(value=rows.reference_suv_mean, notes=end_notes(join_notes((rows.n_contradicted > 0, odd))))


def _avid_lesions(basis: ResponseBasis, rows: ir.Table) -> ir.Table:
    """Lesions above the reference: metastases, and those whose place is not known."""
    joined = list_tumours(basis, rows, "reference_suv_mean")
    avid = (joined.suv_max > joined.reference_suv_mean).fill_null(False)
    placed = joined.mitnm.notnull() | joined.site.isin(_METASTASES) | joined.site.isin(_LOCAL_SITES)
    local = (joined.mitnm == "T").fill_null(False) | (joined.mitnm.isnull() & joined.site.isin(_LOCAL_SITES))
    metastasis = placed.fill_null(False) & ~local.fill_null(False)
    unplaced = ~placed.fill_null(False)
    return joined.group_by(KEYS).aggregate(
        avid_metastases=count_of(avid & metastasis),
        avid_unplaced=count_of(avid & unplaced),
        avid_row=joined.lesion_row.min(where=avid & metastasis),
    )


def _large_lesions(basis: ResponseBasis, rows: ir.Table, rule: VisionRule) -> ir.Table:
    """A reader's lesions at or below the reference: those as large as their site asks, and those of unknown size."""
    found = attach(read_findings(basis, rows, window_days=rule.window), rows.select(*KEYS, "reference_suv_mean"), KEYS)
    lesion = found.kind == "ct_only_lesion"
    high = (found.suv_max > found.reference_suv_mean).fill_null(False)
    low = lesion & ~high
    short = found.short_axis_mm
    node = found.site_name.isin(rule.node_sites).fill_null(False)
    organ = found.site_name.isin(rule.organ_sites).fill_null(False)
    bone = found.site_name.isin(rule.bone_sites).fill_null(False)
    soft = found.soft_tissue.fill_null(False)
    large = (
        (node & (short >= rule.node_mm)) | (organ & (short >= rule.organ_mm)) | (bone & soft & (short >= rule.bone_mm))
    )
    least = min(rule.node_mm, rule.organ_mm, rule.bone_mm)
    no_size = short.isnull() & ~(bone & found.soft_tissue.notnull() & ~soft)
    no_site = ~(node | organ | bone) & (short >= least)
    no_soft = bone & found.soft_tissue.isnull() & (short >= rule.bone_mm)
    unsized = (no_size | no_site | no_soft).fill_null(False)
    return found.group_by(KEYS).aggregate(
        n_reads=count_of(found.kind == "ct_read"),
        n_large=count_of(low & large.fill_null(False)),
        n_unsized=count_of(low & unsized & ~large.fill_null(False)),
        n_contradicted=count_of(lesion & high),
        large_row=found.row.min(where=low & large.fill_null(False)),
        read_row=found.row.min(where=found.kind == "ct_read"),
    )
