"""Why patients have no category: which input is missing, and for how many of them.

In Python because it tells people what a handful of counts mean; no number of a result is formed here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from lutrace.core import Row
from lutrace.tables import SCANS, TUMOUR_BURDENS, Facts
from lutrace.terms import ResponseRule

_COMPARE = ("recip", "psa_recip", "ppp")
_SHOWN = 4


def describe_gaps(facts: Facts, plan: str, rules: Sequence[ResponseRule], rows: Sequence[Row]) -> list[str]:
    """A line per rule that leaves patients without a category under this plan, with the reasons and their numbers.

    `rows` are those of `derive_response_rows` under the plan. A patient counts once, with his first reason.
    """
    scans = _scans(facts)
    measured = _measured(facts, plan)
    told = []
    for rule in rules:
        own = [row for row in rows if row["rule"] == rule.name]
        rated = {row["patient_id"] for row in own if row["missing"] is None}
        reasons: Counter[str] = Counter()
        for patient in sorted(scans.keys() - rated):
            given = next((row["missing"] for row in own if row["patient_id"] == patient), None)
            reasons[given or _reason(scans[patient], measured, compares=rule.kind in _COMPARE)] += 1
        if reasons:
            shown = "; ".join(f"{n}: {reason}" for reason, n in reasons.most_common(_SHOWN))
            more = f"; and {len(reasons) - _SHOWN} further reasons" if len(reasons) > _SHOWN else ""
            told.append(
                f"{rule.name}, plan {plan}: {reasons.total()} of {len(scans)} patients with scans have no category "
                f"(patients: reason) {shown}{more}"
            )
    return told


def _scans(facts: Facts) -> dict[str, list[Row]]:
    """The usable PET and SPECT of each patient."""
    table = facts.table(SCANS).select("patient_id", "scan_id", "purpose", "cycle", "status")
    found: dict[str, list[Row]] = defaultdict(list)
    for row in table.to_pyarrow().to_pylist():
        if row["purpose"] in ("psma_pet", "rlt_spect") and row["status"] in (None, "usable"):
            found[row["patient_id"]].append(row)
    return found


def _measured(facts: Facts, plan: str) -> set[str]:
    table = facts.table(TUMOUR_BURDENS).select("scan_id", "plan")
    return {row["scan_id"] for row in table.to_pyarrow().to_pylist() if row["plan"] == plan}


def _reason(scans: Sequence[Row], measured: set[str], *, compares: bool) -> str:
    """What a patient without any row of a rule lacks."""
    known = [one for one in scans if one["scan_id"] in measured]
    if not known:
        return "no scan measured under this plan; run lutrace measure, and lutrace check for refused ones"
    placed = [one for one in known if one["purpose"] == "psma_pet" or one["cycle"] is not None]
    if not placed:
        return "post-therapy scans that belong to no cycle; add the records of the cycles"
    if compares:
        return "no second scan of one modality (PET after PET, SPECT after SPECT of cycle 1) to compare with"
    return "no scan that this rule is made for"
