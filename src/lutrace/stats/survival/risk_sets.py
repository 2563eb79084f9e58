"""Who is at risk at each event time, as index arrays: the ground that the tests and models of this room stand on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lutrace.stats.arrays import FloatArray, IntArray
from lutrace.stats.survival.observations import Survival


@dataclass(frozen=True, eq=False)
class RiskSets:
    """The risk sets of one stratum. All row numbers count the rows of the stratum.

    A group is a distinct event time, in ascending order; `terms` run over the events, each in its group. The share of
    a term is the part of its group's own events that Efron's rule takes out of the risk set: l/d for the l-th
    (from 0) of d tied events, 0 throughout for Breslow's.
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
    """Row of each term."""
    group: IntArray
    """Group of each term."""
    first_term: IntArray
    """First term of each group."""
    share: FloatArray
    """Share of each term."""
    exit_group: IntArray
    """Groups at or before each row's time, (n,)."""
    entry_group: IntArray
    """Groups at or before each row's entry, (n,)."""
    own_group: IntArray
    """Group of each row that has the event, -1 for a censored row, (n,)."""

    @property
    def n_at_risk(self) -> IntArray:
        """Rows at risk at each event time, (groups,)."""
        return self.n_not_left - self.n_not_entered

    @property
    def n_events(self) -> IntArray:
        """Events at each event time, (groups,)."""
        return np.bincount(self.group, minlength=self.time.size)

    def sum_at_risk(self, values: FloatArray) -> FloatArray:
        """The sum of a row quantity, (n,) or (n, k), over each risk set: (groups,) or (groups, k)."""
        total = _sum_of_first(values[self.by_time], self.n_not_left)
        if self.by_entry is None:
            return total
        return total - _sum_of_first(values[self.by_entry], self.n_not_entered)

    def sum_events(self, values: FloatArray) -> FloatArray:
        """The sum of a row quantity over the events of each group."""
        return self.sum_terms(values[self.event_rows])

    def sum_terms(self, values: FloatArray) -> FloatArray:
        """The sum of a term quantity over each group."""
        summed: FloatArray = np.add.reduceat(values, self.first_term, axis=0)
        return summed

    def collect(self, values: FloatArray) -> FloatArray:
        """The sum of a term quantity, (terms,) or (terms, k), over the terms in whose risk set each row is, by row.

        A row that has the event itself counts in the terms of its own group with one minus their shares.
        """
        per_group = self.sum_terms(values)
        running = np.concatenate([np.zeros_like(per_group[:1]), np.cumsum(per_group, axis=0)])
        collected: FloatArray = running[self.exit_group] - running[self.entry_group]
        shares = self.share if values.ndim == 1 else self.share[:, None]
        own = self.sum_terms(values * shares)
        has_event = self.own_group >= 0
        collected[has_event] -= own[self.own_group[has_event]]
        return collected


def find_risk_sets(survival: Survival, rows: IntArray, *, efron: bool) -> RiskSets | None:
    """The risk sets among `rows`, with Efron's shares or Breslow's; None when none of them has an event."""
    time, event = survival.time[rows], survival.event[rows]
    if not event.any():
        return None
    event_rows = np.flatnonzero(event)
    event_rows = event_rows[np.argsort(time[event_rows], kind="stable")]
    times, first_term, group = np.unique(time[event_rows], return_index=True, return_inverse=True)
    n_tied = np.bincount(group)
    share = (np.arange(group.size) - first_term[group]) / n_tied[group] if efron else np.zeros(group.size)
    own_group = np.full(rows.size, -1, dtype=np.intp)
    own_group[event_rows] = group
    n_not_left = rows.size - np.searchsorted(np.sort(time), times, side="left")
    by_entry, n_not_entered = None, np.zeros(times.size, dtype=np.intp)
    entry_group = np.zeros(rows.size, dtype=np.intp)
    if survival.entry is not None:
        entry = survival.entry[rows]
        by_entry = np.argsort(-entry, kind="stable")
        n_not_entered = rows.size - np.searchsorted(np.sort(entry), times, side="left")
        entry_group = np.searchsorted(times, entry, side="right")
    return RiskSets(
        time=times,
        by_time=np.argsort(-time, kind="stable"),
        by_entry=by_entry,
        n_not_left=n_not_left,
        n_not_entered=n_not_entered,
        event_rows=event_rows,
        group=group,
        first_term=first_term,
        share=share,
        exit_group=np.searchsorted(times, time, side="right"),
        entry_group=entry_group,
        own_group=own_group,
    )


def _sum_of_first(values: FloatArray, counts: IntArray) -> FloatArray:
    running = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
    summed: FloatArray = running[counts]
    return summed
