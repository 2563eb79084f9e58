"""Time from a landmark to the first grade that counts, of any of the chosen terms."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.endpoints.toxicity.graded_events import ToxicityBasis, find_windows, list_events
from lutrace.endpoints.vital_status import vital_status
from lutrace.protocol import Toxicity


def derive_first_toxicity(basis: Basis, outcome: Toxicity) -> ir.Table:
    """Days from the landmark to the first grade `least_grade` or worse of the outcome's terms; `category` is the term.

    Prevalent: the last graded value of a term on or before the landmark has that grade already, or an event that a
    clinician recorded with that grade began by then and had not ended; such a patient is not evaluable. Censored at
    the last graded fact of the terms within the window; where death competes, at a death within it (category `death`).
    """
    zero = basis.time_zero()
    events = list_events(ToxicityBasis(basis.facts, outcome.rules, basis.data_cut))
    events = events.filter(events.term.isin(list(outcome.counted)))
    if outcome.source != "either":
        events = events.filter(events.source == outcome.source)
    events = events.filter(events.grade.notnull())
    near = zero.select("patient_id", "population", "index_date").inner_join(events, "patient_id")
    keys = ["patient_id", "population"]
    worst_first = [ibis.desc("grade"), "term", "source_row"]
    last = ranked_first(_held_at_landmark(near), [*keys, "term", "source"], [ibis.desc("measured"), *worst_first])
    last = last.filter(last.grade >= outcome.least_grade)
    prevalent = last.group_by(keys).aggregate(prevalent=last.grade.max())
    later = near.filter(near.date > near.index_date)
    first = ranked_first(later.filter(later.grade >= outcome.least_grade), keys, ["date", *worst_first])
    first = first.select(
        *keys, first_date="date", first_term="term", first_table="source_table", first_row="source_row"
    )
    seen = ranked_first(later, keys, [ibis.desc("date"), *worst_first])
    seen = seen.select(*keys, seen_date="date", seen_table="source_table", seen_row="source_row")
    rows = zero
    for other in (prevalent, first, seen):
        rows = attach(rows, other, keys)
    return finish(_evaluated(_with_deaths(rows, basis, outcome), outcome), endpoint=outcome.name, rule="")


def _with_deaths(rows: ir.Table, basis: Basis, outcome: Toxicity) -> ir.Table:
    """The rows with `death_date death_table death_row` of a death within the window, where death competes."""
    if outcome.death == "censors":
        nothing = {"death_date": ibis.null("date"), "death_table": ibis.null("string")}
        return rows.mutate(**nothing, death_row=ibis.null("string"))
    windows = find_windows(ToxicityBasis(basis.facts, outcome.rules, basis.data_cut))
    known = vital_status(basis).inner_join(windows, "patient_id")
    dead = known.filter(known.died & (known.status_date <= known.window_end))
    dead = dead.select("patient_id", death_date="status_date", death_table="status_table", death_row="status_row")
    return attach(rows, dead, ["patient_id"])


def _held_at_landmark(near: ir.Table) -> ir.Table:
    """Laboratory facts up to the landmark, each `measured` on a day, and clinicians' events that went on then."""
    by_clinician = near.source == "clinician"
    went_on = near.end.isnull() | (near.end >= near.index_date)
    early = near.filter((near.date <= near.index_date) & (~by_clinician | went_on))
    return early.mutate(measured=ibis.cases((early.source != "clinician", early.date)))


def _evaluated(rows: ir.Table, outcome: Toxicity) -> ir.Table:
    happened = rows.first_date.notnull()
    died = ~happened & (rows.death_date > rows.index_date).fill_null(False)
    reason = ibis.cases(
        (rows.prevalent.notnull(), "event on or before the landmark"),
        (rows.seen_date.isnull() & ~died, "follow-up ends before the landmark"),
    )
    words = f"first {outcome.rules.criteria} grade {outcome.least_grade} or worse, {outcome.source} grades"
    return rows.mutate(
        reason=reason,
        date=ibis.cases((happened, rows.first_date), (died, rows.death_date), else_=rows.seen_date),
        event=ibis.cases((reason.isnull(), happened)),
        category=ibis.cases(
            (reason.notnull(), "left_out"), (happened, rows.first_term), (died, "death"), else_="censored"
        ),
        source_table=ibis.cases((happened, rows.first_table), (died, rows.death_table), else_=rows.seen_table),
        source_row=ibis.cases((happened, rows.first_row), (died, rows.death_row), else_=rows.seen_row),
        rule=ibis.cases(
            (happened, words),
            (died, "death within the window: a competing event"),
            else_="no event: censored at the last graded value of the window",
        ),
    )
