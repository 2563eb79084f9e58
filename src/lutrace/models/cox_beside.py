"""What stands beside a hazard ratio where it is asked for: what the term adds, and the E-value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lutrace.core import EstimationError, Row
from lutrace.models.results import Cell
from lutrace.protocol import CoxAnalysis
from lutrace.stats import CoxFit, compare_cox, compute_concordance, compute_e_value, fit_cox, refit_cox

if TYPE_CHECKING:
    from lutrace.models.cox import CoxData

INCREMENT, E_VALUE, E_VALUE_LIMIT = "increment", "e_value", "e_value_limit"
_COMMON = 0.15
"""Share of patients with the event above which a hazard ratio is farther from 1 than the risk ratio."""
_LEAST_FITTED = 0.9


def find_increment(cell: Cell, data: CoxData, analysis: CoxAnalysis) -> Row:
    """The row `<term>/increment`: concordance with the term less without it, and the likelihood ratio of the two.

    The interval is that of the middle 95 % of bootstrap samples, in each of which both models are fitted anew.
    """
    asked = analysis.increment
    assert asked is not None
    own = replace(cell, term=f"{cell.term}/{INCREMENT}", measure="concordance_increase", covariate_unit="1")
    common = {"n": data.survival.n, "events": data.survival.n_events}
    try:
        fits = _fit_both(data, analysis)
        draws = _draw(data, fits, seed=asked.seed, n_samples=asked.samples)
    except EstimationError as error:
        return own.refuse(**common, reason=str(error))
    test = compare_cox(*fits)
    low, high = np.quantile(draws, [0.025, 0.975])
    return own.fill(
        **common,
        method=f"Harrell's concordance with the term less without it; middle 95 % of {len(draws)} bootstrap samples, "
        f"seed {asked.seed}; p by the likelihood ratio on 1 degree of freedom",
        estimate=_concordance(fits[0], data, None) - _concordance(fits[1], data, None),
        low=float(low),
        high=float(high),
        statistic=test.statistic,
        p=test.p,
        checks={"n_failed": asked.samples - len(draws)},
    )


def _fit_both(data: CoxData, analysis: CoxAnalysis) -> tuple[CoxFit, CoxFit]:
    """The model with the term, which stands first, and without it."""
    options = {**data.options, "ties": analysis.ties}
    whole = fit_cox(data.survival, data.matrix, **options)
    return whole, fit_cox(data.survival, data.matrix[:, 1:], **{**options, "terms": data.terms[1:]})


def _concordance(fit: CoxFit, data: CoxData, taken: Any, coef: Any = None) -> float:
    rows = np.arange(data.survival.n) if taken is None else taken
    matrix = data.matrix if len(fit.terms) == len(data.terms) else data.matrix[:, 1:]
    strata = None if data.strata is None else np.asarray(data.strata)[rows]
    risk = matrix[rows] @ np.asarray(fit.coef if coef is None else coef)
    return compute_concordance(data.survival.select(rows), risk, strata=strata).estimate


def _draw(data: CoxData, fits: tuple[CoxFit, CoxFit], *, seed: int, n_samples: int) -> list[float]:
    """The increase in each bootstrap sample of patients in which both models can be fitted."""
    patients = np.unique(np.asarray(data.patients), return_inverse=True)[1]
    members = [np.flatnonzero(patients == one) for one in range(patients.max() + 1)]
    random = np.random.default_rng(seed)
    samples = [
        np.concatenate([members[one] for one in random.integers(0, len(members), len(members))])
        for _ in range(n_samples)
    ]
    found = []
    for rows, *coefs in zip(samples, *(refit_cox(fit, samples) for fit in fits), strict=True):
        if any(np.isnan(coef).any() for coef in coefs):
            continue
        with_term, without = (_concordance(fit, data, rows, coef) for fit, coef in zip(fits, coefs, strict=True))
        found.append(with_term - without)
    if len(found) < _LEAST_FITTED * n_samples:
        raise EstimationError(
            f"the models cannot be estimated in {n_samples - len(found)} of {n_samples} samples; use fewer covariates"
        )
    return found


def find_e_values(cell: Cell, fit: CoxFit) -> Iterator[Row]:
    """The rows `<term>/e_value` and `<term>/e_value_limit`: of the estimate, and of its interval's end nearer to 1."""
    place = fit.terms.index(cell.term)
    ratio, low, high = fit.hazard_ratio[place], fit.low[place], fit.high[place]
    own = replace(cell, term=f"{cell.term}/{E_VALUE}", measure="e_value", covariate_unit="1")
    common: dict[str, Any] = {"n": fit.n, "events": fit.n_events}
    if not (np.isfinite([ratio, low, high]).all() and low > 0):
        yield own.refuse(**common, reason="the hazard ratio has no finite interval")
        return
    found = compute_e_value(ratio, measure="hazard ratio", is_common=fit.n_events > _COMMON * fit.n, low=low, high=high)
    yield own.fill(**common, method=found.method, estimate=found.estimate)
    limit = replace(own, term=f"{cell.term}/{E_VALUE_LIMIT}")
    yield limit.fill(**common, method=f"{found.method}, of the end of the interval nearer to 1", estimate=found.limit)
