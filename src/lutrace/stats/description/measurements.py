"""How far measurements of the same patients agree: intraclass correlation, Bland and Altman's limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import chdtri, fdtri, ndtri, stdtrit

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, check_level, finite_vector, label_codes, refuse_rows

IccKind = Literal["1,1", "2,1", "3,1"]
_ICC_WORDS = {
    "1,1": "raters differ from patient to patient (one-way)",
    "2,1": "absolute agreement of a random sample of raters (two-way)",
    "3,1": "consistency of these raters (two-way)",
}


@dataclass(frozen=True)
class IntraclassCorrelation:
    """The intraclass correlation of single measurements, `n` patients by `n_raters`, with its interval."""

    estimate: float
    low: float
    high: float
    kind: IccKind
    n: int
    n_raters: int
    level: float
    method: str


def compute_icc(ratings: Any, *, kind: IccKind, level: float = 0.95) -> IntraclassCorrelation:
    """The intraclass correlation of n patients (rows) measured by k raters (columns), each once.

    Args:
        ratings: shape (n, k), without gaps.
        kind: 1,1 when raters differ between patients; 2,1 for agreement, 3,1 for consistency of the same raters.
        level: confidence level.

    Raises:
        UnusableInputError: fewer than two patients or raters, or a missing value.
        EstimationError: all measurements are equal.

    Source: Shrout and Fleiss 1979, Psychol Bull 86:420; McGraw and Wong 1996 (ICC(1), ICC(A,1), ICC(C,1)).

    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> [round(compute_icc(judges, kind=kind).estimate, 2) for kind in ("1,1", "2,1", "3,1")]
    [0.17, 0.29, 0.71]
    """
    check_level(level)
    values = np.asarray(ratings, dtype=np.float64)
    if values.ndim != 2 or min(values.shape) < 2:
        raise UnusableInputError(f"ratings need two patients (rows) and two raters (columns), got {values.shape}")
    refuse_rows(np.asarray(~np.isfinite(values).all(axis=1)), "ratings must be numbers")
    if np.ptp(values) == 0:
        raise EstimationError("all measurements are equal: an intraclass correlation needs patients that differ")
    n, k = values.shape
    rows, columns, error, within = _mean_squares(values)
    if not rows + {"1,1": within, "2,1": columns, "3,1": error}[kind] > 0:
        raise EstimationError("patients do not differ in the mean: there is no correlation to estimate")
    if kind == "2,1" and within == 0:
        estimate = low = high = 1.0
    elif kind == "2,1":
        estimate = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
        low, high = _agreement_interval(estimate, (rows, columns, error), (n, k), level)
    else:
        rest, df = (within, n * (k - 1)) if kind == "1,1" else (error, (n - 1) * (k - 1))
        estimate = (rows - rest) / (rows + (k - 1) * rest)
        tail = 0.5 + level / 2
        bounds = np.array([rows / fdtri(n - 1, df, tail), rows * fdtri(df, n - 1, tail)])
        low, high = ((bounds - rest) / (bounds + (k - 1) * rest)).tolist()
    method = f"intraclass correlation ({kind}): {_ICC_WORDS[kind]}, F interval"
    return IntraclassCorrelation(float(estimate), float(low), float(high), kind, n, k, level, method)


def _mean_squares(values: FloatArray) -> tuple[float, float, float, float]:
    """Between patients, between raters, left over, and within patients."""
    n, k = values.shape
    patient = values.mean(axis=1, keepdims=True) - values.mean()
    rater = values.mean(axis=0, keepdims=True) - values.mean()
    rest = values - values.mean() - patient - rater
    within = ((rest + rater) ** 2).sum() / (n * (k - 1))
    return (
        float(k * (patient**2).sum() / (n - 1)),
        float(n * (rater**2).sum() / (k - 1)),
        float((rest**2).sum() / ((n - 1) * (k - 1))),
        float(within),
    )


def _agreement_interval(
    estimate: float, squares: tuple[float, float, float], shape: tuple[int, int], level: float
) -> tuple[float, float]:
    (rows, columns, error), (n, k), tail = squares, shape, 0.5 + level / 2
    a = k * estimate / (n * (1 - estimate))
    b = 1 + k * estimate * (n - 1) / (n * (1 - estimate))
    whole = (a * columns + b * error) ** 2
    df = whole / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    below, above = fdtri(n - 1, df, tail), fdtri(df, n - 1, tail)
    rest = k * columns + (k * n - k - n) * error
    return n * (rows - below * error) / (below * rest + n * rows), n * (above * rows - error) / (
        rest + n * above * rows
    )


@dataclass(frozen=True)
class LimitsOfAgreement:
    """The mean difference (first less second) and the limits within which 95 % of differences lie, in their unit.

    Each comes as (estimate, low, high).
    """

    bias: tuple[float, float, float]
    lower: tuple[float, float, float]
    upper: tuple[float, float, float]
    sd: float
    n: int
    """Pairs."""
    n_patients: int
    level: float
    method: str


def compute_limits_of_agreement(
    first: Any, second: Any, *, patients: Any = None, level: float = 0.95
) -> LimitsOfAgreement:
    """Bland and Altman's limits of agreement of two measurements, with intervals.

    Args:
        first: n values by the first method.
        second: the same by the second, same order.
        patients: label of each pair's patient where patients have several pairs (whose true value may change).
        level: confidence level of the intervals; the limits themselves always hold 95 % of differences.

    Raises:
        UnusableInputError: different lengths, a missing value, fewer than three patients.
        EstimationError: all differences are equal.

    Source: Bland and Altman 1999, Stat Methods Med Res 8:135, and 2007, J Biopharm Stat 17:571 (several pairs: the
    variance between patients' means and within patients, added so that each patient counts alike); intervals of the
    limits: Zou 2013, Stat Methods Med Res 22:630, with Student's t for the mean.

    >>> found = compute_limits_of_agreement([10, 12, 15, 11], [9, 13, 13, 11])
    >>> [round(number, 3) for number in (found.bias[0], found.lower[0], found.upper[0])]
    [0.5, -2.03, 3.03]
    """
    check_level(level)
    one = finite_vector(first, "first")
    difference = one - finite_vector(second, "second", size=one.size)
    codes = np.arange(one.size) if patients is None else label_codes(patients, "patients", one.size)
    counts = np.bincount(codes) if one.size else np.zeros(0, dtype=np.intp)
    if counts.size < 3:
        raise UnusableInputError(f"limits of agreement need three patients, got {counts.size}")
    if np.ptp(difference) == 0:
        raise EstimationError("all differences are equal: there are no limits to estimate")
    means = np.bincount(codes, difference) / counts
    n, df_within = counts.size, one.size - counts.size
    between = float(means.var(ddof=1))
    within = float(((difference - means[codes]) ** 2).sum()) / df_within if df_within else 0.0
    within *= float(1 - np.mean(1 / counts))
    bias, spread = float(means.mean()), between + within
    reach = float(stdtrit(n - 1, 0.5 + level / 2)) * float(np.sqrt(between / n))
    less, more = _variance_bounds([(between, n - 1), (within, df_within)], spread, level)
    z, sd = float(ndtri(0.975)), float(np.sqrt(spread))
    outer, inner = np.hypot(reach, z * (np.sqrt(more) - sd)), np.hypot(reach, z * (sd - np.sqrt(less)))
    low, high = bias - z * sd, bias + z * sd
    return LimitsOfAgreement(
        bias=(bias, bias - reach, bias + reach),
        lower=(low, float(low - outer), float(low + inner)),
        upper=(high, float(high - inner), float(high + outer)),
        sd=sd,
        n=one.size,
        n_patients=n,
        level=level,
        method="95 % limits of agreement (Bland and Altman), t interval of the mean, Zou's of the limits",
    )


def _variance_bounds(parts: list[tuple[float, int]], total: float, level: float) -> tuple[float, float]:
    """Bounds of a sum of independent variances by those of its parts (value, degrees of freedom)."""
    tail = (1 - level) / 2
    known = [(value, df) for value, df in parts if df > 0]
    below = sum((value * (1 - df / chdtri(df, tail))) ** 2 for value, df in known)
    above = sum((value * (df / chdtri(df, 1 - tail) - 1)) ** 2 for value, df in known)
    return total - float(np.sqrt(below)), total + float(np.sqrt(above))
