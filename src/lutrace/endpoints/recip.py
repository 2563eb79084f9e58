"""RECIP, and PSA with RECIP: the change of tumour volume and new lesions between two scans."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.response_basis import ResponseBasis
from lutrace.endpoints.response_inputs import (
    AGAINST,
    describe_view,
    end_notes,
    find_faults,
    find_link_faults,
    find_volume_faults,
    join_notes,
)
from lutrace.terms import PsaRecipRule, RecipRule

NOT_EVALUABLE = "not_evaluable"
_SAME = 1e-9
"""Changes (percent) and PSA values closer than this are equal: thresholds are products of decimal numbers."""


def judge_recip(basis: ResponseBasis, rows: ir.Table, rule: RecipRule) -> ir.Table:
    """The rows of `gather_inputs` with `category` CR, PR, SD, PD or not_evaluable, `reason`, `notes` and `rule`.

    CR asks that no tumour and no uncertain component is left in the whole scan. New lesions are those with uptake above
    the reference organ; indeterminate ones count by the study's choice, and a note says what they would change.
    Source: Gafita et al., J Nucl Med 2022;63:1651.
    """
    counted = rows.new_avid + rows.new_indeterminate if basis.count_indeterminate else rows.new_avid
    with_all = _class_of(rows, rows.new_avid + rows.new_indeterminate, rule)
    own = _class_of(rows, counted, rule)
    reason = ibis.coalesce(
        find_faults(basis, rows, least_common_view_pct=rule.least_common_view),
        find_link_faults(rows),
        find_volume_faults(basis, rows),
        ibis.cases(
            (
                (rows.new_unclassed > 0) & (own != with_all),
                "missing reference: new lesions cannot be classed without liver or spleen of the later scan",
            )
        ),
    )
    changed = ibis.literal("with the indeterminate new lesions counted: ") + with_all
    gone = (rows.ttv_ml == 0) & (rows.uncertain_ml > 0)
    notes = describe_view(rows) + join_notes(
        ((own != with_all) & reason.isnull(), changed),
        (gone, ibis.literal("uncertain components remain: no complete response is claimed")),
    )
    return rows.mutate(
        reason=reason,
        category=ibis.cases((reason.notnull(), NOT_EVALUABLE), else_=own),
        value=ibis.cases((reason.isnull(), rows.change_pct)),
        notes=end_notes(notes),
        rule=_words(rows, rule.label, f"RECIP rules applied to SPECT ({rule.label})", _cuts(basis, rule)),
    )


def judge_psa_recip(rows: ir.Table, rule: PsaRecipRule) -> ir.Table:
    """The rows of `judge_recip` with `category` progression, response, stable or not_evaluable from PSA and RECIP.

    Progression of either is enough and needs no more; the other categories need both. `recip` is the RECIP category.
    Source: Gafita et al., J Nucl Med 2022;63:1651 (PSA + RECIP).
    """
    rise, fall = find_psa_rise(rows, rule.psa_rise, rule.psa_rise_absolute), _psa_fell(rows, rule.psa_fall)
    recip = rows.category
    progression = (recip == "PD") | rise.fill_null(False)
    no_recip = ibis.cases((rows.reason.notnull(), ibis.literal("RECIP: ") + rows.reason))
    reason = ibis.cases((~progression, ibis.coalesce(no_recip, _missing_psa(rows))))
    response = recip.isin(["CR", "PR"]) | fall.fill_null(False)
    cuts = (
        f"progression: RECIP PD, or PSA at least {rule.psa_rise:g} % and {rule.psa_rise_absolute:g} ng/mL above "
        f"baseline (one value, not confirmed); response: else, PSA at least {rule.psa_fall:g} % below baseline, or "
        "RECIP CR or PR"
    )
    return rows.mutate(
        recip=recip,
        reason=reason,
        category=ibis.cases(
            (reason.notnull(), NOT_EVALUABLE), (progression, "progression"), (response, "response"), else_="stable"
        ),
        value=ibis.cases(
            (reason.isnull() & (rows.psa_base > 0), 100 * (rows.psa_here - rows.psa_base) / rows.psa_base)
        ),
        notes=end_notes(rows.notes + ibis.cases((rise.isnull(), "; PSA not evaluable"), else_="")),
        rule=_words(rows, rule.label, f"PSA, and RECIP rules applied to SPECT ({rule.label})", cuts),
    )


def find_psa_rise(rows: ir.Table, percent: float, absolute: float) -> ir.BooleanValue:
    """Whether PSA at the scan stands at least so many percent and ng/mL above baseline; empty without both values."""
    return (rows.psa_here >= rows.psa_base * (1 + percent / 100) - _SAME) & (
        rows.psa_here >= rows.psa_base + absolute - _SAME
    )


def _psa_fell(rows: ir.Table, percent: float) -> ir.BooleanValue:
    return (rows.psa_here <= rows.psa_base * (1 - percent / 100) + _SAME) & (rows.psa_base > 0)


def _missing_psa(rows: ir.Table) -> ir.StringValue:
    return ibis.cases(
        (rows.psa_base.isnull(), "no PSA baseline"), (rows.psa_here.isnull(), "no PSA before the later scan")
    )


def _class_of(rows: ir.Table, new: ir.IntegerValue, rule: RecipRule) -> ir.StringValue:
    none_left = (rows.ttv_ml == 0) & (rows.uncertain_ml.fill_null(0.0) == 0)
    fell = (rows.change_pct <= -rule.fall + _SAME).fill_null(False)
    rose = (rows.change_pct >= rule.rise - _SAME).fill_null(False)
    return ibis.cases((none_left & (new == 0), "CR"), (fell & (new == 0), "PR"), (rose & (new > 0), "PD"), else_="SD")


def _cuts(basis: ResponseBasis, rule: RecipRule) -> str:
    which = "new lesions above the reference organ" + (" or indeterminate" if basis.count_indeterminate else "")
    return (
        f"volume of plan {basis.plan}, {basis.ttv_source}: PR from -{rule.fall:g} % without, PD from "
        f"+{rule.rise:g} % with {which}, new against {AGAINST[basis.new_against]}"
    )


def _words(rows: ir.Table, on_pet: str, on_spect: str, cuts: str) -> ir.StringValue:
    return ibis.cases((rows.modality == "SPECT", f"{on_spect}; {cuts}"), else_=f"{on_pet}; {cuts}")
