"""Which patients have another grade by another version of CTCAE, on the same laboratory values."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, count_of
from lutrace.endpoints.toxicity.course import day_of_key, row_of_key
from lutrace.endpoints.toxicity.graded_events import ToxicityBasis, grade_facts
from lutrace.tables import GRADE_FLIPS

_SIDE = ("row_id", "direction")


def derive_grade_flips(basis: ToxicityBasis, others: Sequence[str]) -> ir.Table:
    """Rows of GRADE_FLIPS: each term of the version of the rules against each of `others`, after the first cycle.

    Values of one patient and term are compared one by one: a value flips when its grade differs, or when only one of
    the versions grades it. The worst grades are those of the same values.
    """
    graded = grade_facts(basis, (basis.rules.criteria, *others))
    graded = graded.filter((graded.date > graded.c1_date) & graded.term.notnull())
    own = graded.filter(graded.criteria == basis.rules.criteria)
    own = own.select(*_SIDE, "patient_id", "date", "criteria", "term", "grade")
    parts = [_against(own, graded.filter(graded.criteria == name), name) for name in others]
    return (ibis.union(*parts) if len(parts) > 1 else parts[0]).select(*GRADE_FLIPS.by_name)


def _against(own: ir.Table, other: ir.Table, name: str) -> ir.Table:
    """Each patient and term, compared with one other version."""
    side = other.select(*_SIDE, other_term="term", other_grade="grade")
    rows = attach(own, side, _SIDE)
    rows = rows.mutate(
        differs=~rows.grade.identical_to(rows.other_grade),
        key=rows.date.cast("string") + ibis.literal("|") + rows.row_id,
    )
    found = rows.group_by(["patient_id", "term", "direction"]).aggregate(
        criteria=rows.criteria.min(),
        other_term=rows.other_term.min(),
        n_values=rows.count().cast("int64"),
        n_flipped=count_of(rows.differs).cast("int64"),
        worst_grade=rows.grade.max(),
        other_worst_grade=rows.other_grade.max(),
        flip_key=rows.key.min(where=rows.differs),
    )
    words = ibis.literal(f"graded by {name} as well as by ") + found.criteria
    return found.mutate(
        other_criteria=ibis.literal(name),
        first_flip_date=day_of_key(found.flip_key),
        source_row=row_of_key(found.flip_key),
        rule=words,
    )
