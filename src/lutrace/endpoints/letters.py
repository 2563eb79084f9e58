"""What letters say of the patient himself, as far as a study lets it count."""

from __future__ import annotations

from typing import Literal

import ibis
import ibis.expr.types as ir

from lutrace.tables import TEXT_FINDINGS, Facts

Letters = Literal["reviewed", "all", "none"]


def said_in_letters(facts: Facts, kinds: tuple[str, ...], letters: Letters = "all") -> ir.Table:
    """Rows of TEXT_FINDINGS of these facts that are said of the patient as true: not denied, doubted or a condition.

    `letters`: those that a person has confirmed (`reviewed`), `all`, or `none`.
    """
    rows = facts.table(TEXT_FINDINGS)
    rows = rows.filter(rows.fact.isin(list(kinds)) & ~rows.negated & ~rows.uncertain)
    for name in ("hypothetical", "other_person"):
        if name in rows.columns:  # snapshots of older versions do not have them
            rows = rows.filter(~rows[name].fill_null(False))
    if letters == "all":
        return rows
    return rows.filter(rows.reviewed & ibis.literal(letters == "reviewed"))
