"""All inputs of the rules that compare two scans: volumes in the common field of view, new lesions, PSA, and faults."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, held, ranked_first
from lutrace.endpoints.new_lesion_counts import count_new, find_tracked, links_of, list_new
from lutrace.endpoints.psa.series import psa_values
from lutrace.endpoints.response_basis import ResponseBasis, pair_scans
from lutrace.tables import LABS, LESION_LINKS, LESIONS, TRACKING_CHECKS

KEYS = ["patient_id", "scan_id"]
AGAINST = {"baseline": "the baseline scan", "any_earlier": "every earlier scan", "previous": "the scan before"}
"""Earlier scans of the same modality that a lesion is new against, and the words for them."""
_EVIDENCE = ("avid_row", "indeterminate_row")
_COUNTED = ("avid", "with_ct", "indeterminate", "unclassed")
_EXTENT_Z = r"\[([-+0-9.eE]+), *([-+0-9.eE]+)\]\]\s*$"
_SAME = 1e-9


def gather_inputs(basis: ResponseBasis, scans: ir.Table) -> ir.Table:
    """One row per scan after a baseline, with every input of RECIP and PPP and a row of the facts for each.

    `scans` is the table of `list_scans`, held. `ttv_common_ml` and `base_ttv_common_ml` are the volumes without lesions
    that the other scan has not seen; `change_pct` is formed on them (empty below the floor). `new_*` are counts against
    the scans of the choice, `new_n_<against>` the avid ones against each choice. `psa_here`, `psa_base` in ng/mL.
    """
    pairs = held(pair_scans(basis, scans))
    rows = pairs
    for name in AGAINST:
        counts = find_new(basis, pairs, scans, name)
        rows = attach(rows, held(counts.select(*KEYS, **{f"new_n_{name}": "avid"})), KEYS)
        if name == basis.new_against:
            chosen = counts.select(*KEYS, *_EVIDENCE, **{f"new_{one}": one for one in _COUNTED})
            rows = attach(rows, held(chosen), KEYS)
            rows = attach(rows, held(find_linked(basis, pairs, scans)), KEYS)
    rows = attach(rows, held(find_view(basis, pairs)), KEYS)
    rows = attach(rows, held(find_psa(basis, pairs)), KEYS)
    rows = rows.mutate(**{name: rows[name].fill_null(0) for name in _counts()}, tracked=rows.tracked.fill_null(False))
    here = ibis.greatest(rows.ttv_ml - rows.outside_ml, 0.0)
    base = ibis.greatest(rows.base_ttv_ml - rows.base_outside_ml, 0.0)
    rows = rows.mutate(ttv_common_ml=here, base_ttv_common_ml=base)
    enough = rows.base_ttv_common_ml >= basis.floor_ml
    change = 100 * (rows.ttv_common_ml - rows.base_ttv_common_ml) / rows.base_ttv_common_ml
    return held(rows.mutate(change_pct=ibis.cases((enough, change))))


def find_faults(basis: ResponseBasis, rows: ir.Table, *, least_common_view_pct: float) -> ir.StringValue:
    """Why two scans cannot be compared at all; empty when they can."""
    first = ibis.cases((rows.modality == "SPECT", "SPECT of cycle 1"), else_="PSMA-PET before the first cycle")
    no_base = ibis.literal("no baseline of the same modality: no ") + first
    unmeasured = f"not measured under the plan {basis.plan}"
    if basis.ttv_source == "reviewed":
        unmeasured += ", or not reviewed"
    share = rows.common_view_share.round(2).cast("string")
    checks = [
        (rows.base_scan_id.isnull(), no_base),
        (rows.ttv_ml.isnull(), f"later scan {unmeasured}"),
        (rows.base_ttv_ml.isnull(), f"baseline scan {unmeasured}"),
        (rows.plan_digest != rows.base_plan_digest, "the two scans were measured with different versions of the plan"),
        *_candidates(basis, rows),
        (rows.nuclide != rows.base_nuclide, _two("different radionuclides", rows.base_nuclide, rows.nuclide)),
        (rows.tracer != rows.base_tracer, _two("different tracers", rows.base_tracer, rows.tracer)),
        (rows.agent != rows.base_agent, _two("different agents given", rows.base_agent, rows.agent)),
        (
            rows.common_view_share < least_common_view_pct / 100 - _SAME,
            "incomplete common field of view: share " + share + f", at least {least_common_view_pct / 100:g} needed",
        ),
    ]
    return ibis.cases(*((condition.fill_null(False), text) for condition, text in checks))


def find_volume_faults(basis: ResponseBasis, rows: ir.Table) -> ir.StringValue:
    """Why the volumes of two comparable scans give no change; empty when they do."""
    outside = (rows.outside_ml > 0) | (rows.base_outside_ml > 0)
    reviewed = ibis.literal(basis.ttv_source == "reviewed")
    return ibis.cases(
        (
            (outside & reviewed).fill_null(False),
            "lesions outside the common field of view cannot be taken out of a reviewed total",
        ),
        ((rows.base_ttv_ml == 0).fill_null(False), "no tumour volume at baseline: no change can be formed"),
        (
            (rows.base_ttv_common_ml < basis.floor_ml).fill_null(False),
            f"baseline volume below {basis.floor_ml:g} mL: a percentage means nothing",
        ),
    )


def find_link_faults(rows: ir.Table) -> ir.StringValue:
    """Whether new lesions can be told; empty when they can."""
    return ibis.cases((~rows.tracked, "lesions of the two scans have not been linked"))


def describe_view(rows: ir.Table) -> ir.StringValue:
    """The notes on field of view and tracer that go with a compared pair."""
    outside = rows.outside_ml + rows.base_outside_ml
    left_out = "volume compared in the common field of view only: " + outside.round(1).cast("string") + " mL left out"
    untold = rows.tracer.isnull() | rows.base_tracer.isnull()
    return join_notes(
        (outside > 0, left_out),
        (rows.common_view_share.isnull(), ibis.literal("share of common field of view not known")),
        (untold, ibis.literal("tracer not recorded for both scans")),
        (rows.unreviewed.fill_null(False), ibis.literal("links not reviewed")),
    )


def join_notes(*notes: tuple[ir.BooleanValue, ir.StringValue]) -> ir.StringValue:
    """The texts whose condition holds, each ended by a semicolon and a blank; empty text when none does."""
    text = ibis.literal("")
    for condition, note in notes:
        text = text + ibis.cases((condition.fill_null(False), note + ibis.literal("; ")), else_="")
    return text


def end_notes(notes: ir.StringValue) -> ir.StringValue:
    """Joined notes without the semicolon at either end."""
    return notes.re_replace("^; |; $", "")


def _candidates(basis: ResponseBasis, rows: ir.Table) -> list[tuple[ir.BooleanValue, str]]:
    """A total without organ masks is candidate uptake, unless a reader has made it tumour volume."""
    if basis.ttv_source == "reviewed":
        return []
    words = "scan without organ masks: candidate uptake, not TTV"
    return [
        (~rows.organs_given.fill_null(False), f"later {words}"),
        (~rows.base_organs_given.fill_null(False), f"baseline {words}"),
    ]


def _two(what: str, one: ir.StringValue, other: ir.StringValue) -> ir.StringValue:
    return ibis.literal(f"{what}: ") + one + " and " + other


def find_view(basis: ResponseBasis, pairs: ir.Table) -> ir.Table:
    """Volumes of tumour that the other scan of a pair has not seen, in mL, and the share of extent that both have."""
    lesions = basis.facts.table(LESIONS)
    lesions = lesions.filter((lesions.plan == basis.plan) & (lesions.category == "tumour"))
    links = basis.facts.table(LESION_LINKS)
    links = links.filter((links.plan == basis.plan) & (links.status == "outside_view"))
    links = links.select(
        "plan_digest", "baseline_lesion", "followup_lesion", base_scan_id="baseline_scan_id", scan_id="followup_scan_id"
    )
    lengths = _axial_mm(pairs.field_of_view_mm), _axial_mm(pairs.base_field_of_view_mm)
    of_lengths = ibis.cases((ibis.greatest(*lengths) > 0, ibis.least(*lengths) / ibis.greatest(*lengths)))
    both = lengths[0].notnull() & lengths[1].notnull()
    rows = pairs.select(*KEYS, "base_scan_id", of_lengths=ibis.cases((both, of_lengths)))
    for name, scan, lesion in (
        ("outside_ml", "scan_id", "followup_lesion"),
        ("base_outside_ml", "base_scan_id", "baseline_lesion"),
    ):
        ends = lesions.select("plan_digest", "volume_ml", **{scan: "scan_id", lesion: "lesion"})
        found = links.inner_join(ends, ["plan_digest", scan, lesion])
        volume = found.group_by(["base_scan_id", "scan_id"]).aggregate(**{name: found.volume_ml.sum()})
        rows = attach(rows, volume, ["base_scan_id", "scan_id"])
    checks = basis.facts.table(TRACKING_CHECKS)
    checks = checks.filter(checks.plan == basis.plan)
    shares = checks.group_by(["baseline_scan_id", "followup_scan_id"]).aggregate(share=checks.common_view_share.min())
    shares = shares.select("share", base_scan_id="baseline_scan_id", scan_id="followup_scan_id")
    rows = attach(rows, shares, ["base_scan_id", "scan_id"])
    return rows.select(
        *KEYS,
        outside_ml=rows.outside_ml.fill_null(0.0),
        base_outside_ml=rows.base_outside_ml.fill_null(0.0),
        common_view_share=ibis.coalesce(rows.share, rows.of_lengths),
    )


def _axial_mm(extent: ir.StringValue) -> ir.FloatingValue:
    """Length along the body of `[[x0,x1],[y0,y1],[z0,z1]]`."""
    text = extent.cast("string")
    ends = [text.re_extract(_EXTENT_Z, group).nullif("").cast("float64") for group in (1, 2)]
    return (ends[1] - ends[0]).abs()


def find_new(basis: ResponseBasis, pairs: ir.Table, scans: ir.Table, against: str) -> ir.Table:
    """Counts of lesions that are new against the scans named by `against`, by `KEYS`."""
    links = links_of(basis.facts, basis.plan)
    return count_new(list_new(links, reference_pairs(pairs, scans, against), KEYS), KEYS)


def find_linked(basis: ResponseBasis, pairs: ir.Table, scans: ir.Table) -> ir.Table:
    """Whether all scans that a lesion must be new against were linked with the later one, by `KEYS`."""
    references = reference_pairs(pairs, scans, basis.new_against)
    return find_tracked(basis.facts, links_of(basis.facts, basis.plan), references, KEYS)


def _counts() -> Sequence[str]:
    return [*(f"new_n_{name}" for name in AGAINST), *(f"new_{name}" for name in _COUNTED)]


def reference_pairs(rows: ir.Table, scans: ir.Table, against: str) -> ir.Table:
    """The earlier scans that a lesion must be new against: `KEYS`, both scans, the later burden."""
    late = rows.select(
        "patient_id", "purpose", "scan_id", "base_scan_id", late_date="scan_date", late_burden="burden_row"
    )
    late = late.mutate(followup_scan_id=late.scan_id)
    early = scans.select("patient_id", "purpose", baseline_scan_id="scan_id", early_date="scan_date")
    joined = late.inner_join(early, ["patient_id", "purpose"])
    joined = joined.filter(joined.early_date < joined.late_date)
    if against == "baseline":
        joined = joined.filter(joined.baseline_scan_id == joined.base_scan_id)
    if against == "previous":
        joined = ranked_first(joined, ["scan_id"], [ibis.desc("early_date"), "baseline_scan_id"])
    return joined.select(*KEYS, "baseline_scan_id", "followup_scan_id", "late_burden")


def find_psa(basis: ResponseBasis, pairs: ir.Table) -> ir.Table:
    """The last PSA before the later scan, and the last one on or before the first cycle (PET: the baseline scan)."""
    series = psa_values(basis.known(basis.facts.table(LABS), "date"))
    rule = basis.psa
    given = ibis.cases((pairs.modality == "SPECT", pairs.first_cycle_date))
    rows = pairs.select(*KEYS, "scan_date", psa_index=ibis.coalesce(given, pairs.base_scan_date))
    near = rows.inner_join(series, "patient_id")
    near = near.mutate(
        before=near.psa_index.delta(near.psa_date, unit="day"), age=near.scan_date.delta(near.psa_date, unit="day")
    )
    old = near.filter((near.before >= 0) & (near.before <= max(rule.baseline.window, rule.baseline.fallback)))
    base = ranked_first(old, KEYS, ["before", "psa_row"]).select(*KEYS, psa_base="psa", psa_base_row="psa_row")
    new = near.filter((near.before < 0) & (near.age >= 0) & (near.age <= rule.landmark_window))
    here = ranked_first(new, KEYS, ["age", "psa_row"]).select(*KEYS, psa_here="psa", psa_here_row="psa_row")
    return attach(attach(rows.select(*KEYS), base, KEYS), here, KEYS)
