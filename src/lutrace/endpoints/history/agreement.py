"""How far definitions of castration resistance agree: pair by pair, and which patients are found by which."""

from __future__ import annotations

import ibis.expr.types as ir

from lutrace.endpoints.basis import count_of
from lutrace.tables import MCRPC_AGREEMENTS


def compare_mcrpc_dates(dates: ir.Table) -> ir.Table:
    """Rows of MCRPC_AGREEMENTS from rows of MCRPC_DATES, for pairs that at least one patient meets together.

    Source: the comparison of definitions among 36,101 veterans (Fed Pract), whose table this mirrors.
    """
    counts = dates.group_by("definition").aggregate(n=dates.patient_id.nunique())
    left = dates.select("patient_id", definition_a="definition", date_a="crpc_date")
    right = dates.select("patient_id", definition_b="definition", date_b="crpc_date")
    pairs = left.inner_join(right, "patient_id")
    pairs = pairs.filter(pairs.definition_a < pairs.definition_b)
    apart = pairs.date_a.delta(pairs.date_b, unit="day").abs()
    both = pairs.group_by(["definition_a", "definition_b"]).aggregate(
        n_both=pairs.count(), n_within_30=count_of(apart <= 30), n_within_90=count_of(apart <= 90)
    )
    both = both.inner_join(counts.select(definition_a="definition", n_a="n"), "definition_a")
    both = both.inner_join(counts.select(definition_b="definition", n_b="n"), "definition_b")
    return both.select(*MCRPC_AGREEMENTS.by_name)


def count_mcrpc_patterns(choices: ir.Table) -> ir.Table:
    """`definitions patients`: how many patients are found by exactly which definitions, from rows of MCRPC_CHOICES."""
    return choices.group_by("definitions").aggregate(patients=choices.count())
