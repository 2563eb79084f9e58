"""Restricted cubic splines: a covariate's columns for a curved effect that is straight in the tails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import FloatArray, finite_vector

_SHARES = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    7: (0.025, 0.1833, 0.3417, 0.50, 0.6583, 0.8167, 0.975),
}
"""Harrell 2015, table 2.3: the quantiles at which knots are put."""


@dataclass(frozen=True, eq=False)
class SplineBasis:
    """The columns of a restricted cubic spline, (n, knots - 1), the first of them the covariate itself.

    `terms` name the columns: x, x', x'' ... The effect is straight when the coefficients of all but the first are 0.
    """

    columns: FloatArray
    terms: tuple[str, ...]
    knots: tuple[float, ...]


def compute_spline_basis(values: Any, name: str, *, knots: int | Sequence[float] = 4) -> SplineBasis:
    """The columns of a restricted cubic spline of a covariate, in its unit.

    Args:
        values: the covariate, shape (n,).
        name: its name.
        knots: their number (3 to 7), put at Harrell's quantiles of the values, or the knots themselves, in the
            covariate's unit. New patients need the knots of the fit.

    Raises:
        UnusableInputError: a missing value, knots that do not ascend, fewer than three of them or quantiles that fall
            together.

    Source: Stone and Koo 1985; Harrell 2015, Regression Modeling Strategies, section 2.4.5 and table 2.3.

    >>> compute_spline_basis([0.0, 1.0, 2.0, 3.0], "x", knots=[0, 1, 2]).columns[:, 1].tolist()
    [0.0, 0.25, 1.5, 3.0]
    """
    x = finite_vector(values, name)
    if isinstance(knots, int):
        if knots not in _SHARES:
            raise UnusableInputError(f"knots must be 3 to 7, or the knots themselves, got {knots}")
        places = np.quantile(x, _SHARES[knots])
        remedy = "; name the knots, or take fewer"
    else:
        places, remedy = finite_vector(knots, "knots"), ""
    if places.size < 3 or not (np.diff(places) > 0).all():
        shown = ", ".join(f"{place:g}" for place in places)
        raise UnusableInputError(f"at least three knots of {name} must ascend, got {shown}{remedy}")
    last, before = places[-1], places[-2]
    unit = (last - places[0]) ** 2
    columns = [x]
    for place in places[:-2]:
        bent = _cube(x - place) - _cube(x - before) * (last - place) / (last - before)
        columns.append((bent + _cube(x - last) * (before - place) / (last - before)) / unit)
    terms = tuple(name + "'" * number for number in range(len(columns)))
    return SplineBasis(np.column_stack(columns), terms, tuple(float(place) for place in places))


def _cube(values: FloatArray) -> FloatArray:
    return np.asarray(np.maximum(values, 0) ** 3, dtype=np.float64)
