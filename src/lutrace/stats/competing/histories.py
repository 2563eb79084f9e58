"""Histories of patients through several states, as (start, stop] rows, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray, IntArray, finite_vector, refuse_rows
from lutrace.stats.survival.observations import join_near_times


@dataclass(frozen=True, eq=False)
class StateHistories:
    """Rows sorted by patient and time: in state `origin` over (start, stop], then in `target` (the same: none moved).

    States are numbers into `states`, patients numbers from 0. Build it with `histories_of`, which checks.
    """

    patient: IntArray
    start: FloatArray
    stop: FloatArray
    origin: IntArray
    target: IntArray
    row: IntArray
    """Number (from 0) of each row as it was given."""
    states: tuple[str, ...]

    @property
    def n(self) -> int:
        """The number of patients."""
        return int(self.patient[-1]) + 1

    @property
    def moves(self) -> BoolArray:
        """The rows that end with a change of state."""
        moved: BoolArray = self.origin != self.target
        return moved


def histories_of(patient: Any, start: Any, stop: Any, *, state: Any, target: Any, states: Any) -> StateHistories:
    """The histories given by array-likes, checked; a row is a stay in one state. Times are joined as by `survival_of`.

    Args:
        patient: label of each row's patient.
        start: start of being observed in the state, shape (rows,).
        stop: end of the row, after `start`.
        state: label of the state during the row.
        target: label of the state entered at `stop`; the same as `state` where the patient is only observed no longer.
        states: all labels, in the order of the results.

    Raises:
        UnusableInputError: an unknown state, a row that does not last, rows of a patient that overlap, or a row whose
            state is not the one that the row before ended in. Rows are counted from 1.

    >>> history = histories_of([1, 1], [0, 3], [3, 9], state=["well", "ill"], target=["ill", "dead"],
    ...                        states=["well", "ill", "dead"])
    >>> history.moves.tolist()
    [True, True]
    """
    starts, stops = finite_vector(start, "start"), finite_vector(stop, "stop")
    labels, names = np.asarray(patient), tuple(str(name) for name in states)
    if not starts.size or stops.shape != starts.shape or labels.shape != starts.shape:
        raise UnusableInputError(f"patient, start and stop must be of one length above 0, got {starts.size} starts")
    if len(set(names)) != len(names):
        raise UnusableInputError(f"states must be different, got {', '.join(names)}")
    origin, destination = (_codes(part, names, starts.size) for part in (state, target))
    starts, stops = join_near_times(starts, stops)
    refuse_rows(starts >= stops, "start must lie before stop, by more than rounding: a row must last for some time")
    codes = np.unique(labels, return_inverse=True)[1]
    order = np.lexsort((starts, codes))
    follows = np.concatenate([[False], codes[order][1:] == codes[order][:-1]])
    before = np.roll(order, 1)
    overlaps, jumps = np.zeros(starts.size, dtype=np.bool_), np.zeros(starts.size, dtype=np.bool_)
    overlaps[order] = follows & (starts[order] < stops[before])
    jumps[order] = follows & (origin[order] != destination[before])
    refuse_rows(overlaps, "a row must not start before the patient's row before it has ended")
    refuse_rows(jumps, "a row's state must be the one that the patient's row before it ended in")
    return StateHistories(
        codes[order].astype(np.intp), starts[order], stops[order], origin[order], destination[order], order, names
    )


def _codes(labels: Any, names: tuple[str, ...], n: int) -> IntArray:
    words = np.asarray(labels).astype(str)
    if words.shape != (n,):
        raise UnusableInputError(f"state and target must hold one label per row ({n}), got shape {words.shape}")
    known = {name: number for number, name in enumerate(names)}
    codes = np.array([known.get(word, -1) for word in words.tolist()], dtype=np.intp)
    refuse_rows(codes < 0, f"state and target must be one of {', '.join(names)}")
    return codes
