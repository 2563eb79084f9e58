"""What the eligibility criteria of trials share: the tumour of one scan, its reference organ, and the conclusion.

Facts of a scan under a trial's criteria; whether a person is to be treated is not for software to say.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach
from lutrace.endpoints.recip import NOT_EVALUABLE
from lutrace.endpoints.response_basis import ResponseBasis
from lutrace.endpoints.response_inputs import KEYS, end_notes
from lutrace.tables import LESIONS, ORGANS
from lutrace.terms import TherapRule, VisionRule

_LIVER_CLEARED = "psma_1007"


def add_reference(basis: ResponseBasis, scans: ir.Table) -> ir.Table:
    """The scans with modality and the reference organ: spleen for PSMA-1007, else liver."""
    rows = scans.mutate(
        modality=ibis.cases((scans.purpose == "psma_pet", "PET"), else_="SPECT"),
        reference_region=ibis.cases(((scans.tracer == _LIVER_CLEARED).fill_null(False), "spleen"), else_="liver"),
    )
    organs = basis.facts.table(ORGANS)
    organs = organs.filter(organs.plan == basis.plan).select(
        "scan_id",
        "plan_digest",
        reference_region="region",
        reference_suv_mean="suv_mean",
        reference_suv_sd="suv_sd",
        reference_voxels="voxels",
        reference_row="row_id",
    )
    return attach(rows, organs, ["scan_id", "plan_digest", "reference_region"])


def find_scan_faults(basis: ResponseBasis, rows: ir.Table) -> ir.StringValue:
    """Why a scan tells nothing of its tumour; empty when it does."""
    return ibis.cases(
        (rows.burden_row.isnull(), f"not measured under the plan {basis.plan}"),
        (~rows.organs_given.fill_null(False), "scan without organ masks: candidate uptake, not TTV"),
    )


def list_tumours(basis: ResponseBasis, rows: ir.Table, *columns: str) -> ir.Table:
    """The tumour lesions of the scans, with the scan's own columns named."""
    lesions = basis.facts.table(LESIONS)
    lesions = lesions.filter((lesions.plan == basis.plan) & (lesions.category == "tumour"))
    lesions = lesions.select(
        "scan_id", "plan_digest", "site", "mitnm", "suv_max", "volume_ml", "below_resolution", lesion_row="row_id"
    )
    return rows.select(*KEYS, "plan_digest", *columns).inner_join(lesions, ["scan_id", "plan_digest"])


def conclude(
    rows: ir.Table,
    rule: VisionRule | TherapRule,
    names: tuple[str, ...],
    *,
    fault: ir.StringValue,
    missing: ir.StringValue,
    words: str,
) -> ir.Table:
    """`category`, `reason` and `rule` from the criteria: one not met is enough, all must be met."""
    fails, holds = ibis.literal(False), ibis.literal(True)
    for name in names:
        fails, holds = fails | (rows[name] == "not_met"), holds & (rows[name] == "met")
    reason = ibis.coalesce(fault, ibis.cases((~fails & ~holds, ibis.literal("missing: ") + end_notes(missing))))
    on_spect, on_pet = f"{rule.label} applied to SPECT; {words}", f"{rule.label} {rule.version}; {words}"
    return rows.mutate(
        **{name: ibis.cases((fault.notnull(), NOT_EVALUABLE), else_=rows[name]) for name in names},
        reason=reason,
        category=ibis.cases((reason.notnull(), NOT_EVALUABLE), (fails, "not_met"), else_="met"),
        rule=ibis.cases((rows.modality == "SPECT", on_spect), else_=on_pet),
    )


def zeros(rows: ir.Table, *names: str) -> ir.Table:
    """The rows with 0 where one of these counts is empty."""
    return rows.mutate(**{name: rows[name].fill_null(0) for name in names})
