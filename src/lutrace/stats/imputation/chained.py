"""Multiple imputation by chained equations, the outcome always among the predictors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lutrace.core import EstimationError, UnusableInputError
from lutrace.stats.arrays import BoolArray, FloatArray, as_numbers, covariate_matrix, refuse_rows
from lutrace.stats.imputation.draws import draw_linear, draw_logistic, draw_matched
from lutrace.stats.survival.observations import Survival
from lutrace.stats.survival.risk_sets import find_risk_sets

DrawMethod = Literal["matching", "linear", "logistic"]
_DRAW = {"matching": draw_matched, "linear": draw_linear, "logistic": draw_logistic}
OUTCOME_TERMS = ("event", "cumulative hazard")
_LEAST_KNOWN = 10
"""Known values from which on a covariate is imputed at all."""


@dataclass(frozen=True)
class ImputationPlan:
    """How often, how long, and from which seed; the same plan on the same rows gives the same sets.

    Raises:
        UnusableInputError: fewer than 2 sets, no round, or a negative seed.
    """

    seed: int
    n_sets: int = 20
    n_rounds: int = 10

    def __post_init__(self) -> None:
        if self.n_sets < 2 or self.n_rounds < 1 or self.seed < 0:
            raise UnusableInputError(
                f"a plan needs 2 sets, 1 round and a seed from 0 on at least, got {self.n_sets}, {self.n_rounds} and "
                f"{self.seed}"
            )


@dataclass(frozen=True, eq=False)
class ImputedSets:
    """Completed covariates, one (n, p) array per set, in the order of `terms`; observed values are untouched.

    `chain_means` (rounds, sets, p) holds the means of the imputed values after each round (NaN for a covariate
    without gaps): chains that still drift apart or trend need more rounds.
    """

    sets: tuple[FloatArray, ...]
    terms: tuple[str, ...]
    methods: tuple[str, ...]
    """Per term; empty where nothing is missing."""
    n: int
    n_missing: tuple[int, ...]
    chain_means: FloatArray
    plan: ImputationPlan
    warnings: tuple[str, ...]
    method: str


def compute_outcome_predictors(survival: Survival) -> FloatArray:
    """The event and the Nelson-Aalen cumulative hazard at each patient's time (since entry), (n, 2), as predictors.

    Imputing a covariate of a survival model without them draws its hazard ratio towards 1; the time itself serves
    worse than the hazard.

    Source: White and Royston 2009, Stat Med 28:1982.

    >>> from lutrace.stats import survival_of
    >>> compute_outcome_predictors(survival_of([1, 2, 2, 3], [1, 0, 1, 0]))[:, 1].round(4).tolist()
    [0.25, 0.5833, 0.5833, 0.5833]
    """
    event = survival.event.astype(np.float64)
    sets = find_risk_sets(survival, np.arange(survival.n))
    if sets is None:
        return np.column_stack([event, np.zeros(survival.n)])
    hazard = np.concatenate([[0.0], np.cumsum(sets.n_events / sets.n_at_risk)])
    at_time = hazard[np.searchsorted(sets.time, survival.time, side="right")]
    if survival.entry is None:
        return np.column_stack([event, at_time])
    return np.column_stack([event, at_time - hazard[np.searchsorted(sets.time, survival.entry, side="right")]])


def impute_covariates(
    covariates: Any,
    *,
    terms: Sequence[str],
    predictors: Any,
    plan: ImputationPlan,
    methods: Mapping[str, DrawMethod] | None = None,
) -> ImputedSets:
    """Several completions of covariates with gaps, each drawn with its doubt, so that pooled errors hold it too.

    Each covariate with gaps is drawn in turn, in the order given, from a model on all others and on `predictors`,
    round after round. Right where what is missing depends on what is known (missing at random); it cannot mend
    values that are missing because of what they are.

    Args:
        covariates: shape (n, p), NaN where missing; a category of several levels is not imputed (give its levels as
            covariates without gaps, or leave it out).
        terms: the p names.
        predictors: shape (n, q), without gaps: the outcome (`compute_outcome_predictors`, always) and any others.
        plan: number of sets and rounds, and the seed.
        methods: per term with gaps `matching` (predictive mean matching: stays among observed values), `linear` or
            `logistic` (0 and 1); by default `logistic` for a covariate of 0 and 1, `matching` for any other.

    Raises:
        UnusableInputError: shapes differ, a method does not exist or does not fit, predictors have gaps.
        EstimationError: a covariate has fewer than 10 known values, or nothing is missing.

    Source: Van Buuren and Groothuis-Oudshoorn 2011, J Stat Softw 45(3); White, Royston and Wood 2011.

    >>> given = [[float(number), float(number % 2)] for number in range(20)]
    >>> given[3][0] = float("nan")
    >>> found = impute_covariates(
    ...     given, terms=["a", "b"], predictors=np.arange(20.0), plan=ImputationPlan(seed=1, n_sets=3)
    ... )
    >>> len(found.sets), found.n_missing, {float(one[3, 0]) for one in found.sets} <= {1, 2, 4, 5, 6}
    (3, (1, 0), True)
    """
    values = as_numbers(covariates, "covariates")
    values = values[:, None] if values.ndim == 1 else values
    missing = np.isnan(values)
    covariate_matrix(np.where(missing, 0.0, values), terms, values.shape[0])
    outcome = np.asarray(predictors, dtype=np.float64)
    outcome = outcome[:, None] if outcome.ndim == 1 else outcome
    outcome = covariate_matrix(outcome, [f"predictor {number + 1}" for number in range(outcome.shape[1])], len(values))
    chosen = _choose_methods(values, missing, terms, methods or {})
    base = np.column_stack([np.ones(len(values)), _standardise(outcome)])
    sources = np.random.SeedSequence(plan.seed).spawn(plan.n_sets)
    chains = [
        _run_chain(values, missing, base, chosen, random=np.random.default_rng(one), plan=plan) for one in sources
    ]
    n_missing = tuple(int(count) for count in missing.sum(axis=0))
    said = ", ".join(f"{term} by {how}" for term, how in zip(terms, chosen, strict=True) if how)
    return ImputedSets(
        tuple(chain[0] for chain in chains),
        tuple(terms),
        tuple(chosen),
        len(values),
        n_missing,
        np.stack([chain[1] for chain in chains], axis=1),
        plan,
        _warn(missing, terms, plan),
        f"multiple imputation by chained equations ({said}), {plan.n_sets} sets, {plan.n_rounds} rounds, "
        f"seed {plan.seed}",
    )


def _choose_methods(
    values: FloatArray, missing: BoolArray, terms: Sequence[str], methods: Mapping[str, DrawMethod]
) -> list[str]:
    """The method of each covariate, empty without gaps; checked."""
    unknown = [term for term, how in methods.items() if term not in terms or how not in _DRAW]
    if unknown:
        raise UnusableInputError(f"methods name {', '.join(unknown)}: not a term, or none of {', '.join(_DRAW)}")
    if not missing.any():
        raise EstimationError("no covariate has a gap; analyse the data as they are")
    chosen: list[str] = []
    for term, column, gaps in zip(terms, values.T, missing.T, strict=True):
        known = column[~gaps]
        is_binary = bool(np.isin(known, (0.0, 1.0)).all())
        how = methods.get(term, "logistic" if is_binary else "matching") if gaps.any() else ""
        if how and known.size < _LEAST_KNOWN:
            raise EstimationError(f"{term} has {known.size} known values, below {_LEAST_KNOWN}; leave it out")
        if how == "logistic":
            refuse_rows(~gaps & ~np.isin(column, (0.0, 1.0)), f"{term} must be 0, 1 or missing to be drawn by logistic")
        if how and (known == known[0]).all():
            raise EstimationError(f"{term} does not vary among its known values; leave it out")
        chosen.append(how)
    return chosen


def _run_chain(
    values: FloatArray,
    missing: BoolArray,
    base: FloatArray,
    chosen: Sequence[str],
    *,
    random: np.random.Generator,
    plan: ImputationPlan,
) -> tuple[FloatArray, FloatArray]:
    """One completed set, and the means of its imputed values after each round."""
    filled = values.copy()
    with_gaps = [place for place, how in enumerate(chosen) if how]
    for place in with_gaps:
        gaps = missing[:, place]
        filled[gaps, place] = random.choice(values[~gaps, place], int(gaps.sum()))
    means = np.full((plan.n_rounds, values.shape[1]), np.nan)
    for number in range(plan.n_rounds):
        for place in with_gaps:
            gaps = missing[:, place]
            design = np.column_stack([base, _standardise(np.delete(filled, place, axis=1))])
            drawn = _DRAW[chosen[place]](design[~gaps], values[~gaps, place], design[gaps], random)
            filled[gaps, place] = drawn
            means[number, place] = drawn.mean()
    return filled, means


def _standardise(columns: FloatArray) -> FloatArray:
    spread = columns.std(axis=0)
    return np.asarray((columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def _warn(missing: BoolArray, terms: Sequence[str], plan: ImputationPlan) -> tuple[str, ...]:
    share = missing.mean(axis=0)
    warnings = [
        f"{term}: {100 * part:.0f} % missing, above half: the imputation's model carries the result"
        for term, part in zip(terms, share, strict=True)
        if part > 0.5
    ]
    incomplete = 100 * float(missing.any(axis=1).mean())
    if plan.n_sets < incomplete:
        warnings.append(f"{plan.n_sets} sets for {incomplete:.0f} % incomplete rows: use as many sets as per cent")
    return tuple(warnings)
