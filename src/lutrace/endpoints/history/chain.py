"""The whole history of a study's patients, each part made once from the one before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import ibis.expr.types as ir

from lutrace.endpoints.basis import held
from lutrace.endpoints.history.cycles import list_cycle_statements, reconcile_cycles
from lutrace.endpoints.history.lines import derive_line_agents, derive_lines
from lutrace.endpoints.history.mcrpc import choose_mcrpc_dates, derive_mcrpc_dates
from lutrace.endpoints.history.prior_regimens import count_prior_regimens
from lutrace.protocol import HistoryRules
from lutrace.tables import Facts


@dataclass(frozen=True)
class History:
    """Dates of mCRPC, the preferred of them, drugs of lines, lines, and cycles, as expressions over `facts`.

    Each part is run once, when it is first asked for, and held: what comes after starts from its rows.
    """

    facts: Facts
    rules: HistoryRules
    data_cut: dt.date | None = None

    @cached_property
    def mcrpc_dates(self) -> ir.Table:
        """Rows of MCRPC_DATES."""
        return held(derive_mcrpc_dates(self.facts, self.rules.mcrpc, self.data_cut))

    @cached_property
    def mcrpc_choices(self) -> ir.Table:
        """Rows of MCRPC_CHOICES."""
        return held(choose_mcrpc_dates(self.mcrpc_dates, self.rules.mcrpc))

    @cached_property
    def line_agents(self) -> ir.Table:
        """Rows of LINE_AGENTS."""
        return held(derive_line_agents(self.facts, self.rules.lines, self.data_cut))

    @cached_property
    def lines(self) -> ir.Table:
        """Rows of LINES, their setting by the preferred date of mCRPC."""
        return held(derive_lines(self.line_agents, self.mcrpc_choices, self.rules.lines))

    @cached_property
    def cycle_statements(self) -> ir.Table:
        """All statements on radioligand therapy in one shape."""
        return held(list_cycle_statements(self.facts, self.data_cut))

    @cached_property
    def cycles(self) -> ir.Table:
        """Rows of RECONCILED_CYCLES."""
        return held(reconcile_cycles(self.cycle_statements, self.rules.cycles))

    def prior_regimens(self, index: ir.Table) -> ir.Table:
        """Rows of PRIOR_REGIMENS for each row of `index` (`patient_id index_date`)."""
        return count_prior_regimens(self.line_agents, self.lines, index)
