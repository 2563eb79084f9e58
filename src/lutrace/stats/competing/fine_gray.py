"""The subdistribution hazards model of Fine and Gray, with the sandwich that knows its weights are estimated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    as_floats,
    as_ratios,
    check_level,
    covariate_matrix,
    finite_vector,
)
from lutrace.stats.competing.observations import CompetingRisks

MIN_EVENTS_PER_TERM = 10
"""Peduzzi et al. 1995, taken over to this model."""
_MAX_STEPS = 50
_SETTLED = 1e-11
"""Newton's last step, in standard errors, below which the maximum counts as found."""
_RUNAWAY = 30.0
"""Log subdistribution hazard ratio per standard deviation from which on there is no maximum."""


@dataclass(frozen=True, eq=False)
class FineGrayFit:
    """A fitted subdistribution hazards model; tuples run over `terms`.

    `coef` is the log subdistribution hazard ratio per unit of a covariate; `low` and `high` bound the ratio. `se` is
    the sandwich of Fine and Gray, which counts the error of the censoring weights (R cmprsk `crr`); `naive_se` the
    inverse information, too large or too small by a fifth in examples, shown for comparison only.
    """

    cause: str
    terms: tuple[str, ...]
    coef: tuple[float, ...]
    se: tuple[float, ...]
    naive_se: tuple[float, ...]
    hazard_ratio: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    z: tuple[float, ...]
    p: tuple[float, ...]
    covariance: FloatArray
    n: int
    n_events: int
    n_competing: int
    events_per_term: float
    level: float
    loglik_null: float
    loglik: float
    baseline_time: FloatArray
    baseline_hazard: FloatArray
    """Jump of the baseline cumulative subdistribution hazard (all covariates 0) at each time of an event."""
    warnings: tuple[str, ...]
    method: str

    def predict(self, covariates: Any, times: Any) -> FloatArray:
        """The cumulative incidence of the cause (0 to 1): a row per row of covariates, a column per time.

        Raises:
            UnusableInputError: a wrong shape or a missing value.
        """
        matrix = np.atleast_2d(np.asarray(covariates, dtype=np.float64))
        matrix = covariate_matrix(matrix, self.terms, matrix.shape[0])
        asked = finite_vector(times, "times")
        cumulative = np.concatenate([[0.0], np.cumsum(self.baseline_hazard)])
        base = cumulative[np.searchsorted(self.baseline_time, asked, side="right")]
        incidence: FloatArray = -np.expm1(-np.exp(matrix @ np.array(self.coef))[:, None] * base)
        return incidence


@dataclass(frozen=True, eq=False)
class _Sets:
    """Subdistribution risk sets, over the distinct times of follow-up and the times of events among them."""

    place: IntArray
    """Step of each row."""
    event_steps: IntArray
    """Steps at which the cause occurs."""
    n_events: FloatArray
    """Events of the cause at each of these."""
    is_event: BoolArray
    is_competing: BoolArray
    is_censored: BoolArray
    censoring: FloatArray
    """Probability not to be censored before each step (left limit)."""
    at_risk: FloatArray
    n_steps: int

    def up_to(self, values: FloatArray) -> FloatArray:
        """The sum of a quantity per event time over the events at or before each step, after a leading zero."""
        return np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])[self._reached]

    @property
    def _reached(self) -> IntArray:
        return np.searchsorted(self.event_steps, np.arange(self.n_steps), side="right")

    def sum_at_risk(self, values: FloatArray) -> FloatArray:
        """The weighted sum of a row quantity over the subdistribution risk set of each event time."""
        present = _sum_rows(self.place, values, self.n_steps)
        waiting = values / self.censoring[self.place].reshape(-1, *[1] * (values.ndim - 1))
        gone = _sum_rows(self.place[self.is_competing], waiting[self.is_competing], self.n_steps)
        still = np.cumsum(present[::-1], axis=0)[::-1][self.event_steps]
        before = (np.cumsum(gone, axis=0) - gone)[self.event_steps]
        return still + before * self.censoring[self.event_steps].reshape(-1, *[1] * (values.ndim - 1))


@dataclass(frozen=True, eq=False)
class _At:
    """The likelihood at given coefficients."""

    loglik: float
    gradient: FloatArray
    information: FloatArray
    risk: FloatArray
    mean: FloatArray
    jump: FloatArray
    top: float
    """The largest linear predictor: `risk` and `jump` are relative to its exponential."""


def fit_fine_gray(
    follow_up: CompetingRisks, covariates: Any, *, terms: Sequence[str], cause: str, level: float = 0.95
) -> FineGrayFit:
    """The subdistribution hazards model of one cause, with Wald intervals from the sandwich.

    Patients with another event stay in the risk set with weight G(t-) / G(T-), G the Kaplan-Meier curve of censoring;
    ties are Breslow's: the convention of R cmprsk `crr`. (R survival `finegray` with `coxph` is a second one: build its
    rows with `make_fine_gray_rows`; on mgus2 the two differ in the third digit.)

    Args:
        follow_up: follow-up to the first event, without delayed entry.
        covariates: shape (n, p), known at time zero, without gaps.
        terms: the p names.
        cause: the cause that is modelled.
        level: confidence level.

    Raises:
        UnusableInputError: delayed entry, a wrong shape, a missing value, an unknown cause.
        EstimationError: no events, a covariate that does not vary or repeats others, or no maximum.

    Source: Fine and Gray 1999, JASA 94:496.

    >>> from lutrace.stats.competing.observations import competing_of
    >>> seen = competing_of([1, 2, 3, 4, 5, 6], ["x", "y", "x", "no", "x", "no"], censored="no")
    >>> fit_fine_gray(seen, [1, 0, 0, 1, 1, 0], terms=["arm"], cause="x").n_events
    3
    """
    check_level(level)
    if follow_up.entry is not None:
        raise UnusableInputError("Fine and Gray's sandwich takes no delayed entry; use make_fine_gray_rows and fit_cox")
    matrix = covariate_matrix(covariates, terms, follow_up.n)
    sets = _find_sets(follow_up, follow_up.events_of(cause))
    scale = matrix.std(axis=0)
    flat = [term for term, width in zip(terms, scale, strict=True) if width == 0]
    if flat:
        raise EstimationError(f"{', '.join(flat)} has one value in all patients; leave it out")
    centre = matrix.mean(axis=0)
    standard = (matrix - centre) / scale
    coef, null, found = _maximise(sets, standard, terms)
    inverse = np.linalg.inv(found.information)
    influence = _compute_influence(sets, standard, found)
    covariance = inverse @ (influence.T @ influence) @ inverse / np.outer(scale, scale)
    naive = np.sqrt(np.diag(inverse)) / scale
    coef = coef / scale
    se, width = np.sqrt(np.diag(covariance)), float(ndtri(0.5 + level / 2))
    z, n_events = coef / se, int(sets.n_events.sum())
    times = np.unique(follow_up.time)[sets.event_steps]
    return FineGrayFit(
        cause=cause,
        terms=tuple(terms),
        coef=as_floats(coef),
        se=as_floats(se),
        naive_se=as_floats(naive),
        hazard_ratio=as_ratios(coef),
        low=as_ratios(coef - width * se),
        high=as_ratios(coef + width * se),
        z=as_floats(z),
        p=as_floats(2 * ndtr(-np.abs(z))),
        covariance=covariance,
        n=follow_up.n,
        n_events=n_events,
        n_competing=int(sets.is_competing.sum()),
        events_per_term=n_events / len(terms),
        level=level,
        loglik_null=null,
        loglik=found.loglik,
        baseline_time=times,
        baseline_hazard=found.jump * np.exp(-found.top - centre @ coef),
        warnings=_find_warnings(n_events, len(terms)),
        method="Fine and Gray, Breslow ties, sandwich error with estimated censoring weights (as cmprsk crr)",
    )


def _find_warnings(n_events: int, n_terms: int) -> tuple[str, ...]:
    if n_events < MIN_EVENTS_PER_TERM * n_terms:
        return (f"{n_events} events for {n_terms} terms: fewer than {MIN_EVENTS_PER_TERM} per term",)
    return ()


def _sum_rows(place: IntArray, values: FloatArray, n_steps: int) -> FloatArray:
    if values.ndim == 1:
        return np.bincount(place, weights=values, minlength=n_steps).astype(np.float64, copy=False)
    return np.column_stack([np.bincount(place, weights=column, minlength=n_steps) for column in values.T])


def _find_sets(follow_up: CompetingRisks, is_event: BoolArray) -> _Sets:
    times, place = np.unique(follow_up.time, return_inverse=True)
    left = np.bincount(place, minlength=times.size)
    at_risk = np.cumsum(left[::-1])[::-1].astype(np.float64)
    is_censored = follow_up.cause == 0
    censored = np.bincount(place[is_censored], minlength=times.size)
    events = np.bincount(place[is_event], minlength=times.size)
    after = np.cumprod(1 - censored / at_risk)
    steps = np.flatnonzero(events)
    return _Sets(
        place=place,
        event_steps=steps,
        n_events=events[steps].astype(np.float64),
        is_event=is_event,
        is_competing=~is_event & ~is_censored,
        is_censored=is_censored,
        censoring=np.concatenate([[1.0], after[:-1]]),
        at_risk=at_risk,
        n_steps=times.size,
    )


def _evaluate(sets: _Sets, covariates: FloatArray, coef: FloatArray) -> _At:
    linear = covariates @ coef
    top = float(linear.max())
    risk = np.exp(linear - top)
    total = sets.sum_at_risk(risk)
    mean = sets.sum_at_risk(risk[:, None] * covariates) / total[:, None]
    jump = sets.n_events / total
    exposure = risk * _time_at_risk(sets, jump)
    information = (covariates * exposure[:, None]).T @ covariates - (mean * sets.n_events[:, None]).T @ mean
    gradient = covariates[sets.is_event].sum(axis=0) - sets.n_events @ mean
    loglik = float(linear[sets.is_event].sum() - sets.n_events @ (np.log(total) + top))
    return _At(loglik, gradient, information, risk, mean, jump, top)


def _time_at_risk(sets: _Sets, jump: FloatArray) -> FloatArray:
    """Each row's weighted sum of a quantity per event time over the events in whose risk set it is."""
    until = sets.up_to(jump)[sets.place]
    kept = jump * sets.censoring[sets.event_steps].reshape(-1, *[1] * (jump.ndim - 1))
    summed = sets.up_to(kept)
    rest = (summed[-1] - summed)[sets.place]
    rest = rest / sets.censoring[sets.place].reshape(-1, *[1] * (jump.ndim - 1))
    waiting = sets.is_competing.reshape(-1, *[1] * (jump.ndim - 1))
    return until + np.where(waiting, rest, 0.0)


def _maximise(sets: _Sets, covariates: FloatArray, terms: Sequence[str]) -> tuple[FloatArray, float, _At]:
    """Newton's steps, halved while the likelihood falls."""
    coef = np.zeros(covariates.shape[1])
    found = _evaluate(sets, covariates, coef)
    null = found.loglik
    for _ in range(_MAX_STEPS):
        values = np.linalg.eigvalsh(found.information)
        if values[0] <= 1e-10 * values[-1]:
            raise EstimationError(f"{', '.join(terms)}: collinear, or they separate the events; leave a term out")
        step = np.linalg.solve(found.information, found.gradient)
        settled = float(step @ found.information @ step) < _SETTLED**2
        after = _evaluate(sets, covariates, coef + step)
        while not settled and not after.loglik >= found.loglik and np.abs(step).max() > 1e-12:
            step = step / 2
            after = _evaluate(sets, covariates, coef + step)
        coef, found = coef + step, after
        if np.abs(coef).max() > _RUNAWAY:
            name = terms[int(np.abs(coef).argmax())]
            raise EstimationError(f"{name} separates the events: there is no finite subdistribution hazard ratio")
        if settled:
            return coef, null, found
    raise EstimationError(f"Newton's method did not settle in {_MAX_STEPS} steps; check the covariates for outliers")


def _compute_influence(sets: _Sets, covariates: FloatArray, found: _At) -> FloatArray:
    """Each row's part in the score, (n, p), with what it adds through the censoring curve."""
    own = np.zeros_like(covariates)
    step_mean = np.zeros((sets.n_steps, covariates.shape[1]))
    step_mean[sets.event_steps] = found.mean
    own[sets.is_event] = (covariates - step_mean[sets.place])[sets.is_event]
    spent = _time_at_risk(sets, found.jump)
    spent_mean = _time_at_risk(sets, found.jump[:, None] * found.mean)
    score = own - found.risk[:, None] * (covariates * spent[:, None] - spent_mean)
    return score + _compute_censoring_influence(sets, covariates, found)


def _compute_censoring_influence(sets: _Sets, covariates: FloatArray, found: _At) -> FloatArray:
    """What each row's censoring, or being at risk of it, moves in the weights of those who wait (Fine and Gray)."""
    kept = found.jump * sets.censoring[sets.event_steps]
    reached = np.searchsorted(sets.event_steps, np.arange(sets.n_steps), side="left")
    ahead, ahead_mean = (
        np.concatenate([np.cumsum(part[::-1], axis=0)[::-1], np.zeros_like(part[:1])])[reached]
        for part in (kept, kept[:, None] * found.mean)
    )
    weight = np.where(sets.is_competing, found.risk / sets.censoring[sets.place], 0.0)
    waiting = _sum_rows(sets.place, weight, sets.n_steps)
    waiting_sum = _sum_rows(sets.place, weight[:, None] * covariates, sets.n_steps)
    waiting, waiting_sum = np.cumsum(waiting) - waiting, np.cumsum(waiting_sum, axis=0) - waiting_sum
    pull = (waiting_sum * ahead[:, None] - waiting[:, None] * ahead_mean) / sets.at_risk[:, None]
    censored = np.bincount(sets.place[sets.is_censored], minlength=sets.n_steps)
    passed = np.cumsum(pull * (censored / sets.at_risk)[:, None], axis=0)
    influence: FloatArray = np.where(sets.is_censored[:, None], pull[sets.place], 0.0) - passed[sets.place]
    return influence
