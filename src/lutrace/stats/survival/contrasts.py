"""What two groups differ by: a difference and a ratio of positive estimates, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from lutrace.stats.arrays import check_level


@dataclass(frozen=True)
class Contrast:
    """A group against the reference: `difference` (group less reference) and `ratio` (group over reference).

    The interval of the difference is symmetric, that of the ratio on the logarithm; the ratio is None where an
    estimate is 0.
    """

    group: str
    reference: str
    difference: float
    se: float
    low: float
    high: float
    p: float
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    ratio_p: float | None
    method: str


@dataclass(frozen=True)
class Estimate:
    """One estimate of a group with its variance."""

    group: str
    value: float
    variance: float


def compute_contrast(group: Estimate, reference: Estimate, *, covariance: float, level: float, method: str) -> Contrast:
    """The contrast of two estimates; `covariance` is 0 for independent groups."""
    check_level(level)
    z = float(ndtri(0.5 + level / 2))
    difference = group.value - reference.value
    se = float(np.sqrt(group.variance + reference.variance - 2 * covariance))
    ratio = low = high = ratio_p = None
    if group.value > 0 and reference.value > 0:
        log_ratio = float(np.log(group.value / reference.value))
        parts = group.variance / group.value**2 + reference.variance / reference.value**2
        log_se = float(np.sqrt(parts - 2 * covariance / (group.value * reference.value)))
        ratio = float(np.exp(log_ratio))
        low, high = float(np.exp(log_ratio - z * log_se)), float(np.exp(log_ratio + z * log_se))
        ratio_p = _two_sided(log_ratio, log_se)
    return Contrast(
        group=group.group,
        reference=reference.group,
        difference=difference,
        se=se,
        low=difference - z * se,
        high=difference + z * se,
        p=_two_sided(difference, se),
        ratio=ratio,
        ratio_low=low,
        ratio_high=high,
        ratio_p=ratio_p,
        method=method,
    )


def _two_sided(difference: float, se: float) -> float:
    """The p of no difference; NaN where neither difference nor error is there."""
    if se == 0:
        return float("nan") if difference == 0 else 0.0
    return float(2 * ndtr(-abs(difference / se)))
