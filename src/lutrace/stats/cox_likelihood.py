"""The Cox partial likelihood with its gradient and information, per stratum, and its maximum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.observations import FloatArray, IntArray, Survival, covariate_matrix, stratum_rows
from lutrace.stats.risk_sets import RiskSets, find_risk_sets

Ties = Literal["efron", "breslow"]
_MAX_STEPS = 25
_SETTLED = 1e-9
"""Newton's last step, in standard deviations of each covariate, below which the maximum counts as found."""
_STILL_MOVING = 1e-3


class MonotoneLikelihoodError(EstimationError):
    """The partial likelihood has no maximum: at least one coefficient grows without bound (separation)."""

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


@dataclass(frozen=True, eq=False)
class Stratum:
    """One stratum of a Cox model: its rows, their covariates, and its risk sets."""

    rows: IntArray
    covariates: FloatArray
    sets: RiskSets


@dataclass(frozen=True, eq=False)
class Averages:
    """Per term of a stratum at given coefficients: one over the weight at risk, and the mean covariates (terms, p)."""

    weights: FloatArray
    """Relative hazard of each row, up to one factor."""
    inverse: FloatArray
    means: FloatArray
    loglik: float


def compute_cox_score(
    survival: Survival, covariates: Any, *, coef: Any, strata: Any = None, ties: Ties = "efron"
) -> CoxScore:
    """The log partial likelihood with gradient and information at `coef` (log hazard ratio per unit of a covariate).

    Args:
        survival: follow-up of n patients.
        covariates: shape (n, p).
        coef: shape (p,).
        strata: label of each patient's stratum, or None.
        ties: Efron's or Breslow's rule for tied events.

    Raises:
        UnusableInputError: shapes differ, or a value is missing.
        EstimationError: there are no events.

    Source: Cox 1972; Efron 1977, JASA 72:557; Breslow 1974.
    """
    at = np.asarray(coef, dtype=np.float64)
    matrix = covariate_matrix(covariates, [f"covariate {number + 1}" for number in range(at.size)], survival.n)
    return sum_scores([score_stratum(part, at) for part in find_strata(survival, matrix, strata=strata, ties=ties)])


def find_strata(survival: Survival, covariates: FloatArray, *, strata: Any, ties: Ties) -> tuple[Stratum, ...]:
    """The strata that hold events, ready to be scored; EstimationError when none does."""
    if ties not in ("efron", "breslow"):
        raise UnusableInputError(f"ties must be efron or breslow, got {ties}")
    found = []
    for rows in stratum_rows(strata, survival.n):
        sets = find_risk_sets(survival, rows, efron=ties == "efron")
        if sets is not None:
            found.append(Stratum(rows, covariates[rows], sets))
    if not found:
        raise EstimationError(f"a Cox model needs events, found none in {survival.n} patients")
    return tuple(found)


def average_stratum(stratum: Stratum, coef: FloatArray) -> Averages:
    """The covariate means over each term's risk set, weighted by the relative hazards at `coef`."""
    sets, x = stratum.sets, stratum.covariates
    eta = x @ coef
    eta = eta - eta.max()
    weights = np.exp(eta)
    weighted = weights[:, None] * x
    totals = sets.sum_at_risk(weights)[sets.group] - sets.share * sets.sum_events(weights)[sets.group]
    sums = sets.sum_at_risk(weighted)[sets.group] - sets.share[:, None] * sets.sum_events(weighted)[sets.group]
    # A step that is far too long empties a risk set (weight 0, likelihood -inf); the search then halves it.
    with np.errstate(divide="ignore", invalid="ignore"):
        loglik = float(eta[sets.event_rows].sum() - np.log(totals).sum())
        return Averages(weights, 1 / totals, sums / totals[:, None], loglik)


def score_stratum(stratum: Stratum, coef: FloatArray) -> CoxScore:
    """Likelihood, gradient and information of one stratum at `coef`."""
    found = average_stratum(stratum, coef)
    x = stratum.covariates
    gradient = x[stratum.sets.event_rows].sum(axis=0) - found.means.sum(axis=0)
    return CoxScore(found.loglik, gradient, sum_variances(stratum, found, np.ones(found.inverse.size)))


def sum_variances(stratum: Stratum, averages: Averages, term_weights: FloatArray) -> FloatArray:
    """The weighted sum over terms of the covariates' covariance within the risk set, (p, p)."""
    x = stratum.covariates
    exposure = averages.weights * stratum.sets.collect(averages.inverse * term_weights)
    summed: FloatArray = (x * exposure[:, None]).T @ x - (averages.means * term_weights[:, None]).T @ averages.means
    return summed


def sum_scores(scores: Sequence[CoxScore]) -> CoxScore:
    """The score of all strata together."""
    return CoxScore(
        float(sum(score.loglik for score in scores)),
        np.sum([score.gradient for score in scores], axis=0),
        np.sum([score.information for score in scores], axis=0),
    )


@dataclass(frozen=True, eq=False)
class Maximum:
    """The coefficients that maximise the likelihood, on the scale of the strata's covariates, and the score at 0."""

    coef: FloatArray
    at_maximum: CoxScore
    at_zero: CoxScore
    n_steps: int


def maximise(strata: Sequence[Stratum], terms: Sequence[str]) -> Maximum:
    """The maximum of the partial likelihood by Newton's method with halved steps; covariates must be standardised.

    Raises:
        EstimationError: a covariate does not vary within the risk sets, or is a combination of others.
        MonotoneLikelihoodError: the likelihood grows without bound.
    """
    coef: FloatArray = np.zeros(len(terms))
    at_zero = score = sum_scores([score_stratum(stratum, coef) for stratum in strata])
    check_separate(at_zero.information, terms)
    step = np.zeros(len(terms))
    for n_steps in range(1, _MAX_STEPS + 1):
        try:
            step = np.asarray(np.linalg.solve(score.information, score.gradient), dtype=np.float64)
        except np.linalg.LinAlgError:
            break
        coef, score = _climb(strata, coef, step, score.loglik)
        if np.abs(step).max() < _SETTLED:
            return Maximum(coef, score, at_zero, n_steps)
    moving = np.abs(step) > _STILL_MOVING * np.abs(step).max()
    raise MonotoneLikelihoodError([term for term, moves in zip(terms, moving, strict=True) if moves])


def _climb(strata: Sequence[Stratum], coef: FloatArray, step: FloatArray, loglik: float) -> tuple[FloatArray, CoxScore]:
    """The next point of Newton's way: the step, halved until the likelihood does not fall."""
    for halving in range(11):
        tried = coef + step / 2**halving
        score = sum_scores([score_stratum(stratum, tried) for stratum in strata])
        if score.loglik >= loglik - 1e-9 * abs(loglik):
            break
    return tried, score


def check_separate(information: FloatArray, terms: Sequence[str]) -> None:
    """Refuse covariates that do not vary within the risk sets, or are combinations of one another."""
    diagonal = np.diag(information)
    scale = np.sqrt(np.maximum(diagonal, 0))
    flat = [term for term, size in zip(terms, scale, strict=True) if size < 1e-8]
    if flat:
        raise EstimationError(
            f"covariate {', '.join(flat)} does not vary among the patients at risk at any event; "
            "drop it from the model or choose other strata"
        )
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    if values[0] < 1e-10:
        involved = [term for term, size in zip(terms, np.abs(vectors[:, 0]), strict=True) if size > 1e-3]
        raise EstimationError(f"covariates {', '.join(involved)} are combinations of one another; drop one of them")
