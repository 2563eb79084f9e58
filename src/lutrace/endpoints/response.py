"""The rules of response at the landmarks of a study, and for every scan of a registry."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, held
from lutrace.endpoints.ppp import judge_ppp
from lutrace.endpoints.recip import NOT_EVALUABLE, judge_psa_recip, judge_recip
from lutrace.endpoints.response_basis import ResponseBasis, landmark_scans, list_scans
from lutrace.endpoints.response_inputs import gather_inputs
from lutrace.endpoints.therap import judge_therap
from lutrace.endpoints.vision import judge_vision
from lutrace.terms import (
    PppRule,
    PsaRecipRule,
    RecipRule,
    ResponseRule,
    VisionRule,
    recip_rule,
    response_rule,
)

_PROGRESSION = {"recip": "PD", "psa_recip": "progression", "ppp": "met"}
"""The endpoints that a study gets, and the category that is progression."""


def judge_scans(
    basis: ResponseBasis, scans: ir.Table, rules: Sequence[ResponseRule]
) -> list[tuple[ResponseRule, ir.Table]]:
    """Each rule with one row per scan that it looks at: its inputs, `category`, `reason`, `value`, `notes`, `rule`.

    Rules that compare look at each scan after the baseline, VISION and TheraP at each scan by itself. `scans` is the
    table of `list_scans` or `landmark_scans`, held.
    """
    compares = any(isinstance(rule, RecipRule | PsaRecipRule | PppRule) for rule in rules)
    inputs = gather_inputs(basis, scans) if compares else scans
    return [(rule, held(_judged(basis, scans, inputs, rule))) for rule in rules]


def judge_registry(basis: ResponseBasis, rules: Sequence[ResponseRule]) -> list[tuple[ResponseRule, ir.Table]]:
    """`judge_scans` for every measured scan of a registry."""
    return judge_scans(basis, held(list_scans(basis)), rules)


def _judged(basis: ResponseBasis, scans: ir.Table, inputs: ir.Table, rule: ResponseRule) -> ir.Table:
    match rule:
        case RecipRule():
            return judge_recip(basis, inputs, rule)
        case PsaRecipRule():
            return judge_psa_recip(held(judge_recip(basis, inputs, recip_rule(rule.recip))), rule)
        case PppRule():
            return judge_ppp(basis, inputs, scans, rule)
        case VisionRule():
            return judge_vision(basis, scans, rule)
    return judge_therap(basis, scans, rule)


def derive_response(basis: Basis) -> ir.Table:
    """`recip`, `psa_recip` and `ppp` at each landmark, by the versions that the protocol names.

    The category is that of the rule (CR, PR, SD, PD; response, stable, progression; met, not_met; not_evaluable), the
    value 1 for progression and 0 for none. The baseline is the SPECT of cycle 1.
    """
    own = basis.protocol.response
    names = {"recip": own.recip, "psa_recip": own.psa_recip, "ppp": own.ppp}
    response = response_basis(basis)
    scans = held(landmark_scans(basis, response))
    judged = judge_scans(response, scans, [response_rule(name) for name in names.values()])
    tables = [_at_landmarks(basis, endpoint, *one) for endpoint, one in zip(names, judged, strict=True)]
    return ibis.union(*tables)


def _at_landmarks(basis: Basis, endpoint: str, rule: ResponseRule, judged: ir.Table) -> ir.Table:
    judged = judged.select("patient_id", "cycle", "scan_date", "burden_row", "category", "reason", "rule")
    rows = attach(basis.time_zero(), judged, ["patient_id", "cycle"])
    reason = ibis.cases((rows.category.isnull(), "the landmark has no scan after the baseline"), else_=rows.reason)
    progressed = ibis.cases((rows.category == _PROGRESSION[endpoint], 1.0), else_=0.0)
    rows = rows.mutate(
        date=rows.scan_date,
        reason=reason,
        value=ibis.cases((reason.isnull(), progressed)),
        category=rows.category.fill_null(NOT_EVALUABLE),
        source_table=ibis.cases((rows.burden_row.notnull(), "tumour_burdens")),
        source_row=rows.burden_row,
        rule=rows.rule.fill_null(rule.label),
    )
    return finish(rows, endpoint=endpoint, rule="", unit="1")


def response_basis(basis: Basis) -> ResponseBasis:
    """The choices of a protocol as the rules of response take them."""
    protocol = basis.protocol
    return ResponseBasis(
        basis.facts,
        protocol.measures.plan,
        ttv_source=protocol.measures.ttv_source,
        floor_ml=protocol.measures.floor,
        new_against=protocol.response.new_against,
        count_indeterminate=protocol.new_lesions.count_indeterminate,
        psa=protocol.psa,
        data_cut=basis.data_cut,
    )
