"""Completion of questionnaires: expected, received and scored at each visit, and why one is missing."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, count_of, ranked_first
from lutrace.endpoints.questionnaires.scores import valid_scores
from lutrace.endpoints.vital_status import vital_status
from lutrace.tables import COMPLETION_VISITS, CYCLES, QUESTIONNAIRES, without


def derive_visits_by_cycle(basis: Basis, instrument: str, scale: str, *, window_days: float = 14.0) -> ir.Table:
    """Rows of COMPLETION_VISITS, a visit per cycle: a sheet is expected within `window_days` of each administration.

    A patient who did not get a cycle is dead when a death is known, else not followed (treatment ended).
    """
    first = _first_cycles(basis)
    given = basis.known(basis.facts.table(CYCLES), "administered_date")
    numbers = given.filter(given.patient_id.isin(first.patient_id)).select("cycle").distinct()
    places = without(first.mutate(all=ibis.literal(1)).inner_join(numbers.mutate(all=ibis.literal(1)), "all"), "all")
    dated = given.group_by(["patient_id", "cycle"]).aggregate(visit_date=given.administered_date.min())
    visits = attach(places, dated, ["patient_id", "cycle"])
    visits = visits.mutate(
        visit=visits.cycle.cast("float64"),
        expected=visits.visit_date.notnull(),
        visit_day=visits.visit_date.delta(visits.c1_date, unit="day"),
    )
    visits = attach(visits, vital_status(basis), ["patient_id"])
    visits = visits.mutate(dead=~visits.expected & visits.died.fill_null(False))
    return _answered(basis, visits, instrument, scale, by="cycle", window_days=window_days)


def derive_visits_by_day(
    basis: Basis, instrument: str, scale: str, *, days: Sequence[int], window_days: float = 21.0
) -> ir.Table:
    """Rows of COMPLETION_VISITS, a visit per day from the first cycle: expected of those alive and followed then."""
    first = _first_cycles(basis)
    listed = ibis.memtable({"all": [1] * len(days), "offset": list(days)})
    visits = without(first.mutate(all=ibis.literal(1)).inner_join(listed, "all"), "all")
    visits = attach(visits, vital_status(basis), ["patient_id"])
    since = visits.status_date.delta(visits.c1_date, unit="day")
    dead = visits.died.fill_null(False) & (since <= visits.offset).fill_null(False)
    visits = visits.mutate(
        visit=visits.offset.cast("float64"),
        visit_day=visits.offset,
        dead=dead,
        expected=(since >= visits.offset).fill_null(False) & ~dead,
    )
    return _answered(basis, visits, instrument, scale, by="day", window_days=window_days)


def count_completion(visits: ir.Table) -> ir.Table:
    """Rows of COMPLETIONS from rows of COMPLETION_VISITS: how many patients are in each class at each visit."""
    came = visits.status.isin(["valid", "too_few_items"])
    return visits.group_by(["instrument", "scale", "by", "visit"]).aggregate(
        n=visits.count().cast("int64"),
        expected=count_of(came | (visits.status == "no_sheet")).cast("int64"),
        received=count_of(came).cast("int64"),
        **{
            name: count_of(visits.status == name).cast("int64")
            for name in ("valid", "dead", "not_followed", "no_sheet", "too_few_items")
        },
    )


def _first_cycles(basis: Basis) -> ir.Table:
    return basis.time_zero().select("patient_id", "c1_date").distinct()


def _answered(basis: Basis, visits: ir.Table, instrument: str, scale: str, *, by: str, window_days: float) -> ir.Table:
    """The status of each visit, with the nearest sheet: of two as near the earlier, a scored one before another."""
    answers = basis.known(basis.facts.table(QUESTIONNAIRES), "date")
    answers = answers.filter(answers.instrument == instrument)
    sheets = answers.group_by(["patient_id", "date"]).aggregate(sheet_row=answers.row_id.min())
    scored = valid_scores(basis, instrument, scale).select("patient_id", date="score_date", score_row="score_row")
    sheets = attach(sheets, scored, ["patient_id", "date"])
    near = visits.filter(visits.expected).select("patient_id", "visit", "visit_day", "c1_date")
    near = near.inner_join(sheets, "patient_id")
    off = near.date.delta(near.c1_date, unit="day") - near.visit_day
    near = near.mutate(off=off, no_score=ibis.ifelse(near.score_row.isnull(), 1, 0))
    near = near.filter(near.off.abs() <= window_days)
    order = ["no_score", near.off.abs(), "off", "sheet_row"]
    found = ranked_first(near, ["patient_id", "visit"], order)
    found = found.select("patient_id", "visit", "no_score", "sheet_row", "score_row")
    rows = attach(visits, found, ["patient_id", "visit"])
    status = ibis.cases(
        (rows.dead, "dead"),
        (~rows.expected, "not_followed"),
        (rows.sheet_row.isnull(), "no_sheet"),
        (rows.no_score == 1, "too_few_items"),
        else_="valid",
    )
    return rows.select(
        "patient_id",
        "visit",
        instrument=ibis.literal(instrument),
        scale=ibis.literal(scale),
        by=ibis.literal(by),
        status=status,
        source_table=ibis.cases((rows.sheet_row.notnull(), QUESTIONNAIRES.name)),
        source_row=ibis.coalesce(rows.score_row, rows.sheet_row),
    ).select(*COMPLETION_VISITS.by_name)
