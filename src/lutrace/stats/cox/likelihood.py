"""The Cox partial likelihood at given coefficients, and what can be wrong with a model before it is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lutrace.core import EstimationError
from lutrace.stats.arrays import FloatArray, covariate_matrix
from lutrace.stats.cox.risk_order import CoxRows, Ties, find_risk_order
from lutrace.stats.cox.risk_sums import compute_risk_sums
from lutrace.stats.survival.observations import Survival

_INVOLVED = 1e-3
"""Part of a covariate in a direction (of length 1) from which on it is named."""
_FLAT = 1e-12
"""Mean variance within risk sets, of a standardised covariate, that is rounding only."""
_REPEATED = 1e-10
"""Smallest eigenvalue of the scaled information at which covariates count as combinations of one another."""


class MonotoneLikelihoodError(EstimationError):
    """The partial likelihood has no maximum: at least one coefficient grows without bound (separation).

    So counts, too, a maximum at which hazards within a risk set differ by more than a factor of 1e150.
    """

    def __init__(self, terms: Sequence[str]) -> None:
        """Name the terms whose coefficients run away."""
        self.terms = tuple(terms)
        super().__init__(
            f"the partial likelihood has no maximum in {', '.join(terms)}: the covariates separate the events; "
            "use Firth's penalised fit, or drop the covariate"
        )


@dataclass(frozen=True, eq=False)
class CoxScore:
    """The log partial likelihood at given coefficients, its gradient (p,) and its information (p, p).

    These are sums over strata: sites that are strata can add theirs up.
    """

    loglik: float
    gradient: FloatArray
    information: FloatArray


def compute_cox_score(
    survival: Survival,
    covariates: Any,
    *,
    coef: Any,
    strata: Any = None,
    ties: Ties = "efron",
    rows: CoxRows | None = None,
) -> CoxScore:
    """The log partial likelihood with gradient and information at `coef` (log hazard ratio per unit of a covariate).

    Args:
        survival: follow-up of n rows, in (entry, time] when entry is given.
        covariates: shape (n, p).
        coef: shape (p,).
        strata: label of each row's stratum, or None.
        ties: Efron's or Breslow's rule for tied events.
        rows: case weights and offsets, or None.

    Raises:
        UnusableInputError: shapes differ, or a value is missing.
        EstimationError: there are no events.

    Source: Cox 1972; Efron 1977, JASA 72:557; Breslow 1974; weights as in Therneau and Grambsch 2000, section 7.

    >>> from lutrace.stats import survival_of
    >>> round(compute_cox_score(survival_of([1, 2], [1, 0]), [1, 0], coef=[0.0]).loglik, 4)  # log(1 / 2)
    -0.6931
    """
    at = np.asarray(coef, dtype=np.float64)
    matrix = covariate_matrix(covariates, [f"covariate {number + 1}" for number in range(at.size)], survival.n)
    order, _, scale = find_risk_order(survival, matrix, strata=strata, ties=ties, rows=rows)
    found = compute_risk_sums(order, at * scale)
    return CoxScore(found.loglik, found.gradient * scale, found.information * np.outer(scale, scale))


def check_separate(information: FloatArray, terms: Sequence[str], *, n_events: int) -> None:
    """Refuse covariates that do not vary within the risk sets, or are combinations of one another."""
    variances = np.diag(information) / n_events
    flat = [term for term, variance in zip(terms, variances, strict=True) if variance < _FLAT]
    if flat:
        raise EstimationError(
            f"covariate {', '.join(flat)} does not vary among the patients at risk at any event; "
            "drop it from the model or choose other strata"
        )
    scale = np.sqrt(np.diag(information))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if values[0] < _REPEATED:
        involved = name_involved(terms, vectors[:, 0])
        raise EstimationError(f"covariates {', '.join(involved)} are combinations of one another; drop one of them")


def name_involved(terms: Sequence[str], direction: FloatArray) -> list[str]:
    """The terms that have a part in a direction of length 1."""
    return [term for term, part in zip(terms, np.abs(direction), strict=True) if part > _INVOLVED]
