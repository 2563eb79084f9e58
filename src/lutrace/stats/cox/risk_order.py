"""The rows of a Cox model in the order in which the risk sets fill: sorted once, for a fit to run through them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, finite_vector, label_codes
from lutrace.stats.survival.observations import Survival, row_weights

Ties = Literal["efron", "breslow"]
BLOCK = 2048
"""Rows worked on at once: they fit the cache, and their product is too small for BLAS to wait for a second thread."""
_SCALED_BY = 32_768
"""Rows that are enough for a mean and a standard deviation to work with: neither shows in a result."""
_CONSTANT = 1e-13
"""Standard deviation, as a share of the mean, that is rounding only."""


@dataclass(frozen=True, eq=False)
class CoxRows:
    """What is known of each of n rows beside follow-up, covariates and stratum; None where it is the same for all.

    Args:
        weights: case weight, above 0. Whole numbers count equal rows; others call for robust errors.
        clusters: label of what is independent (a patient with several rows); robust errors go by them.
        offset: known part of the log hazard.
    """

    weights: Any = None
    clusters: Any = None
    offset: Any = None


@dataclass(frozen=True, eq=False)
class Groups:
    """The distinct event times of all strata: strata in turn, the latest time first.

    `first_row` and `first_event` have one more element than there are groups. A tied group has two events or more and
    Efron's ties; `tied_event` are its events, `tied_share` the part l/d of the tied events that is out of the risk set
    when the l-th (from 0) of d is counted.
    """

    time: FloatArray
    stratum: IntArray
    """Code of each group's stratum."""
    first_row: IntArray
    """Where the rows begin that are at risk from this group on, going back in time."""
    first_event: IntArray
    """Where the events of each group begin in `event_rows`."""
    event_rows: IntArray
    """Row (in this order) of each event, group by group."""
    event_weight: FloatArray
    """Mean case weight of each group's events."""
    tied: IntArray
    tied_event: IntArray
    tied_first: IntArray
    tied_share: FloatArray

    @property
    def n(self) -> int:
        """The number of groups."""
        return int(self.time.size)

    @cached_property
    def n_events(self) -> IntArray:
        """Events of each group."""
        return np.diff(self.first_event)

    @cached_property
    def n_rows(self) -> IntArray:
        """Rows that are at risk from each group on, going back in time."""
        return np.diff(self.first_row)

    @cached_property
    def n_tied(self) -> IntArray:
        """Events of each tied group."""
        return self.n_events[self.tied]

    @cached_property
    def weight(self) -> FloatArray:
        """Sum of the case weights of each group's events."""
        summed: FloatArray = self.event_weight * self.n_events
        return summed


@dataclass(frozen=True, eq=False)
class RiskOrder:
    """The rows that are in any risk set, strata in turn, the latest time first; m rows, p covariates.

    `leaves` is the group before which a row was not yet under observation (the number of groups where it was from the
    start), None without delayed entry; `leaving` are the rows that leave, group by group from `first_leaving`.
    """

    rows: IntArray
    """Number of each row in the data given, (m,)."""
    covariates: FloatArray
    """Centred and divided by (about) their standard deviation, (m, p)."""
    weights: FloatArray | None
    offset: FloatArray | None
    groups: Groups
    leaves: IntArray | None
    leaving: IntArray
    spans: tuple[slice, ...]
    """The groups of each stratum of more than one."""
    stratum_rows: IntArray
    """First row of each stratum."""
    n_given: int

    def sum_over_groups(self, values: FloatArray) -> FloatArray:
        """The sum of a row quantity over each risk set: (groups,)."""
        sums = np.add.reduceat(values, self.groups.first_row[:-1])
        if self.leaves is not None:
            sums -= np.bincount(self.leaves, weights=values, minlength=self.groups.n + 1)[:-1]
        return self.run_forward(sums)

    def sum_columns(self, weights: FloatArray, columns: FloatArray) -> FloatArray:
        """The weighted sum of row quantities (m, k) over each risk set: (groups, k)."""
        sums = _weigh(self._entering, weights) @ columns
        if self.leaves is not None:
            sums -= _weigh(self._leaving, weights[self.leaving]) @ columns
        return self.run_forward(sums)

    @cached_property
    def event_sum(self) -> FloatArray:
        """The sum over events of case weight times covariates, (p,)."""
        counted = np.zeros(self.rows.size)
        counted[self.groups.event_rows] = 1.0 if self.weights is None else self.weights[self.groups.event_rows]
        summed: FloatArray = np.einsum("i,ij->j", counted, self.covariates)
        return summed

    @cached_property
    def stratum_event_weight(self) -> FloatArray:
        """The sum of the events' case weights, per stratum."""
        starts = np.searchsorted(self.groups.first_row, self.stratum_rows)
        summed: FloatArray = np.add.reduceat(self.groups.weight, starts)
        return summed

    @cached_property
    def event_offset(self) -> float:
        """The sum over events of case weight times offset."""
        if self.offset is None:
            return 0.0
        offsets = self.offset[self.groups.event_rows]
        return float(offsets.sum() if self.weights is None else offsets @ self.weights[self.groups.event_rows])

    @cached_property
    def _entering(self) -> csr_array:
        """The rows that are at risk from each group on, going back in time; all of one weight."""
        return _select_rows(np.arange(self.rows.size), self.groups.first_row, self.rows.size)

    @cached_property
    def _leaving(self) -> csr_array:
        leaves = np.zeros(0, dtype=np.intp) if self.leaves is None else self.leaves[self.leaving]
        return _select_rows(self.leaving, np.searchsorted(leaves, np.arange(self.groups.n + 1)), self.rows.size)

    @cached_property
    def _tied_events(self) -> csr_array:
        groups = self.groups
        return _select_rows(groups.tied_event, np.append(groups.tied_first, groups.tied_event.size), self.rows.size)

    def sum_tied(self, weights: FloatArray, columns: FloatArray) -> FloatArray:
        """The weighted sum of row quantities (m, k) over the events of each tied group: (tied groups, k)."""
        summed = _weigh(self._tied_events, weights[self.groups.tied_event]) @ columns
        return np.asarray(summed, dtype=np.float64)

    def run_forward(self, values: FloatArray) -> FloatArray:
        """Running sums over the groups of each stratum, back in time; in place."""
        for span in self.spans:
            part = values[span]
            np.add.accumulate(part, out=part)
        return values

    def collect(self, values: FloatArray) -> FloatArray:
        """The sum of a group quantity, (groups,) or (groups, k), over the groups in whose risk set each row is."""
        running = values.copy()
        for span in self.spans:
            part = running[span][::-1]
            np.add.accumulate(part, out=part)
        collected: FloatArray = np.repeat(running, self.groups.n_rows, axis=0)
        if self.leaves is not None:
            collected -= np.concatenate([running, np.zeros_like(running[:1])])[self.leaves]
        return collected


def _select_rows(rows: IntArray, starts: IntArray, n: int) -> csr_array:
    """The rows of each group, given in turn from each of `starts` on, as a matrix of ones (groups, n)."""
    return csr_array((np.ones(rows.size), rows.astype(np.int32), starts.astype(np.int32)), shape=(starts.size - 1, n))


def _weigh(selected: csr_array, weights: FloatArray) -> csr_array:
    """The same rows with weights, without looking through them again."""
    weighed = copy(selected)
    weighed.data = weights
    return weighed


def find_risk_order(
    survival: Survival,
    covariates: FloatArray,
    *,
    strata: Any = None,
    ties: Ties = "efron",
    rows: CoxRows | None = None,
) -> tuple[RiskOrder, FloatArray, FloatArray]:
    """The rows in order, and about the mean and the standard deviation (1 where it is 0) of each covariate, taken out.

    Raises:
        UnusableInputError: unknown ties, a label, weight or offset that is missing, a weight at or below 0.
        EstimationError: no events.
    """
    if ties not in ("efron", "breslow"):
        raise UnusableInputError(f"ties must be efron or breslow, got {ties}")
    if not survival.event.any():
        raise EstimationError(f"a Cox model needs events, found none in {survival.n} patients")
    case_weights, offset = _weights_and_offset(rows, survival.n)
    codes = None if strata is None else label_codes(strata, "strata", survival.n)
    order = np.argsort(survival.time)[::-1]
    if codes is not None:
        # Numbers of two bytes are sorted in one pass.
        sorted_by = codes[order].astype(np.min_scalar_type(codes.max()), copy=False)
        order = order[np.argsort(sorted_by, kind="stable")]
    found = _find_event_times(survival, order, codes)
    first, stop, end = _find_reach(survival, order, codes, found)
    kept = first < stop
    taken = order[kept]
    counts = np.bincount(first[kept], minlength=found.time.size)
    row_weights = None if case_weights is None else case_weights[taken]
    event_rows = (np.cumsum(kept) - 1)[found.event_rows]
    groups = _complete_groups(found, event_rows, counts, weights=row_weights, efron=ties == "efron")
    leaves, leaving = None, np.zeros(0, dtype=np.intp)
    if survival.entry is not None:
        leaves = np.where(stop[kept] == end[kept], groups.n, stop[kept])
        leaving = np.argsort(leaves, kind="stable")[: int((leaves < groups.n).sum())]
    ends = np.append(np.flatnonzero(np.diff(groups.stratum)) + 1, groups.n)
    starts = np.concatenate([[0], ends[:-1]])
    mean, scale = _mean_and_scale(covariates)
    ordered = RiskOrder(
        rows=taken,
        covariates=_take_standardised(covariates, taken, mean, scale),
        weights=row_weights,
        offset=None if offset is None else offset[taken],
        groups=groups,
        leaves=leaves,
        leaving=leaving,
        spans=tuple(slice(*span) for span in zip(starts.tolist(), ends.tolist(), strict=True) if span[1] - span[0] > 1),
        stratum_rows=groups.first_row[starts],
        n_given=survival.n,
    )
    return ordered, mean, scale


@dataclass(frozen=True, eq=False)
class _EventTimes:
    """The groups before rows are left out: time, stratum, first events, and the events' places in the order."""

    time: FloatArray
    stratum: IntArray
    first_event: IntArray
    event_rows: IntArray
    ends: IntArray
    """End (exclusive) of the rows at risk at each group's time, within its stratum."""


def _find_event_times(survival: Survival, order: IntArray, codes: IntArray | None) -> _EventTimes:
    time = survival.time[order]
    event_rows = np.flatnonzero(survival.event[order])
    is_new = np.empty(order.size, dtype=np.bool_)
    is_new[0] = True
    np.not_equal(time[1:], time[:-1], out=is_new[1:])
    stratum = np.zeros(1, dtype=np.intp)
    if codes is not None:
        stratum = codes[order]
        is_new[1:] |= stratum[1:] != stratum[:-1]
    run_starts = np.append(np.flatnonzero(is_new), order.size)
    run = (np.cumsum(is_new) - 1)[event_rows]
    first_event = np.flatnonzero(np.concatenate([[True], run[1:] != run[:-1]]))
    leaders = event_rows[first_event]
    return _EventTimes(
        time=time[leaders],
        stratum=np.zeros(leaders.size, dtype=np.intp) if codes is None else stratum[leaders],
        first_event=np.append(first_event, event_rows.size),
        event_rows=event_rows,
        ends=run_starts[run[first_event] + 1],
    )


def _find_reach(
    survival: Survival, order: IntArray, codes: IntArray | None, found: _EventTimes
) -> tuple[IntArray, IntArray, IntArray]:
    """Of each row in order the first group at risk, the group at which it is no more (back in time), its stratum's end.

    The first is not below the last for a row that no event met.
    """
    n_groups = found.time.size
    first = np.repeat(np.arange(n_groups + 1), np.diff(found.ends, prepend=0, append=order.size))
    own = np.zeros(order.size, dtype=np.intp) if codes is None else codes[order]
    end = np.searchsorted(found.stratum, own, side="right") if codes is not None else np.full(order.size, n_groups)
    if survival.entry is None:
        return first, end, end
    times, rank = np.unique(found.time, return_inverse=True)
    step = times.size + 1
    keys = found.stratum * step + (times.size - 1 - rank)
    n_before = np.searchsorted(times, survival.entry[order], side="right")
    return first, np.searchsorted(keys, own * step + (times.size - n_before), side="left"), end


def _complete_groups(
    found: _EventTimes, event_rows: IntArray, counts: IntArray, *, weights: FloatArray | None, efron: bool
) -> Groups:
    n_events = np.diff(found.first_event)
    event_weight = np.ones(n_events.size)
    if weights is not None:
        event_weight = np.add.reduceat(weights[event_rows], found.first_event[:-1]) / n_events
    tied = np.flatnonzero(n_events > 1) if efron else np.zeros(0, dtype=np.intp)
    n_tied = n_events[tied]
    tied_first = np.cumsum(n_tied) - n_tied
    within = np.arange(int(n_tied.sum())) - np.repeat(tied_first, n_tied)
    return Groups(
        time=found.time,
        stratum=found.stratum,
        first_row=np.concatenate([[0], np.cumsum(counts)]),
        first_event=found.first_event,
        event_rows=event_rows,
        event_weight=event_weight,
        tied=tied,
        tied_event=event_rows[np.repeat(found.first_event[tied], n_tied) + within],
        tied_first=tied_first,
        tied_share=within / np.repeat(n_tied, n_tied),
    )


def _weights_and_offset(rows: CoxRows | None, n: int) -> tuple[FloatArray | None, FloatArray | None]:
    if rows is None:
        return None, None
    weights = None if rows.weights is None else row_weights(rows.weights, n)
    if weights is not None and (weights == 1).all():
        weights = None
    return weights, None if rows.offset is None else finite_vector(rows.offset, "offset", size=n)


def _mean_and_scale(covariates: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of each covariate; of every k-th row where that is enough to centre and scale by."""
    n = covariates.shape[0]
    part = covariates[:: n // _SCALED_BY] if n >= 2 * _SCALED_BY else covariates
    mean, scale = _moments(part)
    if part is not covariates and not (scale > _CONSTANT * np.abs(mean)).all():
        mean, scale = _moments(covariates)
    return mean, np.where(scale > _CONSTANT * np.abs(mean), scale, 1.0)


def _moments(covariates: FloatArray) -> tuple[FloatArray, FloatArray]:
    mean = np.einsum("ij->j", covariates) / len(covariates)
    away = covariates - mean
    return mean, np.sqrt(np.einsum("ij,ij->j", away, away) / len(covariates))


def _take_standardised(covariates: FloatArray, rows: IntArray, mean: FloatArray, scale: FloatArray) -> FloatArray:
    taken = np.empty((rows.size, mean.size))
    for start in range(0, rows.size, BLOCK):
        part = covariates.take(rows[start : start + BLOCK], axis=0)
        part -= mean
        np.divide(part, scale, out=taken[start : start + BLOCK])
    return taken
