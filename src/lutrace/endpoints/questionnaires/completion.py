"""Completion of questionnaires: expected, received and scored at each visit, and why one is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach
from lutrace.endpoints.questionnaires.scores import valid_scores
from lutrace.endpoints.vital_status import vital_status
from lutrace.tables import CYCLES, QUESTIONNAIRES


def derive_completion_by_cycle(basis: Basis, instrument: str, scale: str, *, window_days: float = 14.0) -> ir.Table:
    """Rows of COMPLETIONS, a visit per cycle: a sheet is expected within `window_days` of each administration.

    A patient who did not get a cycle is dead when a death is known, else not followed (treatment ended).
    """
    first = _first_cycles(basis)
    given = basis.known(basis.facts.table(CYCLES), "administered_date")
    numbers = given.filter(given.patient_id.isin(first.patient_id)).select("cycle").distinct()
    places = first.mutate(all=ibis.literal(1)).inner_join(numbers.mutate(all=ibis.literal(1)), "all").drop("all")
    dated = given.group_by(["patient_id", "cycle"]).aggregate(visit_date=given.administered_date.min())
    visits = attach(places, dated, ["patient_id", "cycle"])
    visits = visits.mutate(
        visit=visits.cycle.cast("float64"),
        expected=visits.visit_date.notnull(),
        visit_day=visits.visit_date.delta(visits.c1_date, unit="day"),
    )
    visits = attach(visits, vital_status(basis), ["patient_id"])
    visits = visits.mutate(dead=~visits.expected & visits.died.fill_null(False))
    return _counted(basis, visits, instrument, scale, by="cycle", window_days=window_days)


def derive_completion_by_day(
    basis: Basis, instrument: str, scale: str, *, days: Sequence[int], window_days: float = 21.0
) -> ir.Table:
    """Rows of COMPLETIONS, a visit per day from the first cycle: expected of those alive and followed on that day."""
    first = _first_cycles(basis)
    listed = ibis.memtable({"all": [1] * len(days), "offset": list(days)})
    visits = first.mutate(all=ibis.literal(1)).inner_join(listed, "all").drop("all")
    visits = attach(visits, vital_status(basis), ["patient_id"])
    since = visits.status_date.delta(visits.c1_date, unit="day")
    dead = visits.died.fill_null(False) & (since <= visits.offset).fill_null(False)
    visits = visits.mutate(
        visit=visits.offset.cast("float64"),
        visit_day=visits.offset,
        dead=dead,
        expected=(since >= visits.offset).fill_null(False) & ~dead,
    )
    return _counted(basis, visits, instrument, scale, by="day", window_days=window_days)


def _first_cycles(basis: Basis) -> ir.Table:
    return basis.time_zero().select("patient_id", "c1_date").distinct()


def _counted(basis: Basis, visits: ir.Table, instrument: str, scale: str, *, by: str, window_days: float) -> ir.Table:
    answers = basis.known(basis.facts.table(QUESTIONNAIRES), "date")
    sheets = answers.filter(answers.instrument == instrument).select("patient_id", sheet_date="date").distinct()
    scored = valid_scores(basis, instrument, scale).select("patient_id", sheet_date="score_date")
    expected = visits.filter(visits.expected).select("patient_id", "visit", "visit_day", "c1_date")
    for name, dates in (("received", sheets), ("valid", scored)):
        near = expected.inner_join(dates, "patient_id")
        apart = (near.sheet_date.delta(near.c1_date, unit="day") - near.visit_day).abs()
        found = near.filter(apart <= window_days).select("patient_id", "visit").distinct()
        visits = attach(visits, found.mutate(**{name: ibis.literal(True)}), ["patient_id", "visit"])
    received, valid = visits.received.fill_null(False), visits.valid.fill_null(False)
    return visits.group_by("visit").aggregate(
        instrument=ibis.literal(instrument),
        scale=ibis.literal(scale),
        by=ibis.literal(by),
        n=visits.count().cast("int64"),
        expected=_count(visits.expected),
        received=_count(received),
        valid=_count(valid),
        dead=_count(visits.dead),
        not_followed=_count(~visits.expected & ~visits.dead),
        no_sheet=_count(visits.expected & ~received),
        too_few_items=_count(received & ~valid),
    )


def _count(flag: Any) -> ir.IntegerValue:
    return ibis.cases((flag, 1), else_=0).sum().cast("int64")
