"""What a derived table is made of: the ground it stands on, its rows, and the variables that are counted from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.core import MissingFactError, Row
from lutrace.endpoints import FIRST_CYCLE, Basis, CourseBasis, History
from lutrace.protocol import AsOf, CourseRules, DeathDates, DerivedCourse, DerivedSurvivalTimes, Protocol
from lutrace.study.cut_facts import FactsOfPatients
from lutrace.tables import COHORT_MEMBERS, Facts

Reading = float | bool | str | None


def first_days(members: Sequence[Row]) -> dict[str, dt.date]:
    """The day of the first cycle of each patient, from rows of COHORT_MEMBERS; of who had none the first time zero."""
    own: dict[str, dt.date] = {}
    for row in sorted(members, key=lambda row: (row["population"] != FIRST_CYCLE, row["index_date"])):
        own.setdefault(row["patient_id"], row["index_date"])
    return own


@dataclass(frozen=True)
class Ground:
    """What every derivation starts from: the facts of the treated patients as known on the data cut, and the members.

    `members` are rows of COHORT_MEMBERS. `whole` are the facts before the cut: who is seen after it was alive on it.
    """

    facts: Facts
    protocol: Protocol
    members: Sequence[Row]
    data_cut: dt.date | None
    whole: Facts

    @classmethod
    def of(
        cls, known: Facts, protocol: Protocol, members: Sequence[Row], data_cut: dt.date | None, *, whole: Facts
    ) -> Ground:
        """The ground of a run, from the facts of all patients: those `known` on the data cut, and all of them."""
        patients = ibis.memtable(pa.table({"patient_id": pa.array(sorted(first_days(members)), pa.string())}))
        own, every = FactsOfPatients(known, patients), FactsOfPatients(whole, patients)
        return cls(own, protocol, members, data_cut, every)

    @cached_property
    def basis(self) -> Basis:
        """What endpoints that count from the first cycle start from, without scans, up to the data cut."""
        return Basis(self.whole, self.protocol, self.members, (), self.data_cut).of_first_cycle()

    def cut_for(self, name: str) -> dt.date:
        """The data cut, for the derived table of that name. Raises MissingFactError when the run has none."""
        if self.data_cut is None:
            raise MissingFactError(
                f"derived.{name}: who is ongoing or alive is so on a day; run the study with --data-cut DATE"
            )
        return self.data_cut

    def course_basis(self, item: DerivedCourse | DerivedSurvivalTimes) -> CourseBasis:
        """What the course and survival times of an item start from, one and the same for the same rules."""
        rules = (item.rules, item.death_dates)
        if rules not in self._course_bases:
            history = self.protocol.history
            self._course_bases[rules] = CourseBasis(
                self.whole, self.cut_for(item.name), *rules, history.lines, history.mcrpc
            )
        return self._course_bases[rules]

    @cached_property
    def _course_bases(self) -> dict[tuple[CourseRules, DeathDates], CourseBasis]:
        return {}

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


def no_gap(rows: Sequence[Row]) -> str | None:
    """Nothing is told of why a value is missing."""
    return None


def having(column: str, *codes: object) -> Callable[[Row], bool]:
    """Takes the rows whose column holds one of the codes."""
    return lambda row: row[column] in codes


def only(column: str, none: str | None = None) -> Callable[[Sequence[Row]], Reading]:
    """Reads a column of the only row; `none` where there is no row."""
    return lambda rows: rows[0][column] if rows else none


def by_patient(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of each patient, in their order."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["patient_id"], []).append(row)
    return grouped


def seen(rows: Sequence[Row], read: Callable[[Sequence[Row]], Reading], of: Callable[[Row], bool]) -> set[Reading]:
    """What a variable of classes reads of any patient in the rows: the classes that a table needs lines for."""
    return {read(own) for own in by_patient(filter(of, rows)).values()}


def any_in(column: str) -> Callable[[Sequence[Row]], Reading]:
    """Reads whether some row has in the column what is neither empty nor false."""
    return lambda rows: any(row[column] not in (None, False) for row in rows)


def sources_of(row: Row, proof: str = "source") -> list[tuple[str, str]]:
    """Table and row of each fact that a derived row names: in `evidence`, or in `<proof>_table` and `<proof>_row`."""
    if row.get("evidence") is not None:
        pairs = [one.split(":", 1) for one in row["evidence"].split()]
        return [(table, source) for table, source in pairs]
    name = row.get(f"{proof}_row")
    if name is None:
        return []
    return [(row.get(f"{proof}_table") or name.split(":")[0], name)]


@dataclass(frozen=True)
class Variable:
    """One variable of a counted table: `read` says it of the rows of one patient in `table` that `of` takes (or none).

    kind: `number` (median and quartiles), `yes` (patients of whom it is true), `classes` (patients per level; a level
    that is not listed raises). What `read` leaves empty is counted as missing, by why (`gap`). The evidence is that of
    these rows;
    where they are counts themselves, that of the rows of another table that hold on the day asked about (`shown_by`).
    Of several facts of a row `proof` says which: that of `worst_row`, of `end_table` and `end_row`.
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
    proof: str = "source"
    gap: Callable[[Sequence[Row]], str | None] = no_gap


@dataclass(frozen=True)
class Derivation:
    """What one derived table gives: rows of declared result tables by name, what is counted, and the rules in words.

    `as_of` says which rows count at a landmark where a table names the day asked about in `index_date` (`by_day`).
    `labels` are a reader's words for the levels; `estimates` and `curves` are rows of those tables, the analysis
    being this table.
    """

    tables: Mapping[str, ir.Table]
    variables: tuple[Variable, ...]
    notes: tuple[str, ...] = ()
    as_of: AsOf = "first_cycle"
    by_day: bool = True
    estimates: tuple[Row, ...] = ()
    curves: tuple[Row, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
