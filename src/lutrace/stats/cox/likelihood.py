"""The Cox partial likelihood with its gradient and information, per stratum, and its maximum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import FloatArray, IntArray, covariate_matrix
from lutrace.stats.survival.observations import Survival, stratum_rows
from lutrace.stats.survival.risk_sets import RiskSets, find_risk_sets

Ties = Literal["efron", "breslow"]
_MAX_STEPS = 50
_SETTLED = 1e-9
"""Newton's last step, in standard deviations of each covariate, below which the maximum counts as found."""
_SPENT = 1e-9
"""Share of the information at zero below which a direction is one in which the likelihood only grows."""
_INVOLVED = 1e-3
"""Part of a covariate in a direction (of length 1) from which on it is named."""
_EMPTY = 1e150
"""One over the weight of a risk set, relative to the heaviest row, from which on rounding decides."""
_FLAT = 1e-12
"""Mean variance within risk sets, of a standardised covariate, that is rounding only."""


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
    # A step that is far too long all but empties a risk set of weight: such a point counts as impossible, and the
    # search halves the step.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        loglik = float(eta[sets.event_rows].sum() - np.log(totals).sum())
        means = sums / totals[:, None]
        inverse = 1 / totals
    return Averages(weights, inverse, means, loglik if (inverse < _EMPTY).all() else -np.inf)


def score_stratum(stratum: Stratum, coef: FloatArray) -> CoxScore:
    """Likelihood, gradient and information of one stratum at `coef`."""
    return _score(stratum, average_stratum(stratum, coef))


def _score(stratum: Stratum, found: Averages) -> CoxScore:
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
    check_separate(at_zero.information, terms, n_events=sum(part.sets.group.size for part in strata))
    for n_steps in range(1, _MAX_STEPS + 1):
        step = np.asarray(np.linalg.solve(score.information, score.gradient), dtype=np.float64)
        coef, score = _climb(strata, coef, step, score.loglik)
        if not _has_information(score, at_zero):
            break
        if np.abs(step).max() < _SETTLED:
            return Maximum(coef, score, at_zero, n_steps)
    weak = np.abs(_scaled_eigen(score, at_zero)[1][:, 0])
    raise MonotoneLikelihoodError([term for term, part in zip(terms, weak, strict=True) if part > _INVOLVED])


def _has_information(score: CoxScore, at_zero: CoxScore) -> bool:
    """Whether, compared with the start, information is left in every direction; without it the way has no end."""
    return bool(_scaled_eigen(score, at_zero)[0][0] >= _SPENT)


def _scaled_eigen(score: CoxScore, at_zero: CoxScore) -> tuple[FloatArray, FloatArray]:
    scale = np.sqrt(np.diag(at_zero.information))
    values, vectors = np.linalg.eigh(score.information / np.outer(scale, scale))
    return np.asarray(values, dtype=np.float64), np.asarray(vectors, dtype=np.float64)


def _climb(strata: Sequence[Stratum], coef: FloatArray, step: FloatArray, loglik: float) -> tuple[FloatArray, CoxScore]:
    """The next point of Newton's way: the step, halved until the likelihood does not fall."""
    tried, found = coef + step, [average_stratum(stratum, coef + step) for stratum in strata]
    while sum(part.loglik for part in found) < loglik - 1e-9 * abs(loglik):
        step = step / 2
        tried, found = coef + step, [average_stratum(stratum, coef + step) for stratum in strata]
    return tried, sum_scores([_score(stratum, part) for stratum, part in zip(strata, found, strict=True)])


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
    if values[0] < 1e-10:
        involved = [term for term, size in zip(terms, np.abs(vectors[:, 0]), strict=True) if size > _INVOLVED]
        raise EstimationError(f"covariates {', '.join(involved)} are combinations of one another; drop one of them")
