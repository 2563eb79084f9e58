"""Pseudo-observations of the restricted mean: a complete outcome for each patient, censored or not."""

from __future__ import annotations

import numpy as np

from lutrace.stats.arrays import FloatArray
from lutrace.stats.survival.observations import Survival
from lutrace.stats.survival.restricted_mean import check_horizon, check_reach, restricted_part


def compute_pseudo_means(survival: Survival, *, horizon: float) -> FloatArray:
    """What each of n patients adds to the mean survival up to `horizon`, (n,), in the unit of the times.

    The mean of all, plus n times the patient's influence on it (infinitesimal jackknife, as R survival `pseudo`). Any
    method for complete outcomes may take them, where censoring does not depend on what it models.

    Raises:
        UnusableInputError: a horizon that is not above 0.
        EstimationError: the horizon lies beyond the follow-up.

    Source: Andersen, Hansen and Klein 2004, Lifetime Data Anal 10:335; Andersen, Syriopoulou and Parner 2017, Stat Med
    36:2669 (as outcomes of causal methods).

    >>> from lutrace.stats import survival_of
    >>> compute_pseudo_means(survival_of([1, 2, 4], [1, 1, 1]), horizon=3).round(9).tolist()
    [1.0, 2.0, 3.0]
    """
    check_horizon(horizon)
    check_reach(survival, horizon, name="all", anonymous=True)
    found = restricted_part(survival, np.ones(survival.n), horizon)
    return np.asarray(found.value + survival.n * found.influence)
