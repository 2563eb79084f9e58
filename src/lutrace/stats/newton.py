"""The maximum of a log likelihood whose sums can be asked for at any coefficients, wherever they are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lutrace.core import EstimationError
from lutrace.stats.arrays import FloatArray

_MAX_STEPS = 60
_SETTLED = 1e-9
"""Last step, in standard errors at zero, at which the maximum counts as found: the next would be about its square."""
_SPENT = 1e-9
_REPEATED = 1e-10
"""Smallest eigenvalue of the scaled information at which columns count as combinations of one another."""
_INVOLVED = 1e-3
"""Part of a term in a direction (of length 1) from which on it is named."""


@dataclass(frozen=True, eq=False)
class Sums:
    """The log likelihood at given coefficients, its gradient (p,) and its information (p, p).

    All are sums over rows (or strata): those of several places add up to those of all.
    """

    loglik: float
    gradient: FloatArray
    information: FloatArray


@dataclass(frozen=True, eq=False)
class Maximum:
    """The most likely coefficients (p,), the sums there and at zero, and how many steps it took."""

    coef: FloatArray
    sums: Sums
    at_zero: Sums
    n_steps: int

    @property
    def covariance(self) -> FloatArray:
        """The inverse information, (p, p)."""
        return invert(self.sums.information)


def invert(information: FloatArray) -> FloatArray:
    """The inverse of an information, scaled before so that units do not matter."""
    scale = np.sqrt(np.diag(information))
    both = np.outer(scale, scale)
    return np.asarray(np.linalg.inv(information / both) / both, dtype=np.float64)


def maximise_sums(ask: Callable[[FloatArray], Sums], terms: Sequence[str], *, spent: float = _SPENT) -> Maximum:
    """The most likely coefficients, by Newton's method with halved steps from zero.

    `ask` gives the sums at coefficients (p,), which are in the order of `terms`. Below the share `spent` of its
    information at zero a direction counts as one in which the likelihood only grows.

    Raises:
        EstimationError: a term has no information, repeats others, or separates the outcomes.

    >>> found = maximise_sums(lambda at: Sums(-float((at - 1) @ (at - 1)), 2 * (1 - at), 2 * np.eye(1)), ["x"])
    >>> found.coef.tolist()
    [1.0]
    """
    coef = np.zeros(len(terms))
    found = at_zero = ask(coef)
    empty = [term for term, size in zip(terms, np.diag(found.information), strict=True) if not size > 0]
    if empty:
        raise EstimationError(f"{', '.join(empty)} does not vary where there is anything to compare; drop it")
    reference = np.sqrt(np.diag(found.information))
    check_directions(found, reference, terms, least=_REPEATED, fault="are combinations of one another; drop one")
    for n_steps in range(1, _MAX_STEPS + 1):
        scaled = found.information / np.outer(reference, reference)
        step = np.asarray(np.linalg.solve(scaled, found.gradient / reference) / reference, dtype=np.float64)
        tried = ask(coef + step)
        while not tried.loglik >= found.loglik - 1e-10 * abs(found.loglik):
            step = step / 2
            tried = ask(coef + step)
        coef, found = coef + step, tried
        check_directions(found, reference, terms, least=spent, fault="separate the outcomes; use Firth's penalty")
        if float(np.abs(step * reference).max()) < _SETTLED:
            return Maximum(coef, found, at_zero, n_steps)
    raise EstimationError(f"the model of {', '.join(terms)} does not settle; standardise or drop covariates")


def check_directions(found: Sums, reference: FloatArray, terms: Sequence[str], *, least: float, fault: str) -> None:
    """Refuse a direction that has (almost) no information, by the terms that have a part in it."""
    values, vectors = np.linalg.eigh(found.information / np.outer(reference, reference))
    if not values[0] > least:
        involved = [term for term, part in zip(terms, np.abs(vectors[:, 0]), strict=True) if part > _INVOLVED]
        raise EstimationError(f"covariates {', '.join(involved)} {fault}")
