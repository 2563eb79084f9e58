"""Cox and logistic models over sites: each site's sums, and the coefficients of all sites together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, ndtr, ndtri

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import (
    FloatArray,
    as_floats,
    as_ratios,
    check_level,
    covariate_matrix,
    finite_vector,
    refuse_rows,
)
from lutrace.stats.cox.likelihood import compute_cox_score
from lutrace.stats.cox.risk_order import Ties
from lutrace.stats.federated.disclosure import SitePolicy, check_site
from lutrace.stats.federated.messages import Message, SumsMessage, make_sums_message
from lutrace.stats.logit import compute_logit_sums
from lutrace.stats.newton import Sums, invert, maximise_sums
from lutrace.stats.survival.observations import Survival

INTERCEPT = "intercept"
_MAX_STEPS = 100
_LONGEST = 5.0
"""Longest change of a linear predictor's coefficient, in standard errors at zero, in one step of Firth's fit."""
_SPENT = 1e-4
"""Share of the information at zero below which terms separate the outcomes: found before a site refuses to go on."""
Site = Callable[[tuple[float, ...]], SumsMessage]
"""Asks one site for its sums at coefficients: a call here, a transport in practice."""


@dataclass(frozen=True)
class LeverageMessage(Message):
    """A site's part of Firth's correction of the gradient, p numbers."""

    terms: tuple[str, ...]
    correction: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class FederatedFit:
    """A model over all sites; tuples run over `terms`, coefficients are per unit of a covariate, on the log scale.

    `ratio`, `low` and `high` are hazard (or odds) ratios with Wald intervals. `n_rounds` counts how often each site
    was asked, `n_numbers` how many numbers each sent in all.
    """

    terms: tuple[str, ...]
    coef: tuple[float, ...]
    se: tuple[float, ...]
    ratio: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    p: tuple[float, ...]
    covariance: FloatArray
    loglik: float
    loglik_null: float
    n: int
    n_events: int
    n_sites: int
    n_rounds: int
    n_numbers: int
    level: float
    method: str


def answer_cox(
    survival: Survival,
    covariates: Any,
    *,
    terms: Sequence[str],
    coef: Sequence[float],
    policy: SitePolicy,
    ties: Ties = "efron",
) -> SumsMessage:
    """A site's sums of the Cox partial likelihood at `coef`, for a model in which each site is a stratum.

    Raises:
        UnusableInputError: shapes differ, or a value is missing.
        DisclosureError: the site is too small for its sums to leave it.

    >>> from lutrace.stats import survival_of
    >>> follow_up = survival_of(range(1, 41), [1] * 40)
    >>> stage = [number % 4 > 1 for number in range(40)]
    >>> message = answer_cox(follow_up, stage, terms=["stage"], coef=[0.0], policy=SitePolicy())
    >>> message.n_numbers
    5
    """
    matrix = covariate_matrix(covariates, terms, survival.n)
    at = finite_vector(coef, "coef", size=len(terms))
    check_site(matrix, terms, survival.event, coef=at, policy=policy)
    found = compute_cox_score(survival, matrix, coef=at, ties=ties)
    sums = Sums(found.loglik, found.gradient, found.information)
    return make_sums_message(sums, tuple(terms), n=survival.n, n_events=survival.n_events)


def answer_logistic(
    outcome: Any, covariates: Any, *, terms: Sequence[str], coef: Sequence[float], policy: SitePolicy
) -> SumsMessage:
    """A site's sums of the logistic likelihood at `coef` (the intercept first, then `terms`), outcomes 0 or 1.

    Errors are those of `answer_cox`; events are the rarer outcome.
    """
    values, design, at = _check_logistic(outcome, covariates, terms, coef, policy)
    names = (INTERCEPT, *terms)
    return make_sums_message(compute_logit_sums(design, values, at), names, n=values.size, n_events=int(values.sum()))


def answer_leverages(
    outcome: Any,
    covariates: Any,
    *,
    terms: Sequence[str],
    coef: Sequence[float],
    covariance: FloatArray,
    policy: SitePolicy,
) -> LeverageMessage:
    """The second round of a step of Firth's logistic model: the correction by leverages, given all sites' covariance.

    Source: Firth 1993, Biometrika 80:27; Heinze and Schemper 2002, Stat Med 21:2409.
    """
    _, design, at = _check_logistic(outcome, covariates, terms, coef, policy)
    probability = np.asarray(expit(design @ at), dtype=np.float64)
    leverage = probability * (1 - probability) * np.einsum("ij,jk,ik->i", design, covariance, design)
    correction = design.T @ (leverage * (0.5 - probability))
    return LeverageMessage((INTERCEPT, *terms), tuple(correction.tolist()))


def fit_federated(sites: Sequence[Site], *, terms: Sequence[str], level: float = 0.95) -> FederatedFit:
    """The model of all sites: the sums of `answer_cox` (sites are strata) or `answer_logistic` added up, by Newton.

    The coefficients are those of the pooled rows (Cox: with a stratum per site) but for rounding.

    Args:
        sites: one function per site that gives its message at coefficients.
        terms: the coefficients' names, as in the messages (logistic: `intercept` first).
        level: confidence level.

    Raises:
        UnusableInputError: fewer than two sites, or a site answers with other terms.
        EstimationError: terms repeat one another, or separate the outcomes.
        DisclosureError: a site refuses.

    Source: Lu et al. 2015 (WebDISCO), J Am Med Inform Assoc 22:1212, with each site a stratum.
    """
    check_level(level)
    asked = _Asked(sites, tuple(terms))
    found = maximise_sums(asked.ask, terms, spent=_SPENT)
    return _complete(asked, found.coef, found.covariance, (found.sums.loglik, found.at_zero.loglik), level=level)


def fit_federated_firth(
    sites: Sequence[Site],
    leverages: Sequence[Callable[[tuple[float, ...], FloatArray], LeverageMessage]],
    *,
    terms: Sequence[str],
    level: float = 0.95,
) -> FederatedFit:
    """Firth's logistic model of all sites, two questions a step: sums, then the correction by leverages.

    Coefficients are those of the pooled rows but for rounding. Errors and intervals are Wald's, of the inverse
    information at the estimate; where events are separated they only describe. Log likelihoods are penalised.

    Args:
        sites: per site its sums at coefficients (`answer_logistic`).
        leverages: per site its correction at coefficients and covariance (`answer_leverages`), same order.
        terms: the coefficients' names, `intercept` first.
        level: confidence level.

    Raises:
        UnusableInputError: fewer than two sites, or a site answers with other terms.
        EstimationError: terms repeat one another, or no maximum is found.
        DisclosureError: a site refuses.
    """
    check_level(level)
    asked = _Asked(sites, tuple(terms))
    coef = np.zeros(len(terms))
    found = asked.ask(coef)
    null, reference = _penalised(found), np.sqrt(np.diag(found.information))
    if not np.linalg.eigvalsh(found.information / np.outer(reference, reference))[0] > 1e-10:
        raise EstimationError(f"{', '.join(terms)} repeat one another over all sites; drop one")
    for _ in range(_MAX_STEPS):
        covariance = invert(found.information)
        given = [site(tuple(coef.tolist()), covariance) for site in leverages]
        asked.n_numbers += given[0].n_numbers
        asked.n_rounds += 1
        correction = np.sum([one.correction for one in given], axis=0)
        step = covariance @ (found.gradient + correction)
        step = step * min(1.0, _LONGEST / float(np.abs(step * reference).max(initial=1e-300)))
        tried = asked.ask(coef + step)
        while not _penalised(tried) >= _penalised(found) - 1e-10 * abs(_penalised(found)):
            step = step / 2
            tried = asked.ask(coef + step)
        coef, found = coef + step, tried
        if float(np.abs(step * reference).max()) < 1e-11:
            return _complete(
                asked, coef, invert(found.information), (_penalised(found), null), level=level, said="Firth's penalty, "
            )
    raise EstimationError(f"Firth's model of {', '.join(terms)} does not settle; drop a covariate")


class _Asked:
    """All sites as one: their sums added up, and what was exchanged for them."""

    def __init__(self, sites: Sequence[Site], terms: tuple[str, ...]) -> None:
        if len(sites) < 2:
            raise UnusableInputError(f"a federated model needs at least 2 sites, got {len(sites)}")
        self.sites, self.terms = sites, terms
        self.n = self.n_events = self.n_rounds = self.n_numbers = 0

    def ask(self, coef: FloatArray) -> Sums:
        """The sums over all sites at `coef`."""
        messages = [site(tuple(coef.tolist())) for site in self.sites]
        for number, message in enumerate(messages, start=1):
            if message.terms != self.terms:
                raise UnusableInputError(f"site {number} answers with the terms {message.terms}, asked {self.terms}")
        self.n, self.n_events = (sum(getattr(one, name) for one in messages) for name in ("n", "n_events"))
        self.n_rounds += 1
        self.n_numbers += messages[0].n_numbers
        parts = [message.to_sums() for message in messages]
        return Sums(
            float(np.sum([one.loglik for one in parts])),
            np.sum([one.gradient for one in parts], axis=0),
            np.sum([one.information for one in parts], axis=0),
        )


def _check_logistic(
    outcome: Any, covariates: Any, terms: Sequence[str], coef: Sequence[float], policy: SitePolicy
) -> tuple[FloatArray, FloatArray, FloatArray]:
    values = finite_vector(outcome, "outcome")
    refuse_rows(~np.isin(values, (0.0, 1.0)), "outcome must be 0 or 1")
    matrix = covariate_matrix(covariates, terms, values.size)
    at = finite_vector(coef, "coef", size=len(terms) + 1)
    rarer = values == (1.0 if 2 * values.sum() <= values.size else 0.0)
    check_site(matrix, terms, rarer, coef=at[1:], policy=policy)
    return values, np.column_stack([np.ones(values.size), matrix]), at


def _penalised(found: Sums) -> float:
    return found.loglik + 0.5 * float(np.linalg.slogdet(found.information)[1])


def _complete(
    asked: _Asked,
    coef: FloatArray,
    covariance: FloatArray,
    logliks: tuple[float, float],
    *,
    level: float,
    said: str = "",
) -> FederatedFit:
    se, z = np.sqrt(np.diag(covariance)), float(ndtri(0.5 + level / 2))
    with np.errstate(over="ignore"):
        ratio, low, high = (as_ratios(values) for values in (coef, coef - z * se, coef + z * se))
    return FederatedFit(
        terms=asked.terms,
        coef=as_floats(coef),
        se=as_floats(se),
        ratio=ratio,
        low=low,
        high=high,
        p=as_floats(2 * ndtr(-np.abs(coef / se))),
        covariance=covariance,
        loglik=logliks[0],
        loglik_null=logliks[1],
        n=asked.n,
        n_events=asked.n_events,
        n_sites=len(asked.sites),
        n_rounds=asked.n_rounds,
        n_numbers=asked.n_numbers,
        level=level,
        method=f"{said}sums of {len(asked.sites)} sites, Newton's method; sites send sums only",
    )
