"""The verdict of a rule on one scan as a row for people: every input with its source, what is missing, repeatability.

In Python because an input is a name, a value, a unit and a row together, which no flat table holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lutrace.core import Row
from lutrace.endpoints.response import judge_registry
from lutrace.endpoints.response_basis import ResponseBasis
from lutrace.terms import PppRule, PsaRecipRule, RecipRule, ResponseRule, describe_repeatability, repeatability_of

Input = tuple[str, str, str, str, str | None]
"""Name, column, unit, table, and the column that names the row."""
_VOLUMES: tuple[Input, ...] = (
    ("tumour volume, later scan", "ttv_ml", "mL", "tumour_burdens", "burden_row"),
    ("tumour volume, baseline", "base_ttv_ml", "mL", "tumour_burdens", "base_burden_row"),
    ("tumour volume in the common view, later scan", "ttv_common_ml", "mL", "tumour_burdens", "burden_row"),
    ("tumour volume in the common view, baseline", "base_ttv_common_ml", "mL", "tumour_burdens", "base_burden_row"),
    ("uncertain volume, later scan", "uncertain_ml", "mL", "tumour_burdens", "burden_row"),
    ("change of tumour volume", "change_pct", "%", "tumour_burdens", "burden_row"),
    ("common field of view", "common_view_share", "1", "tracking_checks", None),
)
_NEW: tuple[Input, ...] = (
    ("new lesions above the reference organ", "new_avid", "lesions", "lesion_links", "avid_row"),
    ("new lesions, indeterminate", "new_indeterminate", "lesions", "lesion_links", "indeterminate_row"),
    ("new against the baseline scan", "new_n_baseline", "lesions", "lesion_links", "avid_row"),
    ("new against every earlier scan", "new_n_any_earlier", "lesions", "lesion_links", "avid_row"),
    ("new against the scan before", "new_n_previous", "lesions", "lesion_links", "avid_row"),
)
_PSA: tuple[Input, ...] = (
    ("PSA at baseline", "psa_base", "ng/mL", "labs", "psa_base_row"),
    ("PSA at the later scan", "psa_here", "ng/mL", "labs", "psa_here_row"),
)
_PPP: tuple[Input, ...] = (
    ("new distant lesions", "new_distant", "lesions", "lesion_links", "distant_row"),
    ("new lesions, place not known", "new_unplaced", "lesions", "lesion_links", "avid_row"),
    ("lesions compared one to one", "n_compared", "lesions", "lesion_links", None),
    ("lesions that grew enough", "n_grown", "lesions", "lesion_links", "growth_row"),
    (
        "largest growth of a lesion, or of lesions that merged or split as one",
        "max_growth_pct",
        "%",
        "lesion_links",
        "growth_row",
    ),
    ("finding of a reader", "finding_kind", "", "reader_findings", "finding_row"),
)
_REFERENCE: tuple[Input, ...] = (
    ("reference organ", "reference_region", "", "organs", "reference_row"),
    ("reference SUVmean", "reference_suv_mean", "g/mL", "organs", "reference_row"),
    ("reference SD", "reference_suv_sd", "g/mL", "organs", "reference_row"),
    ("reference voxels", "reference_voxels", "1", "organs", "reference_row"),
)
_READ: tuple[Input, ...] = (("CT reads", "n_reads", "1", "reader_findings", "read_row"),)
_VISION: tuple[Input, ...] = (
    ("metastases above the reference", "avid_metastases", "lesions", "lesions", "avid_row"),
    ("large lesions at or below the reference", "n_large", "lesions", "reader_findings", "large_row"),
)
_THERAP: tuple[Input, ...] = (
    ("highest SUVmax", "highest_suv", "g/mL", "lesions", "highest_row"),
    ("measurable lesions", "n_measurable", "lesions", "lesions", None),
    ("measurable lesions at or below the line", "n_cool", "lesions", "lesions", "cool_row"),
    ("reader's measurable lesions at or below the line", "n_cold", "lesions", "reader_findings", "cold_row"),
)
_INPUTS: Mapping[str, tuple[Input, ...]] = {
    "recip": (*_VOLUMES, *_NEW),
    "psa_recip": (*_VOLUMES, *_NEW, *_PSA),
    "ppp": (*_NEW, *_PPP, *_PSA),
    "vision": (*_REFERENCE, *_VISION, *_READ),
    "therap": (*_THERAP, *_READ),
}


def derive_response_rows(basis: ResponseBasis, rules: Sequence[ResponseRule]) -> list[Row]:
    """A row per patient, scan and rule of a registry under the plan, in a fixed order; no calendar date.

    `category` is the rule's; `missing` says why it is not evaluable; `criteria` the parts of a rule; `inputs` every
    value with its unit, table and row. `days` count from the baseline scan, or from the first cycle without one.
    """
    judged = judge_registry(basis, rules)
    found = [(rule, row) for rule, table in judged for row in table.to_pyarrow().to_pylist()]
    found.sort(key=lambda one: tuple(one[1][name] for name in ("patient_id", "modality", "scan_date", "scan_id")))
    return [_row(basis, rule, row) for rule, row in found]


def _row(basis: ResponseBasis, rule: ResponseRule, found: Mapping[str, Any]) -> Row:
    base_date = found.get("base_scan_date")
    return {
        "patient_id": found["patient_id"],
        "plan": basis.plan,
        "modality": found["modality"],
        "cycle": found["cycle"],
        "days": (found["scan_date"] - base_date).days if base_date is not None else None,
        "rule": rule.name,
        "rule_version": rule.version,
        "category": found["category"],
        "missing": found["reason"],
        "change_pct": found.get("change_pct"),
        "new_lesions": found.get("new_avid"),
        "criteria": {
            name.removeprefix("criterion_"): value for name, value in found.items() if name.startswith("criterion_")
        },
        "repeatability": _repeatability(rule, found),
        "notes": found["notes"],
        "rule_text": found["rule"],
        "source": rule.source,
        "checked": rule.checked,
        "inputs": [_input(one, found) for one in _INPUTS[rule.kind]],
        "scan_id": found["scan_id"],
        "baseline_scan_id": found.get("base_scan_id"),
    }


def _input(one: Input, found: Mapping[str, Any]) -> Row:
    name, column, unit, table, row = one
    return {
        "name": name,
        "value": found[column],
        "unit": unit,
        "source_table": table,
        "source_row": found[row] if row is not None else None,
    }


def _repeatability(rule: ResponseRule, found: Mapping[str, Any]) -> str | None:
    """What is known of the repeatability of the change that the rule rests on; nothing for rules without a change."""
    modality, tracer = found["modality"], found["tracer"]
    if isinstance(rule, RecipRule | PsaRecipRule):
        known = repeatability_of("patient", "volume", modality=modality, tracer=tracer)
    elif isinstance(rule, PppRule) and found["growth_level"] == "cluster":
        return "lesions that merged or split are compared as one; repeatability is known for single lesions only"
    elif isinstance(rule, PppRule) and found["growth_metric"] is not None:
        metric = {"volume_ml": "volume"}.get(found["growth_metric"], found["growth_metric"])
        known = repeatability_of("lesion", metric, modality=modality, tracer=tracer, site=found["growth_site"])
    else:
        return None
    return describe_repeatability(known, modality=modality, tracer=tracer)
