"""From a registry on disk to the response of every scan, by each rule, under every measured plan side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lutrace.core import MissingFactError, Progress, Row, UnusableInputError, silent
from lutrace.endpoints import NewAgainst, ResponseBasis, derive_response_rows
from lutrace.study.registry_run import frozen_state
from lutrace.study.response_gaps import describe_gaps
from lutrace.tables import TUMOUR_BURDENS, Facts
from lutrace.terms import ResponseRule, response_rule

DEFAULT_RULES = ("recip-1.0", "psa-recip-1.0", "ppp-2020", "vision-2021", "therap-2021")
_UNREVIEWED = "links not reviewed"


@dataclass(frozen=True)
class ResponseResult:
    """The rows of `derive_response_rows` under each plan, warnings, and the digest of the snapshot they come from.

    `by_plan` of a row holds the category of the same scan and rule under every plan; `plans_agree` says whether they
    are one.
    """

    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    snapshot: str


def run_response(
    registry_folder: Path,
    *,
    rules: Sequence[str] = (),
    plans: Sequence[str] = (),
    new_against: NewAgainst = "baseline",
    snapshot: str | None = None,
    progress: Progress = silent,
) -> ResponseResult:
    """Response of every follow-up scan, and eligibility facts of every scan, by each rule and plan.

    Without `plans` every plan that was measured is taken, without `rules` those of `DEFAULT_RULES`. Freezes first
    unless given the digest of a snapshot. Raises UnusableInputError for an unknown rule or plan, MissingFactError when
    nothing was measured.
    """
    chosen = [response_rule(name) for name in dict.fromkeys(rules or DEFAULT_RULES)]
    facts = frozen_state(registry_folder, snapshot)
    wanted = _plans(facts, plans)
    rows: list[Row] = []
    gaps: list[str] = []
    for done, plan in enumerate(wanted):
        progress("plans", done, len(wanted))
        own = derive_response_rows(ResponseBasis(facts, plan, new_against=new_against), chosen)
        gaps += describe_gaps(facts, plan, chosen, own)
        rows += own
    progress("plans", len(wanted), len(wanted))
    return ResponseResult(tuple(_side_by_side(rows)), (*_warnings(rows, chosen), *gaps), facts.digest)


def _plans(facts: Facts, wanted: Sequence[str]) -> list[str]:
    found = facts.table(TUMOUR_BURDENS).select("plan").distinct().to_pyarrow().to_pylist()
    measured = sorted(row["plan"] for row in found)
    if not measured:
        raise MissingFactError("no scan of this registry has been measured; run `lutrace measure` first")
    unknown = sorted(set(wanted) - set(measured))
    if unknown:
        raise UnusableInputError(
            f"expected a plan that was measured ({', '.join(measured)}), got {', '.join(unknown)}; "
            "run `lutrace measure --plan` with it first"
        )
    return list(dict.fromkeys(wanted)) or measured


def _side_by_side(rows: Sequence[Row]) -> list[Row]:
    """The rows with what every plan says of the same scan and rule: how far the threshold decides."""
    categories: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in rows:
        categories[row["scan_id"], row["rule"]][row["plan"]] = row["category"]
    beside = [(row, categories[row["scan_id"], row["rule"]]) for row in rows]
    return [{**row, "by_plan": plans, "plans_agree": len(set(plans.values())) == 1} for row, plans in beside]


def _warnings(rows: Sequence[Row], rules: Sequence[ResponseRule]) -> list[str]:
    """What a reader must know of all rows: unreviewed links, rules on the wrong modality, texts not compared."""
    told = [f"{rule.label}: {rule.checked}" for rule in rules]
    n_unreviewed = sum(1 for row in rows if _UNREVIEWED in (row["notes"] or ""))
    if n_unreviewed:
        told.append(f"{n_unreviewed} of {len(rows)} rows rest on links between scans that nobody has reviewed")
    n_spect = sum(1 for row in rows if row["modality"] == "SPECT")
    if n_spect:
        told.append(f"{n_spect} of {len(rows)} rows apply rules made for PSMA-PET to post-therapy SPECT")
    return told
