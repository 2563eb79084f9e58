"""Survival times that obey a Cox model exactly, to see whether an analysis finds the truth again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lutrace.core import UnusableInputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HazardSample:
    """n patients at the landmark: covariates, and time in days to event or censoring.

    True model: hazard(t) = h0(t) exp(log_hr_per_doubling log2 TTV + log_hr_psa ln PSA change + log_hr_new NL).
    """

    ttv_ml: Floats
    ln_psa_change: Floats
    new_lesion: NDArray[np.bool_]
    time_days: Floats
    event: NDArray[np.bool_]


def simulate_proportional_hazards(
    n: int,
    *,
    seed: int,
    log_hr_per_doubling: float,
    log_hr_psa: float = 0.0,
    log_hr_new: float = 0.0,
    median_days: float = 400.0,
    censored: float = 0.4,
) -> HazardSample:
    """`n` patients whose landmark survival is Weibull (shape 1.3) with the given log hazard ratios, nothing hidden.

    `median_days` is the median at mean covariates; `censored` (0 to below 1) is about the share censored, at times that
    do not depend on the covariates. Raises UnusableInputError for an impossible n or share.

    >>> simulate_proportional_hazards(3, seed=1, log_hr_per_doubling=0.47).time_days.shape
    (3,)
    """
    if n < 1 or not 0 <= censored < 1:
        raise UnusableInputError(f"expected n above 0 and a censored share in [0, 1), got {n} and {censored}")
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    ln_ttv = 5.6 + 1.2 * rng.standard_normal(n)
    ln_psa = -0.44 + 0.68 * rng.standard_normal(n)
    new = rng.random(n) < 0.20
    log_hazard = (
        log_hr_per_doubling * (ln_ttv - 5.6) / np.log(2) + log_hr_psa * (ln_psa + 0.44) + log_hr_new * (new - 0.20)
    )
    shape = 1.3
    time = median_days * (rng.exponential(1 / np.log(2), n) * np.exp(-log_hazard)) ** (1 / shape)
    end = np.quantile(time, 1 - censored) * rng.uniform(0.4, 1.8, n) if censored > 0 else np.full(n, np.inf)
    return HazardSample(np.exp(ln_ttv), ln_psa, new, np.minimum(time, end), time <= end)


@dataclass(frozen=True, eq=False)
class CalibratedHazard:
    """Proportional hazards whose survival over all patients is Weibull with a given median and shape.

    Patients with log hazard eta survive as exp(-H(t) exp(eta)); H is such that the mean over the patients that it was
    calibrated on is Weibull. So a Cox model finds the coefficients of eta, and the curve of all has the stated median.
    """

    median_days: float
    shape: float
    _ln_cumulative: Floats
    _ln_minus_ln_survival: Floats

    def draw(self, log_hazard: Floats, rng: np.random.Generator) -> Floats:
        """Days to the event of patients with these log hazards."""
        reached = np.log(rng.exponential(1.0, len(log_hazard))) - log_hazard
        minus_ln = np.exp(np.interp(reached, self._ln_cumulative, self._ln_minus_ln_survival))
        return np.asarray(self.median_days * (minus_ln / np.log(2)) ** (1 / self.shape))


def calibrate_hazard(log_hazard: Floats, *, median_days: float, shape: float) -> CalibratedHazard:
    """The hazard whose survival over patients with these log hazards is Weibull; a few thousand of them are enough."""
    factors = np.exp(np.quantile(log_hazard, (np.arange(2_000) + 0.5) / 2_000))
    grid = np.linspace(-14.0, 8.0, 331) - np.log(factors.mean())
    survival = np.exp(-np.exp(grid)[:, None] * factors[None, :]).mean(axis=1)
    return CalibratedHazard(median_days, shape, grid, np.log(-np.log(np.maximum(survival, 1e-300))))
