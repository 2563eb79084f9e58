"""Time to worsening of a questionnaire: the visits, the first that is worse, and what ends follow-up before it."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.endpoints.questionnaires.courses import baseline_scores, clocked_scores
from lutrace.endpoints.vital_status import vital_status
from lutrace.protocol import TimeToWorsening, WorseningChange
from lutrace.tables import DISEASE_EVENTS, WORSENINGS
from lutrace.terms import Scale, instrument_named

NO_BASELINE = "no baseline score"
NO_PERCENTAGE = "no percentage of so small a baseline"
AT_THE_WORST = "baseline too near the worst score to worsen"
EARLY_EVENT = "event on or before the landmark"
EARLY_END = "follow-up ends before the landmark"
_SAME = 1e-9
"""Two changes closer than this (points) are equal: scores are quotients of whole numbers."""


def derive_time_to_worsening(basis: Basis, outcome: TimeToWorsening, progressions: ir.Table | None = None) -> ir.Table:
    """Days from the landmark to worsening as rows of ENDPOINT_VALUES; `category` says what the event was.

    `progressions` are rows of ENDPOINT_VALUES of the outcome that `outcome.progression` names. Without a worse score
    follow-up ends at the last answer, or at death where death competes.
    """
    rows = express_worsening(basis, outcome, progressions)
    return finish(rows, endpoint=outcome.name, rule="")


def derive_worsenings(
    basis: Basis, outcome: TimeToWorsening, progressions: ir.Table | None = None, *, variant: str = "as stated"
) -> ir.Table:
    """The same as rows of WORSENINGS: with baseline, score, and the visits between which it happened."""
    rows = express_worsening(basis, outcome, progressions)

    def days_to(day: ir.DateValue) -> ir.FloatingValue:
        return ibis.cases((rows.reason.isnull(), day.delta(rows.index_date, unit="day").cast("float64")))

    columns: dict[str, Any] = {
        "endpoint": ibis.literal(outcome.name),
        "variant": ibis.literal(variant),
        "score": ibis.cases((rows.category == "worsening", rows.worse_score)),
        "days": days_to(rows.date),
        "lower_days": days_to(ibis.greatest(rows.lower_date, rows.index_date)),
        "upper_days": ibis.cases((rows.event, days_to(rows.date))),
    }
    names = [column.name for column in WORSENINGS.columns]
    return rows.select(**{name: columns[name] if name in columns else rows[name] for name in names})


def express_worsening(basis: Basis, outcome: TimeToWorsening, progressions: ir.Table | None) -> ir.Table:
    """The rows of both tables before their columns are chosen."""
    visits, baseline = _visits_and_baseline(basis, outcome)
    worse = _first_worse(visits, outcome)
    last = ranked_first(visits, ["patient_id"], [ibis.desc("day"), "score_row"])
    last = last.select("patient_id", last_date="score_date", last_row="score_row")
    rows = basis.time_zero()
    for other in (baseline, worse, last, vital_status(basis)):
        rows = attach(rows, other, ["patient_id"])
    rows = attach(rows, _progressions(basis, outcome, progressions), ["patient_id", "population"])
    rows = _with_other_events(rows, outcome)
    return _evaluated(rows, outcome)


def derive_last_free(basis: Basis, outcome: TimeToWorsening, progressions: ir.Table | None = None) -> ir.Table:
    """The last visit that was not worse, or the landmark where that is later, as rows of ENDPOINT_VALUES.

    Between it and the date of the outcome a worsening came; of an event with a day of its own it is that day.
    """
    rows = express_worsening(basis, outcome, progressions)
    known = rows.reason.isnull()
    rows = rows.select(
        "patient_id",
        "population",
        "index_date",
        "reason",
        date=ibis.cases((known, ibis.greatest(rows.lower_date, rows.index_date))),
    )
    return finish(rows, endpoint=outcome.last_free, rule="last visit that was not worse")


def is_worse(score: Any, baseline: Any, scale: Scale, change: WorseningChange) -> ir.BooleanValue:
    """Whether a score is worse than the baseline by the change asked for."""
    fall = baseline - score if scale.better == "higher" else score - baseline
    edge = _SAME if change.strict else -_SAME
    met = []
    if change.points is not None:
        met.append(fall > change.points + edge)
    if change.percent is not None:
        met.append((fall > baseline * change.percent / 100 + edge) & (baseline > change.percent_above + _SAME))
    if len(met) == 1:
        return met[0]
    return met[0] | met[1] if change.need == "either" else met[0] & met[1]


def _scale(outcome: TimeToWorsening) -> Scale:
    instrument = instrument_named(outcome.instrument)
    assert instrument is not None
    return instrument.scale(outcome.scale)


def _visits_and_baseline(basis: Basis, outcome: TimeToWorsening) -> tuple[ir.Table, ir.Table]:
    """Scores after the first cycle up to the first pause that is too long, and the last score before it."""
    clocked = clocked_scores(basis, outcome.instrument, outcome.scale)
    baseline = baseline_scores(clocked, outcome.baseline_window)
    baseline = baseline.select("patient_id", "baseline", "exact_baseline", "baseline_row")
    after = attach(clocked.filter(clocked.day > 0), baseline, ["patient_id"])
    in_order = ibis.window(group_by="patient_id", order_by=["day", "score_row"])
    after = after.mutate(
        previous_day=after.day.lag().over(in_order), previous_date=after.score_date.lag().over(in_order)
    )
    if outcome.longest_gap is not None:
        until = ibis.window(group_by="patient_id", order_by=["day", "score_row"], preceding=(None, 0))
        pause = after.day - after.previous_day.fill_null(0)
        after = after.mutate(paused=ibis.cases((pause > outcome.longest_gap, 1), else_=0))
        after = after.mutate(paused=after.paused.max().over(until))
        after = after.filter(after.paused == 0)
    return after, baseline


def _first_worse(visits: ir.Table, outcome: TimeToWorsening) -> ir.Table:
    """`patient_id worse_date worse_score worse_row lower_date` of the visit that the rule dates."""
    worse = is_worse(visits.exact, visits.exact_baseline, _scale(outcome), outcome.rule).fill_null(False)
    seen = visits.mutate(worse=ibis.cases((worse, 1), else_=0))
    dated = seen.worse == 1
    if outcome.confirmation != "none":
        in_order = ibis.window(group_by="patient_id", order_by=["day", "score_row"])
        later = ibis.window(group_by="patient_id", order_by=["day", "score_row"], preceding=0, following=None)
        seen = seen.mutate(next_worse=seen.worse.lead().over(in_order), all_worse=seen.worse.min().over(later))
        alone = seen.next_worse.isnull() & ibis.literal(outcome.alone_at_end == "counts")
        holds = (
            seen.next_worse == 1
            if outcome.confirmation == "next"
            else (seen.all_worse == 1) & seen.next_worse.notnull()
        )
        dated = (seen.worse == 1) & (holds.fill_null(False) | alone)
    first = ranked_first(seen.filter(dated), ["patient_id"], ["day", "score_row"])
    return first.select(
        "patient_id",
        worse_date="score_date",
        worse_score="score",
        worse_row="score_row",
        before_date=ibis.coalesce(first.previous_date, first.c1_date),
    )


def _progressions(basis: Basis, outcome: TimeToWorsening, progressions: ir.Table | None) -> ir.Table:
    """`patient_id population progression_date progression_table progression_row`: the first of those that count."""
    found = []
    if progressions is not None:
        known = progressions.filter(progressions.category == "psa_progression")
        found.append(known.select("patient_id", "population", "date", "source_table", "source_row"))
    if outcome.recorded or not found:
        events = basis.known(basis.facts.table(DISEASE_EVENTS), "date")
        events = events.filter(events.kind.isin(list(outcome.recorded)) if outcome.recorded else ibis.literal(False))
        places = basis.time_zero().select("patient_id", "population", "c1_date")
        events = events.inner_join(places, "patient_id")
        events = events.filter(events.date > events.c1_date)
        found.append(
            events.select(
                "patient_id", "population", "date", source_table=ibis.literal("disease_events"), source_row="row_id"
            )
        )
    every = ibis.union(*found) if len(found) > 1 else found[0]
    first = ranked_first(every, ["patient_id", "population"], ["date", "source_table", "source_row"])
    return first.select(
        "patient_id",
        "population",
        progression_date="date",
        progression_table="source_table",
        progression_row="source_row",
    )


def _with_other_events(rows: ir.Table, outcome: TimeToWorsening) -> ir.Table:
    """The day of death and of progression where they count: soon enough after the last answer."""
    seen = ibis.coalesce(rows.last_date, rows.c1_date)

    def in_time(day: ir.DateValue) -> ir.BooleanValue:
        if outcome.counts_within is None:
            return day.notnull()
        return (day.delta(seen, unit="day") <= outcome.counts_within).fill_null(False)

    died = rows.died.fill_null(False) & in_time(rows.status_date)
    return rows.mutate(
        death_date=ibis.cases((died, rows.status_date)),
        progression_date=ibis.cases((in_time(rows.progression_date), rows.progression_date)),
    )


def _evaluated(rows: ir.Table, outcome: TimeToWorsening) -> ir.Table:
    """Date, event, category and evidence; worsening before progression before death on one day."""
    scale = _scale(outcome)
    by_worse = rows.worse_date.notnull() & ~_is_before(rows.progression_date, rows.worse_date)
    by_worse = by_worse & ~_is_before(rows.death_date, rows.worse_date)
    by_progression = ~by_worse & rows.progression_date.notnull() & ~_is_before(rows.death_date, rows.progression_date)
    by_death = ~by_worse & ~by_progression & rows.death_date.notnull()
    rows = rows.mutate(by_worse=by_worse, by_progression=by_progression, by_death=by_death)
    end = ibis.coalesce(rows.last_date, rows.c1_date)
    happened = rows.by_worse | rows.by_progression | (rows.by_death & ibis.literal(outcome.death == "event"))
    date = ibis.cases(
        (rows.by_worse, rows.worse_date),
        (rows.by_progression, rows.progression_date),
        (rows.by_death, rows.death_date),
        else_=ibis.greatest(end, rows.index_date),
    )
    rows = rows.mutate(date=date, happened=happened)
    base = rows.exact_baseline
    reachable = is_worse(ibis.literal(scale.worst), base, scale, outcome.rule)
    reason = ibis.cases(
        (base.isnull(), NO_BASELINE),
        (_has_no_percentage(base, outcome.rule), NO_PERCENTAGE),
        (~reachable, AT_THE_WORST),
        (rows.happened & (rows.date <= rows.index_date), EARLY_EVENT),
        (rows.date < rows.index_date, EARLY_END),
    )
    return _sourced(rows.mutate(reason=reason), outcome)


def _has_no_percentage(baseline: ir.FloatingValue, change: WorseningChange) -> ir.BooleanValue:
    """A baseline of which no percentage is formed where the rule cannot do without one."""
    if change.percent is None or (change.points is not None and change.need == "either"):
        return ibis.literal(False)
    return baseline <= change.percent_above + _SAME


def _is_before(day: ir.DateValue, other: ir.DateValue) -> ir.BooleanValue:
    return (day < other).fill_null(False)


def _sourced(rows: ir.Table, outcome: TimeToWorsening) -> ir.Table:
    evaluable = rows.reason.isnull()
    has_answer = rows.last_row.notnull()
    tables = ibis.cases(
        (~evaluable & rows.baseline_row.isnull(), ibis.null("string")),
        (rows.by_worse, "questionnaires"),
        (rows.by_progression, rows.progression_table),
        (rows.by_death, rows.status_table),
        (has_answer, "questionnaires"),
        else_=ibis.literal("cycles"),
    )
    lines = ibis.cases(
        (~evaluable & rows.baseline_row.isnull(), ibis.null("string")),
        (rows.by_worse, rows.worse_row),
        (rows.by_progression, rows.progression_row),
        (rows.by_death, rows.status_row),
        (has_answer, rows.last_row),
        else_=rows.c1_row,
    )
    category = ibis.cases(
        (~evaluable, "left_out"),
        (rows.by_worse, "worsening"),
        (rows.by_progression, "progression"),
        (rows.by_death, "death"),
        else_="censored",
    )
    words = ibis.cases(
        (rows.by_worse, describe_worsening(outcome)),
        (rows.by_progression, "progression before the questionnaire was worse"),
        (rows.by_death & ibis.literal(outcome.death == "event"), "death of any cause"),
        (rows.by_death, "death without worsening: a competing event"),
        else_="no event: censored at the last answer",
    )
    lower = ibis.cases(
        (rows.by_worse, rows.before_date),
        (rows.happened, rows.date),
        else_=ibis.coalesce(rows.last_date, rows.c1_date),
    )
    return rows.mutate(
        event=ibis.cases((evaluable, rows.happened)),
        date=ibis.cases((evaluable, rows.date)),
        category=category,
        source_table=tables,
        source_row=lines,
        rule=words,
        lower_date=ibis.least(lower, rows.date),
    )


def describe_worsening(outcome: TimeToWorsening) -> str:
    """The rule in words, for the column `rule` and the report."""
    alone = " (a last score without one after it counts)" if outcome.alone_at_end == "counts" else ""
    how = {
        "none": "first score",
        "next": f"first score, confirmed by the next{alone},",
        "definitive": f"first score after which none recovers{alone},",
    }[outcome.confirmation]
    return f"{how} {outcome.rule.in_words}"
