"""Scores over time, and the score that stands for the time before treatment."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, finish, ranked_first
from lutrace.endpoints.questionnaires.scores import valid_scores
from lutrace.tables import CYCLES

BASELINE_DAYS = 28.0
"""A score older than this on the day of the first cycle is no baseline."""
BASELINES: dict[str, tuple[str, str]] = {
    "fact_p_baseline": ("fact-p", "fact_p"),
    "bpi_severity_baseline": ("bpi-sf", "severity"),
    "bpi_interference_baseline": ("bpi-sf", "interference"),
    "xq_baseline": ("xq", "xq"),
}
"""The baselines that a study may take as covariates, with instrument and scale."""


def clocked_scores(basis: Basis, instrument: str, scale: str) -> ir.Table:
    """Scores that stand with `c1_date` and `day` from the first cycle; patients without a first cycle are left out."""
    return basis.keep(("scores", instrument, scale), lambda: _on_clock(basis, valid_scores(basis, instrument, scale)))


def _on_clock(basis: Basis, scores: ir.Table) -> ir.Table:
    first = basis.time_zero().select("patient_id", "c1_date").distinct()
    joined = scores.inner_join(first, "patient_id")
    return joined.select(
        "patient_id", "c1_date", "score_date", "score", "exact", "score_row",
        day=joined.score_date.delta(joined.c1_date, unit="day"),
    )  # fmt: skip


def baseline_scores(clocked: ir.Table, window_days: float) -> ir.Table:
    """`patient_id baseline exact_baseline baseline_date baseline_row`: the last score of days `-window_days` to 0."""
    before = clocked.filter((clocked.day <= 0) & (clocked.day >= -window_days))
    last = ranked_first(before, ["patient_id"], [ibis.desc("day"), "score_row"])
    return last.select(
        "patient_id", baseline="score", exact_baseline="exact", baseline_date="score_date", baseline_row="score_row"
    )


def derive_baseline_score(basis: Basis, endpoint: str) -> ir.Table:
    """Rows of ENDPOINT_VALUES of one of `BASELINES`: the last score on or before the first cycle, in points."""
    instrument, scale = BASELINES[endpoint]
    baseline = baseline_scores(clocked_scores(basis, instrument, scale), BASELINE_DAYS)
    rows = attach(basis.time_zero(), baseline, ["patient_id"])
    known = rows.baseline.notnull()
    rows = rows.mutate(
        date=rows.baseline_date,
        value=rows.baseline,
        source_table=ibis.cases((known, "questionnaires")),
        source_row=rows.baseline_row,
        reason=ibis.cases((~known, "no baseline score")),
    )
    words = f"last score of {scale} ({instrument}) on or before cycle 1, at most {BASELINE_DAYS:g} days old"
    return finish(rows, endpoint=endpoint, rule=words, unit="points")


def derive_score_courses(basis: Basis, instrument: str, scale: str) -> ir.Table:
    """Rows of SCORE_COURSES of one scale: every score from the baseline on, with the cycles given before it.

    A cycle of the day of the answers is not given before them.
    """
    clocked = clocked_scores(basis, instrument, scale)
    baseline = baseline_scores(clocked, BASELINE_DAYS)
    rows = attach(clocked, baseline, ["patient_id"])
    rows = rows.filter((rows.day > 0) | (rows.score_date == rows.baseline_date).fill_null(False))
    rows = _with_cycles(basis, rows)
    return rows.select(
        "patient_id",
        date="score_date",
        days=rows.day.cast("float64"),
        cycles="cycles",
        instrument=ibis.literal(instrument),
        scale=ibis.literal(scale),
        score="score",
        baseline="baseline",
        change=rows.exact - rows.exact_baseline,
        source_table=ibis.literal("questionnaires"),
        source_row="score_row",
    )


def derive_score_series(basis: Basis, instrument: str, scale: str) -> ir.Table:
    """The scores of one scale of each patient and population: the baseline, and all after time zero.

    Columns: `patient_id population date days score is_baseline baseline_score cycles source_row`. `days` run from time
    zero; the baseline is the last score of the 28 days up to it; `cycles` were given before the day of the answers.
    """
    zero = basis.time_zero().select("patient_id", "population", "index_date")
    rows = valid_scores(basis, instrument, scale).inner_join(zero, "patient_id")
    rows = rows.mutate(days=rows.score_date.delta(rows.index_date, unit="day"))
    before = rows.filter((rows.days <= 0) & (rows.days >= -BASELINE_DAYS))
    last = ranked_first(before, ["patient_id", "population"], [ibis.desc("days"), "score_row"])
    last = last.select("patient_id", "population", baseline_date="score_date", baseline_score="score")
    rows = attach(rows, last, ["patient_id", "population"])
    rows = rows.mutate(is_baseline=(rows.score_date == rows.baseline_date).fill_null(False))
    rows = _with_cycles(basis, rows.filter((rows.days > 0) | rows.is_baseline))
    return rows.select(
        "patient_id",
        "population",
        "score",
        "is_baseline",
        "baseline_score",
        "cycles",
        date="score_date",
        days=rows.days.cast("float64"),
        source_row="score_row",
    ).order_by(["population", "patient_id", "date"])


def _with_cycles(basis: Basis, rows: ir.Table) -> ir.Table:
    """The rows with `cycles`: how many had been given before the day of the answers."""
    given = basis.known(basis.facts.table(CYCLES), "administered_date").select("patient_id", "administered_date")
    pairs = rows.select("patient_id", "score_date").distinct().inner_join(given, "patient_id")
    pairs = pairs.filter(pairs.administered_date < pairs.score_date)
    counted = pairs.group_by(["patient_id", "score_date"]).aggregate(given_before=pairs.count())
    rows = attach(rows, counted, ["patient_id", "score_date"])
    return rows.mutate(cycles=rows.given_before.fill_null(0).cast("int64"))
