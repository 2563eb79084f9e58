"""What every endpoint starts from: the snapshot, the members with their time zero, the chosen scans, the rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Container, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa

from lutrace.core import Row, Type
from lutrace.protocol import Protocol
from lutrace.tables import COHORT_MEMBERS, ENDPOINT_VALUES, Facts, without

FIRST_CYCLE = "treated"
"""The population whose time zero is the first cycle."""
_SCANS = pa.schema(
    [
        ("patient_id", pa.string()),
        ("cycle", pa.int64()),
        ("scan_id", pa.string()),
        ("scan_date", pa.date32()),
        ("scan_row", pa.string()),
        ("burden_row", pa.string()),
        ("plan_digest", pa.string()),
        ("ttv_ml", pa.float64()),
    ]
)
_TYPES = {Type.TEXT: "string", Type.FLOAT: "float64", Type.BOOL: "boolean", Type.DATE: "date"}


class Keeper:
    """A ground on which several derivations start from the same rows: they are run once and held."""

    def keep(self, key: Hashable, make: Callable[[], ir.Table]) -> ir.Table:
        """The table of that key: what `make` gives, run and held when it is first asked for."""
        if key not in self._kept:
            self._kept[key] = held(make())
        return self._kept[key]

    @cached_property
    def _kept(self) -> dict[Hashable, ir.Table]:
        return {}


@dataclass(frozen=True)
class Basis(Keeper):
    """The ground of all derivations of one run.

    `members` are rows of COHORT_MEMBERS, `scans` the measured SPECT of each cycle (`patient_id cycle scan_id
    scan_date scan_row burden_row plan_digest ttv_ml`). Facts later than `data_cut` are not known.
    """

    facts: Facts
    protocol: Protocol
    members: Sequence[Row]
    scans: Sequence[Row]
    data_cut: dt.date | None = None

    def time_zero(self) -> ir.Table:
        """Patient, population, `index_date`, the cycle of the landmark, its `spect_date`, and the first cycle.

        Columns `c1_date` and `c1_row` are of the first cycle, or of the event that a population counts from, before
        which its baselines lie; `landmark_date` is the day up to which covariates may
        look: time zero, but the SPECT where time runs from cycle 1 (which is warned of). Made once, however often
        it is asked for: it comes from the rows of members and scans alone.
        """
        return self._time_zero

    @cached_property
    def _time_zero(self) -> ir.Table:
        members = _table(self.members, COHORT_MEMBERS.arrow_schema)
        first = members.filter(members.population == FIRST_CYCLE)
        first = first.select("patient_id", c1_date="index_date", c1_row="index_row")
        at = attach(members.filter(members.population != FIRST_CYCLE), first, ["patient_id"])
        at = at.mutate(
            c1_row=ibis.cases((at.base_date.notnull(), at.index_row), else_=at.c1_row),
            c1_date=ibis.coalesce(at.base_date, at.c1_date),
        )
        joined = at.filter(at.c1_date.notnull()).select(
            "patient_id", "population", "index_date", "index_row", "c1_date", "c1_row"
        )
        landmarks = self.protocol.landmarks
        cycles = [(joined.population == landmark.name, landmark.cycle) for landmark in landmarks]
        number = ibis.cases(*cycles, else_=0) if cycles else ibis.literal(0)
        joined = joined.mutate(cycle=number.cast("int64"))
        spects = self.spects().select("patient_id", "cycle", spect_date="scan_date")
        joined = attach(joined, spects, ["patient_id", "cycle"])
        late = [landmark.name for landmark in landmarks if landmark.origin == "first_cycle"]
        dated = ibis.cases(
            (joined.population.isin(late) & joined.spect_date.notnull(), joined.spect_date), else_=joined.index_date
        )
        return held(joined.mutate(landmark_date=dated))

    def by_anchor(self) -> list[Basis]:
        """The ground of each set of populations that share the event before which baselines lie.

        Landmarks and populations that count from the first cycle share it; every other population has its own.
        """
        own = self._own_anchors()
        if not own:
            return [self]
        shared = self.of_first_cycle()
        return [*([shared] if shared.has_members() else []), *(self._of({name}) for name in own)]

    def of_first_cycle(self) -> Basis:
        """The ground of landmarks and populations whose baselines lie before the first cycle."""
        own = self._own_anchors()
        return self._of({row["population"] for row in self.members} - set(own)) if own else self

    def _own_anchors(self) -> list[str]:
        return [zero.name for zero in self.protocol.populations if zero.index.event != "first_cycle"]

    def of_landmarks(self) -> Basis:
        """The ground of the landmarks alone, for what is read off their SPECT."""
        names = {FIRST_CYCLE, *(landmark.name for landmark in self.protocol.landmarks)}
        return self if not self.protocol.populations else self._of(names)

    def has_members(self) -> bool:
        """Whether any population other than that of all treated patients has somebody in it."""
        return any(row["population"] != FIRST_CYCLE for row in self.members)

    def _of(self, populations: Container[str]) -> Basis:
        return replace(self, members=tuple(row for row in self.members if row["population"] in populations))

    def spects(self) -> ir.Table:
        """The measured SPECT of each cycle, one and the same table however often it is asked for."""
        return self._spects

    @cached_property
    def _spects(self) -> ir.Table:
        return _table(self.scans, _SCANS)

    def known(self, table: ir.Table, date: str) -> ir.Table:
        """The rows whose `date` is not after the data cut."""
        if self.data_cut is None:
            return table
        return table.filter(table[date] <= ibis.date(self.data_cut))


def finish(table: ir.Table, *, endpoint: str, rule: str, unit: str | None = None) -> ir.Table:
    """The columns of ENDPOINT_VALUES: those that `table` has, `endpoint`, `rule` and `unit`, and empty ones.

    `days` is counted from `index_date` to `date`; a row with a `reason` is not evaluable and has no unit.
    """
    columns: dict[str, Any] = {}
    for column in ENDPOINT_VALUES.columns:
        kind = _TYPES[column.type]
        value = table[column.name].cast(kind) if column.name in table.columns else ibis.null(kind)
        columns[column.name] = value
    columns["endpoint"] = ibis.literal(endpoint)
    columns["rule"] = table["rule"] if "rule" in table.columns else ibis.literal(rule)
    columns["days"] = table["date"].delta(table["index_date"], unit="day").cast("float64")
    if unit is not None:
        columns["unit"] = ibis.literal(unit)
    return table.select(**columns)


def ranked_first(table: ir.Table, by: Sequence[str], order: Sequence[Any]) -> ir.Table:
    """The first row of each group in the given order; the order must leave no ties."""
    place = ibis.row_number().over(ibis.window(group_by=list(by), order_by=list(order)))
    placed = table.mutate(place=place)
    return without(placed.filter(placed.place == 0), "place")


def count_of(flag: ir.BooleanValue) -> ir.IntegerScalar:
    """How many rows of a group hold; an unknown one counts as not."""
    counted: ir.IntegerScalar = ibis.ifelse(flag, 1, 0).sum()
    return counted


def attach(left: ir.Table, right: ir.Table, keys: Sequence[str]) -> ir.Table:
    """`left` with the columns of `right`, empty where there is no partner."""
    return without(left.left_join(right, list(keys)), *[f"{key}_right" for key in keys])


def _table(rows: Sequence[Row], schema: pa.Schema) -> ir.Table:
    return ibis.memtable(pa.Table.from_pylist([dict(row) for row in rows], schema=schema))


def held(table: ir.Table) -> ir.Table:
    """The rows of an expression, run once and held in memory: what several later expressions start from.

    One expression of all stages of the rules of response would be a megabyte of SQL. An expression over tables without
    rows stays as it is: it can be translated, not run.
    """
    return table if table.op().find(ops.UnboundTable) else ibis.memtable(table.to_pyarrow())
