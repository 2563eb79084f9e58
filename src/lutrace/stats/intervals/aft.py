"""Accelerated failure time models for exact, censored and interval-censored times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray, as_floats, as_ratios, check_level, covariate_matrix
from lutrace.stats.intervals.distributions import DISTRIBUTIONS, Distribution, DistributionName
from lutrace.stats.intervals.observations import IntervalTimes
from lutrace.stats.survival.observations import row_weights

INTERCEPT = "intercept"
MIN_EVENTS_PER_TERM = 10
_MAX_STEPS = 100
_FLAT = 1e-12
"""Curvature, as a share of the largest, at or below which the likelihood is level in a direction."""
_SETTLED = 1e-11
"""Newton's last step, in standard errors, below which the maximum counts as found."""


@dataclass(frozen=True, eq=False)
class AftFit:
    """A fitted accelerated failure time model; tuples run over `terms`, the intercept first.

    `coef` is on the log of time per unit of a covariate, `time_ratio` its exponential with bounds `low` and `high`:
    above 1 later events. `scale` is that of log time (Weibull: one over the shape). `covariance` runs over the terms
    and, but for the exponential, the logarithm of the scale. `loglik` is of the times, not of their logarithms.
    """

    distribution: DistributionName
    terms: tuple[str, ...]
    coef: tuple[float, ...]
    se: tuple[float, ...]
    time_ratio: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    z: tuple[float, ...]
    p: tuple[float, ...]
    scale: float
    log_scale_se: float | None
    covariance: FloatArray
    loglik_null: float
    loglik: float
    statistic: float
    """Likelihood ratio chi-square of all covariates, with `df` and `model_p`."""
    df: int
    model_p: float
    n: int
    n_events: int
    n_exact: int
    level: float
    warnings: tuple[str, ...]
    method: str

    def quantile(self, covariates: Any, probability: float = 0.5) -> FloatArray:
        """The time by which `probability` of patients have had the event, per row of covariates.

        Raises:
            UnusableInputError: a wrong shape, or a probability that is not between 0 and 1.
        """
        if not 0 < probability < 1:
            raise UnusableInputError(f"probability must lie between 0 and 1, got {probability}")
        matrix = np.atleast_2d(np.asarray(covariates, dtype=np.float64))
        if matrix.shape[1] != len(self.terms) - 1:
            raise UnusableInputError(f"covariates must have {len(self.terms) - 1} columns, got {matrix.shape[1]}")
        location = self.coef[0] + matrix @ np.array(self.coef[1:])
        times: FloatArray = np.exp(location + self.scale * DISTRIBUTIONS[self.distribution].quantile(probability))
        return times


@dataclass(frozen=True, eq=False)
class _Times:
    """Log times, with what kind each row is."""

    low: FloatArray
    high: FloatArray
    is_exact: BoolArray
    weights: FloatArray
    shape: Distribution


@dataclass(frozen=True, eq=False)
class _At:
    loglik: float
    gradient: FloatArray
    information: FloatArray


def fit_aft(
    times: IntervalTimes,
    covariates: Any,
    *,
    terms: Sequence[str],
    distribution: DistributionName = "weibull",
    weights: Any = None,
    level: float = 0.95,
) -> AftFit:
    """The accelerated failure time model of the covariates by maximum likelihood, with Wald intervals.

    Args:
        times: exact, right-, left- or interval-censored times, above 0.
        covariates: shape (n, p), without gaps; p may be 0 (shape (n, 0)).
        terms: the p names.
        distribution: weibull, exponential, lognormal or loglogistic.
        weights: case weight of each row, above 0, or None.
        level: confidence level.

    Raises:
        UnusableInputError: a wrong shape, a missing value, an unknown distribution.
        EstimationError: no events, collinear covariates, or no maximum.

    Source: Kalbfleisch and Prentice 2002, chapter 3; as R `survreg` with `Surv(type = "interval2")`.

    >>> from lutrace.stats.intervals.observations import intervals_of
    >>> seen = intervals_of([1, 2, 4, 3], [3, 2, float("inf"), 8])
    >>> fit_aft(seen, [[0], [0], [1], [1]], terms=["arm"], distribution="exponential").n_events
    3
    """
    check_level(level)
    if distribution not in DISTRIBUTIONS:
        raise UnusableInputError(f"distribution must be one of {', '.join(DISTRIBUTIONS)}, got {distribution}")
    if times.n_events == 0:
        raise EstimationError(f"the model needs events, found none in {times.n} patients")
    matrix = covariate_matrix(covariates, terms, times.n) if terms else np.empty((times.n, 0))
    if INTERCEPT in terms:
        raise UnusableInputError(f"terms must not be called {INTERCEPT}, which the model adds")
    with np.errstate(divide="ignore"):
        rows = _Times(
            np.log(times.low),
            np.log(times.high),
            times.is_exact,
            row_weights(weights, times.n),
            DISTRIBUTIONS[distribution],
        )
    centre, spread = matrix.mean(axis=0), matrix.std(axis=0)
    flat = [term for term, width in zip(terms, spread, strict=True) if width == 0]
    if flat:
        raise EstimationError(f"{', '.join(flat)} has one value in all patients; leave it out")
    ones = np.ones((times.n, 1))
    if np.linalg.matrix_rank(np.hstack([ones, (matrix - centre) / spread])) <= len(terms):
        raise EstimationError(f"{', '.join(terms)}: collinear (combinations of one another); leave one out")
    null = _maximise(rows, ones, _start(rows, ones))[1]
    standard = np.hstack([ones, (matrix - centre) / spread])
    found, best = _maximise(rows, standard, _start(rows, standard))
    back = _to_own_units(found.size, centre, spread)
    coef, covariance = back @ found, back @ np.linalg.inv(best.information) @ back.T
    # The likelihood above is of log time; an exact time adds its derivative.
    of_times = -float(rows.weights[times.is_exact] @ rows.low[times.is_exact])
    logliks = (null.loglik + of_times, best.loglik + of_times)
    found_all = (coef, covariance)
    return _describe(times, distribution, names=(INTERCEPT, *terms), found=found_all, logliks=logliks, level=level)


def _describe(
    times: IntervalTimes,
    distribution: DistributionName,
    *,
    names: tuple[str, ...],
    found: tuple[FloatArray, FloatArray],
    logliks: tuple[float, float],
    level: float,
) -> AftFit:
    n_terms = len(names)
    coef, covariance = found
    errors, width = np.sqrt(np.diag(covariance)), float(ndtri(0.5 + level / 2))
    own, se = coef[:n_terms], errors[:n_terms]
    has_scale, df = coef.size > n_terms, n_terms - 1
    statistic = 2 * (logliks[1] - logliks[0])
    few = times.n_events < MIN_EVENTS_PER_TERM * df
    text = f"{times.n_events} events for {df} terms: fewer than {MIN_EVENTS_PER_TERM} per term"
    return AftFit(
        distribution=distribution,
        terms=names,
        coef=as_floats(own),
        se=as_floats(se),
        time_ratio=as_ratios(own),
        low=as_ratios(own - width * se),
        high=as_ratios(own + width * se),
        z=as_floats(own / se),
        p=as_floats(2 * ndtr(-np.abs(own / se))),
        scale=float(np.exp(coef[-1])) if has_scale else 1.0,
        log_scale_se=float(errors[-1]) if has_scale else None,
        covariance=covariance,
        loglik_null=logliks[0],
        loglik=logliks[1],
        statistic=statistic,
        df=df,
        model_p=float(chdtrc(df, max(statistic, 0.0))) if df else 1.0,
        n=times.n,
        n_events=times.n_events,
        n_exact=int(times.is_exact.sum()),
        level=level,
        warnings=(text,) if few else (),
        method=f"accelerated failure time, {distribution}, maximum likelihood, Wald intervals",
    )


def _to_own_units(size: int, centre: FloatArray, spread: FloatArray) -> FloatArray:
    """The matrix that takes coefficients of standardised covariates, and the log scale, to own units."""
    back = np.eye(size)
    slopes = np.arange(1, centre.size + 1)
    back[slopes, slopes] = 1 / spread
    back[0, slopes] = -centre / spread
    return back


def _start(rows: _Times, design: FloatArray) -> FloatArray:
    """Least squares on the middle of each interval, or on the end that is known."""
    middle = np.where(
        np.isinf(rows.low), rows.high, np.where(np.isinf(rows.high), rows.low, (rows.low + rows.high) / 2)
    )
    root = np.sqrt(rows.weights)
    coef = np.linalg.lstsq(design * root[:, None], middle * root, rcond=None)[0]
    if not rows.shape.has_scale:
        return np.asarray(coef, dtype=np.float64)
    rest = (middle - design @ coef) ** 2 @ rows.weights / rows.weights.sum()
    return np.append(coef, 0.5 * np.log(max(float(rest), 1e-4)))


def _maximise(rows: _Times, design: FloatArray, start: FloatArray) -> tuple[FloatArray, _At]:
    """Newton's steps, made shorter while the likelihood falls or is not curved downwards."""
    coef, found = start, _evaluate(rows, design, start)
    for _ in range(_MAX_STEPS):
        if not np.isfinite(found.information).all():
            break
        values, vectors = np.linalg.eigh(found.information)
        floor = 1e-3 * max(float(np.abs(values).max()), 1e-8)
        step = vectors @ ((vectors.T @ found.gradient) / np.where(values > 1e-9 * floor, values, floor))
        settled = values[0] > _FLAT * values[-1] and float(step @ found.information @ step) < _SETTLED**2
        after = _evaluate(rows, design, coef + step)
        while not settled and not after.loglik >= found.loglik and np.abs(step).max() > 1e-13:
            step = step / 2
            after = _evaluate(rows, design, coef + step)
        coef, found = coef + step, after
        if settled:
            return coef, found
    raise EstimationError(
        f"no maximum was found in {_MAX_STEPS} steps: the covariates are collinear, they separate the events, "
        "or the intervals leave the scale open; leave a covariate out"
    )


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # a step too far; its likelihood is not taken
def _evaluate(rows: _Times, design: FloatArray, coef: FloatArray) -> _At:
    """Log likelihood of log times with its gradient and information, by coefficients and log scale."""
    shape, n_terms = rows.shape, design.shape[1]
    scale = float(np.exp(coef[n_terms])) if shape.has_scale else 1.0
    location = design @ coef[:n_terms]
    low, high = (rows.low - location) / scale, (rows.high - location) / scale
    value, by_low, by_high = _two_ends(low, high, rows, scale)
    weights = rows.weights
    first = weights[:, None] * (by_low.first + by_high.first)
    second = weights[:, None] * (by_low.second + by_high.second)
    gradient = design.T @ (-first[:, 0] / scale)
    information = -(design * (second[:, 0] / scale**2)[:, None]).T @ design
    if shape.has_scale:
        mixed = -design.T @ ((first[:, 0] + second[:, 1]) / scale)
        gradient = np.append(gradient, -first[:, 1].sum() - weights[rows.is_exact].sum())
        corner = -(first[:, 1] + second[:, 2]).sum()
        information = np.block([[information, mixed[:, None]], [mixed[None, :], np.array([[corner]])]])
    return _At(float(weights @ value), gradient, information)


@dataclass(frozen=True, eq=False)
class _End:
    """Derivatives by an end z: columns l' and z l'; l'', z l'' and z^2 l'' with the mixed term shared between ends."""

    first: FloatArray
    second: FloatArray


def _two_ends(low: FloatArray, high: FloatArray, rows: _Times, scale: float) -> tuple[FloatArray, _End, _End]:
    """Log likelihood per row and its derivatives by both ends; an exact row counts at its low end alone."""
    shape, exact = rows.shape, rows.is_exact
    value, ends = np.empty(low.size), []
    value[exact] = shape.log_density(low[exact]) - np.log(scale)
    between = ~exact
    value[between] = _log_between(low[between], high[between], shape)
    parts = []
    for z, sign in ((low, -1.0), (high, 1.0)):
        inner = between & np.isfinite(z)
        at = z[inner]
        slope, point = np.zeros(z.size), np.zeros(z.size)
        ratio = sign * np.exp(shape.log_density(at) - value[inner])
        slope[inner], point[inner] = ratio, at
        bend = np.zeros(z.size)
        bend[inner] = ratio * shape.slope(at)
        parts.append((slope, bend, point))
    total = parts[0][0] + parts[1][0]
    moved = parts[0][0] * parts[0][2] + parts[1][0] * parts[1][2]
    for slope, bend, point in parts:
        first = np.column_stack([slope, slope * point])
        second = np.column_stack(
            [bend - slope * total, bend * point - slope * moved, bend * point**2 - slope * point * moved]
        )
        ends.append(_End(first, second))
    at = low[exact]
    slope, bend = shape.slope(at), shape.bend(at)
    ends[0].first[exact] = np.column_stack([slope, slope * at])
    ends[0].second[exact] = np.column_stack([bend, bend * at, bend * at**2])
    return value, ends[0], ends[1]


def _log_between(low: FloatArray, high: FloatArray, shape: Distribution) -> FloatArray:
    """The logarithm of the probability between two ends, from the side whose tail is smaller."""
    chosen = np.empty(low.size)
    from_above = low > 0
    for rows, nearer, farther, log_tail in (
        (from_above, low, high, shape.log_above),
        (~from_above, high, low, shape.log_below),
    ):
        largest, smallest = log_tail(nearer[rows]), log_tail(farther[rows])
        chosen[rows] = largest + np.log1p(-np.exp(smallest - largest))
    return chosen
