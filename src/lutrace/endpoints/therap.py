"""The PET criteria of TheraP on one scan: met, not met, or not evaluable with the input that is missing."""

from __future__ import annotations

import math

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, count_of, held, ranked_first
from lutrace.endpoints.eligibility import add_reference, conclude, find_scan_faults, list_tumours, zeros
from lutrace.endpoints.reader_lesions import read_findings
from lutrace.endpoints.recip import NOT_EVALUABLE
from lutrace.endpoints.response_basis import ResponseBasis
from lutrace.endpoints.response_inputs import KEYS, join_notes
from lutrace.terms import TherapRule


def judge_therap(basis: ResponseBasis, scans: ir.Table, rule: TherapRule) -> ir.Table:
    """The scans with `criterion_dominant`, `criterion_others`, `criterion_fdg` and `category`; SUVmax in g/mL.

    Measurable is a lesion whose volume is that of a sphere of the rule's size and that is not below the plan's
    resolution, or a reader's lesion with such a long axis. FDG-PET is in no table: that criterion is never evaluable.
    Source: Hofman et al., Lancet 2021;397:797.
    """
    rows = held(attach(add_reference(basis, scans), _tumour_uptake(basis, scans, rule), KEYS))
    rows = attach(rows, held(_cold_lesions(basis, rows, rule)), KEYS)
    rows = zeros(rows, "n_cool", "n_measurable", "n_reads", "n_cold", "n_unsized")
    top = rows.highest_suv.fill_null(0.0)
    above = top > rule.dominant_suv if rule.dominant_strict else top >= rule.dominant_suv
    others = ibis.cases(
        (rows.n_cool + rows.n_cold > 0, "not_met"),
        ((rows.n_reads == 0) | (rows.n_unsized > 0), NOT_EVALUABLE),
        else_="met",
    )
    rows = rows.mutate(
        criterion_dominant=ibis.cases((above, "met"), else_="not_met"),
        criterion_others=others,
        criterion_fdg=ibis.literal(NOT_EVALUABLE if rule.needs_fdg else "met"),
    )
    missing = join_notes(
        ((others == NOT_EVALUABLE) & (rows.n_reads == 0), ibis.literal("a reader's look at the CT")),
        ((others == NOT_EVALUABLE) & (rows.n_unsized > 0), ibis.literal("size of a lesion without uptake")),
        (ibis.literal(rule.needs_fdg), ibis.literal("FDG-PET")),
    )
    bound = "above" if rule.dominant_strict else "at least"
    words = (
        f"SUVmax {bound} {rule.dominant_suv:g} at one site and above {rule.other_suv:g} at every measurable site "
        f"({rule.measurable_mm:g} mm)"
        + (", none with FDG and without PSMA" if rule.needs_fdg else "")
        + f"; plan {basis.plan}"
    )
    names = ("criterion_dominant", "criterion_others", "criterion_fdg")
    return conclude(rows, rule, names, fault=find_scan_faults(basis, rows), missing=missing, words=words).mutate(
        value=rows.highest_suv, notes=ibis.literal("")
    )


def _tumour_uptake(basis: ResponseBasis, scans: ir.Table, rule: TherapRule) -> ir.Table:
    """The highest SUVmax of the scan's tumour, and its measurable lesions at or below the rule's line."""
    joined = list_tumours(basis, scans)
    least_ml = math.pi / 6 * rule.measurable_mm**3 / 1000
    measurable = (joined.volume_ml >= least_ml) & ~joined.below_resolution.fill_null(False)
    cool = measurable & (joined.suv_max <= rule.other_suv)
    top = ranked_first(joined, KEYS, [ibis.desc("suv_max"), "lesion_row"])
    top = top.select(*KEYS, highest_suv="suv_max", highest_row="lesion_row")
    counts = joined.group_by(KEYS).aggregate(
        n_measurable=count_of(measurable),
        n_cool=count_of(cool),
        cool_row=joined.lesion_row.min(where=cool),
    )
    return attach(counts, top, KEYS)


def _cold_lesions(basis: ResponseBasis, rows: ir.Table, rule: TherapRule) -> ir.Table:
    """A reader's measurable lesions without enough uptake, and those of unknown size."""
    found = read_findings(basis, rows, window_days=rule.window)
    lesion = (found.kind == "ct_only_lesion") & ~(found.suv_max > rule.other_suv).fill_null(False)
    size = ibis.coalesce(found.long_axis_mm, found.short_axis_mm)
    cold = lesion & (size >= rule.measurable_mm).fill_null(False)
    return found.group_by(KEYS).aggregate(
        n_reads=count_of(found.kind == "ct_read"),
        n_cold=count_of(cold),
        n_unsized=count_of(lesion & size.isnull()),
        cold_row=found.row.min(where=cold),
        read_row=found.row.min(where=found.kind == "ct_read"),
    )
