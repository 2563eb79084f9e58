"""The ISUP grade group of each patient, from recorded patterns and sums."""

from __future__ import annotations

from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, ranked_first
from lutrace.tables import DIAGNOSES, GRADE_GROUPS, Facts


def derive_grade_groups(facts: Facts, which: Literal["highest", "initial", "latest"] = "highest") -> ir.Table:
    """Rows of GRADE_GROUPS: the chosen score of each patient and its ISUP grade group.

    A sum of 7 without patterns is grade group 2 or 3 and stays empty; so does a sum that is not that of its patterns.
    `highest` prefers known groups; `initial` takes the earliest score at first diagnosis, else the earliest of all.
    Source: ISUP 2014 consensus, Epstein et al., Am J Surg Pathol 2016;40:244.
    """
    rows = facts.table(DIAGNOSES)
    stated = rows.gleason_primary.notnull() | rows.gleason_secondary.notnull() | rows.gleason_sum.notnull()
    rows = rows.filter(stated)
    both = rows.gleason_primary + rows.gleason_secondary
    total = ibis.coalesce(both, rows.gleason_sum)
    wrong = (both != rows.gleason_sum).fill_null(False)
    rows = rows.mutate(total=total, wrong=wrong, known=both.notnull())
    rows = rows.mutate(reason=_reason(rows))
    group = ibis.cases(
        (rows.reason.notnull(), ibis.null("int64")),
        (rows.total <= 6, 1),
        ((rows.total == 7) & (rows.gleason_primary == 3), 2),
        (rows.total == 7, 3),
        (rows.total == 8, 4),
        else_=5,
    )
    rows = rows.mutate(grade_group=group.cast("int64"), initial=ibis.ifelse(rows.milestone == "initial", 0, 1))
    orders: dict[str, list[Any]] = {
        "highest": [rows.grade_group.fill_null(0).desc(), "date", "row_id"],
        "initial": ["initial", "date", "row_id"],
        "latest": [ibis.desc("date"), "row_id"],
    }
    chosen = ranked_first(rows, ["patient_id"], orders[which])
    counts = rows.group_by("patient_id").aggregate(n_scores=rows.count(), n_grade_groups=rows.grade_group.nunique())
    chosen = attach(chosen, counts, ["patient_id"])
    chosen = chosen.mutate(which=ibis.literal(which), source_row="row_id", gleason_sum="total")
    return chosen.select(*GRADE_GROUPS.by_name)


def _reason(rows: ir.Table) -> ir.StringValue:
    patterns = (rows.gleason_primary == 3) | (rows.gleason_primary == 4)
    reason: ir.StringValue = ibis.cases(
        (rows.wrong, "the sum is not that of its patterns"),
        (rows.total.isnull(), "no sum and not both patterns"),
        ((rows.total == 7) & ~rows.known, "sum 7 without patterns: grade group 2 or 3"),
        ((rows.total == 7) & ~patterns, "sum 7 of patterns 2 and 5: no grade group"),
    )
    return reason
