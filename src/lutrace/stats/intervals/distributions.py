"""Standard location-scale distributions of log time: densities and tails on the logarithm, and slopes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit, log_expit, log_ndtr, ndtri

from lutrace.stats.arrays import FloatArray

DistributionName = Literal["weibull", "exponential", "lognormal", "loglogistic"]
_Curve = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Distribution:
    """A distribution of z = (log time - location) / scale; `slope` is f'/f and `bend` its derivative."""

    log_density: _Curve
    log_below: _Curve
    log_above: _Curve
    slope: _Curve
    bend: _Curve
    quantile: Callable[[float], float]
    has_scale: bool = True


def _log_below_extreme(z: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        logarithm: FloatArray = np.log(-np.expm1(-np.exp(z)))
    return logarithm


def _extreme(*, has_scale: bool) -> Distribution:
    return Distribution(
        log_density=lambda z: z - np.exp(z),
        log_below=_log_below_extreme,
        log_above=lambda z: -np.exp(z),
        slope=lambda z: 1 - np.exp(z),
        bend=lambda z: -np.exp(z),
        quantile=lambda share: float(np.log(-np.log1p(-share))),
        has_scale=has_scale,
    )


DISTRIBUTIONS: dict[str, Distribution] = {
    "weibull": _extreme(has_scale=True),
    "exponential": _extreme(has_scale=False),
    "lognormal": Distribution(
        log_density=lambda z: -0.5 * z**2 - 0.5 * np.log(2 * np.pi),
        log_below=log_ndtr,
        log_above=lambda z: log_ndtr(-z),
        slope=lambda z: -z,
        bend=lambda z: -np.ones_like(z),
        quantile=lambda share: float(ndtri(share)),
    ),
    "loglogistic": Distribution(
        log_density=lambda z: log_expit(z) + log_expit(-z),
        log_below=log_expit,
        log_above=lambda z: log_expit(-z),
        slope=lambda z: -np.tanh(z / 2),
        bend=lambda z: -2 * expit(z) * expit(-z),
        quantile=lambda share: float(np.log(share / (1 - share))),
    ),
}
