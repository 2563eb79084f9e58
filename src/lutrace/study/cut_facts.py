"""Facts as they stood on the day of the data cut."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from lutrace.core import Table
from lutrace.tables import CYCLES, SCANS, Facts

_DATED = {CYCLES.name: "administered_date", SCANS.name: "date"}


@dataclass(frozen=True)
class CutFacts:
    """Facts without the cycles and scans after `data_cut`: what the selection of patients may know."""

    facts: Facts
    data_cut: dt.date

    @property
    def digest(self) -> str:
        """Digest of the snapshot behind."""
        return self.facts.digest

    def table(self, declared: Table) -> ir.Table:
        """The rows of a fact table that were known on the day of the cut."""
        table = self.facts.table(declared)
        if declared.name not in _DATED:
            return table
        return table.filter(table[_DATED[declared.name]] <= ibis.date(self.data_cut))
