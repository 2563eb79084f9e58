"""Curves over several sites: events and censorings counted on a shared grid of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import DisclosureError, UnsupportedError, UnusableInputError
from lutrace.stats.arrays import FloatArray, finite_vector
from lutrace.stats.federated.disclosure import SitePolicy
from lutrace.stats.federated.messages import Message
from lutrace.stats.survival.observations import Survival


@dataclass(frozen=True)
class GridCounts(Message):
    """A group's events and censorings at one site, per interval (edge before, edge], the first from 0 on.

    Patients followed beyond the last edge are censored there.
    """

    edges: tuple[float, ...]
    events: tuple[int, ...]
    censored: tuple[int, ...]

    @property
    def n(self) -> int:
        """Patients."""
        return sum(self.events) + sum(self.censored)


def count_on_grid(survival: Survival, edges: Any, *, policy: SitePolicy) -> GridCounts:
    """A group's counts on a grid that all sites share.

    Args:
        survival: follow-up from time zero on.
        edges: ends of the intervals, ascending, above 0, in the unit of the times.
        policy: the site's bounds.

    Raises:
        UnusableInputError: edges that do not ascend from above 0.
        UnsupportedError: delayed entry.
        DisclosureError: too few patients, or a count from 1 to below the smallest cell; the message names intervals.

    >>> from lutrace.stats import survival_of
    >>> counts = count_on_grid(survival_of([1, 2, 3, 9] * 5, [1, 1, 1, 0] * 5), [2, 4], policy=SitePolicy())
    >>> counts.events, counts.censored
    ((10, 5), (0, 5))
    """
    ends = finite_vector(edges, "edges")
    if ends.size == 0 or ends[0] <= 0 or (np.diff(ends) <= 0).any():
        raise UnusableInputError("edges must ascend from above 0")
    if survival.entry is not None:
        raise UnsupportedError("counts on a grid are for follow-up from time zero on, not for delayed entry")
    if survival.n < policy.min_patients:
        raise DisclosureError(f"no counts leave this site: fewer than {policy.min_patients} patients in the group")
    place = np.minimum(np.searchsorted(ends, survival.time), ends.size - 1)
    happened = survival.event & (survival.time <= ends[-1])
    events = np.bincount(place[happened], minlength=ends.size)
    censored = np.bincount(place[~happened], minlength=ends.size)
    small = ((events > 0) & (events < policy.min_cell)) | ((censored > 0) & (censored < policy.min_cell))
    if small.any():
        numbers = ", ".join(str(number + 1) for number in np.flatnonzero(small)[:5])
        raise DisclosureError(
            f"no counts leave this site: {int(small.sum())} intervals hold 1 to {policy.min_cell - 1} events or "
            f"censorings (interval {numbers}); agree on a wider grid"
        )
    return GridCounts(tuple(ends.tolist()), tuple(events.tolist()), tuple(censored.tolist()))


def pool_counts(counts: Sequence[GridCounts]) -> Survival:
    """The follow-up that the counts of all sites describe, for every method of curves, tests and means.

    Events and censorings stand at the ends of their intervals: results are those of the pooled patients with times
    rounded up to the grid. Give each group (arm) its own call, and `groups` to a test by repeating labels.

    Raises:
        UnusableInputError: no counts, or grids that differ.

    >>> pooled = pool_counts([GridCounts((2.0, 4.0), (1, 0), (0, 1))])
    >>> pooled.time.tolist(), pooled.event.tolist()
    ([2.0, 4.0], [True, False])
    """
    if not counts or len({one.edges for one in counts}) > 1:
        raise UnusableInputError("counts must come from at least one site, all on one grid")
    ends = np.array(counts[0].edges)
    events, censored = (
        np.sum([getattr(one, name) for one in counts], axis=0, dtype=np.intp) for name in ("events", "censored")
    )
    time: FloatArray = np.repeat(np.concatenate([ends, ends]), np.concatenate([events, censored]))
    return Survival(time, np.arange(time.size) < events.sum())
