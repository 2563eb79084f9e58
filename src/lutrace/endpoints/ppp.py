"""PPP, progression on PSMA-PET: new lesions or growth, with clinical or laboratory data."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, count_of, held, ranked_first
from lutrace.endpoints.new_lesion_counts import links_of, list_new
from lutrace.endpoints.recip import NOT_EVALUABLE, find_psa_rise
from lutrace.endpoints.response_basis import ResponseBasis
from lutrace.endpoints.response_inputs import (
    AGAINST,
    KEYS,
    describe_view,
    end_notes,
    find_faults,
    find_link_faults,
    join_notes,
    reference_pairs,
)
from lutrace.tables import LESION_LINKS, LESIONS, READER_FINDINGS, without
from lutrace.terms import PppRule

_COLUMNS = {"volume": "volume_ml", "suv_max": "suv_max", "suv_mean": "suv_mean"}
_PROGRESSED = ("clinical_progression", "radiological_progression")
_SAME = 1e-9


def judge_ppp(basis: ResponseBasis, rows: ir.Table, scans: ir.Table, rule: PppRule) -> ir.Table:
    """The rows of `gather_inputs` with `criterion_a`, `_b`, `_c` and `category` met, not_met or not_evaluable.

    (a) new distant lesions; (b) a new lesion with clinical or laboratory data; (c) growth with such data. Any of them
    is enough; without clinical or laboratory data (b) and (c) are not evaluable where a lesion would meet them.
    Source: Fanti et al., J Nucl Med 2020;61:678.
    """
    parts = (_distant(basis, rows, scans, rule), _grown(basis, rows, rule), _findings(basis, rows, rule))
    for part in parts:
        rows = attach(rows, held(part), KEYS)
    counted = ("new_distant", "new_unplaced", "maybe_distant", "n_grown", "n_compared")
    rows = rows.mutate(**{name: rows[name].fill_null(0) for name in counted})
    rows = held(rows.mutate(clinical=_clinical(rows, rule)))
    a, b, c = _criterion_a(rows, rule), _criterion_b(rows), _criterion_c(rows)
    fault = ibis.coalesce(
        find_faults(basis, rows, least_common_view_pct=rule.least_common_view), find_link_faults(rows)
    )
    rows = rows.mutate(
        **{
            f"criterion_{name}": ibis.cases((fault.notnull(), NOT_EVALUABLE), else_=one)
            for name, one in zip("abc", (a, b, c), strict=True)
        }
    )
    return _concluded(basis, rows, rule, fault)


def _concluded(basis: ResponseBasis, rows: ir.Table, rule: PppRule, fault: ir.StringValue) -> ir.Table:
    any_met = (rows.criterion_a == "met") | (rows.criterion_b == "met") | (rows.criterion_c == "met")
    none_met = (rows.criterion_a == "not_met") & (rows.criterion_b == "not_met") & (rows.criterion_c == "not_met")
    missing = join_notes(
        (rows.criterion_a == NOT_EVALUABLE, ibis.literal("(a) place or class of new lesions")),
        (rows.criterion_b == NOT_EVALUABLE, ibis.literal("(b) ") + _missing_b(rows)),
        (rows.criterion_c == NOT_EVALUABLE, ibis.literal("(c) clinical or laboratory data")),
    )
    reason = ibis.coalesce(fault, ibis.cases((~any_met & ~none_met, ibis.literal("missing: ") + end_notes(missing))))
    cuts = (
        f"(a) at least {rule.new_distant} new distant lesions, (b) a new lesion with clinical or laboratory data, "
        f"(c) growth of {' or '.join(rule.growth_of)} by {rule.growth:g} % with such data; plan {basis.plan}, "
        f"new against {AGAINST[basis.new_against]}"
    )
    on_spect, on_pet = f"{rule.label} rules applied to SPECT; {cuts}", f"{rule.label} {rule.version}; {cuts}"
    return rows.mutate(
        reason=reason,
        category=ibis.cases((reason.notnull(), NOT_EVALUABLE), (any_met, "met"), else_="not_met"),
        value=rows.max_growth_pct,
        notes=end_notes(
            describe_view(rows)
            + join_notes((rows.finding_row.isnull(), ibis.literal("no clinical finding of a reader on record")))
        ),
        rule=ibis.cases((rows.modality == "SPECT", on_spect), else_=on_pet),
    )


def _criterion_a(rows: ir.Table, rule: PppRule) -> ir.StringValue:
    possible = rows.new_distant + rows.new_unplaced + rows.maybe_distant
    return ibis.cases(
        (rows.new_distant >= rule.new_distant, "met"), (possible < rule.new_distant, "not_met"), else_=NOT_EVALUABLE
    )


def _criterion_b(rows: ir.Table) -> ir.StringValue:
    return ibis.cases(
        (rows.new_avid + rows.new_indeterminate == 0, "not_met"),
        (rows.clinical == "no", "not_met"),
        ((rows.new_avid > 0) & (rows.clinical == "yes"), "met"),
        else_=NOT_EVALUABLE,
    )


def _missing_b(rows: ir.Table) -> ir.StringValue:
    return ibis.cases(
        (rows.clinical == "missing", "clinical or laboratory data"), else_="class of the indeterminate new lesions"
    )


def _criterion_c(rows: ir.Table) -> ir.StringValue:
    return ibis.cases(
        ((rows.n_grown == 0) | (rows.clinical == "no"), "not_met"), (rows.clinical == "yes", "met"), else_=NOT_EVALUABLE
    )


def _clinical(rows: ir.Table, rule: PppRule) -> ir.StringValue:
    """`yes` by a reader's finding or a rise of PSA; `no` when PSA is known and did neither; else `missing`."""
    rise = find_psa_rise(rows, rule.psa_rise, rule.psa_rise_absolute)
    return ibis.cases(
        (rows.finding_row.notnull() | rise.fill_null(False), "yes"), (rise.notnull(), "no"), else_="missing"
    )


def _distant(basis: ResponseBasis, rows: ir.Table, scans: ir.Table, rule: PppRule) -> ir.Table:
    """New avid lesions at distant places, at places not known, and indeterminate ones that may be distant."""
    links = links_of(basis.facts, basis.plan)
    listed = list_new(links, reference_pairs(rows, scans, basis.new_against), KEYS)
    distant = listed.mitnm.isin(list(rule.distant)).fill_null(False)
    unplaced = listed.mitnm.isnull()
    unsure = ~listed.avid & ~listed.by_ct
    return listed.group_by(KEYS).aggregate(
        new_distant=count_of(listed.avid & distant),
        new_unplaced=count_of(listed.avid & unplaced),
        maybe_distant=count_of(unsure & (distant | unplaced)),
        distant_row=listed.row.min(where=listed.avid & distant),
    )


def _grown(basis: ResponseBasis, rows: ir.Table, rule: PppRule) -> ir.Table:
    """What was linked with the baseline: how many lesions, or clusters as one, how many grew, the largest growth.

    Lesions that merged or split are compared as one: their volumes are added, their highest uptake is taken.
    """
    units = held(_compared(basis, rows))
    lesions = basis.facts.table(LESIONS)
    lesions = lesions.filter(lesions.category == "tumour")
    late = _ends(units, lesions, "followup_lesion", "scan_id")
    early = _ends(units, lesions, "baseline_lesion", "base_scan_id").rename("base_{name}")
    early = without(early, "base_site")
    joined = without(late.inner_join(early, [late.unit == early.base_unit]), "base_unit")
    changes = {
        name: ibis.cases((joined[f"base_{name}"] > 0, 100 * (joined[name] / joined[f"base_{name}"] - 1)))
        for name in (_COLUMNS[metric] for metric in rule.growth_of)
    }
    growth = ibis.greatest(*changes.values()) if len(changes) > 1 else next(iter(changes.values()))
    most = ibis.cases(*((change == growth, name) for name, change in changes.items()))
    joined = joined.mutate(growth=growth, most=most)
    pairs = units.select(*KEYS, "unit", "level").distinct()
    first = units.group_by("unit").aggregate(growth_row=units.growth_row.min())
    joined = pairs.inner_join(joined, "unit")
    joined = joined.inner_join(first, "unit")
    counts = joined.group_by(KEYS).aggregate(
        n_compared=joined.count(), n_grown=count_of((joined.growth >= rule.growth - _SAME).fill_null(False))
    )
    top = ranked_first(joined.filter(joined.growth.notnull()), KEYS, [ibis.desc("growth"), "growth_row"])
    top = top.select(
        *KEYS, "growth_row", max_growth_pct="growth", growth_metric="most", growth_site="site", growth_level="level"
    )
    return attach(counts, top, KEYS)


def _compared(basis: ResponseBasis, rows: ir.Table) -> ir.Table:
    """The links with two ends, each with the `unit` that it is compared in: itself, or its cluster."""
    links = basis.facts.table(LESION_LINKS)
    whole = links.baseline_lesion.notnull() & links.followup_lesion.notnull()
    links = links.filter((links.plan == basis.plan) & links.status.isin(["matched", "merged", "split"]) & whole)
    pair = links.plan_digest + " " + links.baseline_scan_id + " " + links.followup_scan_id
    clustered = links.cluster.notnull()
    links = links.select(
        "plan_digest",
        "baseline_lesion",
        "followup_lesion",
        base_scan_id="baseline_scan_id",
        scan_id="followup_scan_id",
        growth_row="row_id",
        unit=ibis.ifelse(clustered, pair + " " + links.cluster.cast("string"), links.row_id),
        level=ibis.ifelse(clustered, "cluster", "lesion"),
    )
    return rows.select(*KEYS, "base_scan_id").inner_join(links, ["base_scan_id", "scan_id"])


def _ends(units: ir.Table, lesions: ir.Table, end: str, scan: str) -> ir.Table:
    """One row per unit whose lesions of one scan are all tumour: volume (mL), SUVmax, SUVmean, and the site if one."""
    ends = units.select("unit", "plan_digest", scan_id=scan, lesion=end).distinct()
    found = ends.left_join(
        lesions.select("scan_id", "plan_digest", "lesion", "site", "volume_ml", "suv_max", "suv_mean"),
        ["scan_id", "plan_digest", "lesion"],
    )
    totals = found.group_by("unit").aggregate(
        unknown=count_of(found.volume_ml.isnull()),
        volume_ml=found.volume_ml.sum(),
        suv_max=found.suv_max.max(),
        uptake=(found.suv_mean * found.volume_ml).sum(),
        site=found.site.min(),
        last_site=found.site.max(),
    )
    totals = totals.filter(totals.unknown == 0)
    return totals.select(
        "unit",
        "volume_ml",
        "suv_max",
        suv_mean=ibis.cases((totals.volume_ml > 0, totals.uptake / totals.volume_ml)),
        site=ibis.cases((totals.site == totals.last_site, totals.site)),
    )


def _findings(basis: ResponseBasis, rows: ir.Table, rule: PppRule) -> ir.Table:
    """A reader's finding of progression near the later scan."""
    found = basis.known(basis.facts.table(READER_FINDINGS), "date")
    found = found.filter(found.kind.isin(_PROGRESSED))
    found = found.select("patient_id", found_date="date", finding_kind="kind", finding="row_id")
    joined = rows.select(*KEYS, "scan_date").inner_join(found, "patient_id")
    near = joined.found_date.delta(joined.scan_date, unit="day").abs()
    joined = joined.filter(near <= rule.window)
    return joined.group_by(KEYS).aggregate(finding_row=joined.finding.min(), finding_kind=joined.finding_kind.min())
