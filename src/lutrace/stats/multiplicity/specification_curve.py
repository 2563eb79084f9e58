"""One effect estimated under many defensible specifications: in order, and how far they agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray


@dataclass(frozen=True)
class SpecificationSummary:
    """How far specifications agree with the main one; coefficients are 0 without an effect (log hazard ratios).

    `order` numbers the specifications (from 0) from the lowest coefficient to the highest, those without one last.
    `n_same_side` counts those with a coefficient on the main one's side of 0, `n_clear` those whose interval lies there
    as a whole. `lowest`, `median` and `highest` are over those with a coefficient. None of this is
    a test: all specifications are of the same patients.
    """

    order: tuple[int, ...]
    n: int
    n_estimated: int
    n_same_side: int
    n_clear: int
    lowest: float | None
    median: float | None
    highest: float | None
    same_side: float | None
    """Share of the estimates on the main one's side; None where the main one has none, or is 0."""
    method: str


def summarise_specifications(coef: Any, low: Any, high: Any, *, main: int) -> SpecificationSummary:
    """The order of the specifications and how many agree with the main one.

    Args:
        coef: coefficient of each specification, NaN where there is none.
        low: lower end of its interval, NaN where open.
        high: upper end.
        main: number (from 0) of the specification that the study reports.

    Raises:
        UnusableInputError: lengths differ, no specification, or `main` is none of them.

    Source: Simonsohn, Simmons and Nelson 2020, Nat Hum Behav 4:1208.

    >>> found = summarise_specifications([0.4, -0.1, 0.2], [0.1, -0.5, -0.2], [0.7, 0.3, 0.6], main=0)
    >>> found.order, found.n_same_side, found.n_clear
    ((1, 2, 0), 2, 1)
    """
    values, lows, highs = (np.asarray(one, dtype=np.float64) for one in (coef, low, high))
    if not values.size or not values.shape == lows.shape == highs.shape == (values.size,):
        raise UnusableInputError("specifications need a coefficient and two ends of an interval each, one at least")
    if not 0 <= main < values.size:
        raise UnusableInputError(f"main must number one of {values.size} specifications from 0, got {main}")
    known = values[np.isfinite(values)]
    side = float(np.sign(values[main])) if np.isfinite(values[main]) else 0.0
    nearest: FloatArray = np.where(side > 0, lows, -highs)
    n_same = int((np.sign(known) == side).sum()) if side else 0
    return SpecificationSummary(
        order=tuple(np.argsort(values, kind="stable").tolist()),
        n=values.size,
        n_estimated=known.size,
        n_same_side=n_same,
        n_clear=int((np.isfinite(values) & (nearest > 0)).sum()) if side else 0,
        lowest=float(known.min()) if known.size else None,
        median=float(np.median(known)) if known.size else None,
        highest=float(known.max()) if known.size else None,
        same_side=n_same / known.size if side else None,
        method=(
            f"specification curve of {values.size} specifications, {known.size} with an estimate; all of the same "
            "patients, so their agreement is no test"
        ),
    )
