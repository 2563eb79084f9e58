"""One estimate from the estimates of several studies or sites, by inverse variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri, stdtr, stdtrit

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, check_level, finite_vector, refuse_rows

Heterogeneity = Literal["fixed", "DL", "REML"]
_NAME: dict[Heterogeneity, str] = {
    "fixed": "one common effect",
    "DL": "random effects, DerSimonian and Laird",
    "REML": "random effects, restricted maximum likelihood",
}
_MAX_STEPS = 200


@dataclass(frozen=True)
class PooledStudies:
    """The pooled estimate on the scale of the studies (a log hazard ratio, say), and how far the studies disagree.

    `tau2` is the variance between studies, `q` Cochran's statistic with `q_p`, `i2` the share of the spread that is
    not chance (0 to 1), `h2` the spread relative to chance. `prediction_low` and `prediction_high` bound the effect in
    a further study.
    """

    estimate: float
    se: float
    low: float
    high: float
    p: float
    tau2: float
    q: float
    q_p: float
    i2: float
    h2: float
    prediction_low: float
    prediction_high: float
    weights: tuple[float, ...]
    """Share of each study, sum 1."""
    n_studies: int
    level: float
    warnings: tuple[str, ...]
    method: str


def pool_studies(
    estimates: Any,
    errors: Any,
    *,
    heterogeneity: Heterogeneity = "REML",
    knapp_hartung: bool = False,
    level: float = 0.95,
) -> PooledStudies:
    """Inverse-variance meta-analysis of k studies.

    Args:
        estimates: shape (k,), on a scale on which they are about normal.
        errors: their standard errors, shape (k,).
        heterogeneity: `fixed` (one common effect), `DL` or `REML`.
        knapp_hartung: t instead of normal intervals with the studies' own spread; not with `fixed`.
        level: confidence level.

    Raises:
        UnusableInputError: fewer than two studies, lengths differ, an error is not above 0, an unknown method.
        EstimationError: REML does not settle, or Knapp and Hartung's interval of estimates that do not differ.

    Source: DerSimonian and Laird 1986; Viechtbauer 2005, J Educ Behav Stat 30:261 (REML); Knapp and Hartung 2003;
    Higgins and Thompson 2002 (I2, H2); as R metafor `rma.uni`.

    >>> found = pool_studies([0.0, 1.0], [0.5, 0.5], heterogeneity="DL")  # Q = 2, tau2 = 1/4
    >>> round(found.estimate, 4), round(found.q, 4), round(found.tau2, 4)
    (0.5, 2.0, 0.25)
    """
    check_level(level)
    values = finite_vector(estimates, "estimates")
    spread = finite_vector(errors, "errors", size=values.size)
    refuse_rows(spread <= 0, "a standard error must be above 0")
    if values.size < 2:
        raise UnusableInputError(f"pooling needs at least 2 studies, got {values.size}")
    if heterogeneity not in _NAME or (knapp_hartung and heterogeneity == "fixed"):
        raise UnusableInputError(f"heterogeneity must be one of {', '.join(_NAME)}, and not fixed with Knapp-Hartung")
    k, variance = values.size, spread**2
    q = float((values - _mean(values, variance)) ** 2 @ (1 / variance))
    tau2 = 0.0
    if heterogeneity != "fixed":
        tau2 = _moment_tau2(variance, q) if heterogeneity == "DL" else _likely_tau2(values, variance, q)
    weights = 1 / (variance + tau2)
    estimate, se = float(weights @ values / weights.sum()), float(1 / np.sqrt(weights.sum()))
    quantile = float(ndtri(0.5 + level / 2))
    if knapp_hartung:
        se *= float(np.sqrt(weights @ (values - estimate) ** 2 / (k - 1)))
        if se == 0:
            raise EstimationError("all studies have one estimate: Knapp and Hartung's interval needs them to differ")
        quantile = float(stdtrit(k - 1, 0.5 + level / 2))
    p = 2 * (stdtr(k - 1, -abs(estimate / se)) if knapp_hartung else ndtr(-abs(estimate / se)))
    typical = (k - 1) * (1 / variance).sum() / ((1 / variance).sum() ** 2 - (1 / variance**2).sum())
    h2 = q / (k - 1) if heterogeneity == "fixed" else (tau2 + typical) / typical
    i2 = max(0.0, 1 - 1 / h2) if h2 > 0 else 0.0
    around = quantile * float(np.sqrt(se**2 + tau2))
    return PooledStudies(
        estimate,
        se,
        estimate - quantile * se,
        estimate + quantile * se,
        float(p),
        tau2,
        q,
        float(chdtrc(k - 1, q)),
        float(i2),
        float(h2),
        estimate - around,
        estimate + around,
        tuple((weights / weights.sum()).tolist()),
        k,
        level,
        (f"{k} studies: their spread, and with it the interval, is hardly known",) if tau2 > 0 and k < 5 else (),
        f"inverse variance, {_NAME[heterogeneity]}" + (", Knapp-Hartung interval" if knapp_hartung else ""),
    )


def compute_log_errors(ratio: Any, low: Any, high: Any, *, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """The logarithms of ratios and their standard errors, from printed intervals symmetric on the logarithm.

    Args:
        ratio: hazard, odds or risk ratios, shape (k,).
        low: lower ends of their intervals.
        high: upper ends.
        level: confidence level of the intervals.

    Raises:
        UnusableInputError: lengths differ, or not 0 < low <= ratio <= high with low below high.

    Source: Parmar, Torri and Stewart 1998, Stat Med 17:2815.

    >>> found = compute_log_errors([0.62], [0.52], [0.74])  # (log 0.74 - log 0.52) / (2 x 1.96)
    >>> round(float(found[1][0]), 4)
    0.09
    """
    check_level(level)
    values = finite_vector(ratio, "ratio")
    lows, highs = (finite_vector(one, name, size=values.size) for one, name in ((low, "low"), (high, "high")))
    within = (lows > 0) & (lows <= values) & (values <= highs) & (lows < highs)
    refuse_rows(~within, "a ratio must be above 0 and lie within its interval")
    return np.log(values), np.log(highs / lows) / (2 * float(ndtri(0.5 + level / 2)))


def _mean(values: FloatArray, variance: FloatArray) -> float:
    return float(np.average(values, weights=1 / variance))


def _moment_tau2(variance: FloatArray, q: float) -> float:
    weights = 1 / variance
    return max(0.0, float((q - variance.size + 1) / (weights.sum() - (weights**2).sum() / weights.sum())))


def _likely_tau2(values: FloatArray, variance: FloatArray, q: float) -> float:
    """The variance between studies of the largest restricted likelihood, by Fisher's scoring."""
    tau2 = _moment_tau2(variance, q)
    for _ in range(_MAX_STEPS):
        weights = 1 / (variance + tau2)
        share = weights / weights.sum()
        residual = values - share @ values
        projected = weights * residual
        # trace of P, and of P squared, with P = W - w w' / sum w
        first = weights.sum() - (weights**2).sum() / weights.sum()
        square = (weights**2).sum() - 2 * (weights**3).sum() / weights.sum()
        second = square + ((weights**2).sum() / weights.sum()) ** 2
        step = (float(projected @ projected) - first) / second
        moved = max(0.0, float(tau2 + step))
        if abs(moved - tau2) <= 1e-13 * (tau2 + float(variance.min())):
            return moved
        tau2 = moved
    raise EstimationError("the variance between studies does not settle by REML; use DL")
