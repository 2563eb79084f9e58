"""What a site checks before a sum leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lutrace.core import DisclosureError, UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class SitePolicy:
    """The least that a site's sums must cover; a site may ask for more, and for less only on its own responsibility.

    Raises:
        UnusableInputError: a bound that bounds nothing.
    """

    min_patients: int = 20
    min_events: int = 10
    min_cell: int = 5
    """Patients, and events unless there are none, in each of two values of a covariate; patients off the commonest
    value; counts on a grid that are not 0."""
    min_patients_per_term: int = 5
    """More coefficients per patient, and the sums of second order begin to tell of single patients."""
    max_spread: float = 12.0
    """Largest range of the linear predictor at coefficients asked for: at extreme ones a sum is one patient's."""

    def __post_init__(self) -> None:
        least = min(self.min_patients, self.min_events, self.min_cell, self.min_patients_per_term)
        if least < 1 or not self.max_spread > 0:
            raise UnusableInputError(f"every bound of a policy must be above 0, got {self}")


@dataclass(frozen=True)
class RiskSetOverride:
    """A documented decision to let risk-set sums leave a site although they give away single patients.

    Raises:
        UnusableInputError: a part is empty.
    """

    reason: str
    approved_by: str
    protocol: str
    """The approved document that names this exchange, and how the sums are protected (secure aggregation, say)."""

    def __post_init__(self) -> None:
        for name in ("reason", "approved_by", "protocol"):
            if not getattr(self, name).strip():
                raise UnusableInputError(f"an override must say its {name}; without it risk-set sums stay at the site")


def check_site(
    covariates: FloatArray, terms: Sequence[str], event: BoolArray, *, coef: FloatArray, policy: SitePolicy
) -> None:
    """Refuse sums over too few patients or events, or at coefficients that single one patient out.

    Args:
        covariates: shape (n, p), checked, without an intercept.
        terms: the p names.
        event: shape (n,).
        coef: what the sums are asked for at, shape (p,).
        policy: the bounds.

    Raises:
        DisclosureError: all bounds that are broken, by term, never with a value of a patient.
    """
    n, n_events = event.size, int(event.sum())
    faults = []
    if n < policy.min_patients:
        faults.append(f"fewer than {policy.min_patients} patients")
    if n_events < policy.min_events:
        faults.append(f"fewer than {policy.min_events} events")
    if n < policy.min_patients_per_term * len(terms):
        faults.append(f"fewer than {policy.min_patients_per_term} patients per covariate")
    for term, column in zip(terms, covariates.T, strict=True):
        values, codes, counts = np.unique(column, return_inverse=True, return_counts=True)
        events = np.bincount(codes, weights=event, minlength=values.size)
        few = n - int(counts.max(initial=0)) < policy.min_cell
        rare = (counts < policy.min_cell) | ((events > 0) & (events < policy.min_cell))
        if few or (values.size == 2 and rare.any()):
            faults.append(f"{term}: a value with fewer than {policy.min_cell} patients, or with some but fewer events")
    if n and float(np.ptp(covariates @ coef)) > policy.max_spread:
        faults.append(f"linear predictors more than {policy.max_spread:g} apart at the coefficients asked for")
    if faults:
        raise DisclosureError(
            f"no sums leave this site: {'; '.join(faults)}; pool the site with another, or leave the covariate out"
        )
