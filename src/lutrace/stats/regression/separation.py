"""Whether covariates separate events from non-events, found before a logistic model is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from lutrace.core import EstimationError
from lutrace.stats.arrays import BoolArray, FloatArray

_MARGIN = 1e-5
"""Distance from the separating plane, in parts of the largest covariate value, from which on a row counts as apart."""
_FIRST_SAMPLE = 1000
"""Rows in which an overlap is looked for first: one there is one of all."""


@dataclass(frozen=True)
class Separation:
    """Covariates that separate events from non-events; then plain odds ratios are infinite.

    `alone` separate on their own; `together` holds all terms of a separating combination, where none does so alone.
    """

    is_complete: bool
    """Complete: no row lies on the plane; quasi-complete: some do."""
    alone: tuple[str, ...]
    together: tuple[str, ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms that separate."""
        return self.alone or self.together

    def __str__(self) -> str:
        """The finding in words."""
        kind = "completely" if self.is_complete else "quasi-completely"
        names = ", ".join(self.terms) or "the intercept"
        return f"{names} separate{'s' if len(self.terms) < 2 else ''} events from non-events {kind}"


class SeparationError(EstimationError):
    """Events and non-events are separated: a plain odds ratio does not exist."""

    def __init__(self, separation: Separation) -> None:
        """Store the finding."""
        self.separation = separation
        super().__init__(f"{separation}: the odds ratio has no finite estimate; use Firth's penalty")


def find_separation(event: BoolArray, matrix: FloatArray, terms: Sequence[str]) -> Separation | None:
    """The separation of events by columns (n, p) with these names, intercept first; None if there is none.

    Both outcomes must occur. By linear programme: of all planes with no event below and no non-event above, the one
    with the largest distances.

    Source: Albert and Anderson 1984, Biometrika 71:1; Konis 2007 (thesis, Oxford), chapter 4.

    >>> ones = np.ones(4)
    >>> x = np.array([0.0, 0.0, 1.0, 1.0])
    >>> str(find_separation(np.array([False, True, True, True]), np.column_stack([ones, x]), ["intercept", "x"]))
    'x separates events from non-events quasi-completely'
    """
    signed = np.where(event, 1.0, -1.0)[:, None] * matrix / np.abs(matrix).max(axis=0)
    size = _FIRST_SAMPLE
    while size < len(signed):
        if _overlaps(signed[:: len(signed) // size]):
            return None
        size *= 8
    plane = _find_plane(signed)
    distances = signed @ plane
    if not distances.max() > _MARGIN:
        return None
    alone = tuple(name for name, column in zip(terms[1:], matrix.T[1:], strict=True) if _separates_alone(event, column))
    involved = np.abs(plane[1:]) > _MARGIN
    together = tuple(name for name, is_in in zip(terms[1:], involved, strict=True) if is_in)
    return Separation(_is_complete(signed), alone, together)


def _overlaps(signed: FloatArray) -> bool:
    """Whether no plane separates these rows: then none separates them and others, if they span all columns."""
    return bool((signed @ _find_plane(signed)).max() <= _MARGIN and np.linalg.matrix_rank(signed) == signed.shape[1])


def _is_complete(signed: FloatArray) -> bool:
    """Whether some plane has a distance from every row."""
    rows = np.unique(signed, axis=0)
    p = rows.shape[1]
    found = linprog(
        -np.eye(p + 1)[p],
        A_ub=np.column_stack([-rows, np.ones(len(rows))]),
        b_ub=np.zeros(len(rows)),
        bounds=[(-1, 1)] * p + [(0, 1)],
        method="highs",
    )
    return found.x is not None and bool(found.x[p] > _MARGIN)


def _find_plane(signed: FloatArray) -> FloatArray:
    """Of the coefficients with no row on the wrong side, those with the largest distances; zeros if rows overlap."""
    rows = np.unique(signed, axis=0)
    found = linprog(-rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1), method="highs")
    if found.x is None:
        raise EstimationError(f"the check for separation ended without an answer ({found.message})")
    return np.asarray(found.x, dtype=np.float64)


def _separates_alone(event: BoolArray, column: FloatArray) -> bool:
    yes, no = column[event], column[~event]
    return bool(no.max() <= yes.min() or yes.max() <= no.min())
