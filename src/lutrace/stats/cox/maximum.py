"""The maximum of the Cox partial likelihood, plain or with a ridge, by Newton's method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.stats.arrays import FloatArray
from lutrace.stats.cox.likelihood import MonotoneLikelihoodError, check_separate, name_involved
from lutrace.stats.cox.risk_order import RiskOrder
from lutrace.stats.cox.risk_sums import RiskSums, compute_risk_sums

_MAX_STEPS = 50
_SETTLED = 1e-12
"""Step still to come, in standard deviations of each covariate, below which the maximum counts as found."""
_ROUNDED = 1e-7
"""Step from which on one that does not halve with new information is rounding: covariates all but repeat each other."""
_SPENT = 1e-9
"""Share of the information at zero below which a direction is one in which the likelihood only grows."""
_CONTRACTS = 0.05
"""Length of a step, relative to the one before, up to which the same information serves for a further step."""


@dataclass(frozen=True, eq=False)
class Start:
    """Where a search may begin: coefficients near the maximum, and about the information there and at zero."""

    coef: FloatArray
    information: FloatArray
    at_zero: FloatArray


@dataclass(frozen=True, eq=False)
class Maximum:
    """The model at its most likely coefficients (per standard deviation of the covariates) and at zero.

    `information` holds the ridge, if there is one.
    """

    at_maximum: RiskSums
    at_zero: RiskSums
    information: FloatArray
    n_steps: int

    @property
    def coef(self) -> FloatArray:
        """Log hazard ratios per standard deviation, (p,)."""
        return self.at_maximum.coef


def maximise(
    order: RiskOrder, terms: Sequence[str], *, ridge: FloatArray | None = None, start: Start | None = None
) -> Maximum:
    """The maximum of the partial likelihood less half of ridge times the squared coefficients.

    Newton's method with halved steps. The information is computed anew only where the steps do not shrink fast enough
    with the one at hand, so that most steps cost a gradient. `start` spares steps; the result does not depend on it.

    Raises:
        EstimationError: a covariate does not vary within the risk sets, or is a combination of others.
        MonotoneLikelihoodError: the likelihood grows without bound.
    """
    penalty = np.zeros(len(terms)) if ridge is None else ridge
    found = at_zero = compute_risk_sums(order, np.zeros(len(terms)))
    n_events = order.groups.event_rows.size
    started = None if start is None else compute_risk_sums(order, start.coef)
    if start is None or started is None or not _objective(started, penalty) > _objective(at_zero, penalty):
        held = at_zero.information + np.diag(penalty)
        check_separate(held, terms, n_events=n_events)
        reference = np.diag(held)
    else:
        found, held = started, start.information + np.diag(penalty)
        reference = np.diag(start.at_zero) + penalty
    last = np.inf
    for n_steps in range(1, _MAX_STEPS + 1):
        step = np.asarray(np.linalg.solve(held, found.gradient - penalty * found.coef), dtype=np.float64)
        length = float(np.abs(step).max())
        if must_renew(length, last):
            held = _check_spent(found.information + np.diag(penalty), reference, terms)
            step = np.asarray(np.linalg.solve(held, found.gradient - penalty * found.coef), dtype=np.float64)
            length = float(np.abs(step).max())
        settled = is_settled(length, last)
        found, last = _climb(found, step, penalty), length
        if settled:
            held = _check_spent(found.information + np.diag(penalty), reference, terms)
            if start is not None:
                check_separate(held, terms, n_events=n_events)
            return Maximum(found, at_zero, held, n_steps)
    raise MonotoneLikelihoodError(
        name_involved(terms, _scaled_eigen(found.information + np.diag(penalty), reference)[1][:, 0])
    )


def must_renew(length: Any, last: Any) -> Any:
    """Whether a step is too long, beside the one before, for the information that it was made with; arrays go, too."""
    return length > _CONTRACTS * last


def is_settled(length: Any, last: Any, *, within: float = _SETTLED) -> Any:
    """Whether the maximum counts as found after a step, given the length of the one before; arrays go, too.

    The step to come is as much shorter as this one is than the one before.
    """
    is_last = (length < within) | ((length * length < within * last) & (last < np.inf))
    return is_last | ((length < _ROUNDED) & (length > last / 2))


def _check_spent(information: FloatArray, reference: FloatArray, terms: Sequence[str]) -> FloatArray:
    """The information; MonotoneLikelihoodError when, compared with zero, a direction has none left."""
    values, vectors = _scaled_eigen(information, reference)
    if not values[0] >= _SPENT:
        raise MonotoneLikelihoodError(name_involved(terms, vectors[:, 0]))
    return information


def _scaled_eigen(information: FloatArray, reference: FloatArray) -> tuple[FloatArray, FloatArray]:
    scale = np.sqrt(reference)
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    return np.asarray(values, dtype=np.float64), np.asarray(vectors, dtype=np.float64)


def _objective(found: RiskSums, penalty: FloatArray) -> float:
    return found.loglik - 0.5 * float(penalty @ found.coef**2)


def _climb(found: RiskSums, step: FloatArray, penalty: FloatArray) -> RiskSums:
    """The next point of the way: the step, halved until the likelihood does not fall."""
    reached = _objective(found, penalty)
    tried = compute_risk_sums(found.order, found.coef + step)
    while not _objective(tried, penalty) >= reached - 1e-9 * abs(reached):
        step = step / 2
        tried = compute_risk_sums(found.order, found.coef + step)
    return tried
