"""What became of each term in each patient: worst grade, first severe one, nadir and recovery, cycle by cycle."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, ranked_first
from lutrace.endpoints.toxicity.graded_events import ToxicityBasis, list_events
from lutrace.tables import CYCLES, TOXICITY_COURSES, TOXICITY_CYCLES

KEYS = ("patient_id", "term", "source")
SEVERE = 3
_RECOVERED = 1
_DATE_LENGTH = 10


def derive_toxicity_courses(basis: ToxicityBasis) -> ir.Table:
    """Rows of TOXICITY_COURSES: each patient, term and source with any fact in the window after the first cycle.

    Baseline is the last laboratory value on or before the first cycle, and the worst event of clinicians that went on
    then. Emergent is worse than it. The extreme is the lowest
    value of a term that points low, the highest of one that points high; recovery is the first later row at grade 1 or
    less, or no worse than the baseline.
    """
    events = list_events(basis)
    before = events.filter(events.is_baseline)
    before = ranked_first(before, KEYS, [ibis.desc(before.grade.fill_null(-1)), "source_row"])
    baseline = before.select(*KEYS, baseline_grade="grade", baseline_row="source_row")
    after = events.filter(events.date > events.c1_date)
    after = after.mutate(key=after.date.cast("string") + ibis.literal("|") + after.source_row)
    series = ibis.window(group_by=list(KEYS))
    after = after.mutate(worst=after.grade.max().over(series), extreme=after.amount.max().over(series))
    course = after.group_by(list(KEYS)).aggregate(
        criteria=after.criteria.min(),
        c1_date=after.c1_date.min(),
        worst_grade=after.worst.max(),
        worst_key=after.key.min(where=after.grade == after.worst),
        severe_key=after.key.min(where=after.grade >= SEVERE),
        extreme_value=after.extreme.max() * after.sense.max(),
        extreme_key=after.key.min(where=after.amount == after.extreme),
        n_graded=after.grade.count(),
        n_not_graded=after.count() - after.grade.count(),
    )
    course = attach(course, baseline, KEYS)
    later = after.inner_join(course.select(*KEYS, "extreme_key", "baseline_grade"), list(KEYS))
    enough = ibis.greatest(ibis.coalesce(later.baseline_grade, 0), _RECOVERED)
    better = later.filter(
        (later.key.left(_DATE_LENGTH) > later.extreme_key.left(_DATE_LENGTH)) & (later.grade <= enough)
    )
    recovery = better.group_by(list(KEYS)).aggregate(recovery_key=better.key.min())
    rows = attach(course, recovery, KEYS)
    needed = (rows.worst_grade > ibis.greatest(ibis.coalesce(rows.baseline_grade, 0), _RECOVERED)).fill_null(False)
    rows = rows.mutate(recovery_key=ibis.cases((needed, rows.recovery_key)))
    return _told(rows)


def _told(rows: ir.Table) -> ir.Table:
    """The columns of TOXICITY_COURSES, each key taken apart into day and row."""
    found: dict[str, Any] = {}
    for name in ("worst", "severe", "extreme", "recovery"):
        out = "first_severe" if name == "severe" else name
        found[f"{out}_date"], found[f"{out}_row"] = day_of_key(rows[f"{name}_key"]), row_of_key(rows[f"{name}_key"])
    rows = rows.mutate(**found)
    rows = rows.mutate(
        emergent=rows.worst_grade > rows.baseline_grade,
        days_to_severe=rows.first_severe_date.delta(rows.c1_date, unit="day").cast("float64"),
        days_to_recovery=rows.recovery_date.delta(rows.extreme_date, unit="day").cast("float64"),
    )
    return rows.select(*[column.name for column in TOXICITY_COURSES.columns])


def day_of_key(key: ir.StringValue) -> Any:
    """The day of a key `day|row`."""
    return key.left(_DATE_LENGTH).cast("date")


def row_of_key(key: ir.StringValue) -> Any:
    """The row of a key `day|row`."""
    return key.substr(_DATE_LENGTH + 1)


def derive_toxicity_cycles(basis: ToxicityBasis) -> ir.Table:
    """Rows of TOXICITY_CYCLES: the worst grade from the day after each dose to the day of the next, or the end.

    A value drawn on the day of a dose was drawn before it and belongs to the cycle before.
    """
    events = list_events(basis)
    events = events.filter(events.date > events.c1_date)
    cycles = basis.known(basis.facts.table(CYCLES), "administered_date")
    order = ibis.window(group_by="patient_id", order_by=[cycles.administered_date, cycles.cycle])
    spans = cycles.select(
        "patient_id", "cycle", dose="administered_date", next_dose=cycles.administered_date.lead().over(order)
    )
    rows = events.inner_join(spans, "patient_id")
    rows = rows.filter((rows.date > rows.dose) & (rows.next_dose.isnull() | (rows.date <= rows.next_dose)))
    rows = rows.mutate(key=rows.date.cast("string") + ibis.literal("|") + rows.source_row)
    keys = [*KEYS, "cycle"]
    rows = rows.mutate(worst=rows.grade.max().over(ibis.window(group_by=keys)))
    worst = rows.group_by(keys).aggregate(
        worst_grade=rows.worst.max(),
        worst_key=rows.key.min(where=rows.grade == rows.worst),
        n_graded=rows.grade.count(),
    )
    worst = worst.mutate(worst_date=day_of_key(worst.worst_key), worst_row=row_of_key(worst.worst_key))
    return worst.select(*[column.name for column in TOXICITY_CYCLES.columns])


def count_shifts(courses: ir.Table) -> ir.Table:
    """The shift table: `term source baseline_grade worst_grade patients` of rows of TOXICITY_COURSES."""
    by = courses.group_by(["term", "source", "baseline_grade", "worst_grade"])
    return by.aggregate(patients=courses.count())
