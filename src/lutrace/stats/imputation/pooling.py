"""One answer from the same analysis of several completed data sets: Rubin's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from lutrace.core import UnusableInputError
from lutrace.stats.arrays import check_level, finite_vector, refuse_rows

_LEAST_SHARE = 1e-4
"""The share of variance due to missing values is taken to be at least this, as in R mice: keeps df finite."""


@dataclass(frozen=True)
class Pooled:
    """One quantity over all completed sets, on the scale on which it was estimated (a log hazard ratio, say).

    `within` and `between` are the variances within and between sets; `increase` is by how much missing values raise
    the variance relative to `within`, `share` which part of the variance is due to them, `missing_information` the
    same with regard to the degrees of freedom.
    """

    estimate: float
    se: float
    df: float
    low: float
    high: float
    p: float
    within: float
    between: float
    increase: float
    share: float
    missing_information: float
    n_sets: int
    level: float
    warnings: tuple[str, ...]
    method: str


def pool_estimates(estimates: Any, errors: Any, *, df_complete: float | None = None, level: float = 0.95) -> Pooled:
    """Rubin's rules for one quantity, with the degrees of freedom of Barnard and Rubin.

    Args:
        estimates: of each completed set, shape (m,), on a scale on which they are about normal.
        errors: their standard errors, shape (m,).
        df_complete: degrees of freedom of the analysis had nothing been missing (rows less coefficients; for a Cox
            model events less coefficients); None: so many that they do not matter.
        level: confidence level.

    Raises:
        UnusableInputError: fewer than two sets, lengths differ, an error is not above 0, or no degree of freedom.

    Source: Rubin 1987; Barnard and Rubin 1999, Biometrika 86:948; as R mice `pool`.

    >>> found = pool_estimates([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    >>> round(found.estimate, 4), round(found.se ** 2, 4), round(found.df, 4)  # 1 + 4/3; 2 / (4/7)^2
    (2.0, 2.3333, 6.125)
    """
    check_level(level)
    values = finite_vector(estimates, "estimates")
    spread = finite_vector(errors, "errors", size=values.size)
    refuse_rows(spread <= 0, "a standard error must be above 0")
    if values.size < 2:
        raise UnusableInputError(f"pooling needs at least 2 completed sets, got {values.size}; impute more")
    if df_complete is not None and not df_complete > 0:
        raise UnusableInputError(f"df_complete must be above 0, got {df_complete}")
    m = values.size
    estimate, within, between = float(values.mean()), float((spread**2).mean()), float(values.var(ddof=1))
    total = within + (1 + 1 / m) * between
    increase, share = (1 + 1 / m) * between / within, (1 + 1 / m) * between / total
    df = _degrees(m, max(share, _LEAST_SHARE), df_complete)
    se, t = float(np.sqrt(total)), float(stdtrit(df, 0.5 + level / 2))
    missing = (increase + 2 / (df + 3)) / (increase + 1)
    few = m < 100 * missing
    return Pooled(
        estimate,
        se,
        df,
        estimate - t * se,
        estimate + t * se,
        float(2 * stdtr(df, -abs(estimate) / se)),
        within,
        between,
        increase,
        share,
        missing,
        m,
        level,
        (f"{m} sets for {100 * missing:.0f} % missing information: use as many sets as per cent",) if few else (),
        f"Rubin's rules over {m} imputed sets, degrees of freedom of Barnard and Rubin",
    )


def _degrees(m: int, share: float, df_complete: float | None) -> float:
    df_sets = (m - 1) / share**2
    if df_complete is None:
        return df_sets
    df_observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
    return df_sets * df_observed / (df_sets + df_observed)
