"""The whole PSA course of each patient in one row: baseline, nadir, decline, flare, progression, doubling time."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach
from lutrace.endpoints.psa.kinetics import doubling_time
from lutrace.endpoints.psa.progression import SAME, judge_rises, without_percentage
from lutrace.endpoints.psa.series import after_index, baseline_of
from lutrace.protocol import PsaProgression, PsaRules
from lutrace.tables import without

LEVELS = (30, 50, 80, 90)
"""Declines that are reported, in percent of baseline."""
WEEK_12_DAY = 84
FLARE_PERCENT = 25.0
"""A flare: at least this much above baseline by day 84, and below baseline later."""


def summarise_psa(
    clocked: ir.Table, rules: PsaRules, progression: PsaProgression, stops: ir.Table | None = None
) -> ir.Table:
    """One row per patient of `clocked`, evaluable or not; docs/methods/psa-and-survival.md names each column.

    `clocked` is `patient_id psa_date psa psa_row day` with one value per day; `stops` as for `find_psa_progression`.
    Everything after day 0 is judged against one baseline; one pass over the values, sorted by patient and day.
    """
    baseline = baseline_of(clocked, rules.baseline)
    after = after_index(clocked, baseline)
    if stops is not None:
        after = attach(after, stops.select("patient_id", "stop_day"), ["patient_id"])
    course = _course(_marked(judge_rises(after, progression), rules))
    rows = clocked.group_by("patient_id").aggregate(n_values=clocked.count(), last_day=clocked.day.max())
    for other in (baseline, course, doubling_time(clocked, baseline, rules.doubling)):
        rows = attach(rows, other, ["patient_id"])
    return _answers(rows, rules, progression)


def _marked(judged: ir.Table, rules: PsaRules) -> ir.Table:
    """The judged values with what each says for the patient's row."""
    falls = {f"fell{p}": has_fallen(judged, p) for p in LEVELS}
    early = judged.day <= WEEK_12_DAY
    return judged.mutate(
        lowest_yet=judged.lowest.isnull() | (judged.psa < judged.lowest),
        nearness=_nearness(judged, rules),
        flares=early & (judged.psa >= judged.baseline * (1 + FLARE_PERCENT / 100) - SAME),
        **falls,
    )


def has_fallen(after: ir.Table, percent: float) -> ir.BooleanValue:
    """Whether a value lies at least `percent` below its baseline; never with a baseline of 0."""
    return (after.psa <= after.baseline * (1 - percent / 100) + SAME) & (after.baseline > 0)


def _nearness(after: ir.Table, rules: PsaRules) -> ir.IntegerValue:
    """Twice the days to day 84, one more when later, so that no two values tie; empty outside the window."""
    off = after.day - WEEK_12_DAY
    near = off.abs() <= rules.week12_window
    return ibis.cases((near, off.abs() * 2 + ibis.cases((off > 0, 1), else_=0)))


def _course(marked: ir.Table) -> ir.Table:
    """One row per patient from the marked values after day 0: first the days, then what stands on those days."""
    days: dict[str, Any] = {
        "n_after": marked.count(),
        "lowest_day": marked.day.max(where=marked.lowest_yet),
        "progression_day": marked.day.min(where=marked.progresses),
        "first_rise_day": marked.day.min(where=marked.rise),
        "nearest": marked.nearness.min(),
        "early_day": marked.day.min(where=marked.flares),
        "below_day": marked.day.max(where=marked.psa < marked.baseline - SAME),
    }
    for p in LEVELS:
        days[f"psa{p}_day"] = marked.day.min(where=marked[f"fell{p}"])
        days[f"psa{p}_last"] = marked.day.max(where=marked[f"fell{p}"])
    found = marked.group_by("patient_id").aggregate(**days)
    off = ibis.cases((found.nearest % 2 == 1, 1), else_=-1) * (found.nearest - found.nearest % 2) / 2
    found = without(found.mutate(week12_day=(WEEK_12_DAY + off).cast("int64")), "nearest")
    return attach(found, _on_those_days(marked, found), ["patient_id"])


def _on_those_days(marked: ir.Table, found: ir.Table) -> ir.Table:
    """The values and rows of the days that were found."""
    named = ["lowest_day", "progression_day", "week12_day", *(f"psa{p}_day" for p in LEVELS)]
    both = marked.inner_join(found.select("patient_id", *named), "patient_id")
    at = {name: (both.day == both[name]).fill_null(False) for name in named}
    both = both.filter(ibis.or_(*at.values()))
    at = {name: both.day == both[name] for name in named}
    then = at["progression_day"]
    return both.group_by("patient_id").aggregate(
        lowest=both.psa.max(where=at["lowest_day"]),
        lowest_row=both.psa_row.max(where=at["lowest_day"]),
        progression_row=both.psa_row.max(where=then),
        progression_nadir_ng_ml=both.nadir.max(where=then),
        declined=both.declined.ifelse(1, 0).max(where=then),
        confirming_day=both.confirming_day.max(where=then),
        confirming_row=both.confirming_row.max(where=then),
        week12_ng_ml=both.psa.max(where=at["week12_day"]),
        **{f"psa{p}_row": both.psa_row.max(where=at[f"psa{p}_day"]) for p in LEVELS},
    )


def _answers(rows: ir.Table, rules: PsaRules, progression: PsaProgression) -> ir.Table:
    followed = rows.n_after.notnull()
    rows = rows.mutate(
        reason=ibis.cases(
            (rows.baseline.isnull(), _no_baseline(rules)),
            (~followed, "no PSA after the index day"),
            (rows.baseline <= 0, without_percentage(progression)),
        )
    )
    good = rows.reason.isnull()
    judged = followed & (rows.baseline >= progression.minimum_baseline - SAME).fill_null(False)
    lower = (rows.lowest < rows.baseline).fill_null(False)
    flare = rows.early_day.notnull() & (rows.below_day > rows.early_day).fill_null(False)
    answers: dict[str, Any] = {
        "baseline_ng_ml": rows.baseline,
        "nadir_ng_ml": ibis.cases((followed & lower, rows.lowest), (followed, rows.baseline)),
        "nadir_day": ibis.cases((followed & lower, rows.lowest_day), (followed, rows.baseline_day)),
        "nadir_row": ibis.cases((followed & lower, rows.lowest_row), (followed, rows.baseline_row)),
        "best_change_pct": ibis.cases((good, 100 * (rows.lowest - rows.baseline) / rows.baseline)),
        "best_change_day": ibis.cases((good, rows.lowest_day)),
        "change_12wk_pct": ibis.cases((good, 100 * (rows.week12_ng_ml - rows.baseline) / rows.baseline)),
        "week12_day": ibis.cases((good, rows.week12_day)),
        "progressed": ibis.cases((judged, rows.progression_day.notnull())),
        "progression_rule": ibis.cases(
            (rows.progression_day.notnull(), ibis.cases((rows.declined == 1, "decline"), else_="no_decline"))
        ),
        "flare": ibis.cases((good, flare)),
        "flare_day": ibis.cases((good & flare, rows.early_day)),
        "evaluable": good,
        "psadt_n": rows.psadt_n.fill_null(0),
        "psadt_reason": ibis.cases((rows.psadt_n.isnull(), "no value in the window"), else_=rows.psadt_reason),
        "baseline_flagged": rows.flagged,
    }
    for p in LEVELS:
        far = (rows[f"psa{p}_last"] - rows[f"psa{p}_day"] >= rules.response_confirmation).fill_null(False)
        week_12 = rows.week12_ng_ml <= rows.baseline * (1 - p / 100) + SAME
        answers |= {
            f"psa{p}": ibis.cases((good, rows[f"psa{p}_day"].notnull())),
            f"psa{p}_confirmed": ibis.cases((good, far)),
            f"psa{p}_12wk": ibis.cases((good & rows.week12_ng_ml.notnull(), week_12)),
        }
    return rows.mutate(**answers).select(list(SUMMARY_COLUMNS))


def _no_baseline(rules: PsaRules) -> str:
    most = max(rules.baseline.window, rules.baseline.fallback)
    return f"no PSA on or before the index day within {most:g} days"


SUMMARY_COLUMNS: tuple[str, ...] = (
    "patient_id",
    "baseline_ng_ml",
    "nadir_ng_ml",
    "best_change_pct",
    *(f"psa{p}{what}" for p in (50, 90) for what in ("", "_day", "_confirmed")),
    "progressed",
    "progression_day",
    "progression_rule",
    "psadt_months",
    "evaluable",
    "reason",
    "baseline_day",
    "baseline_flagged",
    "nadir_day",
    "best_change_day",
    *(f"psa{p}{what}" for p in (30, 80) for what in ("", "_day", "_confirmed")),
    "week12_day",
    "week12_ng_ml",
    "change_12wk_pct",
    *(f"psa{p}_12wk" for p in LEVELS),
    "flare",
    "flare_day",
    "progression_nadir_ng_ml",
    "confirming_day",
    "first_rise_day",
    "psadt_n",
    "psadt_reason",
    "velocity_ng_ml_year",
    "n_values",
    "n_after",
    "last_day",
    "baseline_row",
    "nadir_row",
    *(f"psa{p}_row" for p in LEVELS),
    "progression_row",
    "confirming_row",
)
"""The columns of `summarise_psa`, those of the command line's contract first."""
