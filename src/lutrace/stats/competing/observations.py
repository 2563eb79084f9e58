"""Times to the first of several events of one group of patients, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray, IntArray
from lutrace.stats.survival.observations import Survival, survival_of


@dataclass(frozen=True, eq=False)
class CompetingRisks:
    """Follow-up of n patients to the first of several events; `cause` 0 is censoring, k the k-th of `causes`.

    Times as in `Survival`: at risk in (entry, time], an event comes before a censoring of the same time. Build it with
    `competing_of`, which checks.
    """

    time: FloatArray
    cause: IntArray
    causes: tuple[str, ...]
    entry: FloatArray | None = None

    @property
    def n(self) -> int:
        """The number of rows."""
        return int(self.time.size)

    def number_of(self, cause: str) -> int:
        """The number of a cause; UnusableInputError when there is none of this name."""
        if cause not in self.causes:
            raise UnusableInputError(f"cause must be one of {', '.join(self.causes)}, got {cause}")
        return self.causes.index(cause) + 1

    def events_of(self, cause: str) -> BoolArray:
        """The rows that have the event of a cause; EstimationError when none has."""
        event: BoolArray = self.cause == self.number_of(cause)
        if not event.any():
            raise EstimationError(f"the model needs events of {cause}, found none in {self.n} patients")
        return event

    def select(self, rows: BoolArray | IntArray) -> CompetingRisks:
        """The follow-up of some rows, by mask or by number; the causes stay the same."""
        entry = None if self.entry is None else self.entry[rows]
        return CompetingRisks(self.time[rows], self.cause[rows], self.causes, entry)

    def any_event(self) -> Survival:
        """Follow-up to the first event of whatever cause."""
        return Survival(self.time, self.cause > 0, self.entry)

    def cause_specific(self, cause: str) -> Survival:
        """Follow-up to one cause, the others as censoring: what a cause-specific Cox model takes."""
        return Survival(self.time, self.cause == self.number_of(cause), self.entry)


def competing_of(time: Any, cause: Any, *, censored: Any, entry: Any = None) -> CompetingRisks:
    """The follow-up given by array-likes, checked.

    Args:
        time: end of follow-up, shape (n,), any one unit.
        cause: label of the event at `time`, or of censoring, shape (n,); causes are in sorted order.
        censored: the label of censoring.
        entry: start of being at risk, before `time`; None when everybody starts at 0.

    Raises:
        UnusableInputError: as `survival_of`; a label is missing, or there are no events.

    >>> competing_of([5, 8, 9], ["death", "progression", "none"], censored="none").causes
    ('death', 'progression')
    """
    labels = np.asarray(cause)
    times = np.asarray(time)
    if labels.shape != times.shape or labels.ndim != 1:
        raise UnusableInputError(f"cause must hold one label per patient ({times.size}), got shape {labels.shape}")
    words = np.array(["" if _is_missing(label) else str(label) for label in labels.tolist()])
    if (words == "").any():
        row = int(np.flatnonzero(words == "")[0]) + 1
        raise UnusableInputError(f"cause must not be missing, not so in row {row}; censoring has a label of its own")
    names = tuple(sorted(set(words.tolist()) - {str(censored)}))
    if not names:
        raise UnusableInputError(f"cause must name at least one event, found only {censored}")
    codes = np.searchsorted(np.array(names), words) + 1
    codes = np.where(words == str(censored), 0, codes)
    checked = survival_of(time, codes > 0, entry=entry)
    return CompetingRisks(checked.time, codes.astype(np.intp), names, checked.entry)


def _is_missing(label: Any) -> bool:
    return label is None or (isinstance(label, float) and label != label)
