"""Linear regression by least squares, with t tests and, where asked for, robust errors by rows or clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from lutrace.core import EstimationError
from lutrace.stats.arrays import FloatArray, check_level, finite_vector, label_codes, sum_by
from lutrace.stats.regression.design import Design, design_of


@dataclass(frozen=True, eq=False)
class LinearFit:
    """A fitted linear model; tuples run over `terms`, the intercept first.

    `coef`, `low` and `high` are in the outcome's unit per unit of the covariate; `df` are the t tests' degrees of
    freedom: n - p, or with clusters their number less one.
    """

    terms: tuple[str, ...]
    coef: tuple[float, ...]
    se: tuple[float, ...]
    df: float
    t: tuple[float, ...]
    p: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    covariance: FloatArray
    residual_sd: float
    r_squared: float
    n: int
    level: float
    method: str


def fit_linear(
    outcome: Any,
    covariates: Any,
    *,
    terms: Sequence[str],
    clusters: Any = None,
    is_robust: bool = False,
    level: float = 0.95,
) -> LinearFit:
    """The least-squares fit of an outcome on covariates, with an intercept.

    Args:
        outcome: n numbers.
        covariates: shape (n, p), without gaps.
        terms: the p names.
        clusters: label of each row's cluster, for robust errors; None when rows are independent.
        is_robust: robust errors row by row, where there are no clusters.
        level: confidence level.

    Raises:
        UnusableInputError: shapes differ, or a value is missing.
        EstimationError: a covariate does not vary or repeats others, no residual is left, or there is one cluster.

    Source: as R `lm`; row by row: MacKinnon and White 1985, HC1 (times n / (n - p)); clusters: Liang and Zeger 1986,
    times g / (g - 1) for g clusters.

    >>> fit = fit_linear([1, 3, 2, 5], [0, 1, 2, 3], terms=["day"])
    >>> round(fit.coef[1], 6), round(fit.se[1], 6)
    (1.1, 0.519615)
    """
    check_level(level)
    values = finite_vector(outcome, "outcome")
    design = design_of(covariates, terms, values.size)
    start = design.basis.T @ values
    rest = values - design.basis @ start
    total = float(((values - values.mean()) ** 2).sum())
    squares = float(rest @ rest)
    if not squares > 1e-24 * float(values @ values):
        raise EstimationError("the covariates fit the outcome without any residual; there is no error to estimate")
    df, spread, errors = _estimate_spread(design, rest, clusters, is_robust)
    back = np.linalg.inv(design.turn)
    coef, covariance = back @ start, back @ spread @ back.T
    se = np.sqrt(np.diag(covariance))
    half = float(stdtrit(df, 0.5 + level / 2)) * se
    return LinearFit(
        terms=design.terms,
        coef=tuple(coef.tolist()),
        se=tuple(se.tolist()),
        df=float(df),
        t=tuple((coef / se).tolist()),
        p=tuple((2 * stdtr(df, -np.abs(coef / se))).tolist()),
        low=tuple((coef - half).tolist()),
        high=tuple((coef + half).tolist()),
        covariance=np.asarray(covariance, dtype=np.float64),
        residual_sd=float(np.sqrt(squares / (design.n - design.p))),
        r_squared=1 - squares / total,
        n=design.n,
        level=level,
        method=f"linear model, least squares{errors}",
    )


def _estimate_spread(design: Design, rest: FloatArray, clusters: Any, is_robust: bool) -> tuple[int, FloatArray, str]:
    """Degrees of freedom, covariance in the basis of the design, and the errors in words."""
    df = design.n - design.p
    if clusters is None and not is_robust:
        return df, np.eye(design.p) * float(rest @ rest) / df, ""
    parts = design.basis * rest[:, None]
    if clusters is None:
        return df, parts.T @ parts * (design.n / df), ", robust errors row by row (HC1)"
    parts = sum_by(parts, label_codes(clusters, "clusters", design.n))
    if len(parts) < 2:
        raise EstimationError("robust errors need two clusters or more")
    df = len(parts) - 1
    return df, parts.T @ parts * (len(parts) / df), ", robust errors by clusters"
