"""Patients moving between states in a plain table: the share in each state over time."""

from __future__ import annotations

import numpy as np

from lutrace.core import Row, UnusableInputError
from lutrace.models.plain.call import FitCall
from lutrace.models.plain.columns import BoolArray, PlainTable, sort_labels
from lutrace.models.plain.complete import Prepared, need, prepare, refuse_times
from lutrace.models.plain.results import PlainFit, check_row, estimate_row
from lutrace.models.plain.survival import each_group
from lutrace.stats import StateOccupancy, compute_state_occupancy, histories_of


def fit_states(table: PlainTable, call: FitCall) -> PlainFit:
    """The share (0 to 1) in each state over time, of all or of each group; a row of the table is a stay in one state.

    From `entry` to `time` the patient `group` is in `state`, then in `target`; the same state, or an empty cell, says
    that nothing more is known. Rows at the times asked for, or else at every move. Raises what `prepare` raises,
    TableError for a row that does not last, UnusableInputError for stays of a patient that do not join.
    """
    need(call, "time", "entry", "group", "state", "target")
    labels = ("group", "state", "target", "by")
    found = prepare(table, call, numbers=("time", "entry", "weights"), labels=labels, gaps_allowed=("target",))
    refuse_times(found)
    states = list(call.classes) or sort_labels(
        [*found.labels["state"], *(one for one in found.labels["target"] if one)]
    )
    unknown = sorted({*found.labels["state"], *found.labels["target"]} - {*states, ""})
    if unknown:
        raise UnusableInputError(f"--classes lacks the states {', '.join(unknown)}; name all of them")
    rows, checks, told = list[Row](), list[Row](), list[str]()
    for term, here in each_group(found, call):
        occupancy = _occupancy(found, here, states, call)
        rows += _points(term, occupancy, call)
        moves = occupancy.transitions
        checks += [
            check_row("moves", f"{term}: {states[origin]} to {states[target]}", value=moves[origin, target])
            for origin, target in zip(*np.nonzero(moves), strict=True)
        ]
        told += occupancy.warnings
    return PlainFit(tuple(rows), (*checks, *found.checks), (*found.warnings, *dict.fromkeys(told)))


def _occupancy(found: Prepared, here: BoolArray, states: list[str], call: FitCall) -> StateOccupancy:
    labels = {
        name: [one for one, keep in zip(cells, here, strict=True) if keep] for name, cells in found.labels.items()
    }
    target = [after or before for before, after in zip(labels["state"], labels["target"], strict=True)]
    entry, time = found.numbers["entry"][here], found.numbers["time"][here]
    histories = histories_of(labels["group"], entry, time, state=labels["state"], target=target, states=states)
    weights = found.numbers.get("weights")
    return compute_state_occupancy(
        histories, weights=None if weights is None else weights[here], interval=call.interval, level=call.level
    )


def _points(term: str, occupancy: StateOccupancy, call: FitCall) -> list[Row]:
    """Rows at the times asked for (without an interval past the last stop), or at every time."""
    times = np.array(call.times) if call.times else occupancy.time
    place = np.searchsorted(occupancy.time, times, side="right") - 1
    shares, errors = occupancy.at(times)
    rows = []
    for number, time in enumerate(times):
        is_known = place[number] >= 0 and time <= occupancy.time[-1]
        for column, state in enumerate(occupancy.states):
            rows.append(
                estimate_row(
                    term,
                    "occupancy",
                    unit="share",
                    n=occupancy.n,
                    events=occupancy.n_events,
                    method=occupancy.method,
                    estimate=shares[number, column],
                    se=errors[number, column],
                    low=occupancy.low[place[number], column] if is_known else None,
                    high=occupancy.high[place[number], column] if is_known else None,
                    time=float(time),
                    state=state,
                )
            )
    return rows
