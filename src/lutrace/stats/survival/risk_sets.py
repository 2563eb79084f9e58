"""Who is at risk at each event time of one stratum, as index arrays: the ground that the log-rank tests stand on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.stats.arrays import FloatArray, IntArray
from lutrace.stats.survival.observations import Survival


@dataclass(frozen=True, eq=False)
class RiskSets:
    """The risk sets of one stratum. All row numbers count the rows of the stratum.

    A group is a distinct event time, in ascending order.
    """

    time: FloatArray
    """Distinct event times, (groups,)."""
    by_time: IntArray
    """Rows, latest time first."""
    by_entry: IntArray | None
    """Rows, latest entry first; None without entry."""
    n_not_left: IntArray
    """Rows whose time is at or after each event time, (groups,)."""
    n_not_entered: IntArray
    """Rows whose entry is at or after each event time, (groups,)."""
    event_rows: IntArray
    """Row of each event, group by group."""
    first_event: IntArray
    """First event of each group."""

    @property
    def n_at_risk(self) -> IntArray:
        """Rows at risk at each event time, (groups,)."""
        return self.n_not_left - self.n_not_entered

    @property
    def n_events(self) -> IntArray:
        """Events at each event time, (groups,)."""
        return np.diff(self.first_event, append=self.event_rows.size)

    def sum_at_risk(self, values: FloatArray) -> FloatArray:
        """The sum of a row quantity, (n,) or (n, k), over each risk set: (groups,) or (groups, k)."""
        total = _sum_of_first(values[self.by_time], self.n_not_left)
        if self.by_entry is None:
            return total
        return total - _sum_of_first(values[self.by_entry], self.n_not_entered)

    def sum_events(self, values: FloatArray) -> FloatArray:
        """The sum of a row quantity over the events of each group."""
        summed: FloatArray = np.add.reduceat(values[self.event_rows], self.first_event, axis=0)
        return summed


def find_risk_sets(survival: Survival, rows: IntArray) -> RiskSets | None:
    """The risk sets among `rows`; None when none of them has an event."""
    time, event = survival.time[rows], survival.event[rows]
    if not event.any():
        return None
    event_rows = np.flatnonzero(event)
    event_rows = event_rows[np.argsort(time[event_rows], kind="stable")]
    times, first_event = np.unique(time[event_rows], return_index=True)
    by_entry, n_not_entered = None, np.zeros(times.size, dtype=np.intp)
    if survival.entry is not None:
        entry = survival.entry[rows]
        by_entry = np.argsort(-entry, kind="stable")
        n_not_entered = rows.size - np.searchsorted(np.sort(entry), times, side="left")
    return RiskSets(
        time=times,
        by_time=np.argsort(-time, kind="stable"),
        by_entry=by_entry,
        n_not_left=rows.size - np.searchsorted(np.sort(time), times, side="left"),
        n_not_entered=n_not_entered,
        event_rows=event_rows,
        first_event=first_event,
    )


def _sum_of_first(values: FloatArray, counts: IntArray) -> FloatArray:
    running = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    summed: FloatArray = running[counts]
    return summed
