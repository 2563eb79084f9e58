"""How many lesions are new against all of a set of reference scans, by class, and whether anybody could tell."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, count_of
from lutrace.tables import LESION_LINKS, LESIONS, TUMOUR_BURDENS, Facts

CLASSES = {"avid": "new_class", "avid_by_mean": "new_class_by_mean", "avid_by_mean_2sd": "new_class_by_mean_2sd"}
"""Counts of avid lesions, and the column of the links that holds the class by that line."""


def links_of(facts: Facts, plan: str) -> ir.Table:
    """The links under a plan with what is taken of the later lesion: its nature and its region."""
    links = facts.table(LESION_LINKS)
    links = links.filter(links.plan == plan).select(
        "baseline_scan_id",
        "followup_scan_id",
        "plan_digest",
        "baseline_lesion",
        "followup_lesion",
        "status",
        *CLASSES.values(),
        "reference_suv_mean",
        "provisional",
        link_row="row_id",
    )
    lesions = facts.table(LESIONS).select(
        "plan_digest", followup_scan_id="scan_id", followup_lesion="lesion", nature="category", mitnm="mitnm"
    )
    return attach(links, lesions, ["followup_scan_id", "plan_digest", "followup_lesion"])


def find_tracked(facts: Facts, links: ir.Table, pairs: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Whether every pair of each group of `keys` was tracked, and a row to show for it.

    `pairs` holds the keys, `baseline_scan_id`, `followup_scan_id` and `late_burden` (row of the later scan's burden).
    A pair is tracked when it has links, or the later scan has no lesion that could be new. Columns: `tracked`,
    `unreviewed`, `references`, `pair_table`, `pair_row`.
    """
    found = links.group_by(["baseline_scan_id", "followup_scan_id"]).aggregate(
        links=lambda t: t.count(),
        first_link=lambda t: t.link_row.min(),
        unreviewed=lambda t: t.provisional.fill_null(False).any(),
    )
    burdens = facts.table(TUMOUR_BURDENS).select("lesions", late_burden="row_id")
    joined = attach(attach(pairs, found, ["baseline_scan_id", "followup_scan_id"]), burdens, ["late_burden"])
    joined = joined.mutate(ok=(joined.links.fill_null(0) > 0) | (joined.lesions == 0).fill_null(False))
    joined = joined.mutate(
        pair_table=ibis.cases((joined.first_link.notnull(), "lesion_links"), else_="tumour_burdens"),
        pair_row=ibis.coalesce(joined.first_link, joined.late_burden),
    )
    return joined.group_by(list(keys)).aggregate(
        tracked=joined.ok.all(),
        unreviewed=joined.unreviewed.fill_null(False).any(),
        references=joined.count(),
        pair_table=joined.pair_table.min(),
        pair_row=joined.pair_row.min(),
    )


def list_new(links: ir.Table, pairs: ir.Table, keys: Sequence[str]) -> ir.Table:
    """One row per lesion that is new against every reference scan of its group of `keys`.

    Columns: whether it is avid by each line of `CLASSES`, `by_ct`, `unclassed` (no reference organ), `mitnm`, `row`.
    A lesion of uncertain nature is never avid here: its uptake may be normal.
    """
    count = pairs.group_by(list(keys)).aggregate(references=lambda t: t.baseline_scan_id.nunique())
    joined = pairs.inner_join(links, ["baseline_scan_id", "followup_scan_id"])
    new = joined.filter(joined.status == "new")
    sure = new.nature.fill_null("tumour") == "tumour"
    lesions = new.group_by([*keys, "followup_lesion"]).aggregate(
        times=new.baseline_scan_id.nunique(),
        **{name: ((new[column] == "psma_avid") & sure).fill_null(False).any() for name, column in CLASSES.items()},
        by_ct=(new.new_class == "not_avid_ct").fill_null(False).any(),
        unclassed=new.reference_suv_mean.isnull().all(),
        mitnm=new.mitnm.max(),
        row=new.link_row.min(),
    )
    return lesions.inner_join(count, list(keys)).filter(lambda t: t.times == t.references)


def count_new(lesions: ir.Table, keys: Sequence[str]) -> ir.Table:
    """How many lesions of `list_new` a group has: avid by each line, seen on CT, indeterminate; one row of each.

    `unclassed` counts those indeterminate for want of a reference organ.
    """
    unsure = ~lesions.avid & ~lesions.by_ct
    return lesions.group_by(list(keys)).aggregate(
        **{name: count_of(lesions[name]) for name in CLASSES},
        with_ct=count_of(lesions.by_ct & ~lesions.avid),
        indeterminate=count_of(unsure),
        unclassed=count_of(unsure & lesions.unclassed),
        avid_row=lesions.row.min(where=lesions.avid),
        with_ct_row=lesions.row.min(where=lesions.by_ct & ~lesions.avid),
        indeterminate_row=lesions.row.min(where=unsure),
    )
