"""What a derived table is made of: the ground it stands on, its rows, and the variables that are counted from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.core import Row
from lutrace.endpoints import FIRST_CYCLE, History
from lutrace.protocol import AsOf, Protocol
from lutrace.study.cut_facts import FactsOfPatients
from lutrace.tables import COHORT_MEMBERS, Facts

Reading = float | bool | str | None


def first_days(members: Sequence[Row]) -> dict[str, dt.date]:
    """The day of the first cycle of each patient, from rows of COHORT_MEMBERS."""
    return {row["patient_id"]: row["index_date"] for row in members if row["population"] == FIRST_CYCLE}


@dataclass(frozen=True)
class Ground:
    """What every derivation starts from: the facts of the treated patients as known on the data cut, and the members.

    `members` are rows of COHORT_MEMBERS.
    """

    facts: Facts
    protocol: Protocol
    members: Sequence[Row]
    data_cut: dt.date | None

    @classmethod
    def of(cls, facts: Facts, protocol: Protocol, members: Sequence[Row], data_cut: dt.date | None) -> Ground:
        """The ground of a run; `facts` are those known on the data cut, of all patients."""
        patients = pa.table({"patient_id": pa.array(sorted(first_days(members)), pa.string())})
        return cls(FactsOfPatients(facts, ibis.memtable(patients)), protocol, members, data_cut)

    @cached_property
    def history(self) -> History:
        """Lines, dates of mCRPC and cycles of these patients."""
        return History(self.facts, self.protocol.history, self.data_cut)

    def asked(self, as_of: AsOf) -> dict[tuple[str, str], dt.date]:
        """The day asked about of each member of a landmark, by patient and landmark."""
        first = first_days(self.members)
        return {
            (row["patient_id"], row["population"]): first[row["patient_id"]]
            if as_of == "first_cycle"
            else row["index_date"]
            for row in self.members
            if row["population"] != FIRST_CYCLE
        }

    def index(self, as_of: AsOf) -> ir.Table:
        """`patient_id index_date`: each day that is asked about, once."""
        pairs = {(patient, day) for (patient, _), day in self.asked(as_of).items()}
        pairs |= set(first_days(self.members).items()) if as_of == "first_cycle" else set()
        fields = [COHORT_MEMBERS.arrow_schema.field(name) for name in ("patient_id", "index_date")]
        rows = [{"patient_id": patient, "index_date": day} for patient, day in sorted(pairs)]
        return ibis.memtable(pa.Table.from_pylist(rows, schema=pa.schema(fields)))


def any_row(row: Row) -> bool:
    """Every row counts."""
    return True


def having(column: str, *codes: object) -> Callable[[Row], bool]:
    """Takes the rows whose column holds one of the codes."""
    return lambda row: row[column] in codes


def only(column: str, none: str | None = None) -> Callable[[Sequence[Row]], Reading]:
    """Reads a column of the only row; `none` where there is no row."""
    return lambda rows: rows[0][column] if rows else none


def any_in(column: str) -> Callable[[Sequence[Row]], Reading]:
    """Reads whether some row has in the column what is neither empty nor false."""
    return lambda rows: any(row[column] not in (None, False) for row in rows)


def sources_of(row: Row) -> list[tuple[str, str]]:
    """Table and row of each fact that a derived row names: in `evidence`, or in `source_table` and `source_row`."""
    if row.get("evidence") is not None:
        pairs = [one.split(":", 1) for one in row["evidence"].split()]
        return [(table, source) for table, source in pairs]
    if row.get("source_row") is None:
        return []
    return [(row.get("source_table") or row["source_row"].split(":")[0], row["source_row"])]


@dataclass(frozen=True)
class Variable:
    """One variable of a counted table: `read` says it of the rows of one patient in `table` that `of` takes (or none).

    kind: `number` (median and quartiles), `yes` (patients of whom it is true), `classes` (patients per level; a level
    that is not listed raises). What `read` leaves empty is counted as unknown. The evidence is that of these rows;
    where they are counts themselves, that of the rows of another table that hold on the day asked about (`shown_by`).
    """

    name: str
    label: str
    kind: Literal["number", "yes", "classes"]
    table: str
    read: Callable[[Sequence[Row]], Reading]
    of: Callable[[Row], bool] = any_row
    levels: tuple[str, ...] = ()
    unit: str = "patients"
    shown_by: tuple[str, Callable[[Row, dt.date], bool]] | None = None


@dataclass(frozen=True)
class Derivation:
    """What one derived table gives: rows of declared result tables by name, what is counted, and the rules in words.

    `as_of` says which rows count at a landmark where a table names the day asked about. `labels` are a reader's words
    for the levels.
    """

    tables: Mapping[str, ir.Table]
    variables: tuple[Variable, ...]
    notes: tuple[str, ...] = ()
    as_of: AsOf = "first_cycle"
    labels: Mapping[str, str] = field(default_factory=dict)
