"""Uno's concordance: that of Harrell, freed from how long the patients of this study happened to be followed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lutrace.core import UnusableInputError
from lutrace.stats.survival.accuracy import find_censoring_curve
from lutrace.stats.survival.concordance import Concordance, compute_concordance
from lutrace.stats.survival.observations import Survival


def compute_uno_concordance(survival: Survival, risk: Any, *, horizon: float | None = None) -> Concordance:
    """Uno's concordance (0 to 1) of `risk`, higher meaning earlier events, with its standard error.

    The pairs of an event weigh one over the squared probability not to be censored before it, so that late events count
    for those whose late events nobody saw. Censoring must not depend on the risk. The error takes these weights as
    known, as R survival does.

    Args:
        survival: follow-up without delayed entry.
        risk: risk score, shape (n,).
        horizon: events after it do not count; where few are at risk weights grow large.

    Raises:
        UnusableInputError: delayed entry, a length differs or a value is missing.
        EstimationError: no pair is comparable.

    Source: Uno, Cai, Pencina, D'Agostino and Wei 2011, Stat Med 30:1105; as R survival `concordance(timewt = "n/G2")`.

    >>> from lutrace.stats import survival_of
    >>> round(compute_uno_concordance(survival_of([1, 2, 3, 4], [1, 0, 1, 1]), [3, 1, 1, 2]).estimate, 4)
    0.5714
    """
    if survival.entry is not None:
        raise UnusableInputError("Uno's concordance takes no delayed entry: start the follow-up at the landmark")
    curve = find_censoring_curve(survival)
    before = curve.before[curve.place]
    counts = survival.event if horizon is None else survival.event & (survival.time <= horizon)
    pull = np.divide(1.0, before**2, out=np.zeros(survival.n), where=counts)
    found = compute_concordance(survival, risk, event_weights=pull)
    reach = "" if horizon is None else f", events up to {horizon:g}"
    return replace(found, method=f"Uno's concordance{reach}, infinitesimal jackknife standard error, weights as known")
