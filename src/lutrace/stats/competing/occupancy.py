"""The share of patients in each state over time (Aalen-Johansen), with its error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import EstimationError
from lutrace.stats.arrays import FloatArray, IntArray, finite_vector, refuse_rows
from lutrace.stats.competing.histories import StateHistories
from lutrace.stats.survival.intervals import IntervalType, compute_limits
from lutrace.stats.survival.observations import row_weights


@dataclass(frozen=True, eq=False)
class StateOccupancy:
    """Per distinct stop (rows) and state (columns) the probability to be in the state from then on.

    `std_error` is the probability's own (infinitesimal jackknife over patients). The interval is NaN where the
    probability is 0, and for log-log at 1. `transitions[i, j]` counts the moves from state i to state j.
    """

    states: tuple[str, ...]
    time: FloatArray
    at_risk: IntArray
    probability: FloatArray
    std_error: FloatArray
    low: FloatArray
    high: FloatArray
    start: FloatArray
    """Probabilities before the first move."""
    start_error: FloatArray
    transitions: IntArray
    n: int
    n_events: int
    interval: IntervalType
    level: float
    warnings: tuple[str, ...]
    method: str

    def at(self, times: Any) -> tuple[FloatArray, FloatArray]:
        """Probability and error, a row per asked time; NaN past the last stop."""
        asked = finite_vector(times, "times")
        place = np.searchsorted(self.time, asked, side="right")
        beyond = (asked > self.time[-1])[:, None]
        probability = np.vstack([self.start, self.probability])[place]
        error = np.vstack([self.start_error, self.std_error])[place]
        return np.where(beyond, np.nan, probability), np.where(beyond, np.nan, error)


def compute_state_occupancy(
    histories: StateHistories,
    *,
    weights: Any = None,
    interval: IntervalType = "log-log",
    level: float = 0.95,
) -> StateOccupancy:
    """The probability to be in each state over time, with delayed entry and any moves between states.

    Before the first move it is the share of states among those then at risk. The cost grows with patients times
    distinct times of moves.

    Args:
        histories: stays of patients in states.
        weights: case weight of each row as it was given, above 0, the same in all rows of a patient; or None.
        interval: scale of the intervals.
        level: confidence level.

    Raises:
        UnusableInputError: a weight is not above 0 or differs within a patient, an unknown choice.
        EstimationError: nobody moves.

    Source: Aalen and Johansen 1978; infinitesimal jackknife as R survival `survfit` (Therneau and Grambsch 2000).

    >>> from lutrace.stats.competing.histories import histories_of
    >>> states = ["well", "ill"]
    >>> seen = histories_of([1, 2], [0, 0], [2, 5], state=["well"] * 2, target=["ill", "well"], states=states)
    >>> compute_state_occupancy(seen).probability[0].tolist()
    [0.5, 0.5]
    """
    moves = histories.moves
    if not moves.any():
        raise EstimationError("the probability of states needs a move between states, found none")
    case = row_weights(weights, histories.patient.size)[histories.row]
    _check_constant(histories, case)
    moments = np.unique(histories.stop[moves])
    probabilities, errors = _propagate(histories, case, moments)
    time, n_at_risk = _count_at_risk(histories)
    place = np.searchsorted(moments, time, side="right")
    probability, std_error = probabilities[place], errors[place]
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = std_error / probability
    low, high = compute_limits(probability, relative, interval=interval, level=level)
    n_states = len(histories.states)
    cells = histories.origin[moves] * n_states + histories.target[moves]
    return StateOccupancy(
        states=histories.states,
        time=time,
        at_risk=n_at_risk,
        probability=probability,
        std_error=std_error,
        low=low,
        high=high,
        start=probabilities[0],
        start_error=errors[0],
        transitions=np.bincount(cells, minlength=n_states**2).reshape(n_states, n_states),
        n=histories.n,
        n_events=int(moves.sum()),
        interval=interval,
        level=level,
        warnings=_find_warnings(histories, moments),
        method=f"Aalen-Johansen{'' if weights is None else ', weighted'}, {interval} interval, infinitesimal jackknife",
    )


def _check_constant(histories: StateHistories, case: FloatArray) -> None:
    differs = np.zeros(case.size, dtype=np.bool_)
    same = histories.patient[1:] == histories.patient[:-1]
    differs[histories.row[1:]] = same & (case[1:] != case[:-1])
    refuse_rows(differs, "weights must be the same in all rows of a patient")


def _propagate(histories: StateHistories, case: FloatArray, moments: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Probabilities and errors before the first move and after each moment."""
    n_states, owner = len(histories.states), histories.patient
    patient_weight = np.zeros(histories.n)
    patient_weight[owner] = case
    first = (histories.start < moments[0]) & (histories.stop >= moments[0])
    present = np.bincount(histories.origin[first], weights=case[first], minlength=n_states)
    probability = present / present.sum()
    influence = np.zeros((histories.n, n_states))
    influence[owner[first]] = (np.eye(n_states)[histories.origin[first]] - probability) / present.sum()
    probabilities, errors = [probability], [_error_of(influence, patient_weight)]
    by_start, by_stop = np.argsort(histories.start, kind="stable"), np.argsort(histories.stop, kind="stable")
    entered = np.searchsorted(histories.start[by_start], moments, side="left")
    left = np.searchsorted(histories.stop[by_stop], moments, side="left")
    state = np.full(histories.n, -1)
    done_in = done_out = 0
    for number, moment in enumerate(moments):
        state[owner[by_stop[done_out : left[number]]]] = -1
        done_out = left[number]
        arriving = by_start[done_in : entered[number]]
        arriving = arriving[histories.stop[arriving] >= moment]
        state[owner[arriving]] = histories.origin[arriving]
        done_in = entered[number]
        ending = by_stop[left[number] : np.searchsorted(histories.stop[by_stop], moment, side="right")]
        moving = ending[histories.moves[ending]]
        probability, influence = _step(
            (probability, influence), state, patient_weight, move=(owner[moving], histories.target[moving])
        )
        probabilities.append(probability)
        errors.append(_error_of(influence, patient_weight))
    return np.array(probabilities), np.array(errors)


def _step(
    before: tuple[FloatArray, FloatArray], state: IntArray, weight: FloatArray, *, move: tuple[IntArray, IntArray]
) -> tuple[FloatArray, FloatArray]:
    """Probability and influence after one moment: a patient at risk in a state pulls its row of the step matrix."""
    probability, influence = before
    n_states = probability.size
    here = np.flatnonzero(state >= 0)
    at_risk = np.bincount(state[here], weights=weight[here], minlength=n_states)
    who, target = move
    step = np.zeros((n_states, n_states))
    np.add.at(step, (state[who], target), weight[who])
    step /= np.maximum(at_risk, np.finfo(float).tiny)[:, None]
    np.fill_diagonal(step, 1 - step.sum(axis=1))
    pull = np.divide(probability, at_risk, out=np.zeros(n_states), where=at_risk > 0)
    staying = pull[:, None] * (np.eye(n_states) - step)
    influence = influence @ step
    influence[here] += staying[state[here]]
    np.add.at(influence, (who, state[who]), -pull[state[who]])
    np.add.at(influence, (who, target), pull[state[who]])
    return probability @ step, influence


def _error_of(influence: FloatArray, weight: FloatArray) -> FloatArray:
    error: FloatArray = np.sqrt(((influence * weight[:, None]) ** 2).sum(axis=0))
    return error


def _count_at_risk(histories: StateHistories) -> tuple[FloatArray, IntArray]:
    time = np.unique(histories.stop)
    counts = []
    for number in range(len(histories.states)):
        own = histories.origin == number
        not_left = own.sum() - np.searchsorted(np.sort(histories.stop[own]), time, side="left")
        counts.append(not_left - (own.sum() - np.searchsorted(np.sort(histories.start[own]), time, side="left")))
    return time, np.column_stack(counts)


def _find_warnings(histories: StateHistories, moments: FloatArray) -> tuple[str, ...]:
    late = int((histories.start >= moments[0]).sum() - _count_continuing(histories, moments[0]))
    if late:
        return (f"{late} rows start after the first move: entry must tell nothing of the state to come",)
    return ()


def _count_continuing(histories: StateHistories, moment: float) -> int:
    follows = (histories.patient[1:] == histories.patient[:-1]) & (histories.start[1:] == histories.stop[:-1])
    return int((follows & (histories.start[1:] >= moment)).sum())
