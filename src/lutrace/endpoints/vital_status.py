"""Who died when, and until when the others are known to be alive."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Basis, attach, ranked_first
from lutrace.tables import CONTACTS, CYCLES, FOLLOW_UP, LABS, SCANS

_ALIVE_BY = ((CONTACTS, "date"), (LABS, "date"), (CYCLES, "administered_date"), (SCANS, "date"))
_HALF_MONTH_DAYS = 14
_HALF_YEAR_DAYS = 181


def vital_status(basis: Basis) -> ir.Table:
    """One row per patient with any sign of life: `patient_id died status_date status_table status_row status_rule`.

    A death known to the month stands for its 15th day, one known to the year for 1 July, but never before the last
    sign of life. A death after the data cut is not known: such a patient was alive on that day. The living are
    censored at the last sign of life (follow-up, contact, laboratory, cycle, scan), at the latest on the data cut.
    """
    follow_up = basis.facts.table(FOLLOW_UP)
    alive = _last_alive(basis, follow_up)
    dead = _deaths(follow_up)
    rows = attach(alive.select("patient_id").union(dead.select("patient_id"), distinct=True), alive, ["patient_id"])
    rows = attach(rows, dead, ["patient_id"])
    died_on = ibis.cases(
        (rows.precision == "day", rows.death_date),
        (rows.death_date.notnull(), ibis.greatest(rows.death_date, ibis.coalesce(rows.alive_date, rows.death_date))),
    )
    rows = rows.mutate(died_on=died_on)
    known = rows.died_on.notnull()
    if basis.data_cut is None:
        return _status(rows, known, rows.alive_date, ibis.literal("last sign of life"))
    cut = ibis.date(basis.data_cut)
    known = known & (rows.died_on <= cut).fill_null(False)
    beyond = ((rows.died_on > cut) | (rows.alive_date > cut)).fill_null(False)
    until = ibis.cases((beyond, cut), else_=rows.alive_date)
    words = ibis.cases((beyond, "alive on the data cut"), else_="last sign of life")
    return _status(rows, known, until, words)


def _status(rows: ir.Table, died: ir.BooleanValue, until: ir.DateValue, words: ir.StringValue) -> ir.Table:
    later_death = (~died) & rows.alive_row.isnull()
    return rows.select(
        "patient_id",
        died=died,
        status_date=ibis.cases((died, rows.died_on), else_=until),
        status_table=ibis.cases((died | later_death, "follow_up"), else_=rows.alive_table),
        status_row=ibis.cases((died | later_death, rows.death_row), else_=rows.alive_row),
        status_rule=ibis.cases((died, "death of any cause"), else_=words),
    )


def _deaths(follow_up: ir.Table) -> ir.Table:
    dead = follow_up.filter((follow_up.status == "dead") & follow_up.date.notnull())
    middle = ibis.cases(
        (dead.date_precision == "month", dead.date + ibis.interval(days=_HALF_MONTH_DAYS)),
        (dead.date_precision == "year", dead.date + ibis.interval(days=_HALF_YEAR_DAYS)),
        else_=dead.date,
    )
    dead = dead.mutate(death_date=middle.cast("date"), precision=dead.date_precision.fill_null("day"))
    exact_first = ibis.cases((dead.precision == "day", 0), (dead.precision == "month", 1), else_=2)
    first = ranked_first(dead, ["patient_id"], [exact_first, "death_date", "row_id"])
    return first.select("patient_id", "death_date", "precision", death_row="row_id")


def _last_alive(basis: Basis, follow_up: ir.Table) -> ir.Table:
    said = follow_up.filter(follow_up.status != "dead")
    signs = [said.select("patient_id", alive_date="date", alive_row="row_id", alive_table=ibis.literal("follow_up"))]
    for declared, date in _ALIVE_BY:
        table = basis.facts.table(declared)
        signs.append(
            table.select("patient_id", alive_date=date, alive_row="row_id", alive_table=ibis.literal(declared.name))
        )
    every = ibis.union(*signs)
    every = every.filter(every.alive_date.notnull())
    return ranked_first(every, ["patient_id"], [ibis.desc("alive_date"), "alive_table", "alive_row"])
