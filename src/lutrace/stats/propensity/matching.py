"""Treated patients paired with their nearest controls, one after the other, in a stated order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray, IntArray, finite_vector
from lutrace.stats.propensity.scores import treated_of

Order = Literal["largest", "smallest", "data"]
_ORDER: dict[Order, str] = {
    "largest": "from the largest score down",
    "smallest": "from the smallest score up",
    "data": "in the order of the rows",
}


@dataclass(frozen=True, eq=False)
class Matching:
    """Pairs of rows (from 0), in the order in which they were made, and the weights that they give (n,).

    `set_of` numbers each patient's matched set from 0 and is -1 without one; it is None with replacement, where a
    control may be in several. A matched treated patient weighs 1, a control the sum, over its treated, of one over
    their number of controls, scaled so that the controls' weights sum to the number of matched controls.
    `n_ties` counts the choices in which another control was exactly as near.
    """

    treated_rows: IntArray
    control_rows: IntArray
    weights: FloatArray
    set_of: IntArray | None
    caliper: float | None
    """In the unit of the score."""
    n_matched: int
    """Treated patients with a control."""
    n_unmatched: int
    n_controls: int
    n_ties: int
    warnings: tuple[str, ...]
    method: str


def match_nearest(
    treated: Any,
    score: Any,
    *,
    n_controls: int = 1,
    replace: bool = False,
    caliper_sd: float | None = None,
    order: Order = "largest",
) -> Matching:
    """Nearest-neighbour matching of each treated patient to up to `n_controls` controls, greedy and repeatable.

    Treated patients choose one control each, in the order named (of equal scores the earlier row first), then a
    second round begins for their second control. Of controls equally near, the one with the earlier row is taken:
    with tied scores other programs take others, so results agree with theirs only where scores are untied.

    Args:
        treated: 1 for treated, 0 for control, shape (n,).
        score: what to be near in, shape (n,): the propensity score, or its logit.
        n_controls: the most controls per treated patient.
        replace: whether a control may serve several treated patients.
        caliper_sd: the largest distance, in standard deviations of the score over all patients (n - 1); None: any.
        order: who chooses first.

    Raises:
        UnusableInputError: shapes differ, or a choice that there is not.
        EstimationError: a group is empty, or nobody has a control within the caliper.

    Source: Rosenbaum and Rubin 1985, Am Stat 39:33; conventions of R MatchIt `matchit(method = "nearest")`.

    >>> found = match_nearest([1, 1, 0, 0, 0], [0.5, 0.8, 0.1, 0.45, 0.7])
    >>> list(zip(found.treated_rows.tolist(), found.control_rows.tolist()))
    [(1, 4), (0, 3)]
    """
    group = treated_of(treated)
    near = finite_vector(score, "score", size=group.size)
    if n_controls < 1 or order not in _ORDER:
        raise UnusableInputError(f"n_controls must be 1 or more and order one of {', '.join(_ORDER)}")
    if caliper_sd is not None and not caliper_sd > 0:
        raise UnusableInputError(f"caliper_sd must be above 0, got {caliper_sd}")
    caliper = None if caliper_sd is None else caliper_sd * float(near.std(ddof=1))
    rows = _in_order(np.flatnonzero(group), near, order)
    controls = _Controls(near, np.flatnonzero(~group))
    most = np.inf if caliper is None else caliper
    pairs: list[tuple[int, int]] = []
    if replace:
        pairs = [(row, taken) for row in rows for taken in controls.find_nearest(near[row], n_controls, most)]
    else:
        for _ in range(n_controls):
            chosen = [(row, controls.take_nearest(near[row], most)) for row in rows]
            pairs += [(row, taken) for row, taken in chosen if taken is not None]
            rows = [row for row, taken in chosen if taken is not None]
    if not pairs:
        raise EstimationError("no treated patient has a control within the caliper; widen it")
    return _complete(group, pairs, replace=replace, caliper=caliper, n_ties=controls.n_ties, said=_ORDER[order])


class _Controls:
    """Controls by their distinct scores, ascending; those taken are skipped by pointers to the next that is free."""

    def __init__(self, score: FloatArray, rows: IntArray) -> None:
        self.levels, first = np.unique(score[rows], return_inverse=True)
        self.rows = rows[np.argsort(first, kind="stable")]
        self.ends = np.cumsum(np.bincount(first)).tolist()
        self.next = [0, *self.ends[:-1]]
        """Place in `rows` of each level's next free control."""
        self.left = list(range(self.levels.size + 1))
        """Of each number of levels, how many of them up to the last that is not empty."""
        self.right = list(range(self.levels.size + 1))
        """Of each level, the first from it on that is not empty; their number where there is none."""
        self.n_ties = 0

    def take_nearest(self, score: float, most: float) -> int | None:
        """The nearest free control within `most`, no longer free then."""
        place = int(np.searchsorted(self.levels, score))
        low = _follow(self.left, place) - 1
        high = _follow(self.right, place)
        near_low = score - self.levels[low] if low >= 0 else np.inf
        near_high = self.levels[high] - score if high < self.levels.size else np.inf
        if min(near_low, near_high) > most or np.isinf(min(near_low, near_high)):
            return None
        level = low if near_low < near_high else high
        if near_low == near_high:
            level = min(low, high, key=lambda one: int(self.rows[self.next[one]]))
        self.n_ties += int(near_low == near_high or self.ends[level] - self.next[level] > 1)
        taken = int(self.rows[self.next[level]])
        self.next[level] += 1
        if self.next[level] == self.ends[level]:
            self.left[level + 1], self.right[level] = level, level + 1
        return taken

    def find_nearest(self, score: float, count: int, most: float) -> list[int]:
        """The `count` nearest controls within `most`, nearest first, all of them free."""
        place = int(np.searchsorted(self.levels, score))
        low, high = max(place - count, 0), min(place + count, self.levels.size) - 1
        rows = self.rows[self.next[low] : self.ends[high]]
        levels = np.repeat(self.levels[low : high + 1], np.diff([self.next[low], *self.ends[low : high + 1]]))
        distance = np.abs(levels - score)
        best = np.lexsort((rows, distance))
        kept = best[: count + 1][distance[best[: count + 1]] <= most]
        self.n_ties += int(kept.size > count and distance[kept[count]] == distance[kept[count - 1]])
        return [int(row) for row in rows[kept[:count]]]


def _follow(pointers: list[int], place: int) -> int:
    """The end of a chain of pointers, each on the way shortened to it."""
    end = place
    while pointers[end] != end:
        end = pointers[end]
    while pointers[place] != end:
        pointers[place], place = end, pointers[place]
    return end


def _in_order(rows: IntArray, score: FloatArray, order: Order) -> list[int]:
    if order == "data":
        return [int(row) for row in rows]
    sign = -1 if order == "largest" else 1
    return [int(row) for row in rows[np.argsort(sign * score[rows], kind="stable")]]


def _complete(
    group: BoolArray, pairs: list[tuple[int, int]], *, replace: bool, caliper: float | None, n_ties: int, said: str
) -> Matching:
    treated_rows, control_rows = np.array(pairs, dtype=np.intp).T
    shares = np.bincount(treated_rows, minlength=group.size).astype(np.float64)
    weights: FloatArray = np.bincount(control_rows, 1 / shares[treated_rows], group.size).astype(np.float64)
    used = np.unique(control_rows).size
    weights *= used / weights.sum()
    matched = np.unique(treated_rows)
    weights[matched] = 1.0
    set_of = None
    if not replace:
        set_of = np.full(group.size, -1, dtype=np.intp)
        set_of[matched] = np.arange(matched.size)
        set_of[control_rows] = set_of[treated_rows]
    n_unmatched = int(group.sum()) - matched.size
    warnings = []
    if n_unmatched:
        warnings.append(
            f"{n_unmatched} of {int(group.sum())} treated patients have no control: the effect is not theirs"
        )
    if n_ties:
        warnings.append(f"{n_ties} choices among controls exactly as near, settled by the earlier row")
    return Matching(
        treated_rows,
        control_rows,
        weights,
        set_of,
        caliper,
        matched.size,
        n_unmatched,
        used,
        n_ties,
        tuple(warnings),
        f"greedy nearest neighbours {'with' if replace else 'without'} replacement, {said}, "
        "equal scores and equal distances by the earlier row" + ("" if caliper is None else f", caliper {caliper:.6g}"),
    )
