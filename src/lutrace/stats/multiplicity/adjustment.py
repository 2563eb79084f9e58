"""p values of a family of tests, adjusted for its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import finite_vector, refuse_rows

Adjustment = Literal["Holm", "Benjamini-Hochberg"]


@dataclass(frozen=True)
class AdjustedTests:
    """Adjusted p values in the order given.

    Holm: reject at 0.05 and any false rejection at all has a chance of 5 % at most. Benjamini-Hochberg: 5 % of the
    rejections are expected to be false, if tests are independent or positively dependent.
    """

    p: tuple[float, ...]
    n_tests: int
    method: str


def adjust_p_values(p: Any, *, adjustment: Adjustment, n_tests: int | None = None) -> AdjustedTests:
    """Adjusted p values of one family, equal to R `p.adjust`.

    Args:
        p: shape (m,), 0 to 1.
        adjustment: `Holm` (family-wise error) or `Benjamini-Hochberg` (false discovery rate).
        n_tests: size of the family when more tests were made than p values are given; at least m.

    Raises:
        UnusableInputError: a p outside 0 to 1, an unknown adjustment, a family smaller than the p values.

    Source: Holm 1979, Scand J Stat 6:65; Benjamini and Hochberg 1995, J R Stat Soc B 57:289.

    >>> adjust_p_values([0.01, 0.04, 0.03], adjustment="Holm").p
    (0.03, 0.06, 0.06)
    >>> adjust_p_values([0.01, 0.04, 0.03], adjustment="Benjamini-Hochberg").p
    (0.03, 0.04, 0.04)
    """
    values = finite_vector(p, "p")
    refuse_rows((values < 0) | (values > 1), "p must lie between 0 and 1")
    family = values.size if n_tests is None else n_tests
    if values.size == 0 or family < values.size:
        raise UnusableInputError(f"a family of {family} tests cannot hold {values.size} p values (one at least)")
    order = np.argsort(values, kind="stable")
    rank = np.arange(1, values.size + 1)
    if adjustment == "Holm":
        stepped = np.maximum.accumulate((family - rank + 1) * values[order])
    elif adjustment == "Benjamini-Hochberg":
        stepped = np.minimum.accumulate((family / rank * values[order])[::-1])[::-1]
    else:
        raise UnusableInputError(f"adjustment must be Holm or Benjamini-Hochberg, got {adjustment}")
    adjusted = np.empty(values.size)
    adjusted[order] = np.minimum(stepped, 1.0)
    return AdjustedTests(tuple(adjusted.tolist()), family, f"{adjustment}, family of {family} tests")
