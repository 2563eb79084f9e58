"""Which day stands for a death whose record gives the day, the month or the year."""

from __future__ import annotations

import datetime as dt
from typing import Any

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import attach, ranked_first
from lutrace.endpoints.disposition_codes import with_meaning
from lutrace.endpoints.letters import said_in_letters
from lutrace.endpoints.survival.activity import last_activity
from lutrace.protocol import DeathDates
from lutrace.tables import DEATH_DATES, DISPOSITIONS, FOLLOW_UP, TEXT_FINDINGS, Facts

_MIDDLE_DAYS = 14


def derive_death_dates(facts: Facts, rules: DeathDates | None = None, data_cut: dt.date | None = None) -> ir.Table:
    """Rows of DEATH_DATES: one per patient known to be dead on the data cut, with every imputation spelled out.

    The most exact statement stands; of equally exact ones that of the follow-up, then the earliest. A discharge by
    death and the end of a therapy by death are statements too, and, last, letters as the rules allow. Month: the 15th,
    or the end of the month when a sign of life is later in it. Year: 1 July. Never before the last sign of life, unless
    that lies more than
    `conflict_days` after the last day that the death can be: then nothing is moved, and the row is flagged. Never after
    the data cut; a death that cannot have been by then is not known. A day that is recorded is never moved.

    Source: conventions for month-level deaths in real-world survival; sensitivities `first` and `last`.
    """
    return without_unknown(find_death_dates(facts, last_activity(facts), rules or DeathDates(), data_cut))


def without_unknown(deaths: ir.Table) -> ir.Table:
    """Rows of DEATH_DATES from those of `find_death_dates`."""
    return deaths.filter(deaths.known).select(*DEATH_DATES.by_name)


def find_death_dates(facts: Facts, alive: ir.Table, chosen: DeathDates, data_cut: dt.date | None) -> ir.Table:
    """The same with `known`, false for a death that cannot have been by the data cut, which is kept here.

    `alive` are rows of `last_activity`.
    """
    rows = _with_span(attach(_stated(facts, chosen), alive, ["patient_id"]))
    exact = rows.precision == "day"
    late = (rows.alive_date > rows.last_day).fill_null(False)
    gap = rows.alive_date.delta(rows.last_day, unit="day")
    conflict = late & (exact | (gap > chosen.conflict_days).fill_null(False))
    plain = _plain_day(rows, chosen)
    later_in_span = ((rows.alive_date > plain) & ~late).fill_null(False)
    to_month_end = later_in_span & (rows.precision == "month") & ibis.literal(chosen.day == "middle")
    chosen_day = ibis.cases(
        (exact | conflict, plain),
        (to_month_end, rows.last_day),
        (later_in_span | late, rows.alive_date),
        else_=plain,
    )
    earliest = ibis.cases(
        (exact | conflict, rows.first_day),
        (rows.alive_date.notnull(), ibis.greatest(rows.first_day, rows.alive_date)),
        else_=rows.first_day,
    )
    rows = rows.mutate(
        plain=plain,
        chosen=chosen_day,
        earliest=earliest,
        flagged=late,
        how=ibis.cases(
            (exact, "day on record"),
            (conflict, f"{_WORDS[chosen.day]}; a sign of life is later by more than {chosen.conflict_days:g} days"),
            (to_month_end, "end of the month: a sign of life is later than the 15th"),
            (later_in_span, "last sign of life, which is later than the plain rule"),
            (late, "last sign of life, shortly after the last day that the record can mean"),
            else_=_WORDS[chosen.day],
        ),
    )
    return _cut(rows, data_cut)


_WORDS = {
    "middle": "middle of the span: the 15th, or 1 July",
    "first": "first day of the span",
    "last": "last day of the span",
}


def _stated(facts: Facts, rules: DeathDates) -> ir.Table:
    """`patient_id stated_date precision source_table source_row`: the statement that stands for each death."""
    said = facts.table(FOLLOW_UP)
    said = said.filter((said.status == "dead") & said.date.notnull())
    left = with_meaning(facts.table(DISPOSITIONS))
    left = left.filter((left.meaning == "death") & left.date.notnull())
    told = said_in_letters(facts, ("death",), rules.letters)
    told = told.filter(told.date.notnull())
    every = ibis.union(
        *[
            table.select(
                "patient_id",
                stated_date="date",
                precision=table.date_precision.fill_null("day"),
                source_table=ibis.literal(name),
                source_row="row_id",
            )
            for table, name in ((said, FOLLOW_UP.name), (left, DISPOSITIONS.name), (told, TEXT_FINDINGS.name))
        ]
    )
    exactness = ibis.cases((every.precision == "day", 0), (every.precision == "month", 1), else_=2)
    table = every.source_table
    prefer = ibis.cases((table == FOLLOW_UP.name, 0), (table == DISPOSITIONS.name, 1), else_=2)
    return ranked_first(every, ["patient_id"], [exactness, prefer, "stated_date", "source_row"])


def _with_span(rows: ir.Table) -> ir.Table:
    """The first and the last day that each statement can mean."""
    month = rows.stated_date.truncate("M").cast("date")
    year = rows.stated_date.truncate("Y").cast("date")
    month_end = ((month + ibis.interval(months=1)).cast("date") - ibis.interval(days=1)).cast("date")
    year_end = ((year + ibis.interval(months=12)).cast("date") - ibis.interval(days=1)).cast("date")
    return rows.mutate(
        first_day=ibis.cases(
            (rows.precision == "month", month), (rows.precision == "year", year), else_=rows.stated_date
        ),
        last_day=ibis.cases(
            (rows.precision == "month", month_end), (rows.precision == "year", year_end), else_=rows.stated_date
        ),
    )


def _plain_day(rows: ir.Table, rules: DeathDates) -> Any:
    if rules.day == "first":
        return rows.first_day
    if rules.day == "last":
        return rows.last_day
    middle = (rows.first_day + ibis.interval(days=_MIDDLE_DAYS)).cast("date")
    july = (rows.first_day + ibis.interval(months=6)).cast("date")
    return ibis.cases((rows.precision == "month", middle), (rows.precision == "year", july), else_=rows.first_day)


def _cut(rows: ir.Table, data_cut: dt.date | None) -> ir.Table:
    """Deaths with `known`, those known on the data cut never after it."""
    day, how, known = rows.chosen, rows.how, ibis.literal(True)
    if data_cut is not None:
        cut = ibis.date(data_cut)
        known = rows.earliest <= cut
        day = ibis.cases((known, ibis.least(rows.chosen, cut)), else_=rows.chosen)
        how = ibis.cases((known & (rows.chosen > cut), ibis.literal("data cut: ") + rows.how), else_=rows.how)
    rows = rows.mutate(
        death_date=day, rule=how, known=known, imputed=rows.precision != "day", last_activity_date=rows.alive_date
    )
    rows = rows.mutate(moved_days=rows.death_date.delta(rows.plain, unit="day").cast("float64"))
    return rows.select(*DEATH_DATES.by_name, "known")
