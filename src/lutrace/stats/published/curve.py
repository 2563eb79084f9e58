"""Times of single patients that a published Kaplan-Meier curve and its numbers at risk describe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, finite_vector, refuse_rows
from lutrace.stats.survival.observations import Survival

_MAX_STEPS = 100
"""Numbers of censored patients tried per interval of the risk table."""


@dataclass(frozen=True, eq=False)
class ReconstructedCurve:
    """Synthetic patients, not real ones: nobody of the publication has these times, all together have its curve.

    `largest_difference` is the largest distance between the given curve and that of these patients at the points
    given; `risk_differences` are their numbers at risk less those of the table.
    """

    survival: Survival
    n: int
    n_events: int
    largest_difference: float
    risk_differences: tuple[int, ...]
    warnings: tuple[str, ...]
    method: str


@dataclass(frozen=True, eq=False)
class _Walk:
    """One interval of the risk table walked with some number of censored patients."""

    events: IntArray
    censored_at: FloatArray
    level: float
    """The patients' own curve at its end."""
    n_end: int


def reconstruct_curve(
    time: Any, survival: Any, *, risk_times: Any, n_at_risk: Any, n_events: int | None = None
) -> ReconstructedCurve:
    """Individual times from points of a published curve, its numbers at risk and, where printed, the number of events.

    Within each interval of the risk table as many patients are censored, evenly spaced, as make the next number at
    risk come out; events follow from the drops of the curve. In the last interval the printed number of events
    decides, or else the censoring rate before.

    Args:
        time: of the points, ascending (points may share a time: the lowest counts), any one unit.
        survival: there, 1 to 0, never rising; every drop should have a point.
        risk_times: times of the risk table, ascending from 0.
        n_at_risk: there, never growing.
        n_events: events in all, where the publication says.

    Raises:
        UnusableInputError: a curve that rises or leaves 0 to 1, a risk table that grows, lengths that differ, more
            events than patients; with the row.

    Source: Guyot, Ades, Ouwens and Welton 2012, BMC Med Res Methodol 12:9.

    >>> found = reconstruct_curve([0, 2, 4], [1, 0.75, 0.5], risk_times=[0, 3], n_at_risk=[4, 3])
    >>> found.survival.time.tolist(), found.survival.event.tolist()
    ([2.0, 4.0, 4.0, 4.0], [True, True, False, False])
    """
    points, level = _check_points(time, survival)
    starts, at_risk = _check_table(risk_times, n_at_risk)
    total = int(at_risk[0])
    if n_events is not None and not 0 <= n_events <= total:
        raise UnusableInputError(f"n_events must lie between 0 and the {total} patients at the start, got {n_events}")
    end = max(float(points[-1]), float(starts[-1]))
    bounds = np.append(starts, np.inf)
    walks: list[_Walk] = []
    n, own, differences = total, 1.0, []
    for number, start in enumerate(starts):
        chosen = (points >= start) & (points < bounds[number + 1])
        given = (points[chosen], level[chosen], own, n)
        if number + 1 < starts.size:
            walk = _find_walk(given, (start, float(starts[number + 1])), int(at_risk[number + 1]))
            differences.append(walk.n_end - int(at_risk[number + 1]))
        else:
            before = sum(int(one.events.sum()) for one in walks)
            rate = sum(one.censored_at.size for one in walks) / start if start > 0 else 0.0
            walk = _find_last(given, (start, end), None if n_events is None else n_events - before, rate)
        walks.append(walk)
        n, own = walk.n_end, walk.level
    return _complete(points, level, walks, n, end=end, differences=differences, n_events=n_events)


def _check_points(time: Any, survival: Any) -> tuple[FloatArray, FloatArray]:
    """Distinct times above 0 with the lowest level at each."""
    points = finite_vector(time, "time")
    level = finite_vector(survival, "survival", size=points.size)
    if points.size == 0:
        raise UnusableInputError("time must hold at least one point of the curve")
    refuse_rows((level < 0) | (level > 1), "survival must lie between 0 and 1 (0.5 for 50 %)")
    refuse_rows(points < 0, "time must be at or above 0")
    refuse_rows(np.diff(points, prepend=points[0]) < 0, "time must ascend")
    refuse_rows(np.diff(level, prepend=1.0) > 0, "survival must not rise; read the point again")
    last = np.append(np.diff(points) > 0, True)
    return points[last], level[last]


def _check_table(risk_times: Any, n_at_risk: Any) -> tuple[FloatArray, FloatArray]:
    starts = finite_vector(risk_times, "risk_times")
    at_risk = finite_vector(n_at_risk, "n_at_risk", size=starts.size)
    if starts.size == 0 or starts[0] != 0:
        raise UnusableInputError("risk_times must begin at 0, with the number of patients at the start")
    refuse_rows(np.diff(starts, prepend=-1.0) <= 0, "risk_times must ascend")
    refuse_rows((at_risk < 0) | (at_risk % 1 != 0), "n_at_risk must be a whole number from 0 on")
    refuse_rows(np.diff(at_risk, prepend=at_risk[0]) > 0, "n_at_risk must not grow; read the risk table again")
    if at_risk[0] < 1:
        raise UnusableInputError("n_at_risk must begin with at least one patient")
    return starts, at_risk


def _walk(given: tuple[FloatArray, FloatArray, float, int], span: tuple[float, float], n_censored: int) -> _Walk:
    """Events at each point when `n_censored` patients are censored evenly over the span."""
    points, level, own, n = given
    censored_at = span[0] + (span[1] - span[0]) * np.arange(1, n_censored + 1) / (n_censored + 1)
    gone = np.searchsorted(censored_at, points, side="left")
    events = np.zeros(points.size, dtype=np.intp)
    happened = 0
    for place in range(points.size):
        left = n - int(gone[place]) - happened
        if left > 0 and own > 0:
            events[place] = min(left, max(0, round(left * (1 - level[place] / own))))
            own *= 1 - events[place] / left
            happened += int(events[place])
    return _Walk(events, censored_at, own, n - happened - n_censored)


def _find_walk(given: tuple[FloatArray, FloatArray, float, int], span: tuple[float, float], wanted: int) -> _Walk:
    """The walk that ends nearest to the number at risk wanted."""
    best = walk = _walk(given, span, 0)
    n_censored, tried = 0, {0}
    for _ in range(_MAX_STEPS):
        if walk.n_end == wanted:
            return walk
        n_censored = min(max(0, n_censored + walk.n_end - wanted), given[3])
        if n_censored in tried:
            return best
        tried.add(n_censored)
        walk = _walk(given, span, n_censored)
        if walk.n_end >= 0 and abs(walk.n_end - wanted) < abs(best.n_end - wanted):
            best = walk
    return best


def _find_last(
    given: tuple[FloatArray, FloatArray, float, int], span: tuple[float, float], wanted: int | None, rate: float
) -> _Walk:
    """The walk beyond the last number at risk: by the events still wanted, or by the rate of censoring so far."""
    n = given[3]
    if wanted is None:
        n_censored = min(round(rate * (span[1] - span[0])), n)
        walk = _walk(given, span, n_censored)
        while walk.n_end < 0:
            n_censored -= 1
            walk = _walk(given, span, n_censored)
        return walk
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if int(_walk(given, span, middle).events.sum()) <= wanted:
            high = middle
        else:
            low = middle + 1
    walks = [_walk(given, span, count) for count in {max(low - 1, 0), low}]
    return min((one for one in walks if one.n_end >= 0), key=lambda one: abs(int(one.events.sum()) - wanted))


def _complete(
    points: FloatArray,
    level: FloatArray,
    walks: list[_Walk],
    n_left: int,
    *,
    end: float,
    differences: list[int],
    n_events: int | None,
) -> ReconstructedCurve:
    events = np.concatenate([walk.events for walk in walks])
    died = np.repeat(points, events)
    censored = np.concatenate([*(walk.censored_at for walk in walks), np.full(n_left, end)])
    time = np.concatenate([died, censored])
    event = np.arange(time.size) < died.size
    order = np.lexsort((~event, time))
    follow_up = Survival(time[order], event[order])
    n_risk = time.size - np.searchsorted(follow_up.time, points, side="left")
    curve = np.cumprod(1 - events / np.maximum(n_risk, 1))
    largest = float(np.abs(curve - level).max())
    warnings = ["synthetic times from a published curve, not observed ones"]
    if any(differences):
        warnings.append(f"{sum(map(bool, differences))} numbers at risk could not be met exactly")
    if n_events is not None and died.size != n_events:
        warnings.append(f"{died.size} events instead of the {n_events} printed")
    if largest > 0.02:
        warnings.append(f"the curve is met to {largest:.3f} only: add points at its drops, or check the risk table")
    return ReconstructedCurve(
        follow_up,
        time.size,
        died.size,
        largest,
        tuple(differences),
        tuple(warnings),
        "individual times from the curve's points and numbers at risk (Guyot 2012)",
    )
