"""Who died when, and until when the others are known to be alive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable
from typing import Protocol

import ibis
import ibis.expr.types as ir

from lutrace.core import MissingFactError
from lutrace.endpoints.basis import attach
from lutrace.endpoints.survival.activity import last_activity
from lutrace.endpoints.survival.deaths import find_death_dates, without_unknown
from lutrace.protocol import CensorRule, DeathDates
from lutrace.tables import Facts


class Dated(Protocol):
    """Frozen facts, the day after which nothing is known, and what is kept of them."""

    @property
    def facts(self) -> Facts:
        """The tables of a snapshot."""

    @property
    def data_cut(self) -> dt.date | None:
        """The data cut; None when the snapshot itself is the state to be told."""

    def keep(self, key: Hashable, make: Callable[[], ir.Table]) -> ir.Table:
        """The table of that key, made once."""


def vital_status(basis: Dated, death_dates: DeathDates | None = None, *, censor_at: CensorRule = "earlier") -> ir.Table:
    """One row per patient with any sign of life: `patient_id died status_date status_table status_row status_rule`.

    The day of a death is that of `derive_death_dates`. A death after the data cut is not known: such a patient was
    alive on that day. censor_at: `earlier` = the last sign of life on record, at the latest the data cut;
    `last_activity` = the last sign of life on or before the cut; `data_cut` = the cut.

    Raises MissingFactError when the data cut is asked for and there is none.
    """
    if censor_at == "data_cut" and basis.data_cut is None:
        raise MissingFactError("data_cut: censor_at data_cut needs the day of the data cut; give --data-cut")
    rules = death_dates or DeathDates()
    return basis.keep(("vital_status", rules, censor_at), lambda: _found_status(basis, rules, censor_at))


def known_deaths(basis: Dated, rules: DeathDates) -> ir.Table:
    """Rows of DEATH_DATES as known on the data cut of the basis, found once."""
    return without_unknown(_deaths(basis, rules))


def _deaths(basis: Dated, rules: DeathDates) -> ir.Table:
    return basis.keep(("deaths", rules), lambda: find_death_dates(basis.facts, _alive(basis), rules, basis.data_cut))


def _alive(basis: Dated, until: dt.date | None = None) -> ir.Table:
    return basis.keep(("alive", until), lambda: last_activity(basis.facts, until))


def _found_status(basis: Dated, rules: DeathDates, censor_at: CensorRule) -> ir.Table:
    dead = _deaths(basis, rules)
    dead = dead.select("patient_id", "known", died_on="death_date", death_table="source_table", death_row="source_row")
    alive = _alive(basis, basis.data_cut if censor_at == "last_activity" else None)
    every = alive.select("patient_id").union(dead.select("patient_id"), distinct=True)
    rows = attach(attach(every, alive, ["patient_id"]), dead, ["patient_id"])
    died = rows.known.fill_null(False)
    until, words = _end_of_the_living(rows, basis.data_cut, censor_at)
    only_death = died | rows.alive_row.isnull()
    return rows.select(
        "patient_id",
        died=died,
        status_date=ibis.cases((died, rows.died_on), else_=until),
        status_table=ibis.cases((only_death, rows.death_table), else_=rows.alive_table),
        status_row=ibis.cases((only_death, rows.death_row), else_=rows.alive_row),
        status_rule=ibis.cases((died, "death of any cause"), else_=words),
    )


def _end_of_the_living(
    rows: ir.Table, data_cut: dt.date | None, censor_at: CensorRule
) -> tuple[ir.DateValue, ir.StringValue]:
    """The day on which a patient who is not dead is last known alive by the rule, and the rule in words."""
    if data_cut is None or censor_at == "last_activity":
        return rows.alive_date, ibis.literal("last sign of life")
    cut = ibis.date(data_cut)
    if censor_at == "data_cut":
        return cut, ibis.literal("alive on the data cut by convention")
    beyond = ((rows.alive_date > cut) | rows.died_on.notnull()).fill_null(False)
    return (
        ibis.cases((beyond, cut), else_=rows.alive_date),
        ibis.cases((beyond, "alive on the data cut"), else_="last sign of life"),
    )
