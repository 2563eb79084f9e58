"""Facts as they stood on the day of the data cut."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from lutrace.core import Table
from lutrace.tables import (
    CYCLE_STATEMENTS,
    CYCLES,
    DIAGNOSES,
    LABS,
    MEDICATIONS,
    READER_FINDINGS,
    SCANS,
    TEXT_FINDINGS,
    TREATMENTS,
    Facts,
)

_DATED = {
    CYCLES.name: ("administered_date",),
    SCANS.name: ("date",),
    LABS.name: ("date",),
    TREATMENTS.name: ("begin_date",),
    MEDICATIONS.name: ("begin_date",),
    CYCLE_STATEMENTS.name: ("end_date", "begin_date"),
    DIAGNOSES.name: ("date",),
    TEXT_FINDINGS.name: ("note_date",),
    READER_FINDINGS.name: ("date",),
}
"""The day on which a record became known: the first of these columns that is not empty."""
_ENDING = {
    TREATMENTS.name: ("end_date", "end_date_precision", "stop_reason"),
    MEDICATIONS.name: ("end_date", "end_date_precision"),
}
"""What a record says of its end: unknown on the cut when that lies after it."""


@dataclass(frozen=True)
class CutFacts:
    """Facts without the records of after `data_cut`: what the selection of patients and their history may know.

    A record without a date stays. The end of a treatment is empty when it lies after the cut.
    """

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
        cut = ibis.date(self.data_cut)
        known = ibis.coalesce(*[table[name] for name in _DATED[declared.name]])
        table = table.filter((known <= cut).fill_null(True))
        ending = _ENDING.get(declared.name, ())
        if not ending:
            return table
        later = (table.end_date > cut).fill_null(False)
        return table.mutate(**{name: ibis.ifelse(later, ibis.null(table[name].type()), table[name]) for name in ending})


@dataclass(frozen=True)
class FactsOfPatients:
    """The facts of some patients only: each table that names patients, joined with `patients` (`patient_id`)."""

    facts: Facts
    patients: ir.Table

    @property
    def digest(self) -> str:
        """Digest of the snapshot behind."""
        return self.facts.digest

    def table(self, declared: Table) -> ir.Table:
        """The rows of a fact table that are of these patients."""
        table = self.facts.table(declared)
        return table.semi_join(self.patients, "patient_id") if "patient_id" in declared.by_name else table
