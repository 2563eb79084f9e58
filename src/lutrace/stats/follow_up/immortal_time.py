"""The guard against immortal time: a covariate must be known when follow-up starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import IntArray, as_numbers


def check_known_at(measured: Mapping[str, Any], *, index: float = 0.0, rows: IntArray | None = None) -> None:
    """Refuse covariates that were measured after the start of follow-up.

    Who is measured later had to live until then: taken as known from the start, that time makes the group look immune.

    Args:
        measured: per covariate the time of measurement, on the clock of follow-up, shape (n,); NaN where it was not.
        index: start of follow-up: 0, or the landmark.
        rows: numbers (from 0) of the rows that are used; all when None.

    Raises:
        UnusableInputError: a covariate is dated after the index in a row that is used. Rows are counted from 1.

    Source: Anderson, Cain and Gelber 1983; Suissa 2008 (immortal time).

    >>> check_known_at({"baseline PSA": [0, -3]})
    """
    for name, times in measured.items():
        dates = as_numbers(times, f"the time of {name}")
        late = np.flatnonzero(dates > index)
        if rows is not None:
            late = np.intersect1d(late, rows)
        if late.size:
            some = ", ".join(str(row + 1) for row in late[:5])
            raise UnusableInputError(
                f"covariate {name} must be known at time {index:g}, measured later in {late.size} rows (row {some}); "
                "start follow-up at a landmark, or let it change with time"
            )
