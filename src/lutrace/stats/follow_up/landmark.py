"""Follow-up from a landmark on, with who is left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import IntArray
from lutrace.stats.follow_up.immortal_time import check_known_at
from lutrace.stats.survival.observations import Survival


@dataclass(frozen=True, eq=False)
class LandmarkSet:
    """Those still at risk after the landmark, with time counted from it; `rows` are their numbers (from 0).

    `n_event_before` and `n_censored_before` count who had left at or before the landmark, `n_late` those kept who
    enter after it (they are at risk from their entry on).
    """

    landmark: float
    rows: IntArray
    survival: Survival
    n: int
    n_event_before: int
    n_censored_before: int
    n_late: int
    method: str


def make_landmark_set(survival: Survival, *, landmark: float, measured: Mapping[str, Any] | None = None) -> LandmarkSet:
    """Follow-up from the landmark on: whoever had the event or was censored at or before it is left out and counted.

    Args:
        survival: follow-up from time zero, with or without delayed entry.
        landmark: the time at which covariates must be known, at or above 0.
        measured: per covariate the time of measurement of each row; refused where it lies after the landmark.

    Raises:
        UnusableInputError: a landmark below 0, or a covariate measured after it.
        EstimationError: nobody is at risk after the landmark.

    Source: Anderson, Cain and Gelber 1983; van Houwelingen 2007.

    >>> from lutrace.stats import survival_of
    >>> later = make_landmark_set(survival_of([10, 50, 80], [1, 0, 1]), landmark=42)
    >>> later.survival.time.tolist(), later.n_event_before
    ([8.0, 38.0], 1)
    """
    if not landmark >= 0 or not np.isfinite(landmark):
        raise UnusableInputError(f"the landmark must be a time at or above 0, got {landmark}")
    stays = survival.time > landmark
    rows = np.flatnonzero(stays)
    if rows.size == 0:
        raise EstimationError(f"nobody is at risk after the landmark {landmark:g}; choose an earlier one")
    check_known_at(measured or {}, index=landmark, rows=rows)
    kept = survival.select(rows)
    entry, n_late = None, 0
    if kept.entry is not None:
        entry = np.maximum(kept.entry - landmark, 0.0)
        n_late = int((kept.entry > landmark).sum())
    return LandmarkSet(
        landmark=landmark,
        rows=rows,
        survival=Survival(kept.time - landmark, kept.event, entry),
        n=survival.n,
        n_event_before=int((~stays & survival.event).sum()),
        n_censored_before=int((~stays & ~survival.event).sum()),
        n_late=n_late,
        method=f"landmark at {landmark:g}: in are those at risk after it, time counts from it",
    )
