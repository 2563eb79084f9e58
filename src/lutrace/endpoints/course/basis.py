"""What the course starts from: the snapshot, the rules, and the data cut."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cached_property

import ibis
import ibis.expr.types as ir

from lutrace.endpoints.basis import Keeper, held
from lutrace.endpoints.history.lines import derive_line_agents
from lutrace.endpoints.history.mcrpc import choose_mcrpc_dates, derive_mcrpc_dates
from lutrace.protocol import CourseRules, DeathDates, LineRules, McrpcRules
from lutrace.tables import Facts


@dataclass(frozen=True)
class CourseBasis(Keeper):
    """The frozen facts, the rules of the course and of days of death, and the day after which nothing is known.

    Who is ongoing is so on a day: the data cut is needed, and no default is taken for it.
    """

    facts: Facts
    data_cut: dt.date
    rules: CourseRules = field(default_factory=CourseRules)
    death_dates: DeathDates = field(default_factory=DeathDates)
    line_rules: LineRules = field(default_factory=LineRules)
    mcrpc_rules: McrpcRules = field(default_factory=McrpcRules)
    agents: ir.Table | None = None
    choices: ir.Table | None = None

    @cached_property
    def line_agents(self) -> ir.Table:
        """Rows of LINE_AGENTS as known on the data cut: `agents`, or else made once and held.

        Radioligands begin a new line after `longest_pause`.
        """
        if self.agents is not None:
            return self.agents
        rules = self.line_rules.model_copy(update={"rlt_gap": self.rules.longest_pause})
        return held(derive_line_agents(self.facts, rules, self.data_cut))

    @cached_property
    def mcrpc_choices(self) -> ir.Table:
        """Rows of MCRPC_CHOICES as known on the data cut: `choices`, or else made once and held."""
        if self.choices is not None:
            return self.choices
        dates = derive_mcrpc_dates(self.facts, self.mcrpc_rules, self.data_cut)
        return held(choose_mcrpc_dates(dates, self.mcrpc_rules))

    def known(self, table: ir.Table, date: str) -> ir.Table:
        """The rows whose `date` is not after the data cut."""
        return table.filter(table[date] <= ibis.date(self.data_cut))
